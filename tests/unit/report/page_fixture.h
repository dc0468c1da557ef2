/* page_fixture.h - a page for each test, and files that sections are made of */
#ifndef LEM_TESTS_PAGE_FIXTURE_H
#define LEM_TESTS_PAGE_FIXTURE_H

#include "../checks.h"
#include "core/file.h"
#include "report/page.h"

#include <stdlib.h>
#include <unistd.h>

static lem_page *page;

static int open_page(void **state) {
    (void)state;
    page = lem_page_new("t", NULL, &err);
    return page ? 0 : -1;
}

static int close_page(void **state) {
    (void)state;
    lem_page_free(page);
    return 0;
}

/* Calls add(page, path of a file with that text). */
static __attribute__((unused)) lem_status with_text(const char *text, size_t len,
                                                    lem_status (*add)(const char *path)) {
    char path[] = "/tmp/lemma-page-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    OK(lem_file_write_atomic(path, text, len, &err));
    lem_status st = add(path);
    unlink(path);
    return st;
}

#endif
