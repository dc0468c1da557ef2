/* report/page.h - a report built by calls: one self-contained HTML page, the same as Markdown, and a CSV file
 * for each table and chart
 *
 * The page needs no network and no script (but for lem_page_browse: one, named by its hash in the content
 * policy), follows the reader's light or dark setting, and fits a phone. All text is escaped; nothing that a
 * model wrote can become markup (and the page's content policy would not run it). Calls cannot fail: want of
 * memory is remembered and reported by lem_page_save. All arguments are borrowed for the call only; strings
 * are UTF-8 (bad bytes are replaced). */
#ifndef LEM_REPORT_PAGE_H
#define LEM_REPORT_PAGE_H

#include "core/err.h"
#include "report/chart.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lem_page lem_page;

/* subtitle may be NULL. */
lem_page *lem_page_new(const char *title, const char *subtitle, lem_err *err);
void lem_page_free(lem_page *p);
/* A browser loads the HTML page again after so many seconds; 0 = never. */
void lem_page_refresh(lem_page *p, int seconds);

void lem_page_section(lem_page *p, const char *title); /* enters the list of contents */
void lem_page_heading(lem_page *p, const char *title); /* below a section */
void lem_page_paragraph(lem_page *p, const char *text);
void lem_page_note(lem_page *p, const char *text); /* set off from the text */

/* What follows until lem_page_fold_end is folded away until the reader opens it; no folds within folds. */
void lem_page_fold(lem_page *p, const char *title);
void lem_page_fold_end(lem_page *p);

typedef struct lem_pair {
    const char *key, *value;
} lem_pair;
void lem_page_pairs(lem_page *p, const lem_pair *pairs, int n);
/* Headline numbers: key is the label, value the number. */
void lem_page_tiles(lem_page *p, const lem_pair *tiles,
                    const char *const *details /* [n], entries or the array may be NULL */, int n);

typedef struct lem_column {
    const char *title;
    bool numeric; /* aligned right */
} lem_column;
typedef struct lem_table {
    const char *name;    /* of its CSV file: letters, digits, '-' and '_' */
    const char *caption; /* may be NULL */
    const lem_column *columns;
    int n_columns, n_rows;
    const char *const *cells; /* [n_rows][n_columns]; NULL is an empty cell */
    int mark_row;             /* row shown bold; -1 = none */
} lem_table;
void lem_page_table(lem_page *p, const lem_table *t);

void lem_page_chart(lem_page *p,
                    const lem_chart *c); /* a chart without finite points is left out, with a note */

typedef struct lem_bar {
    const char *label;
    double value, lo, hi; /* interval; NAN = none */
} lem_bar;
/* Horizontal bars of fractions in 0..1, labelled in percent. */
void lem_page_bars(lem_page *p, const char *name, const char *title, const lem_bar *bars, int n);
/* The same of differences of fractions, to both sides of zero, labelled in percentage points. */
void lem_page_differences(lem_page *p, const char *name, const char *title, const lem_bar *bars, int n);

typedef enum lem_tone { LEM_TONE_PLAIN, LEM_TONE_GOOD, LEM_TONE_BAD } lem_tone;
typedef struct lem_example_part {
    const char *label, *text;
    lem_tone tone;
    const char *answer; /* before the label (behind it where there is no text), as mathematics; NULL = none */
    size_t len, more;   /* show len bytes of text (0: all), and say that `more` follow in `where` */
    const char *where;
    /* [n_steps] scores of the steps of text: the text is shown by steps where they can be told (blank lines
     * or lines of its whole text, as many as scores, or one more that is unfinished), else a row of numbers
     * stands above it. Scores in 0..1 are coloured, each stands there as a number too, and the lowest is
     * named. */
    const double *steps;
    int n_steps;
} lem_example_part;
/* One worked example: its texts are Markdown with mathematics (report/markdown.h). It is folded away until
 * the reader opens it (open when `open`). */
void lem_page_example(lem_page *p, const char *title, const lem_example_part *parts, int n, bool open);

typedef struct lem_mark { /* bytes [begin, end) of a text that are set off; strong: more so */
    size_t begin, end;
    bool strong;
} lem_mark;
typedef struct lem_marked {
    const char *label, *text;
    size_t len;
    const lem_mark *marks; /* [n_marks] in order, none overlapping */
    size_t n_marks;
} lem_marked;
/* Two texts side by side (one above the other where there is no room), folded away until the reader opens
 * them (open when `open`). note stands above them; NULL = none. Markdown has the texts without marks. */
void lem_page_beside(lem_page *p, const char *title, const char *note, const lem_marked sides[2], bool open);

typedef struct lem_branch { /* a node of a tree */
    int depth;              /* 0 = a root */
    const char *label;      /* one line */
    const char *text;       /* [len] */
    size_t len;
    const char *mark; /* a word set off, NULL = none */
    lem_tone tone;
} lem_branch;
/* A tree, folded away until the reader opens it (open when `open`): its nodes in depth-first order, then the
 * end. In Markdown it is a nested list. text stands above the nodes, note below them; each may be NULL.
 * Nodes deeper than 16 are indented no further: their labels should say where they hang. */
void lem_page_tree(lem_page *p, const char *title, const char *text, bool open);
void lem_page_branch(lem_page *p, const lem_branch *b);
void lem_page_tree_end(lem_page *p, const char *note);

/* A list of items to search and filter: items first, then lem_page_browse with all tags. The page then has
 * one script, allowed by its hash alone; without it all items stand there to be opened. What is in an item is
 * <noscript>: where scripts run it is one text until the item is opened, so that a page of 1,319 problems
 * opens at once. Markdown has only a line about it. A page has one such list. */
typedef struct lem_answer { /* equal answers of an item, a row of its table */
    const char *answer;     /* mathematics */
    const char *votes, *verdict, *score, *members;
    lem_tone tone;
} lem_answer;
/* A question about an item that a reader answers on the page: right, wrong or unsure. The script gathers the
 * answers as rows {…, "mark": "right"} to save or copy; without it the question is not put. */
typedef struct lem_asked {
    const char *row;  /* a JSON object: what is saved with the mark */
    const char *mark; /* the mark that it has already, "" = none */
} lem_asked;
typedef struct lem_item {
    const char *title; /* one line, with mathematics */
    const int *tags;   /* [n_tags] indices of the tags that lem_page_browse will name */
    int n_tags;
    const lem_answer *answers; /* [n_answers] below the first n_head parts */
    int n_answers, n_head;
    const lem_example_part *parts;
    int n_parts;
    const lem_asked *asked; /* below the parts; NULL = nothing is asked */
} lem_item;
void lem_page_item(lem_page *p, const lem_item *item);
/* Bytes that an item would take. */
size_t lem_page_measure(const lem_item *item);
typedef struct lem_tag {
    const char *group, *label; /* tags of a group stand together */
    uint64_t n;                /* items that have it; those of none are not offered */
} lem_tag;
/* unit: what an item is, in the plural. */
void lem_page_browse(lem_page *p, const char *unit, const lem_tag *tags, int n);
/* Bytes of the items so far. */
size_t lem_page_item_bytes(const lem_page *p);

/* Writes html_path (ends in .html), the Markdown beside it (.md) and <stem>-<name>.csv for each table and
 * chart, each file atomically. */
lem_status lem_page_save(lem_page *p, const char *html_path, bool overwrite, lem_err *err) LEM_MUST_CHECK;

/* The finished texts, for tests: borrowed until the next call on p. */
const char *lem_page_html(lem_page *p);
const char *lem_page_markdown(lem_page *p);
const char *lem_page_csv(const lem_page *p, const char *name); /* NULL if there is none of that name */

#endif
