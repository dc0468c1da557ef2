/* row_map.c - foreign columns under our names */
#include "data/row_map.h"

#include <string.h>

enum { NAME_MAX_BYTES = 64 };

/* The length of ours; 0: no entry. */
static size_t ours_of(const char *entry) {
    const char *eq = strchr(entry, '=');
    size_t n = eq ? (size_t)(eq - entry) : 0;
    return eq && eq[1] && n < NAME_MAX_BYTES ? n : 0;
}

lem_status lem_row_map_check(const lem_json *map, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(map); i++) {
        const char *entry = lem_json_str(lem_json_at(map, i), "");
        if (!ours_of(entry))
            return lem_fail(err, LEM_EUSAGE, "--map: expected OURS=THEIRS, found '%.80s'", entry);
    }
    return LEM_OK;
}

static lem_status absent(const lem_json *row, const char *entry, lem_err *err) {
    lem_buf b = {0};
    for (const char *k = lem_json_key_next(row, NULL); k && b.len < 400; k = lem_json_key_next(row, k))
        lem_buf_printf(&b, "%s%.60s", b.len ? ", " : "", k);
    lem_status st =
        lem_fail(err, LEM_EDATA, "--map %.120s: no such field; the columns are %s", entry, lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}

lem_status lem_row_map_apply(const lem_json *map, lem_json *row, bool first, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(map); i++) {
        const char *entry = lem_json_str(lem_json_at(map, i), "");
        size_t n = ours_of(entry);
        lem_json *theirs = n ? lem_json_find(row, entry + n + 1) : NULL;
        char ours[NAME_MAX_BYTES];
        if (!theirs && first) return absent(row, entry, err);
        if (!theirs) continue;
        memcpy(ours, entry, n);
        ours[n] = '\0';
        if (!lem_json_set(row, ours, lem_json_share(theirs))) return lem_fail(err, LEM_EMEM, "out of memory");
    }
    return LEM_OK;
}
