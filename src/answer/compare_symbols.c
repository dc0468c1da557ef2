/* compare_symbols.c - the letters that a quantity named in words goes by: radius 4 and r = 4 */
#include "answer/compare_words_priv.h"

#include <string.h>

/* A letter in several rows may stand for each of them. */
static const struct {
    const char *word, *letters;
} quantities[] = {
    {"radius", " r R "},
    {"diameter", " d D "},
    {"circumference", " C c "},
    {"perimeter", " P p "},
    {"area", " A S a "},
    {"volume", " V v "},
    {"height", " h H "},
    {"width", " w W b "},
    {"length", " l L a ell "},
    {"base", " b B a "},
    {"side", " s a "},
    {"slope", " m k a "},
    {"intercept", " b c a "},
    {"center", " C O M P "},
    {"centre", " C O M P "},
    {"vertex", " V "},
    {"focus", " F "},
    {"midpoint", " M "},
    {"amplitude", " A a "},
    {"period", " T P p "},
    {"frequency", " f nu "},
    {"phase", " phi c "},
    {"mean", " mu m M "},
    {"median", " m M "},
    {"variance", " V "},
    {"deviation", " sigma s "},
    {"probability", " P p "},
    {"speed", " v s "},
    {"velocity", " v u "},
    {"acceleration", " a g "},
    {"distance", " d s D "},
    {"time", " t T "},
    {"mass", " m M "},
    {"force", " F "},
    {"energy", " E K U W "},
    {"work", " W "},
    {"power", " P "},
    {"temperature", " T "},
    {"pressure", " p P "},
    {"density", " rho "},
    {"angle", " theta alpha beta gamma phi A B C "},
    {"profit", " P p "},
    {"cost", " C c "},
    {"revenue", " R r "},
    {"price", " p P "},
};

static bool holds(const char *letters, const char *s, size_t n) {
    for (const char *p = letters; (p = strchr(p, ' ')) && p[1]; p++)
        if (strcspn(p + 1, " ") == n && memcmp(p + 1, s, n) == 0) return true;
    return false;
}

/* Is `word` one of the words? */
static bool names(words t, const char *word) {
    size_t m = strlen(word);
    for (size_t i = 0; i + m <= t.n; i++)
        if ((i == 0 || t.s[i - 1] == ' ') && (i + m == t.n || t.s[i + m] == ' ') &&
            memcmp(t.s + i, word, m) == 0)
            return true;
    return false;
}

words_answer lem_words_symbol(words label, const char *symbol, size_t n) {
    bool known = false, taken = false;
    for (size_t k = 0; k < sizeof quantities / sizeof *quantities; k++) {
        bool mine = names(label, quantities[k].word), letter = holds(quantities[k].letters, symbol, n);
        if (mine && letter) return WORDS_SAME;
        known = known || mine;
        taken = taken || letter;
    }
    return known && taken ? WORDS_DIFFERENT : WORDS_UNKNOWN;
}
