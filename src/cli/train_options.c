/* train_options.c - the options that every training command has */
#include "cli/train_options.h"

const lem_opt lem_train_options[LEM_N_TRAIN_OPTIONS] = {
    {"max-steps", LEM_OPT_INT, "N", "0", "stop after N optimizer steps; 0 = by epochs", 0, 1e9},
    {"lr", LEM_OPT_NUM, "X", "5e-6", "peak learning rate", 0, 10},
    {"min-lr-ratio", LEM_OPT_NUM, "X", "0", "last learning rate as a share of the peak", 0, 1},
    {"schedule", LEM_OPT_STR, "NAME", "cosine", "cosine, linear or constant", 0, 0},
    {"warmup", LEM_OPT_NUM, "X", "0.03", "share of steps that warm up", 0, 1},
    {"weight-decay", LEM_OPT_NUM, "X", "0", "decoupled weight decay of matrices", 0, 10},
    {"beta1", LEM_OPT_NUM, "X", "0.9", "AdamW beta1", 0, 1},
    {"beta2", LEM_OPT_NUM, "X", "0.95", "AdamW beta2", 0, 1},
    {"eps", LEM_OPT_NUM, "X", "1e-8", "AdamW epsilon", 0, 1},
    {"clip", LEM_OPT_NUM, "X", "1", "largest gradient norm; 0 = no clipping", 0, 1e9},
    {"max-rows", LEM_OPT_INT, "N", "4096", "tokens per forward pass (memory; never changes a result)", 16,
     1048576},
    {"checkpoint-every", LEM_OPT_INT, "N", "100", "steps between checkpoints; 0 = none", 0, 1e9},
    {"val-every", LEM_OPT_INT, "N", "0", "steps between validations; 0 = at the end", 0, 1e9},
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
                        .epochs = lem_args_num(a, "epochs"),
                        .max_steps = (long)lem_args_int(a, "max-steps"),
                        .batch = (int)lem_args_int(a, "batch"),
                        .max_rows = (int)lem_args_int(a, "max-rows"),
                        .checkpoint_every = (int)lem_args_int(a, "checkpoint-every"),
                        .val_every = (int)lem_args_int(a, "val-every"),
                        .seed = (uint64_t)lem_args_int(a, "seed")};
    lem_status st = lem_schedule_parse(lem_args_str(a, "schedule"), &o.schedule, err);
    if (st == LEM_OK) *out = o;
    return st;
}
