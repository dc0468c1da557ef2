/* examples.c - worked examples that a document gives */
#include "report/sections.h"

#include "core/buf.h"

#include <math.h>
#include <stdio.h>

enum { MAX_PARTS = 16, MAX_STEPS = 128 };

static void candidate_label(const lem_json *c, size_t index, char out[96]) {
    const lem_json *correct = lem_json_get(c, "correct"), *score = lem_json_get(c, "score");
    const char *given = lem_json_str(lem_json_get(c, "label"), NULL);
    const char *verdict = "";
    if (lem_json_kind(correct) == LEM_JSON_BOOL)
        verdict = lem_json_bool(correct, false) ? ", right" : ", wrong";
    char number[24] = "";
    lem_json_type kind = lem_json_kind(score);
    if (kind == LEM_JSON_INT || kind == LEM_JSON_REAL)
        snprintf(number, sizeof number, ", score %.3g", lem_json_num(score, 0));
    if (given) snprintf(out, 96, "%.60s%s%s", given, verdict, number);
    else snprintf(out, 96, "Candidate %zu%s%s", index + 1, verdict, number);
}

static lem_tone tone_of(const lem_json *correct) {
    if (lem_json_kind(correct) != LEM_JSON_BOOL) return LEM_TONE_PLAIN;
    return lem_json_bool(correct, false) ? LEM_TONE_GOOD : LEM_TONE_BAD;
}

/* A candidate as a part; steps: [MAX_STEPS] for the scores of its steps. */
static lem_example_part part_of(const lem_json *c, const char *label, double *steps) {
    const lem_json *scores = lem_json_get(c, "step_scores");
    int n = 0;
    for (; n < (int)lem_json_count(scores) && n < MAX_STEPS; n++)
        steps[n] = lem_json_num(lem_json_at(scores, (size_t)n), NAN);
    return (lem_example_part){.label = label,
                              .text = lem_json_str(lem_json_get(c, "text"), ""),
                              .tone = tone_of(lem_json_get(c, "correct")),
                              .steps = steps,
                              .n_steps = n};
}

void lem_report_example(lem_page *p, const lem_json *e, size_t index) {
    lem_example_part parts[MAX_PARTS];
    char labels[MAX_PARTS][96], title[96];
    double steps[MAX_PARTS][MAX_STEPS];
    const lem_json *list = lem_json_get(e, "candidates"), *expected = lem_json_get(e, "expected_answer");
    lem_buf answer = {0};
    int n = 0;
    parts[n++] = (lem_example_part){.label = "Problem", .text = lem_json_str(lem_json_get(e, "problem"), "")};
    if (lem_json_kind(expected) == LEM_JSON_STRING) lem_buf_puts(&answer, lem_json_str(expected, ""));
    else if (expected) lem_json_write(expected, 0, &answer);
    if (answer.len)
        parts[n++] =
            (lem_example_part){.label = "expected answer", .text = "", .answer = lem_buf_str(&answer)};
    for (size_t i = 0; i < lem_json_count(list) && n < MAX_PARTS; i++, n++) {
        candidate_label(lem_json_at(list, i), i, labels[n]);
        parts[n] = part_of(lem_json_at(list, i), labels[n], steps[n]);
    }
    snprintf(title, sizeof title, "%s", lem_json_str(lem_json_get(e, "title"), ""));
    if (!*title) snprintf(title, sizeof title, "Example %zu", index + 1);
    lem_page_example(p, title, parts, n, index == 0);
    lem_buf_release(&answer);
}

lem_status lem_report_examples(lem_page *p, const lem_json *examples, const char *source, lem_err *err) {
    if (!examples) return LEM_OK;
    if (lem_json_kind(examples) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "%s: examples: list expected, %s found", source,
                        lem_json_kind_name(examples));
    size_t n = lem_json_count(examples);
    if (!n) return LEM_OK;
    lem_page_heading(p, "Worked examples");
    for (size_t i = 0; i < n && i < 64; i++) lem_report_example(p, lem_json_at(examples, i), i);
    return LEM_OK;
}
