/* merge.c - shards checked against each other, and their lines in the order of the rows */
#include "job/account.h"
#include "job/merge_priv.h"

#include "core/mem.h"
#include "job/digest.h"
#include "job/facts.h"

#include <inttypes.h>
#include <string.h>

#define MAX_LINE ((size_t)1 << 30)

/* ---- what each shard says ---- */

static lem_status load_manifest(merge_shard *s, lem_err *err) {
    lem_buf name = {0}, work = {0};
    lem_buf_printf(&name, "%s.manifest.json", s->path);
    lem_buf_printf(&work, "%s.job", s->path);
    lem_status st = lem_buf_ok(&name, err);
    if (st == LEM_OK) st = lem_buf_ok(&work, err);
    if (st == LEM_OK && lem_file_exists(s->path) && lem_file_exists(name.data))
        st = lem_manifest_load(name.data, &s->m, err);
    else if (st == LEM_OK && lem_file_exists(work.data))
        st = lem_fail(
            err, LEM_EUSAGE,
            "%s is unfinished; the command that began it goes on with it, and --take-over divides it "
            "anew",
            s->path);
    else if (st == LEM_OK && !lem_file_exists(s->path))
        st = lem_fail(err, LEM_EDATA, "%s: no such file", s->path);
    else if (st == LEM_OK)
        st = lem_fail(err, LEM_EUSAGE, "%s is no shard of lemma: %s is not there", s->path, name.data);
    lem_buf_release(&name);
    lem_buf_release(&work);
    return st;
}

static const char *said(const merge_shard *s, const char *key) {
    return lem_json_str(lem_json_get(s->m.shard, key), "");
}

static lem_status load_shard(merge_shard *s, lem_err *err) {
    lem_status st = load_manifest(s, err);
    if (st) return st;
    if (!s->m.shard)
        return lem_fail(err, LEM_EUSAGE, "%s was made without --shard: it is a whole result, no shard",
                        s->path);
    s->runs = said(s, "lines");
    int64_t rows = lem_json_int(lem_json_get(s->m.shard, "rows"), -1);
    if (rows < 0 || strlen(said(s, "whole")) != 64 || !*s->m.output)
        return lem_fail(err, LEM_EDATA, "%s: its manifest does not say what a shard's says; make it again",
                        s->path);
    st = lem_shard_parse(said(s, "parts"), &s->shard, err);
    return st ? lem_err_context(err, "%s.manifest.json", s->path) : LEM_OK;
}

static lem_status check_digest(const lem_merge *m, const merge_shard *s, lem_err *err) {
    char hex[65];
    lem_status st = lem_digest_path(s->path, m->cli->cache_dir, hex, NULL, err);
    if (st) return st;
    if (strcmp(hex, s->m.output) == 0) return LEM_OK;
    return lem_fail(err, LEM_EDATA,
                    "%s: its content was changed since it was written (sha256 was %.12s, is now %.12s); "
                    "remove it and make it again",
                    s->path, s->m.output, hex);
}

/* ---- that they belong together ---- */

static lem_json *whole_facts(const lem_json *facts) {
    lem_json *o = lem_json_new_object();
    bool ok = o != NULL;
    static const char *const keys[] = {"command", "arguments", "inputs"};
    for (int i = 0; ok && i < 3; i++)
        ok = lem_json_set(o, keys[i], lem_json_copy(lem_json_get(facts, keys[i])));
    if (ok) (void)lem_json_remove(lem_json_get(o, "arguments"), "shard");
    if (ok) return o;
    lem_json_free(o);
    return NULL;
}

static lem_status other_job(const lem_merge *m, const merge_shard *s, lem_err *err) {
    lem_buf diff = {0};
    lem_json *theirs = whole_facts(s->m.facts);
    if (!theirs) return lem_fail(err, LEM_EMEM, "out of memory");
    if (!lem_facts_differ(m->cmd, m->facts, theirs, &diff)) lem_buf_puts(&diff, "it was made otherwise");
    lem_fail(err, LEM_EUSAGE,
             "%s is a shard of another job than %s: %s; name the files that belong together (lemma merge "
             "SHARD… --out OUT), or make it again",
             s->path, m->at[0].path, lem_buf_str(&diff));
    lem_buf_release(&diff);
    lem_json_free(theirs);
    return LEM_EUSAGE;
}

static lem_status other(const lem_merge *m, const merge_shard *s, const char *what, const char *a,
                        const char *b, const char *remedy, lem_err *err) {
    return lem_fail(err, LEM_EUSAGE, "%s and %s were made %s ('%s' and '%s'): not the bytes of one run; %s",
                    m->at[0].path, s->path, what, a, b, remedy);
}

static lem_status compare(const lem_merge *m, const merge_shard *s, lem_err *err) {
    const merge_shard *first = &m->at[0];
    const char *a = lem_json_str(lem_json_get(first->m.facts, "version"), ""),
               *b = lem_json_str(lem_json_get(s->m.facts, "version"), "");
    if (strcmp(said(first, "whole"), said(s, "whole")) != 0) return other_job(m, s, err);
    if (strcmp(a, b) != 0)
        return other(m, s, "by two versions of lemma", a, b, "make one of them again", err);
    if (strcmp(first->m.compute_path, s->m.compute_path) != 0)
        return other(m, s, "on two compute paths", first->m.compute_path, s->m.compute_path,
                     "make one of them again with LEMMA_CPU set to the other's", err);
    if (lem_json_int(lem_json_get(s->m.shard, "rows"), -1) != (int64_t)m->rows)
        return lem_fail(err, LEM_EDATA, "%s and %s count other numbers of rows", first->path, s->path);
    return LEM_OK;
}

static lem_status load_all(lem_merge *m, const lem_shard_files *files, bool named, lem_err *err) {
    lem_status st = LEM_OK;
    m->at = lem_alloc_zero(files->n + 1, sizeof *m->at, err);
    if (!m->at) return LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < files->n; i++) {
        lem_err why = LEM_ERR_INIT;
        merge_shard *s = &m->at[m->n];
        s->path = files->at[i].path;
        st = load_shard(s, &why);
        bool waits = !named && st && !lem_file_exists(s->path);
        m->n += st == LEM_OK;
        if (st) lem_manifest_release(&s->m);
        if (waits) st = LEM_OK; /* unfinished, or gone: told when it is known what is missing */
        else if (st) st = lem_fail(err, st, "%s", why.text);
    }
    return st;
}

static lem_status check_all(lem_merge *m, lem_err *err) {
    const merge_shard *first = &m->at[0];
    const char *name = lem_json_str(lem_json_get(first->m.facts, "command"), "");
    lem_status st = LEM_OK;
    m->cmd = lem_command_find(m->cli->commands, name);
    if (!m->cmd) return lem_fail(err, LEM_EDATA, "%s: made by an unknown command '%s'", first->path, name);
    m->facts = whole_facts(first->m.facts);
    if (!m->facts) return lem_fail(err, LEM_EMEM, "out of memory");
    m->rows = (uint64_t)lem_json_int(lem_json_get(first->m.shard, "rows"), 0);
    for (size_t i = 1; st == LEM_OK && i < m->n; i++) st = compare(m, &m->at[i], err);
    return st;
}

/* ---- the job ---- */

/* In the order of the first row of each, so that the order in which they are named does not matter. */
static lem_status account(const lem_merge *m, lem_err *err) {
    const lem_json **shards = lem_alloc_zero(m->n, sizeof *shards, err);
    bool *seen = lem_alloc_zero(m->n, sizeof *seen, err);
    size_t n = 0;
    lem_status st = shards && seen ? LEM_OK : LEM_EMEM;
    for (uint32_t r = 0; st == LEM_OK && r < m->period; r++) {
        uint32_t i = m->of_row[r];
        if (i >= m->n || seen[i]) continue;
        seen[i] = true;
        shards[n++] = m->at[i].m.facts;
    }
    if (st == LEM_OK && n) st = lem_job_account_shards(m->job, shards, n, err);
    lem_free(shards);
    lem_free(seen);
    return st;
}

static lem_status open_job(lem_merge *m, lem_err *err) {
    lem_args none = {NULL, NULL, 0};
    const lem_job_spec spec = {.out = m->out, .facts = m->facts};
    lem_status st = lem_job_open(m->cli, m->cmd, &none, &spec, &m->job, err);
    for (size_t i = 0; st == LEM_OK && i < m->n; i++) st = check_digest(m, &m->at[i], err);
    const lem_json *chosen = lem_json_get(m->at[0].m.facts, "chosen");
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(chosen); i++)
        st = lem_job_choose(m->job, lem_json_key_at(chosen, i),
                            lem_json_str(lem_json_value_at(chosen, i), NULL), err);
    return st == LEM_OK ? account(m, err) : st;
}

static lem_status open_shards(lem_merge *m, const lem_shard_files *files, bool named, lem_err *err) {
    lem_status st = load_all(m, files, named, err);
    if (st == LEM_OK && m->n == 0)
        st = lem_fail(err, LEM_EUSAGE,
                      "%s: no shard of it is finished (OUT.shard-I-of-N, as --shard I/N writes)", m->out);
    if (st == LEM_OK) st = check_all(m, err);
    if (st == LEM_OK) st = lem_merge_cover(m, err);
    if (st == LEM_OK) st = lem_merge_complete(m, files, err);
    return st ? st : open_job(m, err);
}

lem_status lem_merge_open(lem_cli *cli, const lem_shard_files *files, bool named, const char *out,
                          lem_merge **merge, lem_err *err) {
    lem_merge *m = lem_alloc_zero(1, sizeof *m, err);
    if (!m) return LEM_EMEM;
    m->cli = cli;
    m->out = out;
    lem_status st = open_shards(m, files, named, err);
    if (st == LEM_OK) *merge = m;
    else lem_merge_close(m);
    return st;
}

bool lem_merge_done(lem_merge *m) { return lem_job_done(m->job); }
const lem_job *lem_merge_job(const lem_merge *m) { return m->job; }
uint64_t lem_merge_rows(const lem_merge *m) { return m->rows; }
uint64_t lem_merge_lines(const lem_merge *m) { return m->lines; }
size_t lem_merge_shards(const lem_merge *m) { return m->n; }

void lem_merge_close(lem_merge *m) {
    if (!m) return;
    for (size_t i = 0; m->at && i < m->n; i++) {
        lem_lines_close(m->at[i].in);
        lem_manifest_release(&m->at[i].m);
    }
    lem_job_close(m->job);
    lem_json_free(m->facts);
    lem_free(m->of_row);
    lem_free(m->at);
    lem_free(m);
}

/* ---- the lines ---- */

static lem_status other_lines(const merge_shard *s, lem_err *err) {
    return lem_fail(err, LEM_EDATA, "%s: not the lines that its manifest counts; remove it and make it again",
                    s->path);
}

static bool read_count(const char **at, char end, uint64_t *out) {
    uint64_t v = 0;
    const char *p = *at;
    if (*p < '0' || *p > '9') return false;
    for (; *p >= '0' && *p <= '9' && v < UINT64_MAX / 16; p++) v = 10 * v + (uint64_t)(*p - '0');
    if (*p != end && !(end == ',' && !*p)) return false;
    *at = *p ? p + 1 : p;
    *out = v;
    return true;
}

/* How many lines the next row of the shard has. */
static lem_status next_count(merge_shard *s, uint64_t *out, lem_err *err) {
    while (s->rows_left == 0)
        if (!*s->runs || !read_count(&s->runs, 'x', &s->lines_of_row) ||
            !read_count(&s->runs, ',', &s->rows_left))
            return other_lines(s, err);
    s->rows_left--;
    *out = s->lines_of_row;
    return LEM_OK;
}

static lem_status copy_line(merge_shard *s, lem_buf *line, lem_out *to, lem_err *err) {
    const char *text = NULL;
    size_t len = 0;
    bool eof = false;
    lem_status st = lem_lines_next(s->in, &text, &len, &eof, err);
    if (st == LEM_OK && eof) st = other_lines(s, err);
    if (st) return st;
    lem_buf_clear(line);
    lem_buf_add(line, text, len);
    lem_buf_putc(line, '\n');
    st = lem_buf_ok(line, err);
    return st ? st : lem_out_write(to, line->data, line->len, err);
}

static lem_status copy_row(lem_merge *m, uint64_t row, lem_buf *line, lem_out *to, lem_err *err) {
    merge_shard *s = &m->at[m->of_row[row % m->period]];
    uint64_t n = 0;
    lem_status st = next_count(s, &n, err);
    for (; st == LEM_OK && n; n--, m->lines++) st = copy_line(s, line, to, err);
    return st ? st : lem_cancel_check(m->cli->cancel, err);
}

/* Nothing may be left over. */
static lem_status check_end(merge_shard *s, lem_err *err) {
    const char *text = NULL;
    size_t len = 0;
    bool eof = false;
    lem_status st = lem_lines_next(s->in, &text, &len, &eof, err);
    return st == LEM_OK && (!eof || *s->runs || s->rows_left) ? other_lines(s, err) : st;
}

/* The rows that the shards left out, as one list: each shard lists what it met. */
static lem_status merge_skipped(const lem_merge *m, lem_err *err) {
    lem_skipped *all = NULL;
    char *dir = lem_path_dir(lem_job_path(m->job), err);
    lem_status st = dir ? lem_skipped_new(dir, &all, err) : LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < m->n; i++) {
        lem_buf path = {0};
        lem_buf_printf(&path, "%s.skipped", m->at[i].path);
        st = lem_buf_ok(&path, err);
        if (st == LEM_OK && lem_skipped_is_list(path.data)) st = lem_skipped_load(all, path.data, err);
        lem_buf_release(&path);
    }
    if (st == LEM_OK) st = lem_job_save_skipped(m->job, all, err);
    lem_skipped_free(all);
    lem_free(dir);
    return st;
}

lem_status lem_merge_write(lem_merge *m, lem_err *err) {
    lem_out *to = NULL;
    lem_buf line = {0};
    lem_progress *p = lem_progress_new(m->cli->log, "merge", "rows", m->rows, 0);
    const char *path = m->at[0].m.compute_path;
    lem_status st = LEM_OK;
    LEM_TRY(lem_job_start(m->job, *path ? path : NULL, err));
    for (size_t i = 0; i < m->n; i++) LEM_TRY(lem_lines_open(m->at[i].path, MAX_LINE, &m->at[i].in, err));
    LEM_TRY(lem_out_open(lem_job_path(m->job), true, &to, err));
    for (uint64_t r = 0; r < m->rows; r++) {
        LEM_TRY(copy_row(m, r, &line, to, err));
        lem_progress_add(p, 1);
    }
    for (size_t i = 0; i < m->n; i++) LEM_TRY(check_end(&m->at[i], err));
    LEM_TRY(merge_skipped(m, err));
    LEM_TRY(lem_out_commit(to, err));
    st = lem_job_finish(m->job, err);
done:
    lem_progress_free(p);
    lem_out_close(to);
    lem_buf_release(&line);
    return st;
}
