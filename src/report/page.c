/* page.c - a report built by calls, rendered at once to HTML, Markdown and CSV */
#include "report/page.h"

#include "core/file.h"
#include "core/mem.h"
#include "report/escape.h"
#include "report/page_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TREE_DEPTH = 16 }; /* deeper nodes are indented no further */

typedef lem_page_sheet sheet;

lem_page *lem_page_new(const char *title, const char *subtitle, lem_err *err) {
    lem_page *p = lem_alloc_zero(1, sizeof *p, err);
    if (!p) return NULL;
    lem_buf_puts(&p->title, title);
    lem_buf_puts(&p->md, "# ");
    lem_escape_md(&p->md, title, strlen(title));
    lem_buf_puts(&p->md, "\n\n");
    if (subtitle) {
        lem_buf_puts(&p->subtitle, subtitle);
        lem_escape_md(&p->md, subtitle, strlen(subtitle));
        lem_buf_puts(&p->md, "\n\n");
    }
    return p;
}

void lem_page_free(lem_page *p) {
    if (!p) return;
    lem_buf *own[] = {&p->title, &p->subtitle, &p->toc, &p->body, &p->md, &p->html, &p->items, &p->stem};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) lem_buf_release(own[i]);
    for (size_t i = 0; i < p->n_sheets; i++) lem_buf_release(&p->sheets[i].text);
    lem_free(p->sheets);
    lem_free(p);
}

void lem_page_refresh(lem_page *p, int seconds) { p->refresh = seconds; }

/* ---- small pieces ---- */

static void html_text(lem_page *p, const char *text) {
    if (text) lem_escape_html(&p->body, text, strlen(text));
}

static void md_text(lem_page *p, const char *text) {
    if (text) lem_escape_md(&p->md, text, strlen(text));
}

static void md_heading(lem_page *p, const char *marks, const char *title) {
    lem_buf_puts(&p->md, marks);
    md_text(p, title);
    lem_buf_puts(&p->md, "\n\n");
}

/* What is folded away under a title; tag: how its element opens. In Markdown a heading. */
static void open_details(lem_page *p, const char *tag, const char *title) {
    lem_buf_printf(&p->body, "%s<summary>", tag);
    html_text(p, title);
    lem_buf_puts(&p->body, "</summary>\n");
    md_heading(p, "### ", title);
}

static bool has_sheet(const lem_page *p, const char *name) {
    for (size_t i = 0; i < p->n_sheets; i++)
        if (strcmp(p->sheets[i].name, name) == 0) return true;
    return false;
}

static bool name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

lem_page_sheet *lem_page_sheet_new(lem_page *p, const char *wanted) {
    char base[64], name[72];
    size_t n = 0;
    for (; wanted && wanted[n] && n + 1 < sizeof base; n++) base[n] = name_char(wanted[n]) ? wanted[n] : '-';
    base[n] = '\0';
    snprintf(name, sizeof name, "%s", n ? base : "table");
    for (int k = 2; has_sheet(p, name); k++)
        snprintf(name, sizeof name, "%s-%d", n ? base : "table", k % 100000);
    if (p->n_sheets == p->cap_sheets) {
        size_t cap = p->cap_sheets ? 2 * p->cap_sheets : 8;
        sheet *grown = lem_realloc(p->sheets, cap, sizeof *grown, NULL);
        if (!grown) {
            p->failed = true;
            return NULL;
        }
        p->sheets = grown;
        p->cap_sheets = cap;
    }
    sheet *s = &p->sheets[p->n_sheets++];
    memset(s, 0, sizeof *s);
    snprintf(s->name, sizeof s->name, "%s", name);
    return s;
}

void lem_page_csv_number(lem_buf *b, double v) {
    if (isfinite(v)) lem_buf_printf(b, "%.10g", v);
}

/* ---- text ---- */

void lem_page_section(lem_page *p, const char *title) {
    int id = ++p->sections;
    lem_buf_printf(&p->toc, "<a href=\"#s%d\">", id);
    lem_escape_html(&p->toc, title, strlen(title));
    lem_buf_puts(&p->toc, "</a>\n");
    lem_buf_printf(&p->body, "<h2 id=\"s%d\">", id);
    html_text(p, title);
    lem_buf_puts(&p->body, "</h2>\n");
    md_heading(p, "## ", title);
}

void lem_page_heading(lem_page *p, const char *title) {
    lem_buf_puts(&p->body, "<h3>");
    html_text(p, title);
    lem_buf_puts(&p->body, "</h3>\n");
    md_heading(p, "### ", title);
}

void lem_page_paragraph(lem_page *p, const char *text) {
    lem_buf_puts(&p->body, "<p>");
    html_text(p, text);
    lem_buf_puts(&p->body, "</p>\n");
    md_text(p, text);
    lem_buf_puts(&p->md, "\n\n");
}

void lem_page_note(lem_page *p, const char *text) {
    lem_buf_puts(&p->body, "<p class=\"note\">");
    html_text(p, text);
    lem_buf_puts(&p->body, "</p>\n");
    lem_buf_puts(&p->md, "> ");
    md_text(p, text);
    lem_buf_puts(&p->md, "\n\n");
}

void lem_page_fold(lem_page *p, const char *title) { open_details(p, "<details class=\"fold\">", title); }

void lem_page_fold_end(lem_page *p) { lem_buf_puts(&p->body, "</details>\n"); }

void lem_page_pairs(lem_page *p, const lem_pair *pairs, int n) {
    lem_buf_puts(&p->body, "<dl>\n");
    for (int i = 0; i < n; i++) {
        lem_buf_puts(&p->body, "<dt>");
        html_text(p, pairs[i].key);
        lem_buf_puts(&p->body, "</dt><dd>");
        html_text(p, pairs[i].value);
        lem_buf_puts(&p->body, "</dd>\n");
        lem_buf_puts(&p->md, "* ");
        md_text(p, pairs[i].key);
        lem_buf_puts(&p->md, ": ");
        md_text(p, pairs[i].value);
        lem_buf_putc(&p->md, '\n');
    }
    lem_buf_puts(&p->body, "</dl>\n");
    lem_buf_putc(&p->md, '\n');
}

void lem_page_tiles(lem_page *p, const lem_pair *tiles, const char *const *details, int n) {
    lem_buf_puts(&p->body, "<div class=\"tiles\">\n");
    for (int i = 0; i < n; i++) {
        const char *detail = details ? details[i] : NULL;
        lem_buf_puts(&p->body, "<div class=\"tile\"><span>");
        html_text(p, tiles[i].key);
        lem_buf_puts(&p->body, "</span><b>");
        html_text(p, tiles[i].value);
        lem_buf_puts(&p->body, "</b><span>");
        html_text(p, detail);
        lem_buf_puts(&p->body, "</span></div>\n");
        lem_buf_puts(&p->md, "* **");
        md_text(p, tiles[i].key);
        lem_buf_puts(&p->md, "**: ");
        md_text(p, tiles[i].value);
        if (detail) {
            lem_buf_putc(&p->md, ' ');
            md_text(p, detail);
        }
        lem_buf_putc(&p->md, '\n');
    }
    lem_buf_puts(&p->body, "</div>\n");
    lem_buf_putc(&p->md, '\n');
}

/* ---- tables ---- */

static const char *cell(const lem_table *t, int row, int column) {
    const char *s = t->cells[(size_t)row * (size_t)t->n_columns + (size_t)column];
    return s ? s : "";
}

static void table_html(lem_page *p, const lem_table *t) {
    lem_buf *b = &p->body;
    lem_buf_puts(b, "<div class=\"wide\"><table>\n");
    if (t->caption) {
        lem_buf_puts(b, "<caption>");
        html_text(p, t->caption);
        lem_buf_puts(b, "</caption>\n");
    }
    lem_buf_puts(b, "<thead><tr>");
    for (int c = 0; c < t->n_columns; c++) {
        lem_buf_puts(b, t->columns[c].numeric ? "<th class=\"num\" scope=\"col\">" : "<th scope=\"col\">");
        html_text(p, t->columns[c].title);
        lem_buf_puts(b, "</th>");
    }
    lem_buf_puts(b, "</tr></thead>\n<tbody>\n");
    for (int r = 0; r < t->n_rows; r++) {
        lem_buf_puts(b, r == t->mark_row ? "<tr class=\"mark\">" : "<tr>");
        for (int c = 0; c < t->n_columns; c++) {
            lem_buf_puts(b, t->columns[c].numeric ? "<td class=\"num\">" : "<td>");
            html_text(p, cell(t, r, c));
            lem_buf_puts(b, "</td>");
        }
        lem_buf_puts(b, "</tr>\n");
    }
    lem_buf_puts(b, "</tbody></table></div>\n");
}

static void table_md(lem_page *p, const lem_table *t) {
    lem_buf *b = &p->md;
    if (t->caption) {
        md_text(p, t->caption);
        lem_buf_puts(b, "\n\n");
    }
    for (int c = 0; c < t->n_columns; c++) {
        lem_buf_puts(b, "| ");
        md_text(p, t->columns[c].title);
        lem_buf_putc(b, ' ');
    }
    lem_buf_puts(b, "|\n");
    for (int c = 0; c < t->n_columns; c++) lem_buf_puts(b, t->columns[c].numeric ? "|---:" : "|---");
    lem_buf_puts(b, "|\n");
    for (int r = 0; r < t->n_rows; r++) {
        for (int c = 0; c < t->n_columns; c++) {
            bool bold = r == t->mark_row && *cell(t, r, c);
            lem_buf_puts(b, bold ? "| **" : "| ");
            md_text(p, cell(t, r, c));
            lem_buf_puts(b, bold ? "** " : " ");
        }
        lem_buf_puts(b, "|\n");
    }
    lem_buf_putc(b, '\n');
}

static void csv_row_end(lem_buf *b) { lem_buf_puts(b, "\r\n"); }

void lem_page_csv_cell(lem_buf *b, bool first, const char *text) {
    if (!first) lem_buf_putc(b, ',');
    lem_escape_csv(b, text, strlen(text));
}

void lem_page_table(lem_page *p, const lem_table *t) {
    table_html(p, t);
    table_md(p, t);
    sheet *s = lem_page_sheet_new(p, t->name);
    if (!s) return;
    for (int c = 0; c < t->n_columns; c++) lem_page_csv_cell(&s->text, c == 0, t->columns[c].title);
    csv_row_end(&s->text);
    for (int r = 0; r < t->n_rows; r++) {
        for (int c = 0; c < t->n_columns; c++) lem_page_csv_cell(&s->text, c == 0, cell(t, r, c));
        csv_row_end(&s->text);
    }
}

/* ---- charts ---- */

static void chart_csv(lem_page *p, const lem_chart *c) {
    sheet *s = lem_page_sheet_new(p, c->name);
    if (!s) return;
    lem_buf_puts(&s->text, "series,x,y,lo,hi\r\n");
    for (int k = 0; k < c->n_series; k++) {
        const lem_series *line = &c->series[k];
        for (int i = 0; i < line->n; i++) {
            lem_page_csv_cell(&s->text, true, line->name);
            const double v[4] = {line->x[i], line->y[i], line->lo ? line->lo[i] : NAN,
                                 line->hi ? line->hi[i] : NAN};
            for (int j = 0; j < 4; j++) {
                lem_buf_putc(&s->text, ',');
                lem_page_csv_number(&s->text, v[j]);
            }
            csv_row_end(&s->text);
        }
    }
}

/* In Markdown a chart is the first and last value of each line; the CSV file has all of them. */
static void chart_md(lem_page *p, const lem_chart *c) {
    md_text(p, c->title);
    lem_buf_puts(&p->md, ":\n\n");
    double scale = c->percent ? 100 : 1;
    for (int k = 0; k < c->n_series; k++) {
        const lem_series *s = &c->series[k];
        if (s->n < 1) continue;
        lem_buf_puts(&p->md, "* ");
        md_text(p, s->name);
        lem_buf_printf(&p->md, ": %.4g at %.6g", scale * s->y[0], s->x[0]);
        if (s->n > 1) lem_buf_printf(&p->md, " to %.4g at %.6g", scale * s->y[s->n - 1], s->x[s->n - 1]);
        lem_buf_puts(&p->md, c->percent ? " (percent)\n" : "\n");
    }
    lem_buf_putc(&p->md, '\n');
}

void lem_page_chart(lem_page *p, const lem_chart *c) {
    lem_buf svg = {0};
    if (!lem_chart_svg(c, &svg)) {
        lem_buf note = {0};
        lem_buf_printf(&note, "%s: no finite points to draw.", c->title);
        lem_page_note(p, lem_buf_str(&note));
        lem_buf_release(&note);
        lem_buf_release(&svg);
        return;
    }
    lem_buf_puts(&p->body, "<figure class=\"half\"><figcaption>");
    html_text(p, c->title);
    lem_buf_puts(&p->body, "</figcaption>\n<div class=\"legend\">");
    for (int k = 0; k < c->n_series; k++) {
        const char *of = k >= 8 ? " dash" : "";
        if (c->series[k].published) of = " published";
        lem_buf_printf(&p->body, "<span><i class=\"s%d%s\"></i>", k % 8, of);
        html_text(p, c->series[k].name);
        lem_buf_puts(&p->body, "</span>");
    }
    lem_buf_puts(&p->body, "</div>\n<div class=\"wide\">");
    lem_buf_add(&p->body, lem_buf_str(&svg), svg.len);
    lem_buf_puts(&p->body, "</div></figure>\n");
    p->failed = p->failed || svg.failed;
    lem_buf_release(&svg);
    chart_md(p, c);
    chart_csv(p, c);
}

void lem_page_example(lem_page *p, const char *title, const lem_example_part *parts, int n, bool open) {
    open_details(p, open ? "<details open>" : "<details>", title);
    lem_page_put_parts(&p->body, parts, n);
    for (int i = 0; i < n; i++) {
        md_text(p, parts[i].label);
        lem_buf_puts(&p->md, ":\n\n");
        lem_escape_md_block(&p->md, parts[i].text, strlen(parts[i].text));
        lem_buf_putc(&p->md, '\n');
    }
    lem_buf_puts(&p->body, "</details>\n");
}

/* ---- two texts side by side ---- */

static void marked_html(lem_page *p, const lem_marked *m) {
    size_t at = 0;
    for (size_t i = 0; i < m->n_marks; i++) {
        const lem_mark *k = &m->marks[i];
        if (k->begin < at || k->end < k->begin || k->end > m->len) continue;
        lem_escape_html(&p->body, m->text + at, k->begin - at);
        lem_buf_puts(&p->body, k->strong ? "<mark class=\"run\">" : "<mark>");
        lem_escape_html(&p->body, m->text + k->begin, k->end - k->begin);
        lem_buf_puts(&p->body, "</mark>");
        at = k->end;
    }
    lem_escape_html(&p->body, m->text + at, m->len - at);
}

void lem_page_beside(lem_page *p, const char *title, const char *note, const lem_marked sides[2], bool open) {
    open_details(p, open ? "<details open>" : "<details>", title);
    if (note) lem_page_paragraph(p, note);
    lem_buf_puts(&p->body, "<div class=\"beside\">\n");
    for (int i = 0; i < 2; i++) {
        lem_buf_puts(&p->body, "<div class=\"part\"><span>");
        html_text(p, sides[i].label);
        lem_buf_puts(&p->body, "</span><pre>");
        marked_html(p, &sides[i]);
        lem_buf_puts(&p->body, "</pre></div>\n");
        md_text(p, sides[i].label);
        lem_buf_puts(&p->md, ":\n\n");
        lem_escape_md_block(&p->md, sides[i].text, sides[i].len);
        lem_buf_putc(&p->md, '\n');
    }
    lem_buf_puts(&p->body, "</div></details>\n");
}

/* ---- trees ---- */

void lem_page_tree(lem_page *p, const char *title, const char *text, bool open) {
    open_details(p, open ? "<details open>" : "<details>", title);
    if (text) {
        lem_buf_puts(&p->body, "<div class=\"part\"><pre>");
        html_text(p, text);
        lem_buf_puts(&p->body, "</pre></div>\n");
        lem_escape_md_block(&p->md, text, strlen(text));
        lem_buf_putc(&p->md, '\n');
    }
    lem_buf_puts(&p->body, "<ul class=\"tree\">\n");
}

void lem_page_branch(lem_page *p, const lem_branch *b) {
    static const char *const tone[] = {"", " good", " bad"};
    int depth = b->depth < TREE_DEPTH ? b->depth : TREE_DEPTH;
    lem_buf_printf(&p->body, "<li class=\"step%s\" style=\"--d:%d\"><span>", tone[b->tone], depth);
    html_text(p, b->label);
    if (b->mark) {
        lem_buf_puts(&p->body, " <b>");
        html_text(p, b->mark);
        lem_buf_puts(&p->body, "</b>");
    }
    lem_buf_puts(&p->body, "</span><pre>");
    lem_escape_html(&p->body, b->text, b->len);
    lem_buf_puts(&p->body, "</pre></li>\n");
    lem_buf_printf(&p->md, "%*s* ", 2 * depth, "");
    md_text(p, b->label);
    if (b->mark) {
        lem_buf_puts(&p->md, " **");
        md_text(p, b->mark);
        lem_buf_puts(&p->md, "**");
    }
    lem_buf_puts(&p->md, ": ");
    lem_escape_md(&p->md, b->text, b->len);
    lem_buf_putc(&p->md, '\n');
}

void lem_page_tree_end(lem_page *p, const char *note) {
    lem_buf_puts(&p->body, "</ul>\n");
    lem_buf_putc(&p->md, '\n');
    if (note) lem_page_note(p, note);
    lem_buf_puts(&p->body, "</details>\n");
}

/* ---- the finished texts ---- */

/* A file beside the page; bytes that mean something in an address are written as %XX. */
static void put_link(lem_page *p, lem_buf *b, const char *end, const char *text) {
    lem_buf_puts(b, "<a href=\"");
    for (size_t i = 0; i < p->stem.len; i++) {
        char c = p->stem.data[i];
        if (name_char(c) || c == '-' || c == '.') lem_buf_putc(b, c);
        else lem_buf_printf(b, "%%%02X", (unsigned)(unsigned char)c);
    }
    lem_buf_printf(b, "%s\">", end);
    lem_escape_html(b, text, strlen(text));
    lem_buf_puts(b, "</a>\n");
}

/* What lies beside the page. */
static void put_links(lem_page *p, lem_buf *b) {
    char end[96];
    if (!p->stem.len) return;
    lem_buf_puts(b, "<details class=\"fold\"><summary>The same as Markdown and CSV</summary>\n<nav>");
    put_link(p, b, ".md", "Markdown");
    for (size_t i = 0; i < p->n_sheets; i++) {
        snprintf(end, sizeof end, "-%s.csv", p->sheets[i].name);
        put_link(p, b, end, p->sheets[i].name);
    }
    lem_buf_puts(b, "</nav></details>\n");
}

const char *lem_page_html(lem_page *p) {
    lem_buf *b = &p->html;
    char source[64];
    lem_buf_clear(b);
    lem_buf_puts(
        b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
           "content=\"width=device-width,initial-scale=1\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src "
           "'unsafe-inline';base-uri 'none';form-action 'none'");
    lem_page_script_source(source);
    if (p->scripted) lem_buf_printf(b, ";script-src %s", source);
    lem_buf_puts(b, "\">\n");
    if (p->refresh > 0) lem_buf_printf(b, "<meta http-equiv=\"refresh\" content=\"%d\">\n", p->refresh);
    lem_buf_puts(b, "<title>");
    lem_escape_html(b, lem_buf_str(&p->title), p->title.len);
    lem_buf_puts(b, "</title>\n<style>\n");
    lem_buf_puts(b, lem_page_style);
    lem_buf_puts(b, "</style>\n</head>\n<body>\n<main>\n<h1>");
    lem_escape_html(b, lem_buf_str(&p->title), p->title.len);
    lem_buf_puts(b, "</h1>\n");
    if (p->subtitle.len) {
        lem_buf_puts(b, "<p class=\"sub\">");
        lem_escape_html(b, lem_buf_str(&p->subtitle), p->subtitle.len);
        lem_buf_puts(b, "</p>\n");
    }
    if (p->sections > 1) {
        lem_buf_puts(b, "<nav>\n");
        lem_buf_add(b, lem_buf_str(&p->toc), p->toc.len);
        lem_buf_puts(b, "</nav>\n");
    }
    lem_buf_add(b, lem_buf_str(&p->body), p->body.len);
    put_links(p, b);
    lem_buf_printf(b,
                   "<footer>Made by lemma report. This page is one file: it needs no network and runs "
                   "%s.</footer>\n</main>\n",
                   p->scripted ? "no script but the filter of its list" : "no script");
    if (p->scripted) lem_buf_printf(b, "<script>%s</script>\n", lem_page_script);
    lem_buf_puts(b, "</body>\n</html>\n");
    return lem_buf_str(b);
}

const char *lem_page_markdown(lem_page *p) { return lem_buf_str(&p->md); }

const char *lem_page_csv(const lem_page *p, const char *name) {
    for (size_t i = 0; i < p->n_sheets; i++)
        if (strcmp(p->sheets[i].name, name) == 0) return lem_buf_str(&p->sheets[i].text);
    return NULL;
}

/* One file of the report. look: only whether it can be written. */
static lem_status put_file(const char *path, const lem_buf *text, bool look, bool overwrite, lem_err *err) {
    if (look && !overwrite && lem_file_exists(path))
        return lem_fail(err, LEM_EUSAGE, "%s exists already; pass --overwrite to replace it", path);
    lem_status st = lem_buf_ok(text, err);
    return st || look ? st : lem_file_write_atomic(path, lem_buf_str(text), text->len, err);
}

/* All files of the report, html_path first. */
static lem_status put_files(const lem_page *p, const char *html_path, bool look, bool overwrite,
                            lem_err *err) {
    lem_buf path = {0};
    int stem = (int)strlen(html_path) - 5;
    lem_status st = put_file(html_path, &p->html, look, overwrite, err);
    if (st) return st;
    lem_buf_printf(&path, "%.*s.md", stem, html_path);
    LEM_TRY(lem_buf_ok(&path, err));
    LEM_TRY(put_file(lem_buf_str(&path), &p->md, look, overwrite, err));
    for (size_t i = 0; i < p->n_sheets; i++) {
        lem_buf_clear(&path);
        lem_buf_printf(&path, "%.*s-%s.csv", stem, html_path, p->sheets[i].name);
        LEM_TRY(lem_buf_ok(&path, err));
        LEM_TRY(put_file(lem_buf_str(&path), &p->sheets[i].text, look, overwrite, err));
    }
done:
    lem_buf_release(&path);
    return st;
}

lem_status lem_page_save(lem_page *p, const char *html_path, bool overwrite, lem_err *err) {
    size_t n = strlen(html_path);
    if (n < 6 || strcmp(html_path + n - 5, ".html") != 0)
        return lem_fail(err, LEM_EUSAGE, "the report's path must end in .html, found '%s'", html_path);
    if (p->failed || p->items.failed || p->toc.failed || p->body.failed || p->title.failed ||
        p->subtitle.failed)
        return lem_fail(err, LEM_EMEM, "out of memory for the report");
    lem_buf_clear(&p->stem);
    lem_buf_add(&p->stem, lem_path_base(html_path), strlen(lem_path_base(html_path)) - 5);
    lem_status st = lem_buf_ok(&p->stem, err);
    if (st) return st;
    (void)lem_page_html(p);
    st = put_files(p, html_path, true, overwrite, err); /* all or none where one is in the way */
    return st ? st : put_files(p, html_path, false, overwrite, err);
}
