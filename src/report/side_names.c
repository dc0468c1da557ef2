/* side_names.c - short names for files or runs that are compared: what their paths differ in */
#include "report/side_names.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Bytes that all paths begin with, up to and with a '/'. */
static size_t common_begin(const char *const *paths, int n) {
    size_t end = 0;
    for (size_t i = 0; paths[0][i]; i++) {
        for (int k = 1; k < n; k++)
            if (paths[k][i] != paths[0][i]) return end;
        if (paths[0][i] == '/') end = i + 1;
    }
    return end;
}

/* Bytes that all paths end in, from a '/'; those before `begin` do not count. */
static size_t common_end(const char *const *paths, int n, size_t begin) {
    size_t len = strlen(paths[0]), end = 0;
    for (size_t i = 1; i + begin <= len; i++) {
        char c = paths[0][len - i];
        for (int k = 1; k < n; k++) {
            size_t other = strlen(paths[k]);
            if (i + begin > other || paths[k][other - i] != c) return end;
        }
        if (c == '/') end = i;
    }
    return end;
}

static bool cut_end(char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    if (n <= m || strcmp(s + n - m, end) != 0) return false;
    s[n - m] = '\0';
    return true;
}

static void put_name(const char *from, size_t n, char out[LEM_SIDE_NAME]) {
    while (n && from[n - 1] == '/') n--;
    if (n >= LEM_SIDE_NAME) {
        from += n - (LEM_SIDE_NAME - 1);
        n = LEM_SIDE_NAME - 1;
        while (n && ((unsigned char)*from & 0xc0) == 0x80) { /* not within a character */
            from++;
            n--;
        }
    }
    memcpy(out, from, n);
    out[n] = '\0';
    if (!cut_end(out, ".gz")) (void)cut_end(out, ".zst");
    if (!cut_end(out, ".jsonl")) (void)cut_end(out, ".json");
}

static const char *last_part(const char *path, size_t *n) {
    *n = strlen(path);
    while (*n > 1 && path[*n - 1] == '/') (*n)--;
    size_t at = *n;
    while (at > 0 && path[at - 1] != '/') at--;
    *n -= at;
    return path + at;
}

static bool distinct(char (*names)[LEM_SIDE_NAME], int n) {
    for (int i = 0; i < n; i++) {
        if (!names[i][0]) return false;
        for (int k = 0; k < i; k++)
            if (strcmp(names[i], names[k]) == 0) return false;
    }
    return true;
}

void lem_side_names(const char *const *paths, int n, char (*out)[LEM_SIDE_NAME]) {
    if (n < 1) return;
    size_t begin = common_begin(paths, n), end = common_end(paths, n, begin);
    for (int i = 0; i < n; i++) put_name(paths[i] + begin, strlen(paths[i]) - begin - end, out[i]);
    if (n > 1 && distinct(out, n)) return;
    for (int i = 0; i < n; i++) {
        size_t len;
        const char *part = last_part(paths[i], &len);
        char number[16] = "";
        if (n > 1) snprintf(number, sizeof number, " (%d)", (i + 1) % 10000);
        put_name(part, len, out[i]);
        size_t room = LEM_SIDE_NAME - 1 - strlen(number), have = strlen(out[i]);
        if (have > room) have = room;
        memcpy(out[i] + have, number, strlen(number) + 1);
    }
}
