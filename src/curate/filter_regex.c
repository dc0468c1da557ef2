/* filter_regex.c - PCRE2 with limits
 *
 * PCRE2 counts its steps anew from each place where a match may begin, so that its own limit bounds no more
 * than that. So places are tried in windows: first with few steps each, and a window in which these do not
 * suffice once more with more of them, as long as there are steps left. No JIT, which counts otherwise. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "curate/filter_regex_priv.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/utf8.h"

#include <pcre2.h>
#include <string.h>

enum {
    MAX_PATTERN = 8192,
    HEAP_LIMIT_KIB = 65536,
    WINDOW = 128,
    FEW = 1000,
    MANY = 1000000,
    ALL = 200000000
};

struct filter_regex {
    pcre2_code *code;
    pcre2_match_context *limits;
    pcre2_match_data *match;
};

void lem_filter_regex_free(filter_regex *r) {
    if (!r) return;
    pcre2_code_free(r->code);
    pcre2_match_context_free(r->limits);
    pcre2_match_data_free(r->match);
    lem_free(r);
}

static lem_status compile(filter_regex *r, const char *option, const char *pattern, lem_err *err) {
    const uint32_t how = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT;
    int code = 0;
    size_t at = 0;
    char words[128] = "";
    r->code = pcre2_compile((PCRE2_SPTR)pattern, strlen(pattern), how, &code, &at, NULL);
    if (!r->code && code == PCRE2_ERROR_HEAP_FAILED)
        return lem_fail(err, LEM_EMEM, "out of memory: --%s", option);
    if (!r->code) {
        pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof words);
        return lem_fail(err, LEM_EUSAGE, "--%s: at byte %zu of the regular expression '%.80s': %s", option,
                        at, pattern, words);
    }
    r->limits = pcre2_match_context_create(NULL);
    r->match = pcre2_match_data_create(1, NULL);
    if (!r->limits || !r->match) return lem_fail(err, LEM_EMEM, "out of memory");
    pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
    return LEM_OK;
}

lem_status lem_filter_regex_new(const char *option, const char *pattern, filter_regex **out, lem_err *err) {
    if (strlen(pattern) > MAX_PATTERN)
        return lem_fail(err, LEM_EUSAGE, "--%s: a regular expression of more than %d bytes", option,
                        MAX_PATTERN);
    filter_regex *r = lem_alloc_zero(1, sizeof *r, err);
    if (!r) return LEM_EMEM;
    lem_status st = compile(r, option, pattern, err);
    if (st == LEM_OK) *out = r;
    else lem_filter_regex_free(r);
    return st;
}

/* One text, and how many steps are left for it. */
typedef struct search {
    filter_regex *r;
    const char *text;
    size_t len;
    uint32_t options;
    int64_t left;
} search;

/* Matches that begin in [from, to]. */
static int try_window(search *s, size_t from, size_t to) {
    const uint64_t limits[] = {FEW, (uint64_t)s->len * 8 + 20000, MANY};
    int rc = PCRE2_ERROR_MATCHLIMIT;
    pcre2_set_offset_limit(s->r->limits, to);
    for (int i = 0; i < 3 && rc == PCRE2_ERROR_MATCHLIMIT; i++) {
        uint64_t steps = limits[i] < MANY ? limits[i] : MANY;
        if (i > 0) s->left -= (int64_t)steps * (int64_t)(to - from + 1);
        if (s->left < 0) break;
        pcre2_set_match_limit(s->r->limits, (uint32_t)steps);
        rc =
            pcre2_match(s->r->code, (PCRE2_SPTR)s->text, s->len, from, s->options, s->r->match, s->r->limits);
    }
    return rc;
}

static lem_status match_valid(search *s, bool start_only, regex_answer *out, lem_err *err) {
    int rc = PCRE2_ERROR_NOMATCH;
    for (size_t from = 0; from <= s->len && rc == PCRE2_ERROR_NOMATCH;) {
        size_t to = s->len - from < WINDOW ? s->len : from + WINDOW - 1;
        if (start_only) to = from;
        rc = try_window(s, from, to);
        if (start_only) break;
        for (from = to + 1; from < s->len && ((unsigned char)s->text[from] & 0xC0) == 0x80;) from++;
    }
    if (rc == PCRE2_ERROR_NOMEMORY) return lem_fail(err, LEM_EMEM, "out of memory");
    *out = REGEX_GAVE_UP;
    if (rc >= 0) *out = REGEX_YES;
    else if (rc == PCRE2_ERROR_NOMATCH) *out = REGEX_NO;
    return LEM_OK;
}

lem_status lem_filter_regex_match(filter_regex *r, const char *text, size_t len, regex_place place,
                                  regex_answer *out, lem_err *err) {
    lem_buf mended = {0};
    lem_status st = LEM_OK;
    if (!lem_utf8_valid(text, len)) {
        lem_utf8_mend(text, len, &mended);
        st = lem_buf_ok(&mended, err);
        text = lem_buf_str(&mended);
        len = mended.len;
    }
    while (place == REGEX_AT_START && len && lem_is_space(*text)) text++, len--;
    while (place == REGEX_AT_END && len && lem_is_space(text[len - 1])) len--;
    search s = {r, text, len, PCRE2_NO_UTF_CHECK, ALL};
    if (place == REGEX_AT_START) s.options |= PCRE2_ANCHORED;
    if (place == REGEX_AT_END) s.options |= PCRE2_ENDANCHORED;
    if (st == LEM_OK) st = match_valid(&s, place == REGEX_AT_START, out, err);
    lem_buf_release(&mended);
    return st;
}
