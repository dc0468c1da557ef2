/* test_bpe_long.c - ids of long words against the definition: merge the pair of lowest rank, the leftmost of
 * equal ones */
#include "core/buf.h"
#include "core/rng.h"
#include "token/tokenizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LETTERS = 4, MAX_TOKENS = 60, MAX_MERGES = 120, LONGEST = 12 };

typedef struct model {
    char token[MAX_TOKENS][LONGEST + 1];
    int n_tokens;
    int left[MAX_MERGES], right[MAX_MERGES], made[MAX_MERGES], n_merges;
    int rank[MAX_TOKENS][MAX_TOKENS]; /* -1: no merge */
} model;

static int find_token(const model *m, const char *text) {
    for (int i = 0; i < m->n_tokens; i++)
        if (strcmp(m->token[i], text) == 0) return i;
    return -1;
}

/* Random merges in random order, so that a merge often makes a pair of lower rank than its own, and one token
 * often comes from several pairs. */
static void make_model(model *m, lem_rng *rng) {
    memset(m, 0, sizeof *m);
    memset(m->rank, -1, sizeof m->rank);
    for (; m->n_tokens < LETTERS; m->n_tokens++) m->token[m->n_tokens][0] = (char)('a' + m->n_tokens);
    for (int tries = 0; tries < 2000 && m->n_merges < MAX_MERGES; tries++) {
        int l = (int)lem_rng_next_below(rng, (uint64_t)m->n_tokens);
        int r = (int)lem_rng_next_below(rng, (uint64_t)m->n_tokens);
        char text[2 * LONGEST + 1];
        strcpy(text, m->token[l]);
        strcat(text, m->token[r]);
        int made = find_token(m, text);
        if (strlen(text) > LONGEST || m->rank[l][r] == 0 || (made < 0 && m->n_tokens == MAX_TOKENS)) continue;
        if (made < 0) strcpy(m->token[made = m->n_tokens++], text);
        m->rank[l][r] = 0;
        m->left[m->n_merges] = l;
        m->right[m->n_merges] = r;
        m->made[m->n_merges++] = made;
    }
    for (int i = m->n_merges - 1; i > 0; i--) {
        int k = (int)lem_rng_next_below(rng, (uint64_t)i + 1);
        int *const lists[] = {m->left, m->right, m->made};
        for (int x = 0; x < 3; x++) {
            int t = lists[x][i];
            lists[x][i] = lists[x][k];
            lists[x][k] = t;
        }
    }
    for (int i = 0; i < m->n_merges; i++) m->rank[m->left[i]][m->right[i]] = i;
}

static lem_tokenizer *open_model(const model *m) {
    lem_buf json = {0};
    lem_buf_puts(&json, "{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
                        "\"use_regex\":false},\"decoder\":{\"type\":\"ByteLevel\"},"
                        "\"model\":{\"type\":\"BPE\",\"vocab\":{");
    for (int i = 0; i < m->n_tokens; i++) lem_buf_printf(&json, "%s\"%s\":%d", i ? "," : "", m->token[i], i);
    lem_buf_puts(&json, "},\"merges\":[");
    for (int i = 0; i < m->n_merges; i++)
        lem_buf_printf(&json, "%s\"%s %s\"", i ? "," : "", m->token[m->left[i]], m->token[m->right[i]]);
    lem_buf_puts(&json, "]}}");
    lem_tokenizer *t = NULL;
    lem_err err = LEM_ERR_INIT;
    if (lem_tokenizer_parse(lem_buf_str(&json), json.len, &t, &err) != LEM_OK) fail_msg("%s", err.text);
    lem_buf_release(&json);
    return t;
}

/* Merges ids[0..n) by the definition; the new number. */
static size_t merge_plainly(const model *m, int32_t *ids, size_t n) {
    for (;;) {
        size_t best = 0;
        int lowest = -1;
        for (size_t i = 0; i + 1 < n; i++) {
            int rank = m->rank[ids[i]][ids[i + 1]];
            if (rank >= 0 && (lowest < 0 || rank < lowest)) {
                lowest = rank;
                best = i;
            }
        }
        if (lowest < 0) return n;
        ids[best] = m->made[lowest];
        memmove(ids + best + 1, ids + best + 2, (n - best - 2) * sizeof *ids);
        n--;
    }
}

static void check_word(const model *m, const lem_tokenizer *t, size_t n, lem_rng *rng) {
    char *word = malloc(n);
    int32_t *want = malloc(n * sizeof *want);
    int32_t letters = 1 + (int32_t)lem_rng_next_below(rng, LETTERS);
    for (size_t i = 0; i < n; i++) {
        want[i] = (int32_t)lem_rng_next_below(rng, (uint64_t)letters);
        word[i] = (char)('a' + want[i]);
    }
    lem_ids ids = {0};
    lem_err err = LEM_ERR_INIT;
    if (lem_tokenizer_encode(t, word, n, false, &ids, &err) != LEM_OK) fail_msg("%s", err.text);
    size_t len = merge_plainly(m, want, n);
    assert_int_equal(ids.len, len);
    assert_memory_equal(ids.data, want, len * sizeof *want);
    lem_ids_release(&ids);
    free(want);
    free(word);
}

/* Lengths around the changes of method: a loop up to 48 symbols, then a heap, from 16384 on runs. */
static void test_long_words(void **state) {
    (void)state;
    static const size_t lengths[] = {40, 48, 49, 50, 200, 3000};
    static model m;
    lem_rng rng = lem_rng_make(9, "long words", 0);
    for (int round = 0; round < 60; round++) {
        make_model(&m, &rng);
        lem_tokenizer *t = open_model(&m);
        check_word(&m, t, lengths[round % 6], &rng);
        if (round % 6 == 0) check_word(&m, t, 16384 + (size_t)round, &rng);
        lem_tokenizer_free(t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_long_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
