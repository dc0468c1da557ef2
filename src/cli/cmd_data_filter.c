/* cmd_data_filter.c - lemma data filter: the rows that named filters keep, and why the others go */
#include "cli/commands.h"
#include "cli/data_run.h"
#include "cli/runtime.h"

#include "curate/filter.h"

#include <string.h>

static const lem_opt opts[] = {
    {"preset", LEM_OPT_ENUM, "NAME", "none",
     "a paper's set of filters, under the options given beside it: acemath is --max-prompt-words 300 "
     "--max-response-words 2500 --repetition --boxed",
     .choices = "none|acemath"},
    {"max-prompt-words", LEM_OPT_INT, "N", NULL, "leave out rows with a longer prompt, in words; 0 = off", 0,
     1e12},
    {"max-response-words", LEM_OPT_INT, "N", NULL, "the same of the response", 0, 1e12},
    {"max-prompt-tokens", LEM_OPT_INT, "N", NULL, "the same in tokens of --tokenizer", 0, 1e12},
    {"max-response-tokens", LEM_OPT_INT, "N", NULL, "the same of the response", 0, 1e12},
    {"tokenizer", LEM_OPT_INPUT, "DIR", NULL, "folder or file whose tokens are counted"},
    {"repetition", LEM_OPT_FLAG, NULL, NULL,
     "leave out responses that go round in circles; the four below say when"},
    {"repeat-times", LEM_OPT_INT, "N", "4", "the same words (up to 100) N times in a row; 0 = off", 0,
     1000000},
    {"repeat-words", LEM_OPT_INT, "N", "40", "and that of at least N words together", 1, 1000000},
    {"repeat-lines", LEM_OPT_INT, "N", "5", "the same line N times, anywhere; 0 = off", 0, 1000000},
    {"repeat-ratio", LEM_OPT_NUM, "X", "5", "a text of 1,000 bytes that zlib makes X times smaller; 0 = off",
     0, 10000},
    {"boxed", LEM_OPT_FLAG, NULL, NULL, "leave out responses without a \\boxed answer"},
    {"one-box", LEM_OPT_FLAG, NULL, NULL,
     "leave out responses with \\boxed answers that differ, by the grader"},
    {"ends-boxed", LEM_OPT_FLAG, NULL, NULL, "leave out responses whose last line holds no \\boxed answer"},
    {"opens", LEM_OPT_STR, "REGEX", NULL, "leave out responses that do not open with it (PCRE2)"},
    {"ends", LEM_OPT_STR, "REGEX", NULL, "leave out responses that do not end with it"},
    {"match", LEM_OPT_TEXTS, "FIELD=REGEX", NULL,
     "leave out rows whose field does not match; FIELD is prompt, response or a column (dotted path); "
     "repeatable"},
    {"except", LEM_OPT_TEXTS, "FIELD=REGEX", NULL, "leave out rows whose field matches; repeatable"},
    {"script", LEM_OPT_STR, "NAME", NULL,
     "leave out rows whose letters are of another script: latin, han, cyrillic, …; a share of letters, no "
     "recognition of a language"},
    {"script-share", LEM_OPT_NUM, "X", "0.9", "the share of the letters that must be of it", 0, 1},
    {"arithmetic", LEM_OPT_FLAG, NULL, NULL,
     "leave out responses with an equation between numbers that does not hold, such as 7*8 = 54"},
    {"min-pass-rate", LEM_OPT_NUM, "X", NULL,
     "leave out problems of which a smaller share is right (correct[])", 0, 1},
    {"max-pass-rate", LEM_OPT_NUM, "X", NULL, "leave out problems of which a larger share is right", 0, 1},
    {"require", LEM_OPT_LIST, "FIELD", NULL,
     "leave out rows of which a field is not true or 1, e.g. label (KTO)"},
    {"forbid", LEM_OPT_LIST, "FIELD", NULL, "leave out rows of which a field is true or 1"},
};

/* The option where it was given, else 0. */
static int64_t whole(const lem_args *a, const char *name) { return lem_args_int(a, name); }

static void take_repetition(const lem_args *a, lem_filter_settings *s) {
    s->repetition = lem_args_flag(a, "repetition");
    s->repeat = (lem_repetition_limits){.times = (int)whole(a, "repeat-times"),
                                        .min_words = (int)whole(a, "repeat-words"),
                                        .lines = (int)whole(a, "repeat-lines"),
                                        .zlib = lem_args_num(a, "repeat-ratio")};
}

/* What the preset turned on and the user turned off by name. */
static void take_back(const lem_args *a, lem_filter_settings *s) {
    if (lem_args_has(a, "repetition")) s->repetition = lem_args_flag(a, "repetition");
    if (lem_args_has(a, "boxed")) s->boxed = lem_args_flag(a, "boxed");
    if (lem_args_has(a, "max-prompt-words")) s->max_prompt_words = whole(a, "max-prompt-words");
    if (lem_args_has(a, "max-response-words")) s->max_response_words = whole(a, "max-response-words");
}

static lem_status settings_of(const lem_cli *cli, const lem_args *a, lem_filter_settings *s, lem_err *err) {
    bool min = lem_args_has(a, "min-pass-rate"), max = lem_args_has(a, "max-pass-rate");
    *s = (lem_filter_settings){
        .max_prompt_tokens = whole(a, "max-prompt-tokens"),
        .max_response_tokens = whole(a, "max-response-tokens"),
        .one_box = lem_args_flag(a, "one-box"),
        .ends_boxed = lem_args_flag(a, "ends-boxed"),
        .opens = lem_args_str(a, "opens"),
        .ends = lem_args_str(a, "ends"),
        .match = lem_args_tree(a, "match"),
        .except = lem_args_tree(a, "except"),
        .script = lem_args_str(a, "script"),
        .script_share = lem_args_num(a, "script-share"),
        .arithmetic = lem_args_flag(a, "arithmetic"),
        .pass_rate = min || max,
        .min_pass_rate = min ? lem_args_num(a, "min-pass-rate") : 0,
        .max_pass_rate = max ? lem_args_num(a, "max-pass-rate") : 1,
        .require = lem_args_tree(a, "require"),
        .forbid = lem_args_tree(a, "forbid"),
        .cancel = cli->cancel,
    };
    take_repetition(a, s);
    lem_status st = lem_filter_preset(lem_args_str(a, "preset"), s, err);
    take_back(a, s);
    return st;
}

static lem_status check_asked(const lem_filter_set *set, lem_err *err) {
    lem_buf names = {0};
    if (lem_filter_set_count(set) > 0) return LEM_OK;
    for (int i = 0; lem_filter_at(i); i++)
        lem_buf_printf(&names, "%s%s", i ? ", " : "", lem_filter_at(i)->name);
    lem_status st = lem_fail(err, LEM_EUSAGE, "no filter was asked for; there are %s, and --preset acemath",
                             lem_buf_str(&names));
    lem_buf_release(&names);
    return st;
}

/* Counts of every filter asked for, those that dropped nothing too. */
typedef struct filtering {
    lem_data_run run;
    lem_filter_set *set;
    lem_row_texts texts;
    uint64_t failed[LEM_N_FILTERS], silent; /* silent: rows without a response */
} filtering;

/* The row fails `n` filters: dropped for each, with what they saw. */
static lem_status drop(filtering *f, lem_json *row, lem_err *err) {
    const char *why[LEM_N_FILTERS];
    lem_object detail = lem_object_new();
    int n = 0;
    for (int i = 0; i < lem_filter_set_count(f->set); i++) {
        const char *seen = lem_filter_detail(f->set, i);
        if (!lem_filter_failed(f->set, i)) continue;
        why[n++] = lem_filter_set_why(f->set, i);
        lem_object_str(&detail, lem_filter_set_at(f->set, i)->name, *seen ? seen : NULL);
    }
    lem_json *seen = lem_object_done(&detail);
    lem_status st = seen ? lem_data_run_drop_for(&f->run, row, NULL, why, n, seen, err)
                         : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(seen);
    return st;
}

static lem_status filter_row(filtering *f, lem_json *row, lem_err *err) {
    bool bad = false;
    lem_status st = lem_row_reader_texts(f->run.in, row, &f->texts, err);
    if (st) return lem_data_run_pass(&f->run, st, err);
    const lem_filter_input in = {row, lem_buf_str(&f->texts.prompt), lem_buf_str(&f->texts.response),
                                 f->texts.prompt.len, f->texts.response.len};
    st = lem_filter_row(f->set, &in, err);
    if (st) return lem_data_run_pass(&f->run, st, err);
    f->silent += in.response_len == 0;
    for (int i = 0; i < lem_filter_set_count(f->set); i++) {
        f->failed[i] += lem_filter_failed(f->set, i);
        bad = bad || lem_filter_failed(f->set, i);
    }
    return bad ? drop(f, row, err) : lem_data_run_keep(&f->run, row, err);
}

static lem_status filter_rows(filtering *f, lem_err *err) {
    lem_status st = lem_data_run_read(&f->run, err);
    if (st == LEM_OK) st = lem_data_run_write(&f->run, err);
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_data_run_next(&f->run, &row, err);
        if (st || !row) break;
        st = filter_row(f, row, err);
        lem_json_free(row);
    }
    return st == LEM_OK ? lem_data_run_finish(&f->run, err) : st;
}

static lem_json *counts_of(const filtering *f) {
    lem_object o = lem_object_new(), counts = lem_object_new();
    for (int i = 0; i < lem_filter_set_count(f->set); i++)
        lem_object_int(&counts, lem_filter_set_at(f->set, i)->name, f->failed[i]);
    lem_object_json(&o, "filters", lem_object_done(&counts));
    lem_object_int(&o, "without_response", f->silent);
    return lem_object_done(&o);
}

static lem_status tell(filtering *f, lem_err *err) {
    if (f->silent)
        lem_warn(f->run.cli->log, "%llu rows have no response: filters of responses saw an empty text",
                 (unsigned long long)f->silent);
    return lem_data_run_tell(&f->run, counts_of(f), err);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    filtering f = {0};
    lem_filter_settings s = {0};
    lem_tokenizer *t = NULL;
    bool done = false;
    lem_status st = lem_data_run_open(&f.run, cli, &lem_cmd_data_filter, args, NULL, &done, err);
    if (st == LEM_OK && !done) {
        LEM_TRY(settings_of(cli, args, &s, err));
        if (lem_args_str(args, "tokenizer"))
            LEM_TRY(lem_runtime_tokenizer(cli, lem_args_str(args, "tokenizer"), &t, err));
        s.tokenizer = t;
        LEM_TRY(lem_filter_set_new(&s, &f.set, err));
        LEM_TRY(check_asked(f.set, err));
        LEM_TRY(filter_rows(&f, err));
        LEM_TRY(tell(&f, err));
    }
done:
    lem_data_run_close(&f.run);
    lem_filter_set_free(f.set);
    lem_row_texts_release(&f.texts);
    lem_tokenizer_free(t);
    return st;
}

const lem_command lem_cmd_data_filter = {
    .name = "data filter",
    .purpose =
        "keep the rows that named filters let pass: length, repetition, boxes, script, form, arithmetic",
    .usage = "FILE... --out KEPT [options]",
    .example =
        "lemma data filter math.parquet --preset acemath --out kept.jsonl --dropped dropped.jsonl\n"
        "lemma data filter sft.jsonl --arithmetic --script latin --opens '(?i)to solve' --out kept.jsonl\n"
        "lemma data filter graded.jsonl --min-pass-rate 0.1 --max-pass-rate 0.9 --out kept.jsonl",
    .min_words = 1,
    .max_words = 1000,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .shared = lem_data_options,
    .n_shared = LEM_N_DATA_OPTIONS,
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .words = LEM_WORDS_NAMED_INPUT,
};
