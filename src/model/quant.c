/* quant.c - matrices stored as int8: the words of config.json, names, and rows read */
#include "model/quant.h"

#include <stdio.h>
#include <string.h>

/* Matrix i of those that int8 knows, and its name: those of a layer, then the head; LEM_ROLE_COUNT behind it.
 */
static lem_role matrix(int i, char name[32]) {
    char before[32];
    lem_role r = lem_role_matrix(i, name);
    if (r != LEM_ROLE_COUNT || (i > 0 && lem_role_matrix(i - 1, before) == LEM_ROLE_COUNT)) return r;
    snprintf(name, 32, "lm_head");
    return LEM_ROLE_LM_HEAD;
}

bool lem_quant_has(uint64_t kept, lem_role role) {
    char name[32];
    lem_role r = LEM_ROLE_COUNT;
    for (int i = 0; (r = matrix(i, name)) != LEM_ROLE_COUNT; i++)
        if (r == role) return !(kept >> role & 1);
    return false;
}

void lem_quant_scale_name(const char *tensor, char out[112]) { snprintf(out, 112, "%.95s_scale", tensor); }

lem_status lem_quant_keep(const char *name, uint64_t *kept, lem_err *err) {
    char one[32], all[200] = "";
    lem_role r = LEM_ROLE_COUNT;
    for (int i = 0, n = 0; (r = matrix(i, one)) != LEM_ROLE_COUNT; i++) {
        if (strcmp(one, name) == 0) return *kept |= (uint64_t)1 << r, LEM_OK;
        n += snprintf(all + n, sizeof all - (size_t)n, "%s%s", i ? ", " : "", one);
    }
    return lem_fail(err, LEM_EUSAGE, "no matrix is called '%.40s' (%s)", name, all);
}

/* ---- config.json ---- */

static lem_status keep_all(const lem_json *list, uint64_t *kept, lem_err *err) {
    if (list && lem_json_kind(list) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "quantization_config.keep is no list of names");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const char *name = lem_json_str(lem_json_at(list, i), NULL);
        if (!name) return lem_fail(err, LEM_EDATA, "quantization_config.keep is no list of names");
        if (lem_quant_keep(name, kept, err) == LEM_OK) continue;
        err->status = LEM_EDATA;
        return lem_err_context(err, "quantization_config.keep");
    }
    return LEM_OK;
}

lem_status lem_quant_from_json(const lem_json *q, lem_model_config *c, lem_err *err) {
    const char *method = lem_json_str(lem_json_get(q, "quant_method"), NULL);
    uint64_t kept = 0;
    if (!method || strcmp(method, "lemma-int8") != 0)
        return lem_fail(err, LEM_EDATA,
                        "quantization_config is not supported (quant_method %.40s; lemma-int8 is)",
                        method ? method : "missing");
    const long long format = lem_json_int(lem_json_get(q, "format"), 0),
                    group = lem_json_int(lem_json_get(q, "group_size"), 0);
    if (format != 1 || group != LEM_INT8_GROUP)
        return lem_fail(err, LEM_EDATA,
                        "quantization_config: format %lld with groups of %lld, expected 1 and %d", format,
                        group, LEM_INT8_GROUP);
    lem_status st = keep_all(lem_json_get(q, "keep"), &kept, err);
    if (st) return st;
    c->int8 = true;
    c->int8_kept = kept;
    return LEM_OK;
}

lem_json *lem_quant_to_json(uint64_t kept) {
    lem_json *q = lem_json_new_object(), *keep = lem_json_new_array();
    bool ok = q && keep;
    char name[32];
    lem_role r = LEM_ROLE_COUNT;
    for (int i = 0; ok && (r = matrix(i, name)) != LEM_ROLE_COUNT; i++)
        if (kept >> r & 1) ok = lem_json_append(keep, lem_json_new_str(name));
    ok = ok && lem_json_set(q, "quant_method", lem_json_new_str("lemma-int8"));
    ok = ok && lem_json_set(q, "format", lem_json_new_int(1));
    ok = ok && lem_json_set(q, "group_size", lem_json_new_int(LEM_INT8_GROUP));
    if (ok) {
        ok = lem_json_set(q, "keep", keep);
        keep = NULL;
    }
    lem_json_free(keep);
    if (ok) return q;
    lem_json_free(q);
    return NULL;
}

/* ---- rows ---- */

static lem_status check_bytes(const lem_stored *q, size_t at, const int8_t *bytes, size_t n, lem_err *err) {
    for (size_t i = 0; i < n; i++)
        if (bytes[i] == -128)
            return lem_fail(err, LEM_EDATA,
                            "%s: tensor '%.95s' holds -128 at %zu, int8 weights are -127 to 127",
                            lem_safetensors_file_path(q->file), q->tensor->name, at + i);
    return LEM_OK;
}

static lem_status check_scales(const lem_stored *s, size_t at, const float *scales, size_t n, lem_err *err) {
    for (size_t i = 0; i < n; i++)
        if (scales[i] < 0)
            return lem_fail(err, LEM_EDATA, "%s: tensor '%.95s' holds %g at %zu, scales are 0 or more",
                            lem_safetensors_file_path(s->file), s->tensor->name, (double)scales[i], at + i);
    return LEM_OK;
}

lem_status lem_quant_read_rows(const lem_stored *q, const lem_stored *scale, size_t row0, size_t n, size_t K,
                               int8_t *bytes, float *scales, lem_int8_block *out, lem_err *err) {
    const size_t groups = lem_int8_groups(K);
    lem_status st = LEM_OK;
    LEM_TRY(lem_safetensors_file_read_bytes(q->file, q->tensor, (uint64_t)row0 * K, n * K, bytes, err));
    LEM_TRY(check_bytes(q, row0 * K, bytes, n * K, err));
    LEM_TRY(lem_safetensors_file_read_part(scale->file, scale->tensor, row0 * groups, n * groups, scales,
                                           NULL, err));
    LEM_TRY(check_scales(scale, row0 * groups, scales, n * groups, err));
    for (size_t i = 0; i < n * groups; i++) {
        const size_t k = i % groups * LEM_INT8_GROUP, many = K - k < LEM_INT8_GROUP ? K - k : LEM_INT8_GROUP;
        out[i].scale = scales[i];
        memcpy(out[i].q, bytes + i / groups * K + k, many);
        memset(out[i].q + many, 0, LEM_INT8_GROUP - many);
    }
done:
    return st;
}
