/* input - a file read in order, unpacked by its content, with a look ahead */
#include "rows/input_priv.h"

#include "core/mem.h"

#include <string.h>

enum { CHUNK = 128 * 1024, READ_MOST = 1 << 20 };

lem_status lem_input_open(const char *path, const lem_cancel *cancel, lem_input *out, lem_err *err) {
    *out = (lem_input){.cancel = cancel};
    out->data = lem_alloc(CHUNK, 1, err);
    if (!out->data) return LEM_EMEM;
    out->cap = CHUNK;
    lem_status st = lem_stream_open(path, LEM_STREAM_BY_CONTENT, &out->stream, err);
    if (st != LEM_OK) lem_input_close(out);
    else lem_stream_watch(out->stream, cancel);
    return st;
}

void lem_input_close(lem_input *in) {
    lem_stream_close(in->stream);
    lem_free(in->data);
    *in = (lem_input){0};
}

static lem_status make_room(lem_input *in, lem_err *err) {
    if (in->pos) {
        memmove(in->data, in->data + in->pos, in->len - in->pos);
        in->len -= in->pos;
        in->pos = 0;
    }
    if (in->cap - in->len >= CHUNK / 2) return LEM_OK;
    char *data = lem_realloc(in->data, in->cap * 2, 1, err);
    if (!data) return LEM_EMEM;
    in->data = data;
    in->cap *= 2;
    return LEM_OK;
}

lem_status lem_input_need(lem_input *in, uint64_t n, lem_err *err) {
    while (lem_input_have(in) < n && !in->eof) {
        size_t got = 0, room = in->cap - in->len;
        lem_status st = room < CHUNK / 2 ? make_room(in, err) : LEM_OK;
        if (st != LEM_OK) return st;
        room = in->cap - in->len;
        st = lem_stream_read(in->stream, in->data + in->len, room < READ_MOST ? room : READ_MOST, &got, err);
        if (st != LEM_OK) return st;
        in->len += got;
        in->eof = got == 0;
    }
    return LEM_OK;
}
