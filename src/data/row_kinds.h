/* data/row_kinds.h - the kinds of rows that people have, in one table: what columns tell them, what they
 * are for, and what they can be turned into
 *
 * docs/data-kinds.md shows the table; sources of the shapes are named there. */
#ifndef LEM_DATA_ROW_KINDS_H
#define LEM_DATA_ROW_KINDS_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"

typedef enum lem_row_kind {
    LEM_ROW_UNKNOWN,
    LEM_ROW_MESSAGES,
    LEM_ROW_SHAREGPT,
    LEM_ROW_PROMPT_COMPLETION,
    LEM_ROW_INSTRUCTION, /* alpaca */
    LEM_ROW_QUESTION_ANSWER,
    LEM_ROW_TEXT,
    LEM_ROW_PROMPTS, /* problems without a reply */
    LEM_ROW_PREFERENCE,
    LEM_ROW_BENCH2,   /* RewardBench 2: several chosen, several rejected */
    LEM_ROW_RANKED,   /* NeMo-RL */
    LEM_ROW_LISTS,    /* ours */
    LEM_ROW_UNPAIRED, /* KTO */
    LEM_ROW_GRADED,   /* AceMath-RM */
    LEM_ROW_RLHFLOW,
    LEM_ROW_SHEPHERD,
    LEM_ROW_TRL_STEPS,
    LEM_ROW_ANNOTATED,
    LEM_ROW_STEP_LISTS,
    LEM_ROW_PRM800K,
    LEM_ROW_PRM800K_FLAT,
    LEM_ROW_PROCESSBENCH,
    LEM_ROW_CANDIDATES,
    LEM_ROW_REWARDMATH,
    LEM_ROW_PRMBENCH,
    LEM_ROW_REASONEVAL,
    LEM_ROW_OPENR,
    LEM_N_ROW_KINDS
} lem_row_kind;

/* Their names, from LEM_ROW_MESSAGES on in the order above. "instruction" is read as alpaca. */
#define LEM_ROW_KIND_NAMES                                                                                   \
    "messages|sharegpt|prompt-completion|alpaca|question-answer|text|prompts|preference|rewardbench2|"       \
    "nemo-ranked|lists|kto|acemath-rm|rlhflow|math-shepherd|trl-steps|annotated|step-lists|prm800k|"         \
    "prm800k-flat|processbench|candidates|rewardmath|prmbench|reasoneval|openr"
/* Those that `sft` trains (LEM_ROW_FOR_SFT). */
#define LEM_ROW_KIND_NAMES_SFT                                                                               \
    "messages|sharegpt|prompt-completion|alpaca|question-answer|text|preference|nemo-ranked|kto|acemath-rm|" \
    "rlhflow|instruction"
/* Those that `data convert` writes (LEM_ROW_WRITTEN). */
#define LEM_ROW_KIND_NAMES_WRITTEN                                                                           \
    "messages|sharegpt|prompt-completion|alpaca|question-answer|prompts|preference|nemo-ranked|lists|kto|"   \
    "acemath-rm|rlhflow|math-shepherd|trl-steps|annotated"

/* What a kind is for, and what can be done with it. */
enum {
    LEM_ROW_FOR_SFT = 1,   /* sft trains it */
    LEM_ROW_CHAT = 2,      /* one conversation a row */
    LEM_ROW_REPLIES = 4,   /* a prompt with judged replies: rm train reads it */
    LEM_ROW_STEPS = 8,     /* solutions with labelled steps: prm train reads it */
    LEM_ROW_WRITTEN = 16,  /* data convert writes it */
    LEM_ROW_ONE_REPLY = 32 /* of REPLIES: one a row, regrouped by the prompt */
};

typedef struct lem_row_kind_info {
    lem_row_kind kind;
    const char *name;    /* as in LEM_ROW_KIND_NAMES */
    const char *title;   /* "preference pairs" */
    const char *need[4]; /* columns that must be there; "a|b" = one of them */
    const char *more;    /* other columns that are read, "a|b|c"; NULL = none */
    unsigned is;         /* LEM_ROW_FOR_SFT … */
    const char *steps;   /* its name in LEM_STEPS_FORMATS, or NULL */
} lem_row_kind_info;

const lem_row_kind_info *lem_row_kind_of(lem_row_kind k); /* never NULL */
const char *lem_row_kind_name(lem_row_kind k);            /* "unknown" for LEM_ROW_UNKNOWN */
lem_status lem_row_kind_parse(const char *name, lem_row_kind *out, lem_err *err) LEM_MUST_CHECK;
/* Told from the columns and, where they are ambiguous, from what they hold. */
lem_row_kind lem_row_detect(const lem_json *row);
/* Appends on what ground a row is of kind k: "columns chosen, rejected, both lists of messages that share
 * their first turn". */
void lem_row_evidence(const lem_json *row, lem_row_kind k, lem_buf *out);
/* LEM_EDATA: the columns found, and what the nearest kinds lack. */
lem_status lem_row_unknown(const lem_json *row, lem_err *err);
/* Where reading a row as kind k failed with LEM_EDATA, and it is told to be of another kind, the error says
 * so. Returns st. */
lem_status lem_row_other_kind(const lem_json *row, lem_row_kind k, lem_status st, lem_err *err);
/* Does kind k read this column of the row? Of columns that stand for one another the first is read (solution
 * before answer). Those that every kind passes over (id and the like) count as read. */
bool lem_row_reads(const lem_json *row, lem_row_kind k, const char *column);

/* A member that is there and not null. */
const lem_json *lem_row_column(const lem_json *row, const char *name);
/* The first of "a|b|c" that is there, its name in *which (may be NULL); NULL = none. */
const lem_json *lem_row_first(const lem_json *row, const char *names, char which[32]);

#endif
