/* prompt_options.c - demonstrations as the options ask for them */
#include "cli/prompt_options.h"

#include "data/shots.h"

lem_status lem_prompt_options_shots(const lem_args *args, const lem_cancel *cancel, lem_prompt_settings *s,
                                    lem_err *err) {
    const lem_prompt_style *style = s->style;
    const char *from = lem_args_str(args, "shots-from");
    bool given = lem_args_has(args, "shots");
    int own = style && style->shots ? style->shots : from ? 5 : 0;
    int k = given ? (int)lem_args_int(args, "shots") : own;
    if (k > 0 && style && style->layout == LEM_PROMPT_SHOTS_NONE)
        return lem_fail(err, LEM_EUSAGE,
                        "--style %s takes no worked examples; leave out --shots and "
                        "--shots-from",
                        style->name);
    if (k > 0 && !from)
        return lem_fail(err, LEM_EUSAGE, "%s%s wants %d worked examples: --shots-from FILE expected",
                        given ? "--shots" : "--style ", given ? "" : style->name, k);
    return from && k > 0 ? lem_shots_load(from, k, style, cancel, &s->shots, err) : LEM_OK;
}
