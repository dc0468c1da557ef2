/* filter_text.c - words, boxes and scripts of a text */
#include "curate/filter_text.h"

#include "core/utf8.h"

#include <string.h>
#include <utf8proc.h>

enum { MAX_BOX = 8192 };

/* ---- words ---- */

static bool is_space_beyond(uint32_t c) {
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Bytes of the white space at s; 0 = none. */
static size_t space_at(const char *s, size_t n) {
    unsigned char c = (unsigned char)*s;
    uint32_t cp;
    if (c < 0x80) return lem_is_space(*s) || (c >= 0x1C && c <= 0x1F);
    int k = lem_utf8_decode(s, n, &cp);
    return k > 0 && is_space_beyond(cp) ? (size_t)k : 0;
}

uint64_t lem_count_words(const char *text, size_t len) {
    uint64_t n = 0;
    bool inside = false;
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)text[i];
        size_t k = c <= 0x20 || c >= 0xC2 ? space_at(text + i, len - i) : 0;
        n += !inside && !k;
        inside = !k;
        i += k ? k : 1;
    }
    return n;
}

/* ---- boxes ---- */

/* Behind the brace that closes the one at text[open]; 0 = it stays open. */
static size_t close_of(const char *text, size_t len, size_t open) {
    size_t end = len - open > MAX_BOX ? open + MAX_BOX : len;
    int depth = 0;
    for (size_t i = open; i < end; i++) {
        if (text[i] == '\\') i++;
        else if (text[i] == '{') depth++;
        else if (text[i] == '}' && --depth == 0) return i + 1;
    }
    return 0;
}

static bool box_at(const char *text, size_t len, size_t i, lem_box *out) {
    while (i < len && (text[i] == ' ' || text[i] == '\t')) i++;
    if (i == len) return false;
    if (text[i] != '{') { /* \boxed 5 */
        size_t from = i;
        while (i < len && !lem_is_space(text[i]) && text[i] != '$' && text[i] != '\\') i++;
        *out = (lem_box){from, i - from, i};
        return i > from && (text[from] == '-' || (text[from] >= '0' && text[from] <= '9'));
    }
    size_t end = close_of(text, len, i);
    if (end) *out = (lem_box){i + 1, end - i - 2, end};
    return end != 0;
}

bool lem_next_box(const char *text, size_t len, size_t *pos, lem_box *out) {
    static const char *const names[] = {"\\boxed", "\\fbox"};
    while (*pos < len) {
        const char *p = memchr(text + *pos, '\\', len - *pos);
        size_t i = p ? (size_t)(p - text) : len;
        *pos = i < len ? i + 1 : len;
        for (int k = 0; k < 2; k++) {
            size_t n = strlen(names[k]);
            if (len - i < n || memcmp(text + i, names[k], n) != 0) continue;
            if (i + n < len && ((text[i + n] | 32) >= 'a' && (text[i + n] | 32) <= 'z')) continue;
            if (!box_at(text, len, i + n, out)) continue;
            *pos = out->end;
            return true;
        }
    }
    return false;
}

bool lem_box_ends_text(const char *text, size_t len, const lem_box *box) {
    const char *line = memchr(text + box->end, '\n', len - box->end);
    size_t i = line ? (size_t)(line - text) : len;
    for (; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c >= 0x80) return false;
    }
    return true;
}

/* ---- scripts ---- */

enum {
    LATIN,
    GREEK,
    CYRILLIC,
    ARMENIAN,
    HEBREW,
    ARABIC,
    DEVANAGARI,
    BENGALI,
    TAMIL,
    THAI,
    GEORGIAN,
    HANGUL,
    KANA,
    HAN,
    OTHER
};

static const char *const names[] = {"latin",    "greek",      "cyrillic", "armenian", "hebrew",
                                    "arabic",   "devanagari", "bengali",  "tamil",    "thai",
                                    "georgian", "hangul",     "kana",     "han",      NULL};

const char *lem_script_name(int i) { return names[i]; }

/* Blocks of the Unicode Character Database (Blocks.txt) that the scripts are written with; letters outside
 * them count as other. */
static const struct {
    uint32_t from, to;
    int script;
} blocks[] = {
    {0x41, 0x24F, LATIN},       {0x250, 0x2AF, LATIN},      {0x370, 0x3FF, GREEK},
    {0x400, 0x52F, CYRILLIC},   {0x530, 0x58F, ARMENIAN},   {0x590, 0x5FF, HEBREW},
    {0x600, 0x6FF, ARABIC},     {0x750, 0x77F, ARABIC},     {0x8A0, 0x8FF, ARABIC},
    {0x900, 0x97F, DEVANAGARI}, {0x980, 0x9FF, BENGALI},    {0xB80, 0xBFF, TAMIL},
    {0xE00, 0xE7F, THAI},       {0x10A0, 0x10FF, GEORGIAN}, {0x1100, 0x11FF, HANGUL},
    {0x1E00, 0x1EFF, LATIN},    {0x1F00, 0x1FFF, GREEK},    {0x2C60, 0x2C7F, LATIN},
    {0x2DE0, 0x2DFF, CYRILLIC}, {0x3005, 0x3007, HAN},      {0x3040, 0x30FF, KANA},
    {0x3130, 0x318F, HANGUL},   {0x31F0, 0x31FF, KANA},     {0x3400, 0x4DBF, HAN},
    {0x4E00, 0x9FFF, HAN},      {0xA640, 0xA69F, CYRILLIC}, {0xA720, 0xA7FF, LATIN},
    {0xAB30, 0xAB6F, LATIN},    {0xAC00, 0xD7FF, HANGUL},   {0xF900, 0xFAFF, HAN},
    {0xFB00, 0xFB06, LATIN},    {0xFB1D, 0xFB4F, HEBREW},   {0xFB50, 0xFDFF, ARABIC},
    {0xFE70, 0xFEFF, ARABIC},   {0xFF21, 0xFF5A, LATIN},    {0xFF66, 0xFF9F, KANA},
    {0x20000, 0x323AF, HAN},
};

/* The script of a letter; -1 for what is no letter. */
static int script_of(uint32_t c) {
    if (c < 0x80) return (c | 32) >= 'a' && (c | 32) <= 'z' ? LATIN : -1;
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    if (k < UTF8PROC_CATEGORY_LU || k > UTF8PROC_CATEGORY_LO) return -1;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (c >= blocks[i].from && c <= blocks[i].to) return blocks[i].script;
    return OTHER;
}

/* A command of LaTeX at s: its bytes. */
static size_t command_length(const char *s, size_t n) {
    size_t k = 1;
    while (k < n && (s[k] | 32) >= 'a' && (s[k] | 32) <= 'z') k++;
    return k;
}

typedef struct tally {
    int wanted, last; /* the script of the run that goes on; -1 = none */
    uint64_t run, all, of_it;
} tally;

static void end_run(tally *t) {
    bool counts = t->last >= HANGUL && t->last <= HAN ? t->run > 0 : t->run > 1;
    if (t->last == GREEK && t->wanted != GREEK) counts = false;
    if (t->last >= 0 && counts) {
        t->all += t->run;
        if (t->last == t->wanted) t->of_it += t->run;
    }
    t->run = 0;
}

double lem_script_share(const char *text, size_t len, int script, uint64_t *letters) {
    tally t = {script, -1, 0, 0, 0};
    for (size_t i = 0; i < len;) {
        uint32_t cp = (unsigned char)text[i];
        int k = cp < 0x80 ? 1 : lem_utf8_decode(text + i, len - i, &cp);
        int s = k > 0 && cp != '\\' ? script_of(cp) : -1;
        if (s != t.last) end_run(&t);
        t.last = s;
        t.run++;
        if (cp == '\\') i += command_length(text + i, len - i);
        else i += k > 0 ? (size_t)k : 1;
    }
    end_run(&t);
    *letters = t.all;
    return t.all ? (double)t.of_it / (double)t.all : 1;
}
