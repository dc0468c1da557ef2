/* absent_model - a model folder that is not there, which may be a name on the Hub */
#include "core/absent.h"

#include "core/file.h"
#include "core/mem.h"

#include <string.h>

static bool is_file_name(const char *name) {
    static const char *const ends[] = {".jsonl", ".json", ".gz",    ".zst",         ".txt",
                                       ".yaml",  ".csv",  ".model", ".safetensors", ".tiktoken"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t n = strlen(name), k = strlen(ends[i]);
        if (n >= k && strcmp(name + n - k, ends[i]) == 0) return true;
    }
    return false;
}

bool lem_absent_hub_name(const char *path) {
    const char *slash = strchr(path, '/');
    if (!slash || slash == path || !slash[1] || strchr(slash + 1, '/')) return false;
    if (path[0] == '.' || path[0] == '~' || is_file_name(path) || lem_file_exists(path)) return false;
    char *owner = lem_path_dir(path, NULL);
    bool here = !owner || lem_file_exists(owner);
    lem_free(owner);
    return !here;
}

bool lem_absent_is_gguf(const char *name) {
    size_t n = strlen(name);
    return n > 5 && strcmp(name + n - 5, ".gguf") == 0;
}

lem_status lem_absent_gguf(const char *dir, const char *name, lem_err *err) {
    return lem_fail(err, LEM_EDATA,
                    "%s%s%s is a GGUF file (llama.cpp); a model folder is expected here: lemma model convert "
                    "FILE.gguf --out DIR makes one",
                    dir, *dir ? "/" : "", name);
}

lem_status lem_absent_model(const char *path, lem_err *err) {
    if (lem_absent_is_gguf(path) && lem_file_exists(path)) return lem_absent_gguf("", path, err);
    return lem_fail(err, LEM_EDATA, "%s: no such folder; a model folder is expected here%s", path,
                    lem_absent_hub_name(path) || !strchr(path, '/') ? ", nothing is downloaded" : "");
}
