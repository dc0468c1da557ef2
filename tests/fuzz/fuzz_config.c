/* fuzz_config - any bytes as config.json: what is accepted is within limits and survives writing and reading
 * again */
#include "model/config.h"
#include "model/net.h"
#include "model/session.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_rope(const lem_rope *a, const lem_rope *b) {
    return a->kind == b->kind && a->factor == b->factor && a->original == b->original &&
           a->declared == b->declared && a->low_freq == b->low_freq && a->high_freq == b->high_freq &&
           a->beta_fast == b->beta_fast && a->beta_slow == b->beta_slow && a->mscale == b->mscale &&
           a->mscale_all == b->mscale_all && a->attention_factor == b->attention_factor &&
           a->keep_fraction == b->keep_fraction;
}

/* Every angle is a number. */
static void check_positions(const lem_model_config *c) {
    enum { POSITIONS = 4 };
    static float table[POSITIONS * 1024];
    lem_rope_fill(&c->rope, c->rope_theta, c->head_dim, c->max_positions, POSITIONS, table);
    for (int i = 0; i < POSITIONS * c->head_dim; i++)
        if (!(fabsf(table[i]) <= 1e5f)) __builtin_trap();
}

static void check_accepted(const lem_model_config *c) {
    lem_err err = LEM_ERR_INIT;
    lem_model_config again = *c, back;
    lem_json *json = lem_model_config_to_json(c, LEM_DTYPE_F32);
    if (!json || lem_model_config_check(&again, &err) != LEM_OK) __builtin_trap();
    if (lem_model_config_from_json(json, &back, &err) != LEM_OK) __builtin_trap();
    if (back.arch != c->arch || back.head != c->head || back.layers != c->layers || back.width != c->width ||
        back.ffn != c->ffn || back.heads != c->heads || back.kv_heads != c->kv_heads ||
        back.head_dim != c->head_dim || back.vocab != c->vocab || back.max_positions != c->max_positions ||
        back.rope_theta != c->rope_theta || back.norm_eps != c->norm_eps ||
        back.init_range != c->init_range || back.tied != c->tied || back.qkv_bias != c->qkv_bias ||
        back.bos_id != c->bos_id || back.eos_id != c->eos_id || back.pad_id != c->pad_id ||
        back.o_bias != c->o_bias || back.mlp_bias != c->mlp_bias || back.qk_norm != c->qk_norm ||
        back.window != c->window || memcmp(back.full, c->full, sizeof c->full) != 0 ||
        !same_rope(&back.rope, &c->rope))
        __builtin_trap();
    check_positions(c);
    size_t params = lem_model_config_params(c);
    if (params == 0 || params > (size_t)1 << 38) __builtin_trap();
    if (lem_net_bytes(c, 1 << 20, true) < params * 8 || lem_session_bytes(c, LEM_DTYPE_F32, 4096, 4096) == 0)
        __builtin_trap();
    lem_json_free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    lem_json *json = NULL;
    lem_model_config c;
    if (lem_json_parse((const char *)data, size, &json, &err) != LEM_OK) return 0;
    lem_status st = lem_model_config_from_json(json, &c, &err);
    if (st == LEM_OK) check_accepted(&c);
    else if (err.status != st || !err.text[0] || strchr(err.text, '\n')) __builtin_trap();
    lem_json_free(json);
    return 0;
}
