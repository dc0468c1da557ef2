/* score_quality.c - scored rows read back, and their scores held against their labels */
#include "cli/score_quality.h"

#include "core/mem.h"
#include "data/candidate_set.h"
#include "eval/load.h"
#include "eval/quality.h"

#include <string.h>

static lem_status map_of(const char *field, lem_candidates_map **out, lem_err *err) {
    char assignment[300];
    *out = lem_candidates_map_new(err);
    if (!*out) return LEM_EMEM;
    if (!field || strcmp(field, "rm_score") == 0 || strcmp(field, "logprob") == 0) return LEM_OK;
    snprintf(assignment, sizeof assignment, "rm_score=%.250s", field);
    return lem_candidates_map_set(*out, assignment, err);
}

/* Whether the rows say of themselves which candidates are right; grading them here is not our business. */
static lem_status has_labels(lem_cli *cli, const char *out, const lem_candidates_map *map, bool *has,
                             lem_err *err) {
    const lem_candidate_set_opts how = {.cancel = cli->cancel};
    lem_candidate_set *set = NULL;
    bool ours = false;
    lem_status st = lem_candidate_set_open(&out, 1, map, &how, &set, err);
    *has = st == LEM_OK && *lem_candidate_set_correct_by(set, &ours) != '\0';
    lem_candidate_set_close(set);
    return st;
}

static lem_status rate(const lem_eval_data *d, lem_score_quality *q, lem_err *err) {
    lem_eval_quality each[LEM_EVAL_MAX_SCORERS];
    lem_buf text = {0};
    lem_status st = LEM_OK;
    q->scores = lem_json_new_array();
    for (int s = 0; st == LEM_OK && s < d->n_scorers; s++) {
        st = lem_eval_quality_of(d->p, d->n, s, NULL, &each[s], err);
        if (st == LEM_OK && each[s].problems && q->scores &&
            !lem_json_append(q->scores, lem_eval_quality_json(d->scorers[s], &each[s])))
            st = lem_fail(err, LEM_EMEM, "out of memory");
    }
    if (st == LEM_OK) lem_eval_quality_table(d->scorers, each, d->n_scorers, &text);
    if (st == LEM_OK) st = lem_buf_ok(&text, err);
    if (st == LEM_OK && text.len) q->table = lem_buf_take(&text);
    lem_buf_release(&text);
    return st;
}

void lem_score_quality_of(lem_cli *cli, const char *out, const char *field, lem_score_quality *q) {
    const lem_eval_load how = {.limit = -1, .no_votes = true, .cancel = cli->cancel};
    lem_candidates_map *map = NULL;
    lem_eval_data d = {.n = 0};
    lem_err why = LEM_ERR_INIT;
    bool has = false;
    *q = (lem_score_quality){NULL, NULL};
    if (!out || strcmp(out, "-") == 0 || cli->trial) return;
    lem_status st = map_of(field, &map, &why);
    if (st == LEM_OK) st = has_labels(cli, out, map, &has, &why);
    if (st == LEM_OK && has) st = lem_eval_data_load(out, map, &how, &d, &why);
    if (st == LEM_OK && has) st = rate(&d, q, &why);
    if (st != LEM_OK) lem_debug(cli->log, "scores against labels: %s", why.text);
    lem_eval_data_release(&d);
    lem_candidates_map_free(map);
}

void lem_score_quality_say(const lem_score_quality *q, lem_log *log) {
    for (const char *line = q->table; line && *line;) {
        size_t n = strcspn(line, "\n");
        if (n) lem_info(log, "%.*s", (int)n, line);
        line += n + (line[n] == '\n');
    }
}

void lem_score_quality_put(const lem_score_quality *q, lem_object *o) {
    lem_object_json(o, "scores_against_labels", q->scores ? lem_json_share(q->scores) : lem_json_new_array());
}

void lem_score_quality_release(lem_score_quality *q) {
    lem_free(q->table);
    lem_json_free(q->scores);
    *q = (lem_score_quality){NULL, NULL};
}
