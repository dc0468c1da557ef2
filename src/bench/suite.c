/* suite.c - the suites of recipes/suites/suites.yaml */
#include "bench/suite.h"

#include "bench/spec.h"
#include "core/mem.h"
#include "job/command.h"

#include <string.h>

extern const char lem_bench_suites_yaml[]; /* recipes/suites/suites.yaml, embedded by CMake */

static lem_status check_members(const lem_json *list, const char *source, const char *name, lem_err *err) {
    if (lem_json_kind(list) != LEM_JSON_ARRAY || lem_json_count(list) == 0)
        return lem_fail(err, LEM_EDATA, "%s: suite '%s': 'members' must be a list of names", source, name);
    for (size_t i = 0; i < lem_json_count(list); i++)
        if (!*lem_json_str(lem_json_at(list, i), ""))
            return lem_fail(err, LEM_EDATA, "%s: suite '%s': member %zu is no name", source, name, i + 1);
    return LEM_OK;
}

static lem_status check_what(const lem_json *s, const char *source, const char *name, lem_err *err) {
    const lem_json *judge = lem_json_get(s, "judge");
    if (!judge) return check_members(lem_json_get(s, "members"), source, name, err);
    if (lem_json_get(s, "members"))
        return lem_fail(err, LEM_EDATA, "%s: suite '%s': either 'judge' or 'members'", source, name);
    if (!*lem_json_str(judge, "") || lem_json_count(lem_json_get(s, "files")) == 0)
        return lem_fail(err, LEM_EDATA, "%s: suite '%s': 'judge' is a name and has 'files'", source, name);
    return LEM_OK;
}

static lem_status check_suite(const lem_json *s, size_t i, const char *source, lem_err *err) {
    static const char *const known[] = {"name", "about", "source", "members", "judge", "files", "get"};
    const char *name = lem_json_str(lem_json_get(s, "name"), "");
    if (lem_json_kind(s) != LEM_JSON_OBJECT || !*name)
        return lem_fail(err, LEM_EDATA, "%s: suite %zu has no 'name'", source, i + 1);
    for (size_t k = 0; k < lem_json_count(s); k++) {
        const char *key = lem_json_key_at(s, k);
        bool ok = false;
        for (size_t n = 0; n < sizeof known / sizeof *known; n++) ok = ok || strcmp(key, known[n]) == 0;
        if (!ok)
            return lem_fail(
                err, LEM_EDATA,
                "%s: suite '%s': unknown key '%s'; a suite has name, about, source, and members or judge, "
                "files, get",
                source, name, key);
    }
    return check_what(s, source, name, err);
}

static lem_status check(const lem_suites *s, const char *source, lem_err *err) {
    const lem_json *list = lem_json_get(s->tree, "suites");
    lem_suite other;
    if (lem_json_kind(list) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "%s: 'suites' must be a list of suites", source);
    for (size_t i = 0; i < lem_json_count(list); i++) {
        lem_status st = check_suite(lem_json_at(list, i), i, source, err);
        if (st) return st;
        lem_suite here = lem_suite_at(s, i);
        lem_suite_find(s, here.name, &other);
        if (other.about != here.about || other.members != here.members)
            return lem_fail(err, LEM_EDATA, "%s: suite '%s' stands twice", source, here.name);
    }
    return LEM_OK;
}

lem_status lem_suites_parse(const char *text, size_t len, const char *source, lem_suites *out, lem_err *err) {
    lem_suites s = {NULL};
    lem_status st = lem_yaml_parse(text, len, source, &s.tree, err);
    if (st == LEM_OK) st = check(&s, source, err);
    if (st == LEM_OK) *out = s;
    else lem_suites_release(&s);
    return st;
}

lem_status lem_suites_load(lem_suites *out, lem_err *err) {
    return lem_suites_parse(lem_bench_suites_yaml, strlen(lem_bench_suites_yaml),
                            "recipes/suites/suites.yaml", out, err);
}

void lem_suites_release(lem_suites *s) {
    lem_json_free(s->tree);
    s->tree = NULL;
}

size_t lem_suites_count(const lem_suites *s) { return lem_json_count(lem_json_get(s->tree, "suites")); }

lem_suite lem_suite_at(const lem_suites *s, size_t i) {
    const lem_json *x = lem_json_at(lem_json_get(s->tree, "suites"), i);
    return (lem_suite){
        lem_json_str(lem_json_get(x, "name"), ""),    lem_json_str(lem_json_get(x, "about"), ""),
        lem_json_str(lem_json_get(x, "source"), ""),  lem_json_get(x, "members"),
        lem_json_str(lem_json_get(x, "judge"), NULL), lem_json_get(x, "files"),
        lem_json_str(lem_json_get(x, "get"), NULL)};
}

bool lem_suite_find(const lem_suites *s, const char *name, lem_suite *out) {
    for (size_t i = 0; i < lem_suites_count(s); i++) {
        *out = lem_suite_at(s, i);
        if (strcmp(out->name, name) == 0) return true;
    }
    return false;
}

lem_status lem_suite_path(const lem_suite *s, const char *data_dir, bool need, char **path, lem_err *err) {
    size_t n = lem_json_count(s->files);
    const char **files = lem_alloc(n + 1, sizeof *files, err);
    if (!files) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) files[i] = lem_json_str(lem_json_at(s->files, i), "");
    const lem_bench_spec as = {.name = s->name, .files = {files, n}, .get = s->get};
    *path = NULL;
    lem_status st =
        need ? lem_bench_need_path(&as, data_dir, path, err) : lem_bench_path(&as, data_dir, path, err);
    lem_free((void *)files);
    return st;
}
