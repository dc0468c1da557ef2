/* weights/name_list.h - names that go into one error line: the first few of each kind, then how many more */
#ifndef LEM_WEIGHTS_NAME_LIST_H
#define LEM_WEIGHTS_NAME_LIST_H

#include "core/buf.h"
#include "core/err.h"

typedef struct lem_name_list { /* zeroed but for `what` = empty */
    const char *what;          /* "missing" */
    lem_buf text;
    size_t n;
} lem_name_list;

/* note (may be NULL) stands behind the name, in brackets. */
void lem_name_list_add(lem_name_list *l, const char *name, const char *note);
/* LEM_OK when all lists are empty; else LEM_EDATA "<prefix>: <what> 'a', 'b' and 3 more; <what> …". Releases
 * the lists. */
lem_status lem_name_lists_fail(lem_name_list *const *lists, int n, const char *prefix,
                               lem_err *err) LEM_MUST_CHECK;

#endif
