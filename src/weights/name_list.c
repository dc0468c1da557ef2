/* name_list - collects names for one error line of bounded length */
#include "weights/name_list.h"

enum { SHOWN = 4 };

void lem_name_list_add(lem_name_list *l, const char *name, const char *note) {
    if (l->n++ >= SHOWN) return;
    lem_buf_printf(&l->text, "%s'%.80s'", l->n > 1 ? ", " : "", name);
    if (note) lem_buf_printf(&l->text, " (%.60s)", note);
}

lem_status lem_name_lists_fail(lem_name_list *const *lists, int n, const char *prefix, lem_err *err) {
    lem_buf all = {0};
    for (int i = 0; i < n; i++) {
        lem_name_list *l = lists[i];
        if (l->n) lem_buf_printf(&all, "%s%s %s", all.len ? "; " : "", l->what, lem_buf_str(&l->text));
        if (l->n > SHOWN) lem_buf_printf(&all, " and %zu more", l->n - SHOWN);
        all.failed = all.failed || l->text.failed;
        lem_buf_release(&l->text);
    }
    lem_status st = lem_buf_ok(&all, err);
    if (st == LEM_OK && all.len) st = lem_fail(err, LEM_EDATA, "%s: %s", prefix, lem_buf_str(&all));
    lem_buf_release(&all);
    return st;
}
