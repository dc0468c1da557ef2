/* fuzz_run_state - any bytes as run.json and timing.json that an earlier `lemma run` left: the run goes on,
 * or ends with one line that names the file; what a run left is read by the next one
 *
 * First byte odd: with a budget, which reads the times. A NUL divides run.json from timing.json. */
#include "core/file.h"
#include "job/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lem_status nothing(lem_cli *cli, const lem_args *args, lem_err *err) {
    (void)cli;
    (void)args;
    (void)err;
    return LEM_OK;
}

static const lem_opt opts[] = {{"n", LEM_OPT_INT, "N", "4", "an integer", 1, 100}};
static const lem_command toy = {.name = "toy",
                                .purpose = "a test",
                                .usage = "",
                                .example = "",
                                .opts = opts,
                                .n_opts = 1,
                                .budget = "n",
                                .run = nothing,
                                .output = LEM_OUTPUT_FILE};
static const lem_command *const commands[] = {&toy, NULL};
static const char recipe[] = "name: r\nvars: {out: x}\nstages:\n"
                             "  - {name: a, command: toy, out: \"${out}/a\"}\n"
                             "  - {name: b, command: toy, n: 9, out: \"${out}/b\"}\n";

static lem_status compute_path(lem_cli *cli, const char *earlier, char out[32], lem_err *err) {
    (void)cli;
    if (earlier && strcmp(earlier, "generic") != 0)
        return lem_fail(err, LEM_EUSAGE, "it began on the compute path '%.20s'", earlier);
    strcpy(out, "generic");
    return LEM_OK;
}

static void put(const char *dir, const char *name, const void *data, size_t n) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (!f || (n && fwrite(data, 1, n, f) != n) || fclose(f) != 0) __builtin_trap();
}

static lem_status run(const char *dir, bool budget, bool dry) {
    lem_err err = LEM_ERR_INIT;
    lem_recipe_spec spec = {.commands = commands,
                            .source = "r.yaml",
                            .out = dir,
                            .compute_path = compute_path,
                            .budget = budget ? "2h" : NULL};
    lem_cli cli = {.out = stdout, .seed = 1, .limit = -1, .dry_run = dry, .isa = "auto"};
    if (lem_yaml_parse(recipe, sizeof recipe - 1, "r.yaml", &spec.tree, &err) != LEM_OK) __builtin_trap();
    lem_status st = lem_recipe_run(&cli, &spec, NULL, &err);
    if (st != LEM_OK && (!strstr(err.text, dir) || strchr(err.text, '\n'))) __builtin_trap();
    lem_json_free(spec.tree);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char dir[64];
    if (size < 1) return 0;
    bool budget = data[0] % 2;
    const uint8_t *cut = memchr(data + 1, 0, size - 1);
    size_t n = cut ? (size_t)(cut - data) - 1 : size - 1;
    snprintf(dir, sizeof dir, "%s/lemma-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(dir)) __builtin_trap();
    put(dir, "run.json", data + 1, n);
    if (cut) put(dir, "timing.json", cut + 1, size - n - 2);
    lem_status dry = run(dir, budget, true), st = run(dir, budget, false);
    if (st == LEM_OK && (dry != LEM_OK || run(dir, budget, false) != LEM_OK)) __builtin_trap();
    if (lem_dir_remove(dir, NULL) != LEM_OK) __builtin_trap();
    return 0;
}
