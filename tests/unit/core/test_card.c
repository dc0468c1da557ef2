/* test_card.c - licence and origin: front matter, titles, terms of use, what lies beside a path */
#include "core/card.h"
#include "core/file.h"

#include <stdio.h>
#include <stdlib.h>

#include "../checks.h"

static char dir[] = "/tmp/lemma-card-XXXXXX";

static int setup(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : 1;
}

static int teardown(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err);
}

static void put(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    char *folder = lem_path_dir(path, &err);
    OK(lem_dir_make(folder, &err));
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
    free(folder);
}

static void front_is(const char *card, const char *licence, const char *base) {
    lem_front_matter f = {0};
    lem_front_matter_read(card, strlen(card), &f);
    assert_string_equal(lem_buf_str(&f.licence), licence);
    assert_string_equal(lem_buf_str(&f.base_model), base);
    lem_front_matter_release(&f);
}

static void front_matter(void **state) {
    (void)state;
    front_is("---\nlicense: mit\ntags: [x]\n---\n# x\n", "mit", "");
    front_is("---\r\nlicense: 'cc-by-nc-4.0'\r\n---\r\n", "cc-by-nc-4.0", "");
    front_is("\xef\xbb\xbf---\nlicense:\n- mit\n- apache-2.0\ntags:\n- x\n---\n", "mit, apache-2.0", "");
    front_is("---\nlicense: [mit, \"gpl-3.0\"]\n---\n", "mit, gpl-3.0", "");
    front_is("---\nlicenses:\n  - mit\n---\n", "mit", "");
    front_is("---\nlicense: other\nlicense_name: qwen-research\n---\n", "qwen-research", "");
    front_is("---\nlicense_name: qwen\nlicense: mit # as is\nbase_model: \"a/b\"\n---\n", "mit", "a/b");
    front_is("---\nbase_model:\n- a/b\n- c/d\n---\n", "", "a/b, c/d");
    front_is("# x\nlicense: mit\n", "", "");
    front_is("---\ntags: x\n---\nlicense: mit\n", "", "");
    front_is("---\n  license: mit\n---\n", "", ""); /* below another key */
    front_is("---\nlicense: |\n  text\n---\n", "", "");
    front_is("---\nlicense: null\n---\n", "", "");
    front_is("---\nlicense: a\x01z\n---\n", "", "");
    front_is("---\nlicense: \xff\n---\n", "", "");
    front_is("", "", "");
    char big[1000];
    memset(big, 'x', sizeof big);
    memcpy(big, "---\nlicense: ", 13);
    big[999] = '\0';
    front_is(big, "", "");
}

static void title_is(const char *text, const char *want) {
    lem_buf b = {0};
    lem_licence_title(text, strlen(text), &b);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
}

static void titles(void **state) {
    (void)state;
    title_is("\n      Apache License\n   Version 2.0, January 2004\n", "apache-2.0");
    title_is("      Apache License\n   Version 1.1\n", "Apache License");
    title_is("# MIT License\n\nCopyright\n", "mit");
    title_is("Qwen RESEARCH LICENSE AGREEMENT\n\nQwen …", "Qwen RESEARCH LICENSE AGREEMENT");
    title_is("Attribution-NonCommercial 4.0 International\n", "Attribution-NonCommercial 4.0 International");
    title_is(" \n\n", "");
    title_is("\xff\xfe", "");
}

static void terms(void **state) {
    (void)state;
    static const char *const nc[] = {
        "cc-by-nc-4.0",      "CC BY-NC 4.0", "cc-by-nc-sa-4.0",
        "mit, cc-by-nc-4.0", "cc-by-nc",     "Attribution-NonCommercial 4.0 International",
        "qwen-research",     "mrl",          "Qwen RESEARCH LICENSE AGREEMENT"};
    static const char *const yes[] = {"mit",          "apache-2.0",   "mit, apache-2.0",
                                      "cc-by-4.0",    "cc-by-sa-3.0", "cc0-1.0",
                                      "bsd-3-clause", "gpl-3.0",      "odc-by"};
    static const char *const unknown[] = {"",      "other", "llama3.1", "mitigated", "mit, llama3",
                                          "gemma", "cc",    "x-ncs"};
    for (size_t i = 0; i < sizeof nc / sizeof *nc; i++)
        if (lem_licence_use(nc[i]) != LEM_CARD_NON_COMMERCIAL) fail_msg("%s", nc[i]);
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (lem_licence_use(yes[i]) != LEM_CARD_COMMERCIAL) fail_msg("%s", yes[i]);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (lem_licence_use(unknown[i]) != LEM_CARD_USE_UNKNOWN) fail_msg("%s", unknown[i]);
}

static void said(const char *name, const char *licence, const char *origin, lem_card_use use) {
    char path[256];
    lem_card c;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    OK(lem_card_find(path, &c, &err));
    if (strcmp(lem_buf_str(&c.licence), licence) != 0 || strcmp(lem_buf_str(&c.origin), origin) != 0 ||
        c.use != use)
        fail_msg("%s: licence '%s', origin '%s', use %d", name, lem_buf_str(&c.licence),
                 lem_buf_str(&c.origin), (int)c.use);
    assert_true((c.licence.len > 0) == (c.licence_from.len > 0));
    assert_true((c.origin.len > 0) == (c.origin_from.len > 0));
    lem_card_release(&c);
}

static void models(void **state) {
    (void)state;
    put("m/config.json", "{\"_name_or_path\":\"Qwen/Qwen2.5-Math-7B\"}");
    said("m", "", "Qwen/Qwen2.5-Math-7B", LEM_CARD_USE_UNKNOWN);
    put("m/LICENSE", "  Apache License\n Version 2.0, January 2004\n");
    said("m", "apache-2.0", "Qwen/Qwen2.5-Math-7B", LEM_CARD_COMMERCIAL);
    put("m/README.md", "---\nlicense: cc-by-nc-4.0\nbase_model: x/y\n---\n");
    said("m", "cc-by-nc-4.0", "Qwen/Qwen2.5-Math-7B", LEM_CARD_NON_COMMERCIAL);
    put("m/config.json", "{");
    said("m", "cc-by-nc-4.0", "x/y", LEM_CARD_NON_COMMERCIAL);
    /* The card above a model folder is not its card. */
    put("README.md", "---\nlicense: mit\n---\n");
    put("n/config.json", "{}");
    said("n", "", "", LEM_CARD_USE_UNKNOWN);
    put("n/config.json", "{\"_name_or_path\":\"nvidia/AceMath-7B-RM\"}");
    said("n", "cc-by-nc-4.0", "nvidia/AceMath-7B-RM", LEM_CARD_NON_COMMERCIAL);
    put("models--nvidia--AceMath-1.5B-Instruct/snapshots/0f/config.json", "{\"_name_or_path\":\"/tmp/x\"}");
    said("models--nvidia--AceMath-1.5B-Instruct/snapshots/0f", "cc-by-nc-4.0", "nvidia/AceMath-1.5B-Instruct",
         LEM_CARD_NON_COMMERCIAL);
    put("models--o--n/snapshots/0f/config.json", "{}");
    said("models--o--n/snapshots/0f", "", "o/n", LEM_CARD_USE_UNKNOWN);
}

static void data(void **state) {
    (void)state;
    put("d/README.md", "---\nlicense: mit\npretty_name: GSM8K\n---\n");
    put("d/train.jsonl", "{}\n");
    said("d/train.jsonl", "mit", "GSM8K", LEM_CARD_COMMERCIAL);
    said("d", "mit", "GSM8K", LEM_CARD_COMMERCIAL);
    put("d/main/train-0.parquet", "");
    said("d/main/train-*.parquet", "mit", "GSM8K", LEM_CARD_COMMERCIAL); /* the Hub's layout */
    put("e/f/x.jsonl", "{}\n");
    put("e/LICENSE", "MIT License\n"); /* of whatever lies there, not of the rows */
    put("e/f/LICENSE", "MIT License\n");
    said("e/f/x.jsonl", "", "", LEM_CARD_USE_UNKNOWN);
    put("e/f/dataset_info.json", "{\"license\":\"cc-by-4.0\",\"homepage\":\"https://x.org\"}");
    said("e/f/x.jsonl", "cc-by-4.0", "https://x.org", LEM_CARD_COMMERCIAL);
    put("g/dataset_infos.json", "{\"default\":{\"license\":\"gpl\"}}");
    said("g/x.jsonl", "gpl", "", LEM_CARD_COMMERCIAL);
    put("g/dataset_infos.json", "{\"license\":");
    put("g/README.md", "x");
    said("g/x.jsonl", "mit", "", LEM_CARD_COMMERCIAL); /* that of the folder above */
    said("datasets--nvidia--AceMath-RewardBench/snapshots/1/x.jsonl", "cc-by-nc-4.0",
         "nvidia/AceMath-RewardBench", LEM_CARD_NON_COMMERCIAL);
    /* Rows that lie in a model folder's subfolder have not its card. */
    put("h/config.json", "{}");
    put("h/README.md", "---\nlicense: mit\n---\n");
    put("h/eval/x.jsonl", "{}\n");
    said("h/eval/x.jsonl", "", "", LEM_CARD_USE_UNKNOWN);
}

#define OURS(inputs) "{\"command\":\"sample\",\"identity\":\"0\",\"inputs\":[" inputs "]}"

static void of_jobs(void **state) {
    (void)state;
    lem_card c;
    char path[256];
    put("d/README.md", "---\nlicense: mit\n---\n");
    put("d/out.jsonl", "{}\n");
    put("d/out.jsonl.manifest.json",
        OURS("{\"licence\":\"cc-by-nc-4.0\",\"non_commercial\":true},{\"licence\":\"mit\"},"
             "{\"licences_of_inputs\":\"mit, odc-by\"},{\"licence\":\"odc-by\"}"));
    said("d/out.jsonl", "", "lemma sample", LEM_CARD_NON_COMMERCIAL);
    snprintf(path, sizeof path, "%s/d/out.jsonl", dir);
    OK(lem_card_find(path, &c, &err));
    assert_string_equal(lem_buf_str(&c.of_inputs), "cc-by-nc-4.0, mit, odc-by");
    lem_json *o = lem_json_new_object();
    OK(lem_card_json(&c, o, &err));
    lem_buf b = {0};
    lem_json_write(o, 0, &b);
    char want[600];
    snprintf(want, sizeof want,
             "{\"origin\":\"lemma "
             "sample\",\"origin_from\":\"%s.manifest.json\",\"licences_of_inputs\":\"cc-by-nc-4.0, "
             "mit, odc-by\",\"non_commercial\":true}",
             path);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
    lem_json_free(o);
    lem_card_release(&c);
    /* Somebody else's manifest says nothing. */
    put("d/out.jsonl.manifest.json", "{\"command\":\"x\",\"inputs\":[{\"licence\":\"gpl\"}]}");
    said("d/out.jsonl", "mit", "", LEM_CARD_COMMERCIAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(front_matter), cmocka_unit_test(titles),
                                       cmocka_unit_test(terms),        cmocka_unit_test(models),
                                       cmocka_unit_test(data),         cmocka_unit_test(of_jobs)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
