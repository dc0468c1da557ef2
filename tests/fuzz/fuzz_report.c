/* fuzz_report - any bytes as a file that a report reads: a page that runs nothing of it, the same twice, or
 * one line of error
 *
 * First byte: which file. The others of the folder are whole, so that all that reads them together is
 * reached. */
#include "core/file.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    const char *name, *text;
} files[] = {
    {"run.json",
     "{\"name\":\"r\",\"stages\":[{\"name\":\"a\",\"command\":\"sft\",\"status\":\"done\",\"out\":\"a\"}]}"},
    {"timing.json", "{\"a\":1.5}"},
    {"select.json",
     "{\"metrics\":[{\"name\":\"pass@1\",\"k\":1,\"value\":0.5,\"low\":0.4,\"high\":0.6,\"problems\":9}]}"},
    {"telemetry.jsonl", "{\"step\":1,\"loss\":2.5,\"lr\":0.1}\n{\"step\":2,\"loss\":1.5,\"lr\":0.1}\n"},
    {"select.json.manifest.json", "{\"command\":\"select\",\"inputs\":[]}"},
    {"bench.json", "{\"benchmarks\":[{\"name\":\"gsm8k\",\"value\":0.5}]}"},
    {"trace.jsonl", "{\"id\":\"1\",\"steps\":[]}\n"},
    {"graded.jsonl", "{\"id\":\"1\",\"problem\":\"1+1?\",\"completions\":[\"2\"],\"correct\":[true]}\n"}};
enum { FILES = (int)(sizeof files / sizeof *files), TRACE = 6, GRADED = 7 };

static void put(const char *path, const void *data, size_t n) {
    FILE *f = fopen(path, "wb");
    if (!f || (n && fwrite(data, 1, n, f) != n) || fclose(f) != 0) __builtin_trap();
}

/* The page's hash; 0 = refused. */
static uint64_t make(const char *dir, const char *trace, const char *graded) {
    const char *inputs[] = {dir, trace};
    const lem_report_request r = {.inputs = inputs,
                                  .n_inputs = 2,
                                  .examples = &graded,
                                  .n_sets = 1,
                                  .n_examples = 2,
                                  .n_trees = 2,
                                  .times = true};
    lem_sources s = {.n = 0};
    lem_err err = LEM_ERR_INIT;
    lem_page *page = NULL;
    lem_status st = lem_sources_add(&s, dir, &err);
    if (st == LEM_OK) st = lem_sources_add(&s, trace, &err);
    if (st == LEM_OK) st = lem_report_make(&r, &s, &page, &err);
    if (st != LEM_OK && (!strstr(err.text, dir) || strchr(err.text, '\n'))) __builtin_trap();
    uint64_t hash = 0;
    if (st == LEM_OK) {
        const char *html = lem_page_html(page), *script = strstr(html, "<script");
        if (script && strstr(script + 1, "<script")) __builtin_trap(); /* the page has one of its own */
        for (const char *p = html; *p; p++) hash = (hash ^ (unsigned char)*p) * 0x100000001b3u + 1;
        lem_page_free(page);
    }
    lem_sources_release(&s);
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char dir[64], path[FILES][128];
    if (size < 1) return 0;
    snprintf(dir, sizeof dir, "%s/lemma-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(dir)) __builtin_trap();
    for (int i = 0; i < FILES; i++) {
        snprintf(path[i], sizeof path[i], "%s/%s", dir, files[i].name);
        if (data[0] % FILES == i) put(path[i], data + 1, size - 1);
        else put(path[i], files[i].text, strlen(files[i].text));
    }
    if (make(dir, path[TRACE], path[GRADED]) != make(dir, path[TRACE], path[GRADED])) __builtin_trap();
    if (lem_dir_remove(dir, NULL) != LEM_OK) __builtin_trap();
    return 0;
}
