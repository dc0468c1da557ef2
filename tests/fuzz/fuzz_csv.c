/* fuzz_csv - any bytes as a file of rows, from a corpus of csv files */
#include "rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return fuzz_rows("csv", data, size); }
