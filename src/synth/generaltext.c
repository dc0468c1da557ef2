/* synth/generaltext.c - short prompt and response pairs for the general stages: drills, comparing, words,
 * facts, chat */
#include "synth/wordproblem.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct gt_draft {
    lem_rng r;
    lem_generaltext *out;
} gt_draft;

static const char *const names[] = {"Mia",  "Tom", "Anna", "Ben",  "Lucy", "Sam",  "Nora", "Leo",
                                    "Ella", "Max", "Ruth", "Omar", "Jane", "Paul", "Lily", "Ivan"};
static const char *const words[] = {"apple", "pear",   "book",   "card",   "shell",  "stamp",
                                    "coin",  "marble", "egg",    "stone",  "flower", "pen",
                                    "cup",   "ball",   "candle", "cookie", "bag",    "seat",
                                    "ring",  "garden", "school", "train",  "week",   "day"};
static const char *const colors[] = {"red", "blue", "green", "white", "black", "yellow"};
#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static int range(gt_draft *d, int lo, int hi) {
    return lo + (int)lem_rng_next_below(&d->r, (uint64_t)(hi - lo) + 1);
}

#define PICK(d, list) ((list)[range((d), 0, COUNT(list) - 1)])
#define PROMPT(d, ...) ((void)snprintf((d)->out->prompt, sizeof(d)->out->prompt, __VA_ARGS__))
#define RESPONSE(d, ...) ((void)snprintf((d)->out->response, sizeof(d)->out->response, __VA_ARGS__))

/* Writes one operation as "a op b = c" with the ranges that the word problems use. */
static void equation(gt_draft *d, char *left, char *right, size_t size, int *value) {
    int a, b, k = range(d, 0, 9);
    if (k < 3) {
        a = range(d, 2, k == 0 ? 30 : 110), b = range(d, 2, 50);
        snprintf(left, size, "%d+%d", a, b), *value = a + b;
    } else if (k < 6) {
        b = range(d, 1, 90), a = b + range(d, 0, 60);
        snprintf(left, size, "%d-%d", a, b), *value = a - b;
    } else if (k < 8) {
        a = range(d, 2, 10), b = range(d, 2, 10);
        snprintf(left, size, "%d*%d", a, b), *value = a * b;
    } else if (k < 9) {
        b = range(d, 2, 9), a = b * range(d, 2, 12);
        snprintf(left, size, "%d/%d", a, b), *value = a / b;
    } else {
        b = range(d, 3, 9), a = range(d, b, b * 11 - 1);
        snprintf(left, size, "%d", a), *value = a % b;
        snprintf(right, size, "%d*%d+%d", b, a / b, a % b);
        return;
    }
    snprintf(right, size, "%d", *value);
}

static void drill(gt_draft *d) {
    char left[48], right[48];
    int v, star;
    equation(d, left, right, sizeof left, &v);
    star = strchr(right, '*') != NULL;
    if (star) {
        int b = 0;
        for (const char *s = right; *s >= '0' && *s <= '9'; s++) b = b * 10 + (*s - '0');
        PROMPT(d,
               range(d, 0, 1) ? "What is left over when %s is divided by %d?"
                              : "Divide %s by %d with remainder.",
               left, b);
    } else if (range(d, 0, 1)) {
        PROMPT(d, "What is %s?", left);
    } else {
        PROMPT(d, "Compute %s.", left);
    }
    RESPONSE(d, "%s=%s.", left, right);
}

static void check(gt_draft *d) {
    char left[48], right[48];
    int v, wrong;
    size_t n;
    equation(d, left, right, sizeof left, &v);
    n = strlen(right);
    wrong = range(d, 0, 1);
    PROMPT(d, "Is %s=%s right?", left, right);
    if (wrong) {
        char bad[48];
        size_t at = n - 1 - (size_t)range(d, 0, n > 1 && right[n - 2] >= '0' && right[n - 2] <= '9' ? 1 : 0);
        memcpy(bad, right, n + 1);
        bad[at] = (char)('0' + (bad[at] - '0' + range(d, 1, 9)) % 10);
        if (bad[at] == '0' && at + 1 < n && (at == 0 || bad[at - 1] < '0' || bad[at - 1] > '9'))
            bad[at] = (char)(right[at] == '9' ? '8' : '9');
        PROMPT(d, "Is %s=%s right?", left, bad);
    }
    RESPONSE(d, "%s=%s. %s.", left, right, wrong ? "No" : "Yes");
}

static void expression(gt_draft *d) {
    int a = range(d, 2, 10), b = range(d, 2, 9), c = range(d, 9, 60), p = a * b;
    switch (range(d, 0, 2)) {
    case 0:
        PROMPT(d, "Work out %d*%d+%d.", a, b, c);
        RESPONSE(d, "%d*%d=%d.\n%d+%d=%d.", a, b, p, p, c, p + c);
        break;
    case 1:
        PROMPT(d, "Add %d and %d, then subtract %d.", p, c, b);
        RESPONSE(d, "%d+%d=%d.\n%d-%d=%d.", p, c, p + c, p + c, b, p + c - b);
        break;
    default:
        PROMPT(d, "What is %d more than %d times %d?", c, b, a);
        RESPONSE(d, "%d*%d=%d.\n%d+%d=%d.", b, a, p, p, c, p + c);
        break;
    }
}

static void compare(gt_draft *d) {
    int v[3], lo, hi, mid;
    for (int i = 0; i < 3; i++) v[i] = range(d, 1, 120);
    lo = v[0] < v[1] ? v[0] : v[1];
    lo = lo < v[2] ? lo : v[2];
    hi = v[0] > v[1] ? v[0] : v[1];
    hi = hi > v[2] ? hi : v[2];
    mid = v[0] + v[1] + v[2] - lo - hi;
    switch (range(d, 0, 2)) {
    case 0:
        PROMPT(d, "Sort %d, %d, %d.", v[0], v[1], v[2]);
        RESPONSE(d, "%d, %d, %d.", lo, mid, hi);
        break;
    case 1:
        PROMPT(d, "Which is the largest of %d, %d and %d?", v[0], v[1], v[2]);
        RESPONSE(d, "%d.", hi);
        break;
    default:
        PROMPT(d, "Which is the smallest of %d, %d and %d?", v[0], v[1], v[2]);
        RESPONSE(d, "%d.", lo);
        break;
    }
}

static void word_games(gt_draft *d) {
    const char *w = PICK(d, words), *u = PICK(d, words), *x = PICK(d, words);
    char spelled[64] = "", letter;
    int n = 0;
    switch (range(d, 0, 3)) {
    case 0:
        PROMPT(d, "Repeat: %s %s %s", w, u, x);
        RESPONSE(d, "%s %s %s", w, u, x);
        break;
    case 1:
        PROMPT(d, "Say these words backwards: %s %s %s", w, u, x);
        RESPONSE(d, "%s %s %s", x, u, w);
        break;
    case 2:
        letter = w[range(d, 0, (int)strlen(w) - 1)];
        for (const char *s = w; *s; s++) n += *s == letter;
        PROMPT(d, "How often does the letter %c occur in %s?", letter, w);
        RESPONSE(d, "%d.", n);
        break;
    default:
        for (const char *s = w; *s && n + 3 < (int)sizeof spelled; s++) {
            if (n) spelled[n++] = '-';
            spelled[n++] = *s;
        }
        PROMPT(d, "Spell %s.", w);
        RESPONSE(d, "%s, %d letters.", spelled, (int)strlen(w));
        break;
    }
}

static void fact(gt_draft *d) {
    const char *p = PICK(d, names), *q = PICK(d, names), *w = PICK(d, words), *u = PICK(d, words),
               *c = PICK(d, colors);
    int a = range(d, 2, 99), b = range(d, 2, 99);
    switch (range(d, 0, 2)) {
    case 0:
        PROMPT(d, "%s has %d %ss and %d %ss. How many %ss does %s have?", p, a, w, b, u, w, p);
        RESPONSE(d, "%d.", strcmp(w, u) == 0 ? a + b : a);
        break;
    case 1:
        PROMPT(d, "The %s of %s is %s. What color is it?", w, p, c);
        RESPONSE(d, "It is %s.", c);
        break;
    default:
        PROMPT(d, "%s has %d %ss and %s has %d. Who has more?", p, a, w, q, b);
        RESPONSE(d, "%s.", a == b ? "Nobody" : a > b ? p : q);
        break;
    }
}

static void chat(gt_draft *d) {
    const char *p = PICK(d, names);
    switch (range(d, 0, 3)) {
    case 0: PROMPT(d, "Hello, I am %s.", p), RESPONSE(d, "Hello %s. How can I help?", p); break;
    case 1: PROMPT(d, "Thank you, said %s.", p), RESPONSE(d, "You are welcome, %s.", p); break;
    case 2: PROMPT(d, "Good morning from %s.", p), RESPONSE(d, "Good morning, %s.", p); break;
    default:
        PROMPT(d, "%s asks: can you do sums?", p), RESPONSE(d, "Yes, %s. I work step by step.", p);
        break;
    }
}

lem_status lem_generaltext_make(const lem_rng *rng, uint64_t index, unsigned kinds, lem_generaltext *out,
                                lem_err *err) {
    static const struct {
        lem_generaltext_kind kind;
        void (*write)(gt_draft *);
        int weight;
    } table[] = {
        {LEM_GENERALTEXT_DRILL, drill, 10},    {LEM_GENERALTEXT_EXPRESSION, expression, 3},
        {LEM_GENERALTEXT_COMPARE, compare, 1}, {LEM_GENERALTEXT_WORDS, word_games, 1},
        {LEM_GENERALTEXT_FACT, fact, 1},       {LEM_GENERALTEXT_CHAT, chat, 1},
        {LEM_GENERALTEXT_CHECK, check, 3},
    };
    gt_draft d = {.r = *rng, .out = out};
    int total = 0, at;
    if (kinds == 0) kinds = LEM_GENERALTEXT_ALL;
    if (kinds & ~(unsigned)LEM_GENERALTEXT_ALL)
        return lem_fail(err, LEM_EUSAGE, "general text: unknown kinds %#x", kinds);
    if (index >> 46)
        return lem_fail(err, LEM_EUSAGE, "general text: index %llu is too large", (unsigned long long)index);
    d.r.next = index << 7;
    for (int i = 0; i < COUNT(table); i++)
        if (kinds & (unsigned)table[i].kind) total += table[i].weight;
    at = range(&d, 0, total - 1);
    for (int i = 0; i < COUNT(table); i++) {
        if (!(kinds & (unsigned)table[i].kind)) continue;
        at -= table[i].weight;
        if (at >= 0) continue;
        memset(out, 0, sizeof *out);
        out->kind = table[i].kind;
        table[i].write(&d);
        return LEM_OK;
    }
    return lem_fail(err, LEM_EUSAGE, "general text: no kind chosen");
}
