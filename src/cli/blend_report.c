/* blend_report.c - how many samples, words and tokens of each domain, and what was taken of each source */
#include "cli/blend_report.h"
#include "cli/runtime.h"

#include "core/mem.h"
#include "core/object.h"
#include "report/page.h"

#include <math.h>
#include <string.h>

/* Words, or tokens where they were counted. */
static uint64_t size_of(const lem_blend_opts *o, const lem_blend_domain *d) {
    return o->tokenizer ? d->tokens : d->words;
}

static const char *unit_of(const lem_blend_opts *o) { return o->tokenizer ? "tokens" : "words"; }

static uint64_t all_size(const lem_blend_opts *o, const lem_blend *b) {
    uint64_t n = 0;
    for (size_t i = 0; i < lem_blend_domains(b); i++) n += size_of(o, lem_blend_domain_at(b, i));
    return n;
}

static double share(uint64_t part, uint64_t all) { return all ? (double)part / (double)all : 0; }

/* ---- to the log ---- */

static void tell_domains(lem_log *log, const lem_blend_opts *o, const lem_blend *b) {
    const uint64_t samples = lem_blend_samples(b), size = all_size(o, b);
    lem_info(log, "%-16s %12s %7s %14s %7s", "domain", "samples", "", unit_of(o), "");
    for (size_t i = 0; i < lem_blend_domains(b); i++) {
        const lem_blend_domain *d = lem_blend_domain_at(b, i);
        lem_info(log, "%-16s %12llu %5.1f %% %14llu %5.1f %%", d->name, (unsigned long long)d->samples,
                 100 * share(d->samples, samples), (unsigned long long)size_of(o, d),
                 100 * share(size_of(o, d), size));
    }
    lem_info(log, "%-16s %12llu         %14llu", "all", (unsigned long long)samples,
             (unsigned long long)size);
}

static void tell_sources(lem_log *log, const lem_blend_opts *o, const lem_blend *b) {
    for (size_t i = 0; i < o->n; i++) {
        const lem_blend_taken *t = lem_blend_source_at(b, i);
        const lem_blend_source *s = &o->source[i];
        char part[64] = "";
        if (s->from > 0 || s->to < 1)
            snprintf(part, sizeof part, ", from %.4g to %.4g of its order", s->from, s->to);
        lem_info(log, "source %s: %llu samples from %llu of %llu rows%s", s->name,
                 (unsigned long long)t->samples, (unsigned long long)t->rows, (unsigned long long)t->there,
                 part);
        if (t->samples > t->rows)
            lem_warn(log, "source %s is oversampled: each row stands there %.2f times on average",
                     o->source[i].name, share(t->samples, t->rows));
    }
}

static void tell_twins(lem_log *log, const lem_blend *b) {
    const lem_blend_twins t = lem_blend_twins_of(b);
    if (t.across)
        lem_warn(log, "%llu prompts stand in several sources (%llu rows); 'lemma data dedup' removes them",
                 (unsigned long long)t.across, (unsigned long long)t.across_rows);
    if (t.within)
        lem_warn(log, "%llu prompts stand several times in one source (%llu rows)",
                 (unsigned long long)t.within, (unsigned long long)t.within_rows);
    if (lem_blend_made_messages(b))
        lem_info(log, "written as messages: the kinds of row differ, or it was asked for");
}

/* ---- as JSON ---- */

static lem_json *json_of_domains(const lem_blend_opts *o, const lem_blend *b) {
    lem_json *list = lem_json_new_array();
    const uint64_t samples = lem_blend_samples(b), size = all_size(o, b);
    for (size_t i = 0; list && i < lem_blend_domains(b); i++) {
        const lem_blend_domain *d = lem_blend_domain_at(b, i);
        lem_object x = lem_object_new();
        lem_object_str(&x, "domain", d->name);
        lem_object_int(&x, "samples", d->samples);
        lem_object_num(&x, "sample_share", share(d->samples, samples));
        lem_object_int(&x, "rows", d->rows);
        lem_object_int(&x, "words", d->words);
        if (o->tokenizer) lem_object_int(&x, "tokens", d->tokens);
        lem_object_num(&x, o->tokenizer ? "token_share" : "word_share", share(size_of(o, d), size));
        lem_json *one = lem_object_done(&x);
        if (one && lem_json_append(list, one)) continue;
        lem_json_free(list);
        list = NULL;
    }
    return list;
}

static lem_json *json_of_sources(const lem_blend_opts *o, const lem_blend *b) {
    lem_json *list = lem_json_new_array();
    for (size_t i = 0; list && i < o->n; i++) {
        const lem_blend_taken *t = lem_blend_source_at(b, i);
        lem_object x = lem_object_new();
        lem_object_str(&x, "name", o->source[i].name);
        lem_object_int(&x, "there", t->there);
        lem_object_int(&x, "drawn_from", t->part);
        lem_object_int(&x, "rows", t->rows);
        lem_object_int(&x, "samples", t->samples);
        lem_object_num(&x, "times", share(t->samples, t->rows));
        lem_json *one = lem_object_done(&x);
        if (one && lem_json_append(list, one)) continue;
        lem_json_free(list);
        list = NULL;
    }
    return list;
}

lem_status lem_blend_tell(lem_cli *cli, const bad_rows *bad, const lem_blend_opts *o, const lem_blend *b,
                          lem_err *err) {
    tell_domains(cli->log, o, b);
    tell_sources(cli->log, o, b);
    tell_twins(cli->log, b);
    if (!cli->json) return LEM_OK;
    const lem_blend_twins t = lem_blend_twins_of(b);
    lem_object x = lem_object_new();
    lem_object_int(&x, "samples", lem_blend_samples(b));
    lem_object_json(&x, "domains", json_of_domains(o, b));
    lem_object_json(&x, "sources", json_of_sources(o, b));
    lem_object_int(&x, "prompts_across_sources", t.across);
    lem_object_int(&x, "rows_across_sources", t.across_rows);
    lem_object_int(&x, "prompts_twice_in_a_source", t.within);
    lem_object_int(&x, "rows_twice_in_a_source", t.within_rows);
    lem_object_bool(&x, "messages", lem_blend_made_messages(b));
    if (cli->dry_run) lem_object_bool(&x, "dry_run", true);
    return lem_bad_rows_print(bad, cli, lem_object_done(&x), 0, err);
}

/* ---- as a page ---- */

typedef struct cells {
    lem_arena *arena;
    const char **at;
    size_t n;
    bool failed;
} cells;

static lem_status cells_new(cells *c, size_t n, lem_err *err) {
    *c = (cells){.arena = lem_arena_new(0, 0, err), .at = lem_alloc(n + 1, sizeof *c->at, err)};
    return c->arena && c->at ? LEM_OK : LEM_EMEM;
}

static void cells_free(cells *c) {
    lem_arena_free(c->arena);
    lem_free(c->at);
}

static void put(cells *c, const char *text) {
    char *t = lem_arena_strndup(c->arena, text, strlen(text));
    c->failed = c->failed || !t;
    c->at[c->n++] = t;
}

static void put_number(cells *c, const char *format, double v) {
    char text[64];
    /* Formats are literals of this file. */
    if (strcmp(format, "%.0f") == 0) snprintf(text, sizeof text, "%.0f", v);
    else if (strcmp(format, "%.2f") == 0) snprintf(text, sizeof text, "%.2f", v);
    else snprintf(text, sizeof text, "%.1f %%", 100 * v);
    put(c, text);
}

static lem_status page_domains(lem_page *p, const lem_blend_opts *o, const lem_blend *b, lem_err *err) {
    const lem_column columns[] = {{"domain", false}, {"samples", true},  {"share", true},
                                  {"rows", true},    {unit_of(o), true}, {"share", true}};
    const size_t n = lem_blend_domains(b);
    const uint64_t samples = lem_blend_samples(b), size = all_size(o, b);
    cells c;
    lem_status st = cells_new(&c, 6 * n, err);
    lem_bar *bars = lem_alloc(2 * n + 1, sizeof *bars, err);
    if (!bars) st = LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < n; i++) {
        const lem_blend_domain *d = lem_blend_domain_at(b, i);
        put(&c, d->name);
        put_number(&c, "%.0f", (double)d->samples);
        put_number(&c, "%", share(d->samples, samples));
        put_number(&c, "%.0f", (double)d->rows);
        put_number(&c, "%.0f", (double)size_of(o, d));
        put_number(&c, "%", share(size_of(o, d), size));
        bars[i] = (lem_bar){d->name, share(d->samples, samples), NAN, NAN};
        bars[n + i] = (lem_bar){d->name, share(size_of(o, d), size), NAN, NAN};
    }
    if (st == LEM_OK && c.failed) st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) {
        const lem_table t = {"domains", NULL, columns, 6, (int)n, c.at, -1};
        lem_page_section(p, "By domain");
        lem_page_bars(p, "share-samples", "Share of the samples", bars, (int)n);
        lem_page_bars(p, "share-size", o->tokenizer ? "Share of the tokens" : "Share of the words", bars + n,
                      (int)n);
        lem_page_table(p, &t);
    }
    lem_free(bars);
    cells_free(&c);
    return st;
}

static lem_status page_sources(lem_page *p, const lem_blend_opts *o, const lem_blend *b, lem_err *err) {
    static const lem_column columns[] = {{"source", false},    {"domain", false}, {"rows there", true},
                                         {"drawn from", true}, {"taken", true},   {"samples", true},
                                         {"times", true}};
    cells c;
    lem_status st = cells_new(&c, 7 * o->n, err);
    for (size_t i = 0; st == LEM_OK && i < o->n; i++) {
        const lem_blend_taken *t = lem_blend_source_at(b, i);
        put(&c, o->source[i].name);
        put(&c, o->source[i].domain ? o->source[i].domain : "as in its rows");
        put_number(&c, "%.0f", (double)t->there);
        put_number(&c, "%.0f", (double)t->part);
        put_number(&c, "%.0f", (double)t->rows);
        put_number(&c, "%.0f", (double)t->samples);
        put_number(&c, "%.2f", share(t->samples, t->rows));
    }
    if (st == LEM_OK && c.failed) st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) {
        const lem_table t = {
            "sources", "Above 1 in the last column: oversampled.", columns, 7, (int)o->n, c.at, -1};
        lem_page_section(p, "By source");
        lem_page_table(p, &t);
    }
    cells_free(&c);
    return st;
}

lem_status lem_blend_page(const lem_blend_opts *o, const lem_blend *b, const char *path, bool overwrite,
                          lem_err *err) {
    char line[120];
    const lem_blend_twins t = lem_blend_twins_of(b);
    snprintf(line, sizeof line, "%llu samples of %zu sources", (unsigned long long)lem_blend_samples(b),
             o->n);
    lem_page *p = lem_page_new("Composition of the data", line, err);
    if (!p) return LEM_EMEM;
    lem_status st = page_domains(p, o, b, err);
    if (st == LEM_OK) st = page_sources(p, o, b, err);
    snprintf(line, sizeof line, "%llu prompts stand in several sources, %llu several times in one.",
             (unsigned long long)t.across, (unsigned long long)t.within);
    lem_page_paragraph(p, line);
    if (st == LEM_OK) st = lem_page_save(p, path, overwrite, err);
    lem_page_free(p);
    return st;
}
