/* fuzz_peft - any bytes as adapter_config.json: what is accepted gives every module a rank and a scale */
#include "model/peft.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const modules[] = {"model.layers.0.self_attn.q_proj", "lm_head", "score", ""};
    lem_err err = LEM_ERR_INIT;
    lem_json *json = NULL;
    lem_peft_config c = {0};
    if (lem_json_parse((const char *)data, size, &json, &err) != LEM_OK) return 0;
    lem_status st = lem_peft_config_read(json, &c, &err);
    if (st != LEM_OK && (err.status != st || !err.text[0] || strchr(err.text, '\n'))) __builtin_trap();
    for (size_t i = 0; st == LEM_OK && i < sizeof modules / sizeof *modules; i++) {
        int rank = lem_peft_rank(&c, modules[i]);
        double scale = lem_peft_scale(&c, modules[i]);
        if (rank < 1 || rank > LEM_PEFT_RANK_MAX || !(scale > 0) || !isfinite(scale)) __builtin_trap();
    }
    err = (lem_err)LEM_ERR_INIT;
    if (lem_peft_refuse("dir", json, true, &err) != LEM_EDATA || strchr(err.text, '\n')) __builtin_trap();
    lem_json_free(json);
    return 0;
}
