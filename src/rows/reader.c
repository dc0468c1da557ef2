/* reader - small things that all kinds of files share */
#include "rows/reader_priv.h"

#include "rows/rows.h"

#include <string.h>

bool lem_wants(const lem_wanted *w, const char *name) {
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->names[i], name) == 0) return true;
    }
    return w->n == 0;
}

lem_status lem_row_too_long(size_t most, lem_err *err) {
    const char *rest = "; --max-row SIZE reads longer ones";
    if (most >= 1 << 20 && most % (1 << 20) == 0)
        return lem_fail(err, LEM_EDATA, "the row is longer than %zu MiB%s", most >> 20, rest);
    return lem_fail(err, LEM_EDATA, "the row is longer than %zu bytes%s", most, rest);
}

bool lem_rows_too_long(uint64_t bytes, uint64_t rows, size_t most) {
    const uint64_t around = 1 << 20, each = 64;
    return bytes > around && (bytes - around) / (rows ? rows : 1) > most + each;
}

static size_t values_of(size_t most) { return most > LEM_ROW_BYTES ? most / 16 : LEM_ROW_BYTES / 16; }

void lem_row_budget_start(lem_row_budget *b, size_t most) {
    *b = (lem_row_budget){values_of(most), most, most};
}

lem_status lem_row_budget_take(lem_row_budget *b, size_t bytes, lem_err *err) {
    if (b->values == 0)
        return lem_fail(err, LEM_EDATA, "a row of more than %zu values; --max-row SIZE reads longer ones",
                        values_of(b->most));
    if (bytes > b->bytes) return lem_row_too_long(b->most, err);
    b->values--;
    b->bytes -= bytes;
    return LEM_OK;
}

lem_status lem_row_set(lem_json *row, const char *name, lem_json *value, lem_err *err) {
    if (value && lem_json_get(row, name)) {
        lem_json_free(value);
        return lem_fail(err, LEM_EDATA, "'%s' comes twice", name);
    }
    if (value && lem_json_set(row, name, value)) return LEM_OK;
    return lem_fail(err, LEM_EMEM, "out of memory for a row");
}

lem_status lem_row_append(lem_json *list, lem_json *value, lem_err *err) {
    if (value && lem_json_append(list, value)) return LEM_OK;
    return lem_fail(err, LEM_EMEM, "out of memory for a row");
}

void lem_put_grouped(lem_buf *out, uint64_t n) {
    if (n >= 1000) {
        lem_put_grouped(out, n / 1000);
        lem_buf_printf(out, ",%03u", (unsigned)(n % 1000));
    } else lem_buf_printf(out, "%u", (unsigned)n);
}

lem_status lem_refuse_parquet(lem_err *err, const char *what) {
    return lem_fail(err, LEM_EDATA,
                    "Parquet with %s is not read here; pyarrow converts it: import pyarrow.parquet as pq; "
                    "pq.write_table(pq.read_table('IN'), 'OUT.parquet', compression='zstd')",
                    what);
}

lem_status lem_refuse_arrow(lem_err *err, const char *what) {
    return lem_fail(
        err, LEM_EDATA,
        "Arrow with %s is not read here; pyarrow converts it: import pyarrow as pa, "
        "pyarrow.parquet as pq; pq.write_table(pa.ipc.open_stream('IN').read_all(), 'OUT.parquet') "
        "(open_file for an Arrow file)",
        what);
}
