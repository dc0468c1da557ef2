/* candidate_options.c - --map and --filter: names of fields, named maps, maps in files */
#include "cli/candidate_options.h"

#include <stdlib.h>
#include <string.h>

static bool is_file(const char *item) {
    size_t n = strlen(item);
    return !strchr(item, '=') &&
           ((n > 5 && strcmp(item + n - 5, ".yaml") == 0) || (n > 4 && strcmp(item + n - 4, ".yml") == 0));
}

static lem_status add_file(lem_candidates_map *m, const char *path, lem_err *err) {
    lem_json *j = NULL;
    lem_status st = lem_yaml_load(path, &j, err);
    if (st == LEM_OK) st = lem_candidates_map_define(m, j, path, err);
    lem_json_free(j);
    return st;
}

lem_status lem_candidate_options_map(const lem_args *args, lem_candidates_map **out, lem_err *err) {
    const lem_json *list = lem_args_tree(args, "map");
    lem_candidates_map *m = lem_candidates_map_new(err);
    lem_status st = m ? LEM_OK : LEM_EMEM;
    for (size_t k = 0; st == LEM_OK && k < lem_json_count(list); k++) {
        const char *item = lem_json_str(lem_json_at(list, k), "");
        st = is_file(item) ? add_file(m, item, err) : lem_candidates_map_set(m, item, err);
    }
    if (st == LEM_OK) *out = m;
    else lem_candidates_map_free(m);
    return st;
}

lem_status lem_candidate_options_inputs(const lem_args *args, lem_job_input in[LEM_CANDIDATE_MAX_FILES],
                                        int *n, lem_err *err) {
    const lem_json *list = lem_args_tree(args, "map");
    *n = 0;
    for (size_t k = 0; k < lem_json_count(list); k++) {
        const char *item = lem_json_str(lem_json_at(list, k), "");
        if (!is_file(item)) continue;
        if (*n == LEM_CANDIDATE_MAX_FILES)
            return lem_fail(err, LEM_EUSAGE, "--map: at most %d files", LEM_CANDIDATE_MAX_FILES);
        in[(*n)++] = (lem_job_input){"map", item};
    }
    return LEM_OK;
}

lem_status lem_candidate_options_open(const lem_cli *cli, const lem_args *args, const char *const *paths,
                                      int n, const lem_row_judge *judge, lem_candidate_set **out,
                                      lem_err *err) {
    const lem_candidate_set_opts o = {
        .filter = lem_args_str(args, "filter"), .cancel = cli->cancel, .judge = judge};
    lem_candidates_map *m = NULL;
    lem_status st = lem_candidate_options_map(args, &m, err);
    if (st == LEM_OK) st = lem_candidate_set_open(paths, (size_t)n, m, &o, out, err);
    lem_candidates_map_free(m);
    return st;
}

lem_status lem_candidate_options_load(const lem_cli *cli, const lem_args *args, const char *path,
                                      const bad_rows *bad, lem_pool *pool, lem_eval_data *out, lem_err *err) {
    lem_eval_load how = {.limit = cli->limit,
                         .cancel = cli->cancel,
                         .pool = pool,
                         .by_string = lem_args_is(args, "group", "string"),
                         .regrade = lem_args_flag(args, "regrade"),
                         .filter = lem_args_str(args, "filter")};
    lem_candidates_map *map = NULL;
    lem_status st = lem_candidate_options_map(args, &map, err);
    if (st == LEM_OK && !lem_grade_task_find(lem_args_str(args, "task"), &how.task))
        st = lem_fail(err, LEM_EUSAGE, "--task '%s'", lem_args_str(args, "task"));
    if (st == LEM_OK)
        st = lem_bad_rows_reader(bad, LEM_BAD_SELECTED, path, map, cli->cancel, &how.judge, err);
    if (st == LEM_OK) st = lem_eval_data_load(path, map, &how, out, err);
    lem_candidates_map_free(map);
    return st;
}

lem_status lem_candidate_options_k(const char *text, int longest, int ks[LEM_EVAL_MAX_KS], int *n,
                                   lem_err *err) {
    char *end;
    long k = strtol(text, &end, 10);
    if (end == text || *end || k < 1 || k > LEM_EVAL_MAX_N)
        return lem_fail(err, LEM_EUSAGE, "--k: '%s' is no count in 1..%d", text, LEM_EVAL_MAX_N);
    if (longest && k > longest)
        return lem_fail(err, LEM_EUSAGE, "--k: %ld candidates asked for, the longest row has %d", k, longest);
    if (*n == LEM_EVAL_MAX_KS) return lem_fail(err, LEM_EUSAGE, "--k: more than %d values", LEM_EVAL_MAX_KS);
    if (*n && k <= ks[*n - 1])
        return lem_fail(err, LEM_EUSAGE, "--k: values must ascend, found %ld behind %d", k, ks[*n - 1]);
    ks[(*n)++] = (int)k;
    return LEM_OK;
}
