/* page_browse.c - a list of items on the page that can be searched and filtered */
#include "report/page_priv.h"

#include "report/escape.h"

#include <inttypes.h>
#include <string.h>

void lem_page_item(lem_page *p, const lem_item *item) {
    lem_buf *b = &p->items;
    lem_buf_puts(b, "<details class=\"item");
    for (int i = 0; i < item->n_tags; i++) lem_buf_printf(b, " t%d", item->tags[i]);
    lem_buf_puts(b, "\"><summary>");
    lem_escape_html(b, item->title, strlen(item->title));
    lem_buf_puts(b, "</summary>\n");
    lem_page_put_parts(b, item->parts, item->n_parts);
    lem_buf_puts(b, "</details>\n");
    p->n_items++;
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

void lem_page_browse(lem_page *p, const char *unit, const lem_tag *tags, int n) {
    lem_buf *b = &p->body;
    if (p->scripted || !p->n_items) return; /* one list a page */
    p->scripted = true;
    lem_buf_puts(
        b,
        "<form id=\"browse\" hidden><label>search <input type=\"search\" placeholder=\"words\"></label>\n");
    selects(b, tags, n);
    lem_buf_puts(b, "<output id=\"found\"></output></form>\n");
    lem_buf_add(b, lem_buf_str(&p->items), p->items.len);
    lem_buf_printf(&p->md, "%" PRIu64 " %s stand in the HTML page, to search and filter.\n\n", p->n_items,
                   unit);
}
