/* program.h - files, shell commands and the program itself, for tests from outside */
#ifndef LEM_TESTS_PROGRAM_H
#define LEM_TESTS_PROGRAM_H

#include "core/buf.h"
#include "core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

static inline __attribute__((unused)) void put(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    if (!f) fail_msg("cannot write %s", path);
    fputs(text, f);
    fclose(f);
}

static inline __attribute__((unused)) void shell(const char *command) {
    if (system(command) != 0) fail_msg("%s", command);
}

/* What a command says to stdout (with "2>&1" in it, to both), borrowed until the next call; fails unless it
 * ends with status `want`. */
static inline __attribute__((unused)) const char *said_by(int want, const char *command) {
    static lem_buf said;
    FILE *f = popen(command, "r");
    assert_non_null(f);
    lem_buf_clear(&said);
    for (int c; (c = getc(f)) != EOF;) lem_buf_putc(&said, (char)c);
    int raw = pclose(f), got = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
    if (got != want) fail_msg("%s: status %d: %s", command, got, lem_buf_str(&said));
    return lem_buf_str(&said);
}

/* A text as one JSON object; owned by the caller. */
static inline __attribute__((unused)) lem_json *json_of(const char *text) {
    lem_json *o = NULL;
    lem_err err = LEM_ERR_INIT;
    if (lem_json_parse(text, strlen(text), &o, &err) != LEM_OK) fail_msg("%s: %s", err.text, text);
    return o;
}

#endif
