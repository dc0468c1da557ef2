/* test_heads - every kind of reward head: rendering, tokens and scores of tests/data/golden_heads against
 * PyTorch and Transformers */
#include "golden_util.h"

#include "model/weights_open.h"
#include "prompt/chat.h"
#include "reward/recipe.h"
#include "reward/scorer.h"

/* fp32 on both sides, as in test_golden_model. Probabilities are compared each relative to itself; unbounded
 * scores, which pass through zero, relative to the largest of their row. */
#define TOL 1e-5

enum { MAX_TEXTS = 16, MAX_READS = 64 };

typedef struct folder {
    char dir[512];
    lem_model *m;
    lem_weights *w;
    lem_backend *b;
    lem_tokenizer *t;
    lem_json *cases;
    lem_head_reading how;
    lem_prompt_recipe recipe;
} folder;

static folder open_folder(const char *name, const char *cases, lem_isa isa) {
    folder f = {.m = NULL};
    char path[600];
    snprintf(f.dir, sizeof f.dir, "%s/golden_heads/%s", LEMMA_TEST_DATA, name);
    snprintf(path, sizeof path, "%s/%s", f.dir, cases);
    OK(lem_json_load(path, 1 << 20, &f.cases, &gerr));
    OK(far_or_plain(isa, NULL, &f.b, &gerr));
    OK(lem_model_open_any(f.dir, &f.m, &gerr));
    OK(lem_weights_new(f.m, f.b, LEM_DTYPE_F32, &f.w, &gerr));
    OK(lem_tokenizer_load(f.dir, &f.t, &gerr));
    lem_head_shape shape = f.m->config.reward;
    const char *head = lem_json_str(lem_json_get(f.cases, "head"), NULL);
    if (head) OK(lem_head_from_name(head, &shape, &gerr));
    OK(lem_head_read(&shape, lem_json_str(lem_json_get(f.cases, "output"), NULL), &f.how, &gerr));
    OK(lem_reward_recipe_make(&shape, f.t, f.dir, &(lem_prompt_settings){0}, &f.recipe, &gerr));
    if (shape.kind == LEM_HEAD_KIND_CLASSIFIER)
        f.recipe.system = LEM_REWARD_SYSTEM; /* the cases are AceMath's */
    return f;
}

static void close_folder(folder *f) {
    lem_tokenizer_free(f->t);
    lem_weights_free(f->w);
    lem_model_free(f->m);
    far_or_plain_free(f->b);
    lem_json_free(f->cases);
}

static lem_scorer *scorer_of(const folder *f, int max_rows) {
    lem_scorer *s = NULL;
    OK(lem_scorer_new(f->w, f->b, &f->how, f->recipe.good, f->recipe.bad, max_rows, &s, &gerr));
    return s;
}

/* Values of all texts of a row, text after text. Returns their number; counts[i] of text i. */
static int score_row(const folder *f, lem_scorer *s, const lem_json *row, float *value, int *counts) {
    const lem_json *texts = lem_json_get(row, "completions");
    lem_rendering r[MAX_TEXTS] = {{{0}, NULL, 0, 0}};
    lem_score_item items[MAX_TEXTS];
    int n = (int)lem_json_count(texts), reads = 0;
    assert_true(n <= MAX_TEXTS);
    for (int i = 0; i < n; i++) {
        OK(lem_prompt_solution(&f->recipe, f->t, lem_json_str(lem_json_get(row, "problem"), ""),
                               lem_json_str(lem_json_at(texts, (size_t)i), ""),
                               strlen(lem_json_str(lem_json_at(texts, (size_t)i), "")), &r[i], &gerr));
        items[i] = (lem_score_item){r[i].ids.data, (int)r[i].ids.len, r[i].at, r[i].n_at, value + reads};
        counts[i] = r[i].n_at;
        reads += r[i].n_at;
        assert_true(reads <= MAX_READS);
    }
    OK(lem_scorer_run(s, items, n, &gerr));
    for (int i = 0; i < n; i++) lem_rendering_release(&r[i]);
    return reads;
}

static double check_row(const folder *f, lem_scorer *s, const lem_json *row) {
    const lem_json *want = lem_json_get(row, "scores");
    float value[MAX_READS];
    int counts[MAX_TEXTS], at = 0;
    double worst = 0, top = 0;
    score_row(f, s, row, value, counts);
    for (size_t i = 0; i < lem_json_count(want); i++)
        top = fmax(top, fabs(lem_json_num(lem_json_at(want, i), 0)));
    for (size_t i = 0; i < lem_json_count(want); i++) {
        const lem_json *one = lem_json_at(want, i);
        bool list = lem_json_kind(one) == LEM_JSON_ARRAY;
        assert_int_equal(list ? lem_json_count(one) : 1, counts[i]);
        for (int k = 0; k < counts[i]; k++) {
            double x = lem_json_num(list ? lem_json_at(one, (size_t)k) : one, NAN),
                   gap = fabs((double)value[at++] - x) / (list ? fabs(x) : top);
            if (!(gap <= worst)) worst = gap;
        }
    }
    return worst;
}

static const struct {
    const char *name, *cases;
} folders[] = {
    {"qwen2_classifier", "cases.json"},
    {"qwen3_classifier", "cases.json"},
    {"internlm2_rm", "cases.json"},
    {"llama_two_labels", "cases.json"},
    {"mistral_two_labels", "cases.json"},
    {"qwen_rm", "cases.json"},
    {"qwen_prm", "cases.json"},
    {"skywork_prm", "cases.json"},
    {"llamafactory", "cases.json"},
    {"openrlhf", "cases.json"},
    {"trl_prm", "cases.json"},
    {"rlhflow_prm", "cases.json"},
    {"openrlhf_value_head", "cases.json"},
    {"math_shepherd", "cases.json"},
    {"rlhflow_prm", "cases_orm.json"},
};
enum { N_FOLDERS = (int)(sizeof folders / sizeof folders[0]) };

static void scores_of_pytorch(void **state) {
    (void)state;
    int ran = 0;
    for (int i = 0; i < N_FOLDERS; i++) {
        for (int k = 0; k < GOLDEN_ISAS; k++) {
            if (!lem_isa_supported(golden_isas[k])) continue;
            folder f = open_folder(folders[i].name, folders[i].cases, golden_isas[k]);
            lem_scorer *s = scorer_of(&f, 512);
            const lem_json *rows = lem_json_get(f.cases, "rows");
            double worst = 0;
            assert_true(lem_json_count(rows) > 0);
            for (size_t r = 0; r < lem_json_count(rows); r++)
                worst = fmax(worst, check_row(&f, s, lem_json_at(rows, r)));
            print_message("%-20s %-14s %-8s %.1e\n", folders[i].name, folders[i].cases, f.b->ops->name,
                          worst);
            assert_true(worst <= TOL);
            lem_scorer_free(s);
            close_folder(&f);
            ran++;
        }
    }
    assert_true(ran >= 2 * N_FOLDERS);
}

/* A score has the same bits alone, in any company, in any order, with small and large passes. */
static void independent_of_company(void **state) {
    (void)state;
    for (int i = 0; i < N_FOLDERS; i++) {
        folder f = open_folder(folders[i].name, folders[i].cases, LEM_ISA_AUTO);
        lem_scorer *wide = scorer_of(&f, 512), *narrow = scorer_of(&f, 240);
        const lem_json *rows = lem_json_get(f.cases, "rows");
        for (size_t r = 0; r < lem_json_count(rows); r++) {
            const lem_json *row = lem_json_at(rows, r), *texts = lem_json_get(row, "completions");
            float all[MAX_READS], tight[MAX_READS], alone[MAX_READS], backwards[MAX_READS];
            int counts[MAX_TEXTS], one[MAX_TEXTS], n = (int)lem_json_count(texts), at = 0;
            int total = score_row(&f, wide, row, all, counts);
            assert_int_equal(score_row(&f, narrow, row, tight, one), total);
            assert_memory_equal(all, tight, (size_t)total * sizeof *all);
            lem_json *turned = lem_json_copy(row), *list = lem_json_new_array();
            for (int k = n; k-- > 0;)
                assert_true(lem_json_append(list, lem_json_copy(lem_json_at(texts, (size_t)k))));
            assert_true(lem_json_set(turned, "completions", list));
            assert_int_equal(score_row(&f, wide, turned, backwards, one), total);
            for (int k = 0; k < n; k++) {
                lem_json *single = lem_json_new_array();
                assert_true(lem_json_append(single, lem_json_copy(lem_json_at(texts, (size_t)k))));
                assert_true(lem_json_set(turned, "completions", single));
                assert_int_equal(score_row(&f, wide, turned, alone, one), counts[k]);
                assert_memory_equal(alone, all + at, (size_t)counts[k] * sizeof *all);
                at += counts[k];
                assert_memory_equal(backwards + total - at, alone, (size_t)counts[k] * sizeof *all);
            }
            lem_json_free(turned);
        }
        lem_scorer_free(wide);
        lem_scorer_free(narrow);
        close_folder(&f);
    }
}

/* What is shared is computed once: fewer tokens than the sequences have, exactly those of their tree. */
static void shared_once(void **state) {
    (void)state;
    folder f = open_folder("qwen2_classifier", "cases.json", LEM_ISA_AUTO);
    const lem_json *row = lem_json_at(lem_json_get(f.cases, "rows"), 0);
    lem_scorer *s = scorer_of(&f, 512);
    lem_rendering r = {{0}, NULL, 0, 0}, other = {{0}, NULL, 0, 0};
    const char *problem = lem_json_str(lem_json_get(row, "problem"), "");
    OK(lem_prompt_solution(&f.recipe, f.t, problem, "The answer is 42.", strlen("The answer is 42."), &r,
                           &gerr));
    OK(lem_prompt_solution(&f.recipe, f.t, problem, "The answer is 40.", strlen("The answer is 40."), &other,
                           &gerr));
    int n = (int)r.ids.len, m = (int)other.ids.len, same = 0;
    while (r.ids.data[same] == other.ids.data[same]) same++;
    assert_true(same > 20 && same < n && same < m);
    float value[4];
    int half = same / 2;
    lem_score_item items[4] = {{r.ids.data, n, r.at, 1, &value[0]},
                               {other.ids.data, m, other.at, 1, &value[1]},
                               {r.ids.data, n, r.at, 1, &value[2]},          /* the same again */
                               {r.ids.data, half + 1, &half, 1, &value[3]}}; /* a beginning of it */
    OK(lem_scorer_run(s, items, 4, &gerr));
    assert_int_equal(lem_scorer_tokens(s), n + m - same);
    assert_true(value[0] == value[2] && value[0] != value[1] && value[3] != value[0]);
    lem_rendering_release(&r);
    lem_rendering_release(&other);
    lem_scorer_free(s);
    close_folder(&f);
}

/* rm train and rm score read a solution as the same tokens. */
static void trained_as_scored(void **state) {
    (void)state;
    folder f = open_folder("qwen2_classifier", "cases.json", LEM_ISA_AUTO);
    const lem_json *rows = lem_json_get(f.cases, "rows");
    for (size_t r = 0; r < lem_json_count(rows); r++) {
        const lem_json *row = lem_json_at(rows, r), *texts = lem_json_get(row, "completions");
        const char *problem = lem_json_str(lem_json_get(row, "problem"), "");
        for (size_t i = 0; i < lem_json_count(texts); i++) {
            lem_ids ids = {0};
            lem_rendering x = {{0}, NULL, 0, 0};
            const lem_json *text = lem_json_at(texts, i);
            OK(lem_chat_prompt(f.t, LEM_REWARD_SYSTEM, problem, &ids, &gerr));
            OK(lem_chat_reply(f.t, lem_json_str(text, ""), lem_json_str_len(text), &ids, &gerr));
            OK(lem_prompt_solution(&f.recipe, f.t, problem, lem_json_str(text, ""),
                                   strlen(lem_json_str(text, "")), &x, &gerr));
            assert_int_equal(ids.len, x.ids.len);
            assert_memory_equal(ids.data, x.ids.data, ids.len * sizeof *ids.data);
            lem_ids_release(&ids);
            lem_rendering_release(&x);
        }
    }
    close_folder(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(scores_of_pytorch),
                                       cmocka_unit_test(independent_of_company),
                                       cmocka_unit_test(shared_once), cmocka_unit_test(trained_as_scored)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
