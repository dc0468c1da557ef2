/* report/style_priv.h - the style sheet of the page */
#ifndef LEM_REPORT_STYLE_PRIV_H
#define LEM_REPORT_STYLE_PRIV_H

extern const char
    *const lem_report_style[]; /* pieces, NULL-terminated (ISO C limits one literal to 4095 bytes) */

#endif
