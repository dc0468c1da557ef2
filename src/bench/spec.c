/* spec.c - a benchmark read from its YAML map: one table of keys, checks of what they say together */
#include "bench/spec.h"

#include "core/buf.h"
#include "core/choice.h"
#include "grade/grade.h"
#include "job/command.h"
#include "prompt/style.h"

#include <string.h>

enum { MAX_TEXT = 1 << 16, MAX_ITEMS = 64 };

typedef enum key_type { TEXT, TEXTS, FLAG, COUNT, CHOICE } key_type;

typedef struct key {
    const char *group, *name; /* group: the map that it stands in; "" = the outermost */
    key_type type;
    size_t at;         /* in lem_bench_spec */
    const char *names; /* CHOICE, and TEXTS that are a choice each */
} key;

#define AT(member) offsetof(lem_bench_spec, member)
static const key keys[] = {
    {"", "name", TEXT, AT(name), NULL},
    {"", "title", TEXT, AT(title), NULL},
    {"", "kind", CHOICE, AT(kind), LEM_BENCH_KIND_NAMES},
    {"", "files", TEXTS, AT(files), NULL},
    {"", "get", TEXT, AT(get), NULL},
    {"", "missing_golds", COUNT, AT(missing_golds), NULL},
    {"", "columns", TEXTS, AT(columns), NULL},
    {"", "marks", TEXTS, AT(marks), NULL},
    {"", "several", CHOICE, AT(several), LEM_BENCH_SEVERAL_NAMES},
    {"", "answer", TEXT, AT(answer), NULL},
    {"", "by", TEXTS, AT(by), NULL},
    {"", "average", TEXTS, AT(averages), LEM_BENCH_AVERAGE_NAMES},
    {"", "licence", TEXT, AT(licence), NULL},
    {"", "citation", TEXT, AT(citation), NULL},
    {"", "source", TEXT, AT(source), NULL},
    {"fields", "problem", TEXT, AT(problem), NULL},
    {"fields", "choices", TEXT, AT(choices), NULL},
    {"fields", "gold", TEXT, AT(gold), NULL},
    {"fields", "solution", TEXT, AT(solution), NULL},
    {"fields", "id", TEXT, AT(id), NULL},
    {"fields", "tolerance", TEXT, AT(tolerance), NULL},
    {"fields", "tests", TEXT, AT(tests), NULL},
    {"fields", "setup", TEXT, AT(setup), NULL},
    {"fields", "entry", TEXT, AT(entry), NULL},
    {"fields", "imports", TEXT, AT(imports), NULL},
    {"fields", "level", TEXT, AT(level), NULL},
    {"fields", "subject", TEXT, AT(subject), NULL},
    {"rows", "field", TEXT, AT(only_field), NULL},
    {"rows", "from", COUNT, AT(only_from), NULL},
    {"rows", "to", COUNT, AT(only_to), NULL},
    {"file_column", "name", TEXT, AT(file_column), NULL},
    {"file_column", "strip", TEXTS, AT(file_strips), NULL},
    {"prompt", "style", TEXT, AT(style), NULL},
    {"prompt", "system", TEXT, AT(system), NULL},
    {"prompt", "ask", TEXT, AT(ask), NULL},
    {"prompt", "choices", CHOICE, AT(form), LEM_BENCH_FORM_NAMES},
    {"prompt", "say_two", FLAG, AT(say_two), NULL},
    {"prompt", "shots", COUNT, AT(shots), NULL},
    {"prompt", "shots_from", TEXT, AT(shots_from), NULL},
    {"prompt", "shots_as", TEXT, AT(shots_as), NULL},
    {"grade", "policy", TEXT, AT(policy), NULL},
    {"grade", "task", TEXT, AT(task), NULL},
};
enum { N_KEYS = sizeof keys / sizeof *keys };

/* Keys that are read by code of their own. */
static const char *const own_keys[] = {"size", "gold"};
static const char *const groups[] = {"fields", "rows", "file_column", "prompt", "grade"};

typedef struct reading {
    lem_bench_spec *s;
    const char *source;
    lem_err *err;
} reading;

static lem_status no_memory(const reading *r) { return lem_fail(r->err, LEM_EMEM, "out of memory"); }

/* ---- values */

static lem_status wrong(const reading *r, const char *group, const char *name, const char *want,
                        const lem_json *v) {
    const char *dot = *group ? "." : "";
    return lem_fail(r->err, LEM_EUSAGE, "%s: %s%s%s: %s expected, found %s", r->source, group, dot, name,
                    want, lem_json_kind_name(v));
}

static lem_status not_among(const reading *r, const char *name, const char *names, const char *word) {
    return lem_fail(r->err, LEM_EUSAGE, "%s: %s '%.60s' is none of %s", r->source, name, word, names);
}

static lem_status read_text(const reading *r, const key *k, const lem_json *v, const char **out) {
    const char *s = lem_json_str(v, NULL);
    if (!s) return wrong(r, k->group, k->name, "a text", v);
    if (!*s || lem_json_str_len(v) > MAX_TEXT || strlen(s) != lem_json_str_len(v))
        return lem_fail(r->err, LEM_EUSAGE, "%s: %s is empty, too long, or has a zero byte", r->source,
                        k->name);
    *out = lem_arena_strndup(r->s->arena, s, strlen(s));
    return *out ? LEM_OK : no_memory(r);
}

/* One text, or a list of them. */
static lem_status read_texts(const reading *r, const key *k, const lem_json *v, lem_bench_texts *out) {
    bool list = lem_json_kind(v) == LEM_JSON_ARRAY;
    size_t n = list ? lem_json_count(v) : 1;
    if (n == 0 || n > MAX_ITEMS)
        return lem_fail(r->err, LEM_EUSAGE, "%s: %s: 1 to %d texts expected, found %zu", r->source, k->name,
                        MAX_ITEMS, n);
    out->at = lem_arena_alloc(r->s->arena, n, sizeof *out->at);
    if (!out->at) return no_memory(r);
    for (; out->n < n; out->n++) {
        lem_status st = read_text(r, k, list ? lem_json_at(v, out->n) : v, &out->at[out->n]);
        if (st) return st;
        if (k->names && lem_choice_find(k->names, out->at[out->n]) < 0)
            return not_among(r, k->name, k->names, out->at[out->n]);
    }
    return LEM_OK;
}

static lem_status read_choice(const reading *r, const key *k, const lem_json *v, void *out) {
    const char *word = lem_json_str(v, NULL);
    if (!word) return wrong(r, k->group, k->name, k->names, v);
    int i = lem_choice_find(k->names, word);
    if (i < 0) return not_among(r, k->name, k->names, word);
    memcpy(out, &i, sizeof i); /* an enum of the names in their order */
    return LEM_OK;
}

static lem_status read_whole(const reading *r, const key *k, const lem_json *v, int64_t least, int64_t *out) {
    bool whole = lem_json_kind(v) == LEM_JSON_INT;
    int64_t i = lem_json_int(v, -1);
    if (!whole || i < least || i > (int64_t)1 << 53)
        return wrong(r, k->group, k->name, "a whole number that is not negative", v);
    *out = i;
    return LEM_OK;
}

static lem_status read_key(const reading *r, const key *k, const lem_json *v) {
    char *to = (char *)r->s + k->at;
    switch (k->type) {
    case TEXT: return read_text(r, k, v, (const char **)(void *)to);
    case TEXTS: return read_texts(r, k, v, (lem_bench_texts *)(void *)to);
    case CHOICE: return read_choice(r, k, v, to);
    case COUNT: return read_whole(r, k, v, 0, (int64_t *)(void *)to);
    default: break;
    }
    if (lem_json_kind(v) != LEM_JSON_BOOL) return wrong(r, k->group, k->name, "true or false", v);
    *(bool *)to = lem_json_bool(v, false);
    return LEM_OK;
}

static lem_status read_sizes(const reading *r, const lem_json *v) {
    static const key size = {"", "size", COUNT, 0, NULL};
    bool list = lem_json_kind(v) == LEM_JSON_ARRAY;
    size_t n = list ? lem_json_count(v) : 1;
    if (n == 0 || n > LEM_BENCH_MAX_SIZES)
        return lem_fail(r->err, LEM_EUSAGE, "%s: size: 1 to %d numbers expected", r->source,
                        LEM_BENCH_MAX_SIZES);
    for (size_t i = 0; i < n; i++) {
        int64_t x = 0;
        lem_status st = read_whole(r, &size, list ? lem_json_at(v, i) : v, 1, &x);
        if (st) return st;
        r->s->size[r->s->n_sizes++] = (uint64_t)x;
    }
    return LEM_OK;
}

static lem_status read_rules(const reading *r, const lem_json *v) {
    bool list = lem_json_kind(v) == LEM_JSON_ARRAY;
    size_t n = list ? lem_json_count(v) : 1;
    if (n == 0 || n > LEM_BENCH_MAX_RULES)
        return lem_fail(r->err, LEM_EUSAGE, "%s: gold: 1 to %d rules expected", r->source,
                        LEM_BENCH_MAX_RULES);
    for (size_t i = 0; i < n; i++) {
        const char *word = lem_json_str(list ? lem_json_at(v, i) : v, "");
        int rule = lem_choice_find(LEM_BENCH_GOLD_NAMES, word);
        if (rule < 0) return not_among(r, "gold", LEM_BENCH_GOLD_NAMES, word);
        r->s->rule[r->s->n_rules++] = (lem_bench_gold)rule;
    }
    return LEM_OK;
}

/* ---- keys */

static lem_status unknown(const reading *r, const char *group, const char *name) {
    const char *known[N_KEYS + 8];
    int n = 0;
    for (int i = 0; i < N_KEYS; i++)
        if (strcmp(keys[i].group, group) == 0) known[n++] = keys[i].name;
    for (int i = 0; !*group && i < 2; i++) known[n++] = own_keys[i];
    for (int i = 0; !*group && i < 5; i++) known[n++] = groups[i];
    const char *near = lem_suggest(name, known, n), *of = *group ? " of " : "";
    if (near)
        return lem_fail(r->err, LEM_EUSAGE, "%s: unknown key '%.60s'%s%s; did you mean '%s'?", r->source,
                        name, of, group, near);
    lem_buf b = {0};
    for (int i = 0; i < n; i++) lem_buf_printf(&b, "%s%s", i ? ", " : "", known[i]);
    lem_status st = lem_fail(r->err, LEM_EUSAGE, "%s: unknown key '%.60s'%s%s; there are %s", r->source, name,
                             of, group, lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}

static bool is_group(const char *name) {
    for (int i = 0; i < 5; i++)
        if (strcmp(groups[i], name) == 0) return true;
    return false;
}

static lem_status read_member(const reading *r, const char *group, const char *name, const lem_json *v) {
    for (int i = 0; i < N_KEYS; i++)
        if (strcmp(keys[i].group, group) == 0 && strcmp(keys[i].name, name) == 0)
            return read_key(r, &keys[i], v);
    if (!*group && strcmp(name, "size") == 0) return read_sizes(r, v);
    if (!*group && strcmp(name, "gold") == 0) return read_rules(r, v);
    return unknown(r, group, name);
}

static lem_status read_map(const reading *r, const char *group, const lem_json *map) {
    if (lem_json_kind(map) != LEM_JSON_OBJECT)
        return wrong(r, "", *group ? group : "a benchmark", "a map of keys", map);
    for (const char *k = lem_json_key_next(map, NULL); k; k = lem_json_key_next(map, k)) {
        const lem_json *v = lem_json_key_value(k);
        lem_status st = !*group && is_group(k) ? read_map(r, k, v) : read_member(r, group, k, v);
        if (st) return st;
    }
    return LEM_OK;
}

/* ---- what the keys say together */

static lem_status need(const reading *r, const char *what, bool there) {
    if (there) return LEM_OK;
    return lem_fail(r->err, LEM_EUSAGE, "%s: the key '%s' is missing", r->source, what);
}

static lem_status check_name(const reading *r) {
    const char *s = r->s->name;
    size_t n = s ? strlen(s) : 0;
    if (n && n < 64 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n) return LEM_OK;
    return lem_fail(r->err, LEM_EUSAGE, "%s: name: up to 63 of a-z, 0-9, _ and - expected, found '%.70s'",
                    r->source, s ? s : "");
}

static bool has_rule(const lem_bench_spec *s, lem_bench_gold rule) {
    for (size_t i = 0; i < s->n_rules; i++)
        if (s->rule[i] == rule) return true;
    return false;
}

static lem_status check_rules(const reading *r) {
    lem_bench_spec *s = r->s;
    bool letters = has_rule(s, LEM_BENCH_GOLD_LETTER) || has_rule(s, LEM_BENCH_GOLD_INDEX) ||
                   has_rule(s, LEM_BENCH_GOLD_RIGHT_OPTION);
    if (s->n_rules == 0)
        s->rule[s->n_rules++] = s->kind == LEM_BENCH_CODE ? LEM_BENCH_GOLD_TESTS : s->rule[0];
    if (letters != (s->kind == LEM_BENCH_CHOICES))
        return lem_fail(r->err, LEM_EUSAGE,
                        "%s: gold: kind choices, and no other, takes letter, letter-of-index or right-option",
                        r->source);
    if (has_rule(s, LEM_BENCH_GOLD_TESTS) != (s->kind == LEM_BENCH_CODE))
        return lem_fail(r->err, LEM_EUSAGE, "%s: gold: kind code, and no other, takes tests", r->source);
    return LEM_OK;
}

static lem_status check_ask(const reading *r) {
    static const char *const known[] = {"{problem}", "{choices}", "{tests}"};
    const char *ask = r->s->ask;
    if (!ask) return LEM_OK;
    for (const char *p = ask; (p = strchr(p, '{')); p++) {
        size_t word = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_");
        bool place = word && p[1 + word] == '}', found = false;
        for (int i = 0; place && i < 3; i++)
            found = found || (strlen(known[i]) == word + 2 && strncmp(p, known[i], word + 2) == 0);
        if (place && !found)
            return lem_fail(r->err, LEM_EUSAGE,
                            "%s: prompt.ask: {problem}, {choices} or {tests} expected, found '%.*s'",
                            r->source, (int)(word + 2 < 40 ? word + 2 : 40), p);
    }
    if (!strstr(ask, "{problem}"))
        return lem_fail(r->err, LEM_EUSAGE, "%s: prompt.ask: there is no {problem} in it", r->source);
    if (r->s->kind == LEM_BENCH_CHOICES && !strstr(ask, "{choices}"))
        return lem_fail(r->err, LEM_EUSAGE, "%s: prompt.ask: there are no {choices} in it", r->source);
    return LEM_OK;
}

static lem_status check_names_of_others(const reading *r) {
    lem_grade_task task;
    lem_grade_policy policy;
    if (r->s->style && !lem_prompt_style_find(r->s->style))
        return not_among(r, "prompt.style", LEM_PROMPT_STYLE_NAMES, r->s->style);
    if (r->s->task && !lem_grade_task_find(r->s->task, &task))
        return not_among(r, "grade.task", LEM_GRADE_TASK_NAMES, r->s->task);
    if (r->s->policy && !lem_grade_policy_find(r->s->policy, &policy))
        return not_among(r, "grade.policy", LEM_GRADE_POLICY_NAMES, r->s->policy);
    return LEM_OK;
}

static lem_status check(const reading *r) {
    const lem_bench_spec *s = r->s;
    lem_status st;
    LEM_TRY(check_name(r));
    LEM_TRY(need(r, "files", s->files.n > 0));
    LEM_TRY(need(r, "fields.problem", s->problem != NULL));
    LEM_TRY(need(r, "fields.gold", s->gold || s->kind == LEM_BENCH_CODE));
    LEM_TRY(need(r, "fields.choices", s->choices || s->kind != LEM_BENCH_CHOICES));
    LEM_TRY(need(r, "fields.tests", s->tests || s->kind != LEM_BENCH_CODE));
    LEM_TRY(need(r, "prompt.shots_from", s->shots_from || s->shots == 0));
    LEM_TRY(need(r, "rows.field", s->only_field || (!s->only_from && !s->only_to)));
    if (s->only_field && s->only_from > s->only_to)
        LEM_TRY(lem_fail(r->err, LEM_EUSAGE, "%s: rows: from is behind to", r->source));
    LEM_TRY(check_rules(r));
    LEM_TRY(check_ask(r));
    st = check_names_of_others(r);
done:
    return st;
}

/* What does not change a row or a prompt is left out. */
static lem_status keep_text(const reading *r, const lem_json *tree) {
    static const char *const beside[] = {"title", "get",    "size",  "licence", "citation", "source",
                                         "files", "answer", "grade", "by",      "average",  "marks"};
    lem_json *o = lem_json_copy(tree);
    lem_buf b = {0};
    if (!o) return no_memory(r);
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) (void)lem_json_remove(o, beside[i]);
    lem_json_write(o, 0, &b);
    r->s->text = b.failed ? NULL : lem_arena_strndup(r->s->arena, lem_buf_str(&b), b.len);
    lem_buf_release(&b);
    lem_json_free(o);
    return r->s->text ? LEM_OK : no_memory(r);
}

void lem_bench_spec_release(lem_bench_spec *s) {
    lem_arena_free(s->arena);
    *s = (lem_bench_spec){0};
}

lem_status lem_bench_spec_of(const lem_json *tree, const char *source, lem_bench_spec *out, lem_err *err) {
    lem_bench_spec s = {.arena = lem_arena_new(8192, 0, err)};
    const reading r = {&s, source, err};
    if (!s.arena) return LEM_EMEM;
    lem_status st = read_map(&r, "", tree);
    if (st == LEM_OK) st = check(&r);
    if (st == LEM_OK) st = keep_text(&r, tree);
    if (st == LEM_OK) *out = s;
    else lem_bench_spec_release(&s);
    return st;
}

bool lem_bench_is_macro(const lem_bench_spec *s) {
    return s->averages.n && strcmp(s->averages.at[0], "macro") == 0;
}
