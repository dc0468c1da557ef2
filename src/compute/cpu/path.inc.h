/* cpu/path.inc.h - the table of one instruction set and its probes; included last */

#define CHAINS (TILE_ROWS > 12 ? 12 : TILE_ROWS * TILE_VECS)

/* Independent chains of fma that stay in registers: the fp32 limit of one core. */
static double fma_chain(long iterations) {
    vf acc[CHAINS], x = vf_set1(0.999f), y = vf_set1(0.001f);
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++) acc[i] = vf_set1((float)i);
    for (long k = 0; k < iterations; k++) {
#pragma GCC unroll 16
        for (int i = 0; i < CHAINS; i++) acc[i] = vf_fma(acc[i], x, y);
    }
    float out[VF_W];
    for (int i = 1; i < CHAINS; i++) acc[0] = vf_add(acc[0], acc[i]);
    vf_store(out, acc[0]);
    return (double)out[0];
}

static float read_sum(size_t n, const float *x) {
    v16 a = v_zero(), b = v_zero(), c = v_zero(), d = v_zero();
    for (size_t i = 0; i + 64 <= n; i += 64) {
        a = v_add(a, v_load(x + i));
        b = v_add(b, v_load(x + i + 16));
        c = v_add(c, v_load(x + i + 32));
        d = v_add(d, v_load(x + i + 48));
    }
    return v_sum(v_add(v_add(a, b), v_add(c, d)));
}

#define CPU_OPS(NAME)                                                                                        \
    {                                                                                                        \
        .name = NAME, LEM_HOST_OPS, .pack = cpu_pack, .linear = cpu_linear, .linear_dx = cpu_linear_dx,      \
        .linear_dw = cpu_linear_dw, .linear_dx_bf16 = cpu_linear_dx_bf16,                                    \
        .linear_dx_packed = cpu_linear_dx_packed, .linear_dw_bf16 = cpu_linear_dw_bf16,                      \
        .bias_grad = cpu_bias_grad, .rmsnorm = cpu_rmsnorm, .rmsnorm_backward = cpu_rmsnorm_backward,        \
        .rope = cpu_rope, .swiglu = cpu_swiglu, .swiglu_backward = cpu_swiglu_backward, .add = cpu_add,      \
        .gather = cpu_gather, .scatter_add = cpu_scatter_add, .kv_write = cpu_kv_write,                      \
        .attention = cpu_attention, .attention_backward = cpu_attention_backward, .logprob = cpu_logprob,    \
        .softmax_xent_grad = cpu_softmax_xent_grad, .adamw = cpu_adamw, .sumsq = cpu_sumsq,                  \
        .all_finite = cpu_all_finite, .scale = cpu_scale                                                     \
    }

static const lem_backend_ops ops = CPU_OPS(PATH_NAME);
static const lem_cpu_path path = {&ops, fma_chain, 2.0 * CHAINS *VF_W, read_sum, &draw_rows};
