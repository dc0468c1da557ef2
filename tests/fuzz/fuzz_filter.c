/* fuzz_filter.c - any bytes as a response: loops, equations, boxes, words and scripts stay inside it, and are
 * the same each time */
#include "curate/filter_arithmetic.h"
#include "curate/filter_text.h"
#include "curate/repetition.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
    if (!ok) __builtin_trap();
}

static void loops(const char *text, size_t n) {
    lem_err err = LEM_ERR_INIT;
    lem_repetition_scan *s = lem_repetition_scan_new(&err);
    lem_repetition a, b;
    const lem_repetition_limits easy = {2, 4, 2, 1.5};
    check(s && lem_repetition_find(s, text, n, &easy, &a, &err) == LEM_OK);
    check(lem_repetition_find(s, text, n, &easy, &b, &err) == LEM_OK);
    check(a.kind == b.kind && a.offset == b.offset && a.len == b.len);
    check(a.offset <= n && a.len <= n - a.offset);
    if (a.kind) check(a.len > 0 && a.times > 1);
    lem_repetition_scan_free(s);
}

static void equations(const char *text, size_t n) {
    lem_err err = LEM_ERR_INIT;
    lem_arithmetic_scan *s = lem_arithmetic_scan_new(&err);
    lem_arithmetic a, b;
    check(s && lem_arithmetic_check(s, text, n, NULL, &a, &err) == LEM_OK);
    check(lem_arithmetic_check(s, text, n, NULL, &b, &err) == LEM_OK);
    check(a.slips == b.slips && a.equations == b.equations && a.offset == b.offset && a.len == b.len);
    check(a.slips <= a.equations && a.offset <= n && a.len <= n - a.offset);
    if (a.slips) check(memchr(text + a.offset, '=', a.len) != NULL);
    lem_arithmetic_scan_free(s);
}

static void texts(const char *text, size_t n) {
    size_t pos = 0, last = 0;
    lem_box box;
    uint64_t letters;
    while (lem_next_box(text, n, &pos, &box)) {
        check(box.from <= n && box.len <= n - box.from && box.end <= n && box.end > last && pos == box.end);
        last = box.end;
        (void)lem_box_ends_text(text, n, &box);
    }
    check(lem_count_words(text, n) <= n);
    double sum = 0;
    for (int i = 0; lem_script_name(i); i++) {
        double share = lem_script_share(text, n, i, &letters);
        check(share >= 0 && share <= 1 && letters <= n);
        sum += letters ? share : 0;
    }
    check(sum < 2); /* Greek letters count only where Greek is asked for */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    loops(text, size);
    equations(text, size);
    texts(text, size);
    return 0;
}
