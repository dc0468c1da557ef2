/* evolve - prompts that ask for new problems, and the problem in a reply */
#include "teach/evolve.h"

#include "core/utf8.h"

#include <string.h>
#include <strings.h>

#define MARKER "New problem"
#define FRAME                                                                                                \
    "The new problem must be complete, possible to solve, and understandable to a human reader. Write "      \
    "nothing but "                                                                                           \
    "its text: no solution, no hint, no comment.\n\n# Given problem\n"

static const struct {
    const char *name, *ask;
} kinds[LEM_EVOLVE_KINDS] = {
    {"breadth", "You write mathematics problems. Let the problem below inspire you to a new one of your own. "
                "It must be a "
                "clearly different problem from the same area, of a rarer kind: not the given one with other "
                "numbers, names or objects. Keep it about as long and about as difficult. "},
    {"depth",
     "You write mathematics problems. Let the problem below inspire you to a new one of your own that is "
     "more "
     "complex and harder to solve than the given one: it should take more steps, combine more ideas, or "
     "ask for something more general. "},
    {"constraints",
     "You write mathematics problems. Rewrite the problem below so that it carries further constraints and "
     "requirements that its solution has to meet. "},
};

const char *lem_evolve_name(lem_evolve_kind kind) { return kinds[kind].name; }

lem_status lem_evolve_parse(const char *name, lem_evolve_kind *out, lem_err *err) {
    for (int i = 0; i < LEM_EVOLVE_KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0) {
            *out = (lem_evolve_kind)i;
            return LEM_OK;
        }
    return lem_fail(err, LEM_EUSAGE, "--kind '%s' is none of breadth, depth, constraints", name);
}

void lem_evolve_prompt(lem_evolve_kind kind, const char *seed, lem_buf *out) {
    lem_buf_puts(out, kinds[kind].ask);
    lem_buf_puts(out, FRAME);
    lem_buf_puts(out, seed);
    lem_buf_puts(out, "\n\n# " MARKER "\n");
}

static const char *skip_space(const char *s) {
    while (lem_is_space(*s)) s++;
    return s;
}

/* Behind a heading such as "# New problem" or "**New problem:**"; s itself where there is none. */
static const char *skip_marker(const char *s) {
    const char *at = s + strspn(s, "#* ");
    if (strncasecmp(at, MARKER, strlen(MARKER)) != 0) return s;
    at += strlen(MARKER);
    bool marked = strchr(":*\n", *at) || *s == '#';
    at += strspn(at, ":* ");
    return marked && *at ? at : s;
}

void lem_evolve_take(const char *reply, lem_buf *out) {
    const char *from = skip_space(skip_marker(skip_space(reply)));
    size_t n = strlen(from);
    while (n && lem_is_space(from[n - 1])) n--;
    lem_buf_add(out, from, n);
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

bool lem_evolve_same(const char *a, const char *b) {
    a = skip_space(a);
    b = skip_space(b);
    while (*a && *b) {
        bool gap = lem_is_space(*a);
        if (gap != lem_is_space(*b)) break;
        if (!gap && lower(*a) != lower(*b)) return false;
        a = gap ? skip_space(a) : a + 1;
        b = gap ? skip_space(b) : b + 1;
    }
    return !*skip_space(a) && !*skip_space(b);
}

size_t lem_evolve_words(const char *text) {
    size_t n = 0;
    for (const char *p = skip_space(text); *p; p = skip_space(p)) {
        n++;
        while (*p && !lem_is_space(*p)) p++;
    }
    return n;
}
