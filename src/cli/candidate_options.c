/* candidate_options.c - --map and --filter: names of fields, named maps, maps in files */
#include "cli/candidate_options.h"

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
