/* unescape.c - line ends and tabs of a command line's texts */
#include "cli/unescape.h"

#include "core/buf.h"
#include "core/mem.h"

lem_status lem_unescape(const char *text, char **out, lem_err *err) {
    lem_buf b = {0};
    for (; *text; text++) {
        bool escape = text[0] == '\\' && (text[1] == 'n' || text[1] == 't');
        if (!escape) lem_buf_putc(&b, *text);
        else lem_buf_putc(&b, *++text == 'n' ? '\n' : '\t');
    }
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) *out = lem_strdup(lem_buf_str(&b), err);
    lem_buf_release(&b);
    return st == LEM_OK && !*out ? LEM_EMEM : st;
}
