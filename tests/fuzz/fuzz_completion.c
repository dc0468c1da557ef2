/* fuzz_completion.c - replies of servers, whole and streamed: a record of what was asked for, or none
 *
 * The first byte: bit 0 a stream, bit 1 texts in place of chats, bit 2 log-probabilities, bit 3 fewer choices
 * will do, bits 4 and 5 one to four choices. */
#include "net/completion.h"

#include <math.h>
#include <stdint.h>

/* What a record promises. */
static void check(const lem_json *r, const lem_completion_opts *o) {
    size_t n = lem_json_count(lem_json_get(r, "texts"));
    if (n > (size_t)o->n || n < 1 || (!o->fewer && n != (size_t)o->n)) __builtin_trap();
    if (lem_json_count(lem_json_get(r, "finish")) != n) __builtin_trap();
    if (!o->logprobs) return;
    for (size_t i = 0; i < n; i++) {
        const lem_json *v = lem_json_at(lem_json_get(r, "logprob"), i);
        if (!v || !lem_json_at(lem_json_get(r, "tokens"), i)) __builtin_trap();
        double sum = lem_json_num(v, 0);
        if (!isfinite(sum)) __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    lem_err err = LEM_ERR_INIT;
    lem_json *r = NULL;
    const lem_completion_opts o = {.model = "m",
                                   .text = data[0] >> 1 & 1,
                                   .logprobs = data[0] >> 2 & 1,
                                   .token_ids = data[0] >> 2 & 1,
                                   .fewer = data[0] >> 3 & 1,
                                   .n = 1 + (data[0] >> 4 & 3),
                                   .max_tokens = 8,
                                   .top_p = 1};
    if (lem_completion_reply((const char *)data + 1, size - 1, data[0] & 1, &o, &r, &err) == LEM_OK)
        check(r, &o);
    lem_json_free(r);
    return 0;
}
