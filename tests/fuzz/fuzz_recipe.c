/* fuzz_recipe - any bytes as a recipe: what is YAML is planned with toy commands, or refused in one line */
#include "core/file.h"
#include "job/recipe.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lem_status nothing(lem_cli *cli, const lem_args *args, lem_err *err) {
    (void)cli;
    (void)args;
    (void)err;
    return LEM_OK;
}

static lem_status plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err) {
    (void)cli;
    (void)err;
    out->memory = lem_args_num(args, "lr");
    return LEM_OK;
}

static const lem_opt opts[] = {
    {"lr", LEM_OPT_NUM, "X", "0.005", "a number", 0, 1},
    {"n", LEM_OPT_INT, "N", "4", "an integer", 1, 100},
    {"max-tokens", LEM_OPT_INT, "N", NULL, "an integer", 1, 4096},
    {"kind", LEM_OPT_ENUM, "NAME", "red", "a colour", .choices = "red|green|blue"},
    {"note", LEM_OPT_STR, "TEXT", NULL, "a text"},
    {"loud", LEM_OPT_FLAG, NULL, NULL, "a flag"},
    {"tags", LEM_OPT_LIST, "A,B", NULL, "a list"},
    {"model", LEM_OPT_INPUT, "DIR", NULL, "a model"},
    {"data", LEM_OPT_INPUTS, "FILE", NULL, "rows"},
    {"stages", LEM_OPT_TREE, "LIST", NULL, "a tree"},
};
static const lem_command write_file = {.name = "write",
                                       .purpose = "a test",
                                       .usage = "",
                                       .example = "",
                                       .max_words = -1,
                                       .opts = opts,
                                       .n_opts = (int)(sizeof opts / sizeof *opts),
                                       .run = nothing,
                                       .plan = plan,
                                       .output = LEM_OUTPUT_FILE,
                                       .out_required = true,
                                       .words = LEM_WORDS_INPUT};
static const lem_command make_folder = {.name = "make folder",
                                        .purpose = "a test",
                                        .usage = "",
                                        .example = "",
                                        .opts = opts,
                                        .n_opts = (int)(sizeof opts / sizeof *opts),
                                        .run = nothing,
                                        .output = LEM_OUTPUT_DIR,
                                        .required = "model,data"};
static const lem_command *const commands[] = {&write_file, &make_folder, NULL};

static lem_status compute_path(lem_cli *cli, const char *earlier, char out[32], lem_err *err) {
    (void)cli;
    (void)earlier;
    (void)err;
    strcpy(out, "generic");
    return LEM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const overrides[] = {"a.lr=0.5", "word=x"};
    lem_err err = LEM_ERR_INIT;
    lem_recipe_spec spec = {.commands = commands,
                            .source = "fuzz.yaml",
                            .out = "/nonexistent/out",
                            .compute_path = compute_path,
                            .memory = 0.75};
    for (int with = 0; with < 2; with++) {
        lem_cli cli = {.out = stdout, .seed = 1, .limit = -1, .dry_run = true, .isa = "auto"};
        if (lem_yaml_parse((const char *)data, size, "fuzz.yaml", &spec.tree, &err) != LEM_OK) return 0;
        spec.overrides = with ? overrides : NULL;
        spec.n_overrides = with ? 2 : 0;
        err = (lem_err)LEM_ERR_INIT;
        lem_status st = lem_recipe_run(&cli, &spec, NULL, &err);
        if (st != LEM_OK && (!err.text[0] || strchr(err.text, '\n'))) __builtin_trap();
        if (lem_file_exists("/nonexistent")) __builtin_trap();
        lem_json_free(spec.tree);
    }
    return 0;
}
