/* pretok_regex.c - any other pre-tokenizer pattern, through PCRE2 with limits
 *
 * Patterns in tokenizer.json are Oniguruma's; for what they use, PCRE2 with Unicode properties and multi-line
 * anchors means the same. The work of one match attempt is bounded, so that no text can make it run away;
 * meeting the bound is an error. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/mem.h"
#include "core/utf8.h"
#include "token/tokenizer_priv.h"

#include <pcre2.h>
#include <string.h>

#define MAX_PATTERN 8192
#define MATCH_LIMIT 1000000
#define HEAP_LIMIT_KIB 65536

struct tok_regex {
    pcre2_code *code;
    pcre2_match_context *limits;
};

void lem_regex_free(tok_regex *r) {
    if (!r) return;
    pcre2_code_free(r->code);
    pcre2_match_context_free(r->limits);
    lem_free(r);
}

lem_status lem_regex_compile(const char *pattern, tok_regex **out, lem_err *err) {
    size_t n = strlen(pattern), at = 0;
    int code = 0;
    if (n > MAX_PATTERN)
        return lem_fail(err, LEM_EDATA, "a pre-tokenizer pattern is longer than %d bytes", MAX_PATTERN);
    tok_regex *r = lem_alloc_zero(1, sizeof *r, err);
    if (!r) return LEM_EMEM;
    r->code =
        pcre2_compile((PCRE2_SPTR)pattern, n,
                      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
    r->limits = pcre2_match_context_create(NULL);
    lem_status st = LEM_OK;
    if (!r->code && code == PCRE2_ERROR_HEAP_FAILED) {
        st = lem_fail(err, LEM_EMEM, "out of memory for the pre-tokenizer pattern: %.300s", pattern);
    } else if (!r->code) {
        char words[128] = "";
        pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof words);
        st = lem_fail(err, LEM_EDATA, "pre-tokenizer pattern at byte %zu: %s: %.300s", at, words, pattern);
    } else if (!r->limits) {
        st = lem_fail(err, LEM_EMEM, "out of memory");
    }
    if (st != LEM_OK) {
        lem_regex_free(r);
        return st;
    }
    (void)pcre2_jit_compile(r->code,
                            PCRE2_JIT_COMPLETE); /* faster where there is one; the matches are the same */
    pcre2_set_match_limit(r->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
    *out = r;
    return LEM_OK;
}

/* A match looks only inside the valid UTF-8 around it; where that ends is remembered, so that the text is
 * checked once. */
typedef struct scratch {
    pcre2_match_data *match;
    size_t from, to; /* valid part of the text now scanned */
} scratch;

void lem_regex_scratch_free(void *m) {
    if (!m) return;
    pcre2_match_data_free(((scratch *)m)->match);
    lem_free(m);
}

void *lem_regex_scratch(const tok_regex *r, lem_err *err) {
    scratch *m = lem_alloc_zero(1, sizeof *m, err);
    if (!m) return NULL;
    m->match = pcre2_match_data_create_from_pattern(r->code, NULL);
    if (m->match) return m;
    lem_regex_scratch_free(m);
    lem_fail(err, LEM_EMEM, "out of memory");
    return NULL;
}

/* Moves m's valid part to the first one that is not empty at or after pos; false if there is none. */
static bool find_valid(scratch *m, const char *s, size_t n, size_t pos) {
    uint32_t cp;
    int k;
    while (pos < n && lem_utf8_decode(s + pos, n - pos, &cp) <= 0) pos++;
    m->from = m->to = pos;
    while (m->to < n && (k = lem_utf8_decode(s + m->to, n - m->to, &cp)) > 0) m->to += (size_t)k;
    return m->to > m->from;
}

lem_status lem_regex_find(const tok_regex *r, void *memory, const char *s, size_t n, size_t pos, bool *found,
                          size_t *start, size_t *end, lem_err *err) {
    scratch *m = memory;
    *found = false;
    bool fresh = pos == 0 || pos < m->from || pos >= m->to; /* each text is scanned from 0 */
    while (!fresh || find_valid(m, s, n, pos)) {
        fresh = true;
        if (pos < m->from) pos = m->from;
        /* An empty match would cut nothing. */
        const uint32_t options = PCRE2_NOTEMPTY | PCRE2_NO_UTF_CHECK;
        PCRE2_SPTR text = (PCRE2_SPTR)s + m->from;
        int rc = pcre2_match(r->code, text, m->to - m->from, pos - m->from, options, m->match, r->limits);
        if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
            rc = pcre2_match(r->code, text, m->to - m->from, pos - m->from, options | PCRE2_NO_JIT, m->match,
                             r->limits);
        if (rc == PCRE2_ERROR_NOMATCH) {
            pos = m->to;
            continue;
        }
        if (rc == PCRE2_ERROR_NOMEMORY)
            return lem_fail(err, LEM_EMEM, "out of memory for the pre-tokenizer pattern");
        if (rc <= 0) {
            char words[128] = "";
            pcre2_get_error_message(rc, (PCRE2_UCHAR *)words, sizeof words);
            return lem_fail(err, LEM_EDATA, "the pre-tokenizer pattern gave up at byte %zu of a text: %s",
                            pos, words);
        }
        const size_t *span = pcre2_get_ovector_pointer(m->match);
        *start = m->from + span[0];
        *end = m->from + span[1];
        if (*start < pos || *end <= *start)
            return lem_fail(err, LEM_EDATA,
                            "the pre-tokenizer pattern matches backwards (\\K), which is not supported");
        *found = true;
        return LEM_OK;
    }
    return LEM_OK;
}
