/* report/decontam_page.h - the page of a decontamination: counts, test sets, stock phrases, and matches with
 * both texts side by side */
#ifndef LEM_REPORT_DECONTAM_PAGE_H
#define LEM_REPORT_DECONTAM_PAGE_H

#include "report/page.h"

#include <stdint.h>

typedef struct lem_decontam_page_set {
    const char *name;
    uint64_t rows, rows_hit; /* of the test set; of them those that a training row shares with */
    uint64_t train_sharing, train_dropped; /* training rows */
} lem_decontam_page_set;

typedef struct lem_decontam_page_phrase {
    const char *text;
    uint64_t tests;
} lem_decontam_page_phrase;

typedef struct lem_decontam_page_match {
    const char *decision, *rule, *train, *test; /* words; labels of both rows */
    double of_train, of_test;                   /* shares of the common subsequence */
    uint64_t lcs, ngrams, run;
    lem_marked text[2]; /* of the training and of the test row */
} lem_decontam_page_match;

typedef struct lem_decontam_page { /* all borrowed */
    const char *rule;              /* in words: what makes a row contaminated */
    uint64_t rows, dropped, allowed;
    const lem_decontam_page_set *set; /* [n_sets] */
    size_t n_sets;
    const lem_decontam_page_phrase *phrase; /* [n_phrases] in the order in which they are to stand */
    size_t n_phrases, all_phrases;          /* shown; found */
    const lem_decontam_page_match *match;   /* [n_matches], likewise */
    size_t n_matches, all_matches;
} lem_decontam_page;

/* Writes path (ends in .html), .md beside it and a .csv for each table. LEM_EUSAGE when a file is there and
 * overwrite is false. */
lem_status lem_decontam_page_save(const lem_decontam_page *p, const char *path, bool overwrite,
                                  lem_err *err) LEM_MUST_CHECK;

#endif
