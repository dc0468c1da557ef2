/* cmd_model_info.c - lemma model info: what a model folder is, how its head will be read, what it takes to
 * run it */
#include "cli/commands.h"
#include "cli/runtime.h"

#include "core/card.h"
#include "model/describe.h"
#include "prompt/describe.h"
#include "reward/known.h"
#include "reward/recipe.h"
#include "token/describe.h"
#include "train/slot_tree.h"

static const lem_opt opts[] = {
    {"hash", LEM_OPT_FLAG, NULL, NULL, "also the sha256 of each weight file (reads all of them)", 0, 0},
    {"head", LEM_OPT_ENUM, "NAME", NULL, "read a plain language model as that", .choices = LEM_HEAD_NAMES},
};

/* The folder's head, or the one that a plain language model is to be read as. */
static lem_status choose_head(const lem_folder *f, const char *dir, const char *asked, lem_head_shape *out,
                              lem_err *err) {
    lem_head_shape shape = f->table->config.reward;
    if (asked && shape.kind != LEM_HEAD_KIND_NONE)
        return lem_fail(err, LEM_EUSAGE, "--head reads a plain language model; %s has a head of its own",
                        dir);
    lem_status st = asked ? lem_head_from_name(asked, &shape, err) : LEM_OK;
    if (st == LEM_OK) *out = shape;
    return st;
}

/* licence, origin and non_commercial are null where they are not known. */
static lem_status describe_card(const char *dir, lem_json *facts, lem_err *err) {
    static const char *const keys[] = {"licence", "origin", "non_commercial"};
    lem_card card = {.use = LEM_CARD_USE_UNKNOWN};
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < 3; i++)
        if (!lem_json_set(facts, keys[i], lem_json_new_null())) st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) st = lem_card_find(dir, &card, err);
    if (st == LEM_OK) st = lem_card_json(&card, facts, err);
    lem_card_release(&card);
    return st;
}

static void put_known(const lem_json *facts, const char *key, const char *from, const char *unknown,
                      lem_buf *out) {
    const char *text = lem_json_str(lem_json_get(facts, key), NULL);
    if (text) lem_buf_printf(out, "%-16s%s (%s)\n", key, text, lem_json_str(lem_json_get(facts, from), ""));
    else lem_buf_printf(out, "%-16s%s\n", key, unknown);
}

static void card_text(const lem_json *facts, lem_buf *out) {
    const char *inputs = lem_json_str(lem_json_get(facts, "licences_of_inputs"), NULL);
    put_known(facts, "licence", "licence_from", "unknown (no card or licence in the folder says)", out);
    if (inputs) lem_buf_printf(out, "%-16smade of inputs under %s\n", "", inputs);
    if (lem_json_bool(lem_json_get(facts, "non_commercial"), false))
        lem_buf_printf(out, "%-16sfor non-commercial use only\n", "");
    put_known(facts, "origin", "origin_from", "unknown", out);
}

static const char not_known[] = "not known; rm score asks for --system";

static lem_status describe(const char *dir, const lem_folder *f, const lem_args *args, lem_json *facts,
                           lem_err *err) {
    lem_head_shape head = {0};
    lem_prompt_settings prompt = {0};
    bool known = false;
    lem_status st = LEM_OK;
    LEM_TRY(lem_model_describe(dir, f, lem_args_flag(args, "hash"), facts, err));
    LEM_TRY(lem_model_describe_int8(dir, f, facts, err));
    LEM_TRY(describe_card(dir, facts, err));
    LEM_TRY(lem_prompt_settings_load(dir, &prompt, err));
    LEM_TRY(lem_prompt_describe(dir, facts, err));
    LEM_TRY(choose_head(f, dir, lem_args_str(args, "head"), &head, err));
    LEM_TRY(lem_reward_find_system(head.kind, dir, &prompt, &known, err));
    LEM_TRY(lem_model_describe_head(&head, known ? lem_reward_system(head.kind, &prompt) : not_known,
                                    lem_reward_separator(head.kind, &prompt), facts, err));
    LEM_TRY(lem_tokenizer_describe(dir, f->table->config.vocab, facts, err));
    LEM_TRY(lem_model_describe_use(dir, f, lem_slot_tree_depth(LEM_GRAD_SLOTS), facts, err));
done:
    lem_prompt_settings_release(&prompt);
    return st;
}

static lem_status print_text(const lem_json *facts, FILE *f, lem_err *err) {
    lem_buf b = {0};
    lem_model_describe_text(facts, &b);
    lem_model_describe_int8_text(facts, &b);
    card_text(facts, &b);
    lem_prompt_describe_text(facts, &b);
    lem_tokenizer_describe_text(facts, &b);
    lem_model_describe_use_text(facts, &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) fputs(lem_buf_str(&b), f);
    lem_buf_release(&b);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *dir = args->words[0];
    lem_folder folder = {NULL, NULL};
    lem_json *facts = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_folder_open(dir, NULL, &folder, err));
    facts = lem_json_new_object();
    if (!facts) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    LEM_TRY(describe(dir, &folder, args, facts, err));
    if (cli->json) st = lem_print_json(cli->out, lem_json_share(facts), 0, err);
    else st = print_text(facts, cli->out, err);
done:
    lem_json_free(facts);
    lem_folder_release(&folder);
    return st;
}

const lem_command lem_cmd_model_info = {
    .name = "model info",
    .purpose = "what a model folder is and how it will be read",
    .usage = "DIR [options]",
    .example = "lemma model info Qwen2.5-Math-PRM-7B\nlemma model info reward-model --hash --json",
    .min_words = 1,
    .max_words = 1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
};
