/* fuzz_candidates.c - any bytes as files of candidates: the first part, up to a line "=", is one file, the
 * rest another, and a first line "map: NAME" asks for a map; alone and joined they become rows that can be
 * read, exported and read again, or one line says why not */
#include "data/candidate_export.h"
#include "data/candidate_maps.h"
#include "data/candidate_set.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one_line(lem_status st, const lem_err *err) {
    if (st != LEM_OK && (!err->text[0] || strchr(err->text, '\n'))) __builtin_trap();
}

static void check_row(const lem_candidates *c) {
    for (int i = 0; i < c->n; i++) {
        if (c->completion && !c->completion[i]) __builtin_trap();
        if (c->correct && (c->correct[i] < -1 || c->correct[i] > 1)) __builtin_trap();
        if (c->tokens && c->tokens[i] < -1) __builtin_trap();
    }
}

/* What was exported is told as the tool's, and has as many candidates. */
static void export_row(const lem_candidates *c, const lem_json *row) {
    for (int as = LEM_EXPORT_NEMO; as <= LEM_EXPORT_LM_EVAL; as++) {
        lem_json *made = NULL;
        lem_candidates again = {0};
        lem_err err = LEM_ERR_INIT;
        char ground[200];
        lem_status st = lem_candidate_export((lem_export_as)as, c, row, 0, c->n - 1, &made, &err);
        one_line(st, &err);
        if (st != LEM_OK) continue;
        lem_candidates_map *m = lem_candidates_map_new(&err);
        if (!m || lem_candidates_map_detect(m, made, ground, &err) != LEM_OK) __builtin_trap();
        if (lem_candidates_read(m, made, &again, &err) != LEM_OK) __builtin_trap();
        if (again.n != (as == LEM_EXPORT_NEMO ? 1 : c->n)) __builtin_trap();
        lem_candidates_release(&again);
        lem_candidates_map_free(m);
        lem_json_free(made);
    }
}

static void read_set(const char *const *paths, size_t n, const char *map, const char *filter) {
    const lem_candidate_set_opts o = {.filter = filter};
    lem_err err = LEM_ERR_INIT;
    lem_candidates_map *m = lem_candidates_map_new(&err);
    lem_candidate_set *s = NULL;
    lem_candidates c = {0};
    lem_status st = m ? LEM_OK : LEM_EMEM;
    if (st == LEM_OK && *map) st = lem_candidates_map_set(m, map, &err);
    if (st == LEM_OK) st = lem_candidate_set_open(paths, n, m, &o, &s, &err);
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_candidate_set_next(s, &row, &err);
        if (st != LEM_OK || !row) break;
        st = lem_candidates_read(lem_candidate_set_map(s), row, &c, &err);
        if (st == LEM_OK) check_row(&c);
        if (st == LEM_OK && c.n) export_row(&c, row);
        if (st == LEM_OK) st = lem_candidates_put(&c, true, row, &err);
        lem_json_free(row);
    }
    one_line(st, &err);
    lem_candidates_release(&c);
    lem_candidate_set_close(s);
    lem_candidates_map_free(m);
}

static void write_file(const char *path, const char *text, size_t n) {
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(text, 1, n, f) != n || fclose(f) != 0) __builtin_trap();
}

/* As a map of the user's own. */
static void read_map(const char *text, size_t n) {
    lem_json *j = NULL;
    lem_err err = LEM_ERR_INIT;
    lem_candidate_map_info m;
    if (lem_json_parse(text, n, &j, &err) == LEM_OK) {
        lem_status st = lem_candidate_map_read(j, "map", &m, &err);
        one_line(st, &err);
        if (st == LEM_OK) lem_json_free(lem_candidate_map_json(&m));
    }
    lem_json_free(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char a[64], b[64], map[128] = "";
    if (size > 1 << 16) return 0;
    const char *text = (const char *)data;
    read_map(text, size);
    if (size > 5 && memcmp(text, "map: ", 5) == 0) {
        const char *end = memchr(text, '\n', size);
        size_t n = end ? (size_t)(end - text) : size;
        snprintf(map, sizeof map, "%.*s", (int)(n - 5 < 120 ? n - 5 : 120), text + 5);
        size -= end ? n + 1 : n;
        text += end ? n + 1 : n;
    }
    size_t cut = size;
    for (size_t i = 0; i + 2 < size && cut == size; i++)
        if (memcmp(text + i, "\n=\n", 3) == 0) cut = i;
    size_t skip = cut < size ? cut + 3 : size;
    snprintf(a, sizeof a, "/dev/shm/lemma-fuzz-cand-%d-rs1.jsonl", (int)getpid());
    snprintf(b, sizeof b, "/dev/shm/lemma-fuzz-cand-%d-rs2.jsonl", (int)getpid());
    write_file(a, text, cut);
    write_file(b, text + skip, size - skip);
    const char *const paths[] = {a, b};
    read_set(paths, 1, map, NULL);
    const char *filter = size % 2 ? "strict" : NULL;
    read_set(paths, cut < size ? 2 : 1, map, filter);
    unlink(a);
    unlink(b);
    return 0;
}
