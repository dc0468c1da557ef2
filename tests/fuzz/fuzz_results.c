/* fuzz_results - any bytes as a result of compare, of ablate, and as a manifest behind a page: a page, or one
 * clear error */
#include "report/ablation.h"
#include "report/comparison.h"
#include "report/left_out.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(lem_page *p, lem_status st, const lem_err *err) {
    if (st != LEM_OK && (!strstr(err->text, "s.json") || strchr(err->text, '\n'))) __builtin_trap();
    if (strstr(lem_page_html(p), "<script")) __builtin_trap();
}

/* The document as two manifests, so that one may lead to the other. */
static void as_manifests(lem_page *p, lem_json *doc) {
    static lem_report_jobs jobs;
    char out[] = "o", path[] = "o.manifest.json", other[] = "q", other_path[] = "q.manifest.json";
    lem_err err = LEM_ERR_INIT;
    lem_source one = {out, out, LEM_SOURCE_METRICS, 0};
    const lem_sources sources = {.at = &one, .n = 1};
    jobs.at[0] = (lem_report_job){out, path, doc, false};
    jobs.at[1] = (lem_report_job){other, other_path, doc, true};
    jobs.n = 2;
    check(p, lem_report_left_out(p, &jobs, NULL, &err), &err);
    check(p, lem_report_contamination(p, &jobs, &sources, &err), &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    lem_json *doc = NULL;
    if (lem_json_parse((const char *)data, size, &doc, &err) != LEM_OK) return 0;
    lem_page *p = lem_page_new("t", NULL, &err);
    if (!p) __builtin_trap();
    err = (lem_err)LEM_ERR_INIT;
    check(p, lem_report_comparison(p, "a", "b", "c", "s.json", doc, &err), &err);
    err = (lem_err)LEM_ERR_INIT;
    check(p, lem_report_ablation(p, "c", "s.json", doc, &err), &err);
    as_manifests(p, doc);
    lem_page_free(p);
    lem_json_free(doc);
    return 0;
}
