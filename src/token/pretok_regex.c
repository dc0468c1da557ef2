/* pretok_regex.c - any other pre-tokenizer pattern, through PCRE2 with limits
 *
 * Patterns in tokenizer.json are Oniguruma's; for what they use, PCRE2 with Unicode properties and multi-line anchors means the same. The
 * work of one match attempt is bounded, so that no text can make it run away; meeting the bound is an error. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/mem.h"
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
    if (n > MAX_PATTERN) return lem_fail(err, LEM_EDATA, "a pre-tokenizer pattern is longer than %d bytes", MAX_PATTERN);
    tok_regex *r = lem_alloc_zero(1, sizeof *r, err);
    if (!r) return LEM_EMEM;
    r->code = pcre2_compile((PCRE2_SPTR)pattern, n, PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
                            &code, &at, NULL);
    r->limits = pcre2_match_context_create(NULL);
    lem_status st = LEM_OK;
    if (!r->code) {
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
    pcre2_set_match_limit(r->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
    *out = r;
    return LEM_OK;
}

void *lem_regex_scratch(const tok_regex *r, lem_err *err) {
    void *m = pcre2_match_data_create_from_pattern(r->code, NULL);
    if (!m) lem_fail(err, LEM_EMEM, "out of memory");
    return m;
}

void lem_regex_scratch_free(void *m) { pcre2_match_data_free(m); }

lem_status lem_regex_find(const tok_regex *r, void *m, const char *s, size_t n, size_t pos, bool *found, size_t *start, size_t *end, lem_err *err) {
    /* An empty match would cut nothing. */
    int rc = pcre2_match(r->code, (PCRE2_SPTR)s, n, pos, PCRE2_NOTEMPTY, m, r->limits);
    *found = rc > 0;
    if (rc == PCRE2_ERROR_NOMATCH) return LEM_OK;
    if (rc <= 0) {
        char words[128] = "";
        pcre2_get_error_message(rc, (PCRE2_UCHAR *)words, sizeof words);
        return lem_fail(err, LEM_EDATA, "the pre-tokenizer pattern gave up at byte %zu of a text: %s", pos, words);
    }
    const size_t *span = pcre2_get_ovector_pointer(m);
    *start = span[0];
    *end = span[1];
    if (*start < pos || *end <= *start) return lem_fail(err, LEM_EDATA, "the pre-tokenizer pattern matches backwards (\\K), which is not supported");
    return LEM_OK;
}
