/* fuzz_checkpoint - any bytes as the manifest of a checkpoint, with a right checksum line when the first byte
 * is odd, beside a small array */
#include "core/file.h"
#include "core/hash.h"
#include "train/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char root[64], dir[96], path[128];
    float array[4] = {0};
    lem_blob blob = {"a.f32", array, sizeof array};
    lem_err err = LEM_ERR_INIT;
    lem_buf text = {0};
    lem_json *state = NULL;
    long n;
    if (size == 0) return 0;
    snprintf(root, sizeof root, "/tmp/lemma-fuzz-checkpoint-%d", (int)getpid());
    snprintf(dir, sizeof dir, "%s/step-00000001", root);
    lem_buf_add(&text, data + 1, size - 1);
    if (data[0] & 1) lem_buf_printf(&text, "\n%08x\n", lem_crc32c(0, data + 1, size - 1));
    if (lem_dir_make(dir, &err)) goto done;
    snprintf(path, sizeof path, "%s/MANIFEST.json", dir);
    if (lem_file_write_atomic(path, lem_buf_str(&text), text.len, &err)) goto done;
    snprintf(path, sizeof path, "%s/a.f32", dir);
    if (lem_file_write_atomic(path, "0123456789abcdef", 16, &err)) goto done;
    (void)!lem_checkpoint_load_latest(root, "me", &blob, 1, NULL, &n, &state, &err);
done:
    lem_json_free(state);
    lem_buf_release(&text);
    (void)!lem_dir_remove(root, &err);
    return 0;
}
