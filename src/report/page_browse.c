/* page_browse.c - a list of items on the page that can be searched and filtered */
#include "report/page_priv.h"

#include "report/escape.h"
#include "report/mathml.h"

#include <inttypes.h>
#include <string.h>

static void put_cell(lem_buf *b, const char *tag, const char *text) {
    lem_buf_printf(b, "<%s>", tag);
    lem_escape_html(b, text, strlen(text));
    lem_buf_puts(b, "</td>");
}

static void put_answers(lem_buf *b, const lem_answer *a, int n) {
    static const char *const tone[] = {"", " class=\"good\"", " class=\"bad\""};
    bool scores = false;
    for (int i = 0; i < n; i++) scores = scores || *a[i].score;
    if (!n) return;
    lem_buf_printf(b,
                   "<div class=\"wide\"><table class=\"answers\"><thead><tr><th scope=\"col\">answer</th><th "
                   "scope=\"col\" class=\"num\">votes</th><th scope=\"col\">verdict</th>%s<th "
                   "scope=\"col\">candidates</th></tr></thead>\n<tbody>",
                   scores ? "<th scope=\"col\" class=\"num\">best score</th>" : "");
    for (int i = 0; i < n; i++) {
        lem_buf_printf(b, "<tr%s><td>", tone[a[i].tone]);
        lem_page_put_answer(b, a[i].answer);
        lem_buf_puts(b, "</td>");
        put_cell(b, "td class=\"num\"", a[i].votes);
        put_cell(b, "td", a[i].verdict);
        if (scores) put_cell(b, "td class=\"num\"", a[i].score);
        put_cell(b, "td", a[i].members);
        lem_buf_puts(b, "</tr>\n");
    }
    lem_buf_puts(b, "</tbody></table></div>\n");
}

static void put_asked(lem_buf *b, const lem_asked *a, uint64_t number) {
    static const char *const words[] = {"right", "wrong", "unsure", ""};
    lem_buf_puts(b, "<fieldset class=\"marks\" hidden data-row=\"");
    lem_escape_html(b, a->row, strlen(a->row));
    lem_buf_puts(b, "\"><legend>Is the answer right?</legend>");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *checked = strcmp(words[i], a->mark) == 0 ? " checked" : "";
        const char *shown = *words[i] ? words[i] : "not marked";
        lem_buf_printf(b, "<label><input type=\"radio\" name=\"m%" PRIu64 "\" value=\"%s\"%s> %s</label>",
                       number, words[i], checked, shown);
    }
    lem_buf_puts(b, "</fieldset>\n");
}

static void put_item(lem_buf *b, const lem_item *item, uint64_t number) {
    lem_buf_puts(b, "<details class=\"item");
    for (int i = 0; i < item->n_tags; i++) lem_buf_printf(b, " t%d", item->tags[i]);
    lem_buf_puts(b, "\"><summary>");
    lem_mathml_text(item->title, strlen(item->title), b);
    /* Browsers with scripts take what is within for one text, which page.js opens with the item: a page of a
     * million elements took them five seconds. Those without show it as it is. */
    lem_buf_puts(b, "</summary><noscript>\n");
    lem_page_put_parts(b, item->parts, item->n_head);
    put_answers(b, item->answers, item->n_answers);
    lem_page_put_parts(b, item->parts + item->n_head, item->n_parts - item->n_head);
    lem_buf_puts(b, "</noscript>");
    if (item->asked) put_asked(b, item->asked, number);
    lem_buf_puts(b, "</details>\n");
}

void lem_page_item(lem_page *p, const lem_item *item) {
    put_item(&p->items, item, p->n_items++);
    p->asks = p->asks || item->asked;
}

size_t lem_page_measure(const lem_item *item) {
    lem_buf b = {0};
    put_item(&b, item, 0);
    size_t n = b.len;
    lem_buf_release(&b);
    return n;
}

size_t lem_page_item_bytes(const lem_page *p) { return p->items.len; }

static void selects(lem_buf *b, const lem_tag *tags, int n) {
    const char *group = NULL;
    for (int i = 0; i < n; i++) {
        if (!tags[i].n) continue;
        if (!group || strcmp(group, tags[i].group) != 0) {
            if (group) lem_buf_puts(b, "</select></label>\n");
            group = tags[i].group;
            lem_buf_puts(b, "<label>");
            lem_escape_html(b, group, strlen(group));
            lem_buf_puts(b, " <select><option value=\"\">all</option>");
        }
        lem_buf_printf(b, "<option value=\"t%d\">", i);
        lem_escape_html(b, tags[i].label, strlen(tags[i].label));
        lem_buf_printf(b, " (%" PRIu64 ")</option>", tags[i].n);
    }
    if (group) lem_buf_puts(b, "</select></label>\n");
}

static const char mark_filter[] =
    "<label>mark <select><option value=\"\">all</option><option value=\"m-\">not marked</option><option "
    "value=\"m-right\">right</option><option value=\"m-wrong\">wrong</option><option "
    "value=\"m-unsure\">unsure</option></select></label>\n";
static const char mark_list[] = "<details id=\"marks\" hidden><summary>no marks yet</summary><p>Marks stay "
                                "on this page until it is closed: "
                                "<a id=\"save\" download=\"marks.jsonl\">save them as marks.jsonl</a>, or "
                                "copy these lines into a file. <code>lemma "
                                "grade FILE --marks marks.jsonl</code> reads them.</p><textarea readonly "
                                "rows=\"8\" aria-label=\"marks, one JSON "
                                "object a line\"></textarea></details>\n";

void lem_page_browse(lem_page *p, const char *unit, const lem_tag *tags, int n) {
    lem_buf *b = &p->body;
    if (p->scripted || !p->n_items) return; /* one list a page */
    p->scripted = true;
    lem_buf_puts(b,
                 /* the form stays in view as far as the list goes */
                 "<div><form id=\"browse\" hidden><label>search <input type=\"search\" "
                 "placeholder=\"words\"></label>\n");
    selects(b, tags, n);
    if (p->asks) lem_buf_puts(b, mark_filter);
    lem_buf_puts(b, "<output id=\"found\"></output></form>\n");
    if (p->asks) lem_buf_puts(b, mark_list);
    lem_buf_add(b, lem_buf_str(&p->items), p->items.len);
    lem_buf_puts(b, "</div>\n");
    lem_buf_printf(&p->md, "%" PRIu64 " %s stand in the HTML page, to search and filter.\n\n", p->n_items,
                   unit);
}
