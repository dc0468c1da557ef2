/* fuzz_bench - any text as a benchmark's YAML, a line "---", and any row: what is read has a question, and
 * golds or a reason why there are none */
#include "bench/row.h"

#include "job/command.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok) {
    if (!ok) __builtin_trap();
}

static void said(lem_status st, const lem_err *err) {
    must((st == LEM_EUSAGE || st == LEM_EDATA || st == LEM_EMEM) && err->text[0] && !strchr(err->text, '\n'));
}

static void check_parts(const lem_bench_spec *s, const lem_problem_parts *p) {
    if (p->skip) return;
    double tolerance[LEM_BENCH_MAX_TOLERANCES];
    must(p->asked != NULL);
    if (p->tolerance) {
        must(lem_bench_tolerances(p->tolerance, tolerance) > 0);
        must(tolerance[0] >= 0 && tolerance[0] < 1e301);
    }
    must(strlen(p->no_gold) < sizeof p->no_gold);
    if (s->kind == LEM_BENCH_CODE) must(!p->golds);
    else must((p->golds != NULL) != (p->no_gold[0] != '\0'));
    for (size_t i = 0; i < lem_json_count(p->golds); i++) {
        const lem_json *g = lem_json_at(p->golds, i);
        must(lem_json_str_len(g) > 0);
        const char *letter = lem_json_str(g, "");
        if (s->kind == LEM_BENCH_CHOICES && s->several == LEM_BENCH_ANY)
            must(!letter[1] && *letter >= 'A' && *letter <= 'Z');
    }
    if (p->golds) must(lem_json_count(p->golds) > 0);
}

static void read_row(const lem_bench_spec *s, lem_json *row) {
    const lem_bench_asker a = {.spec = s};
    lem_problem_parts p = {.skip = false};
    lem_err err = LEM_ERR_INIT;
    lem_status st = lem_bench_read(&a, "dir/file_test.jsonl.gz", row, &p, &err);
    if (st == LEM_OK) check_parts(s, &p);
    else said(st, &err);
    lem_problem_parts_release(&p);
}

static void choose(const lem_json *row) {
    static lem_bench_chooser c;
    const lem_problem_reader *reader = NULL;
    lem_err err = LEM_ERR_INIT;
    c.asker.spec = NULL; /* the list stays: it takes time */
    lem_status st = lem_bench_choose(&c, "f", row, &reader, &err);
    if (st != LEM_OK) said(st, &err);
    else must(!reader || ((const lem_bench_asker *)reader->ctx)->spec->kind == LEM_BENCH_CHOICES);
}

static const char *end_of_yaml(const char *s, size_t n) {
    for (size_t i = 0; i + 5 <= n; i++)
        if (memcmp(s + i, "\n---\n", 5) == 0) return s + i + 1;
    return s + n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data, *row_at = end_of_yaml(text, size);
    size_t left = size - (size_t)(row_at - text), skip = left < 4 ? left : 4;
    lem_json *tree = NULL, *row = NULL;
    lem_bench_spec s = {0};
    lem_err err = LEM_ERR_INIT, ignored = LEM_ERR_INIT;
    if (lem_json_parse(row_at + skip, left - skip, &row, &ignored) != LEM_OK) row = NULL;
    if (row) choose(row);
    if (lem_yaml_parse(text, (size_t)(row_at - text), "my.yaml", &tree, &err) == LEM_OK) {
        lem_status st = lem_bench_spec_of(tree, "my.yaml", &s, &err);
        if (st != LEM_OK) said(st, &err);
        else if (row) read_row(&s, row);
        must((st == LEM_OK) == (s.arena != NULL));
    }
    lem_bench_spec_release(&s);
    lem_json_free(tree);
    lem_json_free(row);
    return 0;
}
