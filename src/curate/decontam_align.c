/* decontam_align.c - a longest common subsequence of two texts, traced back to the bytes of both */
#include "curate/decontam_align.h"

#include "core/mem.h"
#include "curate/decontam_priv.h"
#include "curate/normalize.h"

#include <string.h>

enum { MAX_WORDS = 3000 };

typedef struct side {
    lem_word_ids words;
    lem_shared *at; /* [words.n] the bytes of each word; strong is set for those of a run */
    uint8_t *pick;  /* [words.n] in the common subsequence */
} side;

void lem_alignment_release(lem_alignment *a) {
    lem_free(a->in[0]);
    lem_free(a->in[1]);
    *a = (lem_alignment){0};
}

static void release(side *s) {
    lem_word_ids_release(&s->words);
    lem_free(s->at);
    lem_free(s->pick);
}

/* Where each word stands in the text, by the sources of its normalised bytes. */
static lem_status place_words(side *s, const lem_vocabulary *v, const char *text, size_t len, lem_err *err) {
    lem_buf normal = {0}, from = {0};
    size_t i = 0;
    lem_status st = lem_normalize_traced(text, len, &normal, &from, err);
    s->at = lem_alloc(s->words.n + 1, sizeof *s->at, err);
    s->pick = lem_alloc_zero(s->words.n + 1, 1, err);
    if (st == LEM_OK && (!s->at || !s->pick)) st = LEM_EMEM;
    for (size_t k = 0; st == LEM_OK && k < s->words.n; k++) {
        lem_normal_source first, last;
        uint32_t id = s->words.id[k];
        size_t bytes = v->begin[id + 1] - v->begin[id];
        if (normal.data[i] == ' ') i++;
        memcpy(&first, from.data + i * sizeof first, sizeof first);
        memcpy(&last, from.data + (i + bytes - 1) * sizeof last, sizeof last);
        s->at[k] = (lem_shared){first.begin, last.end, false};
        i += bytes;
    }
    if (s->words.n > MAX_WORDS) s->words.n = MAX_WORDS;
    lem_buf_release(&normal);
    lem_buf_release(&from);
    return st;
}

/* Lengths of common subsequences of the words from i and from j on, at [i * (m + 1) + j]. */
static void fill(const side *a, const side *b, uint16_t *length) {
    size_t n = a->words.n, m = b->words.n, wide = m + 1;
    for (size_t i = n + 1; i-- > 0;)
        for (size_t j = m + 1; j-- > 0;) {
            uint16_t *x = &length[i * wide + j];
            if (i == n || j == m) *x = 0;
            else if (a->words.id[i] == b->words.id[j]) *x = (uint16_t)(x[wide + 1] + 1);
            else *x = x[wide] > x[1] ? x[wide] : x[1];
        }
}

/* Marks the words of one longest common subsequence. */
static void trace(side *a, side *b, const uint16_t *length) {
    size_t n = a->words.n, m = b->words.n, wide = m + 1;
    for (size_t i = 0, j = 0; i < n && j < m;) {
        const uint16_t *x = &length[i * wide + j];
        bool same = a->words.id[i] == b->words.id[j];
        if (same) a->pick[i] = b->pick[j] = 1;
        if (same || x[wide] >= x[1]) i++;
        if (same || x[wide] < x[1]) j++;
    }
}

/* Marks all runs of ngram words that stand in both. run: [b's words + 1] of another use. */
static void mark_runs(side *a, side *b, size_t ngram, uint16_t *run) {
    size_t n = a->words.n, m = b->words.n;
    memset(run, 0, (m + 1) * sizeof *run);
    for (size_t i = 0; i < n; i++)
        for (size_t j = m; j-- > 0;) {
            run[j + 1] = a->words.id[i] == b->words.id[j] ? (uint16_t)(run[j] + 1) : 0;
            for (size_t k = run[j + 1] == ngram ? ngram : 1; run[j + 1] >= ngram && k-- > 0;) {
                a->pick[i - k] = b->pick[j - k] = 1;
                a->at[i - k].strong = b->at[j - k].strong = true;
            }
        }
}

static lem_status join(const side *s, lem_shared **out, size_t *n, lem_err *err) {
    *out = lem_alloc(s->words.n + 1, sizeof **out, err);
    if (!*out) return LEM_EMEM;
    for (size_t k = 0; k < s->words.n; k++) {
        if (!s->pick[k]) continue;
        lem_shared *last = *n ? &(*out)[*n - 1] : NULL;
        bool next = k && s->pick[k - 1] && last && last->strong == s->at[k].strong;
        if (next || (last && s->at[k].begin < last->end)) { /* two words of one character, too */
            if (s->at[k].end > last->end) last->end = s->at[k].end;
        } else (*out)[(*n)++] = s->at[k];
    }
    return LEM_OK;
}

lem_status lem_align_texts(const char *a, size_t a_len, const char *b, size_t b_len, int ngram,
                           lem_alignment *out, lem_err *err) {
    lem_vocabulary v = {0};
    side s[2];
    uint16_t *length = NULL;
    lem_status st = LEM_OK;
    *out = (lem_alignment){0};
    memset(s, 0, sizeof s);
    LEM_TRY(lem_vocabulary_add(&v, a, a_len, &s[0].words, err));
    LEM_TRY(lem_vocabulary_add(&v, b, b_len, &s[1].words, err));
    LEM_TRY(place_words(&s[0], &v, a, a_len, err));
    LEM_TRY(place_words(&s[1], &v, b, b_len, err));
    length = lem_alloc((s[0].words.n + 1) * (s[1].words.n + 1), sizeof *length, err);
    if (!length) LEM_TRY(LEM_EMEM);
    fill(&s[0], &s[1], length);
    trace(&s[0], &s[1], length);
    mark_runs(&s[0], &s[1], (size_t)ngram, length);
    LEM_TRY(join(&s[0], &out->in[0], &out->n[0], err));
    LEM_TRY(join(&s[1], &out->in[1], &out->n[1], err));
done:
    release(&s[0]);
    release(&s[1]);
    lem_vocabulary_release(&v);
    lem_free(length);
    return st;
}
