/* card_text.c - what the texts of a card say: front matter, titles of licences, terms of use */
#include "core/card.h"
#include "core/utf8.h"

#include <string.h>

enum { NAME_MAX_LEN = 64 };

typedef struct line {
    const char *s;
    size_t n;
} line;

/* The next line without its end; false behind the last. */
static bool next_line(const char **at, const char *end, line *out) {
    if (*at >= end) return false;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    size_t n = (size_t)((stop ? stop : end) - *at);
    *out = (line){*at, n > 0 && (*at)[n - 1] == '\r' ? n - 1 : n};
    *at = stop ? stop + 1 : end;
    return true;
}

static line trimmed(line l) {
    while (l.n > 0 && lem_is_space(*l.s)) {
        l.s++;
        l.n--;
    }
    while (l.n > 0 && lem_is_space(l.s[l.n - 1])) l.n--;
    return l;
}

static bool is_text(line l, const char *text) { return l.n == strlen(text) && memcmp(l.s, text, l.n) == 0; }

/* One line of text that can be shown as it is. */
static bool is_sayable(line l) {
    if (l.n == 0 || l.n > LEM_CARD_TEXT_MAX || !lem_utf8_valid(l.s, l.n)) return false;
    for (size_t i = 0; i < l.n; i++)
        if ((unsigned char)l.s[i] < 0x20 || l.s[i] == 0x7f) return false;
    return true;
}

static void add_value(line v, lem_buf *out) {
    v = trimmed(v);
    if (v.n >= 2 && (*v.s == '"' || *v.s == '\'') && v.s[v.n - 1] == *v.s) v = (line){v.s + 1, v.n - 2};
    else
        for (size_t i = 1; i < v.n; i++) /* a comment of YAML */
            if (v.s[i] == '#' && lem_is_space(v.s[i - 1])) v.n = i;
    v = trimmed(v);
    if (!is_sayable(v) || is_text(v, "null") || is_text(v, "~") || is_text(v, "|") || is_text(v, ">")) return;
    if (out->len + v.n + 2 > 4 * LEM_CARD_TEXT_MAX) return;
    if (out->len) lem_buf_puts(out, ", ");
    lem_buf_add(out, v.s, v.n);
}

/* A scalar, or a list [a, b]. */
static void add_values(line v, lem_buf *out) {
    v = trimmed(v);
    if (v.n < 2 || *v.s != '[' || v.s[v.n - 1] != ']') {
        add_value(v, out);
        return;
    }
    const char *at = v.s + 1, *end = v.s + v.n - 1;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        add_value((line){at, (size_t)(stop - at)}, out);
        at = stop + 1;
    }
}

/* The value of a line "key: value"; false for another key. */
static bool value_of(line l, const char *key, line *v) {
    size_t n = strlen(key);
    if (l.n <= n || memcmp(l.s, key, n) != 0 || l.s[n] != ':') return false;
    *v = (line){l.s + n + 1, l.n - n - 1};
    return true;
}

/* A line "- value" below a key. */
static bool is_item(line l, line *v) {
    line t = trimmed(l);
    if (t.n < 2 || *t.s != '-' || !lem_is_space(t.s[1])) return false;
    *v = (line){t.s + 1, t.n - 1};
    return true;
}

static void read_lines(const char *at, const char *end, lem_front_matter *f, lem_buf *name) {
    struct {
        const char *key;
        lem_buf *to;
    } keys[] = {{"license", &f->licence},
                {"licenses", &f->licence},
                {"license_name", name},
                {"base_model", &f->base_model},
                {"pretty_name", &f->pretty_name}};
    lem_buf *list = NULL;
    for (line l, v; next_line(&at, end, &l) && !is_text(trimmed(l), "---");) {
        if (list && is_item(l, &v)) {
            add_value(v, list);
            continue;
        }
        list = NULL;
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            if (!value_of(l, keys[i].key, &v) || keys[i].to->len) continue;
            add_values(v, keys[i].to);
            if (trimmed(v).n == 0) list = keys[i].to;
        }
    }
}

void lem_front_matter_read(const char *text, size_t len, lem_front_matter *out) {
    const char *end = text + len;
    lem_buf name = {0};
    line first;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3;
    if (next_line(&text, end, &first) && is_text(trimmed(first), "---")) read_lines(text, end, out, &name);
    if (name.len && strcmp(lem_buf_str(&out->licence), "other") == 0) {
        lem_buf_clear(&out->licence);
        lem_buf_puts(&out->licence, lem_buf_str(&name));
    }
    lem_buf_release(&name);
}

void lem_front_matter_release(lem_front_matter *f) {
    lem_buf_release(&f->licence);
    lem_buf_release(&f->base_model);
    lem_buf_release(&f->pretty_name);
}

void lem_licence_title(const char *text, size_t len, lem_buf *out) {
    const char *at = text, *end = text + len;
    line l, title = {"", 0}, second = {"", 0};
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) at += 3;
    while (second.n == 0 && next_line(&at, end, &l)) {
        while (l.n > 0 && (*l.s == '#' || lem_is_space(*l.s))) l = (line){l.s + 1, l.n - 1};
        l = trimmed(l);
        if (title.n == 0) title = l;
        else second = l;
    }
    if (is_text(title, "Apache License") && second.n >= 11 && memcmp(second.s, "Version 2.0", 11) == 0)
        lem_buf_puts(out, "apache-2.0");
    else if (is_text(title, "MIT License") || is_text(title, "The MIT License")) lem_buf_puts(out, "mit");
    else if (is_sayable(title)) lem_buf_add(out, title.s, title.n);
}

/* ---- terms of use ---- */

/* In small letters, a dash for spaces and underscores; of a name too long, its beginning. */
static void normal_name(line l, char out[NAME_MAX_LEN]) {
    size_t n = l.n < NAME_MAX_LEN - 1 ? l.n : NAME_MAX_LEN - 1;
    for (size_t i = 0; i < n; i++) {
        char c = l.s[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        out[i] = c;
        if (c == ' ' || c == '_') out[i] = '-';
    }
    out[n] = '\0';
}

/* The name itself, or its beginning up to a dash or a number. */
static bool begins(const char *name, const char *with) {
    size_t n = strlen(with);
    return strncmp(name, with, n) == 0 && (!name[n] || name[n] == '-' || (name[n] >= '0' && name[n] <= '9'));
}

static lem_card_use use_of(line l) {
    static const char *const research[] = {"qwen-research", "mrl", "mnpl"};
    static const char *const free_ones[] = {
        "apache", "mit",  "bsd", "cc0", "cc-by", "odc-by",          "gpl",
        "lgpl",   "agpl", "mpl", "isc", "pddl",  "cdla-permissive", "unlicense"};
    char name[NAME_MAX_LEN] = "";
    normal_name(l, name);
    const char *nc = strstr(name, "-nc");
    if (nc && (!nc[3] || nc[3] == '-')) return LEM_CARD_NON_COMMERCIAL;
    if (strstr(name, "noncommercial") || strstr(name, "non-commercial")) return LEM_CARD_NON_COMMERCIAL;
    for (size_t i = 0; i < sizeof research / sizeof *research; i++)
        if (begins(name, research[i])) return LEM_CARD_NON_COMMERCIAL;
    for (size_t i = 0; i < sizeof free_ones / sizeof *free_ones; i++)
        if (begins(name, free_ones[i])) return LEM_CARD_COMMERCIAL;
    return LEM_CARD_USE_UNKNOWN;
}

lem_card_use lem_licence_use(const char *licence) {
    bool known = *licence != '\0';
    for (const char *at = licence; *at;) {
        size_t n = strcspn(at, ",");
        lem_card_use use = use_of(trimmed((line){at, n}));
        if (use == LEM_CARD_NON_COMMERCIAL) return use;
        known = known && use == LEM_CARD_COMMERCIAL;
        at += at[n] ? n + 1 : n;
    }
    return known ? LEM_CARD_COMMERCIAL : LEM_CARD_USE_UNKNOWN;
}
