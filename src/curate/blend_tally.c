/* blend_tally.c - samples, words and tokens by domain; prompts that stand there twice */
#include "curate/blend_priv.h"
#include "curate/filter_text.h"

#include "core/hash.h"
#include "core/mem.h"
#include "core/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static lem_status domain_of(lem_blend *b, const char *name, lem_blend_domain **out, lem_err *err) {
    for (size_t i = 0; i < b->n_domains; i++)
        if (strcmp(b->domain[i].name, name) == 0) {
            *out = &b->domain[i];
            return LEM_OK;
        }
    if (b->n_domains == b->cap_domains) {
        size_t cap = b->cap_domains ? 2 * b->cap_domains : 16;
        lem_blend_domain *more = lem_realloc(b->domain, cap, sizeof *more, err);
        if (!more) return LEM_EMEM;
        b->domain = more;
        b->cap_domains = cap;
    }
    char *copy = lem_strdup(name, err);
    if (!copy) return LEM_EMEM;
    *out = &b->domain[b->n_domains++];
    **out = (lem_blend_domain){.name = copy};
    return LEM_OK;
}

/* Lower-casing is all that AceMath's rule does to a prompt. */
static lem_status hash_lowered(lem_blend *b, uint64_t *hash, lem_err *err) {
    const char *s = lem_buf_str(&b->texts.prompt);
    size_t n = b->texts.prompt.len;
    lem_buf_clear(&b->text);
    for (size_t i = 0; i < n;) {
        uint32_t cp = (unsigned char)s[i];
        char out[4];
        int k = cp < 0x80 ? 1 : lem_utf8_decode(s + i, n - i, &cp);
        if (k <= 0) {
            lem_buf_putc(&b->text, s[i++]);
            continue;
        }
        int m = lem_utf8_encode((uint32_t)utf8proc_tolower((utf8proc_int32_t)cp), out);
        lem_buf_add(&b->text, out, (size_t)m);
        i += (size_t)k;
    }
    *hash = lem_hash64(lem_buf_str(&b->text), b->text.len, 0);
    return lem_buf_ok(&b->text, err);
}

static lem_status keep_prompt(lem_blend *b, size_t source, lem_err *err) {
    uint64_t hash = 0;
    if (b->texts.prompt.len == 0) return LEM_OK;
    lem_status st = hash_lowered(b, &hash, err);
    if (st == LEM_OK && b->n_prompts == b->cap_prompts) {
        size_t cap = b->cap_prompts ? 2 * b->cap_prompts : 1024;
        blend_prompt *more = lem_realloc(b->prompt, cap, sizeof *more, err);
        if (!more) return LEM_EMEM;
        b->prompt = more;
        b->cap_prompts = cap;
    }
    if (st == LEM_OK) b->prompt[b->n_prompts++] = (blend_prompt){hash, (uint32_t)source};
    return st;
}

static lem_status tokens_of(lem_blend *b, const lem_buf *text, lem_err *err) {
    return lem_tokenizer_encode(b->o->tokenizer, lem_buf_str(text), text->len, false, &b->ids, err);
}

lem_status lem_blend_tally(lem_blend *b, size_t source, const lem_json *row, uint64_t times, lem_err *err) {
    lem_blend_domain *d = NULL;
    lem_status st = domain_of(b, lem_json_str(lem_json_get(row, "domain"), ""), &d, err);
    if (st) return st;
    d->samples += times;
    d->rows++;
    d->words += times * (lem_count_words(lem_buf_str(&b->texts.prompt), b->texts.prompt.len) +
                         lem_count_words(lem_buf_str(&b->texts.response), b->texts.response.len));
    b->ids.len = 0;
    if (b->o->tokenizer) st = tokens_of(b, &b->texts.prompt, err);
    if (st == LEM_OK && b->o->tokenizer) st = tokens_of(b, &b->texts.response, err);
    d->tokens += times * b->ids.len;
    return st == LEM_OK ? keep_prompt(b, source, err) : st;
}

void lem_blend_tally_release(lem_blend *b) {
    for (size_t i = 0; i < b->n_domains; i++) lem_free(b->domain[i].name);
    lem_free(b->domain);
    lem_free(b->prompt);
}

/* ---- duplicates ---- */

static int by_hash(const void *x, const void *y) {
    const blend_prompt *a = x, *b = y;
    if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
    return (a->source > b->source) - (a->source < b->source);
}

lem_blend_twins lem_blend_twins_of(const lem_blend *b) {
    lem_blend_twins t = {0};
    if (b->n_prompts) qsort(b->prompt, b->n_prompts, sizeof *b->prompt, by_hash);
    for (size_t i = 0, k; i < b->n_prompts; i = k) {
        const blend_prompt *first = &b->prompt[i];
        for (k = i + 1; k < b->n_prompts && b->prompt[k].hash == first->hash;) k++;
        if (k - i < 2) continue;
        bool across = b->prompt[k - 1].source != first->source;
        if (across) {
            t.across++;
            t.across_rows += k - i;
        } else {
            t.within++;
            t.within_rows += k - i;
        }
    }
    return t;
}
