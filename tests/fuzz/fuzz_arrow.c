/* fuzz_arrow - any bytes as a file of rows, from a corpus of arrow files */
#include "rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return fuzz_rows("arrow", data, size); }
