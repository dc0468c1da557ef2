/* bad_rows.c - the tally: places, kinds and fields by the words of an error, the share */
#include "data/bad_rows_priv.h"

#include "core/mem.h"
#include "core/object.h"
#include "data/rows.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[LEM_BAD_N_KINDS] = {
    "not JSON", "NaN or Infinity", "missing field", "wrong type", "different lengths", "too long", "other"};

/* What our own errors say; the first that fits. */
static lem_bad_kind kind_of(const char *text) {
    static const struct {
        const char *part;
        lem_bad_kind kind;
    } words[] = {{"row is longer than", LEM_BAD_SIZE},
                 {"is not JSON", LEM_BAD_NUMBER},
                 {"JSON line", LEM_BAD_SYNTAX},
                 {"JSON object", LEM_BAD_SYNTAX},
                 {"UTF-8", LEM_BAD_SYNTAX},
                 {" values for ", LEM_BAD_LENGTH},
                 {"a list of ", LEM_BAD_LENGTH},
                 {" responses but ", LEM_BAD_LENGTH},
                 {" completions but ", LEM_BAD_LENGTH},
                 {" candidates; 1 to ", LEM_BAD_LENGTH},
                 {" fields where ", LEM_BAD_LENGTH},
                 {"is missing", LEM_BAD_MISSING},
                 {"no field", LEM_BAD_MISSING},
                 {"no such field", LEM_BAD_MISSING},
                 {"no column", LEM_BAD_MISSING},
                 {"no expected_answer", LEM_BAD_MISSING},
                 {"no completions", LEM_BAD_MISSING},
                 {"no tests", LEM_BAD_MISSING},
                 {" needs ", LEM_BAD_MISSING},
                 {"nothing found", LEM_BAD_MISSING},
                 {"found nothing", LEM_BAD_MISSING},
                 {"found", LEM_BAD_TYPE},
                 {"expected", LEM_BAD_TYPE}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(text, words[i].part)) return words[i].kind;
    return LEM_BAD_OTHER;
}

lem_bad_rows *lem_bad_rows_new(const char *dir, lem_err *err) {
    lem_bad_rows *b = lem_alloc_zero(1, sizeof *b, err);
    if (b && lem_skipped_new(dir, &b->list, err) != LEM_OK) {
        lem_free(b);
        return NULL;
    }
    return b;
}

void lem_bad_rows_limit(lem_bad_rows *b, size_t max_bytes) { b->max_bytes = max_bytes; }

static void free_judge(lem_bad_judge *j) {
    lem_candidates_release(&j->row);
    lem_candidates_map_free(j->map);
    lem_free(j);
}

void lem_bad_rows_free(lem_bad_rows *b) {
    if (!b) return;
    for (lem_bad_judge *j = b->judges, *next; j; j = next) {
        next = j->next;
        free_judge(j);
    }
    for (int i = 0; i < LEM_BAD_SHOWN; i++) lem_free(b->shown[i]);
    lem_skipped_free(b->list);
    lem_free(b);
}

/* The column that an error names, in quotes ("field 'x'") or as the path before its first colon ("x[3]: …");
 * false where it names none. */
static bool field_of(const char *text, char *out, size_t size) {
    static const char *const before[] = {"field '", "no column '"};
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    const char *from = text;
    size_t n = strspn(text, plain), end = n;
    while (text[end] == '[' && strspn(text + end + 1, "0123456789")) {
        end += 1 + strspn(text + end + 1, "0123456789");
        if (text[end++] != ']') return false;
    }
    if (n == 0 || strncmp(text + end, ": ", 2) != 0) n = 0;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        const char *at = strstr(text, before[i]), *quote = at ? strchr(at + strlen(before[i]), '\'') : NULL;
        if (!quote) continue;
        from = at + strlen(before[i]);
        n = (size_t)(quote - from);
        break;
    }
    if (n == 0 || n >= size) return false;
    memcpy(out, from, n);
    out[n] = '\0';
    return true;
}

static lem_status show(lem_bad_rows *b, const lem_skipped_row *row, uint64_t at, lem_err *err) {
    lem_buf line = {0};
    if (at >= LEM_BAD_SHOWN) return LEM_OK;
    lem_buf_printf(&line, "%s:%llu: %s", row->file, (unsigned long long)row->line, row->error);
    lem_status st = lem_buf_ok(&line, err);
    if (st == LEM_OK && !(b->shown[at] = lem_buf_take(&line))) st = LEM_EMEM;
    lem_buf_release(&line);
    return st;
}

lem_status lem_bad_rows_add(lem_bad_rows *b, const char *file, uint64_t number, const lem_err *why,
                            lem_err *err) {
    char field[sizeof why->text];
    bool fresh = false;
    lem_skipped_row row = {
        .file = file, .line = number, .error = why->text + lem_data_place_in(why->text, file, number)};
    const lem_bad_kind kind = kind_of(row.error);
    const uint64_t at = b->n;
    row.kind = kind_names[kind];
    if (field_of(row.error, field, sizeof field)) row.field = field;
    lem_status st = lem_skipped_add(b->list, &row, &fresh, err);
    b->kinds[kind] += st == LEM_OK && fresh;
    b->n += st == LEM_OK && fresh;
    return st == LEM_OK && fresh ? show(b, &row, at, err) : st;
}

uint64_t lem_bad_rows_count(const lem_bad_rows *b) { return b->n; }
lem_skipped *lem_bad_rows_list(lem_bad_rows *b) { return b->list; }

const char *lem_bad_rows_shown(const lem_bad_rows *b, int i) {
    return i >= 0 && i < LEM_BAD_SHOWN ? b->shown[i] : NULL;
}

lem_status lem_bad_rows_check(const lem_bad_rows *b, uint64_t used, double max_share, lem_err *err) {
    const uint64_t n = lem_bad_rows_count(b);
    const double all = (double)n + (double)used;
    if (n == 0 || (double)n <= max_share * all) return LEM_OK;
    return lem_fail(err, LEM_EPARTIAL,
                    "%llu of %.0f rows cannot be used, more than --max-bad %g allows; the first: %s",
                    (unsigned long long)n, all, max_share, b->shown[0] ? b->shown[0] : "");
}

void lem_bad_rows_text(const lem_bad_rows *b, lem_buf *out) {
    const char *between = ": ";
    const uint64_t n = lem_bad_rows_count(b);
    lem_buf_printf(out, "%llu row%s left out", (unsigned long long)n, n == 1 ? "" : "s");
    for (int k = 0; k < LEM_BAD_N_KINDS; k++) {
        if (!b->kinds[k]) continue;
        lem_buf_printf(out, "%s%llu %s", between, (unsigned long long)b->kinds[k], kind_names[k]);
        between = ", ";
    }
}

lem_json *lem_bad_rows_json(const lem_bad_rows *b) {
    lem_object o = lem_object_new(), kinds = lem_object_new();
    lem_json *first = lem_json_new_array();
    bool ok = first != NULL;
    for (int k = 0; k < LEM_BAD_N_KINDS; k++)
        if (b->kinds[k]) lem_object_int(&kinds, kind_names[k], b->kinds[k]);
    for (int i = 0; ok && i < LEM_BAD_SHOWN && b->shown[i]; i++)
        ok = lem_json_append(first, lem_json_new_str(b->shown[i]));
    lem_object_int(&o, "rows", lem_bad_rows_count(b));
    lem_object_json(&o, "kinds", lem_object_done(&kinds));
    lem_object_json(&o, "first", first);
    o.failed = o.failed || !ok;
    return lem_object_done(&o);
}
