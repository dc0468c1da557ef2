/* fuzz_yaml - any bytes as a recipe */
#include "job/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_json *v = NULL;
    lem_err err = LEM_ERR_INIT;
    if (lem_yaml_parse((const char *)data, size, "fuzz.yaml", &v, &err) == LEM_OK) lem_json_free(v);
    return 0;
}
