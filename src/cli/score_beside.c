/* score_beside.c - the options of a scoring command, made rather than given */
#include "cli/score_beside.h"

#include "cli/commands.h"

#include <stdio.h>

static lem_status parse(lem_cli *cli, const score_model_opts *o, lem_args *out, lem_err *err) {
    char rows[16];
    snprintf(rows, sizeof rows, "%d", o->max_rows);
    const char *const given[][2] = {{"--model", o->dir},
                                    {"--dtype", o->dtype},
                                    {"--compute", o->compute},
                                    {"--head", o->head},
                                    {"--head-output", o->output},
                                    {"--step-separator", o->separator},
                                    {"--max-rows", o->max_rows ? rows : NULL}};
    const char *words[20] = {"-", "--out", "-"}; /* rows come from elsewhere */
    int n = 3;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (!given[i][1]) continue;
        words[n++] = given[i][0];
        words[n++] = given[i][1];
    }
    lem_cli scratch = *cli; /* parsing sets the common options */
    return lem_args_parse(o->process_only ? &lem_cmd_prm_score : &lem_cmd_rm_score, n, words, &scratch, out,
                          err);
}

lem_status lem_score_model_open(lem_cli *cli, lem_backend *b, const score_model_opts *o, score_model *out,
                                lem_err *err) {
    *out = (score_model){.cli = cli, .args = &out->own, .backend = b, .process_only = o->process_only};
    lem_status st = parse(cli, o, &out->own, err);
    if (st == LEM_OK) st = lem_score_model_options(out, err);
    return st ? st : lem_score_model_prepare(out, err);
}
