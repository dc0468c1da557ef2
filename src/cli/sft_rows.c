/* sft_rows.c - the rows of a stage of lemma sft: read, bounded, counted, the first of them shown */
#include "cli/sft.h"

#include "core/choice.h"
#include "core/mem.h"
#include "token/tokenizer.h"

#include <string.h>

enum { SHOWN_LINES = 16, SHOWN_BYTES = 300 }; /* of the first row in the log */

lem_sft_load lem_sft_how(const lem_sft_job *j, const lem_sft_stage *s) {
    const lem_args *a = &s->args;
    lem_sft_load how = {
        lem_args_str(a, "format"),
        s->prompt.system,
        s->prompt.suffix,
        lem_args_flag(a, "strip-marks"),
        lem_args_flag(a, "box-answer"),
        (int)lem_args_int(a, "max-len"),
        lem_args_has(a, "limit") ? lem_args_int(a, "limit") : -1,
        j->cli->cancel,
        (lem_over_length)lem_choice_find(LEM_OVER_LENGTH_NAMES, lem_args_str(a, "over-length")),
        lem_args_int(a, "offset"),
        lem_args_is(a, "train", "last")};
    return how;
}

/* Rows of text alone say how prompts are written only if the model has never seen anything else. */
static void tell_template(const lem_sft_job *j, lem_sft_stage *s, bool conversations) {
    bool scratch = lem_args_flag(j->args, "from-scratch");
    if (!conversations && !(scratch && j->n == 1)) return;
    s->prompt.template = conversations ? LEM_PROMPT_CHAT : LEM_PROMPT_PLAIN;
    s->prompt.told |= LEM_PROMPT_TOLD_TEMPLATE;
}

/* An option that no row took was not trained on: lemma.json must not tell it. */
static lem_status forget(lem_sft_job *j, lem_sft_stage *s, int field, const char *option, uint64_t rows,
                         lem_err *err) {
    if (!lem_args_str(&s->args, option) || !*lem_args_str(&s->args, option) || rows) return LEM_OK;
    lem_warn(j->cli->log, "stage %s: no row takes --%s; it is not trained on, and not saved with the model",
             s->name, option);
    lem_status st = lem_prompt_settings_tell(&s->prompt, field, NULL, err);
    s->prompt.told &= ~(unsigned)field;
    return st;
}

static lem_status keep_taken(lem_sft_job *j, lem_sft_stage *s, const lem_drop_counts *d, lem_err *err) {
    if (s->prompt.variables_given && !d->conversations) {
        lem_warn(j->cli->log,
                 "stage %s: no row goes through the chat template; --set is not trained on, and not saved "
                 "with the model",
                 s->name);
        lem_json_free(s->prompt.variables);
        s->prompt.variables = NULL;
        s->prompt.told &= ~(unsigned)LEM_PROMPT_TOLD_VARIABLES;
    }
    lem_status st = forget(j, s, LEM_PROMPT_TOLD_SUFFIX, "suffix", d->with_suffix, err);
    return st ? st : forget(j, s, LEM_PROMPT_TOLD_SYSTEM, "system", d->with_system, err);
}

/* ---- how long they may be ---- */

static lem_status set_max_len(const lem_sft_job *j, const lem_sft_stage *s, lem_sft_load *how, lem_err *err) {
    int context = j->config.max_positions;
    if (how->max_len > context)
        return lem_fail(err, LEM_EUSAGE, "stage %s: --max-len %d is beyond the context of %d tokens", s->name,
                        how->max_len, context);
    if (how->max_len == 0) how->max_len = context;
    return LEM_OK;
}

/* Rows that are left out as too long, as a share of all: above --max-dropped a run is not what was asked for.
 */
static lem_status check_dropped(const lem_sft_job *j, const lem_sft_stage *s, const char *path,
                                const lem_drop_counts *d, int max_len, lem_err *err) {
    double bound = lem_args_num(&s->args, "max-dropped");
    double share = d->rows ? (double)d->too_long / (double)d->rows : 0;
    if (share <= bound) return LEM_OK;
    char text[512];
    snprintf(text, sizeof text,
             "%s: %llu of %llu rows (%.1f %%) are longer than %d tokens and would be left out; --max-dropped "
             "allows %.3g %%",
             path, (unsigned long long)d->too_long, (unsigned long long)d->rows, 100 * share, max_len,
             100 * bound);
    if (j->cli->dry_run) {
        lem_warn(j->cli->log, "%s", text);
        return LEM_OK;
    }
    return lem_fail(err, LEM_EDATA,
                    "%s: raise --max-len or --context, pass --over-length cut, or --max-dropped %.2g", text,
                    share > 0.99 ? 1 : share + 0.01);
}

/* ---- telling ---- */

static void say_counts(const lem_sft_job *j, const lem_sft_stage *s) {
    const lem_drop_counts *d = &s->rows;
    double share = d->rows ? (double)d->too_long / (double)d->rows : 0;
    lem_info(j->cli->log,
             "stage %s: %llu rows, %llu kept, %llu left out as too long (%.1f %%), %llu otherwise, %llu cut; "
             "%llu tokens, %llu of "
             "them trained",
             s->name, (unsigned long long)d->rows, (unsigned long long)d->kept,
             (unsigned long long)d->too_long, 100 * share,
             (unsigned long long)(d->rows - d->kept - d->too_long), (unsigned long long)d->cut,
             (unsigned long long)d->tokens, (unsigned long long)d->trained);
}

/* Line by line, as long as they are few: what is behind them is in --json. */
static void say_lines(const lem_sft_job *j, const char *text) {
    for (int lines = 0; *text && lines < SHOWN_LINES; lines++) {
        size_t n = strcspn(text, "\n"), shown = n;
        if (shown > SHOWN_BYTES)
            for (shown = SHOWN_BYTES; shown > 0 && ((unsigned char)text[shown] & 0xC0) == 0x80;) shown--;
        lem_info(j->cli->log, "  | %.*s%s", (int)shown, text, shown < n ? " …" : "");
        text += n + (text[n] == '\n');
    }
    if (*text) lem_info(j->cli->log, "  | …");
}

/* The first row as it is trained, for the log and for --json. */
static lem_status show_first(const lem_sft_job *j, lem_sft_stage *s, const lem_examples *e, lem_err *err) {
    lem_buf text = {0};
    if (e->n == 0) return LEM_OK;
    lem_status st = lem_examples_preview(e, 0, j->tok, &s->first, err);
    if (st == LEM_OK) st = lem_preview_text(s->first, &text, err);
    if (st == LEM_OK) {
        lem_info(j->cli->log, "stage %s: its first row, [[what is trained]] in brackets:", s->name);
        say_lines(j, lem_buf_str(&text));
    }
    lem_buf_release(&text);
    return st;
}

typedef struct amounts {
    uint64_t rows, tokens, trained;
} amounts;

/* Rows and tokens of each domain, where rows name them. */
static lem_status count_domains(lem_sft_stage *s, const lem_examples *e, lem_err *err) {
    amounts of[LEM_MAX_DOMAINS] = {{0}};
    if (e->domains.n < 2) return LEM_OK;
    for (uint64_t i = 0; i < e->n; i++) {
        amounts *a = &of[e->domain[i]];
        a->rows++;
        a->tokens += e->start[i + 1] - e->start[i];
        for (uint64_t t = e->start[i] + 1; t < e->start[i + 1]; t++) a->trained += e->mask[t] != 0;
    }
    lem_object all = lem_object_new();
    for (int d = 0; d < e->domains.n; d++) {
        if (of[d].rows == 0) continue;
        lem_object o = lem_object_new();
        lem_object_int(&o, "rows", of[d].rows);
        lem_object_int(&o, "tokens", of[d].tokens);
        lem_object_int(&o, "trained_tokens", of[d].trained);
        lem_object_json(&all, e->domains.name[d], lem_object_done(&o));
    }
    s->domains = lem_object_done(&all);
    return s->domains ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

/* ---- reading ---- */

static void add_counts(lem_drop_counts *sum, const lem_drop_counts *d) {
    sum->rows += d->rows;
    sum->kept += d->kept;
    sum->too_long += d->too_long;
    sum->marked += d->marked;
    sum->empty += d->empty;
    sum->cut += d->cut;
    sum->tokens += d->tokens;
    sum->trained += d->trained;
    sum->conversations += d->conversations;
    sum->with_suffix += d->with_suffix;
    sum->with_system += d->with_system;
}

static lem_status load_file(lem_sft_job *j, lem_sft_stage *s, const char *path, const lem_sft_load *how,
                            lem_examples *into, lem_drop_counts *sum, lem_err *err) {
    lem_drop_counts d = {0};
    lem_sft_load own = *how;
    lem_status st = lem_bad_rows_reader(&s->bad, LEM_BAD_ANY, path, NULL, j->cli->cancel, &own.judge, err);
    if (st == LEM_OK) st = lem_examples_load(into, path, j->tok, &own, &d, j->cli->log, err);
    s->used += d.rows;
    if (st == LEM_OK) st = lem_train_need_rows(path, d.rows, err);
    if (st == LEM_OK) st = check_dropped(j, s, path, &d, how->max_len, err);
    if (st == LEM_OK) add_counts(sum, &d);
    return st;
}

static lem_status load_val(lem_sft_job *j, lem_sft_stage *s, const lem_sft_load *how, lem_examples *val,
                           lem_err *err) {
    const char *path = lem_args_str(&s->args, "val");
    lem_sft_load all = *how;
    lem_drop_counts d = {0};
    if (!path) return LEM_OK;
    all.offset = 0;
    lem_status st = load_file(j, s, path, &all, val, &d, err);
    if (st == LEM_OK)
        lem_info(j->cli->log, "stage %s: %llu validation rows kept of %llu", s->name,
                 (unsigned long long)d.kept, (unsigned long long)d.rows);
    return st;
}

lem_status lem_sft_rows(lem_sft_job *j, lem_sft_stage *s, lem_examples *train, lem_examples *val,
                        lem_err *err) {
    lem_sft_load how = lem_sft_how(j, s);
    const lem_json *files = lem_args_tree(&s->args, "data");
    lem_status st = LEM_OK;
    LEM_TRY(lem_bad_rows_begin(j->args, &s->bad, err));
    s->used = 0;
    s->bad.part = j->n > 1 ? s->name : NULL;
    s->bad.more = s > j->stages;
    LEM_TRY(set_max_len(j, s, &how, err));
    for (size_t i = 0; i < lem_json_count(files); i++)
        LEM_TRY(load_file(j, s, lem_json_str(lem_json_at(files, i), ""), &how, train, &s->rows, err));
    tell_template(j, s, s->rows.conversations > 0);
    LEM_TRY(keep_taken(j, s, &s->rows, err));
    say_counts(j, s);
    LEM_TRY(show_first(j, s, train, err));
    LEM_TRY(count_domains(s, train, err));
    st = load_val(j, s, &how, val, err);
done:
    return st;
}

lem_status lem_sft_rows_end(lem_sft_job *j, lem_sft_stage *s, lem_err *err) {
    lem_status st = lem_bad_rows_end(&s->bad, j->cli, j->job, s->used, err);
    return st && j->n > 1 ? lem_err_context(err, "stage %s", s->name) : st;
}
