/* config_fields - fields of a config.json, read with one error text each */
#include "model/config_fields_priv.h"

#include <math.h>
#include <stdlib.h>

static bool is_null(const lem_json *v) { return lem_json_kind(v) == LEM_JSON_NULL; }

lem_status lem_config_need_int(const lem_json *json, const char *name, int *out, lem_err *err) {
    const lem_json *v = lem_json_get(json, name);
    int64_t i = lem_json_int(v, INT64_MIN);
    if (!v) return lem_fail(err, LEM_EDATA, "'%s' is missing", name);
    if (i < 1 || i > INT32_MAX) return lem_fail(err, LEM_EDATA, "'%s' must be a whole number above 0", name);
    *out = (int)i;
    return LEM_OK;
}

lem_status lem_config_int(const lem_json *json, const char *name, int *out, lem_err *err) {
    return is_null(lem_json_get(json, name)) ? LEM_OK : lem_config_need_int(json, name, out, err);
}

lem_status lem_config_float(const lem_json *json, const char *name, float *out, lem_err *err) {
    const lem_json *v = lem_json_get(json, name);
    double x = lem_json_num(v, 0);
    if (is_null(v)) return LEM_OK;
    if (!(x > 0 && x < 1e30)) return lem_fail(err, LEM_EDATA, "'%s' must be a number above 0", name);
    *out = (float)x;
    return LEM_OK;
}

lem_status lem_config_bool(const lem_json *json, const char *name, bool *out, lem_err *err) {
    const lem_json *v = lem_json_get(json, name);
    if (is_null(v)) return LEM_OK;
    if (lem_json_kind(v) != LEM_JSON_BOOL)
        return lem_fail(err, LEM_EDATA, "'%s' must be true or false", name);
    *out = lem_json_bool(v, false);
    return LEM_OK;
}

lem_json *lem_config_short_float(float x) {
    for (int digits = 1; digits < 9; digits++) {
        int places = digits - 1 - (int)floor(log10(fabs((double)x)));
        double scale = pow(10, abs(places)); /* a whole number, so that 500000 is not 5 / 0.00001 */
        double r = places < 0 ? round((double)x / scale) * scale : round((double)x * scale) / scale;
        if ((float)r == x) return lem_json_new_num(r);
    }
    return lem_json_new_num((double)x);
}
