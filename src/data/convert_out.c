/* convert_out.c - a converted row: begun with what is carried, ended and handed over */
#include "core/choice.h"
#include "data/convert_priv.h"

lem_object lem_convert_begin(const lem_json *row) {
    lem_object o = lem_object_new();
    char name[32];
    for (int i = 0; lem_choice_at(LEM_CONVERT_CARRIED, i, name); i++) {
        const lem_json *x = lem_row_column(row, name);
        if (x) lem_object_json(&o, name, lem_json_copy(x));
    }
    return o;
}

lem_status lem_convert_emit(const lem_converter *v, lem_object *o, lem_err *err) {
    lem_json *row = lem_object_done(o);
    if (!row) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_status st = v->sink(v->ctx, row, err);
    v->c->written += st == LEM_OK;
    lem_json_free(row);
    return st;
}
