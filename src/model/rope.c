/* rope - rotary positions: frequencies of every scaling, their fields in config.json, the table of cosines
 * and sines */
#include "model/rope.h"

#include "model/config_fields_priv.h"

#include <math.h>
#include <string.h>

enum { CONTEXT_MAX = 1 << 22 };

static const char *const names[] = {"default", "linear", "dynamic", "yarn", "llama3"};
enum { N_NAMES = (int)(sizeof names / sizeof names[0]) };

/* ---- config.json ---- */

static lem_status read_kind(const char *field, const lem_json *v, lem_rope *r, lem_err *err) {
    const char *type = lem_json_str(lem_json_get(v, "rope_type"), lem_json_str(lem_json_get(v, "type"), "?"));
    for (int i = 0; i < N_NAMES; i++) {
        if (strcmp(names[i], type) != 0) continue;
        r->kind = (lem_rope_kind)i;
        return LEM_OK;
    }
    return lem_fail(err, LEM_EDATA,
                    "%s of type '%.40s' is not supported (default, linear, dynamic, yarn and llama3 are)",
                    field, type);
}

/* A number that is there in every file of its kind: plain has none of them, so that absence must not pass for
 * a value. */
static lem_status need_float(const lem_json *v, const char *name, float *out, lem_err *err) {
    if (lem_json_kind(lem_json_get(v, name)) == LEM_JSON_NULL)
        return lem_fail(err, LEM_EDATA, "rope scaling: '%s' is missing", name);
    return lem_config_float(v, name, out, err);
}

static lem_status read_yarn(const lem_json *v, lem_rope *r, lem_err *err) {
    lem_status st = LEM_OK;
    bool truncate = true;
    const lem_json *t = lem_json_get(v, "truncate");
    r->beta_fast = 32;
    r->beta_slow = 1;
    LEM_TRY(lem_config_float(v, "beta_fast", &r->beta_fast, err));
    LEM_TRY(lem_config_float(v, "beta_slow", &r->beta_slow, err));
    /* Transformers takes 0 for absent */
    if (lem_json_num(lem_json_get(v, "mscale"), 1) != 0)
        LEM_TRY(lem_config_float(v, "mscale", &r->mscale, err));
    if (lem_json_num(lem_json_get(v, "mscale_all_dim"), 1) != 0)
        LEM_TRY(lem_config_float(v, "mscale_all_dim", &r->mscale_all, err));
    LEM_TRY(lem_config_float(v, "attention_factor", &r->attention_factor, err));
    if (lem_json_kind(t) != LEM_JSON_NULL) LEM_TRY(lem_config_bool(v, "truncate", &truncate, err));
    r->keep_fraction = !truncate;
done:
    return st;
}

static lem_status read_scaling(const lem_json *v, lem_rope *r, int max_positions, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(need_float(v, "factor", &r->factor, err));
    LEM_TRY(lem_config_int(v, "original_max_position_embeddings", &r->original, err));
    if (r->kind == LEM_ROPE_LINEAR) r->original = 0; /* has no part in it */
    if (r->kind == LEM_ROPE_YARN) LEM_TRY(read_yarn(v, r, err));
    if (r->kind == LEM_ROPE_DYNAMIC) {
        if (r->original > 0 && r->original != max_positions)
            LEM_TRY(lem_fail(err, LEM_EDATA,
                             "dynamic rope scaling with an original_max_position_embeddings (%d) other than "
                             "max_position_embeddings (%d) is not supported",
                             r->original, max_positions));
        r->original = 0;
    }
    if (r->kind == LEM_ROPE_LLAMA3) {
        if (r->original == 0)
            LEM_TRY(lem_fail(err, LEM_EDATA, "rope scaling: 'original_max_position_embeddings' is missing"));
        LEM_TRY(need_float(v, "low_freq_factor", &r->low_freq, err));
        LEM_TRY(need_float(v, "high_freq_factor", &r->high_freq, err));
    }
done:
    return st;
}

/* The context that a scaling reaches when the file keeps the original one in max_position_embeddings. */
static int reached(const lem_rope *r, int declared) {
    if (r->kind != LEM_ROPE_DYNAMIC && r->kind != LEM_ROPE_YARN) return declared;
    double n = floor((double)r->factor * (r->original > 0 ? r->original : declared));
    if (!(n > declared)) return declared;
    return n < CONTEXT_MAX ? (int)n : CONTEXT_MAX;
}

lem_status lem_rope_read(const lem_json *config, lem_rope *out, float *theta, int *max_positions,
                         lem_err *err) {
    static const char *const fields[] = {"rope_scaling", "rope_parameters"};
    lem_status st = LEM_OK;
    lem_rope r = {LEM_ROPE_PLAIN};
    for (int i = 0; i < 2; i++) {
        const lem_json *v = lem_json_get(config, fields[i]);
        lem_rope one = {LEM_ROPE_PLAIN};
        if (lem_json_kind(v) == LEM_JSON_NULL) continue;
        LEM_TRY(read_kind(fields[i], v, &one, err));
        if (one.kind == LEM_ROPE_PLAIN) continue;
        if (r.kind != LEM_ROPE_PLAIN)
            LEM_TRY(lem_fail(err, LEM_EDATA, "rope_scaling and rope_parameters are both there"));
        LEM_TRY(read_scaling(v, &one, *max_positions, err));
        r = one;
    }
    const lem_json *nested = lem_json_get(config, "rope_parameters");
    if (lem_json_num(lem_json_get(nested, "partial_rotary_factor"), 1) != 1)
        LEM_TRY(lem_fail(err, LEM_EDATA, "partial_rotary_factor is not supported"));
    LEM_TRY(
        lem_config_float(lem_json_kind(lem_json_get(nested, "rope_theta")) == LEM_JSON_NULL ? config : nested,
                         "rope_theta", theta, err));
    int context =
        *max_positions >= 1 && *max_positions <= CONTEXT_MAX ? reached(&r, *max_positions) : *max_positions;
    if (context != *max_positions) r.declared = *max_positions;
    *max_positions = context;
    *out = r;
done:
    return st;
}

int lem_rope_declared(const lem_rope *r, int max_positions) {
    return r->declared > 0 ? r->declared : max_positions;
}

static bool add_float(lem_json *j, const char *key, float x) {
    return x == 0 || lem_json_set(j, key, lem_config_short_float(x));
}

lem_json *lem_rope_write(const lem_rope *r) {
    if (r->kind == LEM_ROPE_PLAIN) return lem_json_new_null();
    const struct {
        const char *key;
        float value;
    } rest[] = {{"low_freq_factor", r->low_freq},
                {"high_freq_factor", r->high_freq},
                {"beta_fast", r->beta_fast},
                {"beta_slow", r->beta_slow},
                {"mscale", r->mscale},
                {"mscale_all_dim", r->mscale_all},
                {"attention_factor", r->attention_factor}};
    lem_json *j = lem_json_new_object();
    bool ok = j && lem_json_set(j, "rope_type", lem_json_new_str(names[r->kind])) &&
              add_float(j, "factor", r->factor);
    if (r->original > 0)
        ok = ok && lem_json_set(j, "original_max_position_embeddings", lem_json_new_int(r->original));
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        ok = ok && add_float(j, rest[i].key, rest[i].value);
    if (r->keep_fraction) ok = ok && lem_json_set(j, "truncate", lem_json_new_bool(false));
    if (ok) return j;
    lem_json_free(j);
    return NULL;
}

/* ---- ranges ---- */

static lem_status in_range(const char *name, float x, float lo, float hi, lem_err *err) {
    if (x >= lo && x <= hi) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "model config: rope scaling: %s: %g..%g expected, %g found", name,
                    (double)lo, (double)hi, (double)x);
}

lem_status lem_rope_check(lem_rope *r, int max_positions, lem_err *err) {
    lem_status st = LEM_OK;
    if ((int)r->kind < 0 || (int)r->kind >= N_NAMES)
        return lem_fail(err, LEM_EDATA, "model config: unknown rope scaling %d", (int)r->kind);
    if (r->kind == LEM_ROPE_PLAIN) {
        *r = (lem_rope){LEM_ROPE_PLAIN};
        return LEM_OK;
    }
    LEM_TRY(in_range("factor", r->factor, 1, 1e4f, err));
    if (r->original < 0 || r->original > CONTEXT_MAX || r->declared < 0 || r->declared > max_positions)
        LEM_TRY(
            lem_fail(err, LEM_EDATA,
                     "model config: rope scaling: original_max_position_embeddings: 1..%d expected, %d found",
                     (int)CONTEXT_MAX, r->original));
    if (r->kind == LEM_ROPE_YARN) {
        if (r->beta_fast == 0) r->beta_fast = 32;
        if (r->beta_slow == 0) r->beta_slow = 1;
        LEM_TRY(in_range("beta_fast", r->beta_fast, 1e-3f, 1e6f, err));
        LEM_TRY(in_range("beta_slow", r->beta_slow, 1e-3f, 1e6f, err));
        LEM_TRY(in_range("mscale", r->mscale, 0, 1e3f, err));
        LEM_TRY(in_range("mscale_all_dim", r->mscale_all, 0, 1e3f, err));
        LEM_TRY(in_range("attention_factor", r->attention_factor, 0, 1e3f, err));
    }
    if (r->kind == LEM_ROPE_LLAMA3) {
        LEM_TRY(in_range("low_freq_factor", r->low_freq, 1e-3f, 1e6f, err));
        LEM_TRY(in_range("high_freq_factor", r->high_freq, 1e-3f, 1e6f, err));
        if (!(r->low_freq < r->high_freq))
            LEM_TRY(
                lem_fail(err, LEM_EDATA,
                         "model config: rope scaling: low_freq_factor %g is not below high_freq_factor %g",
                         (double)r->low_freq, (double)r->high_freq));
        if (r->original == 0)
            LEM_TRY(lem_fail(err, LEM_EDATA,
                             "model config: rope scaling: original_max_position_embeddings is missing"));
    }
done:
    return st;
}

/* ---- frequencies: radians per position of pair i ---- */

static float plain(float base, int i, int dim) {
    float exponent = (float)(2 * i) / (float)dim;
    return 1.0f / (float)pow((double)base, (double)exponent);
}

static const double two_pi = 6.283185307179586;

/* Long waves are stretched by the factor, short ones stay, those between are blended (Llama 3.1). */
static float llama3(const lem_rope *r, float f) {
    float wave = (float)two_pi / f, low = (float)r->original / r->low_freq,
          high = (float)r->original / r->high_freq;
    if (wave > low) return f / r->factor;
    if (wave < high) return f;
    float smooth = ((float)r->original / wave - r->low_freq) / (r->high_freq - r->low_freq);
    return (1 - smooth) * f / r->factor + smooth * f;
}

/* The pair that turns `rotations` times within the original context (YaRN, eq. 17 and following). */
static double yarn_pair(double rotations, int dim, float theta, int context) {
    return dim * log(context / (rotations * two_pi)) / (2 * log((double)theta));
}

static float yarn(const lem_rope *r, float theta, int i, int dim, int original) {
    double low = yarn_pair((double)r->beta_fast, dim, theta, original),
           high = yarn_pair((double)r->beta_slow, dim, theta, original);
    if (!r->keep_fraction) {
        low = floor(low);
        high = ceil(high);
    }
    low = low > 0 ? low : 0;
    high = high < dim - 1 ? high : dim - 1;
    if (low == high) high += 0.001;
    float ramp = ((float)i - (float)low) / (float)(high - low),
          f = (float)pow((double)theta, (double)((float)(2 * i) / (float)dim));
    if (!(ramp > 0)) ramp = 0;
    if (ramp > 1) ramp = 1;
    float keep = 1 - ramp;
    return 1.0f / (r->factor * f) * (1 - keep) + 1.0f / f * keep;
}

static double yarn_scale(double factor, double mscale) {
    return factor <= 1 ? 1 : 0.1 * mscale * log(factor) + 1;
}

static float amplitude(const lem_rope *r) {
    if (r->kind != LEM_ROPE_YARN) return 1;
    if (r->attention_factor > 0) return r->attention_factor;
    if (r->mscale > 0 && r->mscale_all > 0)
        return (float)(yarn_scale((double)r->factor, (double)r->mscale) /
                       yarn_scale((double)r->factor, (double)r->mscale_all));
    return (float)yarn_scale((double)r->factor, 1);
}

/* NTK-aware base for a sequence of n tokens, beyond the original context. */
static float dynamic_base(const lem_rope *r, float theta, int dim, int original, int n) {
    float grown = r->factor * (float)n / (float)original - (r->factor - 1);
    return theta * (float)pow((double)grown, (double)dim / (dim - 2));
}

void lem_rope_fill(const lem_rope *r, float theta, int head_dim, int max_positions, int n_pos,
                   float *cos_sin) {
    int half = head_dim / 2, declared = lem_rope_declared(r, max_positions),
        original = r->original > 0 ? r->original : declared;
    float by = amplitude(r);
    for (int i = 0; i < half; i++) {
        float f = plain(theta, i, head_dim);
        if (r->kind == LEM_ROPE_LINEAR) f /= r->factor;
        if (r->kind == LEM_ROPE_LLAMA3) f = llama3(r, f);
        if (r->kind == LEM_ROPE_YARN) f = yarn(r, theta, i, head_dim, original);
        for (int p = 0; p < n_pos; p++) {
            if (r->kind == LEM_ROPE_DYNAMIC && p + 1 > original)
                f = plain(dynamic_base(r, theta, head_dim, original, p + 1), i, head_dim);
            float angle = (float)p * f;
            float *row = cos_sin + (size_t)p * (size_t)head_dim;
            row[i] = (float)cos((double)angle) * by;
            row[half + i] = (float)sin((double)angle) * by;
        }
    }
}
