/* prompt/style.h - prompt styles by name: how a paper or a benchmark puts its problems
 *
 * A style is a row of one table. It says the template, the system line, what stands around a problem, how
 * demonstrations are laid out, and which further texts end a reply. lem_prompt_settings_open takes it into
 * the settings, so that there is one path that makes prompts; docs/prompts.md shows each style.
 *
 * The same prompts without a tokenizer, for servers: lem_prompt_style_messages. A chat style goes to
 * /v1/chat/completions as messages, and the server's template writes them; a text style goes to
 * /v1/completions as text, and the server puts BOS before it.
 *
 * Sources: utils.py of QwenLM/Qwen2.5-Math (its evaluation) for qwen*, deepseek-math, mathstral, numina;
 * AceMath (arXiv:2412.15084) and the cards of its models; hendrycks/test, lm-evaluation-harness
 * (mmlu_flan_cot_fewshot) and TIGER-AI-Lab/MMLU-Pro for the forms of MMLU. */
#ifndef LEM_PROMPT_STYLE_H
#define LEM_PROMPT_STYLE_H

#include "core/buf.h"
#include "core/err.h"
#include "prompt/chat.h"
#include "prompt/settings.h"

#include <stdbool.h>
#include <stddef.h>

/* Where demonstrations stand. */
typedef enum lem_prompt_layout {
    LEM_PROMPT_SHOTS_ONE_TURN, /* in the turn of the problem: question, line end, answer, and so on */
    LEM_PROMPT_SHOTS_TURNS,    /* a turn of the user and a reply for each */
    LEM_PROMPT_SHOTS_TEXT,     /* each written as the problem is, with its answer behind it */
    LEM_PROMPT_SHOTS_NONE      /* the style takes none */
} lem_prompt_layout;

enum { LEM_PROMPT_STYLE_STOPS = 4, LEM_PROMPT_SHOTS_MAX = 64 };

struct lem_prompt_style {
    const char *name, *purpose;
    lem_prompt_template template;
    const char *system; /* NULL = none */
    const char *suffix; /* a line behind the problem; NULL = none */
    const char *header; /* text styles: before everything; {about} is " about SUBJECT", or nothing where the
                           row has none */
    const char *before, *after; /* text styles: around the problem */
    bool strip;                 /* white space around problems and answers goes, as in its program */
    lem_prompt_layout layout;
    const char *answer;  /* text styles: between a demonstration's question and its answer */
    const char *lead;    /* how a reply begins, at the end of the prompt; NULL = no such words. An answer of a
                            demonstration that begins so itself is not given them twice */
    const char *between; /* behind each demonstration */
    int shots;           /* of the style itself; 0 = as many as are asked for */
    bool by_subject;     /* demonstrations are of the problem's own subject */
    const char *choices; /* what stands between a question and its choices */
    bool choice_lines;   /* "A. 3" and so on, each on a line of its own; else "(A) 3 (B) 4" */
    const char *stop[LEM_PROMPT_STYLE_STOPS]; /* that end a reply, beside those of the model; NULL-ended
                                                 unless full */
};

/* "qwen25-math-cot|qwen-boxed|…": the choices of --style. */
#define LEM_PROMPT_STYLE_NAMES                                                                               \
    "none|plain|qwen25-math-cot|qwen-boxed|deepseek-math|mathstral|numina|acemath|acemath-check|mmlu-5shot|" \
    "mmlu-cot|mmlu-pro-cot"

/* NULL if there is no such style. */
const lem_prompt_style *lem_prompt_style_find(const char *name);
/* The i-th style from 0; NULL behind the last. */
const lem_prompt_style *lem_prompt_style_at(int i);

/* A prompt as servers take it. Zeroed = empty. */
typedef struct lem_prompt_request {
    bool chat;             /* messages for /v1/chat/completions; else text for /v1/completions */
    lem_message *messages; /* [n], with their texts; owned. n = 0 unless chat */
    size_t n;
    char *text; /* the whole prompt as text without BOS, owned; NULL for styles of the folder's own template,
                   which only the folder or the server knows */
} lem_prompt_request;
void lem_prompt_request_release(lem_prompt_request *r);

/* The prompt of a problem by s (of lem_prompt_settings_open: style, system, suffix, template and
 * demonstrations are all in it). subject: of the row, for styles and demonstrations that tell subjects apart;
 * NULL = none. *out is released by the caller. */
lem_status lem_prompt_style_messages(const lem_prompt_settings *s, const char *problem, const char *subject,
                                     lem_prompt_request *out, lem_err *err) LEM_MUST_CHECK;

/* Appends question and its choices (n, at most 26) as the style lays them out; style NULL as qwen25-math-cot.
 * For whoever makes the problem of a row with choices, and the demonstrations. */
void lem_prompt_style_choices(const lem_prompt_style *style, const char *question, const char *const *choices,
                              int n, lem_buf *out);

/* The n-th text (from 0) that ends a reply in the style of s; NULL behind the last, or without a style. */
const char *lem_prompt_style_stop(const lem_prompt_settings *s, int n);

#endif
