/* token/line_coder.h - lines of text to JSON arrays of ids, and back, by several threads
 *
 * Lines are taken in batches; each line is the work of one thread and is handed on in the order in which it
 * was read, so that the output does not depend on threads. */
#ifndef LEM_TOKEN_LINE_CODER_H
#define LEM_TOKEN_LINE_CODER_H

#include "core/err.h"
#include "core/file.h"
#include "core/log.h"
#include "core/pool.h"
#include "token/tokenizer.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lem_line_coding {
    bool decode;        /* arrays of ids to text */
    bool parse_special; /* encode: special tokens are recognised in the text */
    bool add_special;   /* encode: with what the tokenizer puts around a text */
    bool skip_special;  /* decode: without special tokens */
    bool pieces;        /* the text of each token in place of its id (decode: of the text) */
    bool count_only;    /* nothing is handed on */
    int64_t limit;      /* lines; negative = all */
    const char *source; /* borrowed: what messages call the lines */
    /* Asked about a line that cannot be coded, how and why: LEM_OK leaves it out, else it is the end; NULL:
     * each is the end. */
    lem_status (*pass)(void *ctx, uint64_t line, lem_status st, lem_err *why);
    void *pass_ctx;
} lem_line_coding;

typedef struct lem_line_counts {
    uint64_t lines, bytes, tokens; /* bytes of text: read when encoding, written when decoding */
    double seconds;                /* in the tokenizer, all threads at once */
} lem_line_counts;

/* Gets one coded line with its line end. */
typedef lem_status lem_line_sink(void *ctx, const char *text, size_t len, lem_err *err);

/* Errors of a line read "SOURCE:LINE: …", LEM_EDATA when decoding what is no array of ids of the vocabulary.
 * Lines before it have been handed on. LEM_EINTR between batches when cancel (may be NULL) asks for it. */
lem_status lem_line_code(const lem_tokenizer *t, const lem_line_coding *how, lem_lines *in, lem_pool *pool,
                         const lem_cancel *cancel, lem_line_sink *sink, void *ctx, lem_line_counts *counts,
                         lem_err *err) LEM_MUST_CHECK;

#endif
