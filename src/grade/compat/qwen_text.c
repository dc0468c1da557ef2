/* qwen_text.c - Python's string operations on UTF-8: strip, find, replace, and the character classes \w and
 * \s */
#include "grade/compat/qwen_priv.h"

#include "core/utf8.h"

#include <string.h>

typedef struct range {
    uint32_t first, last;
} range;

/* Code points from U+0080 on that are not alphanumeric, by block: punctuation, symbols, marks, spaces,
 * private use. Scripts count as letters. */
static const range not_word[] = {
    {0x80, 0xA9},     {0xAB, 0xB1},       {0xB4, 0xB4},       {0xB6, 0xB8},        {0xBB, 0xBB},
    {0xBF, 0xBF},     {0xD7, 0xD7},       {0xF7, 0xF7},       {0x2C2, 0x2C5},      {0x2D2, 0x2DF},
    {0x300, 0x36F},   {0x37E, 0x37E},     {0x387, 0x387},     {0x2000, 0x206F},    {0x207A, 0x207E},
    {0x208A, 0x208E}, {0x20A0, 0x2101},   {0x2103, 0x2106},   {0x2108, 0x2109},    {0x2114, 0x2114},
    {0x2116, 0x2118}, {0x211E, 0x2123},   {0x2125, 0x2125},   {0x2127, 0x2127},    {0x2129, 0x2129},
    {0x212E, 0x212E}, {0x213A, 0x213B},   {0x2140, 0x2144},   {0x214A, 0x214D},    {0x218A, 0x245F},
    {0x249C, 0x24E9}, {0x2500, 0x2775},   {0x2794, 0x2BFF},   {0x3000, 0x3004},    {0x3008, 0x3020},
    {0x302A, 0x3030}, {0x3036, 0x3037},   {0x303D, 0x3040},   {0x30FB, 0x30FB},    {0xD800, 0xF8FF},
    {0xFE10, 0xFE6F}, {0xFF00, 0xFF0F},   {0xFF1A, 0xFF20},   {0xFF3B, 0xFF40},    {0xFF5B, 0xFF65},
    {0xFFE0, 0xFFFF}, {0x1F000, 0x1F0FF}, {0x1F10D, 0x1FAFF}, {0xE0000, 0x10FFFF},
};

bool lem_qwen_is_word(uint32_t c) {
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    for (size_t i = 0; i < sizeof not_word / sizeof *not_word; i++)
        if (c <= not_word[i].last) return c < not_word[i].first;
    return true;
}

bool lem_qwen_is_space(uint32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

size_t lem_qwen_char(qwen_text t, size_t at, uint32_t *cp) {
    int n = lem_utf8_decode(t.s + at, t.n - at, cp);
    if (n > 0) return (size_t)n;
    *cp = 0xFFFD;
    return 1;
}

size_t lem_qwen_char_before(qwen_text t, size_t at) {
    for (size_t n = 1; n <= 4 && n <= at; n++) {
        uint32_t cp;
        if (((unsigned char)t.s[at - n] & 0xC0u) == 0x80u) continue;
        return lem_qwen_char(lem_qwen_part(t, 0, at), at - n, &cp) == n ? n : 1;
    }
    return 1;
}

size_t lem_qwen_length(qwen_text t) {
    size_t count = 0;
    uint32_t cp;
    for (size_t i = 0; i < t.n; i += lem_qwen_char(t, i, &cp)) count++;
    return count;
}

qwen_text lem_qwen_text(const lem_buf *b) { return (qwen_text){lem_buf_str(b), b->len}; }

qwen_text lem_qwen_part(qwen_text t, size_t from, size_t to) {
    if (to > t.n) to = t.n;
    if (from > to) from = to;
    return (qwen_text){t.s + from, to - from};
}

qwen_text lem_qwen_strip(qwen_text t) {
    uint32_t cp;
    while (t.n > 0) {
        size_t n = lem_qwen_char(t, 0, &cp);
        if (!lem_qwen_is_space(cp)) break;
        t = lem_qwen_part(t, n, t.n);
    }
    while (t.n > 0) {
        size_t n = lem_qwen_char_before(t, t.n);
        (void)lem_qwen_char(t, t.n - n, &cp);
        if (!lem_qwen_is_space(cp)) break;
        t.n -= n;
    }
    return t;
}

qwen_text lem_qwen_rstrip_of(qwen_text t, const char *chars) {
    while (t.n > 0 && t.s[t.n - 1] && strchr(chars, t.s[t.n - 1])) t.n--;
    return t;
}

qwen_text lem_qwen_strip_of(qwen_text t, const char *chars) {
    while (t.n > 0 && t.s[0] && strchr(chars, t.s[0])) t = lem_qwen_part(t, 1, t.n);
    return lem_qwen_rstrip_of(t, chars);
}

size_t lem_qwen_find(qwen_text t, size_t from, const char *what) {
    if (from > t.n) return SIZE_MAX;
    const char *p = memmem(t.s + from, t.n - from, what, strlen(what));
    return p ? (size_t)(p - t.s) : SIZE_MAX;
}

size_t lem_qwen_find_last(qwen_text t, const char *what) {
    size_t last = SIZE_MAX, n = strlen(what);
    for (size_t at = lem_qwen_find(t, 0, what); at != SIZE_MAX; at = lem_qwen_find(t, at + n, what))
        last = at;
    return last;
}

size_t lem_qwen_count(qwen_text t, const char *what) {
    size_t count = 0, n = strlen(what);
    for (size_t at = lem_qwen_find(t, 0, what); at != SIZE_MAX; at = lem_qwen_find(t, at + n, what)) count++;
    return count;
}

bool lem_qwen_is(qwen_text t, const char *s) { return t.n == strlen(s) && memcmp(t.s, s, t.n) == 0; }
bool lem_qwen_starts(qwen_text t, const char *s) {
    return t.n >= strlen(s) && memcmp(t.s, s, strlen(s)) == 0;
}
bool lem_qwen_ends(qwen_text t, const char *s) {
    return t.n >= strlen(s) && memcmp(t.s + t.n - strlen(s), s, strlen(s)) == 0;
}

void lem_qwen_keep(lem_buf *b, qwen_text part) {
    if (b->failed || !b->data) return;
    memmove(b->data, part.s, part.n);
    b->data[part.n] = '\0';
    b->len = part.n;
}

void lem_qwen_set(lem_buf *b, qwen_text t) {
    lem_buf_clear(b);
    lem_buf_add(b, t.s, t.n);
}

/* Takes over `now`, unless it failed: then b is marked failed. */
static void adopt(lem_buf *b, lem_buf *now) {
    bool failed = b->failed || now->failed;
    lem_buf_release(b);
    *b = *now;
    b->failed = failed;
}

void lem_qwen_replace(lem_buf *b, const char *from, const char *to) {
    qwen_text t = lem_qwen_text(b);
    size_t at = lem_qwen_find(t, 0, from), n = strlen(from), done = 0;
    if (at == SIZE_MAX) return;
    lem_buf now = {0};
    for (; at != SIZE_MAX; at = lem_qwen_find(t, done, from)) {
        lem_buf_add(&now, t.s + done, at - done);
        lem_buf_puts(&now, to);
        done = at + n;
    }
    lem_buf_add(&now, t.s + done, t.n - done);
    adopt(b, &now);
}

void lem_qwen_cut_spans(lem_buf *b, const char *open, const char *close, const char *to) {
    qwen_text t = lem_qwen_text(b);
    size_t at = lem_qwen_find(t, 0, open), done = 0;
    if (at == SIZE_MAX) return;
    lem_buf now = {0};
    while (at != SIZE_MAX) {
        size_t inner = at + strlen(open), end = lem_qwen_find(t, inner, close);
        if (end == SIZE_MAX) break;
        lem_buf_add(&now, t.s + done, at - done);
        if (to) lem_buf_puts(&now, to);
        else lem_buf_add(&now, t.s + inner, end - inner);
        done = end + strlen(close);
        at = lem_qwen_find(t, done, open);
    }
    lem_buf_add(&now, t.s + done, t.n - done);
    adopt(b, &now);
}

/* str.lower for Latin, Greek and Cyrillic; other scripts with case do not occur in answers. Ranges of
 * capitals, and how far behind them their small letters are: in Latin Extended-A right behind the EVEN, or
 * ODD, ones. */
static uint32_t lower_of(uint32_t c) {
    enum { EVEN = 0, ODD = 1000 };
    static const struct {
        uint16_t from, to, step;
    } capitals[] = {{'A', 'Z', 32},       {0xC0, 0xD6, 32},    {0xD8, 0xDE, 32},     {0x100, 0x12F, EVEN},
                    {0x132, 0x137, EVEN}, {0x139, 0x148, ODD}, {0x149, 0x177, EVEN}, {0x179, 0x17E, ODD},
                    {0x17F, 0x17F, EVEN}, {0x391, 0x3A1, 32},  {0x3A3, 0x3A9, 32},   {0x400, 0x40F, 80},
                    {0x410, 0x42F, 32}};
    if (c == 0x178) return 0xFF;
    for (size_t k = 0; k < sizeof capitals / sizeof *capitals; k++) {
        if (c < capitals[k].from || c > capitals[k].to) continue;
        if (capitals[k].step == EVEN) return c | 1u;
        return capitals[k].step == ODD ? c + (c & 1u) : c + capitals[k].step;
    }
    return c;
}

void lem_qwen_lower(lem_buf *b) {
    qwen_text t = lem_qwen_text(b);
    for (size_t i = 0, n; i < t.n; i += n) {
        uint32_t cp;
        char out[4];
        n = lem_qwen_char(t, i, &cp);
        uint32_t low = lower_of(cp);
        /* both cases of these scripts have the same number of bytes */
        if (low != cp && lem_utf8_encode(low, out) == (int)n) memcpy(b->data + i, out, n);
    }
}
