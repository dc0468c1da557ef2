/* left_out.c - rows that jobs left out: counts by reason, examples */
#include "report/left_out.h"

#include "core/mem.h"
#include "report/grid.h"
#include "rows/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    TITLE = 300,
    EXAMPLES = 8,     /* of a job */
    OF_REASON = 2,    /* of them with the same reason */
    LOOKED_AT = 5000, /* rows of a file of dropped rows */
    PARTS = 6,
    SHOWN = 700 /* bytes of a field */
};

static const char *text_of(const lem_json *o, const char *key) {
    return lem_json_str(lem_json_get(o, key), "");
}

static uint64_t count_of(const lem_json *o, const char *key) {
    int64_t n = lem_json_int(lem_json_get(o, key), 0);
    return n > 0 ? (uint64_t)n : 0;
}

/* "data filter: out/kept.jsonl", and which reading of the job. */
static void name_job(const lem_report_job *job, const lem_json *account, char out[TITLE]) {
    const char *of = text_of(account, "of");
    snprintf(out, TITLE, "%.40s: %.180s%s%.60s", text_of(job->manifest, "command"), job->output,
             *of ? ", " : "", of);
}

/* ---- the table ---- */

static void put_reason(lem_grid *g, const char *name, const lem_json *account, const char *why, uint64_t n) {
    uint64_t read = count_of(account, "read");
    lem_grid_put(g, name);
    lem_grid_putf(g, "%" PRIu64, n);
    if (read) lem_grid_putf(g, "%.3g %%", 100.0 * (double)n / (double)read);
    else lem_grid_put(g, "–");
    lem_grid_put(g, why);
    lem_grid_putf(g, "%" PRIu64, read);
    lem_grid_put(g, text_of(account, "unit"));
}

static void put_account(lem_grid *g, const lem_report_job *job, const lem_json *account) {
    char name[TITLE];
    const lem_json *dropped = lem_json_get(account, "dropped");
    bool any = false;
    if (lem_json_kind(dropped) != LEM_JSON_OBJECT) return;
    name_job(job, account, name);
    for (const char *k = lem_json_key_next(dropped, NULL); k; k = lem_json_key_next(dropped, k)) {
        uint64_t n = count_of(dropped, k);
        if (n) put_reason(g, name, account, k, n);
        any = any || n;
    }
    if (!any) put_reason(g, name, account, "nothing was left out", 0);
}

static lem_status put_table(lem_page *p, const lem_report_jobs *jobs, bool *any, lem_err *err) {
    static const char text[] = "What each job read and did not pass on, by reason. A row that falls under "
                               "several reasons is counted under each.";
    lem_grid g = {.n = 0};
    lem_grid_column(&g, "job", false);
    lem_grid_column(&g, "left out", true);
    lem_grid_column(&g, "share", true);
    lem_grid_column(&g, "reason", false);
    lem_grid_column(&g, "read", true);
    lem_grid_column(&g, "of", false);
    for (int i = 0; i < jobs->n; i++) {
        const lem_json *rows = lem_json_get(jobs->at[i].manifest, "rows");
        for (size_t k = 0; k < lem_json_count(rows); k++) put_account(&g, &jobs->at[i], lem_json_at(rows, k));
    }
    *any = lem_grid_rows(&g) > 0;
    if (*any) {
        lem_page_section(p, "Rows left out");
        lem_page_paragraph(p, text);
    }
    lem_status st = lem_grid_show(&g, p, "left-out", NULL, -1, err);
    lem_grid_release(&g);
    return st;
}

/* ---- examples ---- */

typedef struct shown { /* how often a reason was shown */
    lem_json *of;
    int n;
} shown;

/* Whether there is room for another of this reason. */
static lem_status take(shown *s, const char *why, lem_err *err) {
    int64_t n = lem_json_int(lem_json_get(s->of, why), 0);
    if (s->n == EXAMPLES || n >= OF_REASON) return LEM_NO;
    if (!lem_json_set(s->of, why, lem_json_new_int(n + 1))) return lem_fail(err, LEM_EMEM, "out of memory");
    s->n++;
    return LEM_OK;
}

static size_t clipped(const char *text) {
    size_t n = strlen(text);
    if (n <= SHOWN) return n;
    for (n = SHOWN; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;) n--;
    return n;
}

/* A field as a part, if it says something; of ours (_dropped, _source) the title tells. */
static bool put_field(const char *key, const lem_json *v, const char *where, lem_buf *buf,
                      lem_example_part *part) {
    if (strcmp(key, "_dropped") == 0 || strcmp(key, "_source") == 0) return false;
    if (lem_json_kind(v) == LEM_JSON_STRING) lem_buf_puts(buf, lem_json_str(v, ""));
    else lem_json_write(v, 0, buf);
    if (!buf->len || buf->failed) return false;
    size_t keep = clipped(buf->data), more = buf->len - keep;
    buf->data[keep] = '\0';
    *part = (lem_example_part){.label = key[0] == '_' ? key + 1 : key,
                               .text = buf->data,
                               .more = more,
                               .where = more ? where : NULL};
    return true;
}

/* The fields of a row; first what the job says of it. buf: [PARTS]. */
static int row_parts(const lem_json *row, const char *where, lem_example_part *part, lem_buf *buf) {
    const lem_json *detail = lem_json_get(row, "_detail");
    int n = detail && put_field("_detail", detail, where, &buf[0], &part[0]);
    for (const char *k = lem_json_key_next(row, NULL); k && n < PARTS; k = lem_json_key_next(row, k))
        if (strcmp(k, "_detail") != 0) n += put_field(k, lem_json_key_value(k), where, &buf[n], &part[n]);
    return n;
}

static lem_status put_row(lem_page *p, const char *name, const lem_json *row, const char *where,
                          lem_err *err) {
    lem_example_part part[PARTS];
    lem_buf buf[PARTS] = {{0}};
    char title[2 * TITLE];
    snprintf(title, sizeof title, "%.250s: %.120s: %.200s", name, text_of(row, "_source"),
             text_of(row, "_dropped"));
    int n = row_parts(row, where, part, buf);
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < PARTS; i++) st = lem_buf_ok(&buf[i], err);
    if (st == LEM_OK) lem_page_example(p, title, part, n, false);
    for (int i = 0; i < PARTS; i++) lem_buf_release(&buf[i]);
    return st;
}

static bool fatal(lem_status st) { return st == LEM_EMEM || st == LEM_EINTR; }

/* LEM_NO: the file shows nothing. */
static lem_status put_file(lem_page *p, const char *name, const char *path, const lem_cancel *cancel,
                           lem_err *err) {
    const lem_rowset_opts o = {.cancel = cancel};
    shown s = {lem_json_new_object(), 0};
    lem_rowset *rows = NULL;
    lem_err why = LEM_ERR_INIT;
    lem_status st = s.of ? LEM_OK : LEM_EMEM;
    if (st == LEM_OK) st = lem_rowset_open(&path, 1, &o, &rows, &why);
    for (int i = 0; st == LEM_OK && s.n < EXAMPLES && i < LOOKED_AT; i++) {
        lem_json *row = NULL;
        st = lem_rowset_next(rows, &row, &why);
        if (st || !row) break;
        const char *reason = text_of(row, "_dropped");
        lem_status room = *reason ? take(&s, reason, &why) : LEM_NO;
        if (room == LEM_OK) st = put_row(p, name, row, path, &why);
        else if (room != LEM_NO) st = room;
        lem_json_free(row);
    }
    lem_rowset_close(rows);
    lem_json_free(s.of);
    if (fatal(st)) return lem_fail(err, st, "%s: %s", path, *why.text ? why.text : "out of memory");
    return s.n ? LEM_OK : LEM_NO;
}

static void put_places(lem_page *p, const char *name, const lem_json *first) {
    for (size_t i = 0; i < lem_json_count(first) && i < EXAMPLES; i++) {
        char title[2 * TITLE];
        snprintf(title, sizeof title, "%.250s: %.300s", name, lem_json_str(lem_json_at(first, i), ""));
        lem_page_paragraph(p, title);
    }
}

/* A manifest may name anything: a pipe would never end. */
static bool is_regular(const char *path) {
    struct stat s;
    return *path && stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

static lem_status put_examples(lem_page *p, const lem_report_job *job, const lem_json *account,
                               const lem_cancel *cancel, lem_err *err) {
    const char *file = text_of(account, "file");
    char name[TITLE];
    name_job(job, account, name);
    lem_status st = is_regular(file) ? put_file(p, name, file, cancel, err) : LEM_NO;
    if (st != LEM_NO) return st;
    put_places(p, name, lem_json_get(account, "first"));
    return LEM_OK;
}

lem_status lem_report_left_out(lem_page *p, const lem_report_jobs *jobs, const lem_cancel *cancel,
                               lem_err *err) {
    bool any = false, headed = false;
    lem_status st = put_table(p, jobs, &any, err);
    for (int i = 0; st == LEM_OK && any && i < jobs->n; i++) {
        const lem_json *rows = lem_json_get(jobs->at[i].manifest, "rows");
        for (size_t k = 0; st == LEM_OK && k < lem_json_count(rows); k++) {
            const lem_json *account = lem_json_at(rows, k);
            if (!lem_json_count(lem_json_get(account, "first"))) continue;
            if (!headed) lem_page_heading(p, "Examples of rows left out");
            headed = true;
            st = put_examples(p, &jobs->at[i], account, cancel, err);
        }
    }
    return st;
}
