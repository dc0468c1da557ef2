/* escape.c - text from outside, made safe for HTML, Markdown and CSV */
#include "report/escape.h"

#include "core/csv.h"
#include "core/utf8.h"

#include <string.h>

/* The piece of text at *at: one code point, or one bad byte with *ok = false. Advances *at. */
static const char *next_piece(const char *text, size_t len, size_t *at, int *n, bool *ok) {
    const char *p = text + *at;
    uint32_t cp = 0;
    *n = lem_utf8_decode(p, len - *at, &cp);
    bool control = (cp < 0x20 && cp != '\n' && cp != '\t' && cp != '\r') || (cp >= 0x7F && cp < 0xA0);
    *ok = *n > 0 && !control;
    if (*n == 0) *n = 1;
    *at += (size_t)*n;
    return p;
}

static const char replacement[] = "\xEF\xBF\xBD";

static const char *html_entity(char c) {
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

void lem_escape_html(lem_buf *out, const char *text, size_t len) {
    for (size_t i = 0; i < len;) {
        int n;
        bool ok;
        const char *p = next_piece(text, len, &i, &n, &ok);
        const char *entity = n == 1 ? html_entity(*p) : NULL;
        if (!ok) lem_buf_puts(out, replacement);
        else if (entity) lem_buf_puts(out, entity);
        else lem_buf_add(out, p, (size_t)n);
    }
}

void lem_escape_md(lem_buf *out, const char *text, size_t len) {
    for (size_t i = 0; i < len;) {
        int n;
        bool ok;
        const char *p = next_piece(text, len, &i, &n, &ok);
        if (!ok) {
            lem_buf_puts(out, replacement);
        } else if (n == 1 && (*p == '\n' || *p == '\t' || *p == '\r')) {
            lem_buf_putc(out, ' ');
        } else if (n == 1 && *p == '&') {
            lem_buf_puts(out, "&amp;");
        } else {
            if (n == 1 && strchr("\\`*_[]<>|#!~$", *p)) lem_buf_putc(out, '\\');
            lem_buf_add(out, p, (size_t)n);
        }
    }
}

void lem_escape_md_block(lem_buf *out, const char *text, size_t len) {
    size_t longest = 2, run = 0;
    for (size_t i = 0; i < len; i++) {
        run = text[i] == '`' ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    for (size_t i = 0; i <= longest; i++) lem_buf_putc(out, '`');
    lem_buf_puts(out, "text\n");
    for (size_t i = 0; i < len;) {
        int n;
        bool ok;
        const char *p = next_piece(text, len, &i, &n, &ok);
        if (ok) lem_buf_add(out, p, (size_t)n);
        else lem_buf_puts(out, replacement);
    }
    lem_buf_putc(out, '\n');
    for (size_t i = 0; i <= longest; i++) lem_buf_putc(out, '`');
    lem_buf_putc(out, '\n');
}

void lem_escape_csv(lem_buf *out, const char *text, size_t len) {
    lem_buf clean = {0};
    for (size_t i = 0; i < len;) {
        int n;
        bool ok;
        const char *p = next_piece(text, len, &i, &n, &ok);
        if (ok) lem_buf_add(&clean, p, (size_t)n);
        else lem_buf_puts(&clean, replacement);
    }
    if (clean.failed) out->failed = true;
    else lem_csv_cell(out, lem_buf_str(&clean), clean.len);
    lem_buf_release(&clean);
}
