/* map - maps as JSON: objects where the keys are text, else lists of pairs */
#include "rows/kinds_priv.h"

lem_status lem_map_entry(lem_json *key, lem_json *value, lem_json **out, lem_err *err) {
    lem_json *o = lem_json_new_object();
    if (!value) value = lem_json_new_null();
    bool ok = o && key && value;
    if (!ok) {
        lem_json_free(key);
        lem_json_free(value);
    } else if (!lem_json_set(o, "key", key)) {
        lem_json_free(value);
        ok = false;
    } else ok = lem_json_set(o, "value", value);
    if (ok) *out = o;
    else lem_json_free(o);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for a row");
}

/* Whether scalars of this type are JSON strings. */
static bool shown_as_text(const lem_field *f) {
    static const bool text[] = {
        [LEM_AS_TEXT] = true, [LEM_AS_BYTES] = true,     [LEM_AS_DECIMAL] = true, [LEM_AS_DATE] = true,
        [LEM_AS_TIME] = true, [LEM_AS_TIMESTAMP] = true, [LEM_AS_INT96] = true,   [LEM_AS_UUID] = true};
    return f->shape == LEM_SHAPE_SCALAR && text[f->type.as];
}

lem_status lem_map_finish(const lem_field *map, lem_json **list, lem_err *err) {
    size_t n = lem_json_count(*list);
    if (!shown_as_text(&map->child[0])) return LEM_OK;
    for (size_t i = 0; i < n; i++) {
        const lem_json *key = lem_json_get(lem_json_at(*list, i), "key");
        if (lem_json_kind(key) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "a map with a key that is null");
    }
    lem_json *o = lem_json_new_object();
    lem_status st = o ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for a row");
    for (size_t i = 0; i < n && st == LEM_OK; i++) {
        const lem_json *entry = lem_json_at(*list, i);
        st = lem_row_set(o, lem_json_str(lem_json_get(entry, "key"), ""),
                         lem_json_share(lem_json_get(entry, "value")), err);
    }
    if (st != LEM_OK) {
        lem_json_free(o);
        return st;
    }
    lem_json_free(*list);
    *list = o;
    return LEM_OK;
}
