/* score_input.c - rows to be scored, under our names */
#include "cli/score_input.h"

#include "cli/candidate_options.h"

lem_status lem_score_input_open(const lem_cli *cli, const lem_args *args, const lem_row_judge *judge,
                                lem_score_input *out, lem_err *err) {
    *out = (lem_score_input){NULL};
    return lem_candidate_options_open(cli, args, args->words, args->n_words, judge, &out->set, err);
}

/* What rows call otherwise, under our names: scores are of `problem` and `completions`. */
static lem_status put_ours(lem_score_input *in, lem_json *row, lem_err *err) {
    const lem_candidates_map *map = lem_candidate_set_map(in->set);
    if (!lem_candidates_map_is_ours(map)) {
        lem_status st = lem_candidates_read(map, row, &in->scratch, err);
        if (st == LEM_OK) st = lem_candidates_put(&in->scratch, true, row, err);
        if (st) return st;
    }
    if (lem_json_kind(lem_json_get(row, "problem")) == LEM_JSON_STRING &&
        lem_json_kind(lem_json_get(row, "completions")) == LEM_JSON_ARRAY)
        return LEM_OK;
    return lem_fail(err, LEM_EDATA, "a candidate row needs 'problem' (text) and 'completions' (list)");
}

lem_status lem_score_input_next(lem_score_input *in, const bad_rows *bad, lem_json **row, lem_err *err) {
    lem_status st = lem_candidate_set_next(in->set, row, err);
    in->end = st == LEM_OK && !*row;
    if (st != LEM_OK || !*row) return st;
    in->file = lem_candidate_set_file(in->set);
    in->line = lem_candidate_set_number(in->set);
    st = put_ours(in, *row, err);
    if (st == LEM_OK) return LEM_OK;
    lem_json_free(*row);
    *row = NULL;
    st = lem_bad_rows_pass(bad, in->file, in->line, st, err);
    return st ? lem_err_context(err, "%s:%llu", in->file, (unsigned long long)in->line) : LEM_OK;
}

void lem_score_input_close(lem_score_input *in) {
    lem_candidate_set_close(in->set);
    lem_candidates_release(&in->scratch);
    *in = (lem_score_input){NULL};
}
