/* reference_option.c - the table of published figures that --reference names */
#include "cli/reference_option.h"

#include "core/file.h"
#include "core/mem.h"

#include <string.h>

lem_status lem_reference_option_take(const lem_args *args, lem_reference_option *o, lem_job_input *input,
                                     int *n, lem_err *err) {
    const char *text = lem_args_str(args, "reference"), *colon = text ? strrchr(text, ':') : NULL;
    if (!colon || colon == text) return LEM_OK;
    o->table = colon + 1;
    o->csv = lem_strndup(text, (size_t)(colon - text), err);
    if (!o->csv) return LEM_EMEM;
    input[(*n)++] = (lem_job_input){"reference", o->csv};
    return LEM_OK;
}

lem_status lem_reference_option_load(const lem_args *args, lem_reference_option *o, lem_err *err) {
    lem_buf b = {0};
    int rows = 0;
    const char *asked = lem_args_str(args, "reference");
    if (!asked) return LEM_OK;
    if (!o->table) return lem_fail(err, LEM_EUSAGE, "--reference '%s': FILE.csv:TABLE expected", asked);
    lem_status st = lem_file_read(o->csv, (size_t)16 << 20, &b, err);
    if (st == LEM_OK) st = lem_reference_parse(lem_buf_str(&b), o->csv, &o->published, err);
    lem_buf_release(&b);
    for (int i = 0; i < o->published.n; i++) rows += strcmp(o->published.at[i].table, o->table) == 0;
    if (st == LEM_OK && rows == 0)
        st = lem_fail(err, LEM_EUSAGE, "--reference: %s has no table '%s'", o->csv, o->table);
    return st;
}

void lem_reference_option_release(lem_reference_option *o) {
    lem_reference_release(&o->published);
    lem_free(o->csv);
    *o = (lem_reference_option){.csv = NULL};
}
