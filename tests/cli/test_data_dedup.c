/* test_data_dedup - data dedup from outside: files in order, what is compared, which row stays, clusters; the
 * same bytes in a MiB of memory and on one thread; bounded memory; a kill, a full disk, standard input */
#include "core/buf.h"
#include "core/json.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define L LEMMA_BINARY

static void put(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static char *get(const char *path) {
    static char text[1 << 16];
    FILE *f = fopen(path, "r");
    if (!f) fail_msg("%s is not there", path);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void is(const char *path, const char *text) {
    if (strcmp(get(path), text) != 0) fail_msg("%s holds %s", path, get(path));
}

static void shell(const char *line) {
    if (system(line) != 0) fail_msg("%s", line);
}

/* The object that `data dedup WORDS --json` prints, after `before` ("cat x |", "ulimit …;"). */
static lem_json *run_after(const char *before, const char *words, int status) {
    char line[1024];
    lem_buf text = {0};
    lem_json *o = NULL;
    lem_err err = LEM_ERR_INIT;
    snprintf(line, sizeof line, "%s " L " data dedup %s --json 2>err.txt", before, words);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    for (int c; (c = getc(f)) != EOF;) lem_buf_putc(&text, (char)c);
    int got = pclose(f) >> 8;
    if (got != status) fail_msg("%s: status %d: %s", line, got, get("err.txt"));
    if (status == 0) assert_int_equal(lem_json_parse(lem_buf_str(&text), text.len, &o, &err), LEM_OK);
    lem_buf_release(&text);
    return o;
}

static lem_json *run(const char *words) { return run_after("</dev/null", words, 0); }

static void refused(const char *words, int status, const char *says) {
    assert_null(run_after("</dev/null", words, status));
    if (!strstr(get("err.txt"), says)) fail_msg("%s: said %s", words, get("err.txt"));
}

static int64_t number(const lem_json *o, const char *path) {
    return lem_json_int(lem_json_find(o, path), -1);
}

static int64_t left_out(const char *words) {
    lem_json *o = run(words);
    int64_t n = number(o, "rows") - number(o, "kept");
    lem_json_free(o);
    return n;
}

/* ---- what comes out ---- */

static void files_in_order(void **state) {
    (void)state;
    lem_json *o = run("a.jsonl b.jsonl --out k --dropped d --clusters c");
    assert_true(number(o, "rows") == 7 && number(o, "kept") == 4 && number(o, "clusters") == 2);
    assert_true(number(o, "largest") == 3 && number(o, "empty") == 0 && number(o, "bytes_on_disk") == 0);
    assert_int_equal(number(o, "dropped.the same text after lower-casing"), 3);
    lem_json_free(o);
    is("k", "{\"problem\":\"One \u00c4?\",\"id\":1}\n{\"problem\":\"Two\",\"id\":2}\n"
            "{\"problem\":\"one  \u00e4\",\"id\":3}\n{\"problem\":\"three\",\"id\":7}\n");
    is("d", "{\"problem\":\"one \u00e4?\",\"id\":4,\"_dropped\":\"the same text after "
            "lower-casing\",\"_source\":\"b.jsonl:1\",\"_detail\":{\"kept\":\"a.jsonl:1\"}}\n"
            "{\"problem\":\"TWO\",\"id\":5,\"_dropped\":\"the same text after "
            "lower-casing\",\"_source\":\"b.jsonl:2\",\"_detail\":{\"kept\":\"a.jsonl:2\"}}\n"
            "{\"problem\":\"ONE \u00c4?\",\"id\":6,\"_dropped\":\"the same text after "
            "lower-casing\",\"_source\":\"b.jsonl:4\",\"_detail\":{\"kept\":\"a.jsonl:1\"}}\n");
    is("c",
       "{\"cluster\":1,\"kept\":\"a.jsonl:1\",\"members\":[{\"at\":\"b.jsonl:1\"},{\"at\":\"b.jsonl:4\"}],"
       "\"rows\":3}\n{\"cluster\":2,\"kept\":\"a.jsonl:2\",\"members\":[{\"at\":\"b.jsonl:2\"}],\"rows\":2}"
       "\n");
    o = run("b.jsonl a.jsonl --out k2"); /* the other order: the other rows stay */
    lem_json_free(o);
    is("k2", "{\"problem\":\"one \u00e4?\",\"id\":4}\n{\"problem\":\"TWO\",\"id\":5}\n"
             "{\"problem\":\"three\",\"id\":7}\n{\"problem\":\"one  \u00e4\",\"id\":3}\n");
    assert_int_equal(left_out("a.jsonl b.jsonl --out k3 --rule exact"), 0);
    assert_int_equal(left_out("a.jsonl b.jsonl --out k4 --rule normalized"), 4);
    assert_int_equal(left_out("a.jsonl b.jsonl --out k5 --rule ascii"), 4);
    assert_int_equal(left_out("a.jsonl b.jsonl --out k6 --limit 4"), 1);
}

static void near(void **state) {
    (void)state;
    lem_json *o = run("n.jsonl --rule near --shingle-size 1 --out n --dropped nd --clusters nc");
    assert_true(number(o, "near.bands") == 21 && number(o, "near.band_rows") == 6);
    assert_true(number(o, "near.permutations") == 126 && number(o, "near.shingle_size") == 1);
    assert_int_equal(number(o, "dropped.a near duplicate"), 2);
    assert_non_null(strstr(get("err.txt"),
                           "near: Jaccard 0.8 and more over shingles of 1 words; 21 bands x 6 "
                           "rows = 126 permutations, which find 99.83 % of the pairs at 0.8"));
    lem_json_free(o);
    is("n", "{\"prompt\":\"a b c d e f g h i j\"}\n{\"prompt\":\"something else entirely\"}\n");
    is("nc", "{\"cluster\":1,\"kept\":\"n.jsonl:1\",\"members\":[{\"at\":\"n.jsonl:2\",\"jaccard\":1.0},"
             "{\"at\":\"n.jsonl:4\",\"jaccard\":0.9}],\"rows\":3}\n");
    assert_non_null(strstr(get("nd"), "\"_detail\":{\"kept\":\"n.jsonl:1\",\"jaccard\":0.9}"));
    lem_json_free(run("n.jsonl --rule near --shingle-size 1 --keep longest --out nl"));
    is("nl", "{\"prompt\":\"A, b; c d e f g h i j\"}\n{\"prompt\":\"something else entirely\"}\n");
    assert_int_equal(left_out("n.jsonl --rule near --shingle chars --shingle-size 4 --out nch"), 2);
    assert_int_equal(left_out("n.jsonl --rule near --shingle-size 1 --jaccard 0.95 --out nj"), 1);
}

static void fields(void **state) {
    (void)state;
    assert_int_equal(left_out("pr.jsonl --out f1"), 2);
    assert_int_equal(left_out("pr.jsonl --field response --out f2"), 2);
    assert_int_equal(left_out("pr.jsonl --field both --out f3"), 1);
    assert_int_equal(left_out("pr.jsonl --field row --out f4"), 0);
    lem_json_free(run("pr.jsonl --keep longest --out f5"));
    is("f5",
       "{\"prompt\":\"p\",\"completion\":\"longer\",\"x\":3}\n{\"prompt\":\"q\",\"completion\":\"r\"}\n");
    lem_json_free(run("pr.jsonl --keep last --out f6"));
    is("f6",
       "{\"prompt\":\"p\",\"completion\":\"longer\",\"x\":3}\n{\"prompt\":\"q\",\"completion\":\"r\"}\n");
    lem_json_free(run("pr.jsonl --keep shortest --out f7"));
    is("f7", "{\"prompt\":\"p\",\"completion\":\"r\",\"x\":1}\n{\"prompt\":\"q\",\"completion\":\"r\"}\n");
    lem_json *o = run("text.jsonl --out f8"); /* no prompts at all: all stay, and that is said */
    assert_true(number(o, "kept") == 3 && number(o, "empty") == 3);
    assert_non_null(
        strstr(get("err.txt"), "3 rows have nothing to compare in --field prompt; they are kept"));
    lem_json_free(o);
    assert_int_equal(left_out("text.jsonl --field response --out f9"), 1);
    assert_int_equal(left_out("text.jsonl --field response --keep last --out f10"), 1);
}

/* ---- much data ---- */

/* n rows of 12 words of 2,000; every third row is an earlier one, every sixth with a word changed. */
static void write_rows(const char *path, int n) {
    FILE *f = fopen(path, "w");
    uint32_t x = 1, words[12];
    assert_non_null(f);
    for (int i = 0; i < n; i++) {
        uint32_t at = (uint32_t)(i % 3 == 2 ? i / 2 : i) + 1;
        x = at * 2654435761u;
        for (int k = 0; k < 12; k++) {
            x = x * 1664525u + 1013904223u;
            words[k] = (x >> 16) % 2000;
        }
        if (i % 6 == 5) words[(unsigned)i % 12] = 5000;
        fputs("{\"problem\":\"", f);
        for (int k = 0; k < 12; k++) fprintf(f, "w%u ", words[k]);
        fprintf(f, "\",\"i\":%d}\n", i);
    }
    assert_int_equal(fclose(f), 0);
}

static void memory_and_threads(void **state) {
    (void)state;
    char words[256];
    static const char *const rules[] = {"exact", "lower", "normalized",
                                        "near --shingle-size 1 --jaccard 0.75", "lower --keep longest"};
    write_rows("many.jsonl", 30000);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        snprintf(words, sizeof words, "many.jsonl --out m%zu --dropped md%zu --clusters mc%zu --rule %s", i,
                 i, i, rules[i]);
        int64_t n = left_out(words);
        assert_true(n > 4000);
        snprintf(words, sizeof words,
                 "many.jsonl --out s%zu --dropped sd%zu --clusters sc%zu --memory 1 --threads 1 --rule %s", i,
                 i, i, rules[i]);
        lem_json *o = run(words);
        assert_true(number(o, "bytes_on_disk") > 1000000);
        assert_int_equal(number(o, "rows") - number(o, "kept"), n);
        lem_json_free(o);
        snprintf(words, sizeof words,
                 "cmp m%zu s%zu && cmp md%zu sd%zu && cmp mc%zu sc%zu && [ ! -e s%zu.job ]", i, i, i, i, i, i,
                 i);
        shell(words);
    }
    lem_json_free(run("many.jsonl --out near1 --rule near --shingle-size 1 --jaccard 0.75"));
    shell("cmp near1 m3 && rm m? s? md? sd? mc? sc? near1");
}

/* The largest memory of any child so far, in MB. */
static double peak_mb(void) {
    struct rusage u;
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &u), 0);
    return (double)u.ru_maxrss / 1024;
}

/* 150,000 rows (13 MB): in 2 MiB of tables the process stays below 40 MB, where without a limit it takes
 * more. */
static void bounded_memory(void **state) {
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* its shadow memory would be measured */
#endif
    write_rows("large.jsonl", 150000);
    int64_t n = left_out("large.jsonl --memory 2 --out l1");
    int64_t near =
        left_out("large.jsonl --memory 2 --rule near --shingle-size 3 --bands 8 --band-rows 4 --out l2");
    double small = peak_mb();
    if (small > 40) fail_msg("%.1f MB with --memory 2", small);
    assert_int_equal(left_out("large.jsonl --out l3"), n);
    assert_int_equal(left_out("large.jsonl --rule near --shingle-size 3 --bands 8 --band-rows 4 --out l4"),
                     near);
    assert_true(n > 20000 && near >= n && peak_mb() > small + 20);
    shell("cmp l1 l3 && cmp l2 l4 && rm l1 l2 l3 l4 && rm l?.manifest.json");
}

/* ---- interruptions ---- */

static void pause_ms(long ms) {
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* Killed once while it works: the work folder holds no temporary file, and the same command gives the bytes
 * of an uninterrupted run. A file that a file system without nameless ones left goes, too. */
static void killed(void **state) {
    (void)state;
    lem_json_free(run("large.jsonl --memory 1 --rule near --out whole"));
    for (int ms = 0; ms <= 400; ms += 200) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            if (!freopen("/dev/null", "w", stderr)) _exit(126);
            execl(L, L, "data", "dedup", "large.jsonl", "--memory", "1", "--rule", "near", "--out", "killed",
                  (char *)NULL);
            _exit(127);
        }
        for (int i = 0; i < 5000 && access("killed.job/manifest.json", F_OK) != 0; i++) pause_ms(1);
        pause_ms(ms);
        kill(child, SIGKILL);
        int how = 0;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));
        shell("[ \"$(ls killed.job)\" = manifest.json ] && [ ! -e killed ]");
    }
    put("killed.job/scratch.abc", "left");
    lem_json_free(run("large.jsonl --memory 1 --rule near --out killed"));
    shell("cmp whole killed && [ ! -e killed.job ] && [ -z \"$(ls | grep -F .tmp.)\" ]");
}

static void disk_full(void **state) {
    (void)state;
    /* files of 1,000 blocks of 512 bytes at most */
    assert_null(run_after("ulimit -f 1000; </dev/null", "large.jsonl --memory 1 --rule near --out full", 8));
    if (!strstr(get("err.txt"), "temporary file") || !strstr(get("err.txt"), "full.job"))
        fail_msg("said %s", get("err.txt"));
    shell("[ ! -e full ] && [ ! -e full.job ]");
}

static void standard_input(void **state) {
    (void)state;
    lem_json_free(run_after("cat n.jsonl |", "- --rule near --shingle-size 1 --out in", 0));
    is("in", get("n"));
    lem_json_free(run_after("cat a.jsonl b.jsonl |", "- --out in2 --keep last", 0));
    lem_json_free(run("a.jsonl b.jsonl --out in3 --keep last"));
    shell("cmp in2 in3");
    assert_null(run_after("cat n.jsonl |", "- --rule near --out -", 2));
    assert_non_null(strstr(get("err.txt"), "standard input cannot be read twice here"));
    shell("cat a.jsonl b.jsonl | " L " data dedup - --out - 2>/dev/null | cmp - k");
    shell(L " data dedup n.jsonl --out - --rule near --shingle-size 1 2>/dev/null | cmp - n");
    lem_json *o = run("n.jsonl --rule near --shingle-size 1 --out dry --clusters dryc --dry-run");
    assert_true(number(o, "kept") == 2 && access("dry", F_OK) != 0 && access("dryc", F_OK) != 0);
    lem_json_free(o);
}

static void wrong(void **state) {
    (void)state;
    refused("a.jsonl --out x --rule near --bands 100 --band-rows 100", 2, "4096 hash functions");
    refused("a.jsonl --out x --jaccard 0", 2, "jaccard");
    refused("a.jsonl --out x --rule nearly", 2, "exact, lower, ascii, normalized, near");
    refused("a.jsonl --out x --memory 0", 2, "memory");
    refused("nothing.jsonl --out x", 3, "nothing.jsonl");
    refused("a.jsonl bad.jsonl --out x", 3, "bad.jsonl:2");
    refused("odd.jsonl --out x", 3, "odd.jsonl:1");
    refused("empty.jsonl --out x", 3, "no rows");
    refused("a.jsonl --out /proc/x", 8, "/proc");
    shell("[ ! -e x ] && [ ! -e x.job ]");
    refused("a.jsonl b.jsonl --out k --rule near", 2, "--rule was \"lower\", is now \"near\"");
    assert_int_equal(left_out("odd.jsonl --field row --out odd"), 1);
}

static int enter(void **state) {
    static char dir[] = "/tmp/lemma-dedup-XXXXXX";
    *state = mkdtemp(dir);
    if (!*state || chdir(dir) != 0) return -1;
    put("a.jsonl", "{\"problem\":\"One \u00c4?\",\"id\":1}\n{\"problem\":\"Two\",\"id\":2}\n"
                   "{\"problem\":\"one  \u00e4\",\"id\":3}\n");
    put("b.jsonl", "{\"problem\":\"one \u00e4?\",\"id\":4}\n{\"problem\":\"TWO\",\"id\":5}\n\n"
                   "{\"problem\":\"ONE \u00c4?\",\"id\":6}\n{\"problem\":\"three\",\"id\":7}\n");
    put("n.jsonl", "{\"prompt\":\"a b c d e f g h i j\"}\n{\"prompt\":\"A, b; c d e f g h i j\"}\n"
                   "{\"prompt\":\"something else entirely\"}\n{\"prompt\":\"a b c d e f g h i\"}\n");
    put("pr.jsonl",
        "{\"prompt\":\"p\",\"completion\":\"r\",\"x\":1}\n{\"prompt\":\"P\",\"completion\":\"R\",\"x\":2}\n"
        "{\"prompt\":\"p\",\"completion\":\"longer\",\"x\":3}\n{\"prompt\":\"q\",\"completion\":\"r\"}\n");
    put("text.jsonl", "{\"text\":\"a\"}\n{\"text\":\"A\"}\n{\"text\":\"b\"}\n");
    put("bad.jsonl", "{\"problem\":\"x\"}\n{\"problem\":\n");
    put("odd.jsonl", "{\"u\":1,\"v\":2}\n{\"u\":1,\"v\":2}\n{\"u\":1,\"v\":3}\n");
    put("empty.jsonl", "");
    return 0;
}

static int leave(void **state) {
    char line[64];
    snprintf(line, sizeof line, "rm -rf '%s'", (const char *)*state);
    return chdir("/") == 0 && system(line) == 0 ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_in_order),     cmocka_unit_test(near),           cmocka_unit_test(fields),
        cmocka_unit_test(memory_and_threads), cmocka_unit_test(bounded_memory), cmocka_unit_test(killed),
        cmocka_unit_test(disk_full),          cmocka_unit_test(standard_input), cmocka_unit_test(wrong)};
    return cmocka_run_group_tests(tests, enter, leave);
}
