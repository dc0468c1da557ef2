/* support - what the tests of job share: a folder of their own to stand in, files, and a table of toy
 * commands */
#ifndef LEM_TESTS_JOB_SUPPORT_H
#define LEM_TESTS_JOB_SUPPORT_H

#include "../checks.h"

#include "core/file.h"
#include "core/mem.h"
#include "job/command.h"
#include "../../support/workdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

/* ---- a folder to stand in: tests use short relative paths ---- */

#define folder_test(f) cmocka_unit_test_setup_teardown(f, enter_folder, leave_folder)

static UNUSED void put(const char *path, const char *text) {
    FILE *f = fopen(path, "wb");
    if (!f) fail_msg("cannot write %s", path);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* The text of a file, valid for the next seven calls. */
static UNUSED const char *get(const char *path) {
    static char texts[8][1 << 15];
    static int next;
    char *text = texts[next++ % 8];
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("cannot read %s", path);
    text[fread(text, 1, sizeof texts[0] - 1, f)] = '\0';
    fclose(f);
    return text;
}

static UNUSED bool there(const char *path) { return access(path, F_OK) == 0; }

/* All names below the current folder, folders with a slash, sorted, with spaces between. */
static UNUSED const char *listing(void) {
    static char text[4096];
    FILE *f = popen("find . -mindepth 1 -type d -printf '%P/\\n' -o -printf '%P\\n' | LC_ALL=C sort", "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    pclose(f);
    for (char *p = text; *p; p++)
        if (*p == '\n') *p = p[1] ? ' ' : '\0';
    return text;
}

static UNUSED void has(const char *text, const char *part, int line) {
    if (!strstr(text, part)) fail_msg("line %d: '%s' lacks '%s'", line, text, part);
}
static UNUSED void has_not(const char *text, const char *part, int line) {
    if (strstr(text, part)) fail_msg("line %d: '%s' holds '%s'", line, text, part);
}
#define HAS(text, part) has(text, part, __LINE__)
#define HAS_NOT(text, part) has_not(text, part, __LINE__)

/* ---- toy commands ---- */

static UNUSED lem_status nothing(lem_cli *cli, const lem_args *args, lem_err *e) {
    (void)cli;
    (void)args;
    (void)e;
    return LEM_OK;
}

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

static const lem_opt toy_opts[] = {
    {"lr", LEM_OPT_NUM, "X", "0.005", "the learning rate", 0, 1},
    {"n", LEM_OPT_INT, "N", "4", "how many", 1, 100},
    {"max-tokens", LEM_OPT_INT, "N", NULL, "tokens of one answer", 1, 4096},
    {"kind", LEM_OPT_ENUM, "NAME", "red", "a colour", .choices = "red|green|blue"},
    {"note", LEM_OPT_STR, "TEXT", NULL, "any text"},
    {"loud", LEM_OPT_FLAG, NULL, NULL, "changes the result"},
    {"tags", LEM_OPT_LIST, "A,B", NULL, "a list"},
    {"rules", LEM_OPT_TEXTS, "TEXT", NULL, "texts with commas"},
    {"model", LEM_OPT_INPUT, "DIR", NULL, "a model"},
    {"data", LEM_OPT_INPUTS, "FILE", NULL, "rows"},
    {"stages", LEM_OPT_TREE, "LIST", NULL, "stages, in YAML"},
    {"color", LEM_OPT_ENUM, "WHEN", "never", "changes nothing", .choices = "never|always",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"cache", LEM_OPT_INPUT, "FILE", NULL, "read, but it changes nothing", .effect = LEM_OPT_CHANGES_NOTHING},
};
static const lem_opt toy_shared[] = {
    {"batch", LEM_OPT_INT, "N", "8", "rows at a time", 1, 512},
    {"val", LEM_OPT_INPUT, "FILE", NULL, "rows to validate on"},
    {"wait", LEM_OPT_INT, "N", "0", "changes nothing", 0, 9, .effect = LEM_OPT_CHANGES_NOTHING},
};

#define TOY_TABLES                                                                                           \
    .opts = toy_opts, .n_opts = COUNT(toy_opts), .shared = toy_shared, .n_shared = COUNT(toy_shared)

/* Writes a file; writes a folder; prints; takes words in each of their roles. */
static const lem_command toy = {.name = "toy",
                                .purpose = "a file out of options",
                                .usage = "[options]",
                                .example = "lemma toy --out FILE",
                                TOY_TABLES,
                                .run = nothing,
                                .output = LEM_OUTPUT_FILE};
static UNUSED const lem_command toy_dir = {.name = "toy dir",
                                           .purpose = "a folder out of options",
                                           .usage = "[options]",
                                           .example = "lemma toy dir --out DIR",
                                           TOY_TABLES,
                                           .run = nothing,
                                           .output = LEM_OUTPUT_DIR};
static UNUSED const lem_command toy_show = {
    .name = "show", .purpose = "prints", .usage = "", .example = "lemma show", TOY_TABLES, .run = nothing};

/* Arguments out of a line whose words have one space between. */
static UNUSED lem_status parse_line(const lem_command *cmd, const char *line, lem_cli *cli, lem_args *a) {
    char text[1024];
    const char *argv[64];
    int n = 0;
    snprintf(text, sizeof text, "%s", line);
    for (char *save, *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) argv[n++] = w;
    return lem_args_parse(cmd, n, argv, cli, a, &err);
}

#endif
