/* test_stories - the trained stories260K weights tell their published story: greedy text, converted here and
 * by tools/convert_llama2c.py */
#include "golden_util.h"
#include "token/tokenizer.h"

enum { STEPS = 256, BOS = 1 }; /* run.c feeds BOS and stops after 256 tokens */

typedef struct bytes {
    uint8_t *data;
    size_t len, at;
} bytes;

static char dir[600]; /* of the weights */

static bytes read_bytes(const char *name) {
    char path[700];
    bytes b = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    b.data = malloc(2 << 20);
    assert_non_null(b.data);
    b.len = fread(b.data, 1, 2 << 20, f);
    fclose(f);
    return b;
}

static void take(bytes *b, void *out, size_t n) {
    assert_true(n <= b->len - b->at);
    memcpy(out, b->data + b->at, n);
    b->at += n;
}

/* The text that stories260K.md prints for temperature 0. */
static char *published(void) {
    bytes md = read_bytes("stories260K.md");
    md.data[md.len] = '\0';
    char *from = strstr((char *)md.data, "-t 0.0\n");
    assert_non_null(from);
    from += strlen("-t 0.0\n");
    char *end = strstr(from, "\n```");
    assert_non_null(end);
    char *text = strndup(from, (size_t)(end - from));
    free(md.data);
    return text;
}

static float *param(const lem_model *m, size_t offset) { return m->params + offset; }

/* llama2.c keeps the two numbers of a rotated pair beside each other, Hugging Face half a head apart. */
static void take_turned(bytes *b, float *to, int heads, int head_dim, int width) {
    for (int h = 0; h < heads; h++)
        for (int i = 0; i < head_dim; i++)
            take(b, to + (size_t)((h * head_dim + i / 2 + i % 2 * (head_dim / 2)) * width),
                 (size_t)width * sizeof *to);
}

/* Tensors of version 0 of llama2.c's export.py: each for all layers in turn. */
static lem_model *convert(void) {
    bytes b = read_bytes("stories260K.bin");
    int32_t head[7];
    lem_model *m = NULL;
    take(&b, head, sizeof head);
    assert_true(head[5] > 0); /* the head is the embedding */
    lem_model_config c = {.width = head[0],
                          .ffn = head[1],
                          .layers = head[2],
                          .heads = head[3],
                          .kv_heads = head[4],
                          .vocab = head[5],
                          .max_positions = head[6],
                          .norm_eps = 1e-5f,
                          .tied = true,
                          .bos_id = 1,
                          .eos_id = 2,
                          .pad_id = -1};
    OK(lem_model_new(&c, &m, &gerr));
    int D = c.width, E = D / c.heads, KV = c.kv_heads * E;
    size_t f = sizeof(float), d = (size_t)D * f, q = d * (size_t)D, kv = d * (size_t)KV,
           ffn = d * (size_t)c.ffn;
    take(&b, param(m, lem_model_at(m, LEM_ROLE_EMBED, -1)), d * (size_t)c.vocab);
    for (int i = 0; i < c.layers; i++) take(&b, param(m, lem_model_at(m, LEM_ROLE_ATTN_NORM, i)), d);
    for (int i = 0; i < c.layers; i++)
        take_turned(&b, param(m, lem_model_at(m, LEM_ROLE_Q, i)), c.heads, E, D);
    for (int i = 0; i < c.layers; i++)
        take_turned(&b, param(m, lem_model_at(m, LEM_ROLE_K, i)), c.kv_heads, E, D);
    for (int i = 0; i < c.layers; i++) take(&b, param(m, lem_model_at(m, LEM_ROLE_V, i)), kv);
    for (int i = 0; i < c.layers; i++) take(&b, param(m, lem_model_at(m, LEM_ROLE_O, i)), q);
    for (int i = 0; i < c.layers; i++) take(&b, param(m, lem_model_at(m, LEM_ROLE_MLP_NORM, i)), d);
    for (int i = 0; i < c.layers; i++) take(&b, param(m, lem_model_at(m, LEM_ROLE_GATE, i)), ffn);
    for (int i = 0; i < c.layers; i++) take(&b, param(m, lem_model_at(m, LEM_ROLE_DOWN, i)), ffn);
    for (int i = 0; i < c.layers; i++) take(&b, param(m, lem_model_at(m, LEM_ROLE_UP, i)), ffn);
    take(&b, param(m, lem_model_at(m, LEM_ROLE_FINAL_NORM, -1)), d);
    assert_int_equal(b.len - b.at, (size_t)c.max_positions * (size_t)E * f); /* tables of angles */
    free(b.data);
    return m;
}

static int best(const float *logits, int n) {
    int at = 0;
    for (int i = 1; i < n; i++)
        if (logits[i] > logits[at]) at = i;
    return at;
}

/* Greedy ids after BOS until BOS or the last step. */
static int tell(const lem_model *m, lem_isa isa, int32_t *ids) {
    lem_backend *b = NULL;
    lem_weights *w = NULL;
    lem_session *s = NULL;
    int node, n = 0, V = m->config.vocab;
    int32_t token = BOS;
    float *logits = malloc((size_t)V * sizeof *logits);
    OK(far_or_plain(isa, NULL, &b, &gerr));
    OK(lem_weights_new(m, b, LEM_DTYPE_F32, &w, &gerr));
    OK(lem_session_new(w, b, STEPS / LEM_PAGE_KEYS, 1, &s, &gerr));
    OK(lem_session_node(s, -1, &node, &gerr));
    while (n < STEPS) {
        lem_feed feed = {node, &token, 1};
        OK(lem_session_step(s, &feed, 1, &gerr));
        host_logits(b, s, 1, &(int){lem_session_row(s, 0, 0)}, V, logits);
        token = best(logits, V);
        if (token == BOS) break;
        ids[n++] = token;
    }
    lem_session_free(s);
    lem_weights_free(w);
    far_or_plain_free(b);
    free(logits);
    return n;
}

/* The ids' texts from tok512.bin, without the space before the first. */
static void spell(const int32_t *ids, int n, char *out, size_t cap) {
    bytes b = read_bytes("tok512.bin");
    char text[512][64];
    int32_t longest, len;
    float score;
    size_t at = 0;
    take(&b, &longest, sizeof longest);
    assert_true(longest < 64);
    for (int i = 0; i < 512; i++) {
        take(&b, &score, sizeof score);
        take(&b, &len, sizeof len);
        assert_true(len >= 0 && len <= longest + 16 && len < 64);
        take(&b, text[i], (size_t)len);
        text[i][len] = '\0';
    }
    for (int i = 0; i < n; i++) {
        const char *t = text[ids[i]];
        unsigned byte;
        char raw[2] = {0};
        if (sscanf(t, "<0x%02X>", &byte) == 1) {
            raw[0] = (char)byte;
            t = raw;
        }
        if (i == 0 && *t == ' ') t++;
        assert_true(at + strlen(t) < cap);
        memcpy(out + at, t, strlen(t) + 1);
        at += strlen(t);
    }
    free(b.data);
}

/* Every path tells the published story. */
static void greedy_text(void **state) {
    (void)state;
    char *want = published(), got[4096];
    lem_model *m = convert();
    int32_t ids[STEPS];
    for (int i = 0; i < GOLDEN_ISAS; i++) {
        if (!lem_isa_supported(golden_isas[i])) continue;
        int n = tell(m, golden_isas[i], ids);
        spell(ids, n, got, sizeof got);
        assert_string_equal(got, want);
    }
    print_message("%zu characters equal: %.60s…\n", strlen(want), want);
    free(want);
    lem_model_free(m);
}

/* The tool's folder: the same weights bit for bit, and a tokenizer that spells the same and reads the story
 * back into the model's ids. */
static void converted_folder(void **state) {
    (void)state;
    char out[] = "/tmp/lemma-stories-XXXXXX", command[2200];
    if (system("python3 -c 'import json' >/dev/null 2>&1") != 0) skip();
    assert_non_null(mkdtemp(out));
    snprintf(command, sizeof command,
             "python3 '%s/tools/convert_llama2c.py' '%s/stories260K.bin' '%s/tok512.bin' '%s'",
             LEMMA_SOURCE_DIR, dir, dir, out);
    assert_int_equal(system(command), 0);
    lem_model *m = convert(), *tool = NULL;
    lem_tokenizer *t = NULL;
    lem_buf text = {0};
    lem_ids read = {0};
    char *want = published(), a[65], b[65];
    int32_t ids[STEPS];
    OK(lem_model_open(out, LEM_HEAD_LM, &tool, &gerr));
    lem_model_hash(m, a);
    lem_model_hash(tool, b);
    assert_string_equal(a, b);
    OK(lem_tokenizer_load(out, &t, &gerr));
    int n = tell(tool, LEM_ISA_AUTO, ids);
    OK(lem_tokenizer_decode(t, ids, (size_t)n, true, &text, &gerr));
    assert_string_equal(lem_buf_str(&text), want);
    OK(lem_tokenizer_encode(t, want, strlen(want), false, &read, &gerr));
    assert_int_equal(read.len, n);
    assert_memory_equal(read.data, ids, (size_t)n * sizeof *ids);
    lem_buf_release(&text);
    lem_ids_release(&read);
    free(want);
    lem_tokenizer_free(t);
    lem_model_free(tool);
    lem_model_free(m);
    OK(lem_dir_remove(out, &gerr));
}

int main(void) {
    const char *data = getenv("LEMMA_DATA");
    const struct CMUnitTest tests[] = {cmocka_unit_test(greedy_text), cmocka_unit_test(converted_folder)};
    snprintf(dir, sizeof dir, "%s/weights/stories260K", data ? data : "../shared/data");
    if (!lem_file_is_dir(dir)) {
        printf("skipped: no %s\n", dir);
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
