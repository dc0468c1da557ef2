/* cmd_model_convert.c - lemma model convert: a model folder with another number type, sharding, tying or head
 */
#include "cli/commands.h"
#include "model/model_convert.h"

#include <stdlib.h>
#include <string.h>

static const lem_opt opts[] = {
    {"dtype", LEM_OPT_STR, "TYPE", NULL,
     "number type of all tensors: f32, f16 or bf16; default: each keeps its own", 0, 0},
    {"shard-size", LEM_OPT_STR, "SIZE", "5GB",
     "largest weight file, as 5GB, 500MB or 2GiB; a larger model becomes several files with an index", 0, 0},
    {"tie", LEM_OPT_FLAG, NULL, NULL, "store no lm_head: it must equal the embedding in every bit", 0, 0},
    {"untie", LEM_OPT_FLAG, NULL, NULL, "store lm_head on its own, a copy of the embedding", 0, 0},
    {"head", LEM_OPT_STR, "HEAD", "keep",
     "keep; lm: a language model, a reward head is dropped; score: a reward model to be trained, "
     "score.weight is drawn from --seed",
     0, 0},
};

/* "5GB": a number and a unit of Transformers (KB, MB, GB by thousands; KiB, MiB, GiB by 1024) or bytes. */
static lem_status parse_size(const char *text, uint64_t *out, lem_err *err) {
    static const struct {
        const char *name;
        double bytes;
    } units[] = {{"", 1},     {"B", 1},        {"KB", 1e3},        {"MB", 1e6},
                 {"GB", 1e9}, {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};
    size_t digits = strspn(text, "0123456789.");
    char *end = NULL;
    double x = digits && digits < 16 ? strtod(text, &end) : 0;
    for (size_t i = 0; end == text + digits && i < sizeof units / sizeof *units; i++) {
        if (strcmp(text + digits, units[i].name) != 0) continue;
        if (x * units[i].bytes < 1 || x * units[i].bytes > 1e15) break;
        *out = (uint64_t)(x * units[i].bytes);
        return LEM_OK;
    }
    return lem_fail(err, LEM_EUSAGE, "--shard-size '%s' is no size such as 5GB, 500MB or 2GiB", text);
}

static lem_status read_options(const lem_cli *cli, const lem_args *a, lem_convert_opts *o, lem_err *err) {
    static const struct {
        const char *name;
        lem_dtype dtype;
    } types[] = {{"f32", LEM_DTYPE_F32}, {"f16", LEM_DTYPE_F16}, {"bf16", LEM_DTYPE_BF16}};
    static const char *const heads[] = {"keep", "lm", "score"};
    const char *dtype = lem_args_str(a, "dtype"), *head = lem_args_str(a, "head");
    *o = (lem_convert_opts){.seed = cli->seed, .overwrite = cli->overwrite};
    for (size_t i = 0; dtype && i < sizeof types / sizeof *types; i++) {
        if (strcmp(dtype, types[i].name) != 0) continue;
        o->set_dtype = true;
        o->dtype = types[i].dtype;
    }
    if (dtype && !o->set_dtype)
        return lem_fail(err, LEM_EUSAGE, "--dtype '%s' is none of f32, f16 and bf16", dtype);
    bool known = false;
    for (int i = 0; i < 3; i++) {
        if (strcmp(head, heads[i]) != 0) continue;
        o->head = (lem_convert_head)i;
        known = true;
    }
    if (!known) return lem_fail(err, LEM_EUSAGE, "--head '%s' is none of keep, lm and score", head);
    bool tie = lem_args_flag(a, "tie"), untie = lem_args_flag(a, "untie");
    if (tie && untie) return lem_fail(err, LEM_EUSAGE, "--tie and --untie exclude each other");
    o->tie = tie ? LEM_TIE_TIE : untie ? LEM_TIE_UNTIE : LEM_TIE_KEEP;
    return parse_size(lem_args_str(a, "shard-size"), &o->shard_bytes, err);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *dir = args->words[0], *out = lem_args_str(args, "out");
    lem_convert_opts o;
    lem_convert_report r;
    if (!out || !*out) return lem_fail(err, LEM_EUSAGE, "--out DIR is missing");
    lem_status st = read_options(cli, args, &o, err);
    if (st == LEM_OK) st = lem_model_convert(dir, out, &o, &r, err);
    if (st != LEM_OK) return st;
    lem_info(cli->log, "%s: %d tensors, %.3f GB in %d file%s, and %d other files", out, r.tensors,
             (double)r.bytes / 1e9, r.shards, r.shards == 1 ? "" : "s", r.side_files + 1);
    if (r.drew_head)
        lem_warn(cli->log, "score.weight was drawn at random (seed %llu): train it before it scores anything",
                 (unsigned long long)o.seed);
    if (cli->json)
        fprintf(cli->out,
                "{\"tensors\":%d,\"bytes\":%llu,\"files\":%d,\"other_files\":%d,\"random_head\":%s}\n",
                r.tensors, (unsigned long long)r.bytes, r.shards, r.side_files + 1,
                r.drew_head ? "true" : "false");
    return LEM_OK;
}

const lem_command lem_cmd_model_convert = {
    .name = "model convert",
    .purpose = "write a model folder with another number type, sharding or head",
    .usage = "DIR --out DIR2 [options]",
    .example = "lemma model convert Qwen2.5-Math-1.5B --out qwen-f32 --dtype f32 --shard-size 2GB",
    .min_words = 1,
    .max_words = 1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
};
