/* test_grade_select.c - lemma grade and lemma select from outside: exit codes, rows, JSON, threads, refusals,
 * the shared files */
#include "core/file.h"
#include "core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

typedef struct transcript {
    lem_buf text;
    int status;
} transcript;

static transcript lemma(const char *words) {
    char command[4096], chunk[4096];
    snprintf(command, sizeof command, "cd %s && %s %s 2>&1 </dev/null", dir, LEMMA_BINARY, words);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    transcript t = {.status = 0};
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) lem_buf_add(&t.text, chunk, n);
    int raw = pclose(f);
    t.status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
    return t;
}

static void expect(const char *words, int status, const char *part) {
    transcript t = lemma(words);
    if (t.status != status || !strstr(lem_buf_str(&t.text), part))
        fail_msg("lemma %s: status %d (expected %d), expected '%s' in:\n%s", words, t.status, status, part,
                 lem_buf_str(&t.text));
    lem_buf_release(&t.text);
}

static void put(const char *name, const char *text) {
    char path[256];
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (lem_file_write_atomic(path, text, strlen(text), &err) != LEM_OK) fail_msg("%s", err.text);
}

static lem_buf get(const char *name) {
    char path[256];
    lem_err err = LEM_ERR_INIT;
    lem_buf b = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (lem_file_read(path, 1 << 20, &b, &err) != LEM_OK) fail_msg("%s", err.text);
    return b;
}

static void same_file(const char *a, const char *b) {
    lem_buf x = get(a), y = get(b);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.data, y.data, x.len);
    lem_buf_release(&x);
    lem_buf_release(&y);
}

static int make_dir(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lemma-grade-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

/* A list of golds, any of which is right; what was cut stands beside its verdict. */
static void golds_and_reasons(void **state) {
    (void)state;
    char path[128];
    lem_err err = LEM_ERR_INIT;
    const char *rows = "{\"expected_answer\":[\"5\",6],\"completions\":[\"so 6\",\"so "
                       "7\"],\"finish_reason\":[\"stop\",\"length\"]}\n"
                       "{\"expected_answers\":[\"5\",\"6\"],\"completions\":[\"so "
                       "6\",\"none\"],\"finish_reason\":[\"stop\",\"length\"]}\n";
    snprintf(path, sizeof path, "%s/golds.jsonl", dir);
    assert_int_equal(lem_file_write_atomic(path, rows, strlen(rows), &err), LEM_OK);
    expect("grade golds.jsonl", 0, "equal_exact 2 not_equal 1 (1 cut) no_answer 1 (1 cut)");
}

/* Votes: the file's groups, or those of a policy. Of "(1,2)", "1,2", "3", "3" std makes two pairs, strict two
 * alone and a pair; the file says that the first three are one. */
static void votes_by_policy(void **state) {
    (void)state;
    char path[128];
    lem_err err = LEM_ERR_INIT;
    const char *rows = "{\"expected_answer\":\"3\",\"predicted_answer\":[\"(1,2)\",\"1,2\",\"3\",\"3\"],"
                       "\"correct\":[false,false,true,true],\"completions\":[\"\",\"\",\"\",\"\"],\"answer_"
                       "group\":[0,0,0,1]}\n";
    snprintf(path, sizeof path, "%s/votes.jsonl", dir);
    assert_int_equal(lem_file_write_atomic(path, rows, strlen(rows), &err), LEM_OK);
    static const struct {
        const char *words, *note;
        double maj;
    } cases[] = {{"", "the file's answer_group", 0},
                 {"--policy std", "the policy std calls equal", 0.5},
                 {"--policy strict", "the policy strict calls equal", 1},
                 {"--group string", "equal answer strings", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char words[200];
        snprintf(words, sizeof words, "select votes.jsonl --k 4 --seeds 0 --json %s 2>/dev/null",
                 cases[i].words);
        transcript t = lemma(words);
        lem_json *r = NULL;
        if (t.status != 0 || !strstr(lem_buf_str(&t.text), cases[i].note))
            fail_msg("%s: %s", words, lem_buf_str(&t.text));
        assert_int_equal(lem_json_parse(lem_buf_str(&t.text), t.text.len, &r, &err), LEM_OK);
        const lem_json *metrics = lem_json_get(r, "metrics");
        bool seen = false;
        for (size_t k = 0; k < lem_json_count(metrics) && !seen; k++) {
            const lem_json *m = lem_json_at(metrics, k);
            const char *name =
                lem_json_str(lem_json_get(m, "name"), lem_json_str(lem_json_get(m, "metric"), ""));
            seen = strcmp(name, "maj@4") == 0;
            if (seen && lem_json_num(lem_json_get(m, "value"), -1) != cases[i].maj)
                fail_msg("%s: not %g", words, cases[i].maj);
        }
        assert_true(seen);
        lem_json_free(r);
        lem_buf_release(&t.text);
    }
    expect("select votes.jsonl --policy nonsense", 2, "none of std, strict");
}

static void explain(void **state) {
    (void)state;
    expect("grade --explain '\\frac{1}{2}' 0.5", 0, "exact rational");
    expect("grade --explain 5 -5", 1, "not_equal");
    expect("grade --explain 5 -- -5", 1, "not_equal");
    expect("grade --explain 5 --5", 0, "prediction:  --5"); /* minus minus five */
    expect("grade --explain -5 -5", 0, "same text");
    expect("grade --explain 5 --x", 2, "unknown option '--x'");
    expect("grade --explain 5 '5 cm' --rule drop-unit=off,any-log=on", 1,
           "by --rule:   drop-unit=off, any-log=on");
    expect("grade --explain 5 '5 cm' --rule drop-unit", 2,
           "NAME=on or NAME=off expected, NAME one of rounds,");
    expect("grade --explain 5 '5 cm' --rule units=off", 2, "--rule 'units=off'");
    expect("grade --explain 5 '5 cm' --rule drop-unit=off --policy qwen", 2, "qwen has rules of its own");
    expect("grade --explain 5 '<r>4</r> so 5' --think-tags '<r> </r>' --task gsm8k", 0, "bytes 12..13");
    expect("grade --explain 4 'so 5 <r> so 4' --think-tags '<r> </r>' --task gsm8k", 1, "no_answer");
    expect("grade --explain 5 5 --think-tags '<r>'", 2, "two tags with a blank between them");
    expect("grade --explain 5 'so \\boxed{5}'", 0, "by boxed");
    expect("grade --explain 5 '10+John'\\''s age'", 3, "prediction_unparsed");
    expect("grade --explain 5 ''", 1, "no_answer");
    expect("grade --explain 1/2 0.5 --json", 0, "\"verdict\": \"equal_exact\"");
    expect("grade --explain 1/2 0.5 --json", 0, "\"gold_form\": \"1/2\"");
    expect("grade --explain 5", 2, "GOLD and PREDICTION");
    expect("grade --explain 5 5 --task nonsense", 2, "nonsense");
    expect("grade --explain 5 5 --policy nonsense", 2, "none of std, strict, lenient, qwen");
    expect("grade --explain C 'Answer: (C) is best' --task mmlu", 0, "by choice");
    expect("grade --explain 27 '\\boxed{\\textbf{(C)}\\ 27}' --task amc", 0, "prediction:  27");
    expect("grade --explain 27 '\\boxed{27}' --policy strict", 0, "policy:      strict");
}

static const char rows[] =
    "{\"id\":\"a\",\"problem\":\"p\",\"expected_answer\":\"1/"
    "2\",\"completions\":[\"\\\\boxed{0.5}\",\"\\\\boxed{2}\",\"?\"],\"rm_score\":[1,2,0]}\n"
    "{\"id\":\"b\",\"problem\":\"q\",\"expected_answer\":\"18\",\"completions\":[\"A: 18\",\"A: 18 "
    "dollars\",\"\\\\boxed{\\\\weird}\"],\"rm_score\":[0,1,null]}\n";

static void grades_rows(void **state) {
    (void)state;
    put("rows.jsonl", rows);
    expect("grade rows.jsonl --out graded.jsonl", 0, "equal_exact 3");
    lem_buf b = get("graded.jsonl");
    assert_non_null(strstr(lem_buf_str(&b), "\"correct\":[true,false,false]"));
    assert_non_null(strstr(lem_buf_str(&b), "\"correct\":[true,true,null]"));
    assert_non_null(strstr(lem_buf_str(&b), "\"predicted_answer\":[\"18\",\"18 dollars\",\"\\\\weird\"]"));
    assert_non_null(strstr(lem_buf_str(&b), "\"rm_score\":[1,2,0]"));
    lem_buf_release(&b);
    expect("grade rows.jsonl --policy strict --out graded.jsonl", 2, "--policy was"); /* never over another */
    expect("grade rows.jsonl --out graded-1.jsonl --threads 1", 0, "");
    expect("grade rows.jsonl --out graded-4.jsonl --threads 4", 0, "");
    same_file("graded.jsonl", "graded-1.jsonl");
    same_file("graded.jsonl", "graded-4.jsonl");
    expect("grade rows.jsonl --limit 1 --json", 0, "\"rows\": 1");
}

static void grades_pairs(void **state) {
    (void)state;
    put("pairs.jsonl",
        "{\"g\":\"0.5\",\"p\":\"\\\\frac12\",\"ok\":true}\n{\"g\":\"0.5\",\"p\":\"1/3\",\"ok\":true}\n");
    expect("grade pairs.jsonl --gold-field g --pred-field p --check ok --out pairs-out.jsonl", 0,
           "the file says true, the grader not_equal");
    lem_buf b = get("pairs-out.jsonl");
    assert_non_null(strstr(lem_buf_str(&b), "\"correct\":true,\"verdict\":\"equal_exact\""));
    assert_non_null(strstr(lem_buf_str(&b), "\"correct\":false,\"verdict\":\"not_equal\""));
    lem_buf_release(&b);
    put("responses.jsonl", "{\"g\":\"0.5\",\"p\":\"It is 7. The answer is 1/2.\"}\n");
    expect("grade responses.jsonl --gold-field g --pred-field p --responses", 0, "equal_exact 1");
    expect("grade responses.jsonl --gold-field g", 2, "belong together");
}

static void clusters(void **state) {
    (void)state;
    put("votes.jsonl", "{\"id\":\"a\",\"expected_answer\":\"(2,\\\\infty)\",\"completions\":[\"\\\\boxed{0.5}"
                       "\",\"\\\\boxed{x>2}\",\"?\",\"\\\\boxed{\\\\frac12}\","
                       "\"\\\\boxed{(2,\\\\infty)}\",\"\\\\boxed{1/2}\"]}\n");
    expect("grade votes.jsonl --cluster --out grouped.jsonl", 0, "equal_exact 2");
    lem_buf b = get("grouped.jsonl");
    assert_non_null(strstr(lem_buf_str(&b), "\"answer_group\":[0,1,-1,0,1,0]"));
    lem_buf_release(&b);
    expect("select votes.jsonl --k 1,3 --seeds 0", 0, "maj@3");
}

/* Published figures beside one's own: in the table, the result and the page, and the file is an input. */
static void published(void **state) {
    (void)state;
    const char *const run = "select votes.jsonl --k 1,3 --seeds 0 --reference pub.csv:t --out pub.json";
    put("pub.csv", "table,row,column,value,source,note\nt,PubModel@3,Bench,87.25,the paper,\n");
    expect(run, 0, "published: the paper");
    expect("report pub.json --out pub.html", 0, "pub.html");
    lem_buf b = get("pub.html"), j = get("pub.json");
    assert_non_null(strstr(lem_buf_str(&b), "PubModel@3"));
    assert_non_null(strstr(lem_buf_str(&b), "Published figures, as printed; from the paper"));
    assert_non_null(strstr(lem_buf_str(&j), "\"row\": \"PubModel@3\""));
    lem_buf_release(&b);
    lem_buf_release(&j);
    put("pub.csv", "table,row,column,value,source,note\nt,PubModel@3,Bench,87.5,the paper,\n");
    expect(run, 2, "its content changed");
    expect("select votes.jsonl --reference pub.csv:u", 2, "has no table 'u'");
    expect("select votes.jsonl --reference pub.csv", 2, "FILE.csv:TABLE expected");
}

static void audits(void **state) {
    (void)state;
    put("audit.jsonl", "{\"g\":\"12\",\"p\":\"-12\"}\n{\"g\":\"12\",\"p\":\"-12\"}\n{\"g\":\"12\",\"p\":"
                       "\"12\"}\n{\"g\":\"<b>\",\"p\":\"\\\\weird{\"}\n");
    expect("grade audit.jsonl --gold-field g --pred-field p --against lenient --audit audit.html", 0,
           "the policies std and lenient disagree on 0 answers");
    lem_buf b = get("audit.html"), csv = get("audit-near-misses.csv");
    assert_non_null(strstr(lem_buf_str(&b), "Near misses (2)"));
    assert_null(strstr(lem_buf_str(&b), "<td><b>")); /* what a file says is no markup */
    assert_non_null(strstr(lem_buf_str(&csv), "1,0,12,-12,the opposite sign,"));
    assert_non_null(strstr(lem_buf_str(&csv), ",2\r\n")); /* twice */
    lem_buf_release(&b);
    lem_buf_release(&csv);
    expect("grade audit.jsonl --gold-field g --pred-field p --against lenient --json --threads 1", 0,
           "\"disagreements\": 0");
    expect("grade audit.jsonl --gold-field g --pred-field p --audit audit.html", 2,
           "audit.html"); /* never overwritten silently */
    expect("grade audit.jsonl --gold-field g --pred-field p --audit audit.txt", 2, "must end in .html");
    expect("grade audit.jsonl --gold-field g --pred-field p --against nobody", 2, "--against 'nobody'");
}

#define MARKS(gold, answer, mark) "{\"gold\":\"" gold "\",\"answer\":\"" answer "\",\"mark\":\"" mark "\"}\n"

/* What a person marked on a page of an audit comes back as agreement, and stands on the next page. */
static void marks(void **state) {
    (void)state;
    put("m.jsonl", "{\"g\":\"12\",\"p\":\"-12\"}\n{\"g\":\"12\",\"p\":\"-12\"}\n{\"g\":\"12\",\"p\":\"12\"}\n"
                   "{\"g\":\"5\",\"p\":\"5 apples\"}\n{\"g\":\"7\",\"p\":\"8\"}\n");
    put("marks.jsonl", MARKS("12", "-12", "wrong") MARKS("12", "12", "wrong") MARKS("7", "8", "unsure"));
    expect("grade m.jsonl --gold-field g --pred-field p --against strict --marks marks.jsonl --audit "
           "marked.html",
           0,
           "marked by a person: 3 answers right or wrong, 1 unsure; std agrees on 2 (66.7 %), strict agrees "
           "on 2 "
           "(66.7 %)\n");
    lem_buf b = get("marked.html");
    assert_non_null(strstr(lem_buf_str(&b), "value=\"wrong\" checked> wrong</label>"));
    assert_non_null(strstr(lem_buf_str(&b), "std agrees on 2 (66.7 %)"));
    lem_buf_release(&b);
    expect("grade m.jsonl --gold-field g --pred-field p --marks marks.jsonl --json", 0, "\"agree\": 2");
    put("bad.jsonl", MARKS("12", "-12", "maybe"));
    expect("grade m.jsonl --gold-field g --pred-field p --marks bad.jsonl", 3,
           "bad.jsonl:1: mark: right, wrong or unsure expected, 'maybe' found");
    put("bad.jsonl", MARKS("12", "-12", "right") MARKS("12", "-12", "wrong"));
    expect("grade m.jsonl --gold-field g --pred-field p --marks bad.jsonl", 3,
           "bad.jsonl:2: gold '12', answer '-12': marked wrong here and right before");
    put("bad.jsonl", "{\"gold\":\"1\",\"mark\":\"right\"}\n");
    expect("grade m.jsonl --gold-field g --pred-field p --marks bad.jsonl", 3,
           "bad.jsonl:1: answer: text expected, nothing found");
    put("bad.jsonl", "");
    expect("grade m.jsonl --gold-field g --pred-field p --marks bad.jsonl", 3, "bad.jsonl: no marks found");
    expect("grade m.jsonl --gold-field g --pred-field p --marks none.jsonl", 3, "none.jsonl");
}

static void refuses(void **state) {
    (void)state;
    put("columns.jsonl", "{\"alpha\":1,\"beta\":2}\n");
    put("broken.jsonl", "{\"expected_answer\":\"5\",\"completions\":[\"5\"]}\n{\"expected_answer\":\"5\","
                        "\"completions\":[7,[]]}\n");
    put("empty.jsonl", "");
    expect("grade columns.jsonl", 3, "columns.jsonl:1: no known format of candidates");
    expect("grade columns.jsonl", 3, "alpha, beta");
    expect("grade broken.jsonl --out never.jsonl", 3,
           "broken.jsonl:2: completions[1]: text expected, found array");
    expect("grade absent.jsonl", 3, "absent.jsonl");
    expect("grade rows.jsonl --map nonsense=x", 2, "unknown field 'nonsense'");
    expect("select columns.jsonl", 3, "columns.jsonl:1");
    expect("select empty.jsonl", 3, "no rows");
    expect("select rows.jsonl --k 4", 2, "the longest row has 3");
    expect("select rows.jsonl --k 2,1", 2, "ascend");
    expect("select rows.jsonl --group sound", 2, "sound");
    char never[256];
    snprintf(never, sizeof never, "%s/never.jsonl", dir);
    assert_false(lem_file_exists(never));
}

static void near(double got, double want) {
    if (!(got > want - 5e-6 && got < want + 5e-6)) fail_msg("%.7f, expected %.7f", got, want);
}

static void selects(void **state) {
    (void)state;
    put("rows.jsonl", rows);
    expect("select rows.jsonl --out one.json", 0, "graded here");
    expect("select rows.jsonl --threads 3 --out two.json", 0,
           "of 6 candidates 1 (16.7 %) undecided, counted as wrong; 1 (16.7 %) without score, ranked last");
    same_file("one.json", "two.json");
    expect("select rows.jsonl --all --out one.json", 0, "rm@2 ");
    same_file("one.json", "two.json");
    expect("select rows.jsonl --all", 0, "exact                       first-k                     seeds");
    expect("select rows.jsonl", 0, "against maj@3: too few problems differ (1)");
    expect("select rows.jsonl --json --seeds 0 --k 3", 0, "\"name\": \"rm@3\"");
    lem_buf b = get("one.json");
    lem_err err = LEM_ERR_INIT;
    lem_json *j = NULL;
    assert_int_equal(lem_json_parse(b.data, b.len, &j, &err), LEM_OK);
    const lem_json *first = lem_json_at(lem_json_get(j, "metrics"), 0);
    assert_string_equal(lem_json_str(lem_json_get(first, "name"), ""), "pass@1");
    assert_string_equal(lem_json_str(lem_json_get(first, "protocol"), ""), "exact");
    near(lem_json_num(lem_json_get(first, "value"), -1), 0.5);
    assert_int_equal(lem_json_count(lem_json_get(first, "ci95")), 2);
    assert_int_equal(lem_json_int(lem_json_get(first, "n"), 0), 2);
    assert_int_equal(lem_json_int(lem_json_find(j, "counts.undecided"), 0), 1);
    lem_json_free(j);
    lem_buf_release(&b);
}

/* Fields of the rows as scores, and their sums: alone each chooses the wrong candidate once, the sum never.
 */
static void selects_by_sums(void **state) {
    (void)state;
    put("sums.jsonl", "{\"id\":\"p\",\"correct\":[true,false,false],\"completions\":[\"\\\\boxed{1}\","
                      "\"\\\\boxed{2}\",\"\\\\boxed{2}\"],"
                      "\"logprob\":[-3,-1,-1],\"a\":[0,1,1],\"deep\":{\"b\":[3,0,0]}}\n"
                      "{\"id\":\"q\",\"correct\":[false,true,true],\"completions\":[\"\\\\boxed{5}\","
                      "\"\\\\boxed{6}\",\"\\\\boxed{6}\"],"
                      "\"logprob\":[-1,-2,-2],\"a\":[0,3,3],\"deep\":{\"b\":[1,0,0]}}\n");
    static const char sums[] =
        "select sums.jsonl --k 3 --chance --score logprob --score a=a --score b=deep.b --score both=a+deep.b";
    expect(sums, 0, "\na@3                    50.00");
    expect(sums, 0, "\nb@3                    50.00");
    expect(sums, 0, "\nboth@3                100.00");
    expect(sums, 0, "\nlogprob@3               0.00");
    expect(sums, 0, "\nchance@3               50.00");
    expect(sums, 0, "\nboth-weighted@3 ");
    expect(sums, 0, "weighted votes: a, b, both by their sigmoid");
    expect("select sums.jsonl --score both=a-", 2, "--score: score 'both=a-': a field");
    expect("select sums.jsonl --score x=none", 3,
           "sums.jsonl:1: none: a list of 3 numbers expected, nothing found");
    expect("select sums.jsonl --score rm", 3, "no score 'rm' in the first row; name its field: rm=FIELD");
    expect("select sums.jsonl --score a=a --score a=deep.b", 2, "two scores 'a'");
}

/* Exit statuses are what a script of CI reads, also where the result is there already. */
static void compares(void **state) {
    (void)state;
    lem_buf a = {0}, b = {0};
    for (int i = 0; i < 40; i++) {
        const char *first = i % 4 ? "true" : "false";
        const char *second = i % 4 == 0 && i % 8 ? "false" : "true";
        if (i < 2) second = "false";
        lem_buf_printf(&a, "{\"id\":\"p%d\",\"completions\":[\"x\"],\"correct\":[%s]}\n", i, first);
        lem_buf_printf(&b, "{\"id\":\"p%d\",\"completions\":[\"x\"],\"correct\":[%s]}\n", 39 - i, second);
    }
    put("a.jsonl", lem_buf_str(&a));
    put("b.jsonl", lem_buf_str(&b));
    put("few.jsonl", "{\"id\":\"p1\",\"completions\":[\"x\"],\"correct\":[true]}\n");
    put("twice.jsonl", "{\"id\":\"p1\",\"completions\":[\"x\"],\"correct\":[true]}\n"
                       "{\"id\":\"p1\",\"completions\":[\"x\"],\"correct\":[true]}\n");
    expect("compare a.jsonl b.jsonl", 0, "40 problems in both");
    expect("compare a.jsonl b.jsonl --all", 0, "pass@1             first-k");
    expect("compare rows.jsonl rows.jsonl", 0, "note: B: 16.7 % of the candidates are undecided");
    expect("compare a.jsonl b.jsonl --flipped 1", 0,
           "problems flipped (pass@1, first k), the first of them:");
    expect("compare a.jsonl b.jsonl --require not-worse --margin 50", 0, "pass@1");
    expect("compare b.jsonl a.jsonl --require better", 1, "is not shown to be better");
    expect("compare b.jsonl a.jsonl --require better --out cmp.json", 1, "is not shown to be better");
    expect("compare b.jsonl a.jsonl --require better --out cmp.json", 1, "is not shown to be better");
    expect("compare a.jsonl few.jsonl", 0, "39 only in A, 0 only in B, left out");
    expect("compare a.jsonl few.jsonl", 0, "too few problems differ");
    expect("compare a.jsonl twice.jsonl", 3, "twice.jsonl:2: id 'p1' stands twice: in line 1 and here");
    expect("compare a.jsonl rows.jsonl", 3, "no problem stands in both files");
    expect("compare a.jsonl b.jsonl --metric rm@1", 2,
           "'rm@1' cannot be had of both files for each of the 40 problems; there are pass@k, maj@k, with k "
           "up to 1");
    expect("select rows.jsonl --by leveel", 2, "--by leveel: no row has this field");
    expect("compare a.jsonl b.jsonl --metric pass@2", 2, "'pass@2' cannot be had");
    lem_buf_release(&a);
    lem_buf_release(&b);
}

static double metric(const lem_json *doc, const char *name, const char *protocol) {
    const lem_json *list = lem_json_get(doc, "metrics");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *m = lem_json_at(list, i);
        if (strcmp(lem_json_str(lem_json_get(m, "name"), ""), name) == 0 &&
            strcmp(lem_json_str(lem_json_get(m, "protocol"), ""), protocol) == 0)
            return lem_json_num(lem_json_get(m, "value"), -1);
    }
    fail_msg("no %s (%s)", name, protocol);
    return -1;
}

/* The acceptance of the issue: the foreign file as it is. */
static void shared_file(void **state) {
    (void)state;
    const char *data = getenv("LEMMA_DATA");
    char path[1024], words[2048];
    snprintf(path, sizeof path, "%s/outputs/qwen25math_rm_maj/math_cot_100.jsonl.gz",
             data ? data : "/nowhere");
    if (!lem_file_exists(path)) {
        print_message("no shared data at %s\n", path);
        skip();
    }
    snprintf(words, sizeof words, "select %s --json", path);
    transcript t = lemma(words);
    lem_json *j = NULL;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(t.status, 0);
    if (lem_json_parse(t.text.data, t.text.len, &j, &err) != LEM_OK) fail_msg("%s", err.text);
    near(metric(j, "rm@8", "first-k"), 0.94);
    near(metric(j, "maj@8", "first-k"), 0.93);
    near(metric(j, "pass@8", "exact"), 0.96);
    near(metric(j, "rm@2", "exact"), 0.9278571);
    near(metric(j, "rm@4", "exact"), 0.9361429);
    lem_json_free(j);
    lem_buf_release(&t.text);
}

/* 1,300 rows are three batches: written whole and in order by any number of threads; what is wrong first in
 * the file is told, whoever meets it. */
static void many_rows(const char *name, int twice, int broken) {
    lem_buf b = {0};
    for (int i = 0; i < 1300; i++) {
        if (i == broken) lem_buf_puts(&b, "{\n");
        else
            lem_buf_printf(&b, "{\"id\":\"%d\",\"g\":\"%d\",\"p\":\"%d\"}\n", i == twice ? 7 : i, i,
                           i % 3 ? i : i + 1);
    }
    put(name, lem_buf_str(&b));
    lem_buf_release(&b);
}

static void several_batches(void **state) {
    (void)state;
    many_rows("many.jsonl", -1, -1);
    expect("grade many.jsonl --gold-field g --pred-field p --out many-1.jsonl --threads 1", 0,
           "equal_exact 866");
    expect("grade many.jsonl --gold-field g --pred-field p --out many-3.jsonl --threads 3", 0,
           "equal_exact 866");
    same_file("many-1.jsonl", "many-3.jsonl");
    lem_buf b = get("many-3.jsonl");
    int lines = 0;
    for (const char *s = lem_buf_str(&b); (s = strchr(s, '\n')); s++) lines++;
    assert_int_equal(lines, 1300);
    lem_buf_release(&b);
    static const char *const threads[] = {"1", "3"};
    for (int k = 0; k < 2; k++) {
        char words[160];
        snprintf(words, sizeof words, "grade twice.jsonl --gold-field g --pred-field p --threads %s",
                 threads[k]);
        many_rows("twice.jsonl", 600, -1);
        expect(words, 3, "twice.jsonl:601: id '7' stands twice: in line 8 and here");
        many_rows("twice.jsonl", 600, 700);
        expect(words, 3, "twice.jsonl:601: id '7' stands twice");
        many_rows("twice.jsonl", 600, 500);
        expect(words, 3, "twice.jsonl:501: ");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(explain),         cmocka_unit_test(golds_and_reasons),
                                       cmocka_unit_test(votes_by_policy), cmocka_unit_test(grades_rows),
                                       cmocka_unit_test(several_batches), cmocka_unit_test(grades_pairs),
                                       cmocka_unit_test(clusters),        cmocka_unit_test(published),
                                       cmocka_unit_test(audits),          cmocka_unit_test(marks),
                                       cmocka_unit_test(refuses),         cmocka_unit_test(selects),
                                       cmocka_unit_test(selects_by_sums), cmocka_unit_test(compares),
                                       cmocka_unit_test(shared_file)};
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
