/* report/page_priv.h - what page.c, page_bars.c and page_browse.c share */
#ifndef LEM_REPORT_PAGE_PRIV_H
#define LEM_REPORT_PAGE_PRIV_H

#include "core/buf.h"
#include "report/page.h"

typedef struct lem_page_sheet { /* one CSV file */
    char name[72];
    lem_buf text;
} lem_page_sheet;

struct lem_page {
    lem_buf title, subtitle;     /* as given */
    lem_buf toc, body, md, html; /* html: the finished page, made on demand */
    lem_page_sheet *sheets;
    size_t n_sheets, cap_sheets;
    lem_buf stem; /* name of its files without their ends; empty until it is saved */
    int sections;
    int refresh;   /* seconds; 0 = never */
    lem_buf items; /* of lem_page_browse, until it is called */
    uint64_t n_items;
    bool scripted; /* lem_page_browse was called */
    bool asks;     /* an item asks for a mark */
    bool failed;
};

/* A new CSV file; its name is reduced to letters, digits, '-' and '_', and numbered where it was taken. NULL
 * when memory is out, which the page remembers. */
lem_page_sheet *lem_page_sheet_new(lem_page *p, const char *wanted);
/* A cell, behind a comma unless it is the first of its line; a number, empty where it is not finite. */
void lem_page_csv_cell(lem_buf *b, bool first, const char *text);
void lem_page_csv_number(lem_buf *b, double v);

/* Parts of an example as HTML; an answer as mathematics, or as it stands. */
void lem_page_put_parts(lem_buf *out, const lem_example_part *parts, int n);
void lem_page_put_answer(lem_buf *out, const char *answer);
/* page.css and page.js; and what names the script in the content policy ("'sha256-…'"). */
extern const char lem_page_style[], lem_page_script[];
void lem_page_script_source(char out[64]);

#endif
