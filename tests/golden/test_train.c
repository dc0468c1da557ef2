/* test_train - the training loop: nothing that must not matter changes a byte; a resumed run equals an
 * uninterrupted one */
#include "core/file.h"
#include "core/mem.h"
#include "support/host.h"
#include "core/rng.h"
#include "train/orm.h"
#include "train/sft.h"
#include "train/trainer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static lem_model *tiny(lem_head head) {
    lem_model_config c = {.arch = LEM_ARCH_QWEN2,
                          .head = head,
                          .layers = 2,
                          .width = 32,
                          .ffn = 64,
                          .heads = 4,
                          .kv_heads = 2,
                          .vocab = 48,
                          .max_positions = 128,
                          .tied = true,
                          .qkv_bias = true,
                          .bos_id = -1,
                          .eos_id = -1,
                          .pad_id = -1};
    lem_err err = LEM_ERR_INIT;
    lem_model *m = NULL;
    assert_int_equal(lem_model_config_check(&c, &err), LEM_OK);
    assert_int_equal(lem_model_new(&c, &m, &err), LEM_OK);
    lem_model_init_random(m, 3);
    return m;
}

static lem_examples examples(void) {
    lem_examples e = {0};
    lem_err err = LEM_ERR_INIT;
    lem_rng r = lem_rng_make(5, "examples", 0);
    for (int i = 0; i < 40; i++) {
        int32_t ids[40];
        uint8_t mask[40];
        int n = 4 + (int)lem_rng_next_below(&r, 36);
        for (int t = 0; t < n; t++) {
            ids[t] = (int32_t)lem_rng_next_below(&r, 48);
            mask[t] = t >= n / 2;
        }
        assert_int_equal(lem_examples_add(&e, ids, mask, (size_t)n, &err), LEM_OK);
    }
    return e;
}

static lem_lists lists(void) {
    lem_lists l = {0};
    lem_rng r = lem_rng_make(6, "lists", 0);
    l.cap_ids = 40000;
    l.ids = calloc(l.cap_ids, sizeof *l.ids);
    l.list = calloc(20, sizeof *l.list);
    l.response = calloc(120, sizeof *l.response);
    assert_true(l.ids && l.list && l.response);
    for (int i = 0; i < 20; i++) {
        l.list[i].at = l.n_ids;
        l.list[i].prompt = 3 + (int)lem_rng_next_below(&r, 20);
        l.list[i].first = (int)l.n_responses;
        l.list[i].n = 6;
        l.n_ids += (uint64_t)l.list[i].prompt;
        for (int k = 0; k < 6; k++) {
            int len = 2 + (int)lem_rng_next_below(&r, 30);
            l.response[l.n_responses].at = l.n_ids;
            l.response[l.n_responses].len = len;
            l.response[l.n_responses].weight = 1;
            l.response[l.n_responses++].label = (uint8_t)(k < 1 + i % 5);
            l.n_ids += (uint64_t)len;
        }
        l.n++;
    }
    for (uint64_t i = 0; i < l.n_ids; i++) l.ids[i] = (int32_t)lem_rng_next_below(&r, 48);
    return l;
}

typedef struct setting {
    lem_isa isa;
    int threads, max_rows;
    const char *checkpoints;
    int stop_at; /* cancel after so many steps; 0 = never */
    int steps;   /* 0 = 12 */
    int frozen;  /* layers, with the embedding */
    int slots;   /* of the gradient; 0 = 1 */
    const char *best_by, *best_dir;
    bool muon, first, answers;
    int64_t tokens; /* of a batch; 0 = 7 items */
    int patience;
    const double *script; /* what the answers of each look are */
    bool bf16;            /* products of bf16 */
} setting;

/* Cancels through the objective: the counting wrapper sets the flag once stop_at batches have begun. */
typedef struct counting {
    lem_objective inner;
    lem_cancel *cancel;
    int begun, stop_at;
} counting;
static int c_rows(void *ctx, uint64_t i) {
    counting *c = ctx;
    return c->inner.rows(c->inner.ctx, i);
}
static lem_status c_begin(void *ctx, const uint64_t *items, int n, lem_err *err) {
    counting *c = ctx;
    if (c->stop_at && ++c->begun == c->stop_at) c->cancel->requested = 1;
    return c->inner.begin(c->inner.ctx, items, n, err);
}
static lem_status c_add(void *ctx, uint64_t item, lem_forest *f, lem_targets *t, lem_err *err) {
    counting *c = ctx;
    return c->inner.add(c->inner.ctx, item, f, t, err);
}
static void c_note(void *ctx, const lem_target *t, int n) {
    counting *c = ctx;
    c->inner.note(c->inner.ctx, t, n);
}
static void c_members(void *ctx, uint64_t item, int n, const double *score, double *grad) {
    counting *c = ctx;
    c->inner.members(c->inner.ctx, item, n, score, grad);
}
static int c_end(void *ctx, lem_train_metric *out) {
    counting *c = ctx;
    return c->inner.end(c->inner.ctx, out);
}

/* In place of graded answers: something that depends on the parameters alone. */
static lem_status answer(void *ctx, const lem_model *m, lem_train_metric *out, int *n_out, lem_err *err) {
    (void)ctx;
    (void)err;
    double sum = 0;
    for (size_t i = 0; i < m->n_params; i++) sum += (double)m->params[i] * (double)(i % 3);
    out[0] = (lem_train_metric){"accuracy", sum};
    *n_out = 1;
    return LEM_OK;
}

static lem_status scripted(void *ctx, const lem_model *m, lem_train_metric *out, int *n_out, lem_err *err) {
    const double **next = ctx;
    (void)m;
    (void)err;
    out[0] = (lem_train_metric){"accuracy", *(*next)++};
    *n_out = 1;
    return LEM_OK;
}

/* Trains; returns the weights' hash and the telemetry. */
static lem_status train_for(const setting *s, bool ranking, char hash[65], lem_buf *telemetry,
                            lem_train_result *res) {
    lem_err err = LEM_ERR_INIT;
    lem_pool *pool = lem_pool_new(s->threads, &err);
    lem_backend *b = NULL;
    assert_int_equal(far_or_plain(s->isa, pool, &b, &err), LEM_OK);
    b->compute = s->bf16 ? LEM_COMPUTE_BF16 : LEM_COMPUTE_F32;
    lem_model *m = tiny(ranking ? LEM_HEAD_SCALAR : LEM_HEAD_LM);
    lem_examples e = examples();
    lem_lists l = lists();
    lem_sft *sft = NULL;
    lem_orm *rank = NULL;
    lem_orm_opts ro = {{LEM_RANKING_BT, 0, 0.01, false}, 0.1, 0.5, true};
    assert_int_equal(lem_sft_new(&e, &sft, &err), LEM_OK);
    assert_int_equal(lem_orm_new(&l, &ro, &rank, &err), LEM_OK);
    lem_cancel cancel = {0};
    counting c = {ranking ? lem_orm_objective(rank) : lem_sft_objective(sft), &cancel, 0, s->stop_at};
    lem_objective obj = {&c, c.inner.n_items, c_rows, c_begin, c_add, c_note, c_end, c_members};
    lem_train_opts o = {.lr = 2e-2,
                        .warmup_ratio = 0.2,
                        .weight_decay = 0.1,
                        .beta1 = 0.9,
                        .beta2 = 0.95,
                        .eps = 1e-8,
                        .clip = 1,
                        .epochs = 1,
                        .max_steps = s->steps ? s->steps : 12,
                        .batch = 7,
                        .max_rows = s->max_rows,
                        .checkpoint_every = s->checkpoints ? 3 : 0,
                        .trainable = {.frozen_layers = s->frozen, .bf16 = s->bf16},
                        .grad_slots = s->slots,
                        .seed = 1,
                        .stage = "t",
                        .checkpoint_dir = s->checkpoints,
                        .val_every = s->best_by != NULL,
                        .best_by = s->best_by,
                        .best_dir = s->best_dir,
                        .muon = s->muon,
                        .look_first = s->first,
                        .answer = s->answers ? answer : NULL,
                        .answer_every = 2,
                        .batch_tokens = s->tokens,
                        .patience = s->patience,
                        .identity = "x"};
    const double *script = s->script;
    if (script) {
        o.answer = scripted;
        o.answer_ctx = &script;
        o.answer_every = 1;
    }
    lem_orm *val = NULL;
    ro = (lem_orm_opts){.list = {.full_metrics = true}};
    assert_int_equal(lem_orm_new(&l, &ro, &val, &err), LEM_OK);
    lem_objective vobj = lem_orm_objective(val);
    lem_status st =
        lem_train_run(m, b, &obj, s->best_by ? &vobj : NULL, &o, telemetry, NULL, &cancel, res, &err);
    lem_model_hash(m, hash);
    lem_orm_free(val);
    lem_sft_free(sft);
    lem_orm_free(rank);
    lem_examples_release(&e);
    lem_lists_release(&l);
    lem_model_free(m);
    far_or_plain_free(b);
    lem_pool_free(pool);
    return st;
}

static lem_status train(const setting *s, bool ranking, char hash[65], lem_buf *telemetry) {
    lem_train_result ignored;
    return train_for(s, ranking, hash, telemetry, &ignored);
}

static const lem_isa isas[] = {LEM_ISA_GENERIC, LEM_ISA_AVX2, LEM_ISA_AVX512, LEM_ISA_AVX512BF16};

static void nothing_matters_with(int slots) {
    for (int r = 0; r < 2; r++)
        for (int i = 0; i < 3; i++) {
            if (!lem_isa_supported(isas[i])) continue;
            setting base = {isas[i], 1, 4096, NULL, 0, 0, 0, slots};
            char want[65], got[65];
            lem_buf tw = {0}, tg = {0};
            assert_int_equal(train(&base, r, want, &tw), LEM_OK);
            const setting others[] = {{isas[i], 2, 4096, NULL, 0, 0, 0, slots},
                                      {isas[i], 4, 4096, NULL, 0, 0, 0, slots},
                                      {isas[i], 1, 220, NULL, 0, 0, 0, slots},
                                      {isas[i], 2, 311, NULL, 0, 0, 0, slots}};
            for (int k = 0; k < 4; k++) {
                lem_buf_clear(&tg);
                assert_int_equal(train(&others[k], r, got, &tg), LEM_OK);
                assert_string_equal(lem_buf_str(&tg), lem_buf_str(&tw));
                assert_string_equal(got, want);
            }
            lem_buf_release(&tw);
            lem_buf_release(&tg);
        }
}

static void nothing_matters(void **state) {
    (void)state;
    nothing_matters_with(1);
    nothing_matters_with(8);
}

/* Products of bf16: the same for all threads and forests, and another result than that of fp32. What is not a
 * product differs between paths, so the paths' results do. */
static void nothing_matters_in_bf16(void **state) {
    (void)state;
    for (int r = 0; r < 4; r++)
        for (int i = 0; i < 3; i++) {
            if (!lem_isa_supported(isas[i])) continue;
            const int frozen = r / 2, slots = r == 1 ? 8 : 1;
            char want[65], got[65];
            lem_buf tw = {0}, tg = {0};
            const setting in_f32 = {isas[i], 1, 4096, NULL, 0, 0, frozen, slots};
            const struct {
                int threads, rows;
            } ways[] = {{1, 4096}, {2, 4096}, {4, 4096}, {1, 220}, {2, 311}};
            for (int k = 0; k < 5; k++) {
                setting s = {isas[i], ways[k].threads, ways[k].rows, NULL, 0, 0, frozen, slots, .bf16 = true};
                lem_buf_clear(&tg);
                char *hash = k ? got : want;
                assert_int_equal(train(&s, r % 2, hash, k ? &tg : &tw), LEM_OK);
                if (k == 0) continue;
                assert_string_equal(lem_buf_str(&tg), lem_buf_str(&tw));
                assert_string_equal(got, want);
            }
            assert_int_equal(train(&in_f32, r % 2, got, &tg), LEM_OK);
            assert_string_not_equal(got, want);
            lem_buf_release(&tw);
            lem_buf_release(&tg);
        }
}

/* The number of slots does matter: it is another order of summation. */
static void slots_matter(void **state) {
    (void)state;
    char hash[3][65];
    lem_buf t = {0};
    for (int i = 0; i < 3; i++) {
        setting s = {LEM_ISA_GENERIC, 1, 4096, NULL, 0, 0, 0, i < 2 ? i : 8};
        assert_int_equal(train(&s, false, hash[i], &t), LEM_OK);
    }
    assert_string_equal(hash[0], hash[1]);
    assert_string_not_equal(hash[1], hash[2]);
    lem_buf_release(&t);
}

/* What all files of the newest checkpoint take, less the manifest. */
static uint64_t checkpoint_bytes(const char *root) {
    static const char *const names[] = {"params.f32", "adam-m.f32", "adam-v.f32"};
    lem_err err = LEM_ERR_INIT;
    uint64_t sum = 0, size;
    for (int i = 0; i < 3; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/step-00000012/%s", root, names[i]);
        assert_int_equal(lem_file_size(path, &size, &err), LEM_OK);
        sum += size;
    }
    return sum;
}

/* r & 1: ranking, r & 2: the embedding and the lower of two layers do not learn, r & 4: eight slots */
static void resume(void **state) {
    (void)state;
    uint64_t bytes[8] = {0};
    for (int r = 0; r < 8; r++)
        for (int stop = 1; stop < 12; stop += 2) {
            char dir[] = "/tmp/lemma-train-XXXXXX", want[65], got[65];
            assert_non_null(mkdtemp(dir));
            lem_buf tw = {0}, tg = {0};
            lem_err err = LEM_ERR_INIT;
            setting whole = {LEM_ISA_GENERIC, 1, 4096, NULL, 0, 0, r / 2 % 2, r & 4 ? 8 : 1},
                    cut = {LEM_ISA_GENERIC, 2, 311, dir, stop, 0, r / 2 % 2, r & 4 ? 8 : 1},
                    rest = {LEM_ISA_GENERIC, 1, 220, dir, 0, 0, r / 2 % 2, r & 4 ? 8 : 1};
            assert_int_equal(train(&whole, r & 1, want, &tw), LEM_OK);
            assert_int_equal(train(&cut, r & 1, got, &tg), LEM_EINTR);
            lem_buf_clear(&tg);
            assert_int_equal(train(&rest, r & 1, got, &tg), LEM_OK);
            bytes[r] = checkpoint_bytes(dir);
            assert_string_equal(got, want);
            assert_string_equal(lem_buf_str(&tg), lem_buf_str(&tw));
            assert_int_equal(lem_dir_remove(dir, &err), LEM_OK);
            lem_buf_release(&tw);
            lem_buf_release(&tg);
        }
    lem_model *m = tiny(LEM_HEAD_LM);
    const lem_trainable t = {.frozen_layers = 1};
    assert_int_equal(bytes[0], 3 * sizeof(float) * m->n_params);
    assert_int_equal(bytes[2],
                     3 * sizeof(float) * lem_trainable_params(&t, &m->config)); /* no padding here */
    assert_true(bytes[3] < bytes[1]);
    lem_model_free(m);
}

/* A checkpoint that is whole, but of all parameters (which is what runs that freeze used to write), is not
 * passed over in silence. */
static void other_sizes_are_refused(void **state) {
    (void)state;
    char dir[] = "/tmp/lemma-train-XXXXXX", hash[65];
    assert_non_null(mkdtemp(dir));
    lem_buf t = {0};
    lem_err err = LEM_ERR_INIT;
    setting all = {LEM_ISA_GENERIC, 1, 4096, dir, 0, 3, 0, 0},
            part = {LEM_ISA_GENERIC, 1, 4096, dir, 0, 0, 1, 0};
    assert_int_equal(train(&all, false, hash, &t), LEM_OK);
    assert_int_equal(train(&part, false, hash, &t), LEM_EUSAGE);
    assert_int_equal(lem_dir_remove(dir, &err), LEM_OK);
    lem_buf_release(&t);
}

/* The step of the best validation, and its value, from the telemetry rows. */
static long best_row(const char *rows, const char *name, bool low, double *value) {
    char key[40];
    long best = 0, step = 0;
    snprintf(key, sizeof key, "\"val_%s\":", name);
    for (const char *p = rows; (p = strstr(p, key)); p++) {
        double v = strtod(p + strlen(key), NULL);
        step++;
        if (best && (low ? v >= *value : v <= *value)) continue;
        best = step;
        *value = v;
    }
    return best;
}

/* With the best step kept, what comes back are the parameters of the best validation; cut at any step, by
 * other sizes of passes, the same bytes. */
static void keeps_the_best(void **state) {
    (void)state;
    static const char *const by[] = {"accuracy", "loss"};
    lem_err err = LEM_ERR_INIT;
    for (int k = 0; k < 2; k++)
        for (int stop = 0; stop < 12; stop += 3) {
            char dir[] = "/tmp/lemma-train-XXXXXX", best[64], other[64], want[65], got[65];
            assert_non_null(mkdtemp(dir));
            snprintf(best, sizeof best, "%s/best", dir);
            snprintf(other, sizeof other, "%s/other", dir);
            lem_buf tw = {0}, tg = {0};
            lem_train_result res, cut;
            double value = 0;
            setting whole = {LEM_ISA_GENERIC, 1, 4096, NULL, 0, 0, 0, 1, by[k], other},
                    part = {LEM_ISA_GENERIC, 1, 311, dir, stop, 0, 0, 1, by[k], best},
                    rest = {LEM_ISA_GENERIC, 1, 220, dir, 0, 0, 0, 1, by[k], best};
            assert_int_equal(train_for(&whole, true, want, &tw, &res), LEM_OK);
            assert_int_equal(best_row(lem_buf_str(&tw), by[k], k == 1, &value), res.kept_step);
            assert_true(res.kept_step < 12); /* else the test shows little */
            assert_float_equal(res.val[k == 0], value, 0);
            assert_string_equal(res.val_name[k == 0], by[k]);
            assert_int_equal(train_for(&part, true, got, &tg, &cut), stop ? LEM_EINTR : LEM_OK);
            lem_buf_clear(&tg);
            assert_int_equal(train_for(&rest, true, got, &tg, &cut), LEM_OK);
            assert_string_equal(got, want);
            assert_string_equal(lem_buf_str(&tg), lem_buf_str(&tw));
            assert_int_equal(cut.kept_step, res.kept_step);
            assert_float_equal(cut.val[k == 0], value, 0);
            assert_int_equal(lem_dir_remove(dir, &err), LEM_OK);
            lem_buf_release(&tw);
            lem_buf_release(&tg);
        }
    setting none = {LEM_ISA_GENERIC, 1, 4096, NULL, 0, 2, 0, 1, "ece", "/tmp/lemma-none"};
    char hash[65];
    lem_buf t = {0};
    lem_train_result res;
    assert_int_equal(train_for(&none, true, hash, &t, &res), LEM_EUSAGE); /* bt has no probability */
    lem_buf_release(&t);
}

/* Muon, batches by tokens, a look before the first step, answers as a metric, patience: cut at any step, by
 * other sizes of passes and other threads, the same bytes. */
static void all_else_resumes(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    setting all[] = {{.muon = true},
                     {.tokens = 150, .first = true, .best_by = "loss"},
                     {.answers = true, .best_by = "eval_accuracy", .first = true},
                     {.muon = true, .best_by = "loss", .patience = 2, .first = true, .steps = 40}};
    for (int k = 0; k < 4; k++)
        for (int stop = 1; stop < 12; stop += 2) {
            char dir[] = "/tmp/lemma-train-XXXXXX", best[64], want[65], got[65];
            assert_non_null(mkdtemp(dir));
            snprintf(best, sizeof best, "%s/best", dir);
            lem_buf tw = {0}, tg = {0};
            lem_train_result whole, part;
            setting s = all[k];
            s.isa = LEM_ISA_GENERIC;
            s.threads = 1;
            s.max_rows = 4096;
            s.best_dir = s.best_by ? best : NULL;
            assert_int_equal(train_for(&s, k != 0, want, &tw, &whole), LEM_OK);
            assert_int_equal(lem_dir_remove(best, &err), LEM_OK);
            s.checkpoints = dir;
            s.threads = 2;
            s.max_rows = 311;
            s.stop_at = stop;
            lem_status cut = train_for(&s, k != 0, got, &tg, &part);
            assert_true(cut == LEM_EINTR || (cut == LEM_OK && whole.steps <= stop));
            lem_buf_clear(&tg);
            s.stop_at = 0;
            assert_int_equal(train_for(&s, k != 0, got, &tg, &part), LEM_OK);
            assert_string_equal(got, want);
            assert_string_equal(lem_buf_str(&tg), lem_buf_str(&tw));
            assert_int_equal(part.kept_step, whole.kept_step);
            assert_int_equal(part.steps, whole.steps);
            assert_true(part.stopped == whole.stopped && part.first_val == whole.first_val);
            assert_int_equal(lem_dir_remove(dir, &err), LEM_OK);
            lem_buf_release(&tw);
            lem_buf_release(&tg);
        }
}

/* The run ends with the second look in a row that is not better, and not before. */
static void patience_ends_it(void **state) {
    (void)state;
    char hash[65];
    lem_buf t = {0};
    lem_train_result res;
    setting s = {.isa = LEM_ISA_GENERIC,
                 .threads = 1,
                 .max_rows = 4096,
                 .steps = 60,
                 .best_by = "loss",
                 .patience = 2,
                 .first = true};
    assert_int_equal(train_for(&s, true, hash, &t, &res), LEM_OK);
    assert_true(res.stopped && res.steps < 60 && res.kept_step == res.steps);
    const char *key = "\"val_loss\":", *p = strstr(lem_buf_str(&t), key);
    assert_non_null(p);
    assert_float_equal(strtod(p + strlen(key), NULL), res.first_val, 0);
    assert_non_null(strstr(lem_buf_str(&t), "\"step\":0"));
    double best = INFINITY;
    int worse = 0;
    long looks = 0;
    while ((p = strstr(p + 1, key))) {
        double v = strtod(p + strlen(key), NULL);
        assert_true(worse < 2);
        worse = v < best ? 0 : worse + 1;
        if (v < best) best = v;
        looks++;
    }
    assert_int_equal(worse, 2);
    assert_int_equal(looks, res.steps);
    lem_buf_release(&t);
}

/* Looks that are no better count only in a row; a tie is no better; a look before the first step counts for
 * nothing. */
static void patience_begins_anew(void **state) {
    (void)state;
    static const double looks[] = {9, 5, 4, 6, 6, 7, 6, 7, 0, 0};
    char hash[65], dir[] = "/tmp/lemma-train-XXXXXX";
    lem_err err = LEM_ERR_INIT;
    lem_buf t = {0};
    lem_train_result res;
    assert_non_null(mkdtemp(dir));
    setting s = {.isa = LEM_ISA_GENERIC,
                 .threads = 1,
                 .max_rows = 4096,
                 .steps = 9,
                 .best_by = "eval_accuracy",
                 .best_dir = dir,
                 .patience = 2,
                 .first = true,
                 .script = looks};
    assert_int_equal(train_for(&s, true, hash, &t, &res), LEM_OK);
    assert_true(res.stopped);
    assert_int_equal(res.steps, 7);
    assert_int_equal(res.kept_step, 5);
    lem_buf_release(&t);
    assert_int_equal(lem_dir_remove(dir, &err), LEM_OK);
}

/* A model can learn these few rows by heart: the loss must fall a long way. */
static void learns(void **state) {
    (void)state;
    for (int r = 0; r < 2; r++) {
        setting s = {LEM_ISA_AUTO, 1, 4096, NULL, 0, 80, 0, 0};
        char hash[65];
        lem_buf t = {0};
        assert_int_equal(train(&s, r, hash, &t), LEM_OK);
        const char *first = strstr(lem_buf_str(&t), "\"loss\":"), *last = first;
        for (const char *p = first; p; p = strstr(p + 1, "\"loss\":")) last = p;
        assert_non_null(first);
        assert_true(atof(last + 7) < 0.5 * atof(first + 7));
        lem_buf_release(&t);
    }
}

/* Layers put on top change nothing at first; with the body frozen, training leaves it alone, bit for bit:
 * weight decay and the gradient of the tied head, too. */
static void grown_and_frozen(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_backend *b = NULL;
    lem_model *m = tiny(LEM_HEAD_SCALAR), *g = NULL;
    lem_lists l = lists();
    lem_orm *rank = NULL;
    lem_orm_opts ro = {.list = {.kind = LEM_RANKING_BT}, .value_weight = 1, .lm_weight = 0.5};
    assert_int_equal(far_or_plain(LEM_ISA_GENERIC, NULL, &b, &err), LEM_OK);
    assert_int_equal(lem_model_with_layers(m, 2, 9, &g, &err), LEM_OK);
    assert_int_equal(g->config.layers, m->config.layers + 2);
    lem_net *nm = NULL, *ng = NULL;
    lem_forest f = {0};
    assert_int_equal(lem_net_new(m, b, 64, false, &nm, &err), LEM_OK);
    assert_int_equal(lem_net_new(g, b, 64, false, &ng, &err), LEM_OK);
    assert_int_equal(lem_forest_add(&f, -1, l.ids, 20, NULL, &err), LEM_OK);
    assert_int_equal(lem_net_forward(nm, &f, &err), LEM_OK);
    assert_int_equal(lem_net_forward(ng, &f, &err), LEM_OK);
    assert_true(host_same_there(b, lem_net_hidden(nm), lem_net_hidden(ng), 20 * 32 * sizeof(float)));
    lem_net_free(nm);
    lem_net_free(ng);
    assert_int_equal(lem_orm_new(&l, &ro, &rank, &err), LEM_OK);
    lem_objective obj = lem_orm_objective(rank);
    lem_train_opts o = {.lr = 1e-2,
                        .beta1 = 0.9,
                        .beta2 = 0.95,
                        .eps = 1e-8,
                        .weight_decay = 0.1,
                        .clip = 1,
                        .max_steps = 50,
                        .batch = 4,
                        .max_rows = 4096,
                        .trainable = {.frozen_layers = 2},
                        .seed = 1,
                        .stage = "t",
                        .identity = "x"};
    lem_buf t = {0};
    lem_train_result res;
    assert_int_equal(lem_train_run(g, b, &obj, NULL, &o, &t, NULL, NULL, &res, &err), LEM_OK);
    int changed = 0;
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *w = &m->tensors[i], *v = NULL;
        for (int k = 0; k < g->n_tensors; k++)
            if (strcmp(g->tensors[k].name, w->name) == 0) v = &g->tensors[k];
        assert_non_null(v);
        bool same = memcmp(m->params + w->offset, g->params + v->offset, w->count * sizeof(float)) == 0;
        bool above = strcmp(w->name, "model.norm.weight") == 0 || strcmp(w->name, "score.weight") == 0;
        if (!above && !same) fail_msg("%s changed", w->name);
        changed += above && !same;
    }
    assert_int_equal(changed, 2);
    lem_buf_release(&t);
    lem_orm_free(rank);
    lem_lists_release(&l);
    lem_forest_release(&f);
    lem_model_free(m);
    lem_model_free(g);
    far_or_plain_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_matters),
                                       cmocka_unit_test(nothing_matters_in_bf16),
                                       cmocka_unit_test(slots_matter),
                                       cmocka_unit_test(resume),
                                       cmocka_unit_test(other_sizes_are_refused),
                                       cmocka_unit_test(keeps_the_best),
                                       cmocka_unit_test(learns),
                                       cmocka_unit_test(grown_and_frozen),
                                       cmocka_unit_test(all_else_resumes),
                                       cmocka_unit_test(patience_ends_it),
                                       cmocka_unit_test(patience_begins_anew)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
