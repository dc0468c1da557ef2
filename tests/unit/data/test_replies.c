/* test_replies - judged replies of every shape: prompt, replies and labels; implicit prompts against TRL's
 * extract_prompt by brute force; what is refused */
#include "core/mem.h"
#include "core/rng.h"
#include "core/utf8.h"
#include "data/replies.h"

#include "../checks.h"

#include <stdio.h>

/* role:content|role:content => reply (label) => reply (label); - is untrained. */
static lem_status render(const char *json, lem_buf *out) {
    lem_json *row = NULL;
    lem_replies r = {0};
    OK(lem_json_parse(json, strlen(json), &row, &err));
    lem_status st = lem_row_replies(row, lem_row_detect(row), &r, &err);
    for (int i = 0; st == LEM_OK && i < r.prompt.n; i++)
        lem_buf_printf(out, "%s%s%s:%s", i ? "|" : "", r.prompt.at[i].role,
                       r.prompt.at[i].untrained ? "-" : "", r.prompt.at[i].content);
    for (int k = 0; st == LEM_OK && k < r.n; k++) {
        lem_buf_printf(out, " => %g", r.at[k].label);
        for (int i = 0; i < r.at[k].turns.n; i++)
            lem_buf_printf(out, "%c%s%s:%s", i ? '|' : ' ', r.at[k].turns.at[i].role,
                           r.at[k].turns.at[i].untrained ? "-" : "", r.at[k].turns.at[i].content);
    }
    lem_replies_release(&r);
    lem_json_free(row);
    return st;
}

#define U(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define A(text) "{\"role\":\"assistant\",\"content\":\"" text "\"}"
#define S(text) "{\"role\":\"system\",\"content\":\"" text "\"}"
#define PAIR "=> 1 assistant:g => 0 assistant:b"

static void shapes(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"{\"prompt\":\"p\",\"chosen\":\"g\",\"rejected\":\"b\"}", "user:p " PAIR},
        {"{\"prompt\":[" S("s") "," U("p") "],\"chosen\":[" A("g") "],\"rejected\":\"b\"}",
         "system:s|user:p " PAIR},
        {"{\"prompt\":[" U("p") "],\"chosen\":" A("g") ",\"rejected\":{\"from\":\"gpt\",\"value\":\"b\"}}",
         "user:p " PAIR},
        {"{\"prompt\":\"p\",\"chosen\":[" U("p") "," A("g") "],\"rejected\":[" U("p") "," A("b") "]}",
         "user:p " PAIR}, /* UltraFeedback */
        {"{\"prompt\":\"p\",\"chosen\":[" S("s") "," U("p") "," A("g") "],\"rejected\":[" S("s") "," U(
             "p") "," A("b") "]}",
         "system:s|user:p " PAIR},
        {"{\"prompt\":\"p\",\"chosen\":[" U("p") "," A("g") "],\"rejected\":\"b\"}", "user:p " PAIR},
        {"{\"chosen\":[" S("s") "," U("p") "," A("g") "],\"rejected\":[" S("s") "," U("p") "," A("b") "]}",
         "system:s|user:p " PAIR},
        {"{\"system\":\"s\",\"chosen\":[" U("p") "," A("g") "],\"rejected\":[" U("p") "," A("b") "]}",
         "system:s|user:p " PAIR},
        {"{\"system\":\"s\",\"input\":\"p\",\"chosen\":\"g\",\"rejected\":\"b\"}",
         "system:s|user:p " PAIR}, /* axolotl */
        {"{\"instruction\":\"p\",\"input\":\"q\",\"chosen\":\"g\",\"rejected\":\"b\"}", "user:p\nq " PAIR},
        {"{\"system\":\"s\",\"question\":\"p\",\"chosen\":\"g\",\"rejected\":\"b\"}",
         "system:s|user:p " PAIR},
        {"{\"conversations\":[{\"from\":\"human\",\"value\":\"p\"}],\"chosen\":{\"from\":\"gpt\",\"value\":"
         "\"g\"},"
         "\"rejected\":{\"from\":\"gpt\",\"value\":\"b\"}}",
         "user:p " PAIR}, /* LLaMA-Factory */
        {"{\"chosen\":[" U("o") "," A("x") "," U("p") "," A("g") "],\"rejected\":[" U("o") "," A("x") "," U(
             "p") "," A("b") "]}",
         "user:o|assistant-:x|user:p " PAIR},
        {"{\"chosen\":\"\\n\\nHuman: o\\n\\nAssistant: x\\n\\nHuman: p\\n\\nAssistant: g\",\"rejected\":"
         "\"\\n\\nHuman: o\\n\\nAssistant: x\\n\\nHuman: p\\n\\nAssistant: b\"}",
         "user:o|assistant-:x|user:p " PAIR}, /* HH-RLHF */
        {"{\"chosen\":\"\\n\\nHuman: p\\n\\nAssistant: the g\",\"rejected\":\"\\n\\nHuman: p\\n\\nAssistant: "
         "the b\"}",
         "user:p => 1 assistant:the g => 0 assistant:the b"},
        {"{\"chosen\":\"p g\",\"rejected\":\"p b\"}", "user:p => 1 assistant: g => 0 assistant: b"},
        {"{\"prompt\":\"p\",\"chosen\":[\"g\",\"h\"],\"rejected\":[\"b\"]}",
         "user:p => 1 assistant:g => 1 assistant:h => 0 assistant:b"},
        {"{\"context\":[" U("p") "],\"completions\":[{\"rank\":2,\"completion\":[" A(
             "c") "]},{\"rank\":1,\"completion\":[" A("g") "]}]}",
         "user:p => 0 assistant:c => 1 assistant:g"},
        {"{\"prompt\":\"p\",\"completion\":\"c\",\"label\":0}", "user:p => 0 assistant:c"},
        {"{\"prompt\":\"p\",\"completion\":\"c\",\"label\":\"True\"}", "user:p => 1 assistant:c"}, /* CSV */
        {"{\"messages\":[" S("s") "," U("p") "," A("c") "],\"label\":1.0}",
         "system:s|user:p => 1 assistant:c"},
        {"{\"message\":[" U("o") "," A("x") "," U("p") "," A("c") "],\"label\":true}",
         "user:o|assistant-:x|user:p => 1 assistant:c"},
        {"{\"problem\":\"p\",\"system\":\"s\",\"responses\":[\"a\",\"b\"],\"labels\":[0.25,true]}",
         "system:s|user:p => 0.25 assistant:a => 1 assistant:b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_buf got = {0};
        lem_status st = render(cases[i][0], &got);
        if (st != LEM_OK || strcmp(lem_buf_str(&got), cases[i][1]) != 0)
            fail_msg("%s\ngives %s%s", cases[i][0], lem_buf_str(&got), st ? err.text : "");
        lem_buf_release(&got);
    }
}

static void refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"{\"chosen\":\"g\",\"rejected\":\"b\"}", "a pair without a prompt"},
        {"{\"prompt\":\"p\",\"chosen\":5,\"rejected\":\"b\"}", "chosen: a text, a message or a conversation"},
        {"{\"prompt\":\"p\",\"chosen\":[],\"rejected\":\"b\"}", "chosen: an empty list"},
        {"{\"prompt\":\"o\",\"chosen\":[" U("p") "," A("g") "],\"rejected\":[" U("p") "," A("b") "]}",
         "chosen: another prompt"},
        {"{\"prompt\":\"o\",\"chosen\":\"g\",\"rejected\":[" U("p") "," A("b") "]}",
         "rejected: another prompt"},
        {"{\"chosen\":[" U("p") "," A("g") "],\"rejected\":[" U("q") "," A("b") "]}", "another prompt"},
        {"{\"chosen\":[" A("g") "],\"rejected\":[" A("b") "]}", "without a prompt"},
        {"{\"prompt\":\"p\",\"completion\":\"c\",\"label\":\"yes\"}", "label: 0 or 1 expected"},
        {"{\"context\":[" U("p") "],\"completions\":[{\"rank\":\"x\",\"completion\":[" A("c") "]}]}",
         "completions[0]: rank"},
        {"{\"context\":[" U("p") "],\"completions\":[{\"rank\":0}]}", "completions[0]: field 'completion'"},
        {"{\"context\":[" U("p") "],\"completions\":[{\"rank\":0,\"completion\":[]}]}",
         "reply 1: nothing in it"},
        {"{\"context\":[],\"completions\":[{\"rank\":0,\"completion\":[" A("c") "]}]}", "without a prompt"},
        {"{\"problem\":\"p\",\"responses\":[\"a\"],\"labels\":[1,0]}", "1 responses but 2 labels"},
        {"{\"problem\":\"p\",\"responses\":[\"a\"],\"labels\":[2]}", "labels: 0 or 1 expected"},
        {"{\"problem\":\"p\",\"responses\":[7],\"labels\":[1]}",
         "responses[0]: text expected, integer found"},
        {"{\"message\":[" A("a") "],\"label\":1}", "a turn of the user expected, role 'assistant' found"},
        {"{\"text\":\"t\"}", "rows of kind text have no judged replies"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_buf got = {0};
        lem_status st = render(cases[i][0], &got);
        if (st != LEM_EDATA || !strstr(err.text, cases[i][1]))
            fail_msg("%s\ngives %s%s", cases[i][0], lem_buf_str(&got), err.text);
        lem_buf_release(&got);
    }
}

/* ---- TRL: data_utils.py, extract_prompt ---- */

enum { MOST = 12 };
static uint64_t draws;
static uint64_t draw(const lem_rng *r, uint64_t n) { return lem_rng_at(r, draws++) % n; }

/* for idx in range(min(len)): if chosen[idx] != rejected[idx]: if chosen[idx - 1] == " ": idx -= 1; break */
static int trl_index(const char (*a)[4], int na, const char (*b)[4], int nb, bool texts) {
    int n = na < nb ? na : nb, i = 0;
    for (int k = 0; k < n; k++) {
        i = k;
        if (strcmp(a[k], b[k]) == 0) continue;
        if (texts && k > 0 && strcmp(a[k - 1], " ") == 0) i = k - 1;
        return i;
    }
    return i;
}

static void join(const char (*s)[4], int from, int to, lem_buf *out) {
    lem_buf_clear(out);
    for (int i = from; i < to; i++) lem_buf_puts(out, s[i]);
}

/* Texts of a few characters, one of them of two bytes, that begin alike. */
static void implicit_prompts_of_texts(void **state) {
    (void)state;
    static const char letters[][4] = {"a", "b", " ", "\xc3\xa9", "\xc3\xa8"};
    const lem_rng r = lem_rng_make(1, "texts", 0);
    int with = 0, without = 0;
    for (int round = 0; round < 20000; round++) {
        char side[2][MOST][4];
        int n[2] = {1 + (int)draw(&r, MOST - 1), 1 + (int)draw(&r, MOST - 1)}, same = (int)draw(&r, MOST);
        for (int i = 0; i < MOST; i++) {
            strcpy(side[0][i], letters[draw(&r, 5)]);
            strcpy(side[1][i], i < same ? side[0][i] : letters[draw(&r, 5)]);
        }
        int at = trl_index((const char(*)[4])side[0], n[0], (const char(*)[4])side[1], n[1], true);
        lem_buf text[2] = {{0}}, json = {0}, want = {0}, got = {0};
        for (int k = 0; k < 2; k++) join((const char(*)[4])side[k], 0, n[k], &text[k]);
        lem_buf_printf(&json, "{\"chosen\":\"%s\",\"rejected\":\"%s\"}", lem_buf_str(&text[0]),
                       lem_buf_str(&text[1]));
        for (int k = 0; k < 2; k++) join((const char(*)[4])side[k], at, n[k], &text[k]);
        join((const char(*)[4])side[0], 0, at, &got);
        lem_buf_printf(&want, "user:%s => 1 assistant:%s => 0 assistant:%s", lem_buf_str(&got),
                       lem_buf_str(&text[0]), lem_buf_str(&text[1]));
        lem_buf_clear(&got);
        lem_status st = render(lem_buf_str(&json), &got);
        with += at > 0;
        without += at == 0;
        if ((at == 0) != (st != LEM_OK) || (at && strcmp(lem_buf_str(&got), lem_buf_str(&want)) != 0))
            fail_msg("%s: %s, not %s", lem_buf_str(&json), st ? err.text : lem_buf_str(&got),
                     lem_buf_str(&want));
        lem_buf_release(&text[0]);
        lem_buf_release(&text[1]);
        lem_buf_release(&json);
        lem_buf_release(&want);
        lem_buf_release(&got);
    }
    assert_true(with > 5000 && without > 2000);
}

typedef struct talk { /* two conversations of user and assistant in turn, that begin alike */
    char side[2][8][4];
    int n[2];
} talk;

static const char *role_at(int i) { return i % 2 ? "assistant" : "user"; }

static talk draw_talk(const lem_rng *r) {
    static const char letters[][4] = {"a", "b"};
    talk t;
    int same = (int)draw(r, 8);
    for (int i = 0; i < 8; i++) {
        strcpy(t.side[0][i], letters[draw(r, 2)]);
        strcpy(t.side[1][i], letters[draw(r, 2)]);
        if (i < same) strcpy(t.side[1][i], t.side[0][i]);
    }
    for (int k = 0; k < 2; k++) t.n[k] = 2 + (int)draw(r, 6);
    return t;
}

static void put_row(const talk *t, lem_buf *json) {
    static const char *const open[] = {"{\"chosen\":[", ",\"rejected\":["};
    for (int k = 0; k < 2; k++) {
        lem_buf_puts(json, open[k]);
        for (int i = 0; i < t->n[k]; i++)
            lem_buf_printf(json, "%s{\"role\":\"%s\",\"content\":\"%s\"}", i ? "," : "", role_at(i),
                           t->side[k][i]);
        lem_buf_puts(json, "]");
    }
    lem_buf_puts(json, "}");
}

/* As render writes it, where the first `at` turns are the prompt. */
static void put_parts(const talk *t, int at, lem_buf *out) {
    for (int i = 0; i < at; i++) {
        if (i) lem_buf_putc(out, '|');
        lem_buf_printf(out, "%s%s:%s", role_at(i), i % 2 ? "-" : "", t->side[0][i]);
    }
    for (int k = 0; k < 2; k++) {
        lem_buf_printf(out, " => %d", 1 - k);
        for (int i = at; i < t->n[k]; i++)
            lem_buf_printf(out, "%c%s:%s", i > at ? '|' : ' ', role_at(i), t->side[k][i]);
    }
}

/* A side that goes on with the user is refused. */
static void implicit_prompts_of_conversations(void **state) {
    (void)state;
    const lem_rng r = lem_rng_make(2, "turns", 0);
    int with = 0, without = 0;
    for (int round = 0; round < 20000; round++) {
        lem_buf json = {0}, want = {0}, got = {0};
        const talk t = draw_talk(&r);
        put_row(&t, &json);
        int at = trl_index(t.side[0], t.n[0], t.side[1], t.n[1], false);
        bool good = at % 2 == 1; /* the replies begin with the assistant */
        put_parts(&t, at, &want);
        lem_status st = render(lem_buf_str(&json), &got);
        with += good;
        without += !good;
        if (good != (st == LEM_OK) || (good && strcmp(lem_buf_str(&got), lem_buf_str(&want)) != 0))
            fail_msg("%s: %s, not %s", lem_buf_str(&json), lem_buf_str(&got), lem_buf_str(&want));
        lem_buf_release(&json);
        lem_buf_release(&want);
        lem_buf_release(&got);
    }
    assert_true(with > 4000 && without > 4000);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shapes), cmocka_unit_test(refused),
                                       cmocka_unit_test(implicit_prompts_of_texts),
                                       cmocka_unit_test(implicit_prompts_of_conversations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
