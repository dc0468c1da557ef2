/* folder_copy.c - what of a model folder goes into another one as it is */
#include "model/folder_copy.h"

#include "core/absent.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { COPY = 1 << 17 };

lem_status lem_folder_copy_config(const char *dir, const char *to_dir, lem_config_edit *edit, const void *ctx,
                                  lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf text = {0};
    lem_json *config = NULL, *before = NULL;
    char *from = lem_path_join(dir, "config.json", err), *to = lem_path_join(to_dir, "config.json", err);
    if (!from || !to) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_file_read(from, 1 << 20, &text, err));
    LEM_TRY(lem_json_parse(lem_buf_str(&text), text.len, &config, err));
    before = lem_json_copy(config);
    if (!before || !edit(ctx, config)) LEM_TRY(lem_fail(err, LEM_EMEM, "%s: out of memory", from));
    if (!lem_json_equal(before, config)) { /* otherwise its bytes stay */
        lem_buf_clear(&text);
        lem_json_write(config, 2, &text);
        lem_buf_putc(&text, '\n');
        LEM_TRY(lem_buf_ok(&text, err));
    }
    LEM_TRY(lem_file_write_atomic(to, text.data, text.len, err));
done:
    lem_json_free(before);
    lem_json_free(config);
    lem_buf_release(&text);
    lem_free(from);
    lem_free(to);
    return st;
}

static bool is_side_file(const char *name) {
    static const char *const weights[] = {".safetensors", ".bin",  ".pt",   ".pth",        ".ckpt", ".h5",
                                          ".msgpack",     ".onnx", ".gguf", ".index.json", ".lock"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
        size_t k = strlen(weights[i]);
        if (n >= k && strcmp(name + n - k, weights[i]) == 0) return false;
    }
    return name[0] != '.' && strcmp(name, "config.json") != 0 && strcmp(name, "manifest.json") != 0;
}

static lem_status copy_file(const char *from, const char *to, unsigned char *piece, lem_err *err) {
    lem_status st = LEM_OK;
    lem_out *o = NULL;
    size_t n = 0;
    FILE *f = fopen(from, "rbe");
    if (!f) return lem_absent_open(from, err);
    LEM_TRY(lem_out_open(to, false, &o, err));
    while ((n = fread(piece, 1, COPY, f)) > 0) LEM_TRY(lem_out_write(o, piece, n, err));
    if (ferror(f)) LEM_TRY(lem_fail_errno(err, LEM_EIO, "read %s", from));
    LEM_TRY(lem_out_commit(o, err));
done:
    lem_out_close(o);
    fclose(f);
    return st;
}

static bool is_tokenizer_file(const char *name) {
    static const char *const names[] = {"tokenizer.json",
                                        "tokenizer_config.json",
                                        "special_tokens_map.json",
                                        "added_tokens.json",
                                        "vocab.json",
                                        "merges.txt",
                                        "tokenizer.model",
                                        "chat_template.jinja",
                                        "chat_template.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return lem_path_ends(name, ".tiktoken");
}

lem_status lem_folder_copy_rest(const char *dir, const char *to_dir, bool tokenizer, bool others, int *copied,
                                lem_err *err) {
    lem_status st = LEM_OK;
    char **names = NULL, *from = NULL, *to = NULL;
    size_t n = 0;
    unsigned char *piece = lem_alloc(COPY, 1, err);
    if (!piece) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_dir_list(dir, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct stat info;
        if (!is_side_file(names[i]) || !(is_tokenizer_file(names[i]) ? tokenizer : others)) continue;
        from = lem_path_join(dir, names[i], err);
        to = lem_path_join(to_dir, names[i], err);
        if (!from || !to) LEM_TRY(LEM_EMEM);
        if (stat(from, &info) == 0 && S_ISREG(info.st_mode)) {
            LEM_TRY(copy_file(from, to, piece, err));
            ++*copied;
        }
        lem_free(from);
        lem_free(to);
        from = to = NULL;
    }
done:
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    lem_free(piece);
    lem_free(from);
    lem_free(to);
    return st;
}
