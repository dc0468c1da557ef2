/* settings_say.c - who says otherwise, for people */
#include "core/json.h"
#include "prompt/settings_priv.h"

enum { SHOWN = 80 };

void lem_prompt_show(const char *text, lem_buf *out) {
    lem_json *v = text ? lem_json_new_str(text) : NULL;
    lem_buf b = {0};
    if (v) lem_json_write(v, 0, &b);
    if (b.len < 2) lem_buf_puts(out, "none");
    else {
        size_t n = b.len - 2, cut = n < SHOWN ? n : SHOWN;
        for (; cut > 0 && cut < n && (b.data[1 + cut] & 0xC0) == 0x80;) cut--;
        lem_buf_printf(out, "'%.*s%s'", (int)cut, b.data + 1, cut < n ? "..." : "");
    }
    lem_json_free(v);
    lem_buf_release(&b);
}

lem_status lem_prompt_conflict(const char *what, const char *given, const char *saved, const char *dir,
                               lem_err *err) {
    lem_buf a = {0}, b = {0};
    lem_prompt_show(given, &a);
    lem_prompt_show(saved, &b);
    lem_status st = lem_fail(
        err, LEM_EUSAGE,
        "%s %s conflicts with %.300s/%s, by which the model was trained with %s; leave the option out, or "
        "pass --prompt-from options to use another prompt than in training",
        what, lem_buf_str(&a), dir, LEM_PROMPT_SETTINGS_FILE, lem_buf_str(&b));
    lem_buf_release(&a);
    lem_buf_release(&b);
    return st;
}
