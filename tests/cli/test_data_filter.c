/* test_data_filter.c - lemma data filter and data blend from outside: counts, side files, refusals */
#include "core/file.h"
#include "core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/lemma-filter-XXXXXX", said[1 << 15];
static lem_err err;

/* Runs lemma; its standard output and, with 2>&1 in the words, its messages stand in said. */
static int lemma(const char *words) {
    char line[2048];
    snprintf(line, sizeof line, "%s %s </dev/null", LEMMA_BINARY, words);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    int raw = pclose(f);
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static void refused(const char *words, int status, const char *part) {
    char line[1024];
    snprintf(line, sizeof line, "%s --quiet 2>&1", words);
    int got = lemma(line);
    if (got != status || !strstr(said, part)) fail_msg("%s: status %d, said %s", words, got, said);
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1); /* one line */
}

static lem_json *printed(const char *words) {
    lem_json *v = NULL;
    if (lemma(words) != 0) fail_msg("%s: %s", words, said);
    assert_int_equal(lem_json_parse(said, strlen(said), &v, &err), LEM_OK);
    return v;
}

static int64_t number(const lem_json *v, const char *path) {
    return lem_json_int(lem_json_find(v, path), -1);
}

static void file_is(const char *path, const char *want) {
    lem_buf b = {0};
    assert_int_equal(lem_file_read(path, 1 << 20, &b, &err), LEM_OK);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
}

/* Three rows: one kept, one that fails two filters, one that fails one. */
static void counted_under_each_dropped_once(void **state) {
    (void)state;
    lem_json *v = printed("data filter in.jsonl --boxed --arithmetic --max-prompt-words 9 --out k.jsonl "
                          "--dropped d.jsonl --json 2>/dev/null");
    assert_int_equal(number(v, "rows"), 3);
    assert_int_equal(number(v, "kept"), 1);
    assert_int_equal(number(v, "filters.boxed"), 1);
    assert_int_equal(number(v, "filters.arithmetic"), 2);
    assert_int_equal(number(v, "filters.prompt-words"), 0);
    assert_int_equal(number(v, "dropped.no boxed answer"), 1);
    assert_int_equal(number(v, "dropped.an equation between numbers does not hold"), 2);
    assert_int_equal(number(v, "without_response"), 0);
    lem_json_free(v);
    file_is("k.jsonl", "{\"prompt\":\"p1\",\"response\":\"3+4=7, so \\\\boxed{7}\"}\n");
    file_is("d.jsonl",
            "{\"prompt\":\"p2\",\"response\":\"3+4=8\",\"_dropped\":\"no boxed answer; an equation between "
            "numbers does "
            "not hold\",\"_source\":\"in.jsonl:2\",\"_detail\":{\"boxed\":null,\"arithmetic\":\"3+4=8\"}}\n"
            "{\"prompt\":\"p3\",\"response\":\"9*9=80, \\\\boxed{80}\",\"_dropped\":\"an equation between "
            "numbers does not "
            "hold\",\"_source\":\"in.jsonl:3\",\"_detail\":{\"arithmetic\":\"9*9=80\"}}\n");
}

/* The preset, and what is said beside it. */
static void presets_and_options(void **state) {
    (void)state;
    lem_json *v = printed("data filter in.jsonl --preset acemath --out p.jsonl --json --quiet");
    assert_int_equal(number(v, "kept"), 2);
    assert_int_equal(lem_json_count(lem_json_get(v, "filters")), 4);
    lem_json_free(v);
    v = printed("data filter in.jsonl --preset acemath --boxed=false --max-prompt-words 0 --out q.jsonl "
                "--json --quiet");
    assert_int_equal(number(v, "kept"), 3);
    assert_int_equal(lem_json_count(lem_json_get(v, "filters")), 2);
    lem_json_free(v);
    v = printed("data filter in.jsonl --match 'response=^\\d[+*]\\d{1,2}=' --out r.jsonl --json --quiet");
    assert_int_equal(number(v, "kept"), 3); /* the comma does not split the pattern */
    lem_json_free(v);
    v = printed("data filter in.jsonl --boxed --dry-run --out never.jsonl --json --quiet");
    assert_int_equal(number(v, "kept"), 2);
    assert_false(lem_file_exists("never.jsonl"));
    lem_json_free(v);
}

static void filters_refuse(void **state) {
    (void)state;
    refused("data filter in.jsonl --out x.jsonl", 2, "no filter was asked for");
    refused("data filter in.jsonl --opens '(' --out x.jsonl", 2,
            "--opens: at byte 1 of the regular expression");
    refused("data filter in.jsonl --match abc --out x.jsonl", 2,
            "--match: expected FIELD=REGEX, found 'abc'");
    refused("data filter in.jsonl --script klingon --out x.jsonl", 2, "--script 'klingon'");
    refused("data filter in.jsonl --max-response-tokens 5 --out x.jsonl", 2, "need --tokenizer DIR");
    refused("data filter in.jsonl --preset other --out x.jsonl", 2, "none of none, acemath");
    refused("data filter bad.jsonl --boxed --out x.jsonl", 3, "bad.jsonl:2");
    refused("data filter empty.jsonl --boxed --out x.jsonl", 3, "empty.jsonl: no rows");
    refused("data filter nothere.jsonl --boxed --out x.jsonl", 3, "nothere.jsonl: no such file");
    assert_false(lem_file_exists("x.jsonl"));
    assert_false(lem_file_exists("x.jsonl.job"));
}

static void blends_tell_what_they_are(void **state) {
    (void)state;
    lem_json *v = printed(
        "data blend --source a=in.jsonl,domain=math,ratio=0.5 --source b=more.jsonl,ratio=0.5,repeat=2 "
        "--total 6 --out b.jsonl --page b.html --json 2>words.txt");
    assert_int_equal(number(v, "samples"), 6);
    assert_int_equal(number(v, "domains.0.samples"), 3);
    assert_int_equal(number(v, "domains.1.samples"), 3);
    assert_int_equal(number(v, "sources.1.rows"), 2);
    assert_int_equal(number(v, "prompts_across_sources"), 1); /* P1 and p1 */
    assert_int_equal(number(v, "domains.0.words"), 4 + 2 + 3);
    lem_json_free(v);
    lem_buf b = {0};
    assert_int_equal(lem_file_read("words.txt", 1 << 20, &b, &err), LEM_OK);
    assert_non_null(strstr(lem_buf_str(&b), "source b is oversampled: each row stands there 1.50 times"));
    lem_buf_clear(&b);
    assert_int_equal(lem_file_read("b.html", 1 << 20, &b, &err), LEM_OK);
    assert_non_null(strstr(lem_buf_str(&b), "Share of the samples"));
    lem_buf_release(&b);
    v = printed("data blend --files in.jsonl,more.jsonl --limit 1 --out l.jsonl --json --quiet");
    assert_int_equal(number(v, "samples"), 2); /* of each source */
    lem_json_free(v);
    /* the same from YAML, byte for byte but the names of files */
    assert_int_equal(lemma("data blend --config c.yaml --out c.jsonl --quiet"), 0);
    assert_int_equal(system("cmp -s b.jsonl c.jsonl"), 0);
    assert_int_equal(lemma("data blend --config c.yaml --seed 2 --out s.jsonl --quiet"), 0);
    assert_int_not_equal(system("cmp -s b.jsonl s.jsonl"), 0);
}

static void blends_refuse(void **state) {
    (void)state;
    refused("data blend --out x.jsonl", 2, "no source: --source NAME=FILE");
    refused("data blend --source in.jsonl --out x.jsonl", 2, "--source: expected NAME=FILE");
    refused("data blend --source a=in.jsonl,ratoi=1 --out x.jsonl", 2, "did you mean 'ratio'?");
    refused("data blend --source a=in.jsonl,ratio=-1 --out x.jsonl", 2, "source a: --ratio must lie in");
    refused("data blend --source a=in.jsonl,ratio=1 --total 9 --out x.jsonl", 3,
            "9 samples wanted, 3 rows there");
    refused("data blend --source a=in.jsonl,ratio=1,count=2 --out x.jsonl", 2, "exclude each other");
    refused("data blend --source a=in.jsonl --page x.txt --out x.jsonl", 2, "must end in .html");
    refused("data blend --source a=nothere.jsonl --out x.jsonl", 3, "nothere.jsonl: no such file");
    refused("data blend --source a=bad.jsonl --out x.jsonl", 3, "bad.jsonl:2");
    refused("data blend --source a=in.jsonl,count=0 --out x.jsonl", 3, "the blend has no rows");
    refused("data blend --source a=in.jsonl --out -", 2, "--out - is no place for a blend");
    assert_false(lem_file_exists("x.jsonl"));
    assert_false(lem_file_exists("x.jsonl.job"));
}

/* The recipes of AceMath's data: clear words where the files are not there. */
static void recipes_name_what_is_missing(void **state) {
    (void)state;
    refused("run " LEMMA_SOURCE_DIR "/recipes/acemath-data-stage1.yaml --dry-run math=in.jsonl", 3,
            "stage stage1: --files data/code.jsonl: no such file");
    refused("run " LEMMA_SOURCE_DIR "/recipes/acemath-data-stage2.yaml --dry-run", 3,
            "stage math: data/math-crosschecked.jsonl: no such file");
    refused("run " LEMMA_SOURCE_DIR "/recipes/acemath-data-math.yaml --dry-run", 3,
            "stage numina: data/numina.jsonl: no such file");
}

static void write_text(const char *path, const char *text) {
    assert_int_equal(lem_file_write_atomic(path, text, strlen(text), &err), LEM_OK);
}

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    write_text("in.jsonl", "{\"prompt\":\"p1\",\"response\":\"3+4=7, so \\\\boxed{7}\"}\n"
                           "{\"prompt\":\"p2\",\"response\":\"3+4=8\"}\n"
                           "{\"prompt\":\"p3\",\"response\":\"9*9=80, \\\\boxed{80}\"}\n");
    write_text("more.jsonl",
               "{\"prompt\":\"P1\",\"response\":\"a\"}\n{\"prompt\":\"q\",\"response\":\"b\"}\n");
    write_text("bad.jsonl", "{\"prompt\":\"p\",\"response\":\"r\"}\n{\"prompt\":\n");
    write_text("empty.jsonl", "");
    write_text("c.yaml", "total: 6\nsources:\n  - {name: a, files: [in.jsonl], domain: math, ratio: 0.5}\n"
                         "  - {name: b, files: more.jsonl, ratio: 0.5, repeat: 2}\n");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counted_under_each_dropped_once),
        cmocka_unit_test(presets_and_options),
        cmocka_unit_test(filters_refuse),
        cmocka_unit_test(blends_tell_what_they_are),
        cmocka_unit_test(blends_refuse),
        cmocka_unit_test(recipes_name_what_is_missing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
