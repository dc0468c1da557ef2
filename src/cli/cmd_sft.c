/* cmd_sft.c - lemma sft: supervised fine-tuning, in stages, from a folder or from scratch */
#include "cli/prompt_options.h"
#include "cli/sft.h"

#include "core/file.h"
#include "core/mem.h"
#include "data/row_kinds.h"
#include "model/folder.h"
#include "model/model.h"
#include "model/weights_open.h"
#include "token/tokenizer.h"
#include "train/sft.h"

static const lem_opt opts[] = {
    {"model", LEM_OPT_INPUT, "DIR", NULL, "model folder to start from"},
    {"from-scratch", LEM_OPT_FLAG, NULL, NULL, "start from random weights of the shape below"},
    {"arch", LEM_OPT_ENUM, "NAME", "llama",
     "family (qwen2 adds q/k/v biases, qwen3 normalises queries and keys)", .choices = LEM_SFT_ARCHS},
    {"layers", LEM_OPT_INT, "N", "4", "decoder layers", 1, 256},
    {"width", LEM_OPT_INT, "N", "128", "hidden size", 8, 65536},
    {"ffn", LEM_OPT_INT, "N", NULL, "feed-forward size [8/3 of width, rounded up to 32]", 8, 262144},
    {"heads", LEM_OPT_INT, "N", "4", "attention heads", 1, 512},
    {"kv-heads", LEM_OPT_INT, "N", NULL, "key/value heads [heads]", 1, 512},
    {"context", LEM_OPT_INT, "N", "512", "longest sequence", 16, 1048576},
    {"rope-theta", LEM_OPT_NUM, "X", "10000", "base of the rotary positions", 1, 1e9},
    {"untied", LEM_OPT_FLAG, NULL, NULL, "separate output matrix"},
    {"vocab", LEM_OPT_INT, "N", "1024", "size of a tokenizer trained on the data", 260, 1048576},
    {"tokenizer", LEM_OPT_INPUT, "DIR", NULL, "use this tokenizer (with --from-scratch)"},
    {"data", LEM_OPT_INPUTS, "FILE", NULL,
     "training rows: a file (JSONL, JSON, CSV, Parquet, Arrow; .gz, .zst), a folder of them or a pattern; "
     "repeatable"},
    {"val", LEM_OPT_INPUT, "FILE", NULL, "validation rows"},
    {"format", LEM_OPT_ENUM, "KIND", NULL, "kind of the rows [detected]", .choices = LEM_ROW_KIND_NAMES_SFT},
    {"system", LEM_OPT_STR, "TEXT", NULL,
     "system prompt of rows that have none; '' for none [as --model was trained, else none]"},
    {"suffix", LEM_OPT_STR, "TEXT", NULL,
     "line added to the question of question-answer rows; '' for none [as --model was trained, else none]"},
    LEM_OPT_PROMPT_FROM,
    {"train", LEM_OPT_ENUM, "WHICH", "all",
     "replies of a row that are trained: all, or the last (for templates that write earlier replies "
     "otherwise "
     "once later ones are there, as Qwen3's)",
     .choices = "all|last"},
    LEM_OPT_TEMPLATE_FILE,
    LEM_OPT_SET,
    {"strip-marks", LEM_OPT_FLAG, NULL, NULL, "remove GSM8K's <<...>> calculator marks"},
    {"box-answer", LEM_OPT_FLAG, NULL, NULL, "turn a last line '#### x' into 'The answer is \\boxed{x}.'"},
    {"offset", LEM_OPT_INT, "N", "0",
     "pass over the first N rows of each file of --data; then --limit counts", .max = 9e15},
    {"max-len", LEM_OPT_INT, "N", NULL, "tokens of the longest row [context]", 8, 1048576},
    {"over-length", LEM_OPT_ENUM, "HOW", "drop",
     "longer rows: drop leaves them out, cut keeps their first --max-len tokens, stop ends with an error; "
     "all are "
     "counted",
     .choices = LEM_OVER_LENGTH_NAMES},
    {"max-dropped", LEM_OPT_NUM, "X", "0.05",
     "largest share of a file's rows that may be left out as too long; more ends the run before it trains", 0,
     1},
    {"epochs", LEM_OPT_NUM, "X", "1", "passes over the data", 0.0001, 10000},
    {"lr", LEM_OPT_NUM, "X", NULL,
     "peak learning rate [by model size: 5e-6 from 1 B on, 3e-4 below 20 M; ten times that with adapters; "
     "from scratch 1e-3 below 50 M; said with its reason]",
     0, 10},
    {"batch", LEM_OPT_INT, "N", NULL,
     "sequences per optimizer step [128, from scratch 16; fewer where that leaves under 100 steps]", 1,
     65536},
    {"batch-tokens", LEM_OPT_INT, "N", "0",
     "in place of --batch: tokens per optimizer step, of whole sequences; 8192 is one of RLHFlow's packs", 0,
     1e9},
    {"optimizer", LEM_OPT_ENUM, "NAME", "adamw",
     "muon: matrices of layers by Muon, the rest by AdamW, at the same --lr and --weight-decay (from "
     "scratch)",
     .choices = "adamw|muon"},
    {"keep", LEM_OPT_ENUM, "WHICH", "last",
     "last: the parameters of the last step; best: of the best look, ties to the earlier (--val-every or "
     "--eval-every 0 then means ten times)",
     .choices = "last|best"},
    {"keep-by", LEM_OPT_ENUM, "METRIC", "loss",
     "of --keep best and --patience: loss of --val, accuracy of --eval", .choices = "loss|accuracy"},
    {"patience", LEM_OPT_INT, "N", "0", "stop after N looks in a row without a better one; 0 = never", 0,
     1e6},
    {"eval", LEM_OPT_INPUT, "FILE", NULL,
     "problems with answers: the model in training answers them, greedily, and is graded"},
    {"eval-every", LEM_OPT_INT, "N", "0", "steps between answers; 0 = before the first step and at the end",
     0, 1e9},
    {"eval-n", LEM_OPT_INT, "N", "64", "problems of --eval, from its beginning", 1, 1e6},
    {"eval-tokens", LEM_OPT_INT, "N", "256", "longest answer; what is cut is told", 1, 1e6},
    LEM_OPT_RESULT_DTYPE(", from scratch f32"),
    LEM_OPT_BAD_ROWS,
    {"stages", LEM_OPT_TREE, "LIST", NULL, "stages, each a map of these options with a name (YAML)"},
};

/* ---- running ---- */

/* Where a stage's checkpoints are, those of its best step, and its telemetry as it goes; NULL without error
 * in a dry run. */
typedef struct places {
    char *checkpoints, *best, *live;
} places;

static lem_status find_places(const lem_sft_job *j, const lem_sft_stage *s, places *out, lem_err *err) {
    char *all = lem_job_work_path(j->job, "checkpoints", err);
    out->checkpoints = all ? lem_path_join(all, s->name, err) : NULL;
    out->best = out->checkpoints ? lem_path_join(out->checkpoints, "best", err) : NULL;
    out->live = lem_job_work_path(j->job, LEM_JOB_TELEMETRY, err);
    lem_free(all);
    return out->best && out->live ? LEM_OK : LEM_EMEM;
}

static void release_places(places *p) {
    lem_free(p->checkpoints);
    lem_free(p->best);
    lem_free(p->live);
}

static lem_status train_stage(lem_sft_job *j, lem_sft_stage *s, const lem_objective *obj,
                              const lem_objective *val, lem_sft_answers *answers, lem_buf *telemetry,
                              lem_err *err) {
    lem_train_opts o = s->train;
    places p = {0};
    lem_status st = find_places(j, s, &p, err);
    o.stage = s->name;
    if (j->n > 1) lem_sft_part(j, j->first, (int)(s - j->stages), &o.part_from, &o.part_to);
    o.checkpoint_dir = j->cli->trial ? NULL : p.checkpoints;
    o.live_path = p.live;
    o.identity = lem_job_identity(j->job);
    if (lem_args_is(&s->args, "keep", "best")) o.best_dir = p.best;
    o.answer = answers ? lem_sft_answer : NULL;
    o.answer_ctx = answers;
    if (st == LEM_OK)
        st = lem_train_run(j->model, j->rt.backend, obj, val, &o, telemetry, j->cli->log, j->cli->cancel,
                           &s->result, err);
    if (st == LEM_OK) lem_sft_say(j, s);
    if (st == LEM_OK && !j->cli->trial)
        lem_train_doubts(s->name, telemetry, &s->result, s->rows.kept, s->rows.rows, j->cli->log);
    release_places(&p);
    return st;
}

static lem_status run_stage(lem_sft_job *j, lem_sft_stage *s, lem_buf *telemetry, lem_err *err) {
    lem_examples train = {0}, val = {0};
    lem_sft *sft = NULL, *vsft = NULL;
    lem_sft_answers *answers = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_sft_rows(j, s, &train, &val, err));
    LEM_TRY(lem_sft_new(&train, &sft, err));
    LEM_TRY(lem_sft_new(&val, &vsft, err));
    lem_objective obj = lem_sft_objective(sft), vobj = lem_sft_objective(vsft);
    if (train.n == 0) LEM_TRY(lem_fail(err, LEM_EDATA, "stage %s: no rows to train on", s->name));
    LEM_TRY(lem_sft_choose(j, s, &obj, val.n ? &vobj : NULL, err));
    LEM_TRY(lem_sft_answers_open(j, s, &answers, err));
    LEM_TRY(lem_sft_rows_end(j, s, err));
    s->ran = true;
    j->cli->work_tokens += lem_train_packing_tokens(&s->packing);
    if (!j->cli->dry_run) st = train_stage(j, s, &obj, val.n ? &vobj : NULL, answers, telemetry, err);
done:
    lem_sft_answers_free(answers);
    lem_sft_free(sft);
    lem_sft_free(vsft);
    lem_examples_release(&train);
    lem_examples_release(&val);
    return st;
}

/* Telemetry of a stage that was complete before belongs to the whole run's. */
static lem_status add_telemetry(const lem_sft_stage *s, lem_buf *all, lem_err *err) {
    char *path = lem_path_join(s->dir, "telemetry.jsonl", err);
    lem_buf t = {0};
    lem_status st = path ? lem_file_read(path, 1u << 30, &t, err) : LEM_EMEM;
    if (st == LEM_OK) lem_buf_add(all, lem_buf_str(&t), t.len);
    lem_buf_release(&t);
    lem_free(path);
    return st;
}

/* The stage's folder is whole: its checkpoints are of no more use, and large. */
static lem_status finish_part(lem_sft_job *j, lem_sft_stage *s, lem_err *err) {
    places p = {0};
    lem_status st = lem_job_part_finish(j->job, s->dir, err);
    if (st == LEM_OK) st = find_places(j, s, &p, err);
    if (st == LEM_OK) st = lem_dir_remove(p.checkpoints, err);
    release_places(&p);
    return st;
}

/* Trains stage i and, if it is not the last, saves its model. */
static lem_status finish_stage(lem_sft_job *j, int i, lem_buf *all, lem_err *err) {
    lem_buf telemetry = {0};
    lem_sft_stage *s = &j->stages[i];
    bool last = i + 1 == j->n;
    lem_status st = run_stage(j, s, &telemetry, err);
    lem_buf_add(all, lem_buf_str(&telemetry), telemetry.len);
    if (st == LEM_OK && !last && !j->cli->dry_run) {
        st = lem_sft_save(j, s, s->dir, false, &telemetry, err);
        if (st == LEM_OK) st = finish_part(j, s, err);
        if (st == LEM_OK) st = lem_sft_go_on(j, s, err);
    }
    lem_buf_release(&telemetry);
    return st;
}

static lem_status run_stages(lem_sft_job *j, lem_err *err) {
    lem_buf all = {0};
    lem_status st = LEM_OK;
    const char *from = lem_args_str(j->args, "model"), *to = NULL;
    int first = 0;
    for (int i = 0; i + 1 < j->n && !j->cli->fresh; i++)
        if (lem_job_part_done(j->job, j->stages[i].dir)) first = i + 1;
    if (first) {
        lem_info(j->cli->log, "stages before '%s' are complete", j->stages[first].name);
        from = j->stages[first - 1].dir;
    }
    j->first = first;
    LEM_TRY(lem_sft_get_model(j, from, err));
    for (int i = 0; i < first; i++) LEM_TRY(add_telemetry(&j->stages[i], &all, err));
    for (int i = first; i < j->n; i++) LEM_TRY(finish_stage(j, i, &all, err));
    if (j->cli->dry_run) goto done;
    LEM_TRY(lem_job_folder_begin(j->job, NULL, &to, err));
    LEM_TRY(lem_sft_save(j, &j->stages[j->n - 1], to, true, &all, err));
    LEM_TRY(lem_job_folder_put(j->job, err));
    LEM_TRY(lem_job_finish(j->job, err));
done:
    if (st == LEM_OK) st = lem_sft_print(j, err);
    lem_buf_release(&all);
    return st;
}

static void release(lem_sft_job *j) {
    lem_sft_stages_release(j);
    lem_sft_release_model(j);
    lem_tokenizer_free(j->tok);
    lem_carry_release(&j->carry);
    lem_runtime_close(&j->rt);
    lem_job_close(j->job);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    lem_sft_job j = {.cli = cli, .cmd = &lem_cmd_sft, .args = args, .out = lem_args_str(args, "out")};
    lem_status st = LEM_OK;
    LEM_TRY(lem_job_open(cli, &lem_cmd_sft, args, NULL, &j.job, err));
    if (lem_args_str(args, "model") && lem_args_flag(args, "from-scratch"))
        LEM_TRY(lem_fail(err, LEM_EUSAGE, "pass either --model DIR or --from-scratch"));
    LEM_TRY(lem_sft_stages(&j, err));
    if (lem_job_done(j.job)) st = lem_print_complete(cli, "sft", j.job, err);
    else st = run_stages(&j, err);
done:
    release(&j);
    return st;
}

/* What is known without reading data: a folder's shape, or that of the options with the asked vocabulary. */
static lem_status plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err) {
    lem_sft_job j = {.cli = cli, .args = args};
    const char *dir = lem_args_str(args, "model"), *tok = lem_args_str(args, "tokenizer");
    lem_train_opts o;
    bool bf16 = false;
    lem_status st = lem_train_options_read(args, &o, err);
    if (st) return st;
    o.muon = lem_args_is(args, "optimizer", "muon");
    if (dir && !out->shape) LEM_TRY(lem_model_check(dir, LEM_HEAD_LM, &j.config, err));
    if (dir || out->shape) LEM_TRY(lem_train_plan_config(dir, out, &j.config, &bf16, err));
    if (!dir && tok) LEM_TRY(lem_tokenizer_load(tok, &j.tok, err));
    if (!dir) LEM_TRY(lem_sft_new_config(&j, err));
    LEM_TRY(lem_lora_options_read(args, bf16, &j.config, &o.trainable, err));
    *out = lem_sft_plan(args, &j.config, &o);
done:
    lem_tokenizer_free(j.tok);
    return st;
}

const lem_command lem_cmd_sft = {
    .name = "sft",
    .purpose = "supervised fine-tuning, in one or more stages; builds a small model with --from-scratch",
    .usage = "--data FILE (--model DIR | --from-scratch) --out DIR [options]",
    .example = "lemma sft --from-scratch --layers 4 --width 128 --data rows.jsonl --lr 1e-3 --epochs 2 --out "
               "model\nlemma sft --config stages.yaml "
               "--out model",
    .min_words = 0,
    .max_words = 0,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .shared = lem_train_options + 1, /* its own --lr has no fixed default */
    .n_shared = LEM_N_TRAIN_OPTIONS - 1,
    .run = run,
    .plan = plan,
    .timed = true,
    .budget = "epochs",
    .output = LEM_OUTPUT_DIR,
    .out_required = true,
    .required = "model,from-scratch",
};
