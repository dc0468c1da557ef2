/* prompt_options.c - demonstrations as the options ask for them */
#include "cli/prompt_options.h"
#include "cli/runtime.h"

#include "data/shots.h"

#include <stdio.h>

/* style NULL: the option --shots wants them. */
static lem_status no_file(const char *style, int k, lem_err *err) {
    char who[64] = "--shots";
    if (style) snprintf(who, sizeof who, "--style %s", style);
    return lem_fail(err, LEM_EUSAGE, "%s wants %d worked examples: --shots-from FILE expected", who, k);
}

lem_status lem_prompt_options_shots(const lem_args *args, const lem_cancel *cancel, lem_prompt_settings *s,
                                    lem_err *err) {
    const lem_prompt_style *style = s->style;
    const char *from = lem_args_str(args, "shots-from");
    bool given = lem_args_has(args, "shots");
    int k = style ? style->shots : 0;
    if (k == 0 && from) k = 5;
    if (given) k = (int)lem_args_int(args, "shots");
    if (k > 0 && style && style->layout == LEM_PROMPT_SHOTS_NONE)
        return lem_fail(err, LEM_EUSAGE,
                        "--style %s takes no worked examples; leave out --shots and "
                        "--shots-from",
                        style->name);
    if (k > 0 && !from) return no_file(given ? NULL : style->name, k, err);
    return from && k > 0 ? lem_shots_load(from, k, style, cancel, &s->shots, err) : LEM_OK;
}

lem_status lem_prompt_options_tokenizer(const lem_cli *cli, const char *dir, const lem_prompt_settings *s,
                                        lem_tokenizer **out, lem_err *err) {
    lem_tokenizer *t = NULL;
    lem_status st = lem_runtime_tokenizer(cli, dir, &t, err);
    if (st == LEM_OK) st = lem_prompt_settings_apply(s, t, err);
    if (st == LEM_OK) *out = t;
    else if (t) lem_tokenizer_free(t);
    return st;
}
