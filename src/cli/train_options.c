/* train_options.c - the options that every training command has */
#include "cli/runtime.h"
#include "cli/train_options.h"
#include "core/choice.h"
#include "core/file.h"
#include "core/machine.h"
#include "core/memory_limits.h"
#include "core/mem.h"
#include "model/folder.h"
#include "train/event_file.h"
#include "train/optimizer.h"
#include "train/slot_tree.h"

/* Powers of two from 1 on. */
#define SLOTS "1|2|4|8|16|32|64"
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const lem_opt lem_train_options[LEM_N_TRAIN_OPTIONS] = {
    {"lr", LEM_OPT_NUM, "X", "5e-6", "peak learning rate", 0, 10}, /* the first: sft has its own */
    {"max-steps", LEM_OPT_INT, "N", "0", "stop after N optimizer steps; 0 = by epochs", 0, 1e9},
    LEM_OPT_BUDGET("epochs"),
    {"min-lr-ratio", LEM_OPT_NUM, "X", "0", "last learning rate as a share of the peak", 0, 1},
    {"schedule", LEM_OPT_ENUM, "NAME", "cosine", "the learning rate after warm-up",
     .choices = LEM_SCHEDULE_NAMES},
    {"warmup", LEM_OPT_NUM, "X", "0.03", "share of steps that warm up", 0, 1},
    {"weight-decay", LEM_OPT_NUM, "X", "0", "decoupled weight decay of matrices", 0, 10},
    {"beta1", LEM_OPT_NUM, "X", "0.9", "AdamW beta1", 0, 0.999999},
    {"beta2", LEM_OPT_NUM, "X", "0.95", "AdamW beta2", 0, 0.999999},
    {"eps", LEM_OPT_NUM, "X", "1e-8", "AdamW epsilon", 0, 1},
    {"clip", LEM_OPT_NUM, "X", "1", "largest gradient norm; 0 = no clipping", 0, 1e9},
    {"moments", LEM_OPT_ENUM, "NAME", "f32",
     "AdamW's two numbers for each parameter: f32; or int8, of 8 bits each in blocks of 256, a quarter of "
     "the "
     "memory",
     .choices = "f32|int8"},
    {"max-rows", LEM_OPT_INT, "N", "4096", "tokens per forward pass (memory; never changes a result)", 16,
     1048576, .effect = LEM_OPT_CHANGES_NOTHING},
    {"recompute", LEM_OPT_ENUM, "WHICH", "none",
     "layers: of a layer only the input is kept, the rest is computed again on the way back (gradient "
     "checkpointing; memory; never changes a result)",
     .choices = "none|layers", .effect = LEM_OPT_CHANGES_NOTHING},
    {"grad-slots", LEM_OPT_ENUM, "N", TEXT(LEM_GRAD_SLOTS),
     "slots of a step's gradient, added as a fixed tree, so that N processes give the bits of one; takes "
     "log2 N more gradients",
     .choices = SLOTS},
    {"checkpoint-every", LEM_OPT_INT, "N", "100", "steps between checkpoints; 0 = none", 0, 1e9,
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"val-every", LEM_OPT_INT, "N", "0", "steps between validations; 0 = at the end", 0, 1e9},
    {"compute", LEM_OPT_ENUM, "NAME", "f32",
     "products, forward and backward: f32; or bf16, of weights, activations and gradients rounded to bf16, "
     "with fp32 sums (faster with AMX, and on Zen 4 and 5, which sum in an order of their own); what learns "
     "stays fp32; or auto: bf16 where it is faster",
     .choices = "f32|bf16|auto"},
    LEM_OPTS_LORA,
};

lem_status lem_train_options_read(const lem_args *a, lem_train_opts *out, lem_err *err) {
    lem_train_opts o = {.lr = lem_args_num(a, "lr"),
                        .min_lr_ratio = lem_args_num(a, "min-lr-ratio"),
                        .warmup_ratio = lem_args_num(a, "warmup"),
                        .weight_decay = lem_args_num(a, "weight-decay"),
                        .beta1 = lem_args_num(a, "beta1"),
                        .beta2 = lem_args_num(a, "beta2"),
                        .eps = lem_args_num(a, "eps"),
                        .clip = lem_args_num(a, "clip"),
                        .int8_moments = lem_args_is(a, "moments", "int8"),
                        .epochs = lem_args_num(a, "epochs"),
                        .max_steps = (long)lem_args_int(a, "max-steps"),
                        .batch = (int)lem_args_int(a, "batch"),
                        .max_rows = (int)lem_args_int(a, "max-rows"),
                        .checkpoint_every = (int)lem_args_int(a, "checkpoint-every"),
                        .val_every = (int)lem_args_int(a, "val-every"),
                        .grad_slots = 1 << lem_choice_find(SLOTS, lem_args_str(a, "grad-slots")),
                        .seed = (uint64_t)lem_args_int(a, "seed")};
    lem_status st = lem_schedule_parse(lem_args_str(a, "schedule"), &o.schedule, err);
    o.trainable.bf16 = lem_args_is(a, "compute", "bf16");
    o.trainable.recompute = lem_args_is(a, "recompute", "layers");
    if (st == LEM_OK) *out = o;
    return st;
}

/* The parts of what training takes, in bytes. */
typedef struct parts {
    double weights, learned, moments, sums, total, parameters; /* parameters: a number */
} parts;

static parts memory_of(const lem_model_config *config, const lem_train_opts *o, lem_net_size size) {
    const int depth = lem_slot_tree_depth(o->grad_slots);
    const lem_trainable *t = &o->trainable;
    parts p = {.parameters = (double)lem_model_config_params(config),
               .learned = 4.0 * (double)lem_trainable_params(&o->trainable, config)};
    p.weights = 4 * p.parameters;
    if (t->based) p.weights = (double)lem_weights_base_bytes(config, lem_trainable_base(t)) + p.learned;
    p.moments = lem_optimizer_bytes(p.learned / 4, o->int8_moments);
    p.sums = depth * p.learned;
    p.total = (double)lem_net_train_bytes(config, size, &o->trainable, depth);
    p.total -= lem_optimizer_bytes(p.learned / 4, false) - p.moments;
    if (o->muon) p.total += (double)lem_muon_bytes(config, &o->trainable);
    return p;
}

/* Passes of max_rows of data that nobody has seen: nodes of 16 tokens, which is short. */
static lem_net_size any_pass(const lem_train_opts *o) {
    return (lem_net_size){o->max_rows, o->max_rows / 16 + 1};
}

lem_status lem_train_plan_config(const char *dir, const lem_plan *asked, lem_model_config *out, bool *bf16,
                                 lem_err *err) {
    if (bf16) *bf16 = false;
    return asked->shape ? lem_model_shape(asked->shape, out, err)
                        : lem_train_folder_config(dir, out, bf16, err);
}

lem_plan lem_train_plan(const lem_model_config *config, const lem_train_opts *o) {
    parts p = memory_of(config, o, any_pass(o));
    /* a checkpoint has what learns and its two moments; two are kept while a third is written */
    int checkpoints = o->checkpoint_every > 0 ? 3 : 1;
    return (lem_plan){.memory = p.total,
                      .disk = 4 * p.parameters + checkpoints * (p.learned + p.moments),
                      .parameters = p.parameters,
                      .flops = 6 * p.parameters,
                      .passes = o->epochs};
}

static void tell_plan(lem_cli *cli, const char *name, const parts *p, const lem_trainable *t, double now) {
    static const char *const stays[] = {[LEM_DTYPE_F32] = "",
                                        [LEM_DTYPE_BF16] = ", the others stay BF16",
                                        [LEM_DTYPE_I8] = ", the others stay int8"};
    char before[128] = "";
    if (name) snprintf(before, sizeof before, "%.120s: ", name);
    lem_info(cli->log,
             "%splan: %.0f parameters, %.0f of them learn%s; memory %.3f GB (weights %.3f, moments %.3f, "
             "gradient sums %.3f, program and data %.3f, the rest %.3f)",
             before, p->parameters, p->learned / 4, stays[lem_trainable_base(t)], (p->total + now) / 1e9,
             p->weights / 1e9, p->moments / 1e9, p->sums / 1e9, now / 1e9,
             (p->total - p->weights - p->moments - p->sums) / 1e9);
}

typedef struct planned { /* a run, and the largest of its passes */
    const lem_model_config *config;
    const lem_train_opts *o;
    lem_net_size pass;
} planned;

/* The fewest options that make it fit in so many bytes; NULL: all of these do not. */
static const char *lighter(const planned *run, double room) {
    static const struct {
        const char *options;
        bool recompute, int8_moments;
        int slots;
    } ways[] = {{"--recompute layers", true, false, 0},
                {"--moments int8", false, true, 0},
                {"--grad-slots 1", false, false, 1},
                {"--recompute layers --moments int8", true, true, 0},
                {"--recompute layers --grad-slots 1", true, false, 1},
                {"--recompute layers --moments int8 --grad-slots 1", true, true, 1}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        lem_train_opts o = *run->o;
        if (o.muon && ways[i].int8_moments) continue;
        o.trainable.recompute |= ways[i].recompute;
        o.int8_moments |= ways[i].int8_moments;
        if (ways[i].slots) o.grad_slots = ways[i].slots;
        if (memory_of(run->config, &o, run->pass).total <= room) return ways[i].options;
    }
    return NULL;
}

/* now: what this process holds already, without the model. */
static lem_status check(lem_cli *cli, const planned *run, const parts *p, double now, lem_err *err) {
    lem_memory_limits l = lem_memory_limits_look("");
    double here = l.room + now, need = p->total + now;
    char out[160];
    if (need <= here) return LEM_OK;
    const char *options = lighter(run, l.room);
    if (options) snprintf(out, sizeof out, "it fits with %s", options);
    else
        snprintf(out, sizeof out, "%s do not make it fit either: lower --max-rows, take %sor a smaller model",
                 run->o->muon ? "--recompute layers and --grad-slots 1"
                              : "--recompute layers, --moments int8 and --grad-slots 1",
                 run->config->lora.rank ? "" : "--lora-rank, ");
    if (cli->dry_run) {
        lem_warn(cli->log, "it does not fit here: %s %.1f GB; %s", l.who, here / 1e9, out);
        return LEM_OK;
    }
    return lem_fail(err, LEM_EMEM, "training %.0f parameters needs about %.1f GB, %s %.1f; %s", p->parameters,
                    need / 1e9, l.who, here / 1e9, out);
}

lem_status lem_train_memory_check(lem_cli *cli, const lem_model_config *config, const lem_train_opts *o,
                                  bool tell, lem_err *err) {
    const lem_net_size least = {1, 1};
    if (!tell && cli->dry_run) return LEM_OK; /* lem_train_fit tells it better */
    planned run = {config, o, tell ? any_pass(o) : least};
    parts p = memory_of(config, o, run.pass);
    if (tell && cli->dry_run) tell_plan(cli, NULL, &p, &o->trainable, 0);
    return check(cli, &run, &p, 0, err);
}

/* An item that is longer than a pass gets one that is as long. */
static void raise_rows(lem_train_opts *o, const lem_objective *train, const lem_objective *val) {
    const lem_objective *both[] = {train, val};
    for (int k = 0; k < 2; k++)
        for (uint64_t i = 0; both[k] && i < both[k]->n_items; i++) {
            int rows = both[k]->rows(both[k]->ctx, i);
            if (rows > o->max_rows) o->max_rows = rows;
        }
}

lem_status lem_train_fit(lem_cli *cli, const char *name, const lem_model_config *config, lem_train_opts *o,
                         const lem_objective *train, const lem_objective *val, lem_train_packing *out,
                         lem_err *err) {
    double now = cli->dry_run ? lem_machine_resident() : 0;
    raise_rows(o, train, val);
    lem_status st = lem_train_pack(o, train, val, out, err);
    if (st) return st;
    parts p = memory_of(config, o, out->pass);
    if (cli->dry_run) tell_plan(cli, name, &p, &o->trainable, now);
    return check(cli, &(planned){config, o, out->pass}, &p, now, err);
}

/* Of the nearest folder above path that exists; negative = unknown. */
static double free_disk(const char *path, lem_err *err) {
    char *dir = lem_strdup(path, err);
    while (dir && !lem_file_exists(dir)) {
        char *up = lem_path_dir(dir, err);
        lem_free(dir);
        dir = up;
    }
    double bytes = dir ? lem_machine_look(dir).disk_free : -1;
    lem_free(dir);
    return bytes;
}

lem_status lem_train_disk_check(lem_cli *cli, const char *out, double need, lem_err *err) {
    double there = out ? free_disk(out, err) : -1;
    if (there < 0 || need <= there) return LEM_OK;
    if (cli->dry_run) {
        lem_warn(cli->log, "%s: result and checkpoints take about %.1f GB, %.1f GB are free", out, need / 1e9,
                 there / 1e9);
        return LEM_OK;
    }
    return lem_fail(
        err, LEM_EIO,
        "%s: result and checkpoints take about %.1f GB, %.1f GB are free (--checkpoint-every 0 writes "
        "none on the way)",
        out, need / 1e9, there / 1e9);
}

lem_status lem_train_folder_config(const char *dir, lem_model_config *out, bool *bf16, lem_err *err) {
    lem_folder folder = {NULL, NULL};
    lem_status st = lem_folder_open(dir, NULL, &folder, err);
    if (st) return st;
    *out = folder.table->config;
    if (bf16) *bf16 = out->int8 || lem_folder_is_bf16(&folder);
    lem_folder_release(&folder);
    return LEM_OK;
}

lem_status lem_train_check_tokenizer(const char *dir, const lem_tokenizer *t, int vocab, lem_err *err) {
    int ids = (int)lem_tokenizer_vocab(t);
    return ids <= vocab ? LEM_OK
                        : lem_fail(err, LEM_EDATA,
                                   "%s: the tokenizer has %d ids, the model only %d (vocab_size): the rows "
                                   "of the others cannot be trained; give the model more rows first (Python: "
                                   "resize_token_embeddings(%d)), or use its own tokenizer",
                                   dir, ids, vocab, ids);
}

lem_dtype lem_train_result_dtype(const lem_args *args, bool bf16) {
    bool narrow = lem_args_is(args, "dtype", "bf16") || (lem_args_is(args, "dtype", "source") && bf16);
    return narrow ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
}

lem_status lem_train_need_rows(const char *path, uint64_t rows, lem_err *err) {
    return rows ? LEM_OK : lem_fail(err, LEM_EDATA, "%s: no rows", path);
}

void lem_train_tell(lem_object *o, uint64_t examples, long steps, const lem_train_result *res) {
    lem_object_int(o, "examples", examples);
    lem_object_int(o, "steps", (uint64_t)steps);
    if (!res) return;
    lem_object_num(o, "loss", res->loss);
    if (res->n_val) lem_object_num(o, "val_loss", res->val[0]);
}

static lem_status save_beside(const char *dir, const char *name, const lem_buf *b, lem_err *err) {
    char *path = lem_path_join(dir, name, err);
    if (!path) return LEM_EMEM;
    lem_status st = lem_file_write_atomic(path, lem_buf_str(b), b->len, err);
    lem_free(path);
    return st;
}

lem_status lem_train_save_telemetry(const char *dir, const lem_buf *rows, lem_err *err) {
    lem_buf events = {0};
    lem_status st = lem_train_event_file(rows, &events, err);
    if (st == LEM_OK) st = save_beside(dir, "telemetry.jsonl", rows, err);
    if (st == LEM_OK) st = save_beside(dir, LEM_TRAIN_EVENT_FILE, &events, err);
    lem_buf_release(&events);
    return st;
}
