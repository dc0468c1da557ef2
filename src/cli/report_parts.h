/* cli/report_parts.h - the parts of a report: metrics, training curves, worked examples; each reads one
 * file's content and adds to a page */
#ifndef LEM_CLI_REPORT_PARTS_H
#define LEM_CLI_REPORT_PARTS_H

#include "core/err.h"
#include "core/json.h"
#include "report/page.h"

/* Values as people read them: "94.0 %" for fractions, a short number otherwise; "–" when not finite. */
void lem_report_value(double v, char out[32]);

/* A document with `metrics` (product.md): a bar for each method at one k, curves over k for names like rm@8,
 * tables of everything, paired `differences`, `notes`, counts. csv begins the names of CSV files, source
 * names the file in messages. A document without metrics adds nothing. LEM_EDATA names a field that is not as
 * documented. */
lem_status lem_report_metrics(lem_page *p, const char *title, const char *csv, const char *source,
                              const lem_json *doc, lem_err *err) LEM_MUST_CHECK;

/* `examples` of a document: problem, expected_answer, candidates [{text, correct, score}]. */
lem_status lem_report_examples(lem_page *p, const lem_json *examples, const char *source,
                               lem_err *err) LEM_MUST_CHECK;
/* Up to `most` telling problems of a file of graded and scored candidates: where score and vote disagree
 * about the truth, then others. */
lem_status lem_report_candidates(lem_page *p, const char *path, int most, lem_err *err) LEM_MUST_CHECK;

/* telemetry.jsonl of a training run: loss and accuracy over steps, a line for each stage, and a table of
 * first and last values. */
lem_status lem_report_telemetry(lem_page *p, const char *title, const char *path,
                                lem_err *err) LEM_MUST_CHECK;

#endif
