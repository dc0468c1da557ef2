/* units.c - units of measurement as exponents and a rational factor
 *
 * Factors: SI brochure, 9th edition; yard, pound and gallon by their definitions of 1959 (US gallon). */
#include "answer/units_priv.h"

#include "answer/ast_priv.h"

#include <string.h>

enum { LENGTH, MASS, TIME, CURRENT, AMOUNT };
enum {
    DOLLAR = 1,
    EURO,
    POUND_STERLING,
    YEN,
    YUAN,
    RUPEE,
    HALF_DAY_AM,
    HALF_DAY_PM,
    ANGLE,
    CELSIUS,
    FAHRENHEIT,
    BIT,
    THING
};

typedef struct unit_row {
    const char *names; /* separated by spaces */
    signed char dim[UNIT_DIMENSIONS];
    signed char other;
    bool prefixes; /* k, m, kilo, milli … may stand before */
    long num, den;
    int exp10; /* a power of ten besides */
} unit_row;

static const unit_row table[] = {
    {"m meter metre meters metres 米", {1}, 0, true, 1, 1},
    {"in inch inches", {1}, 0, false, 254, 10000},
    {"ft foot feet", {1}, 0, false, 3048, 10000},
    {"yd yard yards", {1}, 0, false, 9144, 10000},
    {"mi mile miles", {1}, 0, false, 1609344, 1000},
    {"千米 公里", {1}, 0, false, 1000, 1},
    {"分米", {1}, 0, false, 1, 10},
    {"厘米", {1}, 0, false, 1, 100},
    {"毫米", {1}, 0, false, 1, 1000},
    {"平方米", {2}, 0, false, 1, 1},
    {"平方厘米", {2}, 0, false, 1, 10000},
    {"立方米", {3}, 0, false, 1, 1},
    {"立方厘米", {3}, 0, false, 1, 1000000},
    {"acre acres", {2}, 0, false, 40468564224, 10000000},
    {"ha hectare hectares 公顷", {2}, 0, false, 10000, 1},
    {"l L liter litre liters litres 升", {3}, 0, true, 1, 1000},
    {"毫升", {3}, 0, false, 1, 1000000},
    {"cc", {3}, 0, false, 1, 1000000},
    {"gal gallon gallons", {3}, 0, false, 3785411784, 1000000000000},
    {"qt quart quarts", {3}, 0, false, 473176473, 500000000000},
    {"pt pint pints", {3}, 0, false, 473176473, 1000000000000},
    {"cup cups", {3}, 0, false, 473176473, 2000000000000},
    {"tbsp tablespoon tablespoons", {3}, 0, false, 473176473, 32000000000000},
    {"tsp teaspoon teaspoons", {3}, 0, false, 157725491, 32000000000000},
    {"angstrom angstroms Å", {1}, 0, false, 1, 10000000000},
    {"ly light-year light-years", {1}, 0, false, 9460730472580800, 1},
    {"au AU", {1}, 0, false, 149597870700, 1},
    {"g gram grams 克", {0, 1}, 0, true, 1, 1000},
    {"千克 公斤", {0, 1}, 0, false, 1, 1},
    {"lb lbs pound pounds", {0, 1}, 0, false, 45359237, 100000000},
    {"oz ounce ounces", {0, 1}, 0, false, 45359237, 1600000000},
    {"ton tons tonne tonnes 吨", {0, 1}, 0, false, 1000, 1},
    {"s sec secs second seconds 秒", {0, 0, 1}, 0, true, 1, 1},
    {"min mins minute minutes 分钟", {0, 0, 1}, 0, false, 60, 1},
    {"h hr hrs hour hours 小时 时", {0, 0, 1}, 0, false, 3600, 1},
    {"day days 天", {0, 0, 1}, 0, false, 86400, 1},
    {"week weeks 周", {0, 0, 1}, 0, false, 604800, 1},
    {"month months 月", {0, 0, 1}, 0, false, 2629800, 1},
    {"yr year years 年", {0, 0, 1}, 0, false, 31557600, 1},
    {"mph", {1, 0, -1}, 0, false, 1609344, 3600000},
    {"kmh kph", {1, 0, -1}, 0, false, 1000, 3600},
    {"Hz hertz", {0, 0, -1}, 0, true, 1, 1},
    {"N newton newtons 牛", {1, 1, -2}, 0, true, 1, 1},
    {"dyn dyne dynes", {1, 1, -2}, 0, false, 1, 100000},
    {"J joule joules 焦", {2, 1, -2}, 0, true, 1, 1},
    {"erg ergs", {2, 1, -2}, 0, true, 1, 10000000},
    {"eV", {2, 1, -2}, 0, true, 1602176634, 1, -28},
    {"cal calorie calories", {2, 1, -2}, 0, true, 4184, 1000},
    {"W watt watts 瓦", {2, 1, -3}, 0, true, 1, 1},
    {"Wh", {2, 1, -2}, 0, true, 3600, 1},
    {"Pa pascal pascals", {-1, 1, -2}, 0, true, 1, 1},
    {"bar bars", {-1, 1, -2}, 0, true, 100000, 1},
    {"mmHg torr Torr", {-1, 1, -2}, 0, false, 101325, 760},
    {"atm", {-1, 1, -2}, 0, false, 101325, 1},
    {"A amp amps ampere amperes", {0, 0, 0, 1}, 0, true, 1, 1},
    {"C coulomb coulombs", {0, 0, 1, 1}, 0, true, 1, 1},
    {"V volt volts", {2, 1, -3, -1}, 0, true, 1, 1},
    {"F farad farads", {-2, -1, 4, 2}, 0, true, 1, 1},
    {"ohm ohms Omega", {2, 1, -3, -2}, 0, true, 1, 1},
    {"T tesla", {0, 1, -2, -1}, 0, true, 1, 1},
    {"mol mole moles", {0, 0, 0, 0, 1}, 0, true, 1, 1},
    {"M molar", {-3, 0, 0, 0, 1}, 0, false, 1000, 1},
    {"K kelvin kelvins", {0}, 0, false, 1, 1},
    {"dollar dollars USD", {0}, DOLLAR, false, 1, 1},
    {"cent cents", {0}, DOLLAR, false, 1, 100},
    {"EUR euro euros", {0}, EURO, false, 1, 1},
    {"GBP", {0}, POUND_STERLING, false, 1, 1},
    {"JPY yen", {0}, YEN, false, 1, 1},
    {"yuan RMB CNY 元 块", {0}, YUAN, false, 1, 1},
    {"角", {0}, YUAN, false, 1, 10},
    {"INR rupee rupees", {0}, RUPEE, false, 1, 1},
    {"am", {0}, HALF_DAY_AM, false, 1, 1},
    {"pm", {0}, HALF_DAY_PM, false, 1, 1},
    {"degree degrees deg 度", {0}, ANGLE, false, 1, 1},
    {"unit units 个 只 人 名 本 张 条 种 次 件 枚 位 辆 支 颗 棵 块钱", {0}, THING, false, 1, 1},
    {"bit bits", {0}, BIT, true, 1, 1},
    {"byte bytes B", {0}, BIT, true, 8, 1},
};

static const struct {
    const char *names;
    int exp10;
} prefixes[] = {{"k kilo", 3},        {"M mega", 6},  {"G giga", 9},   {"T tera", 12},
                {"h hecto", 2},       {"d deci", -1}, {"c centi", -2}, {"m milli", -3},
                {"u mu micro µ", -6}, {"n nano", -9}, {"p pico", -12}, {"f femto", -15}};

static const unit_row *plain_row(const char *s, size_t n, bool prefixed) {
    for (size_t i = 0; n && i < sizeof table / sizeof *table; i++)
        if ((!prefixed || table[i].prefixes) && lem_lex_in_words(table[i].names, s, n)) return &table[i];
    return NULL;
}

/* The row of a word, and the power of ten that its prefix is. A short prefix goes with a symbol, a long one
 * with a name. */
static const unit_row *row_of(const char *s, size_t n, int *exp10) {
    const unit_row *r = plain_row(s, n, false);
    *exp10 = 0;
    for (size_t p = 0; !r && p < sizeof prefixes / sizeof *prefixes; p++)
        for (const char *name = prefixes[p].names; *name && !r;) {
            size_t k = strcspn(name, " ");
            if (k < n && memcmp(name, s, k) == 0 && (k > 2 || n - k <= 3) &&
                (r = plain_row(s + k, n - k, true)) != NULL)
                *exp10 = prefixes[p].exp10;
            name += k + (name[k] == ' ');
        }
    return r;
}

static bool is(const char *s, size_t n, const char *t) { return strlen(t) == n && memcmp(s, t, n) == 0; }

static bool multiply(lem_work *w, answer_unit *u, const unit_row *r, int exp10, int power) {
    for (int d = 0; d < UNIT_DIMENSIONS; d++) u->dim[d] += r->dim[d] * power;
    if (r->other) {
        u->other = u->other ? -1 : r->other; /* one such word only */
        u->other_power = power;
    }
    lem_rat *f = lem_rat_div(w, lem_rat_int(w, r->num), lem_rat_int(w, r->den));
    if (f && exp10 + r->exp10) f = lem_rat_mul(w, f, lem_rat_pow10(w, exp10 + r->exp10));
    u->factor = f ? lem_rat_mul(w, u->factor, lem_rat_pow(w, f, power)) : NULL;
    return u->factor && u->other >= 0;
}

typedef struct reader {
    const char *s;
    size_t n, i;
    int sign, prefix; /* below the line; power that "square" announces */
} reader;

/* "^2", "^-1", "^{-2}" lose their braces in the parser; one digit. */
static bool read_power(reader *r, int *power) {
    int sign = 1;
    if (r->i >= r->n || r->s[r->i] != '^') return true;
    if (++r->i < r->n && r->s[r->i] == '-') sign = -1, r->i++;
    while (r->i < r->n && r->s[r->i] == ' ') r->i++;
    if (r->i >= r->n || r->s[r->i] < '1' || r->s[r->i] > '9') return false;
    *power *= sign * (r->s[r->i++] - '0');
    return true;
}

/* Up to a space, a stroke, a power or a star; names need not be terminated. */
static size_t word_length(const char *s, size_t most) {
    size_t n = 0;
    while (n < most && !(s[n] && strchr(" /^*", s[n]))) n++;
    return n;
}

/* "per", "square": what they say of the unit that follows. */
static bool read_modifier(reader *r, const char *word, size_t n) {
    if (is(word, n, "per")) return r->sign = -1, true;
    if (is(word, n, "square") || is(word, n, "sq")) return r->prefix = 2, true;
    if (is(word, n, "cubic") || is(word, n, "cu")) return r->prefix = 3, true;
    return false;
}

/* A unit with its power. */
static bool read_unit(lem_work *w, reader *r, const char *word, size_t n, answer_unit *u) {
    int exp10, power = r->prefix;
    const unit_row *row = n ? row_of(word, n, &exp10) : NULL;
    if (!row || !read_power(r, &power) || !multiply(w, u, row, exp10, r->sign * power)) return false;
    r->prefix = 1;
    return true;
}

bool lem_unit_find(lem_work *w, const char *name, size_t len, answer_unit *out) {
    answer_unit u = {.factor = lem_rat_int(w, 1)};
    reader r = {name, len, 0, 1, 1};
    int words = 0;
    while (r.i < len && u.factor) {
        char c = name[r.i];
        if (c == ' ' || c == '*' || c == '/') {
            if (c == '/') r.sign = -1;
            r.i++;
            continue;
        }
        const char *word = name + r.i;
        size_t n = word_length(word, len - r.i);
        r.i += n;
        if (read_modifier(&r, word, n)) continue;
        if (!read_unit(w, &r, word, n, &u)) return false;
        words++;
    }
    if (!u.factor || !words) return false;
    *out = u;
    return true;
}

bool lem_unit_same_kind(const answer_unit *a, const answer_unit *b) {
    return memcmp(a->dim, b->dim, sizeof a->dim) == 0 && a->other == b->other &&
           a->other_power == b->other_power;
}

ast_node *lem_unit_convert(lem_work *w, ast_node *a, const ast_node *b) {
    answer_unit from, to;
    if (!lem_unit_find(w, a->name, a->len, &from) || !lem_unit_find(w, b->name, b->len, &to) ||
        !lem_unit_same_kind(&from, &to))
        return a;
    ast_node *ratio = lem_ast_num(w, lem_rat_div(w, from.factor, to.factor)),
             *v = ratio ? lem_ast_mul(w, ratio, a->kid[0]) : NULL,
             *q = v ? lem_ast_wrap(w, AST_QTY, v) : NULL;
    if (q) q->name = b->name, q->len = b->len;
    return q;
}
