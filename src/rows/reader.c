/* reader - small things that all kinds of files share */
#include "rows/reader_priv.h"

#include <string.h>

bool lem_wants(const lem_wanted *w, const char *name) {
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->names[i], name) == 0) return true;
    }
    return w->n == 0;
}

void lem_row_budget_start(lem_row_budget *b) { *b = (lem_row_budget){LEM_ROW_VALUES, LEM_ROW_BYTES}; }

lem_status lem_row_budget_take(lem_row_budget *b, size_t bytes, lem_err *err) {
    if (b->values == 0) return lem_fail(err, LEM_EDATA, "a row of more than %d values", LEM_ROW_VALUES);
    if (bytes > b->bytes)
        return lem_fail(err, LEM_EDATA, "a row of more than %d MiB of text", LEM_ROW_BYTES >> 20);
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
