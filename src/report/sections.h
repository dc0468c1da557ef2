/* report/sections.h - the sections of a report: metrics, training curves, worked examples
 *
 * Each function reads the content of one file and adds to a page. The page, the texts and the documents are
 * the caller's and borrowed for the call. On failure the page may hold a part of the section. LEM_EDATA names
 * the file and the field that is not as documented; other errors are those of reading and of memory. */
#ifndef LEM_REPORT_SECTIONS_H
#define LEM_REPORT_SECTIONS_H

#include "core/err.h"
#include "core/json.h"
#include "report/page.h"

/* Values as people read them: "94.0 %" for fractions, a short number otherwise; "–" when not finite. */
void lem_report_value(double v, char out[32]);

/* A document with `metrics` (product.md): a bar for each method at one k, curves over k for names like rm@8,
 * tables of everything, paired `differences`, `notes`, counts, `examples`.
 * csv begins the names of the CSV files, source names the file in messages.
 * A document without a list of metrics adds nothing. */
lem_status lem_report_metrics(lem_page *p, const char *title, const char *csv, const char *source,
                              const lem_json *doc, lem_err *err) LEM_MUST_CHECK;

/* `examples` of a document: problem, expected_answer, candidates [{text, correct, score}].
 * NULL and an empty list add nothing. */
lem_status lem_report_examples(lem_page *p, const lem_json *examples, const char *source,
                               lem_err *err) LEM_MUST_CHECK;
/* One of them; the first (index 0) is open. */
void lem_report_example(lem_page *p, const lem_json *example, size_t index);

/* telemetry.jsonl of a training run: loss and accuracy over steps, a line for each stage, and a table of
 * first and last values; loss also over the tokens read, where they are told. title also begins the names of
 * the CSV files. An empty file adds nothing. growing: a run appends to it, and it is read up to its last
 * whole row. */
lem_status lem_report_telemetry(lem_page *p, const char *title, const char *path, bool growing,
                                lem_err *err) LEM_MUST_CHECK;

#endif
