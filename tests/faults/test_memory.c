/* test_memory - allocations that fail inside the libraries: the same result as ever, or LEM_EMEM, never
 * another error, another result or a signal
 *
 * The C library's malloc is this program's own, so every library is reached: jansson, GMP, MPFR, FLINT,
 * libyaml, PCRE2, zlib, Zstandard, LZ4. Each piece of work runs with its n-th allocation failing once, and
 * with so many bytes as there are and no more, for n and for bytes at a stride. faults_test_memory dense: at
 * each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "curate/filter_arithmetic.h"
#include "curate/filter_regex_priv.h"
#include "grade/cluster.h"
#include "grade/grade.h"
#include "job/command.h"
#include "rows/unpack_priv.h"
#include "token/tokenizer_priv.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 0
#else
#define OWN_MALLOC 1
#endif

/* ---- the allocator ---- */

static struct {
    bool armed;
    uint64_t calls, fail_at;  /* 0 = never */
    int64_t live, most, peak; /* bytes since armed; most: no more than that, 0 = as many as are asked for */
    bool failed;
} heap;

#if OWN_MALLOC
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t alignment, size_t n);
extern void __libc_free(void *p);

static bool refused(size_t n, size_t old) {
    if (!heap.armed) return false;
    bool no = ++heap.calls == heap.fail_at ||
              (heap.most && heap.live + (int64_t)(n > old ? n - old : 0) > heap.most);
    heap.failed = heap.failed || no;
    if (no) errno = ENOMEM;
    return no;
}
static void *taken(void *p, size_t old) {
    if (heap.armed && p) heap.live += (int64_t)malloc_usable_size(p) - (int64_t)old;
    if (heap.live > heap.peak) heap.peak = heap.live;
    return p;
}
void *malloc(size_t n) { return refused(n, 0) ? NULL : taken(__libc_malloc(n), 0); }
void *calloc(size_t n, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) return NULL;
    return refused(bytes, 0) ? NULL : taken(__libc_calloc(n, size), 0);
}
void *realloc(void *p, size_t n) {
    size_t old = p ? malloc_usable_size(p) : 0;
    return refused(n, old) ? NULL : taken(__libc_realloc(p, n), old);
}
int posix_memalign(void **out, size_t alignment, size_t n) {
    if (refused(n, 0)) return ENOMEM;
    *out = taken(__libc_memalign(alignment, n), 0);
    return *out ? 0 : ENOMEM;
}
void free(void *p) {
    if (heap.armed && p) heap.live -= (int64_t)malloc_usable_size(p);
    __libc_free(p);
}
#endif

/* ---- pieces of work: each puts what it made into out ---- */

typedef lem_status piece(const void *what, lem_buf *out, lem_err *err);

static lem_status parse_json(const void *what, lem_buf *out, lem_err *err) {
    lem_json *v = NULL, *copy = NULL;
    lem_status st = lem_json_parse(what, strlen(what), &v, err);
    if (st == LEM_OK && !(copy = lem_json_copy(v))) st = lem_fail(err, LEM_EMEM, "copy");
    if (st == LEM_OK) lem_json_write(copy, 0, out);
    lem_json_free(v);
    lem_json_free(copy);
    return st ? st : lem_buf_ok(out, err);
}

static lem_status parse_yaml(const void *what, lem_buf *out, lem_err *err) {
    lem_json *v = NULL;
    lem_status st = lem_yaml_parse(what, strlen(what), "a.yaml", &v, err);
    if (st == LEM_OK) lem_json_write(v, 0, out);
    lem_json_free(v);
    return st ? st : lem_buf_ok(out, err);
}

typedef struct pair {
    lem_grade_policy policy;
    const char *gold, *response;
} pair;

static lem_status grade(const void *what, lem_buf *out, lem_err *err) {
    const pair *p = what;
    const lem_grade_profile profile = {.policy = p->policy};
    lem_grade_gold *g = NULL;
    lem_answer_result r = {0};
    lem_buf text = {0};
    lem_status st = lem_grade_gold_new(p->gold, strlen(p->gold), &profile, &g, err);
    if (st == LEM_OK) st = lem_grade_response(g, p->response, strlen(p->response), &text, NULL, &r, err);
    if (st == LEM_OK) st = lem_grade_key(p->gold, strlen(p->gold), out, err);
    heap.armed = false; /* what follows is the test's */
    if (st == LEM_OK)
        lem_buf_printf(out, " %s %s %s", lem_buf_str(&text), lem_answer_verdict_name(r.verdict), r.rule);
    lem_grade_gold_free(g);
    lem_buf_release(&text);
    return st;
}

static lem_status cluster(const void *what, lem_buf *out, lem_err *err) {
    static const char *const texts[] = {"\\frac{1}{2}", "0.5", "\\sqrt{8}", "2\\sqrt{2}", "x+1", "1+x"};
    lem_grade_answer_text a[6];
    int group[6];
    const lem_grade_profile profile = {.policy = LEM_GRADE_STD};
    (void)what;
    for (int i = 0; i < 6; i++) a[i] = (lem_grade_answer_text){texts[i], strlen(texts[i])};
    lem_status st = lem_grade_cluster(a, 6, &profile, group, err);
    heap.armed = false;
    for (int i = 0; st == LEM_OK && i < 6; i++) lem_buf_printf(out, "%d ", group[i]);
    return st;
}

static lem_status arithmetic(const void *what, lem_buf *out, lem_err *err) {
    lem_arithmetic a;
    lem_arithmetic_scan *s = lem_arithmetic_scan_new(err);
    lem_status st = s ? lem_arithmetic_check(s, what, strlen(what), NULL, &a, err) : LEM_EMEM;
    heap.armed = false;
    lem_arithmetic_scan_free(s);
    if (st == LEM_OK) lem_buf_add(out, (const char *)&a, sizeof a);
    return st;
}

static lem_status pretokenize(const void *what, lem_buf *out, lem_err *err) {
    tok_regex *r = NULL;
    void *m = NULL;
    const char *s = "one two  three\xC3\xA9 44 five";
    size_t start = 0, end = 0;
    bool found = true;
    lem_status st = lem_regex_compile(what, &r, err);
    if (st == LEM_OK && !(m = lem_regex_scratch(r, err))) st = LEM_EMEM;
    while (st == LEM_OK && found) {
        st = lem_regex_find(r, m, s, strlen(s), end, &found, &start, &end, err);
        if (st == LEM_OK && found) lem_buf_printf(out, "%zu-%zu ", start, end);
    }
    if (m) lem_regex_scratch_free(m);
    lem_regex_free(r);
    return st ? st : lem_buf_ok(out, err);
}

static lem_status filter(const void *what, lem_buf *out, lem_err *err) {
    filter_regex *r = NULL;
    regex_answer yes = REGEX_NO;
    lem_status st = lem_filter_regex_new("drop", what, &r, err);
    if (st == LEM_OK) st = lem_filter_regex_match(r, "aaaaaaaaaaaaaaaab", 17, REGEX_ANYWHERE, &yes, err);
    lem_filter_regex_free(r);
    lem_buf_printf(out, "%d", (int)yes);
    return st ? st : lem_buf_ok(out, err);
}

static char packed[3][4096];
static size_t packed_len[3];

static lem_status unpack(const void *what, lem_buf *out, lem_err *err) {
    int i = *(const int *)what;
    static const lem_codec codec[] = {LEM_CODEC_GZIP, LEM_CODEC_ZSTD};
    return lem_unpack(codec[i], (const unsigned char *)packed[i], packed_len[i], 9000, out, err);
}

static lem_status read_lines(const void *what, lem_buf *out, lem_err *err) {
    lem_lines *l = NULL;
    const char *line;
    size_t n;
    bool eof = false;
    lem_status st = lem_lines_open(what, 0, &l, err);
    while (st == LEM_OK && !eof) {
        st = lem_lines_next(l, &line, &n, &eof, err);
        if (st == LEM_OK && !eof) lem_buf_add(out, line, n);
    }
    lem_lines_close(l);
    return st ? st : lem_buf_ok(out, err);
}

/* ---- how they fail ---- */

static long points;

/* Runs it with the n-th allocation failing, or with no more than so many bytes; true if something failed. */
static bool at(const char *name, piece *run, const void *what, uint64_t n, int64_t most,
               const lem_buf *right) {
    lem_buf out = {0};
    lem_err err = LEM_ERR_INIT;
    heap.calls = 0, heap.live = 0, heap.peak = 0, heap.failed = false;
    heap.fail_at = n;
    heap.most = most;
    heap.armed = true;
    lem_status st = run(what, &out, &err);
    heap.armed = false;
    bool same =
        st == LEM_OK && !out.failed && out.len == right->len && memcmp(out.data, right->data, out.len) == 0;
    if (!same && !(st == LEM_EMEM && heap.failed && err.text[0]))
        fail_msg("%s, allocation %d, %ld bytes: status %d, '%s', made '%.200s'", name, (int)n, (long)most,
                 (int)st, err.text, lem_buf_str(&out));
    points++;
    lem_buf_release(&out);
    return heap.failed;
}

static bool dense;
enum { RESERVE = 8 << 20 }; /* what grading puts by */

static void sweep(const char *name, piece *run, const void *what) {
    lem_buf right = {0};
    lem_err err = LEM_ERR_INIT;
    lem_mem_leave_thread(); /* the reserve counts */
    heap.calls = heap.fail_at = 0, heap.live = heap.peak = heap.most = 0;
    heap.armed = true;
    lem_status st = run(what, &right, &err);
    heap.armed = false;
    if (st != LEM_OK) fail_msg("%s: %s", name, err.text);
    uint64_t calls = heap.calls, stride = dense || calls < 40 ? 1 : calls / 40;
    int64_t peak = heap.peak;
    for (uint64_t n = 1; n <= calls; n += stride) at(name, run, what, n, 0, &right);
    int64_t floor = peak > RESERVE ? RESERVE : 0, step = 1 + (peak - floor) / 40;
    if (dense) step = 1 + (peak - floor) / 2000;
    for (int64_t most = floor / 2 + 1; most < peak; most = most < floor ? floor : most + step) {
        lem_mem_leave_thread();
        at(name, run, what, 0, most, &right);
    }
    lem_buf_release(&right);
}

/* ---- tests ---- */

static void json(void **state) {
    (void)state;
    char text[9000];
    int n = snprintf(
        text, sizeof text,
        "{\"expected_answer\": \"7\", \"k\": [1.%0300d, 12, \"%03000d\", {\"%0300d\": null}], \"x\": %d}", 1,
        2, 3, 4);
    assert_true(n > 0 && (size_t)n < sizeof text);
    sweep("JSON", parse_json, text);
}

static void yaml(void **state) {
    (void)state;
    sweep("YAML", parse_yaml,
          "stages:\n  - name: one\n    lr: 3e-4\n    tags: [a, \"b\\n\", 'c']\n  - {name: two}\nlong: |\n  "
          "first\n  second\n");
}

static void grades(void **state) {
    (void)state;
    static const pair pairs[] = {
        {LEM_GRADE_STD, "\\frac{7}{3}", "so \\boxed{2\\frac{1}{3}}"},
        {LEM_GRADE_STD, "\\sqrt{2}+\\sqrt{3}", "\\boxed{\\sqrt{5+2\\sqrt{6}}}"},
        {LEM_GRADE_STD, "(x+1)^5", "\\boxed{x^5+5x^4+10x^3+10x^2+5x+1}"},
        {LEM_GRADE_STD, "\\cos\\frac{\\pi}{7}", "\\boxed{\\sin\\frac{5\\pi}{14}}"},
        {LEM_GRADE_STD, "2^{100}", "\\boxed{1267650600228229401496703205376}"},
        {LEM_GRADE_STD, "\\{1,2,3\\}", "\\boxed{3, 2, 1}"},
        {LEM_GRADE_STD, "\\int_0^1 e^{-x^2} dx", "\\boxed{\\frac{\\sqrt{\\pi}}{2}\\operatorname{erf}(1)}"},
        {LEM_GRADE_STD, "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}",
         "\\boxed{\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}}"},
        {LEM_GRADE_QWEN, "\\frac{1}{2}", "\\boxed{0.5}"},
        {LEM_GRADE_MATH_VERIFY, "x^2-1", "\\boxed{(x-1)(x+1)}"},
        {LEM_GRADE_PRM800K, "\\frac{1}{2}", "\\boxed{\\dfrac{2}{4}}"},
        {LEM_GRADE_HENDRYCKS, "\\frac12", "\\boxed{\\frac{1}{2}}"},
        {LEM_GRADE_MINERVA, "x^2-1", "The final answer is $(x-1)(x+1)$. I hope it is correct."}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) sweep(pairs[i].gold, grade, &pairs[i]);
    sweep("groups", cluster, NULL);
    sweep("arithmetic", arithmetic,
          "3/7 + 4/7 = 1 and 12345678901234567890123 * 98765432109876543210 = 5, 2 + 2 = 4");
}

static void patterns(void **state) {
    (void)state;
    sweep("pre-tokenizer", pretokenize, "\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|[^\\s\\p{L}\\p{N}]+");
    sweep("filter", filter, "(a|aa)+b$");
}

static void streams(void **state) {
    (void)state;
    static unsigned char plain[9000];
    static const int which[] = {0, 1};
    char gz[64], zst[64];
    snprintf(gz, sizeof gz, "/tmp/lemma-memory-%ld.gz", (long)getpid());
    snprintf(zst, sizeof zst, "/tmp/lemma-memory-%ld.zst", (long)getpid());
    for (size_t i = 0; i < sizeof plain; i++) plain[i] = (unsigned char)(i % 80 == 79 ? '\n' : 'a' + i % 17);
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = plain, z.avail_in = sizeof plain;
    z.next_out = (unsigned char *)packed[0], z.avail_out = sizeof packed[0];
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed_len[0] = sizeof packed[0] - z.avail_out;
    deflateEnd(&z);
    packed_len[1] = ZSTD_compress(packed[1], sizeof packed[1], plain, sizeof plain, 3);
    assert_int_equal(lem_file_write_atomic(gz, packed[0], packed_len[0], NULL), LEM_OK);
    assert_int_equal(lem_file_write_atomic(zst, packed[1], packed_len[1], NULL), LEM_OK);
    sweep("gzip page", unpack, &which[0]);
    sweep("Zstandard page", unpack, &which[1]);
    sweep("lines of gzip", read_lines, gz);
    sweep("lines of Zstandard", read_lines, zst);
    unlink(gz);
    unlink(zst);
}

int main(int argc, char **argv) {
    dense = argc > 1 && strcmp(argv[1], "dense") == 0;
    const struct CMUnitTest tests[] = {cmocka_unit_test(json), cmocka_unit_test(yaml),
                                       cmocka_unit_test(grades), cmocka_unit_test(patterns),
                                       cmocka_unit_test(streams)};
    if (!OWN_MALLOC) return 77;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    printf("%ld points\n", points);
    return rc;
}
