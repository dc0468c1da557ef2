/* quantize.c - writes a model folder with its matrices as int8 */
#include "model/quantize.h"

#include "core/file.h"
#include "core/mem.h"
#include "model/folder.h"
#include "model/folder_copy.h"
#include "model/quant.h"
#include "weights/shards_write.h"

#include <string.h>

enum { PIECE = 1 << 15 };

typedef struct job job;

/* One tensor to be written: values as they are, or the numbers or the scales of rows rounded to int8. */
typedef enum part { AS_IT_IS, NUMBERS, SCALES } part;
typedef struct source {
    job *j;
    const lem_stored *from;
    size_t K; /* columns of the matrix */
    part part;
    size_t row; /* the one that lies rounded in j->blocks, SIZE_MAX = none */
    char name[112];
} source;

struct job {
    const char *dir;
    const lem_cancel *cancel;
    uint64_t kept;
    lem_folder folder;
    source *source;             /* [2 * tensors] */
    lem_safetensors_item *item; /* the same */
    size_t n;
    size_t widest;
    unsigned char *scratch; /* 2 * the longer of PIECE and widest */
    float *values;          /* [widest] */
    lem_int8_block *blocks; /* of a row */
    const source *whose;    /* row they are */
    lem_quantize_report report;
};

static lem_status round_row(source *s, size_t row, lem_err *err) {
    job *j = s->j;
    if (j->whose == s && s->row == row) return LEM_OK;
    lem_status st = lem_cancel_check(j->cancel, err);
    if (st == LEM_OK)
        st = lem_safetensors_file_read_part(s->from->file, s->from->tensor, row * s->K, s->K, j->values,
                                            j->scratch, err);
    if (st) return st;
    lem_int8_round_row(j->values, s->K, j->blocks);
    j->whose = s;
    s->row = row;
    return LEM_OK;
}

static lem_status read_piece(void *ctx, size_t at, size_t n, float *out, lem_err *err) {
    source *s = ctx;
    job *j = s->j;
    const size_t width = s->part == NUMBERS ? s->K : lem_int8_groups(s->K);
    lem_status st = LEM_OK;
    if (s->part == AS_IT_IS) {
        st = lem_cancel_check(j->cancel, err);
        return st ? st
                  : lem_safetensors_file_read_part(s->from->file, s->from->tensor, at, n, out, j->scratch,
                                                   err);
    }
    for (size_t i = 0; st == LEM_OK && i < n; i++) {
        const size_t k = (at + i) % width;
        if (k == 0 || i == 0) st = round_row(s, (at + i) / width, err);
        if (st) break;
        out[i] = s->part == SCALES ? j->blocks[k].scale
                                   : (float)j->blocks[k / LEM_INT8_GROUP].q[k % LEM_INT8_GROUP];
    }
    return st;
}

/* ---- what is written ---- */

static void add_item(job *j, const lem_tensor *t, const lem_stored *from, part what) {
    source *s = &j->source[j->n];
    const bool matrix = t->rank == 2 && t->role < LEM_ROLE_DENSE;
    const int K = t->shape[1];
    *s = (source){.j = j, .from = from, .K = (size_t)K, .part = what, .row = SIZE_MAX};
    if (what == SCALES) lem_quant_scale_name(t->name, s->name);
    lem_safetensors_item item = {what == SCALES ? s->name : t->name,
                                 matrix && what == AS_IT_IS ? LEM_DTYPE_BF16 : LEM_DTYPE_F32,
                                 t->rank,
                                 {t->shape[0], K},
                                 true,
                                 read_piece,
                                 s};
    if (what == NUMBERS) item.dtype = LEM_DTYPE_I8;
    if (what == SCALES) item.shape[1] = (int)lem_int8_groups((size_t)K);
    j->item[j->n++] = item;
    j->report.bytes += lem_safetensors_item_bytes(&item);
    j->report.int8 += what == NUMBERS;
    j->report.other += what == AS_IT_IS;
}

static lem_status choose_tensors(job *j, lem_err *err) {
    const lem_model *m = j->folder.table;
    const size_t n = (size_t)m->n_tensors;
    j->source = lem_alloc_zero(2 * n, sizeof *j->source, err);
    j->item = lem_alloc_zero(2 * n, sizeof *j->item, err);
    if (!j->source || !j->item) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) {
        const lem_tensor *t = &m->tensors[i];
        const lem_stored *from = lem_shards_find(j->folder.shards, t->name);
        j->report.bytes_before += lem_stored_bytes(from);
        if (!lem_quant_has(j->kept, t->role)) {
            add_item(j, t, from, AS_IT_IS);
            continue;
        }
        add_item(j, t, from, NUMBERS);
        add_item(j, t, from, SCALES);
        if ((size_t)t->shape[1] > j->widest) j->widest = (size_t)t->shape[1];
    }
    const size_t piece = j->widest > PIECE ? j->widest : PIECE;
    j->scratch = lem_alloc(2, piece, err);
    j->values = lem_alloc(j->widest + 1, sizeof *j->values, err);
    j->blocks = lem_alloc(lem_int8_groups(j->widest) + 1, sizeof *j->blocks, err);
    return j->scratch && j->values && j->blocks ? LEM_OK : LEM_EMEM;
}

static bool edit_config(const void *ctx, lem_json *config) {
    const job *j = ctx;
    lem_json *q = lem_quant_to_json(j->kept);
    return q && lem_json_set(config, "quantization_config", q);
}

static lem_status build(job *j, const char *out, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(lem_folder_open(j->dir, NULL, &j->folder, err));
    LEM_TRY(lem_folder_refuse_int8(&j->folder, j->dir, err));
    LEM_TRY(choose_tensors(j, err));
    LEM_TRY(lem_dir_remove(out, err)); /* of a run that was killed */
    LEM_TRY(lem_dir_make_temporary(out, err));
    LEM_TRY(lem_folder_copy_rest(j->dir, out, true, true, &j->report.side_files, err));
    LEM_TRY(lem_shards_write(out, j->item, j->n, 0, &j->report.shards, err));
    LEM_TRY(lem_folder_copy_config(j->dir, out, edit_config, j, err));
done:
    return st;
}

lem_status lem_model_quantize(const char *dir, const char *out, uint64_t kept, const lem_cancel *cancel,
                              lem_quantize_report *report, lem_err *err) {
    job j = {.dir = dir, .kept = kept, .cancel = cancel};
    lem_status st = build(&j, out, err);
    if (st == LEM_OK) *report = j.report;
    lem_folder_release(&j.folder);
    lem_free(j.source);
    lem_free(j.item);
    lem_free(j.scratch);
    lem_free(j.values);
    lem_free(j.blocks);
    return st;
}
