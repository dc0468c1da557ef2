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
/* Sets style and template to those of o->style, and looks whether what the folder tells (s, dir) or the other
 * options say otherwise of anything that the style tells. */
lem_status lem_prompt_take_style(lem_prompt_settings *s, const char *dir, const lem_prompt_options *o,
                                 lem_err *err) LEM_MUST_CHECK;

/* The chat template of a file. trained: the folder that was trained with its own template, which must be the
 * same; NULL = none. */
lem_status lem_prompt_take_file(lem_prompt_settings *s, const char *trained, const char *file,
                                lem_err *err) LEM_MUST_CHECK;
/* The variables of --set; dir's may not be others. */
lem_status lem_prompt_take_variables(lem_prompt_settings *s, const char *dir, const lem_json *list,
                                     lem_err *err) LEM_MUST_CHECK;

#endif
