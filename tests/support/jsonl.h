/* jsonl.h - rows of a JSONL file for tests, by the lines and the JSON parser of core alone: no reader that is
 * under test */
#ifndef LEM_TESTS_JSONL_H
#define LEM_TESTS_JSONL_H

#include "core/file.h"
#include "core/json.h"

/* *row is owned by the caller; NULL at the end. Blank lines are skipped. */
static inline __attribute__((unused)) lem_status jsonl_next(lem_lines *in, lem_json **row, lem_err *err) {
    const char *line;
    size_t len = 0;
    bool eof = false;
    *row = NULL;
    do {
        lem_status st = lem_lines_next(in, &line, &len, &eof, err);
        if (st != LEM_OK || eof) return st;
    } while (len == 0);
    return lem_json_parse(line, len, row, err);
}

#endif
