/* test_bad_rows_data.c - three bad rows among 303, in every command of data, export, crosscheck, bench score
 * and tokenize: without --on-error skip the first ends the run with its place; with it the result is that of
 * the file without them, and they are counted by reason and listed; and a row longer than --max-row */
#include "support/program.h"

#include "core/file.h"

#include <unistd.h>

#define L LEMMA_BINARY

enum { ROWS = 303, FIRST = 7, SECOND = 100, THIRD = 200 };

static char dir[] = "/tmp/lemma-bad-data-XXXXXX";

/* A row as each file has it; @ is its number. */
typedef struct file {
    const char *name, *head, *good, *between, *end, *bad[3];
    const char *said; /* of the rows left out */
} file;

#define KINDS "1 not JSON, 1 missing field, 1 wrong type"
static const file files[] = {
    {"jsonl",
     "",
     "{\"instruction\":\"What is @?\",\"output\":\"\\\\boxed{@}\",\"id\":\"p@\"}",
     "\n",
     "\n",
     {"not JSON at all", "{\"instruction\":\"Why this?\",\"id\":\"x\"}",
      "{\"instruction\":\"Why that?\",\"output\":7,\"id\":\"y\"}"},
     KINDS},
    {"json",
     "[",
     "{\"instruction\":\"What is @?\",\"output\":\"\\\\boxed{@}\",\"id\":\"p@\"}",
     ",\n",
     "]",
     {"[\"no object\"]", "{\"instruction\":\"Why this?\",\"id\":\"x\"}",
      "{\"instruction\":\"Why that?\",\"output\":7,\"id\":\"y\"}"},
     KINDS},
    {"csv",
     "instruction,output,id\n",
     "What is @?,\\boxed{@},p@",
     "\n",
     "\n",
     {"one field", "a,b,c,d", "two,fields"},
     "3 different lengths"},
    {"cand",
     "",
     "{\"id\":\"p@\",\"problem\":\"What is "
     "@?\",\"expected_answer\":\"@\",\"completions\":[\"\\\\boxed{1}\","
     "\"no\"],\"correct\":[true,false],\"rm_score\":[2,1]}",
     "\n",
     "\n",
     {"not JSON at all", "{\"id\":\"x\",\"problem\":\"q\",\"expected_answer\":\"1\"}",
      "{\"id\":\"y\",\"problem\":\"q\",\"expected_answer\":\"1\",\"completions\":[[1],2],\"correct\":[true,"
      "false],\"rm_score\":[2,1]}"},
     KINDS},
    {"bench",
     "",
     "{\"id\":\"r@\",\"subset\":\"a\",\"benchmark\":\"rewardbench\",\"problem\":\"What is @ "
     "@?\",\"completions\":[\"a\",\"b\"],\"correct\":[true,false],\"rm_score\":[2,1]}",
     "\n",
     "\n",
     {"not JSON at all",
      "{\"id\":\"x\",\"subset\":\"b\",\"benchmark\":\"rewardbench\",\"completions\":[\"a\",\"b\"],"
      "\"correct\":"
      "[true,false]}",
      "{\"id\":\"y\",\"subset\":\"c\",\"benchmark\":\"rewardbench\",\"completions\":[\"a\",\"b\"],"
      "\"correct\":"
      "[true,false],\"rm_score\":7}"},
     KINDS},
    {"ids",
     "",
     "[@,@,@]",
     "\n",
     "\n",
     {"not JSON at all", "{\"a\":1}", "[20,\"x\"]"},
     "1 not JSON, 1 wrong type, 1 other"}};
enum { JSONL, ARRAY, CSV, CANDIDATES, BENCH, IDS };

/* Which of the three bad rows stands there; -1 = none. */
static int bad_at(int row, int first) {
    const int at[] = {first, SECOND, THIRD};
    for (int k = 0; k < 3; k++)
        if (row == at[k]) return k;
    return -1;
}

/* bad: the three stand in it, the first one where `first` says. */
static void write_file(const file *k, const char *path, bool bad, int first) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    const char *between = k->head;
    for (int i = 0; i < ROWS; i++) {
        int which = bad_at(i, first);
        if (which >= 0 && !bad) continue;
        fputs(between, f);
        between = k->between;
        if (which >= 0) fputs(k->bad[which], f);
        else
            for (const char *g = k->good; *g; g++)
                if (*g == '@') fprintf(f, "%d", i + 20);
                else putc(*g, f);
    }
    fputs(k->end, f);
    fclose(f);
}

static const struct {
    int file;
    const char *command; /* @: the file */

} cases[] = {
    {JSONL, "data filter @ --boxed"},
    {ARRAY, "data filter @ --boxed"},
    {CSV, "data filter @ --boxed"},
    {JSONL, "data dedup @"},
    {JSONL, "data dedup @ --rule near --keep last"},
    {ARRAY, "data dedup @ --keep longest"},
    {CSV, "data dedup @ --field row"},
    {JSONL, "data decontam @ --against test.jsonl"},
    {ARRAY, "data decontam @ --against test.jsonl"},
    {CSV, "data decontam @ --against test.jsonl"},
    {JSONL, "data convert @ --to messages"},
    {ARRAY, "data convert @ --to messages"},
    {CSV, "data convert @ --to messages"},
    {JSONL, "data blend --source x=@"},
    {ARRAY, "data blend --source x=@"},
    {CSV, "data blend --source x=@"},
    {JSONL, "crosscheck --responses @ --answers teacher.jsonl --least 1"},
    {ARRAY, "crosscheck --responses teacher.jsonl --answers @ --least 1 --agree 1"},
    {CSV, "crosscheck --responses @ --answers teacher.jsonl --least 1"},
    {CANDIDATES, "export @ --as qwen"},
    {CANDIDATES, "export @ --as lm-eval"},
    {CANDIDATES, "bench score @ --k 2"},
    {BENCH, "bench score @"},
    {IDS, "tokenize " LEMMA_SOURCE_DIR "/recipes/demo-base @ --decode"},
};

static void command_of(char out[512], size_t i, const char *path) {
    const char *c = cases[i].command, *at = strchr(c, '@');
    snprintf(out, 512, "%.*s%s%s", (int)(at - c), c, path, at + 1);
}

/* dirty and clean lie in folders, so that they have one name. */
static void same_without(size_t i) {
    const file *k = &files[cases[i].file];
    char d[128], c[128], words[512], line[2048];
    snprintf(d, sizeof d, "dirty/rows.%s", k->name);
    snprintf(c, sizeof c, "clean/rows.%s", k->name);
    command_of(words, i, d);
    snprintf(line, sizeof line, L " %s --on-error skip --threads 2 --out a 2>said >out", words);
    said_by(0, line);
    snprintf(line, sizeof line, "grep -q 'warning: 3 rows left out: %s; a.skipped lists them' said", k->said);
    shell(line);
    snprintf(line, sizeof line,
             "test $(wc -l <a.skipped) = 3 && grep -c '\"file\":\"%s\",\"line\":' a.skipped", d);
    said_by(0, line);
    snprintf(line, sizeof line, L " %s --on-error skip --threads 1 --out a1 >out1 2>/dev/null && cmp a a1",
             words);
    said_by(0, line);
    shell("cmp a.skipped a1.skipped && cmp out out1");
    command_of(words, i, c);
    snprintf(
        line, sizeof line,
        L
        " %s --out b >out2 2>/dev/null && sed -E 's,dirty/,clean/,;s,(rows[.a-z]*):[0-9]+\",\\1\",' a >x && "
        "sed -E 's,(rows[.a-z]*):[0-9]+\",\\1\",' b | cmp - x && cmp out out2",
        words);
    said_by(0, line);
    shell("rm -rf a a.* a1 a1.* b b.*");
}

static void left_out(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) same_without(i);
}

/* Exit 3 and the place without skip, 7 and the list with less than a hundredth allowed; nothing is written.
 */
static void stop_and_too_many(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const file *k = &files[cases[i].file];
        char path[128], words[512], line[1024], want[256];
        snprintf(path, sizeof path, "dirty/rows.%s", k->name);
        command_of(words, i, path);
        snprintf(line, sizeof line, L " %s --out a 2>&1 >/dev/null", words);
        bool array = cases[i].file == ARRAY;
        snprintf(want, sizeof want, "%s:%s%d: ", path, array ? " row " : "",
                 FIRST + 1 + (cases[i].file == CSV));
        const char *said = said_by(3, line);
        if (!strstr(said, want)) fail_msg("%s: no '%s' in %s", words, want, said);
        snprintf(line, sizeof line, L " %s --on-error skip --max-bad 0.009 --out a 2>&1 >/dev/null", words);
        said = said_by(7, line);
        if (!strstr(said, "3 of 30") || !strstr(said, "--max-bad 0.009 allows"))
            fail_msg("%s: %s", words, said);
        shell("test ! -e a && test $(wc -l <a.skipped) = 3 && rm -rf a.*");
        snprintf(line, sizeof line, L " %s --max-row 20 --out a 2>&1 >/dev/null", words);
        said = said_by(3, line);
        if (cases[i].file != IDS && !strstr(said, "longer than 20 bytes; --max-row SIZE reads longer ones"))
            fail_msg("%s: %s", words, said);
        shell("test ! -e a && rm -rf a.*");
    }
}

/* The very first row is a bad one: what rows are is told by the others. */
static void the_first_row(void **state) {
    (void)state;
    file k = files[JSONL];
    k.bad[0] = "{\"text\":\"another kind of row\"}";
    write_file(&k, "first.jsonl", true, 0);
    write_file(&k, "rest.jsonl", false, 0);
    shell(L
          " data filter first.jsonl --boxed --on-error skip --out a 2>said && " L
          " data filter rest.jsonl --boxed --out b --quiet && cmp a b && grep -q 'rows of kind alpaca' said");
    shell(L " data convert first.jsonl --to messages --on-error skip --out a --overwrite --quiet 2>/dev/null "
            "&& " L
            " data convert rest.jsonl --to messages --out b --quiet --overwrite && cmp a b && rm -f a* b*");
}

static void inspected(void **state) {
    (void)state;
    static const int kinds[] = {JSONL, ARRAY, CSV};
    for (int i = 0; i < 3; i++) {
        char line[512];
        const char *name = files[kinds[i]].name;
        snprintf(line, sizeof line,
                 L " data inspect dirty/rows.%s --json --on-error skip --skipped s 2>/dev/null", name);
        lem_json *o = json_of(said_by(0, line));
        assert_int_equal(lem_json_int(lem_json_find(o, "skipped.rows"), 0), 3);
        lem_json_free(o);
        shell("test $(wc -l <s) = 3 && rm s");
        snprintf(line, sizeof line, L " data inspect dirty/rows.%s 2>&1 >/dev/null", name);
        said_by(3, line);
        snprintf(line, sizeof line, L " data inspect dirty/rows.%s --on-error skip --max-bad 0.009 2>&1",
                 name);
        said_by(7, line);
    }
}

/* The second row is of 300 KB: an error, a row left out, and read where it may be as long. */
static void longer_rows(void **state) {
    (void)state;
    shell("{ head -1 clean/rows.jsonl; printf '{\"instruction\":\"'; head -c 300000 /dev/zero | tr '\\0' x; "
          "printf '%s\\n' '\",\"output\":\"\\\\boxed{1}\"}'; tail -n +2 clean/rows.jsonl; } >long.jsonl && "
          "gzip -k long.jsonl && zstd -q long.jsonl -o long.jsonl.zst");
    static const char *const names[] = {"long.jsonl", "long.jsonl.gz", "long.jsonl.zst"};
    for (int i = 0; i < 3; i++) {
        char line[512], want[128];
        snprintf(line, sizeof line, L " data filter %s --boxed --max-row 256K --out a 2>&1", names[i]);
        snprintf(want, sizeof want, "%s:2: the row is longer than 262144 bytes; --max-row SIZE", names[i]);
        assert_non_null(strstr(said_by(3, line), want));
        snprintf(line, sizeof line,
                 L " data filter %s --boxed --max-row 256K --on-error skip --out a 2>&1 && "
                   "cmp a clean-kept && rm -f a a.*",
                 names[i]);
        assert_non_null(strstr(said_by(0, line), "1 row left out: 1 too long"));
        snprintf(line, sizeof line,
                 L " data filter %s --boxed --out a --quiet && test $(wc -l <a) = 301 && rm -f a a.*",
                 names[i]);
        shell(line);
    }
    assert_non_null(strstr(said_by(2, L " data filter long.jsonl --boxed --max-row much --out a 2>&1"),
                           "--max-row expects a size such as"));
}

/* Rows that are read as lists of several, and labelled steps. */
static void converted(void **state) {
    (void)state;
    shell(
        "for i in $(seq 300); do printf '{\"prompt\":\"%s?\",\"completion\":\"1\",\"label\":true}\\n' $i; "
        "printf '{\"prompt\":\"%s?\",\"completion\":\"2\",\"label\":false}\\n' $i; done >kto.jsonl; "
        "for i in $(seq 300); do printf "
        "'{\"prompt\":\"%s?\",\"completions\":[\"a\",\"b\"],\"labels\":[true,false]}\\n' $i; done "
        ">steps.jsonl; "
        "for f in kto steps; do { head -2 $f.jsonl; echo '{no'; tail -n +3 $f.jsonl; } >$f-bad.jsonl; done");
    assert_non_null(
        strstr(said_by(3, L " data convert kto-bad.jsonl --to lists --out a 2>&1"), "kto-bad.jsonl:3: "));
    assert_non_null(strstr(said_by(3, L " data convert steps-bad.jsonl --to annotated --out a 2>&1"),
                           "steps-bad.jsonl:3: "));
    shell(L " data convert kto.jsonl --to lists --out whole --quiet && " L
            " data convert kto-bad.jsonl --to lists --on-error skip --out a --quiet 2>/dev/null && cmp a "
            "whole && "
            "grep -q '\"line\":3' a.skipped && rm -f a a.* whole*");
    shell(L " data convert steps.jsonl --to annotated --out whole --quiet && " L
            " data convert steps-bad.jsonl --to annotated --on-error skip --out a --quiet 2>/dev/null && cmp "
            "a whole && "
            "grep -q '\"line\":3' a.skipped && rm -f a a.* whole*");
}

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    shell("mkdir dirty clean");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[128];
        snprintf(path, sizeof path, "dirty/rows.%s", files[i].name);
        write_file(&files[i], path, true, FIRST);
        snprintf(path, sizeof path, "clean/rows.%s", files[i].name);
        write_file(&files[i], path, false, FIRST);
    }
    write_file(&files[JSONL], "teacher.jsonl", false, -1);
    put("test.jsonl", "{\"problem\":\"What is 40?\",\"answer\":\"40\"}\n");
    shell(L " data filter clean/rows.jsonl --boxed --out clean-kept --quiet");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(left_out),      cmocka_unit_test(stop_and_too_many),
                                       cmocka_unit_test(the_first_row), cmocka_unit_test(inspected),
                                       cmocka_unit_test(longer_rows),   cmocka_unit_test(converted)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
