/* test_health - a run that diverges ends with exit 4 and keeps its good checkpoints; one that cannot have
 * learned says so; a loss or a gradient that is not finite leaves the weights of the step before; patience
 *
 * The loss is scripted: the objective tells what the test says, and learns labels all the same. */
#include "core/file.h"
#include "core/mem.h"
#include "model/net.h"
#include "support/host.h"
#include "train/process.h"
#include "train/trainer.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS = 4, LEN = 6, MAX_STEPS = 200 };

static lem_err err;
static char dir[64];

static lem_model *make_model(void) {
    lem_model_config c = {.arch = LEM_ARCH_QWEN2,
                          .head = LEM_HEAD_SCALAR,
                          .layers = 1,
                          .width = 16,
                          .ffn = 24,
                          .heads = 2,
                          .kv_heads = 1,
                          .vocab = 40,
                          .max_positions = 64,
                          .init_range = 0.3f,
                          .bos_id = -1,
                          .eos_id = -1,
                          .pad_id = -1};
    lem_model *m = NULL;
    assert_int_equal(lem_model_new(&c, &m, &err), LEM_OK);
    lem_model_init_random(m, 3);
    return m;
}

/* An objective whose loss at step s is loss[s], and whose gradient is times[s] as large. */
typedef struct script {
    lem_objective inner;
    const double *loss, *times;
    int step, stop_at; /* stop_at: the wish to stop comes in that step */
    const double
        *look; /* what the answers of each step are worth; two looks that are no better end the run */
    lem_cancel cancel;
} script;

static int s_rows(void *ctx, uint64_t i) {
    return ((script *)ctx)->inner.rows(((script *)ctx)->inner.ctx, i);
}
static lem_status s_begin(void *ctx, const uint64_t *items, int n, lem_err *e) {
    script *s = ctx;
    return s->inner.begin(s->inner.ctx, items, n, e);
}
static lem_status s_add(void *ctx, uint64_t item, lem_forest *f, lem_targets *t, lem_err *e) {
    script *s = ctx;
    int from = t->n;
    lem_status st = s->inner.add(s->inner.ctx, item, f, t, e);
    for (int i = from; s->times && i < t->n; i++) t->target[i].weight *= s->times[s->step];
    return st;
}
static void s_note(void *ctx, const lem_target *t, int n) {
    script *s = ctx;
    s->inner.note(s->inner.ctx, t, n);
}
static int s_end(void *ctx, lem_train_metric *out) {
    script *s = ctx;
    int n = s->inner.end(s->inner.ctx, out);
    if (s->loss) out[0].value = s->loss[s->step];
    if (++s->step == s->stop_at) s->cancel.requested = 1;
    return n;
}

static lem_status s_answer(void *ctx, const lem_model *m, lem_train_metric *out, int *n, lem_err *e) {
    const script *s = ctx;
    (void)m;
    (void)e;
    out[0] = (lem_train_metric){"accuracy", s->look[s->step - 1]};
    *n = 1;
    return LEM_OK;
}

typedef struct outcome {
    lem_status st;
    long steps;
    char hash[65];
    lem_train_result result;
    lem_buf telemetry;
} outcome;

static outcome train(script *s, long steps, bool checkpoints) {
    uint64_t start[ROWS + 1];
    int32_t ids[ROWS * LEN];
    float label[ROWS * LEN];
    for (int i = 0; i <= ROWS; i++) start[i] = (uint64_t)(i * LEN);
    for (int i = 0; i < ROWS * LEN; i++) {
        ids[i] = i * 7 % 40;
        label[i] = i % LEN == LEN - 1 ? (float)(i % 2) : -1;
    }
    const lem_process_rows rows = {ROWS, start, ids, label};
    const lem_train_opts o = {.lr = 0.001,
                              .beta1 = 0.9,
                              .beta2 = 0.95,
                              .eps = 1e-8,
                              .clip = 1,
                              .schedule = LEM_SCHEDULE_CONSTANT,
                              .max_steps = steps,
                              .batch = ROWS,
                              .max_rows = ROWS * LEN,
                              .checkpoint_every = 1,
                              .checkpoint_dir = checkpoints ? dir : NULL,
                              .answer = s->look ? s_answer : NULL,
                              .answer_ctx = s,
                              .answer_every = 1,
                              .best_by = s->look ? "eval_accuracy" : NULL,
                              .patience = s->look ? 2 : 0,
                              .identity = "x",
                              .stage = "t"};
    outcome out = {0};
    lem_process *p = NULL;
    lem_backend *b = NULL;
    lem_model *m = make_model();
    err = (lem_err)LEM_ERR_INIT;
    assert_int_equal(lem_backend_new(LEM_ISA_GENERIC, NULL, &b, &err), LEM_OK);
    assert_int_equal(lem_process_new(&rows, &p, &err), LEM_OK);
    s->inner = lem_process_objective(p);
    lem_objective obj = {s, ROWS, s_rows, s_begin, s_add, s_note, s_end};
    out.st = lem_train_run(m, b, &obj, NULL, &o, &out.telemetry, NULL, &s->cancel, &out.result, &err);
    lem_model_hash(m, out.hash);
    lem_process_free(p);
    lem_backend_free(b);
    lem_model_free(m);
    return out;
}

static void clear(void) { assert_int_equal(lem_dir_remove(dir, &err), LEM_OK); }

static bool there(long step) {
    char path[128];
    snprintf(path, sizeof path, "%s/step-%08ld", dir, step);
    return lem_file_is_dir(path);
}

static void expect(outcome *o, lem_status st, const char *words) {
    if (o->st != st || !strstr(err.text, words)) fail_msg("status %d: %s", (int)o->st, err.text);
    lem_buf_release(&o->telemetry);
}

/* A loss or a gradient that is not finite: the weights are those of a run that ended before. */
static void not_finite(void **state) {
    (void)state;
    double loss[3] = {1, 1, NAN}, times[3] = {1, 1, INFINITY}, ones[3] = {1, 1, 1};
    script plain = {.loss = NULL}, a = {.loss = loss}, b = {.times = times, .loss = ones};
    outcome two = train(&plain, 2, false), o = train(&a, 3, false);
    assert_int_equal(two.st, LEM_OK);
    assert_string_equal(o.hash, two.hash);
    expect(&o, LEM_ENUMERIC, "step 2: loss is not finite");
    o = train(&b, 3, false);
    assert_string_equal(o.hash, two.hash);
    expect(&o, LEM_ENUMERIC, "step 2: gradient norm is");
    lem_buf_release(&two.telemetry);
}

/* Of 12 steps three in a row end it, of 200 twenty; two, or three with one good between, do not. */
static void loss_beyond(void **state) {
    (void)state;
    double loss[MAX_STEPS];
    for (int i = 0; i < MAX_STEPS; i++) loss[i] = i < 5 ? 2 : 20.1;
    script s = {.loss = loss};
    outcome o = train(&s, 12, true);
    assert_int_equal(s.step, 8);
    expect(&o, LEM_ENUMERIC, "step 8: training has diverged: the loss is 20.1, 2 at the first step");
    assert_true(there(4) && there(5) && !there(6) && !there(7) && !there(8));
    clear();
    s = (script){.loss = loss};
    o = train(&s, 200, false);
    assert_int_equal(s.step, 25);
    expect(&o, LEM_ENUMERIC, "step 25: training has diverged");
    for (int i = 0; i < MAX_STEPS; i++) loss[i] = i < 5 || i % 3 == 0 ? 2 : 20.1;
    s = (script){.loss = loss};
    o = train(&s, 12, false); /* two of the last three */
    expect(&o, LEM_ENUMERIC, "step 12: training has diverged");
    loss[10] = 2;
    s = (script){.loss = loss};
    o = train(&s, 12, false);
    expect(&o, LEM_OK, "");
    for (int i = 0; i < MAX_STEPS; i++) loss[i] = i < 5 ? 2 : 19.9;
    s = (script){.loss = loss};
    o = train(&s, 12, false);
    expect(&o, LEM_OK, "");
    for (int i = 0; i < MAX_STEPS; i++) loss[i] = i < 5 ? 0.001 : 0.9; /* small is no sign */
    s = (script){.loss = loss};
    o = train(&s, 12, false);
    expect(&o, LEM_OK, "");
}

static void norm_beyond(void **state) {
    (void)state;
    double times[MAX_STEPS], loss[MAX_STEPS];
    for (int i = 0; i < MAX_STEPS; i++) times[i] = i < 5 ? 1 : 1e7, loss[i] = 1;
    script s = {.times = times, .loss = loss};
    outcome o = train(&s, 12, false);
    assert_int_equal(s.step, 8);
    expect(&o, LEM_ENUMERIC, "the norm of the gradient is");
}

/* Where it began is remembered: stopped before it diverges, and gone on with, it ends at the same step. */
static void resumed(void **state) {
    (void)state;
    double loss[MAX_STEPS];
    for (int i = 0; i < MAX_STEPS; i++) loss[i] = i < 5 ? 2 : 20.1;
    script s = {.loss = loss, .stop_at = 4};
    outcome o = train(&s, 12, true);
    expect(&o, LEM_EINTR, "interrupted at step 4");
    s = (script){.loss = loss, .step = 4, .stop_at = 7};
    o = train(&s, 12, true);
    expect(&o, LEM_EINTR, "interrupted at step 7");
    assert_true(there(5) && !there(7)); /* in the middle of it nothing is saved */
    s = (script){.loss = loss, .step = 5};
    o = train(&s, 12, true);
    expect(&o, LEM_ENUMERIC, "step 8: training has diverged: the loss is 20.1, 2 at the first step");
    clear();
}

/* A step that is as good as the best is no better; looks that are no better are counted over a run that was
 * cut between them. */
static void patience(void **state) {
    (void)state;
    static const double tie[] = {5, 4, 5, 9, 9, 9}, cut[] = {5, 4, 3, 9, 9, 9};
    script s = {.look = tie};
    outcome o = train(&s, 6, false);
    assert_true(o.result.stopped && o.result.steps == 3);
    expect(&o, LEM_OK, "");
    s = (script){.look = cut, .stop_at = 2};
    o = train(&s, 6, true);
    expect(&o, LEM_EINTR, "interrupted at step 2");
    s = (script){.look = cut, .step = 2};
    o = train(&s, 6, true);
    assert_true(o.result.stopped && o.result.steps == 3);
    expect(&o, LEM_OK, "");
    clear();
}

/* What is said of a run that has ended. */
static const char *doubts(const char *rows, long steps, uint64_t kept, uint64_t all) {
    static char text[512];
    char path[80];
    lem_buf t = {0};
    lem_train_result r = {.steps = steps};
    snprintf(path, sizeof path, "%s.log", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    lem_log *log = lem_log_new(fd, false, 2, &err);
    lem_buf_puts(&t, rows);
    lem_train_doubts("t", &t, &r, kept, all, log);
    lem_log_free(log);
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    close(fd);
    unlink(path);
    lem_buf_release(&t);
    return text;
}

static void telemetry(char *to, size_t size, int steps, double first, double last) {
    size_t n = 0;
    for (int s = 1; s <= steps; s++)
        n += (size_t)snprintf(to + n, size - n,
                              "{\"stage\":\"t\",\"step\":%d,\"grad_norm\":1,\"loss\":%g}\n{\"stage\":\"t\","
                              "\"step\":%d,\"val_loss\":9}\n",
                              s, 2 * s <= steps ? first : last, s);
}

static void may_have_learned_nothing(void **state) {
    (void)state;
    char rows[8192];
    telemetry(rows, sizeof rows, 40, 4.6, 4.0);
    assert_string_equal(doubts(rows, 40, 50, 100), "");
    assert_non_null(
        strstr(doubts(rows, 40, 49, 100), "stage t may have learned nothing; 51 of 100 rows were left out"));
    telemetry(rows, sizeof rows, 40, 4.6, 4.59);
    const char *said = doubts(rows, 40, 100, 100);
    assert_non_null(strstr(said, "may have learned nothing; the loss ended at 4.5900 and began at 4.6000"));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1); /* one line */
    telemetry(rows, sizeof rows, 3, 4.6, 3);
    assert_non_null(strstr(doubts(rows, 3, 100, 100), "may have learned nothing; it was 3 steps\n"));
    telemetry(rows, sizeof rows, 4, 4.6, 3);
    assert_string_equal(doubts(rows, 4, 100, 100), "");
}

int main(void) {
    snprintf(dir, sizeof dir, "/tmp/lemma-health-%ld", (long)getpid());
    const struct CMUnitTest tests[] = {cmocka_unit_test(not_finite),
                                       cmocka_unit_test(loss_beyond),
                                       cmocka_unit_test(norm_beyond),
                                       cmocka_unit_test(resumed),
                                       cmocka_unit_test(may_have_learned_nothing),
                                       cmocka_unit_test(patience)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    return lem_dir_remove(dir, NULL) == LEM_OK ? rc : 1;
}
