/* quant.c - matrices stored as int8: the words of config.json, names, and rows read */
#include "model/quant.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    lem_role role;
} matrices[] = {{"q_proj", LEM_ROLE_Q},     {"k_proj", LEM_ROLE_K},       {"v_proj", LEM_ROLE_V},
                {"qkv_proj", LEM_ROLE_QKV}, {"o_proj", LEM_ROLE_O},       {"gate_proj", LEM_ROLE_GATE},
                {"up_proj", LEM_ROLE_UP},   {"down_proj", LEM_ROLE_DOWN}, {"lm_head", LEM_ROLE_LM_HEAD}};
enum { N_MATRICES = sizeof matrices / sizeof *matrices };

bool lem_quant_has(uint64_t kept, lem_role role) {
    for (int i = 0; i < N_MATRICES; i++)
        if (matrices[i].role == role) return !(kept >> role & 1);
    return false;
}

void lem_quant_scale_name(const char *tensor, char out[112]) { snprintf(out, 112, "%.95s_scale", tensor); }

lem_status lem_quant_keep(const char *name, uint64_t *kept, lem_err *err) {
    for (int i = 0; i < N_MATRICES; i++) {
        if (strcmp(matrices[i].name, name) != 0) continue;
        *kept |= (uint64_t)1 << matrices[i].role;
        return LEM_OK;
    }
    return lem_fail(err, LEM_EUSAGE,
                    "no matrix is called '%.40s' (q_proj, k_proj, v_proj, qkv_proj, o_proj, gate_proj, "
                    "up_proj, down_proj, lm_head)",
                    name);
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
    for (int i = 0; ok && i < N_MATRICES; i++)
        if (kept >> matrices[i].role & 1) ok = lem_json_append(keep, lem_json_new_str(matrices[i].name));
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
