/* jsonl - rows written as JSONL */
#include "core/jsonl.h"

lem_status lem_rows_write(lem_out *o, const lem_json *row, lem_err *err) {
    lem_buf line = {0};
    lem_json_write(row, 0, &line);
    lem_buf_putc(&line, '\n');
    lem_status st = lem_buf_ok(&line, err);
    if (st == LEM_OK) st = lem_out_write(o, line.data, line.len, err);
    lem_buf_release(&line);
    return st;
}
