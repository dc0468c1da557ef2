/* candidate_maps.c - the table of named maps, which of them a row is of, and maps as JSON */
#include "data/candidate_maps.h"

#include "core/object.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const field_names[LEM_CAND_N_FIELDS] = {
    "id",      "problem", "expected_answer", "completions",  "predicted_answer", "correct",  "rm_score",
    "logprob", "tokens",  "step_scores",     "logprob_mean", "finish_reason",    "generator"};

const char *lem_candidates_field_name(lem_candidates_field f) {
    return (unsigned)f < LEM_CAND_N_FIELDS ? field_names[f] : "?";
}

#define OURS                                                                                                 \
    {                                                                                                        \
        "id", "problem", "expected_answer", "completions", "predicted_answer", "correct", "rm_score",        \
            "logprob", "tokens", "step_scores", "logprob_mean", "finish_reason"                              \
    }

/* In the order in which rows are tried: what needs more columns comes before what needs fewer of them. */
static const lem_candidate_map_info maps[] = {
    {.name = "Lemma",
     .by = "lemma sample, grade, rm score, prm score",
     .about = "one problem a row; further columns go along",
     .need = {"completions", "expected_answer"},
     .path = OURS},
    {.name = "Qwen2.5-Math",
     .by = "Qwen2.5-Math evaluation (math_eval.py, rm_maj_eval.py)",
     .files = "test_*_seed0_*.jsonl",
     .about = "pred_score[] holds a list of one number a candidate",
     .need = {"code", "gt"},
     .path = {"idx", "question", "gt", "code", "pred", "score", "pred_score", "logprob", "tokens",
              "step_scores", "logprob_mean", "finish_reason"}},
    {.name = "search-and-learn",
     .by = "search-and-learn (best_of_n, beam_search, dvts)",
     .about = "scores[][] are those of steps, agg_scores[] those of candidates",
     .need = {"completions", "answer", "scores"},
     .path = {"id||unique_id", "problem", "answer", "completions", "predicted_answer", "correct",
              "agg_scores", "logprob", "completion_tokens", "scores", "logprob_mean", "finish_reason"}},
    {.name = "search-and-learn",
     .by = "search-and-learn (best_of_n without scores)",
     .about = "as above, without scores",
     .need = {"completions", "answer", "pred"},
     .path = {"id||unique_id", "problem", "answer", "completions", "predicted_answer", "correct",
              "agg_scores", "logprob", "completion_tokens", NULL, "logprob_mean", "finish_reason"}},
    {.name = "UltraFeedback",
     .by = "UltraFeedback (openbmb)",
     .about = "no gold and no verdicts: for rm score and best-of rows",
     .need = {"instruction", "completions.0.response"},
     .path = {"id", "instruction", NULL, "completions.*.response", NULL, NULL,
              "completions.*.overall_score", [LEM_CAND_GENERATOR] = "completions.*.model"},
     .data_kind = true},
    {.name = "RLHFlow",
     .by = "RLHFlow's best-of-N files, and what its prm_evaluate.py and orm_evaluate.py add",
     .about =
         "label[] or labels[] are the verdicts; steps end in 'ки' or blank lines, and become blank lines",
     .need = {"prompt", "answers", "label||labels"},
     .path = {"id||idx", "prompt", "expected_answer||answer||gt", "answers", NULL, "label||labels",
              "rm_score||rewards", NULL, NULL, "step_scores"},
     .mark = "\xd0\xba\xd0\xb8",
     .data_kind = true},
    {.name = "Lemma",
     .by = "lemma sample without golds",
     .about = "one problem a row, without expected_answer",
     .need = {"completions"},
     .path = OURS},
    {.name = "NeMo-Skills",
     .by = "NeMo-Skills (ns generate, ns eval)",
     .files = "output-rs*.jsonl",
     .about = "one candidate a row, one file a seed: several files are one set",
     .need = {"generation", "expected_answer"},
     .path = {"id", "problem||question", "expected_answer", "generation", "predicted_answer",
              "symbolic_correct||is_correct", "reward_model_score", "logprob", "num_generated_tokens",
              "step_scores", "logprob_mean", "finish_reason"},
     .each = true},
    {.name = "OpenMathInstruct",
     .by = "OpenMathInstruct-1 (nvidia)",
     .about = "one candidate a row; is_correct is the file's own and may be wrong: grade --check is_correct",
     .need = {"generated_solution", "expected_answer"},
     .path = {"id", "question||problem", "expected_answer", "generated_solution", "predicted_answer",
              "is_correct"},
     .each = true},
    {.name = "lm-eval",
     .by = "lm-evaluation-harness (--log_samples), tasks that generate",
     .files = "samples_*.jsonl",
     .about = "a document stands once for each filter, and one filter is read (--filter); repeats are "
              "candidates",
     .need = {"doc_id", "resps", "target"},
     .path = {"doc_id",
              "doc.problem||doc.question||doc.Problem||doc.query||arguments.gen_args_0.arg_0||arguments.0.0",
              "target", "resps.0", "predicted_answer||filtered_resps",
              "correct||exact_match||math_verify||acc", "rm_score", "logprob", "tokens", "step_scores",
              "logprob_mean", "finish_reason"},
     .filter = "filter",
     .loose = true},
    {.name = "lighteval",
     .by = "lighteval, details since 0.9 (parquet)",
     .files = "details_*.parquet",
     .about = "the gold is the first of doc.choices; a metric that is no verdict of each text is left out",
     .need = {"model_response.text", "doc.choices", "metric"},
     .path = {"doc.id", "doc.query", "doc.choices.0", "model_response.text", NULL,
              "metric.extractive_match||metric.math_verify||metric.exact_match||metric.em||metric.qem"},
     .loose = true},
    {.name = "lighteval",
     .by = "lighteval, details before 0.9 (parquet)",
     .files = "details_*.parquet",
     .about = "as above, in the older columns",
     .need = {"predictions", "gold", "full_prompt"},
     .path = {NULL, "example||full_prompt", "gold", "predictions", NULL,
              "metrics.extractive_match||metrics.math_verify||metrics.exact_match||metrics.em||metrics.qem"},
     .loose = true},
    {.name = "OpenAI GSM8K",
     .by = "grade-school-math (OpenAI), example_model_solutions",
     .files = "example_model_solutions.jsonl",
     .about = "each column of solution and is_correct is a model, and its solution a candidate",
     .need = {"question", "ground_truth", "*.solution", "*.is_correct"},
     .path = {NULL, "question", "ground_truth", "*.solution", NULL, "*.is_correct"}},
    {.name = "MathCoder",
     .by = "MathCoder's outputs gathered by problem, and lists of samples like them",
     .about = "samples[] with text, pred and correct",
     .need = {"samples", "gold"},
     .path = {"id", "question", "gold", "samples.*.text", "samples.*.pred", "samples.*.correct"}},
    {.name = "DeepSeek-Math",
     .by = "DeepSeek-Math evaluation (run_cot_eval.py and its kin)",
     .files = "*/predictions.json",
     .about = "one candidate a row, a folder for each repeat: several files are one set",
     .need = {"model_output", "prediction", "messages"},
     .path = {"id", "messages.0.content", "answer", "model_output", "prediction", "accuracy"},
     .each = true,
     .loose = true},
    {.name = "PRM800K",
     .by = "PRM800K (OpenAI), phase 2",
     .about = "the solution that was labelled, its steps joined by lines; rm_score is the verifier's",
     .need = {"question.problem", "question.pre_generated_steps", "question.ground_truth_answer"},
     .path = {NULL, "question.problem", "question.ground_truth_answer", "question.pre_generated_steps",
              "question.pre_generated_answer", NULL, "question.pre_generated_verifier_score"},
     .each = true,
     .join = "\n",
     .data_kind = true},
    {.name = "vLLM",
     .by = "scripts that save vLLM's RequestOutput, one prompt a row",
     .about = "outputs[] with text, finish_reason and cumulative_logprob",
     .need = {"prompt", "outputs.0.text"},
     .path = {"id||idx", "problem||question||prompt", "expected_answer||answer||gt||ground_truth",
              "outputs.*.text", NULL, NULL, NULL, "outputs.*.cumulative_logprob", NULL, NULL, NULL,
              "outputs.*.finish_reason"},
     .loose = true,
     .data_kind = true},
    {.name = "OpenAI batch",
     .by = "vLLM run-batch, OpenAI's batch output",
     .about = "choices of one request; neither problem nor gold stand in it",
     .need = {"custom_id", "response.body.choices"},
     .path = {"custom_id", NULL, NULL, "response.body.choices.*.message.content", NULL, NULL, NULL, NULL,
              NULL, NULL, NULL, "response.body.choices.*.finish_reason"},
     .data_kind = true},
    {.name = "Lemma without texts",
     .by = "lemma, tables of scores and verdicts alone",
     .about = "one problem a row",
     .need = {"rm_score||step_scores", "correct"},
     .path = {"id", "problem", "expected_answer", NULL, "predicted_answer", "correct", "rm_score", "logprob",
              "tokens", "step_scores", "logprob_mean", "finish_reason"}},
};
enum { N_MAPS = sizeof maps / sizeof *maps };

const lem_candidate_map_info *lem_candidate_map_at(int i) { return i >= 0 && i < N_MAPS ? &maps[i] : NULL; }

const lem_candidate_map_info *lem_candidate_map_find(const char *name) {
    for (int i = 0; i < N_MAPS; i++)
        if (strcasecmp(maps[i].name, name) == 0) return &maps[i];
    return NULL;
}

/* ---- which map a row is of ---- */

/* Some column holds the member. */
static bool any_column_has(const lem_json *row, const char *member) {
    for (const char *k = lem_json_key_next(row, NULL); k; k = lem_json_key_next(row, k)) {
        const lem_json *v = lem_json_key_value(k);
        if (lem_json_kind(v) == LEM_JSON_OBJECT && lem_json_get(v, member)) return true;
    }
    return false;
}

/* Whether the row has a path, or one of several with "||" between. */
static bool has(const lem_json *row, const char *path) {
    char one[128];
    while (path) {
        const char *next = strstr(path, "||");
        size_t n = next ? (size_t)(next - path) : strlen(path);
        if (n < sizeof one) {
            memcpy(one, path, n);
            one[n] = '\0';
            if (strncmp(one, "*.", 2) == 0 ? any_column_has(row, one + 2) : lem_json_find(row, one) != NULL)
                return true;
        }
        path = next ? next + 2 : NULL;
    }
    return false;
}

bool lem_candidate_map_fits(const lem_candidate_map_info *m, const lem_json *row, const char **lacks) {
    for (int k = 0; k < LEM_CAND_MAX_NEED && m->need[k]; k++) {
        if (has(row, m->need[k])) continue;
        if (lacks) *lacks = m->need[k];
        return false;
    }
    return true;
}

const lem_candidate_map_info *lem_candidate_map_of(const lem_json *row) {
    for (int i = 0; i < N_MAPS; i++)
        if (lem_candidate_map_fits(&maps[i], row, NULL)) return &maps[i];
    return NULL;
}

/* Needed columns that are there count more than others. */
static int resemblance(const lem_candidate_map_info *m, const lem_json *row) {
    int n = 0;
    for (int k = 0; k < LEM_CAND_MAX_NEED && m->need[k]; k++) n += has(row, m->need[k]) ? 8 : 0;
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++)
        n += m->path[f] && strcmp(m->path[f], lem_candidates_field_name((lem_candidates_field)f)) != 0 &&
             has(row, m->path[f]);
    return n;
}

const lem_candidate_map_info *lem_candidate_map_nearest(const lem_json *row, const char **lacks) {
    const lem_candidate_map_info *best = NULL;
    int most = 0;
    for (int i = 0; i < N_MAPS; i++) {
        int n = resemblance(&maps[i], row);
        if (n <= most) continue;
        most = n;
        best = &maps[i];
    }
    *lacks = NULL;
    if (best) lem_candidate_map_fits(best, row, lacks);
    return best;
}

/* ---- as JSON ---- */

static lem_json *need_json(const lem_candidate_map_info *m) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int k = 0; ok && k < LEM_CAND_MAX_NEED && m->need[k]; k++)
        ok = lem_json_append(list, lem_json_new_str(m->need[k]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *paths_json(const lem_candidate_map_info *m) {
    lem_object o = lem_object_new();
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++)
        if (m->path[f]) lem_object_str(&o, lem_candidates_field_name((lem_candidates_field)f), m->path[f]);
    return lem_object_done(&o);
}

lem_json *lem_candidate_map_json(const lem_candidate_map_info *m) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", m->name);
    lem_object_str(&o, "by", m->by);
    if (m->files) lem_object_str(&o, "files", m->files);
    lem_object_str(&o, "about", m->about);
    lem_object_json(&o, "need", need_json(m));
    lem_object_str(&o, "rows", m->each ? "candidates" : "problems");
    if (m->filter) lem_object_str(&o, "filter", m->filter);
    if (m->join) lem_object_str(&o, "join", m->join);
    if (m->mark) lem_object_str(&o, "step_mark", m->mark);
    if (m->loose) lem_object_bool(&o, "loose", true);
    lem_object_json(&o, "fields", paths_json(m));
    return lem_object_done(&o);
}

static const char *text_of(const lem_json *j, const char *key, const char *source, lem_status *st,
                           lem_err *err) {
    const lem_json *v = lem_json_get(j, key);
    if (*st != LEM_OK || !v || lem_json_kind(v) == LEM_JSON_STRING) return lem_json_str(v, NULL);
    *st = lem_fail(err, LEM_EUSAGE, "%s: %s: text expected, found %s", source, key, lem_json_kind_name(v));
    return NULL;
}

static lem_status check_keys(const lem_json *j, const char *source, lem_err *err) {
    static const char known[] = " name by files about need rows filter join step_mark loose fields ";
    char key[64];
    for (const char *k = lem_json_key_next(j, NULL); k; k = lem_json_key_next(j, k)) {
        int n = snprintf(key, sizeof key, " %.60s ", k);
        if (n > 2 && !strchr(k, ' ') && strstr(known, key)) continue;
        return lem_fail(err, LEM_EUSAGE, "%s: unknown key '%.60s'; known are%.*s", source, k,
                        (int)sizeof known - 2, known);
    }
    return LEM_OK;
}

static lem_status read_need(const lem_json *need, const char *source, lem_candidate_map_info *m,
                            lem_err *err) {
    size_t n = lem_json_count(need);
    if (need && (lem_json_kind(need) != LEM_JSON_ARRAY || n > LEM_CAND_MAX_NEED))
        return lem_fail(err, LEM_EUSAGE, "%s: need: a list of at most %d paths expected", source,
                        LEM_CAND_MAX_NEED);
    for (size_t k = 0; k < n; k++)
        if (!(m->need[k] = lem_json_str(lem_json_at(need, k), NULL)))
            return lem_fail(err, LEM_EUSAGE, "%s: need[%zu]: text expected, found %s", source, k,
                            lem_json_kind_name(lem_json_at(need, k)));
    return LEM_OK;
}

static int field_of(const char *name) {
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++)
        if (strcmp(lem_candidates_field_name((lem_candidates_field)f), name) == 0) return f;
    return -1;
}

static lem_status read_paths(const lem_json *fields, const char *source, lem_candidate_map_info *m,
                             lem_err *err) {
    if (lem_json_kind(fields) != LEM_JSON_OBJECT || lem_json_count(fields) == 0)
        return lem_fail(err, LEM_EUSAGE, "%s: fields: a map of our names to paths expected", source);
    for (const char *k = lem_json_key_next(fields, NULL); k; k = lem_json_key_next(fields, k)) {
        const char *path = lem_json_str(lem_json_key_value(k), NULL);
        int f = field_of(k);
        if (f < 0) return lem_fail(err, LEM_EUSAGE, "%s: fields: unknown field '%.60s'", source, k);
        if (!path || !*path) return lem_fail(err, LEM_EUSAGE, "%s: fields.%s: a path expected", source, k);
        m->path[f] = path;
    }
    return LEM_OK;
}

lem_status lem_candidate_map_read(const lem_json *j, const char *source, lem_candidate_map_info *out,
                                  lem_err *err) {
    lem_candidate_map_info m = {0};
    lem_status st = LEM_OK;
    if (lem_json_kind(j) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EUSAGE, "%s: a map of candidates expected ('lemma maps NAME' prints one)",
                        source);
    LEM_TRY(check_keys(j, source, err));
    m.name = text_of(j, "name", source, &st, err);
    m.by = text_of(j, "by", source, &st, err);
    m.files = text_of(j, "files", source, &st, err);
    m.about = text_of(j, "about", source, &st, err);
    m.filter = text_of(j, "filter", source, &st, err);
    m.join = text_of(j, "join", source, &st, err);
    m.mark = text_of(j, "step_mark", source, &st, err);
    const char *rows = text_of(j, "rows", source, &st, err);
    if (st == LEM_OK && rows && strcmp(rows, "candidates") != 0 && strcmp(rows, "problems") != 0)
        st = lem_fail(err, LEM_EUSAGE, "%s: rows: problems or candidates expected, found '%.40s'", source,
                      rows);
    if (st != LEM_OK) return st;
    m.each = rows && strcmp(rows, "candidates") == 0;
    m.loose = lem_json_bool(lem_json_get(j, "loose"), false);
    if (!m.name) m.name = source;
    if (m.mark && !*m.mark) m.mark = NULL;
    LEM_TRY(read_need(lem_json_get(j, "need"), source, &m, err));
    LEM_TRY(read_paths(lem_json_get(j, "fields"), source, &m, err));
    *out = m;
done:
    return st;
}
