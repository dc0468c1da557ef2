/* test_merge - `lemma model merge` against PEFT's merge_and_unload (tools/golden/make_merge.py): the bits of
 * every tensor, what the merged models say, and folders that cannot be merged */
#include "golden_util.h"

#include "core/file.h"
#include "model/model_convert.h"

#include <unistd.h>

static lem_json *cases;
static lem_backend *backend;
static char dir[] = "/tmp/lemma-merge-XXXXXX";

static const char *in_golden(const char *file) {
    static char path[4][600];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/golden/%s", LEMMA_TEST_DATA, file);
    return p;
}

static const char *adapter_of(const char *name) {
    static char path[600];
    bool own = strcmp(name, "llama") != 0 && strcmp(name, "qwen2") != 0;
    snprintf(path, sizeof path, own ? "%s/golden/lora/merge/%s" : "%s/golden/lora/%s-adapter",
             LEMMA_TEST_DATA, name);
    return path;
}

static lem_status merge(const char *base, const char *adapter, lem_convert_opts o, lem_convert_report *r) {
    lem_peft *p = NULL;
    gerr = (lem_err)LEM_ERR_INIT;
    lem_status st = lem_peft_open(adapter, &p, &gerr);
    o.adapter = p;
    o.overwrite = true;
    if (st == LEM_OK) st = lem_model_convert(base, "merged", &o, r, &gerr);
    lem_peft_close(p);
    return st;
}

static float *values_of(const lem_shards *s, const char *name, size_t *n) {
    const lem_stored *t = lem_shards_find(s, name);
    if (!t) return NULL;
    *n = 1;
    for (int i = 0; i < t->tensor->rank; i++) *n *= (size_t)t->tensor->shape[i];
    float *v = malloc(*n * sizeof *v);
    OK(lem_stored_read(t, v, *n, &gerr));
    return v;
}

/* Every tensor of the merged folder has the bits that PEFT gives it, else those of the base. */
static void same_bits(const char *name, const char *base, int *changed) {
    lem_shards *got, *before;
    lem_safetensors_file *want;
    char file[100];
    snprintf(file, sizeof file, "lora/merge/%s-merged.safetensors", name);
    OK(lem_shards_open("merged", &got, &gerr));
    OK(lem_shards_open(base, &before, &gerr));
    OK(lem_safetensors_file_open(in_golden(file), &want, &gerr));
    for (size_t i = 0; i < lem_shards_count(got); i++) {
        const char *tensor = lem_shards_at(got, i)->tensor->name;
        const lem_safetensor *x = lem_safetensors_find(lem_safetensors_file_index(want), tensor);
        size_t n = 0, m = 0, differ = 0;
        float *a = values_of(got, tensor, &n), *b = x ? NULL : values_of(before, tensor, &m);
        if (x) {
            b = malloc((m = n) * sizeof *b);
            OK(lem_safetensors_file_read(want, x, b, n, &gerr));
            ++*changed;
        }
        assert_int_equal(n, m);
        for (size_t k = 0; k < n; k++) differ += memcmp(&a[k], &b[k], sizeof *a) != 0;
        if (differ) fail_msg("%s: %s: %zu of %zu values differ", name, tensor, differ, n);
        free(a);
        free(b);
    }
    assert_int_equal(*changed, lem_safetensors_file_index(want)->n);
    lem_safetensors_file_close(want);
    lem_shards_close(before);
    lem_shards_close(got);
}

/* The likeliest of all tokens behind row `row`. */
static int likeliest(lem_net *net, int row, int vocab) {
    int rows[256], best = 0;
    int32_t target[256];
    float lp[256];
    for (int v = 0; v < vocab; v++) rows[v] = row, target[v] = v;
    OK(lem_net_lm(net, vocab, rows, target, NULL, lp, &gerr));
    for (int v = 1; v < vocab; v++)
        if (lp[v] > lp[best]) best = v;
    return best;
}

/* Greedy ids of a language model; the outputs of a head, at the last token or at all. */
static void same_words(const char *name, const lem_json *of) {
    const lem_json *ids = lem_json_get(of, "ids"), *said = lem_json_get(of, "said");
    int32_t all[64];
    int n = (int)lem_json_count(ids), more = (int)lem_json_count(said);
    lem_model *m;
    lem_net *net;
    lem_forest f = {0};
    for (int i = 0; i < n; i++) all[i] = (int32_t)lem_json_int(lem_json_at(ids, (size_t)i), 0);
    OK(lem_model_open_any("merged", &m, &gerr));
    bool lm = m->config.head == LEM_HEAD_LM;
    for (int i = 0; lm && i < more; i++) all[n + i] = (int32_t)lem_json_int(lem_json_at(said, (size_t)i), 0);
    OK(lem_forest_add(&f, -1, all, lm ? n + more : n, NULL, &gerr));
    OK(lem_net_new(m, backend, 64, false, &net, &gerr));
    OK(lem_net_forward(net, &f, &gerr));
    for (int i = 0; lm && i < more; i++) {
        int got = likeliest(net, n + i - 1, m->config.vocab);
        if (got != all[n + i]) fail_msg("%s: token %d is %d, PEFT's %d", name, i, got, all[n + i]);
    }
    if (!lm) {
        int N = m->config.reward.outputs, rows[64], R = more / N;
        float out[128];
        for (int i = 0; i < R; i++) rows[i] = n - R + i;
        OK(lem_net_scores(net, R, rows, out, &gerr));
        for (int i = 0; i < more; i++) {
            double want = lem_json_num(lem_json_at(said, (size_t)i), NAN);
            if (!(fabs((double)out[i] - want) < 2e-5))
                fail_msg("%s: %.8g, not %.8g", name, (double)out[i], want);
        }
    }
    lem_net_free(net);
    lem_forest_release(&f);
    lem_model_free(m);
}

static void as_peft_merges(void **state) {
    (void)state;
    int all = 0;
    for (size_t i = 0; i < lem_json_count(cases); i++) {
        const char *name = lem_json_key_at(cases, i);
        const lem_json *of = lem_json_value_at(cases, i);
        char base[600];
        int changed = 0;
        lem_convert_report r;
        snprintf(base, sizeof base, "%s", in_golden(lem_json_str(lem_json_get(of, "base"), "")));
        if (merge(base, adapter_of(name), (lem_convert_opts){0}, &r) != LEM_OK)
            fail_msg("%s: %s", name, gerr.text);
        same_bits(name, base, &changed);
        same_words(name, of);
        assert_true(r.merged + r.replaced >= changed);
        all += changed;
    }
    print_message("%d tensors of %zu merged models have PEFT's bits\n", all, lem_json_count(cases));
    assert_int_equal(lem_json_count(cases), 8);
}

/* Rounded once, to the type that the base is stored as. */
static void stored_as_the_base(void **state) {
    (void)state;
    lem_convert_report r;
    lem_convert_opts narrow = {.set_dtype = true, .dtype = LEM_DTYPE_BF16};
    OK(lem_model_convert(in_golden("llama"), "base16", &narrow, &r, &gerr));
    OK(merge("base16", adapter_of("head"), (lem_convert_opts){0}, &r));
    lem_shards *s, *b;
    lem_safetensors_file *want;
    OK(lem_shards_open("merged", &s, &gerr));
    OK(lem_shards_open("base16", &b, &gerr));
    OK(lem_safetensors_file_open(in_golden("lora/merge/head-merged.safetensors"), &want, &gerr));
    for (size_t i = 0; i < lem_shards_count(s); i++)
        assert_string_equal(lem_shards_at(s, i)->tensor->dtype, "BF16");
    assert_int_equal(lem_shards_count(s), lem_shards_count(b) + 1); /* score.weight */
    lem_safetensors_file_close(want);
    lem_shards_close(b);
    lem_shards_close(s);
}

/* ---- what cannot be merged ---- */

/* The adapter of a case with its configuration edited by sed. */
static void refused(const char *of, const char *edit, const char *part) {
    char line[1400];
    lem_convert_report r;
    snprintf(line, sizeof line, "rm -rf bad && cp -r %s bad && chmod -R u+w bad && %s", adapter_of(of), edit);
    if (system(line) != 0) fail_msg("%s", line);
    lem_status st = merge(in_golden("llama"), "bad", (lem_convert_opts){0}, &r);
    if (st != LEM_EDATA || !strstr(gerr.text, part) || strchr(gerr.text, '\n'))
        fail_msg("%s: status %d, '%s' expected in: %s", edit, (int)st, part, gerr.text);
}

#define SET(what) "sed -i '" what "' bad/adapter_config.json"

static void others_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *edit, *part;
    } all[] = {
        {SET("s/\"LORA\"/\"IA3\"/"), "peft_type \"IA3\" cannot be merged here"},
        {SET("s/\"use_dora\": false/\"use_dora\": true/"), "use_dora true cannot be merged here: DoRA"},
        {SET("s/\"fan_in_fan_out\": false/\"fan_in_fan_out\": true/"), "fan_in_fan_out true"},
        {SET("s/\"lora_bias\": false/\"lora_bias\": true/"), "lora_bias true cannot be merged here"},
        {SET("s/\"init_lora_weights\": true/\"init_lora_weights\": \"pissa\"/"), "changes the base before"},
        {SET("s/\"init_lora_weights\": true/\"future_trick\": 3/"), "future_trick 3 cannot be merged here"},
        {SET("s/\"r\": 3/\"r\": 4/"), "has rank 3, adapter_config.json says 4"},
        {SET("s/\"r\": 3/\"r\": 99999999999/"), "r: a rank of 1 to 65536 expected"},
        {SET("s/\"r\": 3/\"r\": \"3\"/"), "r: a rank of 1 to 65536 expected, found \"3\""},
        {SET("s/\"lora_alpha\": 5/\"lora_alpha\": -5/"), "lora_alpha: a number above 0 expected, found -5"},
        {SET("s/\"bias\": \"none\"/\"bias\": \"some\"/"), "bias: none, all or lora_only expected"},
        {SET("s/\"self_attn.q_proj\": 5/\"self_attn.(q|v)_proj\": 5/"), "is an expression"},
        {SET("s/\"self_attn.q_proj\": 5/\"attn.q_proj\": 5/"), "has rank 5, adapter_config.json says 3"},
        {"tr -d '\\n' <bad/adapter_config.json | sed 's/\"layers_to_transform\": "
         "*.[^]]*./\"layers_to_transform\": null/' "
         ">c && mv c bad/adapter_config.json",
         "named by target_modules and missing 'model.layers.0.self_attn.q_proj'"},
        {"rm bad/adapter_config.json", "a folder of a PEFT adapter is expected"},
        {"rm bad/adapter_model.safetensors", "adapter_model.safetensors: no such file"},
        {"mv bad/adapter_model.safetensors bad/adapter_model.bin", "is a pickle"},
        {"echo '[]' >bad/adapter_config.json", "peft_type: LORA expected, found nothing"},
        {"sed -i 's/q_proj.lora_B/q_proj.lora_X/' bad/adapter_model.safetensors",
         "none that a LoRA adapter has"},
        {"sed -i 's/q_proj.lora_B/z_proj.lora_B/' bad/adapter_model.safetensors", "has lora_A and no lora_B"},
        {"sed -i 's/down_proj/dawn_proj/g' bad/adapter_model.safetensors", "not in the base"},
        {"truncate -s -8 bad/adapter_model.safetensors", "adapter_model.safetensors"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) refused("patterns", all[i].edit, all[i].part);
    refused("biases", "true", "wrong shape");
}

static int setup(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    if (lem_backend_new(LEM_ISA_AUTO, NULL, &backend, &gerr) != LEM_OK) return -1;
    return lem_json_load(in_golden("lora/merge/cases.json"), 1 << 20, &cases, &gerr) == LEM_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    lem_json_free(cases);
    lem_backend_free(backend);
    return chdir("/") == 0 && lem_dir_remove(dir, &gerr) == LEM_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_peft_merges), cmocka_unit_test(stored_as_the_base),
                                       cmocka_unit_test(others_are_refused)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
