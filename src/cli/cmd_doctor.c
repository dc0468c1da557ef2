/* cmd_doctor.c - lemma doctor: what this machine can do, and a short self-test of every part */
#include "cli/commands.h"
#include "cli/runtime.h"
#include "core/version.h"

#include "core/hash.h"
#include "core/rng.h"
#include "grade/grade.h"
#include "token/tokenizer.h"

#include <dlfcn.h>
#include <math.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const lem_opt opts[] = {
    {"bench", LEM_OPT_FLAG, NULL, NULL, "also measure the matrix and memory limits (a few seconds)", 0, 0},
};

typedef struct report {
    lem_cli *cli;
    lem_json *facts;  /* name -> text or number, in order */
    lem_json *checks; /* [{name, ok, detail}] */
    int failed;
    bool oom;
    lem_buf failed_names;
} report;

/* ---- gathering */

static void fact(report *r, const char *name, const char *fmt, ...) LEM_PRINTF(3, 4);
static void fact(report *r, const char *name, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!lem_json_set(r->facts, name, lem_json_new_str(text))) r->oom = true;
}

static void check(report *r, const char *name, bool ok, const char *fmt, ...) LEM_PRINTF(4, 5);
static void check(report *r, const char *name, bool ok, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    lem_json *o = lem_json_new_object();
    bool set = o && lem_json_set(o, "name", lem_json_new_str(name)) &&
               lem_json_set(o, "ok", lem_json_new_bool(ok)) &&
               lem_json_set(o, "detail", lem_json_new_str(text));
    if (!set) {
        lem_json_free(o);
        r->oom = true;
    } else if (!lem_json_append(r->checks, o)) r->oom = true;
    if (ok) return;
    r->failed++;
    lem_buf_printf(&r->failed_names, "%s%s (%s)", r->failed_names.len ? ", " : "", name, text);
}

static void memory_facts(report *r) {
    double gb = 1.0 / (1 << 30), page = (double)sysconf(_SC_PAGESIZE);
    fact(r, "memory", "%.1f GiB, %.1f GiB free", (double)sysconf(_SC_PHYS_PAGES) * page * gb,
         (double)sysconf(_SC_AVPHYS_PAGES) * page * gb);
    struct statvfs v;
    if (statvfs(".", &v) == 0)
        fact(r, "disk", "%.1f GiB free in the current folder", (double)v.f_bavail * (double)v.f_frsize * gb);
}

/* The libraries as they are loaded now; asked by name so that only their owners include their headers. */
static void library_facts(report *r) {
    static const struct {
        const char *name, *symbol;
    } libs[] = {{"jansson", "jansson_version_str"},
                {"zlib", "zlibVersion"},
                {"zstd", "ZSTD_versionString"},
                {"libyaml", "yaml_get_version_string"}};
    lem_buf b = {0};
    for (size_t i = 0; i < sizeof libs / sizeof *libs; i++) {
        const char *(*version)(void) = NULL;
        void *p = dlsym(RTLD_DEFAULT, libs[i].symbol);
        memcpy(&version, &p, sizeof version);
        lem_buf_printf(&b, "%s%s %s", i ? ", " : "", libs[i].name,
                       version ? version() : "(linked statically)");
    }
    fact(r, "libraries", "%s", lem_buf_str(&b));
    lem_buf_release(&b);
}

static void machine_facts(report *r, const lem_runtime *rt) {
    char cpu[64], features[256];
    lem_cpu_features(features, sizeof features);
    fact(r, "version", "lemma %s", LEMMA_VERSION);
    fact(r, "cpu", "%s", lem_cpu_name(cpu));
    fact(r, "features", "%s", features);
    fact(r, "compute_path", "%s (LEMMA_CPU=%s)", rt->backend->ops->name, r->cli->isa);
    fact(r, "threads", "%d", lem_pool_threads(rt->pool));
    memory_facts(r);
    bool gpu = access("/dev/nvidia0", F_OK) == 0 || access("/proc/driver/nvidia/version", F_OK) == 0;
    fact(r, "gpu", "%s", gpu ? "an NVIDIA GPU is present; this version computes on the CPU" : "none");
    library_facts(r);
    fact(r, "shared_data", "%s%s", r->cli->data_dir,
         access(r->cli->data_dir, R_OK) == 0 ? "" : " (absent: tests that need it are skipped)");
}

/* ---- self-test of the compute paths: small odd shapes against ref */

enum { T_ROWS = 5, T_IN = 40, T_OUT = 37 };

typedef struct sums {
    float y[T_ROWS * T_OUT], norm[T_ROWS * T_IN], act[T_ROWS * T_IN], lp[T_ROWS];
} sums;

static lem_status compute_small(lem_backend *b, sums *out, lem_err *err) {
    float x[T_ROWS * T_IN], w[T_OUT * T_IN], g[T_IN];
    int32_t target[T_ROWS];
    lem_rng r = lem_rng_make(7, "doctor", 0);
    for (int i = 0; i < T_ROWS * T_IN; i++) x[i] = (float)(lem_rng_next_unit(&r) - 0.5);
    for (int i = 0; i < T_OUT * T_IN; i++) w[i] = (float)(lem_rng_next_unit(&r) - 0.5);
    for (int i = 0; i < T_IN; i++) g[i] = (float)(lem_rng_next_unit(&r) + 0.5);
    for (int i = 0; i < T_ROWS; i++) target[i] = (int32_t)lem_rng_next_below(&r, T_OUT);
    lem_packed p = {0};
    lem_status st = lem_packed_alloc(&p, T_OUT, T_IN, LEM_DTYPE_F32, err);
    if (st) return st;
    b->ops->pack(b, w, &p);
    b->ops->rmsnorm(b, T_ROWS, T_IN, x, g, 1e-6f, out->norm, NULL);
    b->ops->linear(b, T_ROWS, out->norm, &p, NULL, out->y, false);
    b->ops->swiglu(b, T_ROWS, T_IN, x, out->norm, out->act);
    b->ops->logprob(b, T_ROWS, T_OUT, out->y, target, out->lp, NULL);
    lem_packed_release(&p);
    return LEM_OK;
}

static double worst(const float *a, const float *b, int n) {
    double m = 0;
    for (int i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);
        if (!(d <= m)) m = isnan(d) ? INFINITY : d;
    }
    return m;
}

static lem_status check_path(report *r, lem_isa isa, lem_pool *pool, const sums *want, lem_err *err) {
    lem_backend *b = NULL;
    sums got;
    lem_status st = lem_backend_new(isa, pool, &b, err);
    if (st) return st;
    st = compute_small(b, &got, err);
    if (st == LEM_OK) {
        double d =
            fmax(fmax(worst(want->y, got.y, T_ROWS * T_OUT), worst(want->norm, got.norm, T_ROWS * T_IN)),
                 fmax(worst(want->act, got.act, T_ROWS * T_IN), worst(want->lp, got.lp, T_ROWS)));
        char name[48];
        snprintf(name, sizeof name, "compute path %s", b->ops->name);
        check(r, name, d < 1e-4, "largest difference from the reference %.1e", d);
    }
    lem_backend_free(b);
    return st;
}

static lem_status check_compute(report *r, lem_pool *pool, lem_err *err) {
    lem_backend *ref = NULL;
    sums want;
    lem_status st = lem_backend_new(LEM_ISA_REF, pool, &ref, err);
    if (st) return st;
    st = compute_small(ref, &want, err);
    lem_backend_free(ref);
    static const lem_isa paths[] = {LEM_ISA_GENERIC, LEM_ISA_AVX2, LEM_ISA_AVX512};
    for (size_t i = 0; st == LEM_OK && i < sizeof paths / sizeof *paths; i++)
        if (lem_isa_supported(paths[i])) st = check_path(r, paths[i], pool, &want, err);
    return st;
}

/* ---- self-test of text */

static void check_tokenizer(report *r) {
    static const char text[] = "Natalia sold 48 clips in April, and then half as many in May: 48/2 = 24. "
                               "\xC3\xA9\xE2\x88\x9A \\boxed{72}\n";
    lem_err err = LEM_ERR_INIT;
    lem_bpe_train_opts o = {.vocab = 300};
    lem_tokenizer *t = NULL;
    lem_ids ids = {0};
    lem_buf back = {0};
    lem_bpe_trainer *b = lem_bpe_trainer_new(&o, &err);
    lem_status st = b ? lem_bpe_trainer_add(b, text, sizeof text - 1, &err) : LEM_EMEM;
    if (st == LEM_OK) st = lem_bpe_trainer_finish(b, &t, &err);
    if (st == LEM_OK) st = lem_tokenizer_encode(t, text, sizeof text - 1, false, &ids, &err);
    if (st == LEM_OK) st = lem_tokenizer_decode(t, ids.data, ids.len, false, &back, &err);
    bool same = st == LEM_OK && back.len == sizeof text - 1 && memcmp(back.data, text, back.len) == 0;
    check(r, "tokenizer", same, "%s",
          same ? "text -> ids -> text"
          : st ? err.text
               : "text came back changed");
    lem_buf_release(&back);
    lem_ids_release(&ids);
    if (t) lem_tokenizer_free(t);
    if (b) lem_bpe_trainer_free(b);
}

static void check_json(report *r) {
    static const char text[] = "{\"a\":[1,2.5,\"\xC3\xA9\",null,true],\"b\":{\"c\":-7}}";
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    lem_buf b = {0};
    lem_status st = lem_json_parse(text, sizeof text - 1, &v, &err);
    if (st == LEM_OK) lem_json_write(v, 0, &b);
    bool same = st == LEM_OK && strcmp(lem_buf_str(&b), text) == 0;
    check(r, "json", same, "%s", same ? "read and written back" : st ? err.text : "came back changed");
    lem_buf_release(&b);
    lem_json_free(v);
}

static void check_hash(report *r) {
    char hex[65];
    lem_sha256_hex("abc", 3, hex);
    check(r, "sha256", strcmp(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0,
          "FIPS 180 example");
}

static void check_grader(report *r) {
    static const struct {
        const char *response;
        bool right;
    } cases[] = {{"so \\boxed{\\frac{1}{2}}", true}, {"The answer is 0.5", true}, {"\\boxed{0.25}", false}};
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    lem_status st = lem_grade_gold_new("1/2", 3, NULL, &g, &err);
    int bad = 0;
    for (size_t i = 0; st == LEM_OK && i < sizeof cases / sizeof *cases; i++) {
        lem_grade_result res;
        st = lem_grade_response(g, cases[i].response, strlen(cases[i].response), NULL, NULL, &res, &err);
        if (st == LEM_OK) bad += (lem_grade_correct_of(res.verdict) == LEM_GRADE_RIGHT) != cases[i].right;
    }
    if (g) lem_grade_gold_free(g);
    check(r, "grader", st == LEM_OK && bad == 0, "%s",
          st    ? err.text
          : bad ? "wrong verdict on 1/2"
                : "1/2 = \\frac{1}{2} = 0.5, not 0.25");
}

/* ---- printing */

static void print_text(const report *r) {
    FILE *f = r->cli->out;
    for (size_t i = 0; i < lem_json_count(r->facts); i++)
        fprintf(f, "%-14s %s\n", lem_json_key_at(r->facts, i),
                lem_json_str(lem_json_value_at(r->facts, i), ""));
    fputs("\nself-test\n", f);
    for (size_t i = 0; i < lem_json_count(r->checks); i++) {
        const lem_json *c = lem_json_at(r->checks, i);
        fprintf(f, "  %-4s %-24s %s\n", lem_json_bool(lem_json_get(c, "ok"), false) ? "ok" : "FAIL",
                lem_json_str(lem_json_get(c, "name"), ""), lem_json_str(lem_json_get(c, "detail"), ""));
    }
}

static lem_status print_json(report *r, const lem_json *limits, lem_err *err) {
    lem_json *o = lem_json_new_object();
    lem_buf b = {0};
    bool ok = o && lem_json_set(o, "command", lem_json_new_str("doctor")) &&
              lem_json_set(o, "ok", lem_json_new_bool(r->failed == 0)) &&
              lem_json_set(o, "machine", lem_json_copy(r->facts)) &&
              lem_json_set(o, "checks", lem_json_copy(r->checks)) &&
              (!limits || lem_json_set(o, "limits", lem_json_copy(limits)));
    if (ok) lem_json_write(o, 0, &b);
    lem_status st = ok ? lem_buf_ok(&b, err) : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) fprintf(r->cli->out, "%s\n", lem_buf_str(&b));
    lem_buf_release(&b);
    lem_json_free(o);
    return st;
}

static lem_status measure(report *r, lem_backend *b, lem_json **out, lem_err *err) {
    lem_limits l;
    lem_status st = lem_limits_measure(b, &l, err);
    if (st) return st;
    fact(r, "matrix_limit", "%.0f GFLOP/s one thread, %.0f GFLOP/s %d threads (%s)", l.fma_gflops_1,
         l.fma_gflops_all, l.threads, b->ops->name);
    fact(r, "memory_limit", "%.1f GB/s one thread, %.1f GB/s %d threads", l.read_gbs_1, l.read_gbs_all,
         l.threads);
    lem_json *o = lem_json_new_object();
    bool ok = o && lem_json_set(o, "fma_gflops_1", lem_json_new_num(l.fma_gflops_1)) &&
              lem_json_set(o, "fma_gflops_all", lem_json_new_num(l.fma_gflops_all)) &&
              lem_json_set(o, "read_gbs_1", lem_json_new_num(l.read_gbs_1)) &&
              lem_json_set(o, "read_gbs_all", lem_json_new_num(l.read_gbs_all)) &&
              lem_json_set(o, "threads", lem_json_new_int(l.threads));
    if (!ok) {
        lem_json_free(o);
        return lem_fail(err, LEM_EMEM, "out of memory");
    }
    *out = o;
    return LEM_OK;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    report r = {.cli = cli, .facts = lem_json_new_object(), .checks = lem_json_new_array()};
    lem_runtime rt = {NULL, NULL};
    lem_json *limits = NULL;
    lem_status st = r.facts && r.checks ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    LEM_TRY(st);
    LEM_TRY(lem_runtime_open(cli, NULL, &rt, err));
    machine_facts(&r, &rt);
    LEM_TRY(check_compute(&r, rt.pool, err));
    check_tokenizer(&r);
    check_json(&r);
    check_hash(&r);
    check_grader(&r);
    if (lem_args_flag(args, "bench")) LEM_TRY(measure(&r, rt.backend, &limits, err));
    if (r.oom) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    if (cli->json) LEM_TRY(print_json(&r, limits, err));
    else print_text(&r);
    if (r.failed)
        st = lem_fail(err, LEM_NO, "%d of %zu checks failed: %s", r.failed, lem_json_count(r.checks),
                      lem_buf_str(&r.failed_names));
done:
    lem_buf_release(&r.failed_names);
    lem_json_free(limits);
    lem_json_free(r.facts);
    lem_json_free(r.checks);
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
