/* draw_options.c - how tokens are drawn, and what a folder proposes for it */
#include "cli/draw_options.h"

#include "core/buf.h"
#include "core/json.h"

#include <math.h>

lem_sample_opts lem_draw_options(const lem_args *a) {
    return (lem_sample_opts){.temperature = (float)lem_args_num(a, "temperature"),
                             .top_k = (int)lem_args_int(a, "top-k"),
                             .top_p = (float)lem_args_num(a, "top-p"),
                             .min_p = (float)lem_args_num(a, "min-p"),
                             .repetition_penalty = (float)lem_args_num(a, "repetition-penalty")};
}

lem_status lem_draw_proposed(const lem_cli *cli, lem_job *job, const char *dir, const lem_sample_opts *o,
                             lem_err *err) {
    const struct {
        const char *key;
        double used;
    } rows[] = {{"temperature", (double)o->temperature},
                {"top_p", (double)o->top_p},
                {"top_k", (double)o->top_k},
                {"min_p", (double)o->min_p},
                {"repetition_penalty", (double)o->repetition_penalty}};
    lem_json *g = NULL;
    lem_buf said = {0}, used = {0};
    lem_status st = lem_json_load_beside(dir, "generation_config.json", 1 << 20, &g, err);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double v = lem_json_num(lem_json_get(g, rows[i].key), NAN);
        if (isnan(v) || fabs(v - rows[i].used) < 1e-6) continue;
        lem_buf_printf(&said, "%s%s %.6g", said.len ? ", " : "", rows[i].key, v);
        lem_buf_printf(&used, "%s%.6g", used.len ? ", " : "", rows[i].used);
    }
    if (st == LEM_OK) st = lem_buf_ok(&said, err);
    if (st == LEM_OK) st = lem_buf_ok(&used, err);
    if (st == LEM_OK && said.len) {
        lem_info(cli->log, "generation_config.json: %s not used; the options say %s", lem_buf_str(&said),
                 lem_buf_str(&used));
        lem_buf_puts(&said, " not used");
        st = lem_buf_ok(&said, err);
        if (st == LEM_OK) st = lem_job_choose(job, "generation_config", lem_buf_str(&said), err);
    }
    lem_json_free(g);
    lem_buf_release(&said);
    lem_buf_release(&used);
    return st;
}
