/* fuzz_row_map - any lines as "ours=theirs" over any row (behind an empty line): refused in one line, or the
 * row has what was found and all its other columns */
#include "data/row_map.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lem_json *lines_of(const char *text, const char *end) {
    lem_json *list = lem_json_new_array();
    while (list && text < end) {
        const char *to = memchr(text, '\n', (size_t)(end - text));
        size_t n = (size_t)((to ? to : end) - text);
        lem_json *one = lem_json_new_strn(text, n); /* NULL where it is no UTF-8 */
        if (one && strlen(lem_json_str(one, "")) == n) (void)lem_json_append(list, one);
        else lem_json_free(one);
        text += n + 1;
    }
    return list;
}

static bool is_ours(const lem_json *map, const char *key) {
    for (size_t i = 0; i < lem_json_count(map); i++) {
        const char *one = lem_json_str(lem_json_at(map, i), "");
        size_t n = strcspn(one, "=");
        if (strlen(key) == n && memcmp(one, key, n) == 0) return true;
    }
    return false;
}

static void apply(const lem_json *map, lem_json *row, bool first) {
    lem_err err = LEM_ERR_INIT;
    lem_json *was = lem_json_copy(row);
    lem_status st = lem_row_map_apply(map, row, first, &err);
    if (st != LEM_OK && (st != LEM_EDATA || !err.text[0] || strchr(err.text, '\n') || !first))
        __builtin_trap();
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(was); i++) {
        const char *key = lem_json_key_at(was, i);
        if (!is_ours(map, key) && !lem_json_equal(lem_json_get(row, key), lem_json_value_at(was, i)))
            __builtin_trap();
    }
    lem_json_free(was);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    const char *text = (const char *)data, *end = text + size, *cut = text;
    while (cut < end && !(*cut == '\n' && (cut == text || cut[-1] == '\n'))) cut++;
    lem_json *map = lines_of(text, cut), *row = NULL;
    lem_status st = lem_row_map_check(map, &err);
    if (st != LEM_OK && (st != LEM_EUSAGE || !err.text[0] || strchr(err.text, '\n'))) __builtin_trap();
    if (st == LEM_OK && cut < end && lem_json_parse(cut + 1, (size_t)(end - cut) - 1, &row, &err) == LEM_OK &&
        lem_json_kind(row) == LEM_JSON_OBJECT) {
        apply(map, row, true);
        apply(map, row, false);
    }
    lem_json_free(map);
    lem_json_free(row);
    return 0;
}
