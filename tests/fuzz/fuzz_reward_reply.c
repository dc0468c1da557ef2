/* fuzz_reward_reply.c - bodies of reward servers: as many finite numbers as are to be read, or one clear line
 *
 * The first byte says how it is read: API (modulo 5), bit 3 steps, bit 4 two outputs, bit 5 tokens known,
 * bit 6 probabilities; the second texts less one (modulo 4) and steps of each less one. */
#include "net/reward.h"

#include <math.h>
#include <string.h>

static void check_record(const lem_json *record, const lem_reward_opts *o, const lem_reward_text *texts,
                         int n) {
    const lem_json *values = lem_json_get(record, "values");
    if (lem_json_count(values) != (size_t)n) __builtin_trap();
    for (int i = 0; i < n; i++) {
        const lem_json *list = lem_json_at(values, (size_t)i);
        if (lem_json_count(list) != (size_t)(texts[i].n_at * o->outputs)) __builtin_trap();
        for (size_t k = 0; k < lem_json_count(list); k++)
            if (!isfinite(lem_json_num(lem_json_at(list, k), NAN))) __builtin_trap();
    }
    if (lem_json_int(lem_json_get(record, "prompt_tokens"), 0) < 0) __builtin_trap();
    if (o->outputs == 2 && o->values == LEM_REWARD_PROBABILITIES && !lem_reward_squashed(record, 2))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int32_t ids[8];
    static const int at[] = {1, 3, 5, 7};
    lem_reward_text texts[4];
    lem_err err = LEM_ERR_INIT;
    lem_json *record = NULL;
    if (size < 2) return 0;
    lem_reward_opts o = {.api = (lem_reward_api)((data[0] & 7) % LEM_REWARD_APIS),
                         .steps = data[0] & 8,
                         .outputs = data[0] & 16 ? 2 : 1,
                         .values = data[0] & 64 ? LEM_REWARD_PROBABILITIES : LEM_REWARD_RAW};
    int n = 1 + data[1] % 4;
    for (int i = 0; i < n; i++) {
        texts[i] = (lem_reward_text){.n_at = o.steps ? 1 + (data[1] >> 2 & 3) : 1};
        if (data[0] & 32) texts[i].ids = ids;
        if (data[0] & 32) texts[i].n_ids = 8;
        texts[i].at = at;
    }
    lem_status st = lem_reward_reply(&o, texts, n, (const char *)data + 2, size - 2, &record, &err);
    if (st == LEM_OK) check_record(record, &o, texts, n);
    else if ((st != LEM_EDATA && st != LEM_EUSAGE) || record || !err.text[0] || strchr(err.text, '\n'))
        __builtin_trap();
    lem_json_free(record);
    return 0;
}
