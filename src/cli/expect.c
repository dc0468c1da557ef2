/* expect.c - sizes and work of stages, one row a command */
#include "cli/expect.h"

#include <fnmatch.h>
#include <string.h>

static const double token_bytes = 3, answer_tokens = 150, problem_bytes = 250, candidate_row_bytes = 4000;

typedef void expectation(lem_expected *x);

/* The share of rows of so many bytes that --limit leaves. */
static double limited(const lem_expected *x, double row_bytes) {
    double rows = x->in_bytes / row_bytes;
    return x->limit >= 0 && (double)x->limit < rows ? (double)x->limit / rows : 1;
}

static double answer(const lem_expected *x) {
    double most = (double)lem_args_int(x->args, "max-tokens");
    return most > 0 && most < answer_tokens ? most : answer_tokens;
}

static void of_sample(lem_expected *x) {
    double rows = limited(x, problem_bytes) * x->in_bytes / problem_bytes;
    double tokens = rows * (double)lem_args_int(x->args, "n") * answer(x);
    x->flops = 2 * x->parameters * tokens;
    x->out_bytes = x->in_bytes + tokens * token_bytes;
}

static void of_training(lem_expected *x) {
    double steps = (double)lem_args_int(x->args, "max-steps"), batch = (double)lem_args_int(x->args, "batch");
    double tokens = limited(x, problem_bytes) * x->in_bytes / token_bytes * lem_args_num(x->args, "epochs");
    double bound = steps * (batch > 0 ? batch : 128) * answer_tokens;
    if (steps > 0) tokens = bound;
    x->flops = 6 * x->parameters * tokens;
    x->out_bytes = 4 * x->parameters;
}

static void of_scoring(lem_expected *x) {
    double share = limited(x, candidate_row_bytes);
    x->flops = 2 * x->parameters * share * x->in_bytes / token_bytes;
    x->out_bytes = 1.1 * share * x->in_bytes;
}

/* Each of four steps of a solution has n rollouts, half as long as it on average. */
static void of_annotation(lem_expected *x) {
    double solutions = limited(x, candidate_row_bytes) * x->in_bytes / token_bytes;
    x->flops = 2 * x->parameters * solutions * 4 * (double)lem_args_int(x->args, "n") / 2;
    x->out_bytes = 1.2 * limited(x, candidate_row_bytes) * x->in_bytes;
}

static void of_search(lem_expected *x) {
    of_sample(x);
    x->flops *= 3; /* the reward model reads all of it, and what is pruned was drawn too */
}

static void of_grading(lem_expected *x) {
    x->seconds = x->in_bytes / 2e7;
    x->out_bytes = 1.3 * x->in_bytes;
}

static void of_lists(lem_expected *x) {
    x->seconds = x->in_bytes / 5e7;
    x->out_bytes = 0.3 * x->in_bytes;
}

static void of_tables(lem_expected *x) { x->seconds = x->in_bytes / 1e7; }

/* Rows of each file of `demo data` by its option; the part may be a pattern. */
static void of_demo(lem_expected *x) {
    static const struct {
        const char *file, *option;
        double bytes;
    } files[] = {{"math.jsonl", "sft", 320}, {"general.jsonl", "general", 65}, {"easy.jsonl", "easy", 270},
                 {"rm-a.jsonl", "rm", 110},  {"rm-b.jsonl", "rm", 110},        {"val.jsonl", "val", 200},
                 {"test.jsonl", "test", 210}};
    x->seconds = 1;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (fnmatch(x->part, files[i].file, 0) == 0)
            x->out_bytes += files[i].bytes * (double)lem_args_int(x->args, files[i].option);
}

void lem_expect(lem_cli *cli, lem_expected *x) {
    static const struct {
        const char *command;
        expectation *of;
    } known[] = {{"sample", of_sample},           {"sft", of_training},         {"rm train", of_training},
                 {"prm train", of_training},      {"rm score", of_scoring},     {"prm score", of_scoring},
                 {"prm annotate", of_annotation}, {"search", of_search},        {"grade", of_grading},
                 {"rm sample", of_lists},         {"select", of_tables},        {"compare", of_tables},
                 {"report", of_tables},           {"bench table", of_tables},   {"bench score", of_tables},
                 {"demo data", of_demo},          {"data convert", of_grading}, {"data dedup", of_grading},
                 {"data decontam", of_grading},   {"data filter", of_grading},  {"data blend", of_grading}};
    (void)cli;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].command, x->command) != 0) continue;
        x->known = true;
        known[i].of(x);
    }
}
