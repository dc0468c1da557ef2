/* bad_rows.c - the tally: places, kinds by the words of an error, the share */
#include "data/bad_rows_priv.h"

#include "core/mem.h"
#include "core/object.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[LEM_BAD_N_KINDS] = {"not JSON",   "NaN or Infinity",   "missing field",
                                                        "wrong type", "different lengths", "other"};

/* What our own errors say; the first that fits. */
static lem_bad_kind kind_of(const char *text) {
    static const struct {
        const char *part;
        lem_bad_kind kind;
    } words[] = {{"is not JSON", LEM_BAD_NUMBER},
                 {"JSON line", LEM_BAD_SYNTAX},
                 {"JSON object", LEM_BAD_SYNTAX},
                 {"UTF-8", LEM_BAD_SYNTAX},
                 {" values for ", LEM_BAD_LENGTH},
                 {"a list of ", LEM_BAD_LENGTH},
                 {" candidates; 1 to ", LEM_BAD_LENGTH},
                 {"is missing", LEM_BAD_MISSING},
                 {"no field", LEM_BAD_MISSING},
                 {"no such field", LEM_BAD_MISSING},
                 {"no column", LEM_BAD_MISSING},
                 {"no expected_answer", LEM_BAD_MISSING},
                 {"no completions", LEM_BAD_MISSING},
                 {"no tests", LEM_BAD_MISSING},
                 {" needs ", LEM_BAD_MISSING},
                 {"found", LEM_BAD_TYPE},
                 {"expected", LEM_BAD_TYPE}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(text, words[i].part)) return words[i].kind;
    return LEM_BAD_OTHER;
}

lem_bad_rows *lem_bad_rows_new(lem_err *err) {
    lem_bad_rows *b = lem_alloc_zero(1, sizeof *b, err);
    if (b && !(b->seen = lem_map_new(err))) {
        lem_free(b);
        return NULL;
    }
    return b;
}

static void free_judge(lem_bad_judge *j) {
    lem_candidates_release(&j->row);
    lem_candidates_map_free(j->map);
    lem_free(j);
}

void lem_bad_rows_free(lem_bad_rows *b) {
    if (!b) return;
    for (lem_bad_judge *j = b->judges, *next; j; j = next) {
        next = j->next;
        free_judge(j);
    }
    for (int i = 0; i < LEM_BAD_SHOWN; i++) lem_free(b->shown[i]);
    lem_map_free(b->seen);
    lem_free(b);
}

lem_status lem_bad_rows_add(lem_bad_rows *b, const char *file, uint64_t number, const lem_err *why,
                            lem_err *err) {
    lem_buf place = {0}, line = {0};
    lem_buf_printf(&place, "%s:%llu", file, (unsigned long long)number);
    const size_t n = place.len;
    lem_buf_printf(&line, "%s: %s", lem_buf_str(&place), why->text);
    lem_status st = lem_buf_ok(&line, err);
    if (st == LEM_OK) st = lem_buf_ok(&place, err);
    if (st == LEM_OK && !lem_map_find(b->seen, lem_buf_str(&place), n, NULL)) {
        st = lem_map_set(b->seen, lem_buf_str(&place), n, 1, err);
        b->kinds[kind_of(why->text)]++;
        if (b->n < LEM_BAD_SHOWN) {
            if (strncmp(why->text, lem_buf_str(&place), n) == 0) b->shown[b->n] = lem_strdup(why->text, err);
            else b->shown[b->n] = lem_buf_take(&line);
            if (!b->shown[b->n]) st = LEM_EMEM;
        }
        b->n++;
    }
    lem_buf_release(&place);
    lem_buf_release(&line);
    return st;
}

uint64_t lem_bad_rows_count(const lem_bad_rows *b) { return b->n; }

const char *lem_bad_rows_shown(const lem_bad_rows *b, int i) {
    return i >= 0 && i < LEM_BAD_SHOWN ? b->shown[i] : NULL;
}

lem_status lem_bad_rows_check(const lem_bad_rows *b, uint64_t used, double max_share, lem_err *err) {
    const double all = (double)b->n + (double)used;
    if (b->n == 0 || (double)b->n <= max_share * all) return LEM_OK;
    return lem_fail(err, LEM_EPARTIAL,
                    "%llu of %.0f rows cannot be used, more than --max-bad %g allows; the first: %s",
                    (unsigned long long)b->n, all, max_share, b->shown[0] ? b->shown[0] : "");
}

void lem_bad_rows_text(const lem_bad_rows *b, lem_buf *out) {
    const char *between = ": ";
    lem_buf_printf(out, "%llu row%s left out", (unsigned long long)b->n, b->n == 1 ? "" : "s");
    for (int k = 0; k < LEM_BAD_N_KINDS; k++) {
        if (!b->kinds[k]) continue;
        lem_buf_printf(out, "%s%llu %s", between, (unsigned long long)b->kinds[k], kind_names[k]);
        between = ", ";
    }
}

lem_json *lem_bad_rows_json(const lem_bad_rows *b) {
    lem_object o = lem_object_new(), kinds = lem_object_new();
    lem_json *first = lem_json_new_array();
    bool ok = first != NULL;
    for (int k = 0; k < LEM_BAD_N_KINDS; k++)
        if (b->kinds[k]) lem_object_int(&kinds, kind_names[k], b->kinds[k]);
    for (int i = 0; ok && i < LEM_BAD_SHOWN && b->shown[i]; i++)
        ok = lem_json_append(first, lem_json_new_str(b->shown[i]));
    lem_object_int(&o, "rows", b->n);
    lem_object_json(&o, "kinds", lem_object_done(&kinds));
    lem_object_json(&o, "first", first);
    o.failed = o.failed || !ok;
    return lem_object_done(&o);
}
