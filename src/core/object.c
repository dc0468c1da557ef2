/* object.c - a JSON object built member by member */
#include "core/object.h"

lem_object lem_object_new(void) {
    lem_object o = {lem_json_new_object(), false};
    o.failed = o.json == NULL;
    return o;
}

void lem_object_json(lem_object *o, const char *key, lem_json *value) {
    if (o->failed) lem_json_free(value);
    else if (!value || !lem_json_set(o->json, key, value)) o->failed = true;
}

void lem_object_str(lem_object *o, const char *key, const char *value) {
    lem_object_json(o, key, value ? lem_json_new_str(value) : lem_json_new_null());
}

void lem_object_int(lem_object *o, const char *key, uint64_t value) {
    lem_object_json(o, key, lem_json_new_int((int64_t)value));
}

void lem_object_num(lem_object *o, const char *key, double value) {
    lem_object_json(o, key, lem_json_new_num(value));
}

void lem_object_bool(lem_object *o, const char *key, bool value) {
    lem_object_json(o, key, lem_json_new_bool(value));
}

lem_json *lem_object_done(lem_object *o) {
    lem_json *made = o->json;
    if (o->failed) {
        lem_json_free(made);
        made = NULL;
    }
    *o = (lem_object){NULL, true};
    return made;
}

void lem_object_range(lem_object *o, const char *key, double low, double high) {
    lem_json *pair = lem_json_new_array();
    bool ok =
        pair && lem_json_append(pair, lem_json_new_num(low)) && lem_json_append(pair, lem_json_new_num(high));
    if (!ok) lem_json_free(pair);
    lem_object_json(o, key, ok ? pair : NULL);
}
