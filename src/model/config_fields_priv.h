/* model/config_fields_priv.h - fields of a config.json read with one error text each; for config, heads and
 * rope */
#ifndef LEM_MODEL_CONFIG_FIELDS_PRIV_H
#define LEM_MODEL_CONFIG_FIELDS_PRIV_H

#include "core/err.h"
#include "core/json.h"

#include <stdbool.h>

/* Absent and null leave *out as it is. Integers and floats must be above 0. LEM_EDATA naming the field. */
lem_status lem_config_int(const lem_json *json, const char *name, int *out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_config_need_int(const lem_json *json, const char *name, int *out,
                               lem_err *err) LEM_MUST_CHECK; /* absent is an error */
lem_status lem_config_float(const lem_json *json, const char *name, float *out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_config_bool(const lem_json *json, const char *name, bool *out, lem_err *err) LEM_MUST_CHECK;
/* The shortest decimal that reads back as the same float, so that 1e-5f is written 1e-05 and
 * not 9.99999974737875e-06. NULL on no memory. */
lem_json *lem_config_short_float(float x);

#endif
