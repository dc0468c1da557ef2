/* bench/spec.h - a benchmark as data: where its rows lie, what they ask, what is right, how it is judged
 *
 * A benchmark is one YAML map (docs/benchmarks.md lists the keys). Those of recipes/benchmarks/ are inside
 * the program; a file of the user's own is read in the same way. Nothing is downloaded: `get` says where
 * from.
 *
 * A field is one text: alternatives "problem|question" (the first that a row has), each a dotted path, or
 * several joined by '+' ("Body+Question"). Column names with '|' or '+' in them cannot be named. */
#ifndef LEM_BENCH_SPEC_H
#define LEM_BENCH_SPEC_H

#include "core/err.h"
#include "core/json.h"
#include "core/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEM_BENCH_KIND_NAMES "problems|choices|code"
typedef enum lem_bench_kind { LEM_BENCH_PROBLEMS, LEM_BENCH_CHOICES, LEM_BENCH_CODE } lem_bench_kind;

/* How the gold is read from its field; a spec may name several, the first that finds one counts. */
#define LEM_BENCH_GOLD_NAMES                                                                                 \
    "field|number|after-hashes|last-boxed|strip-dollars|letter|letter-of-index|right-option|tests"
typedef enum lem_bench_gold {
    LEM_BENCH_GOLD_FIELD,         /* the text or number as it stands */
    LEM_BENCH_GOLD_NUMBER,        /* a number; 27.0 is 27 */
    LEM_BENCH_GOLD_AFTER_HASHES,  /* what follows the last #### (GSM8K) */
    LEM_BENCH_GOLD_LAST_BOXED,    /* the last \boxed{…} (MATH) */
    LEM_BENCH_GOLD_STRIP_DOLLARS, /* the text without its $ signs; \$ stays */
    LEM_BENCH_GOLD_LETTER,        /* the letter of an option: C, (C), C) */
    LEM_BENCH_GOLD_INDEX,         /* the number of an option, from 0 */
    LEM_BENCH_GOLD_RIGHT_OPTION,  /* the text of the right option, which stands first among the choices: they
                                     are shown in an order drawn by their content (GPQA) */
    LEM_BENCH_GOLD_TESTS,         /* code: the tests; there is no answer to compare with */
    LEM_BENCH_N_GOLDS
} lem_bench_gold;

/* What a field with several golds means. */
#define LEM_BENCH_SEVERAL_NAMES "any|all"
typedef enum lem_bench_several {
    LEM_BENCH_ANY, /* an answer is right if it equals one of them */
    LEM_BENCH_ALL  /* all are to be given: one list */
} lem_bench_several;

#define LEM_BENCH_FORM_NAMES "parens|lines"
typedef enum lem_bench_form {
    LEM_BENCH_PARENS, /* (A) one (B) two (Qwen2.5-Math's evaluation) */
    LEM_BENCH_LINES   /* A. one, a line each (MMLU) */
} lem_bench_form;

#define LEM_BENCH_AVERAGE_NAMES "micro|macro"

typedef struct lem_bench_texts {
    const char **at;
    size_t n;
} lem_bench_texts;

enum { LEM_BENCH_MAX_SIZES = 4, LEM_BENCH_MAX_RULES = 4 };

/* Everything is owned by the spec; what a YAML does not say is NULL, 0 or the first of its names. */
typedef struct lem_bench_spec {
    lem_arena *arena;
    const char *name, *title;
    lem_bench_kind kind;
    const char *dir; /* folder of the YAML file, where its data files are looked for first; NULL = embedded */

    lem_bench_texts files;              /* below the data folder: the first that is there is read */
    const char *get;                    /* how to come by them */
    uint64_t size[LEM_BENCH_MAX_SIZES]; /* problems, the usual number first */
    size_t n_sizes;
    uint64_t missing_golds;      /* rows of the published file that have no gold */
    lem_bench_texts columns;     /* names of the columns of CSV files without a header */
    const char *file_column;     /* is set to the file's name without its endings (MMLU: the subject) */
    lem_bench_texts file_strips; /* and without the first of these that is in it */
    const char *only_field;      /* the rows whose only_field is in only_from..only_to */
    int64_t only_from, only_to;

    const char *problem, *choices, *gold, *solution, *id, *tolerance; /* fields */
    const char *tests, *setup, *entry, *imports;                      /* fields of code */
    const char *level, *subject;
    lem_bench_texts marks; /* columns that, with problem, choices and gold, tell rows of it from others */

    lem_bench_gold rule[LEM_BENCH_MAX_RULES];
    size_t n_rules;
    lem_bench_several several;

    const char *style;   /* name of a prompt style (prompt/style.h) */
    const char *system;  /* system text where neither model nor user says one */
    const char *ask;     /* "{problem}\nAnswer Choices: {choices}" */
    lem_bench_form form; /* of {choices} */
    bool say_two;        /* add " (True or False)" where the gold is one of them, " (Yes or No)" likewise */
    int64_t shots;       /* worked examples before the problem, in the published protocol */
    const char *shots_from; /* file, folder or pattern of them, below the data folder */
    const char *shots_as;   /* the benchmark whose rows they are; NULL = this one */

    const char *answer;       /* what kind of answer: number, expression, letter, program */
    const char *policy;       /* of grade; NULL = std */
    const char *task;         /* of grade; NULL = std */
    lem_bench_texts by;       /* columns for `select --by` */
    lem_bench_texts averages; /* micro, macro; the one that papers report first */

    const char *licence, *citation, *source;
    const char *text; /* what of the YAML changes rows and prompts, as JSON: part of a job's identity */
} lem_bench_spec;

/* tree: the YAML as JSON; source names it in errors: LEM_EUSAGE for an unknown key (with a suggestion), a
 * wrong type, a missing or an impossible value. *out is written only on success. */
lem_status lem_bench_spec_of(const lem_json *tree, const char *source, lem_bench_spec *out,
                             lem_err *err) LEM_MUST_CHECK;
/* By the name of an embedded one, else by a path that ends in .yaml or .yml. LEM_EUSAGE names what there is
 * and what was probably meant. */
lem_status lem_bench_open(const char *name, lem_bench_spec *out, lem_err *err) LEM_MUST_CHECK;
/* Whether the macro average is the one that papers report first. */
bool lem_bench_is_macro(const lem_bench_spec *s);
/* Whether lem_bench_open would read a file. */
bool lem_bench_is_file(const char *name);
void lem_bench_spec_release(lem_bench_spec *s); /* zeroed is allowed */

/* The first of its files, folders or patterns that is there; *path is the caller's, NULL where none is. */
lem_status lem_bench_path(const lem_bench_spec *s, const char *data_dir, char **path,
                          lem_err *err) LEM_MUST_CHECK;
/* The same for a file that must be there: LEM_EDATA says where it was looked for and how to get it. */
lem_status lem_bench_need_path(const lem_bench_spec *s, const char *data_dir, char **path,
                               lem_err *err) LEM_MUST_CHECK;
/* Whether n is a number of problems that the set is known with; true where it states none. */
bool lem_bench_size_is(const lem_bench_spec *s, uint64_t n);

/* ---- all embedded ones, by name */

typedef struct lem_bench_list {
    lem_bench_spec *at;
    size_t n;
} lem_bench_list;

lem_status lem_bench_list_load(lem_bench_list *out, lem_err *err) LEM_MUST_CHECK;
void lem_bench_list_release(lem_bench_list *l);
const lem_bench_spec *lem_bench_list_find(const lem_bench_list *l, const char *name); /* NULL = none */
/* The YAML of an embedded one as it was written; NULL = none of that name. */
const char *lem_bench_yaml(const char *name);

#endif
