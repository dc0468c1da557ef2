/* curate/filter.h - filters of training rows, by name: which rows a set of them leaves out, and why
 *
 * A set is made of settings; a filter is in it when its setting asks for it. Every filter of the set looks at
 * every row, so that a row that fails several is counted under each. docs/filters.md says what each means;
 * the lengths and the choice of the preset "acemath" are those of arXiv 2412.15084 §3.2.2. */
#ifndef LEM_CURATE_FILTER_H
#define LEM_CURATE_FILTER_H

#include "core/json.h"
#include "core/log.h"
#include "curate/repetition.h"
#include "token/tokenizer.h"

/* Zero and NULL: not asked for. All pointers are borrowed as long as the set lives. */
typedef struct lem_filter_settings {
    int64_t max_prompt_words, max_response_words; /* words between white space */
    int64_t max_prompt_tokens, max_response_tokens;
    const lem_tokenizer *tokenizer; /* of the two above */
    bool repetition;
    lem_repetition_limits repeat; /* all zero: lem_repetition_standard */
    bool boxed, one_box, ends_boxed;
    const char *opens;              /* regular expression: the response begins with it */
    const char *ends;               /* the response ends with it */
    const lem_json *match, *except; /* lists of "FIELD=REGEX": each must match, none may */
    const char *script;             /* name of lem_scripts */
    double script_share;            /* of the letters, at least */
    bool arithmetic;
    bool pass_rate;
    double min_pass_rate, max_pass_rate; /* inclusive */
    const lem_json *require, *forbid;    /* lists of fields: true; not true */
    const lem_cancel *cancel;
} lem_filter_settings;

/* One row. Texts are borrowed for the call. */
typedef struct lem_filter_input {
    const lem_json *row;
    const char *prompt, *response;
    size_t prompt_len, response_len;
} lem_filter_input;

/* All filters there are, in the order in which they are told. */
typedef struct lem_filter {
    const char *name; /* "response-words" */
    const char *what; /* one line: which rows it leaves out */
} lem_filter;
enum { LEM_N_FILTERS = 17 };
const lem_filter *lem_filter_at(int i); /* NULL behind the last */

/* Sets the fields that the preset stands for and that are zero. LEM_EUSAGE for an unknown name. */
lem_status lem_filter_preset(const char *name, lem_filter_settings *s, lem_err *err) LEM_MUST_CHECK;

typedef struct lem_filter_set lem_filter_set;
/* LEM_EUSAGE, naming the option, for a regular expression, script or bound that makes no sense. Settings that
 * ask for nothing make a set that fails no row. settings is copied. */
lem_status lem_filter_set_new(const lem_filter_settings *settings, lem_filter_set **out,
                              lem_err *err) LEM_MUST_CHECK;
void lem_filter_set_free(lem_filter_set *f); /* NULL allowed */
/* The filters that were asked for. */
int lem_filter_set_count(const lem_filter_set *f);
const lem_filter *lem_filter_set_at(const lem_filter_set *f, int i);
/* The reason as told of a row, with the numbers asked for: "prompt of more than 300 words". */
const char *lem_filter_set_why(const lem_filter_set *f, int i);

/* Asks every filter of the set. LEM_EMEM, LEM_EINTR, LEM_EDATA (a text the tokenizer refuses). */
lem_status lem_filter_row(lem_filter_set *f, const lem_filter_input *in, lem_err *err) LEM_MUST_CHECK;
/* Of the last row: whether the i-th filter leaves it out, and what it saw there, "2,731 words" (borrowed
 * until the next row; empty when there is nothing to tell). */
bool lem_filter_failed(const lem_filter_set *f, int i);
const char *lem_filter_detail(const lem_filter_set *f, int i);

#endif
