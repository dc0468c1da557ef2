/* test_candidate_set.c - several files as one set: by id, problem, place; seeds, repeats, filters; what is
 * refused */
#include "data/candidate_set.h"

#include "core/file.h"
#include "core/mem.h"

#include "../checks.h"
#include "../../support/workdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *name, const char *text) {
    OK(lem_file_write_atomic(name, text, strlen(text), &err));
}

static lem_status open_set(const char *const *paths, size_t n, const char *filter, lem_candidate_set **out) {
    const lem_candidate_set_opts o = {.filter = filter};
    lem_candidates_map *m = lem_candidates_map_new(&err);
    lem_status st = lem_candidate_set_open(paths, n, m, &o, out, &err);
    lem_candidates_map_free(m);
    return st;
}

/* All rows as "id:text,text right,right;"; the status of the first error. */
static lem_status all(lem_candidate_set *s, lem_buf *out) {
    lem_candidates c = {0};
    lem_status st = LEM_OK;
    for (;;) {
        lem_json *row = NULL;
        st = lem_candidate_set_next(s, &row, &err);
        if (st != LEM_OK || !row) break;
        OK(lem_candidates_read(lem_candidate_set_map(s), row, &c, &err));
        const char *problem = c.problem ? c.problem : "-";
        lem_buf_printf(out, "%s:", c.id ? c.id : problem);
        for (int i = 0; i < c.n; i++) lem_buf_printf(out, "%s%s", i ? "," : "", c.completion[i]);
        for (int i = 0; c.correct && i < c.n; i++) lem_buf_printf(out, "%c", "?-+"[c.correct[i] + 1]);
        lem_buf_putc(out, ';');
        lem_json_free(row);
    }
    lem_candidates_release(&c);
    return st;
}

static void gives(const char *const *paths, size_t n, const char *filter, const char *want,
                  const char *ground) {
    lem_candidate_set *s = NULL;
    lem_buf b = {0};
    OK(open_set(paths, n, filter, &s));
    OK(all(s, &b));
    assert_string_equal(lem_buf_str(&b), want);
    if (!strstr(lem_candidate_set_ground(s), ground))
        fail_msg("'%s' in '%s'", ground, lem_candidate_set_ground(s));
    lem_candidate_set_close(s);
    lem_buf_release(&b);
}

static void fails(const char *const *paths, size_t n, const char *filter, lem_status want, const char *part) {
    lem_candidate_set *s = NULL;
    lem_buf b = {0};
    err = (lem_err)LEM_ERR_INIT;
    lem_status st = open_set(paths, n, filter, &s);
    if (st == LEM_OK) st = all(s, &b);
    if (st != want || !strstr(err.text, part)) fail_msg("status %d, '%s', not '%s'", (int)st, err.text, part);
    lem_candidate_set_close(s);
    lem_buf_release(&b);
}

#define PATHS(...)                                                                                           \
    ((const char *const[]){__VA_ARGS__}), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define NEMO(id, text, ok)                                                                                   \
    "{\"id\":\"" id "\",\"problem\":\"p" id "\",\"expected_answer\":\"5\",\"generation\":\"" text            \
    "\",\"symbolic_correct\":" ok ",\"level\":\"L\",\"time\":\"" text "\"}\n"

/* One file a seed; the second in another order, and a problem that it alone has. */
static void by_id(void **state) {
    (void)state;
    put("output-rs2.jsonl", NEMO("a", "a2", "true") NEMO("b", "b2", "false"));
    put("output-rs10.jsonl", NEMO("b", "b10", "true") NEMO("a", "a10", "null") NEMO("c", "c10", "true"));
    gives(PATHS("output-rs*.jsonl"), NULL, "a:a2,a10+?;b:b2,b10-+;c:c10+;", "; 2 files joined by id");
    gives(PATHS("output-rs10.jsonl", "output-rs2.jsonl"), NULL, "b:b10,b2+-;a:a10,a2?+;c:c10+;",
          "joined by id");
    gives(PATHS("output-rs2.jsonl"), NULL, "a:a2+;b:b2-;",
          "NeMo-Skills: columns generation, expected_answer");
    mkdir("folder", 0777);
    put("folder/output-rs0.jsonl", NEMO("a", "a0", "true"));
    put("folder/output-rs1.jsonl", NEMO("a", "a1", "true"));
    put("folder/metrics.manifest.json", "{}");
    gives(PATHS("folder"), NULL, "a:a0,a1++;", "joined by id");
}

/* A joined row is ours, with what all rows have alike; the id keeps its type. */
static void merged_rows(void **state) {
    (void)state;
    lem_candidate_set *s = NULL;
    lem_json *row = NULL;
    bool ours;
    OK(open_set(PATHS("output-rs*.jsonl"), NULL, &s));
    OK(lem_candidate_set_next(s, &row, &err));
    assert_string_equal(lem_json_str(lem_json_get(row, "level"), ""), "L");
    assert_null(lem_json_get(row, "time"));
    assert_null(lem_json_get(row, "generation"));
    assert_string_equal(lem_json_str(lem_json_get(row, "expected_answer"), ""), "5");
    assert_string_equal(lem_candidate_set_correct_by(s, &ours), "symbolic_correct");
    assert_false(ours);
    assert_string_equal(lem_candidate_set_file(s), "output-rs2.jsonl");
    assert_int_equal(lem_candidate_set_number(s), 1);
    lem_json_free(row);
    lem_candidate_set_close(s);
}

/* Without ids: by problem and gold; without either: by place. */
static void without_ids(void **state) {
    (void)state;
    put("p1.jsonl", "{\"problem\":\"p\",\"expected_answer\":\"1\",\"generation\":\"x\"}\n"
                    "{\"problem\":\"q\",\"expected_answer\":\"2\",\"generation\":\"y\"}\n"
                    "{\"problem\":\"q\",\"expected_answer\":\"3\",\"generation\":\"z\"}\n");
    put("p2.jsonl", "{\"problem\":\"q\",\"expected_answer\":\"2\",\"generation\":\"Y\"}\n"
                    "{\"problem\":\"p\",\"expected_answer\":\"1\",\"generation\":\"X\"}\n"
                    "{\"problem\":\"p\",\"expected_answer\":\"1\",\"generation\":\"XX\"}\n");
    gives(PATHS("p1.jsonl", "p2.jsonl"), NULL, "p:x,X,XX;q:y,Y;q:z;", "2 files joined by problem");
    put("n1.jsonl", "{\"expected_answer\":\"1\",\"generation\":\"x\"}\n{\"expected_answer\":\"2\","
                    "\"generation\":\"y\"}\n");
    put("n2.jsonl", "{\"expected_answer\":\"1\",\"generation\":\"X\"}\n{\"expected_answer\":\"2\","
                    "\"generation\":\"Y\"}\n");
    gives(PATHS("n1.jsonl", "n2.jsonl"), NULL, "-:x,X;-:y,Y;", "joined by the place of rows");
    gives(PATHS("n1.jsonl"), NULL, "-:x;-:y;", "NeMo-Skills");
    put("n3.jsonl", "{\"expected_answer\":\"1\",\"generation\":\"X\"}\n");
    fails(PATHS("n1.jsonl", "n3.jsonl"), NULL, LEM_EDATA, "neither ids nor problem texts to join by");
    put("n4.jsonl", "{\"expected_answer\":\"2\",\"generation\":\"X\"}\n{\"expected_answer\":\"1\","
                    "\"generation\":\"Y\"}\n");
    fails(PATHS("n1.jsonl", "n4.jsonl"), NULL, LEM_EDATA,
          "n4.jsonl:1: rows have no ids and no problem texts");
}

static void what_is_refused(void **state) {
    (void)state;
    put("d.jsonl", "{\"id\":\"a\",\"completions\":[\"x\"]}\n{\"id\":\"b\",\"completions\":[\"x\"]}\n"
                   "{\"id\":\"a\",\"completions\":[\"y\"]}\n");
    fails(PATHS("d.jsonl"), NULL, LEM_EDATA, "d.jsonl:3: id 'a' stands twice: in line 1 and here");
    put("e.jsonl", "{\"id\":\"c\",\"completions\":[\"x\"]}\n");
    fails(PATHS("d.jsonl", "e.jsonl"), NULL, LEM_EDATA, "d.jsonl:3: id 'a' stands twice: in line 1 and here");
    fails(PATHS("e.jsonl", "./e.jsonl"), NULL, LEM_EDATA, "e.jsonl and ./e.jsonl are the same file");
    put("f.jsonl", "{\"id\":\"c\",\"completions\":[\"y\"],\"correct\":[true]}\n");
    fails(PATHS("e.jsonl", "f.jsonl"), NULL, LEM_EDATA,
          "f.jsonl:1: correct stands here, and not in e.jsonl:1");
    fails(PATHS("f.jsonl", "e.jsonl"), NULL, LEM_EDATA, "e.jsonl:1: correct is missing here, and there in f");
    put("g.jsonl", "{\"id\":\"a\",\"problem\":\"other\",\"expected_answer\":\"5\",\"generation\":\"x\"}\n");
    fails(PATHS("output-rs2.jsonl", "g.jsonl"), NULL, LEM_EDATA,
          "g.jsonl:1: id 'a' is another problem, or has another gold, than in output-rs2.jsonl:1");
    fails(PATHS("output-rs2.jsonl", "e.jsonl"), NULL, LEM_EDATA,
          "e.jsonl:1: no column 'generation', as output-rs2.jsonl (NeMo-Skills) has");
    mkdir("again", 0777);
    put("again/output-rs2.jsonl", NEMO("a", "other", "true"));
    fails(PATHS("output-rs2.jsonl", "again/output-rs2.jsonl"), NULL, LEM_EDATA,
          "output-rs2.jsonl and again/output-rs2.jsonl are both of seed 2 and hold the same problem (lines 1 "
          "and "
          "1)");
    put("again/output-rs2_chunk_1.jsonl", NEMO("z", "chunk", "true"));
    gives(PATHS("output-rs2.jsonl", "again/output-rs2_chunk_1.jsonl"), NULL, "a:a2+;b:b2-;z:chunk+;",
          "expected_answer");
    fails(PATHS("output-rs2.jsonl"), "strict", LEM_EUSAGE,
          "--filter strict: rows of NeMo-Skills have no filters");
    put("empty.jsonl", "");
    gives(PATHS("empty.jsonl"), NULL, "", "");
}

#define LM(id, filter, ok)                                                                                   \
    "{\"doc_id\":" id ",\"doc\":{\"question\":\"q" id "\"},\"target\":\"5\",\"resps\":[[\"t" id              \
    "\"]],\"filtered_resps\":[\"5\"],\"filter\":\"" filter "\",\"exact_match\":" ok "}\n"

static void filters(void **state) {
    (void)state;
    put("samples.jsonl", LM("0", "flexible", "1.0") LM("1", "flexible", "1.0") LM("0", "strict-match", "0.0")
                             LM("1", "strict-match", "1.0"));
    gives(PATHS("samples.jsonl"), NULL, "0:t0-;1:t1+;", "; filter strict-match (of flexible, strict-match)");
    gives(PATHS("samples.jsonl"), "flexible", "0:t0+;1:t1+;", "; filter flexible (of");
    fails(PATHS("samples.jsonl"), "none", LEM_EUSAGE,
          "--filter none: no such filter; the files have flexible, strict-match");
    put("plain.jsonl", LM("0", "b", "1.0") LM("0", "a", "0.0"));
    gives(PATHS("plain.jsonl"), NULL, "0:t0+;", "; filter b (of b, a)");
    put("twice.jsonl", LM("0", "b", "1.0") LM("0", "b", "0.0"));
    fails(PATHS("twice.jsonl"), NULL, LEM_EDATA, "twice.jsonl:2: id '0' stands twice: in line 1 and here");
    put("more.jsonl", LM("1", "strict-match", "0.0") LM("0", "strict-match", "1.0"));
    gives(PATHS("samples.jsonl", "more.jsonl"), NULL, "0:t0,t0-+;1:t1,t1+-;", "2 files joined by id");
}

/* Rows of one candidate each are those of a problem, wherever in the file they stand. */
static void rows_of_one_candidate(void **state) {
    (void)state;
    put("math.jsonl",
        "{\"question\":\"p\",\"expected_answer\":\"1\",\"generated_solution\":\"x\",\"is_correct\":true}\n"
        "{\"question\":\"q\",\"expected_answer\":\"1\",\"generated_solution\":\"y\",\"is_correct\":true}\n"
        "{\"question\":\"p\",\"expected_answer\":\"1\",\"generated_solution\":\"z\",\"is_correct\":false}\n");
    gives(PATHS("math.jsonl"), NULL, "p:x,z+-;q:y+;",
          "OpenMathInstruct: columns generated_solution, "
          "expected_answer; rows grouped by problem");
}

/* Shards of our own rows are one file after the other. */
static void shards(void **state) {
    (void)state;
    put("s1.jsonl", "{\"id\":1,\"completions\":[\"x\"],\"other\":1}\n");
    put("s2.jsonl", "{\"id\":2,\"completions\":[\"y\"],\"other\":2}\n");
    gives(PATHS("s1.jsonl", "s2.jsonl"), NULL, "1:x;2:y;", "");
    lem_candidate_set *s = NULL;
    lem_json *row = NULL;
    OK(open_set(PATHS("s1.jsonl", "s2.jsonl"), NULL, &s));
    OK(lem_candidate_set_next(s, &row, &err));
    assert_int_equal(lem_json_int(lem_json_get(row, "other"), 0), 1); /* as it is */
    lem_json_free(row);
    lem_candidate_set_close(s); /* with a row that nobody took */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_id),   cmocka_unit_test(merged_rows),     cmocka_unit_test(without_ids),
        cmocka_unit_test(filters), cmocka_unit_test(what_is_refused), cmocka_unit_test(rows_of_one_candidate),
        cmocka_unit_test(shards)};
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
