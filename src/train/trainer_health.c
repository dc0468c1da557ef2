/* trainer_health.c - whether a run has diverged, and whether it can have learned anything */
#include "train/trainer_priv.h"

#include <math.h>
#include <string.h>

/* A loss of a batch may well be ten times that of the first where both are small: below this it is no sign.
 */
static const double LEAST_LOSS = 1, LEAST_NORM = 1e4;
enum { LOSS_TIMES = 10, NORM_TIMES = 1000, MOST_STEPS = 20, FEW_STEPS = 3, MOST_AVERAGED = 10 };

/* Steps in a row that end a run. */
static long too_many(const run *r) {
    long quarter = (r->steps + 3) / 4;
    return quarter < MOST_STEPS ? quarter : MOST_STEPS;
}

bool lem_run_is_ill(const run *r) { return r->health.loss_bad > 0 || r->health.norm_bad > 0; }

static lem_status diverged(const run *r, const char *what, double now, double first, lem_err *err) {
    return lem_fail(
        err, LEM_ENUMERIC,
        "stage %s, step %ld: training has diverged: %s %.6g, %.6g at the first step; any checkpoint from "
        "before that is kept; lower --lr",
        r->o->stage, r->done, what, now, first);
}

lem_status lem_run_health(run *r, double loss, double norm, lem_err *err) {
    lem_health *h = &r->health;
    long most = too_many(r);
    if (isnan(h->loss)) {
        h->loss = loss;
        h->norm = norm;
    }
    bool bad = loss > fmax(LOSS_TIMES * h->loss, LEAST_LOSS);
    h->loss_bad = bad ? h->loss_bad + 1 : 0;
    h->norm_bad = norm > fmax(NORM_TIMES * h->norm, LEAST_NORM) ? h->norm_bad + 1 : 0;
    h->late += bad && r->done > r->steps - most;
    bool ends_so = r->done == r->steps && 2 * h->late > most;
    if (h->loss_bad >= most || ends_so) return diverged(r, "the loss is", loss, h->loss, err);
    if (h->norm_bad >= most) return diverged(r, "the norm of the gradient is", norm, h->norm, err);
    return LEM_OK;
}

/* Mean loss of the first and of the last steps of a run, as its telemetry has them. */
typedef struct ends {
    double first, last;
    long steps;
} ends;

static double loss_of(const char *line, size_t n, const char *stage, long *step) {
    lem_json *row = NULL;
    double loss = NAN;
    if (lem_json_parse(line, n, &row, NULL) != LEM_OK) return NAN;
    bool ours =
        strcmp(lem_json_str(lem_json_get(row, "stage"), ""), stage) == 0 && lem_json_get(row, "grad_norm");
    if (ours) loss = lem_json_num(lem_json_get(row, "loss"), NAN);
    *step = (long)lem_json_int(lem_json_get(row, "step"), 0);
    lem_json_free(row);
    return loss;
}

static ends ends_of(const lem_buf *telemetry, const char *stage, long steps) {
    long few = steps / 4 < MOST_AVERAGED ? (steps + 3) / 4 : MOST_AVERAGED, n[2] = {0, 0};
    double sum[2] = {0, 0};
    const char *at = lem_buf_str(telemetry), *end;
    for (; (end = strchr(at, '\n')); at = end + 1) {
        long step = 0;
        double loss = loss_of(at, (size_t)(end - at), stage, &step);
        for (int last = 0; last < 2 && !isnan(loss); last++) {
            if (last ? step <= steps - few : step > few) continue;
            sum[last] += loss;
            n[last]++;
        }
    }
    return (ends){sum[0] / (double)n[0], sum[1] / (double)n[1], steps};
}

void lem_train_doubts(const char *stage, const lem_buf *telemetry, const lem_train_result *result,
                      uint64_t kept, uint64_t rows, lem_log *log) {
    lem_buf why = {0};
    ends e = ends_of(telemetry, stage, result->steps);
    bool same = e.first > 0 && e.last >= 0.99 * e.first;
    if (result->steps <= FEW_STEPS)
        lem_buf_printf(&why, "; it was %ld step%s", result->steps, result->steps == 1 ? "" : "s");
    if (2 * kept < rows)
        lem_buf_printf(&why, "; %llu of %llu rows were left out", (unsigned long long)(rows - kept),
                       (unsigned long long)rows);
    if (same) lem_buf_printf(&why, "; the loss ended at %.4f and began at %.4f", e.last, e.first);
    if (why.len) lem_warn(log, "stage %s may have learned nothing%s", stage, lem_buf_str(&why));
    lem_buf_release(&why);
}
