/* jinja/template.h - a model folder's chat template (Jinja), rendered with the origin of every byte
 *
 * The language is the subset that chat templates use; output equals jinja2's byte for byte in the environment
 * that Transformers makes (ImmutableSandboxedEnvironment, trim_blocks, lstrip_blocks, loopcontrols, {%
 * generation %}; tojson, raise_exception and strftime_now as there). What is not supported (blocks, imports,
 * recursive loops, a few filters) is an error that names the line and the construct.
 *
 * Each byte of the output has a mark. LEM_MARK_DATA: it comes from the messages, tools or other variables, so
 * that a special token spelt there is text; the rest was written by the template. A role of the usual names
 * counts as the template's: <|user|> may be built from it. LEM_MARK_REPLY: inside {% generation %}.
 *
 * Bounds, all errors: source 1 MiB; nesting; steps and memory of a rendering, both in proportion to its
 * input. Nothing depends on time, locale or environment: strftime_now shows the date that the caller gives. A
 * lem_template is immutable and may be shared by threads. */
#ifndef LEM_JINJA_TEMPLATE_H
#define LEM_JINJA_TEMPLATE_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEM_MARK_DATA = 1, LEM_MARK_REPLY = 2 };

typedef struct lem_template lem_template;

/* A zeroed date is 26 July 2024, 00:00:00, the one that Llama 3.1's template writes when it is given none. */
typedef struct lem_date {
    int year, month, day, hour, minute, second; /* year 1 to 9999, month and day from 1 */
} lem_date;
/* From "YYYY-MM-DD"; the template checks whether there is such a day. False for another form. */
bool lem_date_parse(const char *text, lem_date *out);

typedef struct lem_template_input {
    const lem_json *messages; /* array of objects */
    size_t n_messages;        /* the first so many of them */
    const lem_json *tools;    /* NULL: none */
    const lem_json *tokens;   /* NULL, or an object of variables that count as the template's own text:
                                 bos_token, eos_token … */
    const lem_json
        *extra; /* NULL, or an object of further variables (enable_thinking …), which win over all others */
    bool generation_prompt;
    lem_date date;
    uint64_t max_steps; /* 0: 20 million and 64 for each byte of input */
    size_t max_memory;  /* 0: 64 MiB and 64 bytes for each byte of input */
} lem_template_input;

typedef struct lem_rendered {
    lem_buf text, mark; /* as long as each other */
} lem_rendered;
void lem_rendered_release(lem_rendered *r);

lem_status lem_template_parse(const char *source, size_t len, lem_template **out,
                              lem_err *err) LEM_MUST_CHECK;
void lem_template_free(lem_template *t);
bool lem_template_marks_replies(const lem_template *t); /* has {% generation %} */
/* The name stands somewhere in its source: a variable of another name cannot matter. */
bool lem_template_mentions(const lem_template *t, const char *name);
/* Replaces what out held. Errors begin with "chat template: line N: ". */
lem_status lem_template_render(const lem_template *t, const lem_template_input *in, lem_rendered *out,
                               lem_err *err) LEM_MUST_CHECK;

#endif
