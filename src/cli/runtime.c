/* runtime.c - pool and backend of a command, identities of jobs, manifests */
#include "cli/runtime.h"

#include "cli/version.h"
#include "core/file.h"
#include "core/fingerprint.h"
#include "core/hash.h"
#include "core/mem.h"

#include <string.h>

enum { MAX_MANIFEST = 1 << 20, FAST_HASH_FROM = 1 << 26 };

/* ---- pool and backend */

/* The compute path that an interrupted run wrote down; false if there was none. */
static lem_status earlier_path(const char *manifest, char *name, size_t n, bool *found, lem_err *err) {
    *found = false;
    if (!manifest || !lem_file_exists(manifest)) return LEM_OK;
    lem_json *m = NULL;
    lem_status st = lem_json_load(manifest, MAX_MANIFEST, &m, err);
    if (st) return st;
    const char *path = lem_json_str(lem_json_get(m, "compute_path"), NULL);
    if (!path || strlen(path) >= n)
        st = lem_fail(err, LEM_EDATA, "%s: no compute_path in it; pass --fresh to start over", manifest);
    else {
        memcpy(name, path, strlen(path) + 1);
        *found = true;
    }
    lem_json_free(m);
    return st;
}

static lem_status choose_isa(const lem_cli *cli, const char *manifest, lem_isa *out, lem_err *err) {
    char earlier[32];
    bool found;
    lem_isa asked = LEM_ISA_AUTO, used;
    lem_status st = lem_isa_parse(cli->isa ? cli->isa : "auto", &asked, err);
    if (st == LEM_OK) st = earlier_path(manifest, earlier, sizeof earlier, &found, err);
    if (st) return st;
    if (found) {
        st = lem_isa_parse(earlier, &used, err);
        if (st) return lem_err_context(err, "%s", manifest);
        if (!lem_isa_supported(used))
            return lem_fail(err, LEM_EUSAGE,
                            "the interrupted run used compute path '%s', which this CPU lacks; continue on a "
                            "machine that has it or pass --fresh",
                            earlier);
        if (asked != LEM_ISA_AUTO && asked != used)
            return lem_fail(err, LEM_EUSAGE,
                            "the interrupted run used compute path '%s' but LEMMA_CPU asks for '%s'; unset "
                            "it or pass --fresh",
                            earlier, cli->isa);
        asked = used;
    }
    *out = asked;
    return LEM_OK;
}

lem_status lem_runtime_open(lem_cli *cli, const char *manifest, lem_runtime *out, lem_err *err) {
    lem_isa isa = LEM_ISA_AUTO;
    lem_status st = choose_isa(cli, manifest, &isa, err);
    if (st) return st;
    lem_runtime r = {lem_pool_new(cli->threads, err), NULL};
    if (!r.pool) return LEM_EMEM;
    st = lem_backend_new(isa, r.pool, &r.backend, err);
    if (st) {
        lem_pool_free(r.pool);
        return st;
    }
    *out = r;
    return LEM_OK;
}

void lem_runtime_close(lem_runtime *r) {
    if (r->backend) lem_backend_free(r->backend);
    if (r->pool) lem_pool_free(r->pool);
    *r = (lem_runtime){NULL, NULL};
}

/* ---- identities */

/* Options that say how a job runs or where its result goes, never what the result is. */
static bool changes_nothing(const char *option) {
    static const char *const names[] = {"threads",   "json",    "quiet", "verbose", "out",  "fresh",
                                        "overwrite", "dry-run", "help",  "config",  "slots"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(option, names[i]) == 0) return true;
    return false;
}

/* The files of a model folder that make results; other files in it (manifests, telemetry) do not count. */
static bool makes_results(const char *name) {
    static const char *const names[] = {
        "config.json",     "tokenizer.json",      "tokenizer_config.json",
        "tokenizer.model", "chat_template.jinja", "model.safetensors.index.json",
        "lemma.json"};
    static const char *const tails[] = {".safetensors", ".tiktoken"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        size_t n = strlen(name), k = strlen(tails[i]);
        if (n > k && strcmp(name + n - k, tails[i]) == 0) return true;
    }
    return false;
}

/* Large files by a faster hash than SHA-256, which would take longer than opening the model does. */
static lem_status hash_file(const char *path, char out[65], lem_err *err) {
    uint64_t size = 0;
    lem_status st = lem_file_size(path, &size, err);
    if (st || size < FAST_HASH_FROM) return st ? st : lem_sha256_file(path, out, err);
    lem_pool *pool = lem_pool_new(0, err);
    if (!pool) return LEM_EMEM;
    st = lem_fingerprint_file(path, pool, out, err);
    lem_pool_free(pool);
    return st;
}

static lem_status hash_files(const char *dir, char *const *names, size_t n, char out[65], lem_err *err) {
    lem_sha256 s;
    lem_sha256_init(&s);
    int found = 0;
    for (size_t i = 0; i < n; i++) {
        if (!makes_results(names[i])) continue;
        char *path = lem_path_join(dir, names[i], err), hex[65];
        if (!path) return LEM_EMEM;
        lem_status st = hash_file(path, hex, err);
        lem_free(path);
        if (st) return st;
        lem_sha256_add(&s, names[i], strlen(names[i]) + 1);
        lem_sha256_add(&s, hex, 64);
        found++;
    }
    if (!found)
        return lem_fail(err, LEM_EDATA,
                        "%s: not a model folder: no config.json, model.safetensors or tokenizer.json in it",
                        dir);
    uint8_t raw[32];
    lem_sha256_end(&s, raw);
    for (int i = 0; i < 32; i++) {
        static const char digit[] = "0123456789abcdef";
        out[2 * i] = digit[raw[i] >> 4];
        out[2 * i + 1] = digit[raw[i] & 15];
    }
    out[64] = '\0';
    return LEM_OK;
}

static lem_status hash_folder(const char *dir, char out[65], lem_err *err) {
    char **names = NULL;
    size_t n = 0;
    lem_status st = lem_dir_list(dir, &names, &n, err);
    if (st) return st;
    st = hash_files(dir, names, n, out, err);
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    return st;
}

static lem_status hash_input(const char *path, char out[65], lem_err *err) {
    if (lem_file_is_dir(path)) return hash_folder(path, out, err);
    if (!lem_file_exists(path)) return lem_fail(err, LEM_EDATA, "%s: no such file", path);
    return lem_sha256_file(path, out, err);
}

/* Adds one argument; a path whose content is hashed anyway does not count by its name, so that files may be
 * moved. */
static void describe_arg(const char *name, const lem_json *value, const char *const *inputs, int n_inputs,
                         lem_buf *b) {
    for (int i = 0; i < n_inputs; i++)
        if (strcmp(lem_json_str(value, ""), inputs[i]) == 0) {
            lem_buf_printf(b, "%s=input %d\n", name, i);
            return;
        }
    lem_buf_printf(b, "%s=", name);
    lem_json_write(value, 0, b);
    lem_buf_putc(b, '\n');
}

/* Every option in the order of the tables, so that the order on the command line does not count. */
static void describe_args(const lem_command *cmd, const lem_args *args, const char *const *inputs,
                          int n_inputs, lem_buf *b) {
    for (int i = 0; i < cmd->n_opts + lem_n_common_opts; i++) {
        const char *name = i < cmd->n_opts ? cmd->opts[i].name : lem_common_opts[i - cmd->n_opts].name;
        const lem_json *v = lem_args_tree(args, name);
        if (v && !changes_nothing(name)) describe_arg(name, v, inputs, n_inputs, b);
    }
    for (int i = 0; i < args->n_words; i++) {
        bool is_input = false;
        for (int k = 0; k < n_inputs; k++) is_input = is_input || strcmp(args->words[i], inputs[k]) == 0;
        if (!is_input) lem_buf_printf(b, "word %s\n", args->words[i]);
    }
}

lem_status lem_job_identity(const lem_command *cmd, const lem_args *args, const char *const *inputs,
                            int n_inputs, const char *extra, char out[65], lem_err *err) {
    lem_buf b = {0};
    lem_status st = LEM_OK;
    lem_buf_printf(&b, "lemma %s\n", cmd->name);
    describe_args(cmd, args, inputs, n_inputs, &b);
    for (int i = 0; i < n_inputs; i++) {
        char hex[65];
        LEM_TRY(hash_input(inputs[i], hex, err));
        lem_buf_printf(&b, "input %d %s\n", i, hex);
    }
    if (extra) lem_buf_printf(&b, "extra %s\n", extra);
    LEM_TRY(lem_buf_ok(&b, err));
    lem_sha256_hex(b.data, b.len, out);
done:
    lem_buf_release(&b);
    return st;
}

/* ---- manifests */

static lem_json *manifest_args(const lem_command *cmd, const lem_args *args) {
    lem_json *o = lem_json_new_object();
    bool ok = o != NULL;
    for (int i = 0; ok && i < cmd->n_opts + lem_n_common_opts; i++) {
        const char *name = i < cmd->n_opts ? cmd->opts[i].name : lem_common_opts[i - cmd->n_opts].name;
        const lem_json *v = lem_args_tree(args, name);
        if (v && !changes_nothing(name)) ok = lem_json_set(o, name, lem_json_copy(v));
    }
    if (ok && args->n_words) {
        lem_json *words = lem_json_new_array();
        ok = words != NULL;
        for (int i = 0; ok && i < args->n_words; i++)
            ok = lem_json_append(words, lem_json_new_str(args->words[i]));
        if (ok) ok = lem_json_set(o, "words", words);
        else lem_json_free(words);
    }
    if (ok) return o;
    lem_json_free(o);
    return NULL;
}

lem_status lem_manifest_write(const char *path, const lem_command *cmd, const lem_args *args,
                              const char *identity, const lem_runtime *rt, lem_err *err) {
    lem_buf b = {0};
    lem_status st = LEM_OK;
    lem_json *m = lem_json_new_object(), *a = manifest_args(cmd, args);
    bool ok =
        m && a && lem_json_set(m, "command", lem_json_new_str(cmd->name)) &&
        lem_json_set(m, "version", lem_json_new_str(LEMMA_VERSION)) &&
        lem_json_set(m, "identity", lem_json_new_str(identity)) &&
        (!rt || !rt->backend || lem_json_set(m, "compute_path", lem_json_new_str(rt->backend->ops->name)));
    if (ok) {
        ok = lem_json_set(m, "arguments", a);
        a = NULL;
    }
    if (!ok) st = lem_fail(err, LEM_EMEM, "%s: out of memory", path);
    LEM_TRY(st);
    lem_json_write(m, 2, &b);
    lem_buf_putc(&b, '\n');
    LEM_TRY(lem_buf_ok(&b, err));
    LEM_TRY(lem_file_write_atomic(path, b.data, b.len, err));
done:
    lem_buf_release(&b);
    lem_json_free(a);
    lem_json_free(m);
    return st;
}

bool lem_manifest_is_of(const char *path, const char *identity) {
    lem_json *m = NULL;
    bool same = lem_json_load(path, MAX_MANIFEST, &m, NULL) == LEM_OK &&
                strcmp(lem_json_str(lem_json_get(m, "identity"), ""), identity) == 0;
    lem_json_free(m);
    return same;
}

/* ---- output */

lem_status lem_print_json(FILE *f, lem_json *o, int indent, lem_err *err) {
    lem_buf b = {0};
    if (o) lem_json_write(o, indent, &b);
    lem_status st = o ? lem_buf_ok(&b, err) : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) fprintf(f, "%s\n", lem_buf_str(&b));
    lem_json_free(o);
    lem_buf_release(&b);
    return st;
}
