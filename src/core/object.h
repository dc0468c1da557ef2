/* core/object.h - a JSON object built member by member, with one check at the end
 *
 * Members are set in order; the first failure sticks, and lem_object_done gives NULL then.
 *   lem_object o = lem_object_new();
 *   lem_object_int(&o, "rows", n);
 *   lem_json *json = lem_object_done(&o);   // owned by the caller; NULL: out of memory */
#ifndef LEM_CORE_OBJECT_H
#define LEM_CORE_OBJECT_H

#include "core/json.h"

typedef struct lem_object {
    lem_json *json;
    bool failed;
} lem_object;

lem_object lem_object_new(void);
void lem_object_str(lem_object *o, const char *key, const char *value); /* NULL becomes null */
void lem_object_int(lem_object *o, const char *key, uint64_t value);
void lem_object_num(lem_object *o, const char *key, double value);
void lem_object_bool(lem_object *o, const char *key, bool value);
/* [low, high] */
void lem_object_range(lem_object *o, const char *key, double low, double high);
/* Takes value; NULL counts as a failure. */
void lem_object_json(lem_object *o, const char *key, lem_json *value);
/* Ends the building; o is empty afterwards and need not be released. */
lem_json *lem_object_done(lem_object *o);

#endif
