/* compute_auto.c - what --compute auto is: by processor and model, never by a timing */
#include "cli/compute_auto.h"

#include "compute/backend.h"
#include "core/file.h"
#include "model/folder.h"

#include <stdio.h>
#include <string.h>

static lem_json *value_there(const char *path, const char *name) {
    lem_json *m = NULL, *x = NULL;
    lem_err ignored = LEM_ERR_INIT;
    if (lem_file_exists(path) && lem_json_load(path, (size_t)16 << 20, &m, &ignored) == LEM_OK) {
        const lem_json *v = lem_json_get(lem_json_get(m, "arguments"), name);
        x = v ? lem_json_copy(v) : NULL;
    }
    lem_json_free(m);
    return x;
}

lem_json *lem_argument_before(const lem_cli *cli, const lem_args *args, const char *name) {
    static const char *const places[] = {".job/manifest.json", ".manifest.json", "/manifest.json"};
    const char *out = lem_args_str(args, "out");
    lem_json *x = NULL;
    for (size_t i = 0; out && !cli->fresh && !x && i < sizeof places / sizeof *places; i++) {
        char path[4096];
        int n = snprintf(path, sizeof path, "%s%s", out, places[i]);
        if (n > 0 && n < (int)sizeof path) x = value_there(path, name);
    }
    return x;
}

/* Whatever is wrong with the folder is told by the command. */
static bool stored_as_bf16(const char *dir) {
    lem_folder folder = {NULL, NULL};
    lem_err ignored = LEM_ERR_INIT;
    bool is = dir && lem_folder_open(dir, NULL, &folder, &ignored) == LEM_OK && lem_folder_is_bf16(&folder);
    lem_folder_release(&folder);
    return is;
}

/* Commands that only use a model have int8, too. */
static bool trains(const lem_command *cmd) {
    const lem_opt *o = lem_opt_find(cmd, "compute");
    return o && !strstr(o->choices, "int8");
}

static const char *choose(const lem_cli *cli, const lem_command *cmd, const lem_args *args,
                          const char **why) {
    lem_isa isa = LEM_ISA_AUTO;
    lem_err ignored = LEM_ERR_INIT;
    if (cli->isa && lem_isa_parse(cli->isa, &isa, &ignored) != LEM_OK) isa = LEM_ISA_AUTO;
    *why = "this processor does not multiply bf16 faster";
    if (!lem_backend_bf16_is_faster(isa)) return "f32";
    *why = "the model is not stored as BF16";
    if (!trains(cmd) && !stored_as_bf16(lem_args_str(args, "model"))) return "f32";
    *why = "this processor multiplies it faster than f32";
    return "bf16";
}

lem_status lem_compute_auto(const lem_cli *cli, const lem_command *cmd, const lem_args *args,
                            lem_json **values, lem_err *err) {
    if (!lem_args_is(args, "compute", "auto")) return LEM_OK;
    const char *why = "as the run that is there";
    lem_json *before = lem_argument_before(cli, args, "compute"), *v = lem_json_copy(args->values);
    const char *chosen = lem_json_str(before, NULL);
    if (!chosen) chosen = choose(cli, cmd, args, &why);
    lem_info(cli->log, "--compute auto: %s (%s)", chosen, why);
    bool ok = v && lem_json_set(v, "compute", lem_json_new_str(chosen));
    lem_json_free(before);
    if (ok) *values = v;
    else lem_json_free(v);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}
