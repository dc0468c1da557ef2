/* row_kinds.c - the table of kinds of rows, and which of them a row is */
#include "data/row_kinds.h"

#include "core/choice.h"
#include "data/candidates.h"
#include "data/steps.h"

#include <stdio.h>
#include <string.h>

#define CHAT_COLUMNS "messages|message|conversations"
#define PAIR_PROMPTS "prompt|messages|conversations|instruction|input|question"
#define SFT_CHAT (LEM_ROW_FOR_SFT | LEM_ROW_CHAT | LEM_ROW_WRITTEN)

/* In the order of detection: a row is of the first that it fits. */
static const lem_row_kind_info kinds[] = {
    {LEM_ROW_BENCH2,
     "rewardbench2",
     "chosen and rejected lists",
     {"prompt", "chosen", "rejected"},
     NULL,
     LEM_ROW_REPLIES},
    {LEM_ROW_PREFERENCE,
     "preference",
     "preference pairs",
     {"chosen", "rejected"},
     PAIR_PROMPTS "|system",
     LEM_ROW_FOR_SFT | LEM_ROW_REPLIES | LEM_ROW_WRITTEN},
    {LEM_ROW_RANKED,
     "nemo-ranked",
     "ranked lists",
     {"context|prompt", "completions"},
     NULL,
     LEM_ROW_FOR_SFT | LEM_ROW_REPLIES | LEM_ROW_WRITTEN},
    {LEM_ROW_LISTS,
     "lists",
     "response lists",
     {"responses", "labels"},
     "problem|system|weights",
     LEM_ROW_REPLIES | LEM_ROW_WRITTEN},
    {LEM_ROW_ANNOTATED,
     "annotated",
     "solutions with labelled steps",
     {"problem", "steps", "step_counts|step_labels"},
     "step_counts|step_labels",
     LEM_ROW_STEPS | LEM_ROW_WRITTEN,
     "annotated"},
    {LEM_ROW_STEP_LISTS,
     "step-lists",
     "responses with labelled steps",
     {"problem", "responses", "step_labels"},
     NULL,
     LEM_ROW_STEPS,
     "lists"},
    {LEM_ROW_RLHFLOW,
     "rlhflow",
     "steps as turns, signs as replies",
     {"conversations"},
     NULL,
     LEM_ROW_FOR_SFT | LEM_ROW_STEPS | LEM_ROW_WRITTEN,
     "rlhflow"},
    {LEM_ROW_SHEPHERD,
     "math-shepherd",
     "solutions with a sign behind each step",
     {"input", "label"},
     NULL,
     LEM_ROW_STEPS | LEM_ROW_WRITTEN,
     "math-shepherd"},
    {LEM_ROW_TRL_STEPS,
     "trl-steps",
     "stepwise supervision",
     {"prompt", "completions", "labels"},
     NULL,
     LEM_ROW_STEPS | LEM_ROW_WRITTEN,
     "trl"},
    {LEM_ROW_PRM800K,
     "prm800k",
     "rated trees of steps",
     {"question", "label"},
     NULL,
     LEM_ROW_STEPS,
     "prm800k"},
    {LEM_ROW_PRM800K_FLAT,
     "prm800k-flat",
     "rated steps, one a row",
     {"instruction", "next_response", "rating"},
     "responses",
     LEM_ROW_STEPS,
     "prm800k-flat"},
    {LEM_ROW_PROCESSBENCH,
     "processbench",
     "solutions with their first wrong step",
     {"problem", "steps", "label"},
     NULL,
     LEM_ROW_STEPS,
     "processbench"},
    {LEM_ROW_REWARDMATH,
     "rewardmath",
     "RewardMATH's scores or solutions",
     {"problem", "solution_reference"},
     NULL,
     0},
    {LEM_ROW_PRMBENCH,
     "prmbench",
     "PRMBench's altered solutions",
     {"modified_process", "error_steps"},
     NULL,
     0},
    {LEM_ROW_REASONEVAL,
     "reasoneval",
     "ReasonEval's altered solutions",
     {"hypothesis_steps", "error_type"},
     NULL,
     0},
    {LEM_ROW_OPENR, "openr", "OmegaPRM's rollouts", {"question", "reasoning_steps"}, NULL, 0},
    {LEM_ROW_CANDIDATES, "candidates", "candidates", {NULL}, NULL, 0},
    {LEM_ROW_GRADED,
     "acemath-rm",
     "graded conversations",
     {CHAT_COLUMNS, "label"},
     NULL,
     LEM_ROW_FOR_SFT | LEM_ROW_REPLIES | LEM_ROW_ONE_REPLY | LEM_ROW_WRITTEN},
    {LEM_ROW_MESSAGES, "messages", "conversations", {CHAT_COLUMNS}, "answer|system|tools", SFT_CHAT},
    {LEM_ROW_SHAREGPT,
     "sharegpt",
     "ShareGPT's conversations",
     {"conversations|messages"},
     "system|tools",
     SFT_CHAT},
    {LEM_ROW_UNPAIRED,
     "kto",
     "unpaired preferences",
     {"prompt", "completion", "label"},
     "system",
     LEM_ROW_FOR_SFT | LEM_ROW_REPLIES | LEM_ROW_ONE_REPLY | LEM_ROW_WRITTEN},
    {LEM_ROW_PROMPT_COMPLETION,
     "prompt-completion",
     "prompts with a completion",
     {"prompt", "completion|response|target"},
     "system|tools",
     SFT_CHAT},
    {LEM_ROW_INSTRUCTION,
     "alpaca",
     "instructions",
     {"instruction", "output|response"},
     "input|system|history",
     SFT_CHAT},
    {LEM_ROW_QUESTION_ANSWER,
     "question-answer",
     "questions with an answer",
     {"question|problem|query", "solution|answer|response"},
     NULL,
     SFT_CHAT},
    {LEM_ROW_TEXT, "text", "texts", {"text"}, NULL, LEM_ROW_FOR_SFT | LEM_ROW_CHAT},
    {LEM_ROW_PROMPTS,
     "prompts",
     "prompts alone",
     {"problem|question|query|prompt"},
     NULL,
     LEM_ROW_CHAT | LEM_ROW_WRITTEN},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };
static const lem_row_kind_info unknown = {
    LEM_ROW_UNKNOWN, "unknown", "rows of no known kind", {NULL}, NULL, 0, NULL};
_Static_assert(N_KINDS == LEM_N_ROW_KINDS - 1, "a kind without its row in the table");

const lem_row_kind_info *lem_row_kind_of(lem_row_kind k) {
    for (int i = 0; i < N_KINDS; i++)
        if (kinds[i].kind == k) return &kinds[i];
    return &unknown;
}

const char *lem_row_kind_name(lem_row_kind k) { return lem_row_kind_of(k)->name; }

lem_status lem_row_kind_parse(const char *name, lem_row_kind *out, lem_err *err) {
    int i = strcmp(name, "instruction") == 0 ? (int)LEM_ROW_INSTRUCTION - 1
                                             : lem_choice_find(LEM_ROW_KIND_NAMES, name);
    if (i < 0) return lem_fail(err, LEM_EUSAGE, "format '%.40s' is not one of " LEM_ROW_KIND_NAMES, name);
    *out = (lem_row_kind)(i + 1);
    return LEM_OK;
}

/* ---- columns ---- */

const lem_json *lem_row_column(const lem_json *row, const char *name) {
    const lem_json *v = lem_json_get(row, name);
    return v && lem_json_kind(v) != LEM_JSON_NULL ? v : NULL;
}

const lem_json *lem_row_first(const lem_json *row, const char *list, char which[32]) {
    char name[32];
    for (int i = 0; lem_choice_at(list, i, name); i++) {
        const lem_json *v = lem_row_column(row, name);
        if (!v) continue;
        if (which) snprintf(which, 32, "%s", name);
        return v;
    }
    return NULL;
}

static bool has_all(const lem_json *row, const lem_row_kind_info *k) {
    for (int i = 0; i < 4 && k->need[i]; i++)
        if (!lem_row_first(row, k->need[i], NULL)) return false;
    return true;
}

/* ---- what they hold ---- */

static const lem_json *first_turn(const lem_json *row) {
    return lem_json_at(lem_row_first(row, CHAT_COLUMNS, NULL), 0);
}

/* All replies are + or -. */
static bool has_signs(const lem_json *row) {
    const lem_json *list = lem_row_column(row, "conversations");
    size_t n = lem_json_count(list);
    if (lem_json_kind(list) != LEM_JSON_ARRAY || n < 2 || n % 2) return false;
    for (size_t i = 1; i < n; i += 2) {
        const lem_json *m = lem_json_at(list, i), *v = lem_json_get(m, "content");
        const char *s = lem_json_str(v ? v : lem_json_get(m, "value"), "");
        s += strspn(s, " \n");
        if ((*s != '+' && *s != '-') || s[1 + strspn(s + 1, " \n")]) return false;
    }
    return true;
}

static bool is_kind(const lem_json *v, lem_json_type type) { return lem_json_kind(v) == type; }

/* Columns alone would take too much: what must be in them besides. */
static bool holds(const lem_json *row, lem_row_kind k) {
    const lem_json *list = lem_row_column(row, "completions");
    switch (k) {
    case LEM_ROW_BENCH2: return is_kind(lem_json_at(lem_row_column(row, "chosen"), 0), LEM_JSON_STRING);
    case LEM_ROW_RANKED: return is_kind(lem_json_at(list, 0), LEM_JSON_OBJECT);
    case LEM_ROW_RLHFLOW: return has_signs(row);
    case LEM_ROW_SHEPHERD: return strstr(lem_json_str(lem_row_column(row, "input"), ""), "\xd0\xba\xd0\xb8");
    case LEM_ROW_TRL_STEPS: return is_kind(list, LEM_JSON_ARRAY);
    case LEM_ROW_PRM800K: return is_kind(lem_row_column(row, "question"), LEM_JSON_OBJECT);
    case LEM_ROW_PROCESSBENCH: return is_kind(lem_row_column(row, "steps"), LEM_JSON_ARRAY);
    case LEM_ROW_CANDIDATES: return lem_candidates_format(row) != NULL;
    case LEM_ROW_GRADED: return is_kind(first_turn(row), LEM_JSON_OBJECT);
    case LEM_ROW_MESSAGES: return lem_json_get(first_turn(row), "role");
    case LEM_ROW_SHAREGPT: return lem_json_get(first_turn(row), "from");
    default: return true;
    }
}

lem_row_kind lem_row_detect(const lem_json *row) {
    const char *steps = lem_steps_detect(row);
    for (int i = 0; i < N_KINDS; i++) {
        const lem_row_kind_info *k = &kinds[i];
        if (k->steps ? !steps || strcmp(steps, k->steps) != 0 : !has_all(row, k)) continue;
        if (holds(row, k->kind)) return k->kind;
    }
    return LEM_ROW_UNKNOWN;
}

/* ---- words ---- */

static const char *shape_of(const lem_json *v) {
    if (is_kind(v, LEM_JSON_STRING)) return "a text";
    if (is_kind(v, LEM_JSON_OBJECT)) return "a message";
    return is_kind(lem_json_at(v, 0), LEM_JSON_OBJECT) ? "a list of messages" : "something else";
}

/* What a pair is made of, and how many turns its lists share. */
static void put_pair(const lem_json *row, lem_buf *out) {
    const lem_json *a = lem_row_column(row, "chosen"), *b = lem_row_column(row, "rejected");
    size_t n = 0;
    if (strcmp(shape_of(a), shape_of(b)) != 0) {
        lem_buf_printf(out, ", %s and %s", shape_of(a), shape_of(b));
        return;
    }
    lem_buf_printf(out, ", each %s", shape_of(a));
    if (!is_kind(a, LEM_JSON_ARRAY)) return;
    while (n < lem_json_count(a) && lem_json_equal(lem_json_at(a, n), lem_json_at(b, n))) n++;
    if (n == 1) lem_buf_puts(out, "; they share their first turn");
    else if (n) lem_buf_printf(out, "; they share their first %zu turns", n);
}

static void put_found(const lem_json *row, const char *list, lem_buf *out, const char **between) {
    char which[32];
    if (!lem_row_first(row, list, which)) return;
    lem_buf_printf(out, "%s%s", *between, which);
    *between = ", ";
}

void lem_row_evidence(const lem_json *row, lem_row_kind k, lem_buf *out) {
    const lem_row_kind_info *info = lem_row_kind_of(k);
    const char *between = "columns ";
    for (int i = 0; i < 4 && info->need[i]; i++) put_found(row, info->need[i], out, &between);
    if (k == LEM_ROW_PREFERENCE) put_found(row, PAIR_PROMPTS, out, &between);
    switch (k) {
    case LEM_ROW_PREFERENCE: put_pair(row, out); break;
    case LEM_ROW_MESSAGES:
        lem_buf_puts(out, " of role and content");
        if (lem_row_column(row, "answer")) lem_buf_puts(out, ", and answer: the reply");
        break;
    case LEM_ROW_SHAREGPT: lem_buf_puts(out, " of from and value"); break;
    case LEM_ROW_RLHFLOW: lem_buf_puts(out, ", whose replies are + or -"); break;
    case LEM_ROW_CANDIDATES:
        lem_buf_printf(out, "the columns of %s",
                       lem_candidates_format(row) ? lem_candidates_format(row) : "?");
        break;
    case LEM_ROW_PROMPTS: lem_buf_puts(out, ", and none of a reply"); break;
    default: break;
    }
}

/* How many of the columns that a kind needs are there, and the first that is not. */
static int found_of(const lem_json *row, const lem_row_kind_info *k, const char **lacks) {
    int n = 0;
    *lacks = NULL;
    for (int i = 0; i < 4 && k->need[i]; i++) {
        if (lem_row_first(row, k->need[i], NULL)) n++;
        else if (!*lacks) *lacks = k->need[i];
    }
    return n;
}

lem_status lem_row_unknown(const lem_json *row, lem_err *err) {
    lem_buf b = {0};
    int shown = 0;
    for (const char *k = lem_json_key_next(row, NULL); k && b.len < 400; k = lem_json_key_next(row, k))
        lem_buf_printf(&b, "%s%.60s", b.len ? ", " : "", k);
    for (int i = 0; i < N_KINDS && shown < 4; i++) {
        const char *lacks;
        if (!found_of(row, &kinds[i], &lacks) || !lacks) continue;
        lem_buf_printf(&b, "; %s needs %s too", lem_row_kind_name(kinds[i].kind), lacks);
        shown++;
    }
    lem_status st = lem_fail(err, LEM_EDATA,
                             "the kind of row cannot be told from its columns; name it with --format; the "
                             "columns are %s",
                             lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}

lem_status lem_row_other_kind(const lem_json *row, lem_row_kind k, lem_status st, lem_err *err) {
    lem_row_kind own = st == LEM_EDATA ? lem_row_detect(row) : k;
    if (own == k || own == LEM_ROW_UNKNOWN) return st;
    return lem_fail(err, LEM_EDATA, "a row of kind %s among rows of kind %s", lem_row_kind_name(own),
                    lem_row_kind_name(k));
}

static bool among(const char *list, const char *column) { return list && lem_choice_find(list, column) >= 0; }

bool lem_row_reads(const lem_json *row, lem_row_kind k, const char *column) {
    const lem_row_kind_info *info = lem_row_kind_of(k);
    bool other = k != LEM_ROW_UNKNOWN && info->is == 0; /* read by other commands, which name columns */
    if (other || among("id|idx|unique_id|domain", column) || among(info->more, column)) return true;
    for (int i = 0; i < 4 && info->need[i]; i++) {
        char first[32];
        if (among(info->need[i], column) && lem_row_first(row, info->need[i], first) &&
            strcmp(first, column) == 0)
            return true;
    }
    return false;
}
