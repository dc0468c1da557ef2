/* remote.h - what tests of commands that ask servers have in common: a server, the command, its words */
#ifndef LEM_TESTS_REMOTE_H
#define LEM_TESTS_REMOTE_H

#include "core/file.h"
#include "core/log.h"
#include "support/faultd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/lemma-remote-XXXXXX";
static faultd *server;
static char at[200]; /* " --endpoint … --served-model t" */
static char said[1 << 16];

static void write_text(const char *path, const char *text) {
    lem_err err = LEM_ERR_INIT;
    if (lem_file_write_atomic(path, text, strlen(text), &err) != LEM_OK) fail_msg("%s", err.text);
}

static void shell(const char *line) {
    if (system(line) != 0) fail_msg("%s", line);
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static void point_at(const faultd *f) {
    snprintf(at, sizeof at,
             "--endpoint http://127.0.0.1:%d/v1 --served-model t --retry-base 0.01 --timeout 1",
             faultd_port(f));
}

static void serve(const faultd_opts *o) {
    server = faultd_start(o);
    assert_non_null(server);
    point_at(server);
}

static faultd_books stop(void) {
    faultd_books b = faultd_read(server);
    faultd_stop(server);
    server = NULL;
    return b;
}

static faultd_books end(void) {
    faultd_books b = stop();
    shell("rm -rf o o.*");
    return b;
}

static const char *command; /* "sample --prompts … --out o": what each test turns */

/* Runs it at the server; both streams into said. */
static int lemma(const char *more) {
    char line[2048];
    snprintf(line, sizeof line, "%s %s %s %s 2>&1 </dev/null", LEMMA_BINARY, command, at, more);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    int raw = pclose(f);
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static void expect(int status, const char *more, const char *words) {
    int rc = lemma(more);
    if (rc != status || !strstr(said, words)) fail_msg("%s: status %d, %s", more, rc, said);
}

static char *text_of(const char *path) {
    static char text[1 << 16];
    lem_buf b = {0};
    lem_err err = LEM_ERR_INIT;
    if (lem_file_read(path, sizeof text - 1, &b, &err) != LEM_OK) fail_msg("%s", err.text);
    snprintf(text, sizeof text, "%s", lem_buf_str(&b));
    lem_buf_release(&b);
    return text;
}

static int count(const char *text, const char *what) {
    int n = 0;
    for (const char *p = text; (p = strstr(p, what)); p++) n++;
    return n;
}

#endif
