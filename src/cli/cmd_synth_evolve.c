/* cmd_synth_evolve.c - lemma synth evolve: new problems from given ones, written by a teacher */
#include "cli/commands.h"
#include "cli/synth_run.h"

#include "core/jsonl.h"
#include "core/rng.h"
#include "teach/evolve.h"

#include <string.h>

static const lem_opt opts[] = {
    {"kind", LEM_OPT_LIST, "KIND", "breadth,depth",
     "breadth (another problem, as hard), depth (a harder one), constraints (the given one with further "
     "demands; gives "
     "poor problems); of several each problem draws one"},
    {"per-seed", LEM_OPT_INT, "N", "1", "new problems from each", 1, 1000},
    {"max-words", LEM_OPT_INT, "N", "300", "flag new problems of more words as \"long\"", 1, 1e6},
    {"temperature", LEM_OPT_NUM, "X", "0.7", "0 is greedy", 0, 1000},
    {"max-tokens", LEM_OPT_INT, "N", "1024", "tokens of a reply", 1, 1e9},
};

typedef struct evolve {
    lem_synth s;
    lem_evolve_kind kind[LEM_EVOLVE_KINDS];
    uint64_t n_kinds, same, empty, flagged;
} evolve;

static lem_status read_kinds(evolve *e, const lem_args *args, lem_err *err) {
    const lem_json *list = lem_args_tree(args, "kind");
    size_t n = lem_json_count(list);
    if (n == 0 || n > LEM_EVOLVE_KINDS)
        return lem_fail(err, LEM_EUSAGE, "--kind: one to three kinds expected");
    for (size_t i = 0; i < n; i++) {
        lem_status st = lem_evolve_parse(lem_json_str(lem_json_at(list, i), ""), &e->kind[i], err);
        if (st != LEM_OK) return st;
    }
    e->n_kinds = n;
    return LEM_OK;
}

/* Each seed begins with a kind of its own; its further ones follow in order. */
static lem_evolve_kind kind_of(const evolve *e, size_t item) {
    lem_rng r = lem_rng_make(e->s.o.seed, "evolve", item / e->s.per_row);
    return e->kind[(lem_rng_at(&r, 0) + item % e->s.per_row) % e->n_kinds];
}

static lem_status prompt(void *ctx, size_t item, lem_buf *out, lem_err *err) {
    const evolve *e = ctx;
    lem_evolve_prompt(kind_of(e, item), e->s.rows.at[item / e->s.per_row].problem, out);
    return lem_buf_ok(out, err);
}

/* ---- rows ---- */

static lem_json *flags_of(evolve *e, size_t words, bool cut) {
    lem_json *list = lem_json_new_array();
    bool is_long = words > (size_t)lem_args_int(e->s.args, "max-words"), ok = list != NULL;
    if (is_long) ok = ok && lem_json_append(list, lem_json_new_str("long"));
    if (cut) ok = ok && lem_json_append(list, lem_json_new_str("cut"));
    e->flagged += is_long || cut;
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *row_of(evolve *e, size_t item, const char *problem, const lem_json *reply) {
    const lem_problem *seed = &e->s.rows.at[item / e->s.per_row];
    const char *kind = lem_evolve_name(kind_of(e, item));
    size_t words = lem_evolve_words(problem);
    bool cut = strcmp(lem_json_str(lem_json_at(lem_json_get(reply, "finish"), 0), ""), "length") == 0;
    lem_buf id = {0};
    if (lem_json_kind(seed->id) == LEM_JSON_STRING) lem_buf_puts(&id, lem_json_str(seed->id, ""));
    else lem_json_write(seed->id, 0, &id);
    lem_buf_printf(&id, "/%s/%zu", kind, item % e->s.per_row);
    lem_object o = lem_object_new();
    lem_object_str(&o, "id", lem_buf_str(&id));
    lem_object_str(&o, "problem", problem);
    lem_object_str(&o, "kind", kind);
    lem_object_json(&o, "seed_id", lem_json_copy(seed->id));
    lem_object_str(&o, "seed_problem", seed->problem);
    lem_object_int(&o, "words", words);
    lem_object_json(&o, "flags", flags_of(e, words, cut));
    lem_object_str(&o, "teacher", lem_synth_teacher(&e->s, reply));
    lem_synth_copy_fields(seed, &o);
    lem_buf_release(&id);
    return lem_object_done(&o);
}

static lem_status write_row(void *ctx, size_t item, const lem_json *reply, lem_out *out, lem_err *err) {
    evolve *e = ctx;
    lem_buf problem = {0};
    lem_evolve_take(lem_json_str(lem_json_at(lem_json_get(reply, "texts"), 0), ""), &problem);
    lem_status st = lem_buf_ok(&problem, err);
    bool empty = problem.len == 0;
    bool same = !empty && lem_evolve_same(lem_buf_str(&problem), e->s.rows.at[item / e->s.per_row].problem);
    e->empty += empty;
    e->same += same;
    if (st == LEM_OK && !empty && !same) {
        lem_json *row = row_of(e, item, lem_buf_str(&problem), reply);
        st = row ? lem_rows_write(out, row, err) : lem_fail(err, LEM_EMEM, "out of memory for a row");
        lem_json_free(row);
        e->s.written++;
    }
    lem_buf_release(&problem);
    return st;
}

static lem_status tell(evolve *e, lem_err *err) {
    lem_object o = lem_object_new(), dropped = lem_object_new();
    lem_object_int(&o, "flagged", e->flagged);
    lem_object_int(&dropped, "identical to the seed", e->same);
    lem_object_int(&dropped, "empty", e->empty);
    lem_object_json(&o, "dropped", lem_object_done(&dropped));
    lem_info(e->s.cli->log, "left out: %llu identical to the seed, %llu empty; %llu flagged as long or cut",
             (unsigned long long)e->same, (unsigned long long)e->empty, (unsigned long long)e->flagged);
    return lem_synth_tell(&e->s, lem_object_done(&o), err);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    evolve e = {0};
    bool done = false;
    lem_status st = lem_synth_open(&e.s, cli, &lem_cmd_synth_evolve, args, &done, err);
    if (st == LEM_OK && !done) st = read_kinds(&e, args, err);
    if (st == LEM_OK && !done)
        st = lem_synth_ask(&e.s, (size_t)lem_args_int(args, "per-seed"), 1, prompt, &e, err);
    if (st == LEM_OK && !done && !cli->dry_run) {
        st = lem_synth_write(&e.s, write_row, &e, err);
        if (st == LEM_OK) st = tell(&e, err);
    }
    lem_synth_close(&e.s);
    return st;
}

const lem_command lem_cmd_synth_evolve = {
    .name = "synth evolve",
    .purpose = "new problems from given ones, written by a teacher",
    .usage = "FILE (--endpoint URL --teacher NAME | --model DIR) --out FILE [options]",
    .example =
        "lemma synth evolve seeds.jsonl --endpoint https://api.openai.com/v1 --teacher "
        "gpt-4o-mini-2024-07-18 "
        "--key-env OPENAI_API_KEY --price-in 0.15 --price-out 0.6 --budget-cost 20 --out evolved.jsonl",
    .min_words = 1,
    .max_words = 1,
    .words = LEM_WORDS_INPUT,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .shared = lem_synth_options,
    .n_shared = LEM_N_SYNTH_OPTIONS,
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .required = "endpoint,model",
};
