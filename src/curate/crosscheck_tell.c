/* crosscheck_tell.c - the matrix of agreement between the response and every teacher's answers */
#include "curate/crosscheck_priv.h"

#include "core/object.h"

#include <string.h>

/* ---- sources ---- */

/* The number of the source of a teacher's k-th answer. */
static int source_of(const lem_crosscheck *c, int teacher, int k) {
    int at = 1;
    for (int t = 0; t < teacher; t++) at += c->teacher[t].most;
    return at + k;
}

int lem_cross_sources(const lem_crosscheck *c) { return source_of(c, c->n_teachers, 0); }

/* Appends "response", "gpt.jsonl", "gpt.jsonl#2". */
static void source_name(const lem_crosscheck *c, int source, lem_buf *out) {
    int t = 0, k = source - 1;
    if (source == 0) {
        lem_buf_puts(out, "response");
        return;
    }
    for (; k >= c->teacher[t].most; t++) k -= c->teacher[t].most;
    lem_buf_puts(out, c->teacher[t].name);
    if (c->teacher[t].most > 1) lem_buf_printf(out, "#%d", k + 1);
}

/* The sources of a sample's answers; source[0] = 0. */
static void sources_of(const lem_crosscheck *c, const lem_cross_sample *s, int source[CROSS_SOURCES]) {
    int n = 0, k = 0, teacher = -1;
    source[n++] = 0;
    size_t at = s->problem == SIZE_MAX ? SIZE_MAX : c->problem[s->problem].first;
    for (; at != SIZE_MAX; at = c->answer[at].next) {
        k = c->answer[at].teacher == teacher ? k + 1 : 0;
        teacher = c->answer[at].teacher;
        source[n++] = source_of(c, teacher, k);
    }
}

void lem_crosscheck_count(lem_crosscheck *c, const lem_cross_sample *s) {
    int source[CROSS_SOURCES];
    sources_of(c, s, source);
    for (int i = 0; i < s->n; i++) {
        c->there[source[i]]++;
        for (int j = 0; j < s->n; j++) c->cell[source[i]][source[j]][s->pair[i * s->n + j]]++;
    }
}

lem_json *lem_crosscheck_answers(const lem_crosscheck *c, const lem_cross_sample *s) {
    int source[CROSS_SOURCES], n = 0;
    lem_object o = lem_object_new();
    sources_of(c, s, source);
    lem_object_str(&o, "response", s->answer.len ? lem_buf_str(&s->answer) : NULL);
    size_t at = s->problem == SIZE_MAX ? SIZE_MAX : c->problem[s->problem].first;
    for (; at != SIZE_MAX; at = c->answer[at].next) {
        lem_buf name = {0};
        source_name(c, source[++n], &name);
        lem_object_str(&o, lem_buf_str(&name), c->answer[at].len ? c->answer[at].text : NULL);
        lem_buf_release(&name);
    }
    if (c->judge)
        lem_object_json(&o, "judge", s->judged < 0 ? lem_json_new_null() : lem_json_new_bool(s->judged));
    return lem_object_done(&o);
}

/* ---- JSON ---- */

static lem_json *agreement_of(const uint64_t cell[LEM_CROSS_N_PAIRS]) {
    uint64_t all = cell[LEM_CROSS_AGREE] + cell[LEM_CROSS_DIFFER];
    return all ? lem_json_new_num((double)cell[LEM_CROSS_AGREE] / (double)all) : lem_json_new_null();
}

static lem_json *source_json(const lem_crosscheck *c, int i) {
    lem_object o = lem_object_new();
    lem_buf name = {0};
    source_name(c, i, &name);
    lem_object_str(&o, "name", lem_buf_str(&name));
    lem_object_int(&o, "answers", c->there[i]);
    lem_object_int(&o, "silent", c->cell[i][i][LEM_CROSS_SILENT]);
    lem_buf_release(&name);
    return lem_object_done(&o);
}

static lem_json *pair_json(const lem_crosscheck *c, int i, int j) {
    const uint64_t *cell = c->cell[i][j];
    lem_object o = lem_object_new();
    lem_buf a = {0}, b = {0};
    source_name(c, i, &a);
    source_name(c, j, &b);
    lem_object_str(&o, "a", lem_buf_str(&a));
    lem_object_str(&o, "b", lem_buf_str(&b));
    lem_object_int(&o, "agree", cell[LEM_CROSS_AGREE]);
    lem_object_int(&o, "differ", cell[LEM_CROSS_DIFFER]);
    lem_object_int(&o, "undecided", cell[LEM_CROSS_UNDECIDED]);
    lem_object_int(&o, "silent", cell[LEM_CROSS_SILENT]);
    lem_object_json(&o, "agreement", agreement_of(cell));
    lem_buf_release(&a);
    lem_buf_release(&b);
    return lem_object_done(&o);
}

static uint64_t unmatched(const lem_crosscheck *c) {
    uint64_t n = 0;
    for (size_t i = 0; i < c->n_problems; i++) n += !c->problem[i].seen;
    return n;
}

lem_json *lem_crosscheck_json(const lem_crosscheck *c) {
    int n = lem_cross_sources(c);
    lem_object o = lem_object_new();
    lem_json *sources = lem_json_new_array(), *pairs = lem_json_new_array(), *matrix = lem_json_new_array();
    bool ok = sources && pairs && matrix;
    for (int i = 0; ok && i < n; i++) {
        lem_json *line = lem_json_new_array();
        ok = line && lem_json_append(matrix, line) && lem_json_append(sources, source_json(c, i));
        for (int j = 0; ok && j < n; j++)
            ok = lem_json_append(line, i == j ? lem_json_new_null() : agreement_of(c->cell[i][j]));
        for (int j = i + 1; ok && j < n; j++) ok = lem_json_append(pairs, pair_json(c, i, j));
    }
    lem_object_json(&o, "sources", sources);
    lem_object_json(&o, "pairs", pairs);
    lem_object_json(&o, "matrix", matrix);
    lem_object_int(&o, "unmatched", unmatched(c));
    lem_json *done = lem_object_done(&o);
    if (ok) return done;
    lem_json_free(done);
    return NULL;
}

/* ---- text ---- */

static void put_cell(const uint64_t cell[LEM_CROSS_N_PAIRS], lem_buf *out) {
    uint64_t all = cell[LEM_CROSS_AGREE] + cell[LEM_CROSS_DIFFER];
    if (all) lem_buf_printf(out, "%9.2f", 100 * (double)cell[LEM_CROSS_AGREE] / (double)all);
    else lem_buf_puts(out, "        -");
}

void lem_crosscheck_text(const lem_crosscheck *c, lem_buf *out) {
    int n = lem_cross_sources(c);
    if (n < 2) return;
    lem_buf_puts(out, "agreement, in percent of the pairs that are decided\n      ");
    for (int j = 0; j < n; j++) lem_buf_printf(out, "%9d", j);
    for (int i = 0; i < n; i++) {
        lem_buf_printf(out, "\n%6d", i);
        for (int j = 0; j < n; j++) {
            if (i == j) lem_buf_puts(out, "        .");
            else put_cell(c->cell[i][j], out);
        }
        lem_buf_puts(out, "  ");
        source_name(c, i, out);
        lem_buf_printf(out, ": %llu, %llu without an answer", (unsigned long long)c->there[i],
                       (unsigned long long)c->cell[i][i][LEM_CROSS_SILENT]);
    }
    lem_buf_putc(out, '\n');
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            uint64_t u = c->cell[i][j][LEM_CROSS_UNDECIDED];
            if (u) lem_buf_printf(out, "%d and %d: %llu pairs undecided\n", i, j, (unsigned long long)u);
        }
}

void lem_crosscheck_tell_unmatched(const lem_crosscheck *c) {
    uint64_t n = unmatched(c), told = 0;
    if (!n) return;
    for (size_t i = 0; i < c->n_problems && told < 3; i++) {
        if (c->problem[i].seen) continue;
        lem_info(c->o.log, "%s:%llu: no sample has this prompt", c->problem[i].file,
                 (unsigned long long)c->problem[i].line);
        told++;
    }
    lem_info(c->o.log, "%llu prompts of the teachers are of no sample", (unsigned long long)n);
}
