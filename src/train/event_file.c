/* event_file.c - rows of telemetry to events of TensorBoard */
#include "train/event_file.h"

#include "core/hash.h"
#include "core/json.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- protocol buffers: a key is the field's number times 8, plus 0 varint, 1 eight bytes, 2 text, 5 four
 * bytes */

static void put_little(lem_buf *b, uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++) lem_buf_putc(b, (char)(v >> (8 * i)));
}

static void put_varint(lem_buf *b, uint64_t v) {
    for (; v > 0x7f; v >>= 7) lem_buf_putc(b, (char)(v | 0x80));
    lem_buf_putc(b, (char)v);
}

static void put_double(lem_buf *b, int field, double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_varint(b, (uint64_t)field * 8 + 1);
    put_little(b, bits, 8);
}

static void put_float(lem_buf *b, int field, float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_varint(b, (uint64_t)field * 8 + 5);
    put_little(b, bits, 4);
}

static void put_text(lem_buf *b, int field, const char *s, size_t n) {
    put_varint(b, (uint64_t)field * 8 + 2);
    put_varint(b, n);
    lem_buf_add(b, s, n);
}

static void put_int(lem_buf *b, int field, uint64_t v) {
    put_varint(b, (uint64_t)field * 8);
    put_varint(b, v);
}

/* ---- records */

static uint32_t masked(const void *p, size_t n) {
    uint32_t crc = lem_crc32c(0, p, n);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

static void put_record(lem_buf *out, const lem_buf *event) {
    size_t at = out->len;
    put_little(out, event->len, 8);
    if (out->failed) return;
    put_little(out, masked(out->data + at, 8), 4);
    lem_buf_add(out, event->data, event->len);
    put_little(out, masked(event->data, event->len), 4);
}

/* ---- events */

static bool starts(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

static void put_tag(lem_buf *b, const char *name) {
    lem_buf tag = {0};
    if (starts(name, "val_")) lem_buf_printf(&tag, "eval/%s", name + 4);
    else if (starts(name, "eval_")) lem_buf_printf(&tag, "eval/%s", name + 5);
    else lem_buf_printf(&tag, "train/%s", strcmp(name, "lr") == 0 ? "learning_rate" : name);
    put_text(b, 1, lem_buf_str(&tag), tag.len);
    b->failed = b->failed || tag.failed;
    lem_buf_release(&tag);
}

static void put_values(lem_buf *summary, const lem_json *row) {
    for (size_t i = 0; i < lem_json_count(row); i++) {
        lem_json_type kind = lem_json_kind(lem_json_value_at(row, i));
        const char *name = lem_json_key_at(row, i);
        lem_buf value = {0};
        if ((kind != LEM_JSON_INT && kind != LEM_JSON_REAL) || strcmp(name, "step") == 0) continue;
        put_tag(&value, name);
        put_float(&value, 2, (float)lem_json_num(lem_json_value_at(row, i), NAN));
        put_text(summary, 1, lem_buf_str(&value), value.len);
        summary->failed = summary->failed || value.failed;
        lem_buf_release(&value);
    }
}

static void put_event(lem_buf *out, const lem_json *row, uint64_t step) {
    lem_buf event = {0}, summary = {0};
    put_double(&event, 1, (double)step);
    put_int(&event, 2, step);
    put_values(&summary, row);
    put_text(&event, 5, lem_buf_str(&summary), summary.len);
    event.failed = event.failed || summary.failed;
    if (summary.len) put_record(out, &event);
    out->failed = out->failed || event.failed;
    lem_buf_release(&summary);
    lem_buf_release(&event);
}

static void put_version(lem_buf *out) {
    static const char version[] = "brain.Event:2";
    lem_buf event = {0};
    put_text(&event, 3, version, sizeof version - 1);
    put_record(out, &event);
    out->failed = out->failed || event.failed;
    lem_buf_release(&event);
}

typedef struct steps { /* over the stages of a run */
    char stage[64];
    uint64_t before, last;
} steps;

static uint64_t count_step(steps *s, const lem_json *row) {
    const char *stage = lem_json_str(lem_json_get(row, "stage"), "");
    int64_t step = lem_json_int(lem_json_get(row, "step"), 0);
    char name[sizeof s->stage];
    snprintf(name, sizeof name, "%s", stage);
    if (strcmp(s->stage, name) != 0) {
        s->before = s->last;
        memcpy(s->stage, name, sizeof name);
    }
    s->last = s->before + (uint64_t)(step > 0 ? step : 0);
    return s->last;
}

lem_status lem_train_event_file(const lem_buf *rows, lem_buf *out, lem_err *err) {
    const char *text = lem_buf_str(rows);
    steps s = {{0}, 0, 0};
    put_version(out);
    for (size_t at = 0, number = 1; at < rows->len; number++) {
        const char *end = memchr(text + at, '\n', rows->len - at);
        size_t n = end ? (size_t)(end - text) - at : rows->len - at;
        lem_json *row = NULL;
        lem_status st = lem_json_parse(text + at, n, &row, err);
        if (st == LEM_OK && lem_json_kind(row) != LEM_JSON_OBJECT) st = lem_fail(err, LEM_EDATA, "no object");
        if (st == LEM_OK) put_event(out, row, count_step(&s, row));
        lem_json_free(row);
        if (st) return lem_err_context(err, "telemetry, line %zu", number);
        at += n + 1;
    }
    return lem_buf_ok(out, err);
}
