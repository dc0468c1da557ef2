/* cli/decontam_run.h - the rows of `data decontam`: read some at a time, checked by all threads, then settled
 * in their order: audit, counts, kept or dropped */
#ifndef LEM_CLI_DECONTAM_RUN_H
#define LEM_CLI_DECONTAM_RUN_H

#include "cli/data_run.h"
#include "curate/decontam_audit.h"

typedef enum lem_decontam_domain {
    LEM_DOMAIN_FIELD, /* the row's field `domain` says which rule; without one it is mathematics */
    LEM_DOMAIN_MATH,
    LEM_DOMAIN_OTHER
} lem_decontam_domain;

/* Training rows that matched a test set; rows of it that were matched. */
typedef struct lem_decontam_counts {
    uint64_t exact, sharing, dropped, test_rows;
    uint64_t last_exact, last_sharing, last_dropped; /* the row counted last */
} lem_decontam_counts;

typedef struct lem_decontam_shown { /* a match for the page */
    lem_json *row;                  /* of the audit */
    char *text;                     /* [len] of the training row */
    size_t len;
    uint32_t test_row;
    bool kept; /* it decides nothing */
} lem_decontam_shown;

typedef struct lem_decontam_run {
    lem_data_run *rows;
    const lem_tests *tests;
    const lem_allow *allow; /* NULL = none */
    lem_decontam_domain domain;
    bool prompts, responses; /* which texts are looked at */
    lem_out *audit;          /* NULL = none */
    size_t page_matches; /* most matches shown on a page, of those that are kept and of others; 0 = no page */
    /* results */
    lem_decontam_counts *set;              /* [tests->n_sets] */
    uint8_t *row_hit;                      /* [tests->n_rows] */
    uint64_t settled;                      /* rows */
    uint64_t matches, allowed, stock_rows; /* stock_rows: rows that hold a stock phrase */
    lem_decontam_shown *shown;             /* [n_shown] */
    size_t n_shown, cap_shown, n_kept;     /* n_kept: of those shown, matches that decide nothing */
} lem_decontam_run;

/* r holds the settings; the rest is zero. Reads rows until their end. Release also after an error. */
lem_status lem_decontam_run_rows(lem_decontam_run *r, lem_err *err) LEM_MUST_CHECK;
/* Writes the page. rule: the rule in words. phrases as in the audit. */
lem_status lem_decontam_run_page(const lem_decontam_run *r, const char *path, const char *rule, int ngram,
                                 const lem_decontam_phrase *phrase, size_t n_phrases,
                                 lem_err *err) LEM_MUST_CHECK;
void lem_decontam_run_release(lem_decontam_run *r);

#endif
