/* cmd_doctor.c - lemma doctor: what this machine can do, and a short self-test of every part */
#include "cli/commands.h"
#include "cli/runtime.h"
#include "core/version.h"

#include "compute/selftest.h"
#include "core/machine.h"
#include "core/memory_limits.h"
#include "core/object.h"
#include "grade/selftest.h"
#include "sandbox/sandbox.h"
#include "token/selftest.h"

#include <unistd.h>

static const lem_opt opts[] = {
    {"bench", LEM_OPT_FLAG, NULL, NULL, "also measure the matrix and memory limits (a few seconds)", 0, 0},
};

typedef struct report {
    lem_cli *cli;
    lem_json *facts; /* name -> text, in order */
    bool oom;
} report;

static void fact(report *r, const char *name, const char *fmt, ...) LEM_PRINTF(3, 4);
static void fact(report *r, const char *name, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!lem_json_set(r->facts, name, lem_json_new_str(text))) r->oom = true;
}

static void memory_facts(report *r) {
    const double gb = 1.0 / (1 << 30);
    lem_machine m = lem_machine_look(".");
    lem_memory_limits l = lem_memory_limits_look("");
    fact(r, "memory", "%.1f GiB, %.1f GiB free (%s that)", l.most * gb, l.free * gb, l.who);
    if (m.disk_free >= 0) fact(r, "disk", "%.1f GiB free in the current folder", m.disk_free * gb);
    fact(r, "gpu", "%s", m.nvidia ? "an NVIDIA GPU is present; this version computes on the CPU" : "none");
}

static void library_facts(report *r) {
    static const char *const libs[][2] = {{"jansson", "jansson_version_str"},
                                          {"zlib", "zlibVersion"},
                                          {"zstd", "ZSTD_versionString"},
                                          {"libyaml", "yaml_get_version_string"}};
    lem_buf b = {0};
    for (size_t i = 0; i < sizeof libs / sizeof *libs; i++) {
        const char *version = lem_library_version(libs[i][1]);
        if (i) lem_buf_puts(&b, ", ");
        lem_buf_printf(&b, "%s %s", libs[i][0], version ? version : "(linked statically)");
    }
    fact(r, "libraries", "%s", lem_buf_str(&b));
    lem_buf_release(&b);
}

/* What grade --task code needs; tried, not guessed. */
static void sandbox_fact(report *r) {
    lem_sandbox *s = NULL;
    lem_err why = LEM_ERR_INIT;
    if (lem_sandbox_open(NULL, &s, &why) == LEM_OK)
        fact(r, "code_sandbox", "bubblewrap works, python %s", lem_sandbox_python(s));
    else fact(r, "code_sandbox", "none: %s", why.text);
    lem_sandbox_close(s);
}

static void machine_facts(report *r, const lem_runtime *rt) {
    char cpu[64], features[256];
    const char *data = r->cli->data_dir;
    lem_cpu_features(features, sizeof features);
    fact(r, "version", "lemma %s", LEMMA_VERSION);
    fact(r, "cpu", "%s", lem_cpu_name(cpu));
    fact(r, "features", "%s", features);
    fact(r, "compute_path", "%s (LEMMA_CPU=%s)", rt->backend->ops->name, r->cli->isa);
    fact(r, "threads", "%d", lem_pool_threads(rt->pool));
    memory_facts(r);
    library_facts(r);
    sandbox_fact(r);
    fact(r, "shared_data", "%s%s", data,
         access(data, R_OK) == 0 ? "" : " (absent: tests that need it are skipped)");
}

static void print_text(const report *r, const lem_selftest *t) {
    FILE *f = r->cli->out;
    for (size_t i = 0; i < lem_json_count(r->facts); i++)
        fprintf(f, "%-14s %s\n", lem_json_key_at(r->facts, i),
                lem_json_str(lem_json_value_at(r->facts, i), ""));
    fputs("\nself-test\n", f);
    for (size_t i = 0; i < lem_json_count(t->results); i++) {
        const lem_json *c = lem_json_at(t->results, i);
        fprintf(f, "  %-4s %-24s %s\n", lem_json_bool(lem_json_get(c, "ok"), false) ? "ok" : "FAIL",
                lem_json_str(lem_json_get(c, "name"), ""), lem_json_str(lem_json_get(c, "detail"), ""));
    }
}

static lem_status print_json(const report *r, const lem_selftest *t, const lem_json *limits, lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "doctor");
    lem_object_bool(&o, "ok", t->failed == 0);
    lem_object_json(&o, "machine", lem_json_copy(r->facts));
    lem_object_json(&o, "checks", lem_json_copy(t->results));
    if (limits) lem_object_json(&o, "limits", lem_json_copy(limits));
    return lem_print_json(r->cli->out, lem_object_done(&o), 0, err);
}

static lem_status measure(report *r, lem_backend *b, lem_json **out, lem_err *err) {
    lem_limits l;
    lem_status st = lem_limits_measure(b, &l, err);
    if (st) return st;
    fact(r, "matrix_limit", "%.0f GFLOP/s one thread, %.0f GFLOP/s %d threads (%s)", l.fma_gflops_1,
         l.fma_gflops_all, l.threads, b->ops->name);
    fact(r, "memory_limit", "%.1f GB/s one thread, %.1f GB/s %d threads", l.read_gbs_1, l.read_gbs_all,
         l.threads);
    bool disturbed = lem_limits_disturbed(&l, lem_machine_processors());
    if (disturbed)
        fact(r, "disturbed",
             "yes: other programs or the host took %.1f of %d processors, and the median run took %.0f %% "
             "longer "
             "than the fastest; the limits above are too low, measure again when the machine is quiet",
             l.others > 0 ? l.others : 0, lem_machine_processors(), 100 * l.spread);
    lem_object o = lem_object_new();
    lem_object_num(&o, "fma_gflops_1", l.fma_gflops_1);
    lem_object_num(&o, "fma_gflops_all", l.fma_gflops_all);
    lem_object_num(&o, "read_gbs_1", l.read_gbs_1);
    lem_object_num(&o, "read_gbs_all", l.read_gbs_all);
    lem_object_int(&o, "threads", (uint64_t)l.threads);
    lem_object_bool(&o, "disturbed", disturbed);
    lem_object_num(&o, "others", l.others);
    lem_object_num(&o, "spread", l.spread);
    *out = lem_object_done(&o);
    return *out ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    report r = {.cli = cli, .facts = lem_json_new_object()};
    lem_json *limits = NULL;
    lem_selftest t = {0};
    lem_runtime rt = {NULL, NULL};
    lem_status st = LEM_OK;
    if (!r.facts) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    LEM_TRY(lem_runtime_open(cli, NULL, &rt, err));
    machine_facts(&r, &rt);
    LEM_TRY(lem_compute_selftest(rt.pool, &t, err));
    lem_token_selftest(&t);
    lem_core_selftest(&t);
    lem_grade_selftest(&t);
    if (lem_args_flag(args, "bench")) LEM_TRY(measure(&r, rt.backend, &limits, err));
    if (r.oom) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    st = lem_selftest_status(&t, err);
    if (st != LEM_OK && st != LEM_NO) goto done;
    if (!cli->json) print_text(&r, &t);
    else if (print_json(&r, &t, limits, err) != LEM_OK) st = err->status;
done:
    lem_selftest_release(&t);
    lem_json_free(limits);
    lem_json_free(r.facts);
    lem_runtime_close(&rt);
    return st;
}

const lem_command lem_cmd_doctor = {
    .name = "doctor",
    .purpose = "what this machine can do, and a short self-test",
    .usage = "[--bench]",
    .example = "lemma doctor --bench",
    .min_words = 0,
    .max_words = 0,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
};
