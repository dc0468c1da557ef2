/* load_path.c - a tokenizer from a folder or from one file */
#include "token/tokenizer.h"

#include "core/absent.h"
#include "core/file.h"

lem_status lem_tokenizer_load_path(const char *path, lem_tokenizer **out, lem_err *err) {
    if (lem_file_is_dir(path)) return lem_tokenizer_load(path, out, err);
    if (lem_absent_hub_name(path) || lem_absent_is_gguf(path)) return lem_absent_model(path, err);
    return lem_tokenizer_load_file(path, NULL, out, err);
}
