/* test_bench.c - every benchmark of recipes/benchmarks: its spec, its shared file (sizes, golds found and
 * equal to themselves), own rows with the published field names of those that are not shared, prompts,
 * refusals */
#include "bench/row.h"

#include "../checks.h"
#include "core/file.h"
#include "grade/grade.h"
#include "job/command.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OWN LEMMA_TEST_DATA "/benchmarks"

static lem_bench_list all;

static int set_up(void **state) {
    (void)state;
    return lem_bench_list_load(&all, &err) == LEM_OK ? 0 : (fprintf(stderr, "%s\n", err.text), -1);
}

static int tear_down(void **state) {
    (void)state;
    lem_bench_list_release(&all);
    return 0;
}

static const lem_bench_spec *spec(const char *name) {
    const lem_bench_spec *s = lem_bench_list_find(&all, name);
    if (!s) fail_msg("no benchmark %s", name);
    return s;
}

/* The problems of a benchmark under a data folder; false where it is not there. */
static bool load(const char *name, const char *data, lem_problems *p) {
    const lem_bench_asker a = {.spec = spec(name)};
    char *path = NULL;
    OK(lem_bench_path(a.spec, data, &path, &err));
    if (!path) return false;
    lem_status st = lem_bench_problems(&a, path, -1, true, NULL, p, &err);
    if (st) fail_msg("%s: %s", name, err.text);
    lem_free(path);
    return true;
}

/* ---- specs */

static void all_specs(void **state) {
    (void)state;
    static const char *const wanted[] = {
        "gsm8k",         "math",         "math500",   "minerva_math", "gaokao2023en",  "aime24",
        "olympiadbench", "college_math", "mmlu_stem", "amc23",        "aime25",        "hmmt",
        "svamp",         "aqua",         "mmlu",      "mmlu_pro",     "omni_math",     "mgsm",
        "humaneval",     "mbpp",         "gpqa",      "sat_math",     "mbpp_sanitized"};
    assert_int_equal(all.n, sizeof wanted / sizeof *wanted);
    for (size_t i = 0; i < all.n; i++) assert_non_null(spec(wanted[i]));
    for (size_t i = 0; i < all.n; i++) {
        const lem_bench_spec *s = &all.at[i];
        lem_bench_spec again = {0};
        if (!s->title || !s->get || !s->licence || !s->citation || !s->source || !s->answer || !s->n_sizes ||
            !s->averages.n)
            fail_msg("%s: title, get, size, licence, citation, source, answer and average are wanted",
                     s->name);
        assert_non_null(lem_bench_yaml(s->name)); /* the file is called as the benchmark is */
        OK(lem_bench_open(s->name, &again, &err));
        assert_string_equal(again.name, s->name);
        assert_string_equal(again.text, s->text);
        lem_bench_spec_release(&again);
    }
    /* recipe.md §4.1 */
    static const struct {
        const char *name;
        uint64_t n;
    } sizes[] = {{"gsm8k", 1319},       {"math", 5000},          {"minerva_math", 272},
                 {"gaokao2023en", 385}, {"olympiadbench", 675},  {"college_math", 2818},
                 {"mmlu_stem", 3018},   {"amc23", 40},           {"aime24", 30},
                 {"humaneval", 164},    {"mbpp_sanitized", 257}, {"mmlu", 14042},
                 {"mmlu_pro", 12032},   {"mbpp", 974},           {"math500", 500}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_int_equal(spec(sizes[i].name)->size[0], sizes[i].n);
    assert_string_equal(spec("mmlu_stem")->averages.at[0], "macro");
    assert_string_equal(spec("mmlu_stem")->averages.at[1], "micro");
    assert_string_equal(spec("mmlu_stem")->by.at[0], "type");
    for (size_t i = 0; i < all.n; i++) /* 5-shot are MMLU STEM, MMLU, MMLU-Pro; nothing else */
        assert_int_equal(all.at[i].shots, strncmp(all.at[i].name, "mmlu", 4) == 0 ? 5 : 0);
}

static lem_status parse(const char *yaml, lem_bench_spec *out) {
    lem_json *tree = NULL;
    lem_status st = lem_yaml_parse(yaml, strlen(yaml), "my.yaml", &tree, &err);
    if (st == LEM_OK) st = lem_bench_spec_of(tree, "my.yaml", out, &err);
    lem_json_free(tree);
    return st;
}

#define HEAD "name: my\nfiles: f.jsonl\n"
#define BASE HEAD "fields: {problem: q, gold: a}\n"

static void bad_specs(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *part;
    } bad[] = {
        {"[1]", "a map of keys expected, found array"},
        {HEAD "fields: {problem: q, gold: a}\nlicense: MIT\n",
         "unknown key 'license'; did you mean 'licence'?"},
        {HEAD "fields: {problm: q}\n", "unknown key 'problm' of fields; did you mean 'problem'?"},
        {HEAD "fields: {zzzzzzzzzz: q}\n",
         "unknown key 'zzzzzzzzzz' of fields; there are problem, choices, gold"},
        {HEAD "fields: q\n", "fields: a map of keys expected, found string"},
        {HEAD "fields: {problem: 3}\n", "fields.problem: a text expected, found integer"},
        {HEAD "fields: {gold: a}\n", "the key 'fields.problem' is missing"},
        {HEAD "fields: {problem: q}\n", "the key 'fields.gold' is missing"},
        {"name: my\nfields: {problem: q, gold: a}\n", "the key 'files' is missing"},
        {"name: My Set\nfiles: f\nfields: {problem: q, gold: a}\n", "name: up to 63 of a-z"},
        {"files: f\nfields: {problem: q, gold: a}\n", "name: up to 63 of a-z"},
        {BASE "kind: riddles\n", "kind 'riddles' is none of problems|choices|code"},
        {BASE "kind: choices\n", "the key 'fields.choices' is missing"},
        {BASE "kind: code\n", "the key 'fields.tests' is missing"},
        {BASE "gold: guess\n", "gold 'guess' is none of field|number"},
        {BASE "gold: letter\n", "kind choices, and no other, takes letter"},
        {BASE "gold: tests\n", "kind code, and no other, takes tests"},
        {BASE "gold: []\n", "gold: 1 to 4 rules expected"},
        {BASE "size: many\n", "size: a whole number"},
        {BASE "size: 0\n", "size: a whole number"},
        {BASE "size: [1, 2, 3, 4, 5]\n", "size: 1 to 4 numbers expected"},
        {BASE "several: some\n", "several 'some' is none of any|all"},
        {BASE "average: mean\n", "average 'mean' is none of micro|macro"},
        {BASE "by: []\n", "by: 1 to 64 texts expected"},
        {BASE "grade: {task: sums}\n", "grade.task 'sums' is none of std|"},
        {BASE "grade: {policy: mild}\n", "grade.policy 'mild' is none of std|"},
        {BASE "prompt: {ask: \"{question}\"}\n",
         "{problem}, {choices} or {tests} expected, found '{question}'"},
        {BASE "prompt: {ask: hello}\n", "there is no {problem} in it"},
        {BASE "prompt: {say_two: 1}\n", "prompt.say_two: true or false expected, found integer"},
        {BASE "prompt: {shots: 5}\n", "the key 'prompt.shots_from' is missing"},
        {BASE "prompt: {shots: -1}\n", "prompt.shots: a whole number"},
        {BASE "rows: {from: 3, to: 4}\n", "the key 'rows.field' is missing"},
        {BASE "rows: {field: x, from: 4, to: 3}\n", "from is behind to"},
        {BASE "title: \"\"\n", "title is empty"},
        {HEAD "fields: {problem: q, gold: a, choices: c}\nkind: choices\ngold: letter\nprompt: {ask: "
              "\"{problem}\"}\n",
         "there are no {choices} in it"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lem_bench_spec s = {0};
        FAILS(parse(bad[i].yaml, &s), LEM_EUSAGE, bad[i].part);
        assert_non_null(strstr(err.text, "my.yaml"));
        assert_null(s.arena);
    }
    lem_bench_spec s = {0};
    FAILS(lem_bench_open("gsm8", &s, &err), LEM_EUSAGE,
          "there is no benchmark 'gsm8'; did you mean 'gsm8k'?");
    FAILS(lem_bench_open("nothing-like-it", &s, &err), LEM_EUSAGE, "there are aime24, aime25, ");
    FAILS(lem_bench_open("absent.yaml", &s, &err), LEM_EDATA, "absent.yaml");
    OK(parse(BASE, &s));
    assert_int_equal(s.rule[0], LEM_BENCH_GOLD_FIELD);
    assert_true(lem_bench_size_is(&s, 17));
    lem_bench_spec_release(&s);
}

/* ---- golds */

typedef struct count {
    uint64_t golds, equal;
} count;

/* Each gold against itself by the benchmark's own task, and boxed in a reply as a model would. */
static void judge(const lem_bench_spec *s, const lem_problem *p, const char *gold, count *n) {
    lem_grade_profile profile = {0};
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    lem_buf reply = {0};
    if (s->task) assert_true(lem_grade_task_find(s->task, &profile.task));
    OK(lem_grade_gold_new(gold, strlen(gold), &profile, &g, &err));
    OK(lem_grade_compare(g, gold, strlen(gold), &r, &err));
    bool same = lem_grade_correct_of(r.verdict) == LEM_GRADE_RIGHT;
    lem_buf_printf(&reply, "So it is \\boxed{%s}.", gold);
    OK(lem_grade_response(g, lem_buf_str(&reply), reply.len, NULL, NULL, &r, &err));
    bool boxed = lem_grade_correct_of(r.verdict) == LEM_GRADE_RIGHT;
    n->golds++;
    n->equal += same && boxed;
    if (!same || !boxed)
        print_message("  %s:%llu: gold '%.100s' %s\n", s->name, (unsigned long long)p->line, gold,
                      same ? "is not equal to itself in a box" : "is not equal to itself");
    lem_buf_release(&reply);
    lem_grade_gold_free(g);
}

static void judge_row(const lem_bench_spec *s, const lem_problem *p, count *n) {
    size_t many = lem_json_count(p->golds);
    for (size_t i = 0; i < many; i++) judge(s, p, lem_json_str(lem_json_at(p->golds, i), ""), n);
    if (!many && p->expected) judge(s, p, p->expected, n);
}

static const char *shared(void) {
    const char *d = getenv("LEMMA_DATA");
    return d && lem_file_is_dir(d) ? d : NULL;
}

/* 21,613 rows of 11 files: their numbers are those of the specs, every gold is found and equal to itself. */
static void shared_golds(void **state) {
    (void)state;
    uint64_t files = 0, rows = 0;
    count sum = {0};
    if (!shared()) skip();
    for (size_t i = 0; i < all.n; i++) {
        const lem_bench_spec *s = &all.at[i];
        lem_problems p;
        count n = {0};
        if (!load(s->name, shared(), &p)) continue;
        if (!lem_bench_size_is(s, p.n)) fail_msg("%s: %zu rows", s->name, p.n);
        assert_int_equal(p.no_gold, 0);
        for (size_t k = 0; k < p.n; k++) judge_row(s, &p.at[k], &n);
        print_message("%s: %zu rows, %llu golds, %llu equal to themselves\n", s->name, p.n,
                      (unsigned long long)n.golds, (unsigned long long)n.equal);
        assert_int_equal(n.golds, s->kind == LEM_BENCH_CODE ? 0 : p.n);
        files++;
        rows += p.n;
        sum.golds += n.golds;
        sum.equal += n.equal;
        lem_problems_release(&p);
    }
    print_message("%llu files, %llu rows, %llu golds, %llu equal to themselves\n", (unsigned long long)files,
                  (unsigned long long)rows, (unsigned long long)sum.golds, (unsigned long long)sum.equal);
    assert_int_equal(sum.equal, sum.golds);
}

/* ---- rows of our own with the published field names */

typedef struct expected {
    const char *set;
    size_t row;
    const char *asked, *gold;
} expected;

static const expected own[] = {
    {"math", 0, "What is half of 7?", "\\frac{7}{2}"},
    {"math", 1, "Two numbers sum to 3 and differ by 1.", "2, 1"},
    {"gaokao2023en", 0, "How many edges has a cube?", "12"},
    {"gaokao2023en", 1, "Is 7 a prime? (Yes or No)", "Yes"},
    {"gaokao2023en", 2, "Its published answer is missing.", NULL},
    {"olympiadbench", 0, "Solve $x^2=4$.", "2,-2"},
    {"olympiadbench", 1, "Give $\\sqrt{2}$ to one place.", "1.4"},
    {"olympiadbench", 2, "Name two primes below 4, and their mean.", "2, 3, 2.5"},
    {"college_math", 0, "Factor $x^2-1$.", "(x-1)(x+1)"},
    {"sat_math", 0, "If 2x = 6, what is x?\nAnswer Choices: (A) 2 (B) 3 (C) 4 (D) 6", "B"},
    {"aime25", 0, "What is 5 + 7?", "12"},
    {"aime25", 1, "What is 5 times 5?", "025"},
    {"hmmt", 0, "What is the diagonal of a unit square?", "\\sqrt{2}"},
    {"omni_math", 0, "Solve $2x=8$.", "x = 4"},
    {"mmlu_pro", 0,
     "Question: Which is the fourth prime?\nOptions:\nA. 2\nB. 3\nC. 5\nD. 7\nE. 11\nF. 13\nG. 17\nH. 19\nI. "
     "23\nJ. 29\nAnswer: Let's think step by step.",
     "D"},
    {"mgsm", 0, "Was ist 3 mal 4?", "12"},
    {"mgsm", 1, "Wie viel ist 1.000 + 1?", "1001"},
    {"mgsm", 2, "What is 3 times 4?", "12"},
    {"mbpp_sanitized", 0,
     "You are an expert Python programmer, and here is your task: Write a function to double a number. "
     "Answer "
     "with the whole program in one ```python code block. Your code should pass these tests:\n\nassert "
     "double(2) == 4\nassert double(0) == 0",
     NULL},
};

static void own_rows(void **state) {
    (void)state;
    lem_problems p = {NULL};
    const char *set = "";
    count n = {0};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        const expected *e = &own[i];
        if (strcmp(set, e->set) != 0) {
            lem_problems_release(&p);
            assert_true(load(e->set, OWN, &p));
            set = e->set;
        }
        assert_true(e->row < p.n);
        assert_string_equal(p.at[e->row].problem, e->asked);
        assert_string_equal(p.at[e->row].benchmark, e->set);
        if (!e->gold) assert_null(p.at[e->row].expected);
        else assert_string_equal(p.at[e->row].expected, e->gold);
        if (e->gold) judge_row(spec(set), &p.at[e->row], &n);
    }
    assert_int_equal(n.equal, n.golds);
    lem_problems_release(&p);
    assert_true(load("mbpp_sanitized", OWN, &p)); /* task_id 2 and 511 are not of the test split */
    assert_int_equal(p.n, 1);
    assert_int_equal(lem_json_int(p.at[0].id, 0), 11);
    lem_problems_release(&p);
    assert_true(load("olympiadbench", OWN, &p));
    assert_null(p.at[0].tolerance);
    assert_true(lem_json_num(p.at[1].tolerance, 0) == 0.1);
    assert_int_equal(lem_json_count(p.at[2].tolerance), 2); /* "0.2,0.1": one for each part */
    assert_true(lem_json_num(lem_json_at(p.at[2].tolerance, 0), 0) == 0.2);
    lem_problems_release(&p);
    assert_true(load("mgsm", OWN, &p));
    assert_string_equal(lem_json_str(lem_json_get(p.at[0].input, "language"), ""), "de");
    assert_string_equal(lem_json_str(lem_json_get(p.at[2].input, "language"), ""), "en");
    lem_problems_release(&p);
}

/* Every set that is not among the shared files has rows here. */
static void every_set_has_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < all.n; i++) {
        char *there = NULL, *ours = NULL;
        OK(lem_bench_path(&all.at[i], shared() ? shared() : OWN, &there, &err));
        OK(lem_bench_path(&all.at[i], OWN, &ours, &err));
        if (shared() && !there && !ours) fail_msg("%s has no rows to be tried on", all.at[i].name);
        lem_free(there);
        lem_free(ours);
    }
}

/* The right option stands where the gold says, and not always in the same place. */
static void drawn_order(void **state) {
    (void)state;
    static const char *const right[] = {"Neon", "4"};
    lem_problems p;
    assert_true(load("gpqa", OWN, &p));
    assert_int_equal(p.n, 2);
    for (size_t i = 0; i < 2; i++) {
        char want[32];
        snprintf(want, sizeof want, "(%s) %s", p.at[i].expected, right[i]);
        if (!strstr(p.at[i].problem, want)) fail_msg("'%s' is not in '%s'", want, p.at[i].problem);
        for (const char *c = "ABCD"; *c; c++) {
            char mark[8];
            snprintf(mark, sizeof mark, "(%c) ", *c);
            assert_non_null(strstr(p.at[i].problem, mark));
        }
        assert_null(strstr(p.at[i].problem, "(E)"));
    }
    lem_problems_release(&p);
}

/* ---- prompts of the shared sets of choices */

static void shared_prompts(void **state) {
    (void)state;
    lem_problems p;
    if (!shared()) skip();
    assert_true(load("mmlu_stem", shared(), &p));
    assert_string_equal(
        p.at[0].problem,
        "Based on the characteristic population curves that result from plotting population growth "
        "of a species, the most effective means of controlling the mosquito population is "
        "to\nAnswer Choices: (A) maintain the population at a point corresponding to the midpoint "
        "of its logistic curve (B) opt for zero population control once the K value of the curve "
        "has been reached (C) reduce the carrying capacity cif the environment to lower the K "
        "value (D) increase the mortality rate");
    assert_string_equal(p.at[0].expected, "C");
    lem_problems_release(&p);
    assert_true(load("aqua", shared(), &p));
    assert_non_null(strstr(p.at[0].problem,
                           "\nAnswer Choices: (A) 5(√3 + 1) (B) 6(√3 + √2) (C) 7(√3 – 1) (D) 8(√3 "
                           "– 2) (E) None of these"));
    assert_string_equal(p.at[0].expected, "A");
    lem_problems_release(&p);
    assert_true(load("mmlu", shared(), &p));
    assert_string_equal(p.at[0].problem,
                        "Find the degree for the given field extension Q(sqrt(2), sqrt(3), sqrt(18)) "
                        "over Q.\nA. 0\nB. 4\nC. 2\nD. 6\nAnswer:");
    assert_string_equal(p.at[0].expected, "B");
    assert_string_equal(lem_json_str(lem_json_get(p.at[0].input, "subject"), ""), "abstract_algebra");
    lem_problems_release(&p);
    assert_true(load("svamp", shared(), &p));
    assert_string_equal(
        p.at[0].problem,
        "There are 87 oranges and 290 bananas in Philip's collection. If the bananas are organized "
        "into 2 groups and oranges are organized into 93 groups. How big is each group of bananas?");
    assert_string_equal(p.at[0].expected, "145");
    lem_problems_release(&p);
    assert_true(load("amc23", shared(), &p));
    assert_string_equal(p.at[0].expected, "27");
    lem_problems_release(&p);
}

/* All options of all rows stand in the prompt, whatever they hold. */
static void all_options(void **state) {
    (void)state;
    static const char *const sets[] = {"mmlu_stem", "aqua", "mmlu"};
    if (!shared()) skip();
    for (int i = 0; i < 3; i++) {
        lem_problems p;
        assert_true(load(sets[i], shared(), &p));
        bool lines = spec(sets[i])->form == LEM_BENCH_LINES;
        for (size_t k = 0; k < p.n; k++) {
            const char *at = strstr(p.at[k].problem, lines ? "\nA. " : "\nAnswer Choices: (A) ");
            for (const char *c = "BCD"; at && *c; c++) {
                char mark[8];
                snprintf(mark, sizeof mark, lines ? "\n%c. " : " (%c) ", *c);
                at = strstr(at, mark);
            }
            if (!at) fail_msg("%s:%zu: %s", sets[i], k, p.at[k].problem);
        }
        lem_problems_release(&p);
    }
}

static lem_status read_row(const char *name, const char *json, lem_problem_parts *out) {
    const lem_bench_asker a = {.spec = spec(name)};
    lem_json *row = NULL;
    OK(lem_json_parse(json, strlen(json), &row, &err));
    *out = (lem_problem_parts){.skip = false};
    lem_status st = lem_bench_read(&a, "f.jsonl", row, out, &err);
    lem_json_free(row);
    return st;
}

/* ---- worked examples, and another layout of options */

static void lay_out(const void *style, const char *question, const char *const *option, int n, lem_buf *out) {
    lem_buf_printf(out, "%s %s", (const char *)style, question);
    for (int i = 0; i < n; i++) lem_buf_printf(out, "/%s", option[i]);
}

static void worked_examples(void **state) {
    (void)state;
    lem_bench_shots shots;
    lem_problems p;
    char *path = NULL;
    const lem_bench_asker stem = {spec("mmlu_stem"), lay_out, "Q"}, plain = {.spec = spec("gsm8k")},
                          sat = {spec("sat_math"), lay_out, "Q"};
    OK(lem_bench_path(sat.spec, OWN, &path, &err));
    OK(lem_bench_problems(&sat, path, -1, true, NULL, &p, &err));
    assert_string_equal(p.at[0].problem, "Q If 2x = 6, what is x?/2/3/4/6");
    lem_problems_release(&p);
    lem_free(path);
    OK(lem_bench_shots_load(&plain, OWN, NULL, &shots, &err));
    assert_int_equal(shots.problems.n, 0);
    lem_bench_shots_release(&shots);
    FAILS(lem_bench_shots_load(&stem, OWN, NULL, &shots, &err), LEM_EDATA, "worked examples of mmlu_stem: ");
    if (!shared()) skip();
    OK(lem_bench_shots_load(&stem, shared(), NULL, &shots, &err));
    assert_int_equal(shots.problems.n, 57 * 5);
    assert_string_equal(shots.problems.at[0].problem,
                        "Q Find all c in Z_3 such that Z_3[x]/(x^2 + c) is a field./0/1/2/3");
    assert_string_equal(shots.problems.at[0].expected, "B");
    assert_string_equal(shots.problems.at[0].subject, "abstract_algebra");
    lem_bench_shots_release(&shots);
}

/* ---- want of memory */

static void no_memory(void **state) {
    (void)state;
    const lem_bench_asker a = {.spec = spec("sat_math")};
    static const char text[] = "{\"question\":\"q\",\"options\":\"A) 1 B) 2\",\"Answer\":\"A\"}";
    uint64_t k = 1;
    for (bool done = false; !done; k++) {
        lem_problem_parts p = {.skip = false};
        const lem_problem_reader *reader = NULL;
        lem_bench_chooser c = {.log = NULL};
        lem_json *row = NULL;
        OK(lem_json_parse(text, sizeof text - 1, &row, &err));
        lem_mem_fail_after(k, true);
        lem_status st = lem_bench_read(&a, "f", row, &p, &err);
        lem_status known = lem_bench_choose(&c, "f", row, &reader, &err);
        lem_mem_fail_after(0, false);
        assert_true(st == LEM_OK || st == LEM_EMEM);
        assert_true(known == LEM_EMEM || (reader && strcmp(reader->name, "sat_math") == 0));
        if (st == LEM_OK) assert_string_equal(lem_json_str(lem_json_at(p.golds, 0), ""), "A");
        done = st == LEM_OK && known == LEM_OK;
        lem_bench_chooser_release(&c);
        lem_problem_parts_release(&p);
        lem_json_free(row);
    }
    print_message("%llu allocations failed one after the other\n", (unsigned long long)k);
    for (k = 1; k < 400; k += 7) {
        lem_bench_spec s = {0};
        lem_mem_fail_after(k, true);
        lem_status st = lem_bench_open("mmlu_stem", &s, &err);
        lem_mem_fail_after(0, false);
        assert_true(st == LEM_OK || st == LEM_EMEM);
        lem_bench_spec_release(&s);
    }
}

/* ---- refused rows */

static void refused_rows(void **state) {
    (void)state;
    static const struct {
        const char *set, *row, *part;
    } bad[] = {
        {"gsm8k", "{\"q\":1,\"answer\":\"#### 2\"}",
         "benchmark gsm8k: field 'question': text expected, found nothing; columns found: q, answer"},
        {"gsm8k", "{\"question\":[],\"answer\":\"#### 2\"}", "text expected, found array"},
        {"mmlu_stem", "{\"question\":\"q\",\"answer\":1}", "benchmark mmlu_stem: no options in 'choices'"},
        {"mmlu_stem", "{\"question\":\"q\",\"choices\":[\"a\"],\"answer\":0}",
         "at least two options expected, found 1"},
        {"mmlu_stem", "{\"question\":\"q\",\"choices\":[\"a\",[]],\"answer\":0}",
         "option 2: text expected, found array"},
        {"sat_math", "{\"question\":\"q\",\"options\":\"2, 3\",\"Answer\":\"A\"}",
         "'A) …  B) …' expected, found '2, 3'"},
        {"mbpp", "{\"text\":\"p\",\"test_list\":[]}", "field 'test_list': text expected, found array"},
        {"mbpp_sanitized", "{\"text\":\"t\",\"task_id\":11,\"test_list\":[\"assert 1\"]}",
         "benchmark mbpp_sanitized: field 'prompt': text expected, found nothing; columns found: text, "
         "task_id"},
    };
    static const struct {
        const char *set, *row, *why;
    } lost[] = {
        {"gsm8k", "{\"question\":\"q\",\"answer\":\"2\"}",
         "field 'answer' holds none by the rule after-hashes, found \"2\""},
        {"gsm8k", "{\"question\":\"q\"}", "there is no field 'answer'; columns found: question"},
        {"gsm8k", "{\"question\":\"q\",\"answer\":\"so ####  \"}", "field 'answer' holds none"},
        {"math", "{\"problem\":\"q\",\"solution\":\"no box\"}", "by the rule last-boxed"},
        {"math", "{\"problem\":\"q\",\"solution\":\"\\\\boxed{1\"}", "by the rule last-boxed"},
        {"math", "{\"problem\":\"q\",\"solution\":null}", "there is no field 'solution'"},
        {"svamp", "{\"Body\":\"b\",\"Question\":\"q\",\"Answer\":\"many\"}", "by the rule number"},
        {"mmlu_stem", "{\"question\":\"q\",\"choices\":[\"a\",\"b\"],\"answer\":2}",
         "by the rule letter-of-index"},
        {"mmlu_stem", "{\"question\":\"q\",\"choices\":[\"a\",\"b\"],\"answer\":-1}",
         "by the rule letter-of-index"},
        {"aqua", "{\"question\":\"q\",\"options\":[\"A)a\",\"B)b\"],\"correct\":\"C\"}",
         "by the rule letter"},
        {"aqua", "{\"question\":\"q\",\"options\":[\"A)a\",\"B)b\"],\"correct\":\"AB\"}",
         "by the rule letter"},
        {"olympiadbench", "{\"question\":\"q\",\"final_answer\":[]}", "field 'final_answer' holds none"},
        {"olympiadbench", "{\"question\":\"q\",\"final_answer\":[\"1\",{}]}",
         "field 'final_answer' holds none"},
        {"humaneval", "{\"prompt\":\"p\",\"entry_point\":\"f\"}",
         "field 'test': text expected, found nothing"},
        {"mbpp", "{\"text\":\"p\",\"test_list\":[\"\"]}", "its tests are empty"},
    };
    lem_problem_parts p;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        FAILS(read_row(bad[i].set, bad[i].row, &p), LEM_EDATA, bad[i].part);
        lem_problem_parts_release(&p);
    }
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
        OK(read_row(lost[i].set, lost[i].row, &p));
        assert_null(p.golds);
        if (!strstr(p.no_gold, lost[i].why)) fail_msg("'%s' is not in '%s'", lost[i].why, p.no_gold);
        lem_problem_parts_release(&p);
    }
}

/* ---- rows of choices by their columns */

static void recognised(void **state) {
    (void)state;
    static const struct {
        const char *row, *set;
    } rows[] = {
        {"{\"question\":\"q\",\"type\":\"t\",\"choices\":[\"a\",\"b\",\"c\",\"d\"],\"answer\":2}",
         "mmlu_stem"},
        {"{\"question\":\"q\",\"subject\":\"t\",\"choices\":[\"a\",\"b\",\"c\",\"d\"],\"answer\":2}", "mmlu"},
        {"{\"question\":\"q\",\"options\":[\"A)1\",\"B)2\"],\"rationale\":\"r\",\"correct\":\"B\"}", "aqua"},
        {"{\"question\":\"q\",\"options\":\"A) 1 B) 2\",\"Answer\":\"A\"}", "sat_math"},
        {"{\"question_id\":1,\"question\":\"q\",\"options\":[\"1\",\"2\"],\"answer\":\"A\",\"answer_index\":"
         "0,"
         "\"category\":\"math\"}",
         "mmlu_pro"},
        {"{\"Question\":\"q\",\"Correct Answer\":\"1\",\"Incorrect Answer 1\":\"2\",\"Incorrect Answer "
         "2\":\"3\","
         "\"Incorrect Answer 3\":\"4\"}",
         "gpqa"},
        {"{\"problem\":\"q\",\"answer\":\"5\"}", NULL},
        {"{\"question\":\"q\",\"answer\":\"#### 5\",\"choices\":[]}", NULL},
    };
    const lem_problem_reader *reader = NULL;
    lem_json *row = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lem_bench_chooser c = {.log = NULL};
        reader = NULL;
        OK(lem_json_parse(rows[i].row, strlen(rows[i].row), &row, &err));
        OK(lem_bench_choose(&c, "f", row, &reader, &err));
        if (!rows[i].set) assert_null(reader);
        else assert_string_equal(reader ? reader->name : "(none)", rows[i].set);
        lem_json_free(row);
        lem_bench_chooser_release(&c);
    }
    static const char other[] = "{\"question\":\"q\",\"options\":[\"1\",\"2\"],\"label\":\"A\"}";
    OK(lem_json_parse(other, strlen(other), &row, &err));
    lem_bench_chooser c = {.log = NULL};
    FAILS(lem_bench_choose(&c, "f", row, &reader, &err), LEM_EDATA,
          "rows of choices (column options) and are of no benchmark that is known");
    assert_non_null(strstr(err.text, "columns found: question, options, label"));
    lem_bench_chooser_release(&c);
    lem_json_free(row);
}

/* ---- several golds */

static void several(void **state) {
    (void)state;
    lem_bench_spec s = {0};
    const lem_bench_asker a = {.spec = &s};
    lem_problem_parts p = {.skip = false};
    lem_json *row = NULL;
    static const char text[] = "{\"q\":\"q\",\"a\":[\"1\",2,\"$\\\\$3$\"]}";
    OK(parse(BASE "gold: strip-dollars\n", &s));
    OK(lem_json_parse(text, strlen(text), &row, &err));
    OK(lem_bench_read(&a, "f", row, &p, &err));
    assert_int_equal(lem_json_count(p.golds), 3);
    assert_string_equal(lem_json_str(lem_json_at(p.golds, 1), ""), "2");
    assert_string_equal(lem_json_str(lem_json_at(p.golds, 2), ""), "\\$3");
    lem_problem_parts_release(&p);
    lem_bench_spec_release(&s);
    p = (lem_problem_parts){.skip = false};
    OK(parse(BASE "gold: strip-dollars\nseveral: all\n", &s));
    OK(lem_bench_read(&a, "f", row, &p, &err));
    assert_int_equal(lem_json_count(p.golds), 1);
    assert_string_equal(lem_json_str(lem_json_at(p.golds, 0), ""), "1, 2, \\$3");
    lem_problem_parts_release(&p);
    lem_bench_spec_release(&s);
    lem_json_free(row);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_specs),      cmocka_unit_test(bad_specs),
        cmocka_unit_test(own_rows),       cmocka_unit_test(drawn_order),
        cmocka_unit_test(refused_rows),   cmocka_unit_test(recognised),
        cmocka_unit_test(several),        cmocka_unit_test(worked_examples),
        cmocka_unit_test(no_memory),      cmocka_unit_test(every_set_has_rows),
        cmocka_unit_test(shared_prompts), cmocka_unit_test(all_options),
        cmocka_unit_test(shared_golds),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
