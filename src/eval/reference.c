/* reference.c - published figures from CSV */
#include "eval/reference.h"

#include "core/csv.h"
#include "core/mem.h"
#include "core/object.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char heading[] = "table,row,column,value,source,note";
enum { N_FIELDS = 6 };

/* Cuts a line at its commas. */
static int cut(char *line, char *field[N_FIELDS]) {
    int n = 0;
    for (char *p = line; p && n < N_FIELDS; n++) {
        field[n] = p;
        p = strchr(p, ',');
        if (p) *p++ = '\0';
        if (p && n == N_FIELDS - 1) return N_FIELDS + 1;
    }
    return n;
}

static lem_status read_line(char *line, lem_reference_row *out, lem_err *err) {
    char *f[N_FIELDS], *end;
    int n = cut(line, f);
    if (n != N_FIELDS)
        return lem_fail(err, LEM_EDATA, "%d fields expected (%s), found %s", N_FIELDS, heading,
                        n > N_FIELDS ? "more" : "fewer");
    double value = strtod(f[3], &end);
    if (end == f[3] || *end || !isfinite(value))
        return lem_fail(err, LEM_EDATA, "value: a number expected, found '%.40s'", f[3]);
    for (int i = 0; i < 5; i++)
        if (!f[i][0]) return lem_fail(err, LEM_EDATA, "field %d is empty", i + 1);
    *out = (lem_reference_row){lem_csv_plain(f[0]), lem_csv_plain(f[1]), lem_csv_plain(f[2]),
                               lem_csv_plain(f[4]), lem_csv_plain(f[5]), value};
    return LEM_OK;
}

static size_t count_lines(const char *text) {
    size_t n = 1;
    for (const char *p = text; *p; p++) n += *p == '\n';
    return n;
}

lem_status lem_reference_parse(const char *text, const char *name, lem_reference *out, lem_err *err) {
    lem_reference r = {0};
    lem_status st = LEM_OK;
    int line = 0;
    r.text = lem_strdup(text, err);
    r.at = lem_alloc_zero(count_lines(text), sizeof *r.at, err);
    if (!r.text || !r.at) LEM_TRY(LEM_EMEM);
    for (char *p = r.text, *next; p && *p; p = next) {
        next = strchr(p, '\n');
        if (next) *next++ = '\0';
        line++;
        if (line == 1 && strcmp(p, heading) != 0)
            LEM_TRY(lem_fail(err, LEM_EDATA, "%s:1: the heading %s expected", name, heading));
        if (line == 1) continue;
        st = read_line(p, &r.at[r.n], err);
        if (st) {
            lem_err_context(err, "%s:%d", name, line);
            goto done;
        }
        r.n++;
    }
    *out = r;
    return LEM_OK;
done:
    lem_reference_release(&r);
    return st;
}

void lem_reference_release(lem_reference *r) {
    lem_free(r->at);
    lem_free(r->text);
    *r = (lem_reference){0};
}

lem_json *lem_reference_json(const lem_reference *r, const char *table) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < r->n; i++) {
        const lem_reference_row *x = &r->at[i];
        lem_object o;
        if (strcmp(x->table, table) != 0) continue;
        o = lem_object_new();
        lem_object_str(&o, "table", x->table);
        lem_object_str(&o, "row", x->row);
        lem_object_str(&o, "column", x->column);
        lem_object_num(&o, "value", x->value);
        lem_object_str(&o, "source", x->source);
        lem_object_str(&o, "note", x->note);
        lem_json *one = lem_object_done(&o);
        ok = one && lem_json_append(list, one);
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static int columns_of(const char *s) {
    int n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* Bytes of at most so many characters. */
static int bytes_of(const char *s, int columns) {
    int i = 0;
    for (int n = 0; s[i]; i++) {
        n += ((unsigned char)s[i] & 0xc0) != 0x80;
        if (n > columns) break;
    }
    return i;
}

void lem_reference_text(const lem_reference *r, const char *table, int width, lem_buf *out) {
    const char *source = NULL;
    for (int i = 0; i < r->n; i++) {
        const lem_reference_row *x = &r->at[i];
        int columns = columns_of(x->row);
        if (strcmp(x->table, table) != 0) continue;
        if (!source || strcmp(source, x->source) != 0) lem_buf_printf(out, "\npublished: %s\n", x->source);
        source = x->source;
        lem_buf_printf(out, "%.*s%*s", bytes_of(x->row, width), x->row, columns < width ? width - columns : 0,
                       "");
        lem_buf_printf(out, "  %-18s %7.2f%s%s\n", x->column, x->value, *x->note ? "  " : "", x->note);
    }
}
