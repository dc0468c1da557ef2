/* config_head - heads: their names in `architectures`, their fields in config.json */
#include "model/config_head.h"

#include <string.h>

static const struct {
    const char *suffix;
    lem_head head;
} heads[] = {
    {"ForCausalLM", LEM_HEAD_LM},
    {"ForSequenceClassification", LEM_HEAD_SCALAR},
};
enum { N_HEADS = (int)(sizeof heads / sizeof heads[0]) };

/* Labels of a classifier: the size of id2label, or num_labels; Transformers' default is 2. */
static int64_t labels_of(const lem_json *json) {
    const lem_json *map = lem_json_get(json, "id2label");
    return lem_json_kind(map) == LEM_JSON_NULL ? lem_json_int(lem_json_get(json, "num_labels"), 2) : (int64_t)lem_json_count(map);
}

lem_status lem_config_head_read(const char *suffix, const char *name, const lem_json *json, lem_head *out, lem_err *err) {
    for (int i = 0; i < N_HEADS; i++) {
        if (strcmp(heads[i].suffix, suffix) != 0) continue;
        if (heads[i].head == LEM_HEAD_SCALAR && labels_of(json) != 1)
            return lem_fail(err, LEM_EDATA, "a reward head has one label (num_labels 1), %lld found in id2label", (long long)labels_of(json));
        *out = heads[i].head;
        return LEM_OK;
    }
    return lem_fail(err, LEM_EDATA, "the head of architecture '%.60s' is not supported (ForCausalLM and ForSequenceClassification are)", name);
}

bool lem_config_head_known(lem_head head) { return lem_config_head_suffix(head) != NULL; }

const char *lem_config_head_suffix(lem_head head) {
    for (int i = 0; i < N_HEADS; i++)
        if (heads[i].head == head) return heads[i].suffix;
    return NULL;
}

bool lem_config_head_write(lem_head head, lem_json *json) {
    if (head != LEM_HEAD_SCALAR) return true;
    lem_json *id2 = lem_json_new_object(), *l2 = lem_json_new_object();
    bool ok = id2 && lem_json_set(id2, "0", lem_json_new_str("LABEL_0"));
    ok = l2 && lem_json_set(l2, "LABEL_0", lem_json_new_int(0)) && ok;
    ok = lem_json_set(json, "id2label", id2) && ok;
    return lem_json_set(json, "label2id", l2) && ok;
}

size_t lem_config_head_params(lem_head head, int width) { return head == LEM_HEAD_SCALAR ? (size_t)width : 0; }
