/* merge_cover.c - which rows the shards hold: each once, and what is missing as parts that can be made */
#include "job/merge_priv.h"

#include "core/gcd.h"
#include "core/mem.h"

#include <string.h>

enum { MOST_TOLD = 8 };
#define NOBODY UINT32_MAX

static lem_status find_period(lem_merge *m, lem_err *err) {
    uint64_t all = 1;
    for (size_t i = 0; i < m->n; i++)
        for (int k = 0; k < m->at[i].shard.n; k++) {
            uint32_t of = m->at[i].shard.part[k].of;
            all = all / lem_gcd(all, of) * of;
            if (all > LEM_SHARD_MAX_OF)
                return lem_fail(err, LEM_EUSAGE,
                                "%s: divided by too many different numbers to be pieces of one input",
                                m->at[i].path);
        }
    m->period = (uint32_t)all;
    return LEM_OK;
}

static lem_status twice(const lem_merge *m, size_t a, size_t b, lem_err *err) {
    return lem_fail(err, LEM_EUSAGE,
                    "%s and %s have rows in common; name the files that belong together (lemma merge SHARD… "
                    "--out OUT), or move one of them away",
                    m->at[a].path, m->at[b].path);
}

lem_status lem_merge_cover(lem_merge *m, lem_err *err) {
    lem_status st = find_period(m, err);
    if (st) return st;
    m->of_row = lem_alloc(m->period, sizeof *m->of_row, err);
    if (!m->of_row) return LEM_EMEM;
    for (uint32_t r = 0; r < m->period; r++) m->of_row[r] = NOBODY;
    for (size_t i = 0; i < m->n; i++)
        for (int k = 0; k < m->at[i].shard.n; k++) {
            lem_shard_part p = m->at[i].shard.part[k];
            for (uint32_t r = p.at; r < m->period; r += p.of) {
                if (m->of_row[r] != NOBODY) return twice(m, m->of_row[r], i, err);
                m->of_row[r] = (uint32_t)i;
            }
        }
    return LEM_OK;
}

/* ---- what is missing ---- */

static bool all_missing(const lem_merge *m, const bool *told, lem_shard_part p) {
    for (uint32_t r = p.at; r < m->period; r += p.of)
        if (m->of_row[r] != NOBODY || told[r]) return false;
    return true;
}

/* The smallest number by which something that is there is divided: the user's own. */
static uint32_t first_number(const lem_merge *m) {
    uint32_t least = m->period;
    for (size_t i = 0; i < m->n; i++)
        if (m->at[i].shard.part[0].of < least) least = m->at[i].shard.part[0].of;
    return least;
}

static bool unfinished(const lem_shard_files *files, const lem_shard *s) {
    for (size_t i = 0; i < files->n; i++)
        if (lem_shards_equal(&files->at[i].shard, s)) return true;
    return false;
}

static char *quoted_out(const lem_merge *m, lem_err *err) {
    return lem_shard_out_of(m->at[0].path, &m->at[0].shard, err);
}

/* One line for a part that is missing; its label also goes into list. */
static lem_status tell(const lem_merge *m, const lem_shard_files *files, lem_shard_part p, int nth,
                       lem_buf *list, lem_err *err) {
    lem_shard s = {.part = {p}, .n = 1};
    lem_buf command = {0};
    char *out = quoted_out(m, err);
    if (!out) return LEM_EMEM;
    if (nth < MOST_TOLD) {
        lem_buf_puts(list, nth ? "," : "");
        lem_shard_put(&s, false, list);
        lem_merge_put_command(m->cmd, m->facts, &command);
        lem_buf_printf(&command, " --shard %u/%u --out %s", p.at + 1, p.of, out);
        lem_warn(m->cli->log, "shard %u/%u is %s: %s", p.at + 1, p.of,
                 unfinished(files, &s) ? "unfinished, the same command goes on with it" : "missing",
                 lem_buf_str(&command));
    }
    lem_status st = lem_buf_ok(&command, err);
    lem_buf_release(&command);
    lem_free(out);
    return st ? st : lem_buf_ok(list, err);
}

static lem_status tell_all(const lem_merge *m, const lem_shard_files *files, bool *told, lem_buf *list,
                           int *n, lem_err *err) {
    lem_status st = LEM_OK;
    for (uint32_t of = first_number(m); of <= m->period; of++)
        for (uint32_t at = 0; m->period % of == 0 && at < of; at++) {
            lem_shard_part p = {at, of};
            if (!all_missing(m, told, p)) continue;
            for (uint32_t r = at; r < m->period; r += of) told[r] = true;
            st = tell(m, files, p, (*n)++, list, err);
            if (st) return st;
        }
    return st;
}

lem_status lem_merge_complete(const lem_merge *m, const lem_shard_files *files, lem_err *err) {
    lem_buf list = {0};
    int n = 0;
    uint32_t r = 0;
    while (r < m->period && m->of_row[r] != NOBODY) r++;
    if (r == m->period) return LEM_OK;
    bool *told = lem_alloc_zero(m->period, sizeof *told, err);
    lem_status st = told ? tell_all(m, files, told, &list, &n, err) : LEM_EMEM;
    if (st == LEM_OK)
        st = lem_fail(err, LEM_EUSAGE,
                      "%s: not all rows are there: missing or unfinished %s%s; the commands above make them, "
                      "and --shard I/N --take-over %s divides that anew",
                      m->out, lem_buf_str(&list), n > MOST_TOLD ? ", …" : "", lem_buf_str(&list));
    lem_free(told);
    lem_buf_release(&list);
    return st;
}
