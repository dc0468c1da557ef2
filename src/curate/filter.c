/* filter.c - sets of filters: made of settings, asked of rows */
#include "curate/filter.h"

#include "core/mem.h"
#include "curate/filter_priv.h"
#include "curate/filter_text.h"

#include <string.h>

const lem_filter *lem_filter_at(int i) {
    return i >= 0 && i < LEM_N_FILTERS ? &lem_filter_defs[i].shown : NULL;
}

lem_status lem_filter_preset(const char *name, lem_filter_settings *s, lem_err *err) {
    if (strcmp(name, "none") == 0) return LEM_OK;
    if (strcmp(name, "acemath") != 0)
        return lem_fail(err, LEM_EUSAGE, "--preset '%.40s' is none of none, acemath", name);
    if (s->max_prompt_words == 0) s->max_prompt_words = 300;
    if (s->max_response_words == 0) s->max_response_words = 2500;
    s->repetition = s->boxed = true;
    return LEM_OK;
}

/* ---- making a set ---- */

static lem_status check_settings(lem_filter_set *f, lem_err *err) {
    const lem_filter_settings *s = &f->s;
    if ((s->max_prompt_tokens > 0 || s->max_response_tokens > 0) && !s->tokenizer)
        return lem_fail(err, LEM_EUSAGE,
                        "--max-prompt-tokens and --max-response-tokens need --tokenizer DIR");
    if (s->pass_rate && s->min_pass_rate > s->max_pass_rate)
        return lem_fail(err, LEM_EUSAGE, "--min-pass-rate %.4g is above --max-pass-rate %.4g",
                        s->min_pass_rate, s->max_pass_rate);
    for (int i = 0; s->script && lem_script_name(i); i++) {
        if (strcmp(lem_script_name(i), s->script) != 0) continue;
        f->script = i;
        return LEM_OK;
    }
    if (!s->script) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE,
                    "--script '%.40s' is none of latin, greek, cyrillic, armenian, hebrew, arabic, "
                    "devanagari, bengali, tamil, thai, georgian, hangul, kana, han",
                    s->script);
}

static lem_status make_parts(lem_filter_set *f, lem_err *err) {
    lem_status st = LEM_OK;
    const lem_repetition_limits *r = &f->s.repeat;
    bool none = r->times == 0 && r->min_words == 0 && r->lines == 0 && !(r->zlib > 0);
    if (f->s.repetition && none) f->s.repeat = lem_repetition_standard;
    if (f->s.repetition && !(f->repetition = lem_repetition_scan_new(err))) return LEM_EMEM;
    if (f->s.arithmetic && !(f->arithmetic = lem_arithmetic_scan_new(err))) return LEM_EMEM;
    if (f->s.opens) st = lem_filter_regex_new("opens", f->s.opens, &f->opens, err);
    if (st == LEM_OK && f->s.ends) st = lem_filter_regex_new("ends", f->s.ends, &f->ends, err);
    if (st == LEM_OK) st = lem_filter_rules_read(f->s.match, "match", &f->match, err);
    if (st == LEM_OK) st = lem_filter_rules_read(f->s.except, "except", &f->except, err);
    return st;
}

static lem_status choose(lem_filter_set *f, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < LEM_N_FILTERS; i++) {
        if (!lem_filter_defs[i].asked(&f->s)) continue;
        f->def[f->n] = &lem_filter_defs[i];
        lem_filter_defs[i].why(&f->s, &f->why[f->n]);
        st = lem_buf_ok(&f->why[f->n++], err);
    }
    return st;
}

lem_status lem_filter_set_new(const lem_filter_settings *settings, lem_filter_set **out, lem_err *err) {
    lem_filter_set *f = lem_alloc_zero(1, sizeof *f, err);
    if (!f) return LEM_EMEM;
    f->s = *settings;
    lem_status st = check_settings(f, err);
    if (st == LEM_OK) st = make_parts(f, err);
    if (st == LEM_OK) st = choose(f, err);
    if (st == LEM_OK) *out = f;
    else lem_filter_set_free(f);
    return st;
}

void lem_filter_set_free(lem_filter_set *f) {
    if (!f) return;
    for (int i = 0; i < LEM_N_FILTERS; i++) {
        lem_buf_release(&f->why[i]);
        lem_buf_release(&f->verdict[i].detail);
    }
    lem_repetition_scan_free(f->repetition);
    lem_arithmetic_scan_free(f->arithmetic);
    lem_filter_regex_free(f->opens);
    lem_filter_regex_free(f->ends);
    lem_filter_rules_release(&f->match);
    lem_filter_rules_release(&f->except);
    lem_ids_release(&f->ids);
    lem_free(f);
}

/* ---- asking it ---- */

int lem_filter_set_count(const lem_filter_set *f) { return f->n; }
const lem_filter *lem_filter_set_at(const lem_filter_set *f, int i) { return &f->def[i]->shown; }
const char *lem_filter_set_why(const lem_filter_set *f, int i) { return lem_buf_str(&f->why[i]); }

lem_status lem_filter_row(lem_filter_set *f, const lem_filter_input *in, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < f->n; i++) {
        f->verdict[i].failed = false;
        lem_buf_clear(&f->verdict[i].detail);
        st = f->def[i]->test(f, in, &f->verdict[i], err);
        if (st == LEM_OK) st = lem_buf_ok(&f->verdict[i].detail, err);
    }
    return st;
}

bool lem_filter_failed(const lem_filter_set *f, int i) { return f->verdict[i].failed; }
const char *lem_filter_detail(const lem_filter_set *f, int i) { return lem_buf_str(&f->verdict[i].detail); }
