/* settings_priv.h - what the parts of settings share: options that say otherwise than the folder */
#ifndef LEM_PROMPT_SETTINGS_PRIV_H
#define LEM_PROMPT_SETTINGS_PRIV_H

#include "core/buf.h"
#include "prompt/settings.h"

/* Appends a text for people: in quotes, on one line, not too long; "none" without quotes. */
void lem_prompt_show(const char *text, lem_buf *out);
/* LEM_EUSAGE: what ("--system") says given, dir's file says saved. */
lem_status lem_prompt_conflict(const char *what, const char *given, const char *saved, const char *dir,
                               lem_err *err) LEM_MUST_CHECK;
/* Takes the style of that name: s has what the folder tells (dir), o the options beside the style. */
lem_status lem_prompt_take_style(lem_prompt_settings *s, const char *dir, const lem_prompt_options *o,
                                 lem_err *err) LEM_MUST_CHECK;

#endif
