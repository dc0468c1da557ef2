/* selftest.c - results of self-tests, and those of core */
#include "core/selftest.h"

#include "core/hash.h"
#include "core/object.h"

#include <stdio.h>
#include <string.h>

void lem_selftest_release(lem_selftest *t) {
    lem_json_free(t->results);
    lem_buf_release(&t->failures);
    *t = (lem_selftest){0};
}

static bool append(lem_selftest *t, const char *name, bool ok, const char *detail) {
    if (!t->results) t->results = lem_json_new_array();
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", name);
    lem_object_bool(&o, "ok", ok);
    lem_object_str(&o, "detail", detail);
    lem_json *made = lem_object_done(&o);
    if (t->results && made) return lem_json_append(t->results, made);
    lem_json_free(made);
    return false;
}

void lem_selftest_add(lem_selftest *t, const char *name, bool ok, const char *fmt, ...) {
    char detail[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    t->n++;
    if (!append(t, name, ok, detail)) t->out_of_memory = true;
    if (ok) return;
    lem_buf_printf(&t->failures, "%s%s (%s)", t->failed++ ? ", " : "", name, detail);
}

lem_status lem_selftest_status(const lem_selftest *t, lem_err *err) {
    if (t->out_of_memory || t->failures.failed) return lem_fail(err, LEM_EMEM, "out of memory");
    if (!t->failed) return LEM_OK;
    return lem_fail(err, LEM_NO, "%d of %d checks failed: %s", t->failed, t->n, lem_buf_str(&t->failures));
}

/* ---- core's own ---- */

static void check_json(lem_selftest *t) {
    static const char text[] = "{\"a\":[1,2.5,\"\xC3\xA9\",null,true],\"b\":{\"c\":-7}}";
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    lem_buf b = {0};
    lem_status st = lem_json_parse(text, sizeof text - 1, &v, &err);
    if (st == LEM_OK) lem_json_write(v, 0, &b);
    bool same = st == LEM_OK && strcmp(lem_buf_str(&b), text) == 0;
    const char *detail = same ? "read and written back" : "came back changed";
    lem_selftest_add(t, "json", same, "%s", st ? err.text : detail);
    lem_buf_release(&b);
    lem_json_free(v);
}

static void check_hash(lem_selftest *t) {
    static const char want[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    char hex[65];
    lem_sha256_hex("abc", 3, hex);
    lem_selftest_add(t, "sha256", strcmp(hex, want) == 0, "FIPS 180 example");
}

void lem_core_selftest(lem_selftest *t) {
    check_json(t);
    check_hash(t);
}
