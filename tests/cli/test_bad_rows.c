/* test_bad_rows.c - a file with a tenth of its rows broken in every way: without --on-error skip the first
 * ends the run with its place and field; with it the result is that of the file without those rows, and they
 * are counted */
#include "support/program.h"

#include "core/file.h"

#include <unistd.h>

enum { ROWS = 200, WAYS = 20 };

static char dir[] = "/tmp/lemma-bad-XXXXXX";

/* The parts of row i, each of which a way of breaking it may replace. */
typedef struct parts {
    char completions[400], scores[200], expected[100], tokens[100];
} parts;

static parts good_row(int i) {
    parts p;
    snprintf(p.completions, sizeof p.completions,
             "\"completions\":[\"so \\\\boxed{%d}\",\"so \\\\boxed{%d}\",\"so \\\\boxed{%d}\",\"none\"]",
             i % 7, i % 5, i % 3);
    snprintf(p.scores, sizeof p.scores, "\"rm_score\":[%d.5,-%d.25,%d,0.125]", i % 11, i % 6, i % 4);
    snprintf(p.expected, sizeof p.expected, "\"expected_answer\":\"%d\"", i % 7);
    snprintf(p.tokens, sizeof p.tokens, "\"tokens\":[1,2,3,%d]", i);
    return p;
}

static void write_row(FILE *f, int i, const parts *p) {
    fprintf(f, "{\"id\":\"p%d\",\"problem\":\"What is %d?\",%s,%s,%s,%s}\n", i, i, p->expected,
            p->completions, p->scores, p->tokens);
}

/* The ways that spoil the row for every command, by its syntax; then those that spoil a field. */
static bool broken_line(FILE *f, int way, int i) {
    static const char *const lines[] = {"{\"id\":\"p\",\"problem\":\"cut off",
                                        "[1,2,3]",
                                        "null",
                                        "not JSON at all",
                                        "{\"id\":1,\"id\":2}",
                                        "\"a text\"",
                                        "{\"problem\":\"q\",\"rm_score\":[NaN,1,2,3]}",
                                        "{\"problem\":\"q\",\"rm_score\":[1,-Infinity]}",
                                        "{\"problem\":\"\xff\xfe\"}",
                                        "{\"problem\":\"q\",\"rm_score\":[1e999]}"};
    if (way >= (int)(sizeof lines / sizeof *lines)) return false;
    (void)i;
    fprintf(f, "%s\n", lines[way]);
    return true;
}

static void broken_row(FILE *f, int way, int i) {
    parts p = good_row(i);
    if (broken_line(f, way, i)) return;
    switch (way - 10) {
    case 0: snprintf(p.completions, sizeof p.completions, "\"x\":0"); break;
    case 1: snprintf(p.completions, sizeof p.completions, "\"completions\":7"); break;
    case 2: snprintf(p.completions, sizeof p.completions, "\"completions\":[[1],2,3,4]"); break;
    case 3:
        snprintf(p.completions, sizeof p.completions, "\"completions\":[\"one\",\"two\",\"three\"]");
        break;
    case 4: snprintf(p.completions, sizeof p.completions, "\"completions\":null"); break;
    case 5: snprintf(p.expected, sizeof p.expected, "\"x\":0"); break;
    case 6: snprintf(p.expected, sizeof p.expected, "\"expected_answer\":{\"a\":1}"); break;
    case 7: snprintf(p.scores, sizeof p.scores, "\"rm_score\":[1,\"high\",2,3]"); break;
    case 8: snprintf(p.scores, sizeof p.scores, "\"rm_score\":[1,2]"); break;
    default: snprintf(p.tokens, sizeof p.tokens, "\"tokens\":[1,2,3,-4]"); break;
    }
    write_row(f, i, &p);
}

/* first: where the first broken row stands. */
static void write_files(const char *dirty, const char *clean, int first, int ways) {
    FILE *d = fopen(dirty, "w"), *c = fopen(clean, "w");
    assert_true(d && c);
    for (int i = 0; i < ROWS; i++) {
        parts p = good_row(i);
        if (i % 10 == first)
            broken_row(d, (i / 10 + (first ? 0 : WAYS / 2)) % ways, i); /* first 0: no completions */
        else {
            write_row(d, i, &p);
            write_row(c, i, &p);
        }
    }
    fclose(d);
    fclose(c);
}

static void same_with_and_without(const char *command) {
    char line[600];
    snprintf(line, sizeof line, "%s %s dirty.jsonl --on-error skip --max-bad 0.2 --out a 2>said",
             LEMMA_BINARY, command);
    shell(line);
    snprintf(line, sizeof line, "%s %s clean.jsonl --out b 2>/dev/null", LEMMA_BINARY, command);
    shell(line);
    shell("grep -q ' 20 rows left out: .* not JSON, 2 NaN or Infinity' said && grep -q 'dirty.jsonl:[0-9]*: "
          "' said");
    shell("cmp a b && tr -d ' \\n' <a.manifest.json | grep -q "
          "'\"of\":\"--on-errorskip\",\"unit\":\"rows\",\"read\":[0-9]*,\"kept\":[0-9]*,\"dropped\":{.*"
          "\"NaNorInfinity\":2'");
    shell("rm -f a b a.* b.*");
}

static void the_rest_is_right(void **state) {
    (void)state;
    for (int first = 0; first < 10; first += 9) { /* the very first row is one of them, and it is not */
        write_files("dirty.jsonl", "clean.jsonl", first, WAYS);
        same_with_and_without("grade");
        shell(LEMMA_BINARY " select dirty.jsonl --on-error skip --max-bad 0.1 2>/dev/null >x && " LEMMA_BINARY
                           " select clean.jsonl 2>/dev/null >y && cmp x y");
        /* kept rows name their file */
        shell(
            LEMMA_BINARY
            " select dirty.jsonl --keep-out k --on-error skip --max-bad 0.1 2>/dev/null >x && " LEMMA_BINARY
            " select clean.jsonl --keep-out l >y 2>/dev/null && sed s/dirty/clean/ k | cmp - l && rm k* l*");
        shell(LEMMA_BINARY
              " compare dirty.jsonl clean.jsonl --metric rm@4 --on-error skip --max-bad 0.1 2>/dev/null >x "
              "&& " LEMMA_BINARY " compare clean.jsonl clean.jsonl --metric rm@4 >y 2>/dev/null && cmp x y");
    }
}

/* Graded rows as examples of a report: all that is shown is of the good rows. */
static void a_report(void **state) {
    (void)state;
    shell(
        LEMMA_BINARY
        " grade clean.jsonl --out g.jsonl --overwrite 2>/dev/null && " LEMMA_BINARY
        " select g.jsonl --out s.json --overwrite >/dev/null 2>&1 && { head -5 g.jsonl; echo '{\"id\":NaN}'; "
        "echo '[]'; tail -n +6 g.jsonl; } >x.jsonl && cp g.jsonl clean-g.jsonl && mkdir -p p q");
    /* A page tells of the manifest beside its rows, and links to files of its own name. */
    shell(LEMMA_BINARY
          " report s.json --examples x.jsonl --out p/r.html --on-error skip --max-bad 0.1 --json "
          ">j 2>/dev/null && " LEMMA_BINARY
          " report s.json --examples clean-g.jsonl --out q/r.html >/dev/null 2>&1 && cmp p/r.html q/r.html");
    shell("grep -q '\"skipped\":{\"rows\":2,' j");
    said_by(3, LEMMA_BINARY " report s.json --examples x.jsonl --out y.html 2>&1");
}

static void the_first_ends_the_run(void **state) {
    (void)state;
    static const struct {
        const char *row, *part;
    } cases[] = {
        {"{\"problem\":\"q\",\"completions\":[\"1\"],\"expected_answer\":\"1\",\"rm_score\":[NaN]}",
         "x.jsonl:2: field 'rm_score': NaN is not JSON"},
        {"{\"problem\":\"q\",\"completions\":[\"1\"],\"expected_answer\":\"1\",\"rm_score\":[\"a\"]}",
         "x.jsonl:2: rm_score[0]: one number expected, found string"},
        {"{\"problem\":\"q\",\"completions\":[\"1\"],\"expected_answer\":\"1\",\"rm_score\":[1,2]}",
         "x.jsonl:2: rm_score: 2 values for 1 candidates"},
        {"{\"problem\":\"q\",\"completions\":[\"1\"],\"expected_answer\":\"1\"}",
         "x.jsonl:2: rm_score: this row has none"},
        {"{\"problem\":\"q\",\"completions\":[\"1\"],\"rm_score\":[1]}",
         "x.jsonl:2: no column of correctness"},
        {"{\"problem\":", "x.jsonl:2: JSON line 1"},
        {"[]", "x.jsonl:2: the row must be a JSON object"},
    };
    char text[600];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(
            text, sizeof text,
            "{\"problem\":\"q\",\"completions\":[\"1\"],\"expected_answer\":\"1\",\"rm_score\":[1]}\n%s\n",
            cases[i].row);
        put("x.jsonl", text);
        const char *said = said_by(3, LEMMA_BINARY " select x.jsonl 2>&1");
        if (!strstr(said, cases[i].part)) fail_msg("'%s' expected in: %s", cases[i].part, said);
    }
}

/* The share is of all rows; more than it ends with exit 7, and nothing is written. */
static void the_share(void **state) {
    (void)state;
    write_files("dirty.jsonl", "clean.jsonl", 3, WAYS);
    said_by(0, LEMMA_BINARY " grade dirty.jsonl --on-error skip --max-bad 0.1 --out h --overwrite 2>&1");
    const char *said =
        said_by(7, LEMMA_BINARY " grade dirty.jsonl --on-error skip --max-bad 0.0999 --out i 2>&1");
    assert_non_null(strstr(said, "20 of 200 rows cannot be used, more than --max-bad 0.0999 allows"));
    assert_int_equal(access("i", F_OK), -1);
    said_by(7, LEMMA_BINARY " select dirty.jsonl --on-error skip 2>&1");
    said_by(0, LEMMA_BINARY " select clean.jsonl --on-error skip 2>&1"); /* nothing to leave out */
    said = said_by(2, LEMMA_BINARY " select dirty.jsonl --max-bad 0.2 2>&1");
    assert_non_null(strstr(said, "--max-bad needs --on-error skip"));
    said = said_by(2, "cat dirty.jsonl | " LEMMA_BINARY " select - --on-error skip 2>&1");
    assert_non_null(strstr(said, "name a file"));
}

/* A damaged container is an error as before: nobody knows where its next row begins. */
static void containers(void **state) {
    (void)state;
    put("x.json", "[{\"problem\":\"q\",\"completions\":[\"1\"],\"expected_answer\":\"1\"},{\"problem\":}]");
    said_by(3, LEMMA_BINARY " grade x.json --on-error skip --max-bad 0.9 2>&1");
    put("x.csv", "problem,completions,expected_answer\nq,1,1\n\"a\nb\"c,2,3\n");
    said_by(3, LEMMA_BINARY " grade x.csv --on-error skip --max-bad 0.9 2>&1");
}

#define MODEL                                                                                                \
    "--from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 192 --batch 1 --lr 1e-3 "          \
    "--max-steps 1"

static void models(void **state) {
    (void)state;
    write_files("dirty.jsonl", "clean.jsonl", 5, WAYS);
    put("d.jsonl", "{\"problem\":\"p\",\"solution\":\"1+1=2\"}\n");
    shell(LEMMA_BINARY " sft --data d.jsonl --out m " MODEL " 2>/dev/null");
    shell(LEMMA_BINARY
          " sft --model m --data d.jsonl --out m2 --batch 1 --lr 1e-2 --max-steps 2 2>/dev/null");
    shell("head -40 dirty.jsonl >t; mv t dirty.jsonl; head -36 clean.jsonl >t; mv t clean.jsonl");
    shell(LEMMA_BINARY
          " rm score dirty.jsonl --model m --head logprob --on-error skip --max-bad 0.1 --out ra --json >j "
          "2>said && " LEMMA_BINARY " rm score clean.jsonl --model m --head logprob --out rb 2>/dev/null && "
          "cmp ra rb && grep -q '\"skipped\":{\"rows\":4,' j");
    shell("tr -d ' \\n' <ra.manifest.json | grep -q '\"read\":40,\"kept\":36,\"dropped\":{'");
    /* completions of other kinds, which only the scorer looks at */
    shell("{ head -3 clean.jsonl; echo '{\"problem\":5,\"completions\":[\"1\"]}'; echo "
          "'{\"problem\":\"q\",\"completions\":"
          "[1]}'; } >x.jsonl; head -3 clean.jsonl >y.jsonl");
    shell(LEMMA_BINARY " rm score x.jsonl --model m --head logprob --on-error skip --max-bad 0.4 --out e "
                       "2>said && " LEMMA_BINARY
                       " rm score y.jsonl --model m --head logprob --out f 2>/dev/null && cmp e f");
    shell("grep -q '2 rows left out' said");
    /* two passes over the rows, of the reference and of the model, whose rows must stay together */
    shell("{ head -1 y.jsonl; tail -2 x.jsonl; tail -n +2 y.jsonl; } >z.jsonl");
    shell(LEMMA_BINARY
          " rm score z.jsonl --model m --head implicit --reference m2 --on-error skip --max-bad 0.4 --out zi "
          "2>said && " LEMMA_BINARY
          " rm score y.jsonl --model m --head implicit --reference m2 --out yi 2>/dev/null && cmp zi yi");
    shell("grep -q '2 rows left out' said");
    said_by(3, LEMMA_BINARY " rm score x.jsonl --model m --head logprob --out g 2>&1");
    shell("{ head -3 clean.jsonl; echo '{\"expected_answer\":\"1\"}'; echo "
          "'{\"problem\":7,\"expected_answer\":\"1\"}'; echo "
          "'{\"problem\":\" \",\"expected_answer\":\"1\"}'; echo '{\"problem\":\"q\"}'; echo oh; } >x.jsonl");
    shell(LEMMA_BINARY
          " sample --model m --prompts x.jsonl --n 2 --max-tokens 4 --on-error skip --max-bad 0.7 --out u "
          "--json "
          ">j 2>said && " LEMMA_BINARY
          " sample --model m --prompts y.jsonl --n 2 --max-tokens 4 --out v 2>/dev/null && cmp u v");
    shell("grep -q '\"skipped\":{\"rows\":5,' j && grep -q '5 rows left out: 1 not JSON, 2 missing field' "
          "said");
    said_by(7, LEMMA_BINARY
            " sample --model m --prompts x.jsonl --n 2 --max-tokens 4 --on-error skip --out w 2>&1");
    /* the other readers of problems */
    static const char *const others[][2] = {
        {"synth answer", "--model m --max-tokens 4"},
        {"synth evolve", "--model m --max-tokens 4 --max-failed 1"},
        {"search --model m --rm m --rm-head rlhflow --n 2 --width 2 --depth 2 --step-tokens 4 --max-tokens 8 "
         "--method best-of-n --prompts",
         ""}};
    for (int i = 0; i < 3; i++) {
        char bad[512], good[512], line[2048];
        snprintf(bad, sizeof bad, "%s x.jsonl %s", others[i][0], others[i][1]);
        snprintf(good, sizeof good, "%s y.jsonl %s", others[i][0], others[i][1]);
        snprintf(line, sizeof line,
                 "%s %s --on-error skip --max-bad 0.7 --out p%d --json >j 2>said && %s %s --out q%d 2>e && "
                 "cmp p%d q%d",
                 LEMMA_BINARY, bad, i, LEMMA_BINARY, good, i, i, i);
        shell(line);
        shell(
            "grep -q '\"skipped\":{\"rows\":5,' j && grep -q '5 rows left out: 1 not JSON, 2 missing field' "
            "said");
        snprintf(line, sizeof line, "%s %s --on-error skip --out w%d 2>&1", LEMMA_BINARY, bad, i);
        said_by(7, line);
        snprintf(line, sizeof line, "%s %s --out w%d 2>&1", LEMMA_BINARY, bad, i);
        said_by(3, line);
    }
}

/* One row of a hundred may be bad, two may not, unless --max-bad says so. */
static void one_percent(void **state) {
    (void)state;
    shell(
        "for i in $(seq 100); do echo "
        "\"{\\\"problem\\\":\\\"$i?\\\",\\\"expected_answer\\\":\\\"$i\\\",\\\"completions\\\":[\\\"$i\\\"]}"
        "\"; done >all.jsonl; "
        "{ head -99 all.jsonl; echo oh; } >one.jsonl; { head -98 all.jsonl; echo oh; echo oh; } >two.jsonl");
    said_by(0, LEMMA_BINARY " grade one.jsonl --on-error skip --out one 2>&1");
    said_by(7, LEMMA_BINARY " grade two.jsonl --on-error skip --out two 2>&1");
    said_by(7, LEMMA_BINARY " grade one.jsonl --on-error skip --max-bad 0 --out none 2>&1");
    said_by(0, LEMMA_BINARY " grade two.jsonl --on-error skip --max-bad 0.02 --out two 2>&1");
}

/* Three bad rows among 300, each of another kind, and where they stand. */
static void write_three(void) {
    FILE *f = fopen("three.jsonl", "w"), *g = fopen("good.jsonl", "w");
    assert_true(f && g);
    for (int i = 1; i <= 300; i++) {
        char row[200];
        snprintf(
            row, sizeof row,
            "{\"problem\":\"%d?\",\"expected_answer\":\"%d\",\"completions\":[\"so \\\\boxed{%d}\",\"%d\"],"
            "\"rm_score\":[%d,0]}",
            i, i, i, i % 7, i % 5);
        if (i == 7) fputs("{\"problem\":\"7?\",\"completions\":[\"cut of\n", f);
        else if (i == 100)
            fputs("{\"problem\":\"100?\",\"expected_answer\":\"100\",\"rm_score\":[1,2]}\n", f);
        else if (i == 299)
            fputs("{\"problem\":\"q\",\"expected_answer\":\"1\",\"completions\":[\"1\",\"2\"],\"rm_score\":["
                  "NaN,1]}"
                  "\n",
                  f);
        else fprintf(f, "%s\n", row), fprintf(g, "%s\n", row);
    }
    fclose(f);
    fclose(g);
}

static const char three_listed[] =
    "{\"file\":\"three.jsonl\",\"line\":7,\"kind\":\"not JSON\",\"error\":\"JSON line 1 column ";
#define THREE_OTHERS                                                                                         \
    "\"line\":100,\"field\":\"completions\",\"kind\":\"missing field\",\"error\":\"field 'completions' is "  \
    "missing, which most rows have\"}",                                                                      \
        "\"line\":299,\"field\":\"rm_score\",\"kind\":\"NaN or Infinity\","                                  \
        "\"error\":\"field 'rm_score': NaN is not JSON"

/* The file has three lines, those of the rows, in their order. */
static void lists_three(const char *path) {
    static const char *const lines_of[] = {three_listed, THREE_OTHERS};
    lem_buf b = {0};
    lem_err err = LEM_ERR_INIT;
    int lines = 0;
    if (lem_file_read(path, 1 << 16, &b, &err) != LEM_OK) fail_msg("%s", err.text);
    const char *at = b.data;
    for (int i = 0; i < 3; i++) {
        const char *found = strstr(at, lines_of[i]);
        if (!found) fail_msg("%s: '%s' expected in: %s", path, lines_of[i], at);
        at = found + 1;
    }
    for (size_t i = 0; i < b.len; i++) lines += b.data[i] == '\n';
    assert_int_equal(lines, 3);
    lem_buf_release(&b);
}

/* Beside the output stands the list, the same for any number of threads; it is there with exit 7, too. */
static void the_list(void **state) {
    (void)state;
    write_three();
    for (int threads = 1; threads <= 5; threads += 2) {
        char line[300];
        snprintf(line, sizeof line,
                 LEMMA_BINARY " grade three.jsonl --on-error skip --threads %d --out t.jsonl --fresh 2>&1",
                 threads);
        const char *said = said_by(0, line);
        assert_non_null(strstr(said,
                               "warning: 3 rows left out: 1 not JSON, 1 NaN or Infinity, 1 missing field; "
                               "t.jsonl.skipped lists them"));
        lists_three("t.jsonl.skipped");
        shell(LEMMA_BINARY " grade good.jsonl --out u.jsonl >/dev/null 2>&1 && cmp t.jsonl u.jsonl");
        assert_int_equal(access("u.jsonl.skipped", F_OK), -1);
    }
    const char *said =
        said_by(7, LEMMA_BINARY " grade three.jsonl --on-error skip --max-bad 0.001 --out v.jsonl 2>&1");
    assert_non_null(strstr(said, "3 of 300 rows cannot be used, more than --max-bad 0.001 allows; the first: "
                                 "three.jsonl:7: JSON line 1"));
    lists_three("v.jsonl.skipped");
    assert_int_equal(access("v.jsonl", F_OK), -1);
    said = said_by(3, LEMMA_BINARY " grade three.jsonl --out w.jsonl 2>&1");
    assert_non_null(strstr(said, "three.jsonl:7: JSON line 1"));
    said_by(0, LEMMA_BINARY " grade three.jsonl --on-error skip --out w.jsonl --dry-run 2>&1");
    assert_int_equal(access("w.jsonl.skipped", F_OK), -1);
}

/* A list is of the result that it stands beside; a user's file is no list. */
static void lists_come_and_go(void **state) {
    (void)state;
    static const char *const anew[] = {"good.jsonl", "good.jsonl --on-error skip",
                                       "three.jsonl --on-error skip --skipped else.jsonl"};
    write_three();
    for (size_t i = 0; i < sizeof anew / sizeof *anew; i++) {
        char line[300];
        shell(LEMMA_BINARY " grade three.jsonl --on-error skip --out lx.jsonl --fresh >/dev/null 2>&1");
        lists_three("lx.jsonl.skipped");
        snprintf(line, sizeof line, LEMMA_BINARY " grade %s --out lx.jsonl --overwrite >/dev/null 2>&1",
                 anew[i]);
        shell(line);
        assert_int_equal(access("lx.jsonl.skipped", F_OK), -1);
    }
    lists_three("else.jsonl");
    shell(LEMMA_BINARY
          " grade good.jsonl --on-error skip --skipped else.jsonl --out lx.jsonl --overwrite >said 2>&1");
    assert_int_equal(access("else.jsonl", F_OK), -1);
    put("ly.jsonl.skipped", "notes\n");
    const char *said = said_by(2, LEMMA_BINARY " grade three.jsonl --on-error skip --out ly.jsonl 2>&1");
    assert_non_null(strstr(said, "ly.jsonl.skipped exists and is no list of rows left out; move it away"));
    shell(LEMMA_BINARY " grade good.jsonl --out ly.jsonl >/dev/null 2>&1 && grep -q notes ly.jsonl.skipped");
    said_by(0, LEMMA_BINARY " grade three.jsonl --on-error skip --out ly.jsonl --overwrite 2>&1");
    lists_three("ly.jsonl.skipped");
    said =
        said_by(2, LEMMA_BINARY
                " grade three.jsonl --on-error skip --skipped three.jsonl --overwrite --out lz.jsonl 2>&1");
    assert_non_null(strstr(said, "three.jsonl is what is read; choose another place for it"));
    said = said_by(2, LEMMA_BINARY " grade three.jsonl --skipped z --out lz.jsonl 2>&1");
    assert_non_null(strstr(said, "--skipped needs --on-error skip"));
    said = said_by(2, LEMMA_BINARY
                   " grade three.jsonl --on-error skip --shard 1/2 --skipped z --out lz.jsonl 2>&1");
    assert_non_null(strstr(said, "--skipped names one file; with --shard each list is beside its shard"));
}

/* Without an output the list is where the user says. */
static void no_output(void **state) {
    (void)state;
    write_three();
    const char *said = said_by(0, LEMMA_BINARY " select three.jsonl --on-error skip --max-bad 0.02 2>&1");
    assert_non_null(strstr(said, "; --skipped FILE lists them"));
    said =
        said_by(0, LEMMA_BINARY " select three.jsonl --on-error skip --max-bad 0.02 --skipped l.jsonl 2>&1");
    assert_non_null(strstr(said, "; l.jsonl lists them"));
    lists_three("l.jsonl");
    shell(LEMMA_BINARY " select good.jsonl --on-error skip --skipped l.jsonl >/dev/null 2>&1");
    assert_int_equal(access("l.jsonl", F_OK), -1);
    shell(LEMMA_BINARY
          " compare three.jsonl good.jsonl --metric rm@2 --on-error skip --max-bad 0.02 --skipped "
          "l.jsonl >/dev/null 2>&1");
    lists_three("l.jsonl");
    shell(LEMMA_BINARY
          " ablate a=three.jsonl b=good.jsonl --metric rm@2 --on-error skip --max-bad 0.02 --out ab.json "
          ">/dev/null 2>&1");
    lists_three("ab.json.skipped");
}

static int set_up(void **state) {
    (void)state;
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rest_is_right),
        cmocka_unit_test(a_report),
        cmocka_unit_test(the_first_ends_the_run),
        cmocka_unit_test(the_share),
        cmocka_unit_test(containers),
        cmocka_unit_test(models),
        cmocka_unit_test(one_percent),
        cmocka_unit_test(the_list),
        cmocka_unit_test(lists_come_and_go),
        cmocka_unit_test(no_output),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
