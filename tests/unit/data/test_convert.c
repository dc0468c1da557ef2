/* test_convert - every kind to every kind: what is written is of that kind and says the same, or one line
 * says why not; there and back again; what is lost is counted */
#include "core/buf.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/convert.h"
#include "data/record.h"
#include "data/replies.h"
#include "rows/write.h"

#include "../checks.h"

#include <stdio.h>
#include <stdlib.h>

static char dir[] = "/tmp/lemma-convert-XXXXXX";

static lem_status add_row(void *ctx, lem_json *row, lem_err *e) {
    lem_json_write(row, 0, ctx);
    lem_buf_putc(ctx, '\n');
    return lem_buf_ok(ctx, e);
}

static lem_status convert_as(const char *path, const char *format, lem_row_kind to, lem_buf *out,
                             lem_convert_counts *c) {
    const lem_convert_how how = {.to = to, .format = format, .limit = -1};
    lem_buf_clear(out);
    return lem_convert_rows(&path, 1, &how, add_row, out, c, &err);
}

static const char *own(const char *kind) {
    static char path[256]; /* of this test program only */
    snprintf(path, sizeof path, "%s/kinds/%s.jsonl", LEMMA_TEST_DATA, kind);
    return path;
}

static const char *put(const char *name, const char *text) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
    return path;
}

static int lines(const lem_buf *b) {
    int n = 0;
    for (size_t i = 0; i < b->len; i++) n += b->data[i] == '\n';
    return n;
}

/* All rows of a text are of kind k and can be read. */
static void all_are(const char *text, lem_row_kind k, const char *what) {
    lem_turns t = {0};
    while (*text) {
        size_t n = strcspn(text, "\n");
        lem_json *row = NULL;
        OK(lem_json_parse(text, n, &row, &err));
        if (lem_row_detect(row) != k)
            fail_msg("%s: written rows are of kind %s: %.*s", what, lem_row_kind_name(lem_row_detect(row)),
                     (int)n, text);
        if (lem_row_turns(row, k, &t, &err) != LEM_OK) fail_msg("%s: %s", what, err.text);
        lem_json_free(row);
        text += n + 1;
    }
    lem_turns_release(&t);
}

/* Family by family, what becomes what. */
static bool expected(unsigned from, unsigned to, lem_row_kind a, lem_row_kind b) {
    bool dialogue = b == LEM_ROW_MESSAGES;
    if (!(to & LEM_ROW_WRITTEN) || a == LEM_ROW_TEXT) return false;
    if (from & LEM_ROW_STEPS) return (to & LEM_ROW_STEPS) || (a == LEM_ROW_RLHFLOW && dialogue);
    if (to & LEM_ROW_STEPS) return false;
    if (from & LEM_ROW_REPLIES) return true;
    if (!(from & LEM_ROW_CHAT) || (to & LEM_ROW_REPLIES)) return false;
    return a != LEM_ROW_PROMPTS || b == LEM_ROW_PROMPTS;
}

static void each_to_each(void **state) {
    (void)state;
    int made = 0, refused = 0;
    for (int a = 1; a < LEM_N_ROW_KINDS; a++)
        for (int b = 1; b < LEM_N_ROW_KINDS; b++) {
            const lem_row_kind_info *from = lem_row_kind_of((lem_row_kind)a),
                                    *to = lem_row_kind_of((lem_row_kind)b);
            char what[100];
            lem_buf out = {0};
            lem_convert_counts c = {0};
            snprintf(what, sizeof what, "%s to %s", from->name, to->name);
            bool can = expected(from->is, to->is, from->kind, to->kind);
            lem_status st = convert_as(own(from->name), NULL, to->kind, &out, &c);
            if (st != (can ? LEM_OK : LEM_EUSAGE)) fail_msg("%s: %d %s", what, (int)st, err.text);
            if (!can && (!strstr(err.text, from->name) || !strstr(err.text, "cannot become")))
                fail_msg("%s: %s", what, err.text);
            made += can;
            refused += !can;
            if (can && (lines(&out) == 0 || c.written != (uint64_t)lines(&out)))
                fail_msg("%s: nothing", what);
            all_are(lem_buf_str(&out), to->kind, what);
            lem_convert_counts_release(&c);
            lem_buf_release(&out);
        }
    print_message("%d conversions, %d refused\n", made, refused);
    assert_true(made > 120 && refused > 400);
}

/* ---- what rows say ---- */

static void put_turns(const lem_turns *t, lem_buf *out) {
    for (int i = 0; i < t->n; i++)
        lem_buf_printf(out, "%s%s:%s|", t->at[i].role, t->at[i].untrained ? "-" : "", t->at[i].content);
}

/* Rows as their turns, or as prompt and replies, one a line. */
static void meaning(const char *text, lem_buf *out) {
    lem_turns t = {0};
    lem_replies r = {0};
    lem_buf_clear(out);
    while (*text) {
        size_t n = strcspn(text, "\n");
        lem_json *row = NULL;
        OK(lem_json_parse(text, n, &row, &err));
        lem_row_kind k = lem_row_detect(row);
        if (lem_row_kind_of(k)->is & LEM_ROW_REPLIES) {
            OK(lem_row_replies(row, k, &r, &err));
            put_turns(&r.prompt, out);
            for (int i = 0; i < r.n; i++) {
                lem_buf_printf(out, " %g ", r.at[i].label);
                put_turns(&r.at[i].turns, out);
            }
        } else {
            OK(lem_row_turns(row, k, &t, &err));
            put_turns(&t, out);
            if (t.tools) lem_json_write(t.tools, 0, out);
        }
        lem_buf_putc(out, '\n');
        lem_json_free(row);
        text += n + 1;
    }
    lem_turns_release(&t);
    lem_replies_release(&r);
}

static void read_own(const char *kind, lem_buf *out) { OK(lem_file_read(own(kind), 1 << 20, out, &err)); }

/* from -> over -> from says what the rows said. */
static void there_and_back(const char *from, lem_row_kind over) {
    lem_buf first = {0}, middle = {0}, last = {0}, said = {0}, says = {0};
    lem_convert_counts c = {0};
    lem_row_kind back;
    OK(lem_row_kind_parse(from, &back, &err));
    read_own(from, &first);
    OK(convert_as(own(from), NULL, over, &middle, &c));
    OK(convert_as(put("middle.jsonl", lem_buf_str(&middle)), NULL, back, &last, &c));
    meaning(lem_buf_str(&first), &said);
    meaning(lem_buf_str(&last), &says);
    if (strcmp(lem_buf_str(&said), lem_buf_str(&says)) != 0)
        fail_msg("%s over %s:\n%s\nis not\n%s", from, lem_row_kind_name(over), lem_buf_str(&says),
                 lem_buf_str(&said));
    lem_convert_counts_release(&c);
    lem_buf_release(&first);
    lem_buf_release(&middle);
    lem_buf_release(&last);
    lem_buf_release(&said);
    lem_buf_release(&says);
}

static void round_trips(void **state) {
    (void)state;
    there_and_back("messages", LEM_ROW_SHAREGPT);
    there_and_back("sharegpt", LEM_ROW_MESSAGES);
    there_and_back("alpaca", LEM_ROW_MESSAGES);
    there_and_back("alpaca", LEM_ROW_SHAREGPT);
    there_and_back("question-answer", LEM_ROW_INSTRUCTION);
    there_and_back("question-answer", LEM_ROW_PROMPT_COMPLETION);
    there_and_back("prompt-completion", LEM_ROW_MESSAGES);
    there_and_back("preference", LEM_ROW_RANKED);
    there_and_back("kto", LEM_ROW_GRADED);
    there_and_back("acemath-rm", LEM_ROW_UNPAIRED);
}

/* Byte for byte, where kinds have one way to write a thing. */
static void same_rows(const char *from, const char *format, lem_row_kind over, lem_row_kind back,
                      const char *want) {
    lem_buf middle = {0}, last = {0};
    lem_convert_counts c = {0};
    OK(convert_as(own(from), format, over, &middle, &c));
    OK(convert_as(put("middle.jsonl", lem_buf_str(&middle)), NULL, back, &last, &c));
    assert_string_equal(lem_buf_str(&last), want);
    lem_convert_counts_release(&c);
    lem_buf_release(&middle);
    lem_buf_release(&last);
}

static void steps_there_and_back(void **state) {
    (void)state;
    lem_buf trl = {0};
    read_own("trl-steps", &trl);
    same_rows("trl-steps", NULL, LEM_ROW_ANNOTATED, LEM_ROW_TRL_STEPS, lem_buf_str(&trl));
    same_rows("trl-steps", NULL, LEM_ROW_SHEPHERD, LEM_ROW_TRL_STEPS, lem_buf_str(&trl));
    same_rows("math-shepherd", NULL, LEM_ROW_ANNOTATED, LEM_ROW_TRL_STEPS, lem_buf_str(&trl));
    static const char want[] = "{\"input\":\"What is 2 + 2 * 2? Step 1: 2 * 2 = 4 \xd0\xba\xd0\xb8\\nStep 2: "
                               "2 + 4 = 7 \xd0\xba\xd0\xb8\","
                               "\"label\":\"What is 2 + 2 * 2? Step 1: 2 * 2 = 4 +\\nStep 2: 2 + 4 = 7 -\"}\n"
                               "{\"input\":\"What is 1? Step 1: It is 1. \xd0\xba\xd0\xb8\",\"label\":\"What "
                               "is 1? Step 1: It is 1. +\"}\n";
    same_rows("math-shepherd", NULL, LEM_ROW_RLHFLOW, LEM_ROW_SHEPHERD, want);
    same_rows("math-shepherd", NULL, LEM_ROW_TRL_STEPS, LEM_ROW_SHEPHERD, want);
    lem_buf rlhflow = {0};
    read_own("rlhflow", &rlhflow);
    same_rows("rlhflow", NULL, LEM_ROW_SHEPHERD, LEM_ROW_RLHFLOW, lem_buf_str(&rlhflow));
    same_rows("rlhflow", NULL, LEM_ROW_ANNOTATED, LEM_ROW_RLHFLOW, lem_buf_str(&rlhflow));
    lem_buf_release(&trl);
    lem_buf_release(&rlhflow);
}

#define U(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define A(text) "{\"role\":\"assistant\",\"content\":\"" text "\"}"
#define S(text) "{\"role\":\"system\",\"content\":\"" text "\"}"

/* Exact rows, of a text or of the own rows of a kind (a name without braces). */
static void gives(const char *text, lem_row_kind to, const char *want, lem_convert_counts *c) {
    lem_buf out = {0};
    lem_convert_counts ignored = {0};
    const char *path = *text == '{' ? put("in.jsonl", text) : own(text);
    OK(convert_as(path, NULL, to, &out, c ? c : &ignored));
    assert_string_equal(lem_buf_str(&out), want);
    lem_convert_counts_release(&ignored);
    lem_buf_release(&out);
}

static void lists_and_pairs(void **state) {
    (void)state;
    lem_convert_counts c = {0};
    static const char list[] =
        "{\"id\":\"a\",\"domain\":\"math\",\"problem\":\"p\",\"responses\":[\"g\",\"b\",\"h\"],"
        "\"labels\":[1,0,1],\"weights\":[1,1,2],\"scores\":[1,2,3]}\n"
        "{\"id\":\"b\",\"problem\":\"q\",\"responses\":[\"g\"],\"labels\":[1]}\n";
    gives(
        list, LEM_ROW_PREFERENCE,
        "{\"id\":\"a\",\"domain\":\"math\",\"prompt\":[" U("p") "],\"chosen\":[" A("g") "],\"rejected\":[" A(
            "b") "]}\n"
                 "{\"id\":\"a\",\"domain\":\"math\",\"prompt\":[" U("p") "],\"chosen\":[" A(
                     "h") "],\"rejected\":[" A("b") "]}\n",
        &c);
    lem_buf lost = {0};
    lem_row_audit_unused(&c.audit, &lost);
    assert_string_equal(lem_buf_str(&lost), "weights, scores");
    assert_true(c.rows == 2 && c.written == 2 && c.one_class == 1);
    lem_buf_release(&lost);
    lem_convert_counts_release(&c);
    static const char messages[] = "{\"id\":\"a\",\"domain\":\"math\",\"messages\":[" U("p") "," A(
        "g") "]}\n"
             "{\"id\":\"a\",\"domain\":\"math\",\"messages\":[" U("p") "," A(
                 "h") "]}\n"
                      "{\"id\":\"b\",\"messages\":[" U("q") "," A("g") "]}\n";
    gives(list, LEM_ROW_MESSAGES, messages, NULL);
    gives(list, LEM_ROW_PROMPTS,
          "{\"id\":\"a\",\"domain\":\"math\",\"problem\":\"p\"}\n{\"id\":\"b\",\"problem\":\"q\"}\n", NULL);
    gives("{\"problem\":\"p\",\"responses\":[\"g\",\"b\"],\"labels\":[0.75,0.25]}\n", LEM_ROW_UNPAIRED,
          "{\"prompt\":[" U("p") "],\"completion\":[" A("g") "],\"label\":true}\n{\"prompt\":[" U(
              "p") "],\"completion\":[" A("b") "],\"label\":false}\n",
          &c);
    assert_int_equal(c.rounded, 2);
    lem_convert_counts_release(&c);
    gives("acemath-rm", LEM_ROW_LISTS, /* regrouped by the question */
          "{\"system\":\"Check.\",\"problem\":\"What is 2 + "
          "2?\",\"responses\":[\"4\",\"5\"],\"labels\":[1,0]}\n"
          "{\"system\":\"Check.\",\"problem\":\"What is 3 + "
          "3?\",\"responses\":[\"7\",\"6\"],\"labels\":[0,1]}\n",
          NULL);
    gives("kto", LEM_ROW_PREFERENCE,
          "{\"prompt\":[" U("What is 2 + 2?") "],\"chosen\":[" A("4") "],\"rejected\":[" A(
              "5") "]}\n"
                   "{\"prompt\":[" U("Is 9 prime?") "],\"chosen\":[" A("No.") "],\"rejected\":[" A(
                       "Yes.") "]}\n",
          NULL);
    gives("{\"chosen\":[" S("s") "," U("p") "," A("g") "],\"rejected\":[" S("s") "," U("p") "," A("b") "]}\n",
          LEM_ROW_GRADED,
          "{\"message\":[" S("s") "," U("p") "," A("g") "],\"label\":1}\n{\"message\":[" S("s") "," U(
              "p") "," A("b") "],\"label\":0}\n",
          NULL);
    gives("{\"prompt\":[" U("o") "," A("x") "," U("p") "],\"chosen\":\"g\",\"rejected\":\"b\"}\n",
          LEM_ROW_LISTS, "", &c);
    assert_int_equal(c.unfit, 1);
    lem_convert_counts_release(&c);
}

static void what_does_not_fit(void **state) {
    (void)state;
    lem_convert_counts c = {0};
    gives("{\"messages\":[" S("s") "," U("p") "," A("g") "]}\n{\"messages\":[" U("o") "," A("x") "," U(
              "p") "," A("g") "]}\n",
          LEM_ROW_QUESTION_ANSWER, "{\"question\":\"p\",\"answer\":\"g\"}\n", &c);
    assert_true(c.unfit == 1 && c.no_system == 1 && c.rows == 2);
    lem_convert_counts_release(&c);
    /* what is said of a reply, and of tools, comes along */
    gives("{\"messages\":[" U("p") ",{\"role\":\"assistant\",\"content\":\"x\",\"weight\":0}," U("q") "," A(
              "g") "],\"tools\":[{\"name\":\"f\"}]}\n",
          LEM_ROW_SHAREGPT,
          "{\"conversations\":[{\"from\":\"human\",\"value\":\"p\"},{\"from\":\"gpt\",\"value\":\"x\","
          "\"weight\":0},{"
          "\"from\":\"human\",\"value\":\"q\"},{\"from\":\"gpt\",\"value\":\"g\"}],\"tools\":\"[{"
          "\\\"name\\\":\\\"f\\\"}]"
          "\"}\n",
          NULL);
    gives("{\"problem\":\"p\",\"steps\":[\"a\",\"b\",\"c\"],\"step_labels\":[1,0.25,-1]}\n",
          LEM_ROW_TRL_STEPS, "{\"prompt\":\"p\",\"completions\":[\"a\",\"b\"],\"labels\":[true,0.25]}\n", &c);
    assert_int_equal(c.cut_steps, 1);
    lem_convert_counts_release(&c);
    gives("{\"problem\":\"p\",\"steps\":[\"a\",\"b\"],\"step_counts\":[[1,3],[0,3]]}\n", LEM_ROW_RLHFLOW,
          "{\"conversations\":[" U("p a") "," A("+") "," U("b") "," A("-") "]}\n", NULL);
    gives("{\"problem\":\"p\",\"steps\":[\"a\",\"b\"],\"step_counts\":[[1,3],[0,3]]}\n", LEM_ROW_TRL_STEPS,
          "{\"prompt\":\"p\",\"completions\":[\"a\",\"b\"],\"labels\":[0.33333334,false]}\n", NULL);
    gives("prm800k", LEM_ROW_TRL_STEPS,
          "{\"prompt\":\"What is 2 + 2?\",\"completions\":[\"2 and 2\",\"make 4\"],\"labels\":[true,true]}\n"
          "{\"prompt\":\"What is 2 + 2?\",\"completions\":[\"3\"],\"labels\":[false]}\n",
          NULL);
    gives("processbench", LEM_ROW_ANNOTATED,
          "{\"problem\":\"What is 2 + 2 * 2?\",\"steps\":[\"2 * 2 = 4\",\"2 + 4 = 7\",\"So "
          "7.\"],\"step_labels\":[1,0,-"
          "1]}\n{\"problem\":\"What is 1?\",\"steps\":[\"It is 1.\"],\"step_labels\":[1]}\n",
          NULL);
    gives("{\"problem\":\"p\",\"steps\":[\"a\",\"b\"],\"step_labels\":[-1,1]}\n", LEM_ROW_TRL_STEPS, "", &c);
    assert_int_equal(c.unfit, 1);
    lem_convert_counts_release(&c);
    lem_buf out = {0};
    FAILS(convert_as(put("bad.jsonl", "{\"messages\":[" U("p") "]}\n{\"messages\":7}\n"), NULL,
                     LEM_ROW_SHAREGPT, &out, &c),
          LEM_EDATA, "bad.jsonl:2: field 'messages': a list of messages expected");
    FAILS(convert_as(put("bad.jsonl", "{\"a\":1}\n"), NULL, LEM_ROW_SHAREGPT, &out, &c), LEM_EDATA,
          "bad.jsonl:1: the kind of row cannot be told");
    lem_buf_release(&out);
    lem_convert_counts_release(&c);
}

/* Columns of foreign names, told by a map. */
static lem_status convert_mapped(const char *path, const char *map, lem_row_kind to, lem_buf *out) {
    lem_json *list = NULL;
    lem_convert_counts c = {0};
    OK(lem_json_parse(map, strlen(map), &list, &err));
    const lem_convert_how how = {.to = to, .limit = -1, .rename = list};
    lem_buf_clear(out);
    lem_status st = lem_convert_rows(&path, 1, &how, add_row, out, &c, &err);
    lem_convert_counts_release(&c);
    lem_json_free(list);
    return st;
}

static void under_other_names(void **state) {
    (void)state;
    lem_buf out = {0};
    const char *path =
        put("m.jsonl", "{\"q\":\"p\",\"x\":{\"y\":[\"g\"]},\"bad\":\"b\",\"ok\":true}\n{\"q\":\"r\"}\n");
    FAILS(convert_mapped(path, "[\"question=q\",\"answer=x.y.0\"]", LEM_ROW_PROMPTS, &out), LEM_EDATA,
          "m.jsonl:2: a row of kind prompts among rows of kind question-answer");
    path = put("m.jsonl", "{\"q\":\"p\",\"x\":{\"y\":[\"g\"]},\"bad\":\"b\",\"ok\":true}\n");
    OK(convert_mapped(path, "[\"prompt=q\",\"chosen=x.y.0\",\"rejected=bad\"]", LEM_ROW_LISTS, &out));
    assert_string_equal(lem_buf_str(&out),
                        "{\"problem\":\"p\",\"responses\":[\"g\",\"b\"],\"labels\":[1,0]}\n");
    OK(convert_mapped(path, "[\"prompt=q\",\"completion=bad\",\"label=ok\"]", LEM_ROW_LISTS,
                      &out)); /* regrouped */
    assert_string_equal(lem_buf_str(&out), "{\"problem\":\"p\",\"responses\":[\"b\"],\"labels\":[1]}\n");
    FAILS(convert_mapped(path, "[\"prompt=qq\"]", LEM_ROW_LISTS, &out), LEM_EDATA,
          "m.jsonl:1: --map prompt=qq: no such field; the columns are q, x, bad, ok");
    FAILS(convert_mapped(path, "[\"prompt\"]", LEM_ROW_LISTS, &out), LEM_EUSAGE, "expected OURS=THEIRS");
    FAILS(convert_mapped(own("trl-steps"), "[\"prompt=prompt\"]", LEM_ROW_ANNOTATED, &out), LEM_EUSAGE,
          "under their own names");
    lem_buf_release(&out);
}

static lem_status add_to_writer(void *ctx, lem_json *row, lem_err *e) {
    return lem_rows_writer_add(ctx, row, e);
}

/* The same rows come back from Parquet. */
static void over_parquet(void **state) {
    (void)state;
    static const lem_row_kind kinds[] = {LEM_ROW_PREFERENCE, LEM_ROW_GRADED, LEM_ROW_RANKED,
                                         LEM_ROW_UNPAIRED};
    for (int i = 0; i < 4; i++) {
        char path[256];
        const char *from = own("rewardbench2"), *at = path;
        lem_rows_writer *w = NULL;
        lem_convert_counts c = {0};
        lem_buf direct = {0}, through = {0};
        const lem_convert_how how = {.to = kinds[i], .limit = -1};
        snprintf(path, sizeof path, "%s/x.parquet", dir);
        OK(lem_rows_writer_open(path, LEM_ROWS_PARQUET, true, 0, &w, &err));
        OK(lem_convert_rows(&from, 1, &how, add_to_writer, w, &c, &err));
        OK(lem_rows_writer_commit(w, &err));
        lem_rows_writer_close(w);
        OK(lem_convert_rows(&at, 1, &how, add_row, &through, &c, &err));
        OK(convert_as(from, NULL, kinds[i], &direct, &c));
        lem_buf a = {0}, b = {0};
        meaning(lem_buf_str(&direct), &a);
        meaning(lem_buf_str(&through), &b);
        assert_string_equal(lem_buf_str(&a), lem_buf_str(&b));
        lem_buf_release(&a);
        lem_buf_release(&b);
        lem_buf_release(&direct);
        lem_buf_release(&through);
        lem_convert_counts_release(&c);
    }
}

int main(void) {
    if (!mkdtemp(dir)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_to_each),         cmocka_unit_test(round_trips),
        cmocka_unit_test(steps_there_and_back), cmocka_unit_test(lists_and_pairs),
        cmocka_unit_test(what_does_not_fit),    cmocka_unit_test(under_other_names),
        cmocka_unit_test(over_parquet)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)!lem_dir_remove(dir, NULL);
    return failed;
}
