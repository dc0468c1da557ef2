/* fuzz_shard - any text as a shard, and as the name of one's file; what is read is written and read back */
#include "job/shard.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[512];
    lem_shard s, back;
    lem_err err = LEM_ERR_INIT;
    lem_buf b = {0};
    if (size >= sizeof text) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (lem_shard_parse(text, &s, &err) == LEM_OK) {
        lem_shard_put(&s, false, &b);
        if (lem_shard_parse(lem_buf_str(&b), &back, &err) != LEM_OK || !lem_shards_equal(&s, &back)) abort();
    }
    lem_buf_clear(&b);
    const char *rest = lem_shard_parse_name(text, &s);
    if (rest) {
        lem_shard_put(&s, true, &b);
        if (!lem_shard_parse_name(lem_buf_str(&b), &back) || !lem_shards_equal(&s, &back)) abort();
    }
    lem_buf_release(&b);
    return 0;
}
