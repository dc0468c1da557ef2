/* cmd_data_dedup.c - lemma data dedup: rows that say what an earlier row says are left out */
#include "cli/commands.h"
#include "cli/data_run.h"
#include "cli/dedup_places.h"
#include "cli/runtime.h"

#include "core/mem.h"
#include "core/pool.h"
#include "curate/dedup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const lem_opt opts[] = {
    {"rule", LEM_OPT_ENUM, "RULE", "lower",
     "when two rows are duplicates: the same text; the same after Unicode lower-casing (AceMath's rule); the "
     "same words (normalized: NFKC, case folded, letters and digits alone; ascii: a-z and 0-9 alone, by "
     "which "
     "other scripts vanish); or nearly: see --jaccard",
     .choices = "exact|lower|ascii|normalized|near"},
    {"field", LEM_OPT_ENUM, "FIELD", "prompt",
     "what is compared: the prompt, the response, both of them, or the whole row as compact JSON",
     .choices = "prompt|response|both|row"},
    {"keep", LEM_OPT_ENUM, "WHICH", "first",
     "the row of a cluster that stays, files counting in the order given; longest and shortest are of prompt "
     "and response together, the first of equal ones",
     .choices = "first|last|longest|shortest"},
    {"jaccard", LEM_OPT_NUM, "J", "0.8",
     "near: least share of common shingles (common over all of both texts, normalized), computed exactly for "
     "each candidate pair",
     0.01, 1},
    {"shingle", LEM_OPT_ENUM, "UNIT", "words", "near: shingles of words or of characters",
     .choices = "words|chars"},
    {"shingle-size", LEM_OPT_INT, "N", "5", "near: words or characters of a shingle", 1, 1000},
    {"bands", LEM_OPT_INT, "N", "0",
     "near: bands of MinHash; pairs that agree in one are candidates; 0 = what misses at most 1 % of pairs "
     "at "
     "--jaccard",
     0, 4096},
    {"band-rows", LEM_OPT_INT, "N", "0",
     "near: hash functions of a band; 0 = the most that --bands allow, of 128 functions in all", 0, 4096},
    {"clusters", LEM_OPT_STR, "FILE", NULL,
     "write each cluster there: the kept row, and those left out, as FILE:LINE, near with their Jaccard "
     "coefficient to the kept one",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"memory", LEM_OPT_INT, "MIB", "1024",
     "memory of the tables in MiB; beyond it they are sorted on disk beside --out", 1, 1 << 24,
     .effect = LEM_OPT_CHANGES_NOTHING},
};

typedef struct work {
    lem_data_run r;
    const lem_args *args;
    lem_dedup *d;
    lem_pool *pool;
    lem_dedup_opts o;
    lem_places places; /* of rows, as 64-bit names */
    lem_row_texts texts;
    lem_buf json; /* of the row, with --field row */
    char *dir;    /* of temporary files */
    uint64_t settled;
} work;

static int choice_of(const lem_args *args, const char *name, const char *const *names) {
    int i = 0;
    while (names[i] && !lem_args_is(args, name, names[i])) i++;
    return i;
}

static lem_status read_options(work *w, lem_err *err) {
    static const char *const rules[] = {"exact", "lower", "ascii", "normalized", "near", NULL};
    static const char *const keeps[] = {"first", "last", "longest", "shortest", NULL};
    const lem_args *a = w->args;
    w->o = (lem_dedup_opts){.rule = (lem_dedup_rule)choice_of(a, "rule", rules),
                            .keep = (lem_dedup_keep)choice_of(a, "keep", keeps),
                            .jaccard = lem_args_num(a, "jaccard"),
                            .memory = (size_t)lem_args_int(a, "memory") << 20,
                            .clusters = lem_args_has(a, "clusters") && !w->r.cli->dry_run,
                            .log = w->r.cli->log,
                            .cancel = w->r.cli->cancel};
    w->o.near = (lem_minhash_opts){
        .shingle = {(int)lem_args_int(a, "shingle-size"), lem_args_is(a, "shingle", "chars")},
        .bands = (int)lem_args_int(a, "bands"),
        .rows = (int)lem_args_int(a, "band-rows"),
        .seed = w->r.cli->seed};
    if (w->o.rule != LEM_DEDUP_NEAR) return LEM_OK;
    lem_status st = lem_minhash_plan(&w->o.near, w->o.jaccard, err);
    if (st == LEM_OK)
        lem_info(
            w->o.log,
            "near: Jaccard %g and more over shingles of %d %s; %d bands x %d rows = %d permutations, which "
            "find %.2f %% of the pairs at %g",
            w->o.jaccard, w->o.near.shingle.n, lem_args_str(a, "shingle"), w->o.near.bands, w->o.near.rows,
            w->o.near.bands * w->o.near.rows, 100 * lem_minhash_recall(&w->o.near, w->o.jaccard),
            w->o.jaccard);
    return st;
}

/* Temporary files go into the job's work folder; without one to where temporary files go. */
static lem_status choose_dir(work *w, lem_err *err) {
    if (!lem_job_out(w->r.job)) {
        w->dir = lem_strdup(lem_temp_dir(), err);
        return w->dir ? LEM_OK : LEM_EMEM;
    }
    char *inside = lem_job_work_path(w->r.job, "x", err);
    w->dir = inside ? lem_path_dir(inside, err) : NULL;
    lem_free(inside);
    return w->dir ? LEM_OK : LEM_EMEM;
}

/* ---- rows ---- */

/* What is compared of the row. */
static lem_status compared(work *w, const lem_json *row, lem_dedup_row *out, lem_err *err) {
    lem_status st = LEM_OK;
    *out = (lem_dedup_row){.parts = 1};
    if (lem_args_is(w->args, "field", "row")) {
        lem_buf_clear(&w->json);
        lem_json_write(row, 0, &w->json);
        LEM_TRY(lem_buf_ok(&w->json, err));
        out->part[0] = lem_buf_str(&w->json);
        out->size = out->len[0] = w->json.len;
    } else {
        LEM_TRY(lem_row_reader_texts(w->r.in, row, &w->texts, err));
        const lem_buf *first = &w->texts.prompt, *second = &w->texts.response;
        if (lem_args_is(w->args, "field", "response")) first = second;
        if (lem_args_is(w->args, "field", "both")) out->parts = 2;
        out->part[0] = lem_buf_str(first);
        out->len[0] = first->len;
        out->part[1] = lem_buf_str(second);
        out->len[1] = second->len;
        out->size = w->texts.prompt.len + w->texts.response.len;
    }
    st = lem_places_of(&w->places, w->r.in, &out->place, err);
done:
    return st;
}

static lem_status drop(work *w, lem_json *row, const lem_dedup_twin *t, lem_err *err) {
    static const char *const why[] = {"the same text as an earlier row", "the same text after lower-casing",
                                      "the same in a-z and 0-9", "the same text after normalisation",
                                      "a near duplicate"};
    lem_status st = LEM_OK;
    lem_json *detail =
        w->r.dropped ? lem_places_twin(&w->places, t, true, w->o.rule == LEM_DEDUP_NEAR) : NULL;
    if (w->r.dropped && !detail) st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) st = lem_data_run_drop(&w->r, row, NULL, why[w->o.rule], detail, err);
    lem_json_free(detail);
    return st;
}

static lem_status add_row(work *w, lem_json *json, lem_err *err) {
    lem_dedup_row row;
    lem_dedup_twin twin;
    lem_dedup_answer answer = LEM_DEDUP_NEW;
    lem_status st = compared(w, json, &row, err);
    if (st == LEM_OK) st = lem_dedup_add(w->d, &row, &answer, &twin, err);
    if (st || answer == LEM_DEDUP_LATER) return st;
    w->settled++;
    return answer == LEM_DEDUP_NEW ? lem_data_run_keep(&w->r, json, err) : drop(w, json, &twin, err);
}

static lem_status first_reading(work *w, lem_err *err) {
    for (;;) {
        lem_json *row = NULL;
        lem_status st = lem_data_run_next(&w->r, &row, err);
        if (st || !row) return st;
        st = add_row(w, row, err);
        lem_json_free(row);
        if (st) return st;
    }
}

/* Standard input was put into a file by the job; a pipe cannot be read twice. */
static lem_status rewind_input(work *w, lem_err *err) {
    for (int i = 0; i < w->args->n_words; i++)
        if (strcmp(w->args->words[i], "-") == 0 && lseek(0, 0, SEEK_SET) != 0)
            return lem_fail(err, LEM_EUSAGE,
                            "standard input cannot be read twice here; give --out a file, or name the input");
    return LEM_OK;
}

/* Rows whose answer came later, once more. */
static lem_status second_reading(work *w, lem_err *err) {
    lem_dedup_twin twin = {0};
    bool any = false;
    uint64_t n = 0;
    lem_status st = rewind_input(w, err);
    if (st == LEM_OK) st = lem_data_run_read(&w->r, err);
    if (st == LEM_OK) st = lem_dedup_next(w->d, &twin, &any, err);
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_data_run_row(&w->r, &row, err);
        if (st || !row) break;
        bool out = any && twin.row == n;
        if (out) st = drop(w, row, &twin, err);
        else if (n >= w->settled) st = lem_data_run_keep(&w->r, row, err);
        lem_json_free(row);
        if (st == LEM_OK && out) st = lem_dedup_next(w->d, &twin, &any, err);
        n++;
    }
    if (st == LEM_OK && (n != w->r.rows || any))
        st = lem_fail(err, LEM_EDATA, "%s: %llu rows at first, %llu when read again; do the files change?",
                      w->args->words[0], (unsigned long long)w->r.rows, (unsigned long long)n);
    return st;
}

/* ---- results ---- */

static lem_status write_clusters(work *w, lem_err *err) {
    const char *path = lem_args_str(w->args, "clusters");
    if (!w->o.clusters) return LEM_OK;
    return lem_places_clusters(&w->places, w->d, path, lem_job_may_replace(w->r.job),
                               w->o.rule == LEM_DEDUP_NEAR, err);
}

static void add_near(lem_object *o, const work *w, const lem_dedup_stats *s) {
    lem_object n = lem_object_new();
    lem_object_num(&n, "jaccard", w->o.jaccard);
    lem_object_str(&n, "shingle", lem_args_str(w->args, "shingle"));
    lem_object_int(&n, "shingle_size", (uint64_t)w->o.near.shingle.n);
    lem_object_int(&n, "bands", (uint64_t)w->o.near.bands);
    lem_object_int(&n, "band_rows", (uint64_t)w->o.near.rows);
    lem_object_int(&n, "permutations", (uint64_t)w->o.near.bands * (uint64_t)w->o.near.rows);
    lem_object_num(&n, "recall_at_jaccard", lem_minhash_recall(&w->o.near, w->o.jaccard));
    lem_object_int(&n, "compared", s->compared);
    lem_object_int(&n, "similar", s->similar);
    lem_object_int(&n, "crowded", s->crowded);
    lem_object_json(o, "near", lem_object_done(&n));
}

static lem_status tell(work *w, lem_err *err) {
    lem_dedup_stats s = lem_dedup_stats_of(w->d);
    const char *field = lem_args_str(w->args, "field");
    lem_object o = lem_object_new();
    if (s.empty)
        lem_warn(w->o.log, "%llu rows have nothing to compare in --field %s; they are kept",
                 (unsigned long long)s.empty, field);
    if (s.crowded)
        lem_warn(w->o.log, "%llu texts shared a band with over 1,000 others and were not compared with all",
                 (unsigned long long)s.crowded);
    if (s.on_disk) lem_info(w->o.log, "%.2f GB were written to temporary files", (double)s.on_disk * 1e-9);
    if (s.clusters)
        lem_info(w->o.log, "%llu clusters, the largest of %llu rows", (unsigned long long)s.clusters,
                 (unsigned long long)s.largest);
    lem_object_str(&o, "rule", lem_args_str(w->args, "rule"));
    lem_object_str(&o, "field", field);
    lem_object_str(&o, "keep", lem_args_str(w->args, "keep"));
    lem_object_int(&o, "clusters", s.clusters);
    lem_object_int(&o, "largest", s.largest);
    lem_object_int(&o, "empty", s.empty);
    lem_object_int(&o, "bytes_on_disk", s.on_disk);
    if (w->o.rule == LEM_DEDUP_NEAR) add_near(&o, w, &s);
    return lem_data_run_tell(&w->r, lem_object_done(&o), err);
}

static lem_status dedup(work *w, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(read_options(w, err));
    w->r.passes = 2;
    w->r.judge_texts = !lem_args_is(w->args, "field", "row");
    LEM_TRY(lem_data_run_read(&w->r, err));
    LEM_TRY(lem_data_run_write(&w->r, err));
    LEM_TRY(choose_dir(w, err));
    w->pool = lem_pool_new(w->r.cli->threads, err);
    if (!w->pool) LEM_TRY(LEM_EMEM);
    w->o.pool = w->pool;
    w->o.dir = w->dir;
    LEM_TRY(lem_dedup_new(&w->o, &w->d, err));
    LEM_TRY(first_reading(w, err));
    LEM_TRY(lem_dedup_find(w->d, err));
    if (w->settled < w->r.rows) LEM_TRY(second_reading(w, err));
    LEM_TRY(write_clusters(w, err));
    LEM_TRY(lem_data_run_finish(&w->r, err));
    st = tell(w, err);
done:
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *clusters = lem_args_str(args, "clusters");
    const lem_job_spec spec = {.companions = &clusters, .n_companions = clusters != NULL};
    work w = {.args = args};
    bool done = false;
    lem_status st = lem_data_run_open(&w.r, cli, &lem_cmd_data_dedup, args, &spec, &done, err);
    if (st == LEM_OK && !done) st = dedup(&w, err);
    lem_dedup_free(w.d);
    lem_pool_free(w.pool);
    lem_places_release(&w.places);
    lem_row_texts_release(&w.texts);
    lem_buf_release(&w.json);
    lem_free(w.dir);
    lem_data_run_close(&w.r);
    return st;
}

const lem_command lem_cmd_data_dedup = {
    .name = "data dedup",
    .purpose = "leave out rows that repeat another row: exactly, after lower-casing, in words, or nearly",
    .usage = "FILE... --out KEPT [options]",
    .example = "lemma data dedup numina.jsonl orca.parquet --out prompts.jsonl --dropped repeats.jsonl\n"
               "lemma data dedup train.jsonl --rule near --jaccard 0.8 --clusters clusters.jsonl --out "
               "kept.jsonl",
    .min_words = 1,
    .max_words = -1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .shared = lem_data_options,
    .n_shared = LEM_N_DATA_OPTIONS,
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .words = LEM_WORDS_NAMED_INPUT,
};
