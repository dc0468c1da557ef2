/* kind - what a file is, told by its first bytes, and the reader of that kind */
#include "rows/kind_priv.h"

#include "core/file.h"
#include "core/utf8.h"
#include "rows/kinds_priv.h"

#include <string.h>

enum { LOOK = 65536 };

static bool begins(const char *p, size_t n, const char *with, size_t len) {
    return n >= len && memcmp(p, with, len) == 0;
}

/* Files that are often met and are none of the kinds. */
static const char *foreign(const char *p, size_t n) {
    static const struct {
        const char *magic;
        size_t len;
        const char *name;
    } known[] = {{"FEA1", 4, "a Feather file of version 1"},
                 {"ORC", 3, "an ORC file"},
                 {"Obj\x01", 4, "an Avro file"},
                 {"SQLite format 3", 15, "an SQLite database"},
                 {"PK\x03\x04", 4, "a zip archive or a spreadsheet"},
                 {"BZh", 3, "packed with bzip2 (unpack it, or pack it with gzip or zstd)"},
                 {"\xFD"
                  "7zXZ",
                  5, "packed with xz (unpack it, or pack it with gzip or zstd)"},
                 {"\x89HDF", 4, "an HDF5 file"},
                 {"\x04\x22\x4D\x18", 4, "packed with lz4 (unpack it, or pack it with gzip or zstd)"},
                 {"\x93NUMPY", 6, "a NumPy array"},
                 {"\x80\x04\x95", 3, "a Python pickle, which is never opened here"},
                 {"\xFF\xFE", 2, "text in UTF-16 (save it as UTF-8)"},
                 {"\xFE\xFF", 2, "text in UTF-16 (save it as UTF-8)"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (begins(p, n, known[i].magic, known[i].len)) return known[i].name;
    }
    return NULL;
}

/* ---- CSV ---- */

/* The delimiter of a header line: a tab where there is one, else the more frequent of comma and semicolon,
 * outside quotes; 0 for none. *whole: the line ends within p[0..n). */
static char delimiter_of(const char *p, size_t n, bool *whole) {
    size_t tabs = 0, commas = 0, semicolons = 0;
    bool quoted = false;
    *whole = false;
    for (size_t i = 0; i < n && !*whole; i++) {
        if (p[i] == '"') quoted = !quoted;
        if (quoted) continue;
        tabs += p[i] == '\t';
        commas += p[i] == ',';
        semicolons += p[i] == ';';
        *whole = p[i] == '\n' || p[i] == '\r';
    }
    if (tabs) return '\t';
    if (commas || semicolons) return semicolons > commas ? ';' : ',';
    return 0;
}

/* Whether all but a last, cut character of p[0..n) is UTF-8 without control bytes. */
static bool is_text(const char *p, size_t n) {
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int len = lem_utf8_decode(p + i, n - i, &cp);
        if (len == 0) return n - i < 4 && n == LOOK;
        if (cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r' && cp != '\f') return false;
        i += (size_t)len;
    }
    return true;
}

/* One column has no delimiter: then only the name tells CSV from any other text. */
static bool called_csv(const char *path) {
    return lem_path_ends(path, ".csv") || lem_path_ends(path, ".csv.gz") || lem_path_ends(path, ".csv.zst") ||
           lem_path_ends(path, ".tsv");
}

/* A first line that is damaged makes no CSV of it. */
static bool called_json_lines(const char *path) {
    static const char *const ends[] = {".jsonl", ".jsonl.gz", ".jsonl.zst", ".ndjson"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (lem_path_ends(path, ends[i])) return true;
    return false;
}

static lem_status open_text(const char *path, lem_input *in, const char *p, size_t n,
                            const lem_wanted *wanted, lem_reader *out, lem_err *err) {
    bool whole;
    char delimiter = delimiter_of(p, n, &whole);
    lem_status st = LEM_OK;
    if (!is_text(p, n)) {
        st = lem_fail(
            err, LEM_EDATA,
            "its kind cannot be told: no JSON, CSV, Parquet or Arrow (the first bytes are none of theirs)");
    } else if (called_json_lines(path)) return lem_json_rows_open(in, wanted, out, err);
    else if (delimiter || called_csv(path))
        return lem_csv_open(in, delimiter ? delimiter : ',', wanted, out, err);
    else {
        st = lem_fail(
            err, LEM_EDATA,
            "its kind cannot be told: text without a '{' or '[' in front (JSON) and without commas or tabs "
            "in its first line (CSV; a file of one column must be called .csv)");
    }
    lem_input_close(in);
    return st;
}

/* ---- Any file ---- */

static lem_status open_parquet(const char *path, lem_input *in, const lem_wanted *wanted, lem_reader *out,
                               lem_err *err) {
    const lem_cancel *cancel = in->cancel;
    bool packed = lem_stream_packed(in->stream) != NULL;
    lem_input_close(in);
    if (packed) return lem_fail(err, LEM_EDATA, "Parquet inside gzip or Zstandard: unpack it first");
    if (strcmp(path, "-") == 0)
        return lem_fail(err, LEM_EDATA, "Parquet is read from a file, not from a pipe");
    return lem_parquet_open(path, wanted, cancel, out, err);
}

/* JSON, CSV, or nothing known: told by the first byte that is not space. */
static lem_status open_by_text(const char *path, lem_input *in, const char *p, size_t n,
                               const lem_wanted *wanted, lem_reader *out, lem_err *err) {
    size_t at = 0;
    if (begins(p, n, "\xEF\xBB\xBF", 3)) p += 3, n -= 3;
    while (at < n && p[at] && strchr(" \t\r\n", p[at])) at++;
    /* An empty file has no rows, like an empty JSONL. */
    if (at == n || p[at] == '{' || p[at] == '[') return lem_json_rows_open(in, wanted, out, err);
    return open_text(path, in, p, n, wanted, out, err);
}

/* p[0..n) is the front of the file, unpacked; takes in. */
static lem_status open_kind(const char *path, lem_input *in, const lem_wanted *wanted, lem_reader *out,
                            lem_err *err) {
    const char *p = lem_input_at(in);
    size_t n = lem_input_have(in) < LOOK ? lem_input_have(in) : LOOK;
    if (begins(p, n, "ARROW1", 6) || begins(p, n, "\xFF\xFF\xFF\xFF", 4))
        return lem_arrow_open(in, wanted, out, err);
    if (begins(p, n, "PAR1", 4) || begins(p, n, "PARE", 4)) return open_parquet(path, in, wanted, out, err);
    const char *name = foreign(p, n);
    if (!name) return open_by_text(path, in, p, n, wanted, out, err);
    lem_input_close(in);
    return lem_fail(err, LEM_EDATA, "it is %s, which is not read here", name);
}

lem_status lem_reader_open(const char *path, const lem_wanted *wanted, const lem_cancel *cancel,
                           lem_reader *out, lem_err *err) {
    lem_input in;
    lem_status st = lem_input_open(path, cancel, &in, err);
    if (st != LEM_OK) return st;
    st = lem_input_need(&in, LOOK, err);
    if (st == LEM_OK) return open_kind(path, &in, wanted, out, err);
    /* Damage behind the first rows is told when it is come to; damage in front of them now. */
    lem_input_close(&in);
    return st;
}
