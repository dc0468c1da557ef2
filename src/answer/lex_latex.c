/* lex_latex.c - LaTeX: commands, environments, groups of text, escapes */
#include "answer/lexer_priv.h"

/* Index behind the '}' that closes the group whose '{' is at i; n + 1 when it is not closed. */
static size_t group_end(const lexer *x, size_t i) {
    size_t depth = 0;
    for (; i < x->n; i++) {
        if (x->s[i] == '\\') i++;
        else if (x->s[i] == '{') depth++;
        else if (x->s[i] == '}' && --depth == 0) return i + 1;
    }
    return x->n + 1;
}

static bool blank_text(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (s[i] != ' ' && s[i] != '~') return false;
    return true;
}

/* Does the text so far end with a number, a power of one such as 10^{-19}, a fraction or degrees? */
static bool ends_with_number(const lexer *x) {
    const lex_tok *tok = x->out->tok;
    size_t k = x->out->n;
    if (k && (tok[k - 1].kind == TOK_NUM || lex_is_op(&tok[k - 1], OP_DEGREE))) return true;
    if (k < 4 || !lex_is_op(&tok[k - 1], '}')) return false;
    bool number = tok[k - 2].kind == TOK_NUM || lex_is_op(&tok[k - 2], OP_DEGREE);
    for (k--; k > 0 && !lex_is_op(&tok[k], '{');) k--;
    if (k < 2 || !number) return false;
    return (lex_is_op(&tok[k - 1], '^') &&
            (tok[k - 2].kind == TOK_NUM || lex_is_op(&tok[k + 1], OP_DEGREE))) ||
           lex_is_op(&tok[k - 1], '}');
}

/* A single upright letter behind a number is a unit (2600 \text{g}), unless it is a usual name of a constant
 * or variable. */
static bool is_unit_letter(const lexer *x, char c) {
    return strchr("gmshlLVWNJKCFTA", c) && ends_with_number(x);
}

/* \mu before upright letters, behind a number: a prefix of the unit that these are. The token of the prefix
 * becomes the unit. */
static bool join_micro(lexer *x, const char *c, size_t n) {
    if (x->out->n < 2 || n > 3) return false;
    lex_tok *t = &x->out->tok[x->out->n - 1];
    if (t->kind != TOK_SYM || !lex_is(t->text, t->len, "mu")) return false;
    x->out->n--;
    bool behind = ends_with_number(x);
    x->out->n++;
    char *name = behind ? lem_work_alloc(x->w, n + 3, 1) : NULL;
    if (!name) return false;
    memcpy(name, "mu", 2);
    memcpy(name + 2, c, n);
    t->kind = TOK_TEXT;
    t->text = name;
    t->len = (uint32_t)n + 2;
    return true;
}

/* Content that is mathematics or a number in another type: \mathbf{3x}, \text{4:30 p.m.}; what begins with a
 * letter is a name or a unit. */
static bool is_transparent(const char *c, size_t n) {
    return n && (lex_digit(*c) || (*c == '\\' && !(n > 1 && c[1] == ' ')) ||
                 ((*c == '-' || *c == '.' || *c == '(') && n > 1 && lex_digit(c[1])));
}

/* The half of the day, whose last period is gone already. */
static const char *half_of_day(const char *c, size_t n) {
    if (lex_is(c, n, "p.m") || lex_is(c, n, "P.M") || lex_is(c, n, "PM")) return "pm";
    return lex_is(c, n, "a.m") || lex_is(c, n, "A.M") || lex_is(c, n, "AM") ? "am" : NULL;
}

static bool is_or(const char *c, size_t n) {
    static const char *const words[] = {"or",         ", or", "或", "or about", "or approximately",
                                        "or roughly", NULL};
    for (const char *const *w = words; *w; w++)
        if (lex_is(c, n, *w)) return true;
    return false;
}

static bool push_worded_op(lexer *x, size_t from, const char *c, size_t n) {
    if (lex_is(c, n, "and") || lex_is(c, n, ", and") || lex_is(c, n, "且")) lem_lex_push_op(x, OP_AND, from);
    else if (is_or(c, n)) lem_lex_push_op(x, OP_OR, from);
    else if (lex_is(c, n, "percent") || lex_is(c, n, "percentage")) lem_lex_push_op(x, '%', from);
    else return false;
    return true;
}

/* "ft by" of "10 ft by 18 ft" */
static bool push_dimension(lexer *x, size_t from, const char *c, size_t n) {
    if (n <= 3 || !lex_is(c + n - 3, 3, " by")) return false;
    lem_lex_push_named(x, TOK_TEXT, c, n - 3, from, true);
    lem_lex_push_named(x, TOK_WORD, "by", 2, from, true);
    return true;
}

/* \operatorname{Var}(X), \mathrm{Cov}[X, Y]: a function of which nothing is known. The name's end is x->i. */
static bool push_operator(lexer *x, size_t from, const char *c, size_t n) {
    size_t k = x->i;
    for (size_t j = 0; j < n; j++)
        if (!lex_letter(c[j])) return false;
    if (lex_at(x, k, "\\left")) k += 5;
    if (n < 2 || !(lex_at(x, k, "(") || lex_at(x, k, "[")) || ends_with_number(x) ||
        lem_lex_is_function(c, n) || lem_lex_is_unit_word(c, n))
        return false;
    lem_lex_push_named(x, TOK_SYM, c, n, from, false);
    x->out->tok[x->out->n - 1].op = OP_NAME;
    return true;
}

/* What stands in \text{…}: separators, single letters and functions are what they are, the rest is text. */
static void push_text(lexer *x, size_t from, const char *c, size_t n, bool words) {
    const char *half = half_of_day(c, n);
    if (half) c = half, n = 2;
    if (push_worded_op(x, from, c, n) || push_dimension(x, from, c, n) || join_micro(x, c, n)) return;
    if (!words && push_operator(x, from, c, n)) return;
    if (n == 1 && lex_letter(*c) && !is_unit_letter(x, *c)) lem_lex_push_named(x, TOK_SYM, c, n, from, words);
    else if (lem_lex_is_function(c, n) && !lex_is(c, n, "min") && !lex_is(c, n, "sec") &&
             !lex_is(c, n, "deg"))
        lem_lex_push_named(x, TOK_FN, c, n, from, true);
    else lem_lex_push_named(x, TOK_TEXT, c, n, from, true);
}

/* Index behind the group that a command for text holds; 0 where there is none (\rm style, a bare letter) or
 * it is not closed. */
static size_t text_group(lexer *x) {
    while (x->i < x->n && x->s[x->i] == ' ') x->i++;
    if (x->i >= x->n || x->s[x->i] != '{') {
        if (x->i >= x->n) x->out->bad = true;
        return 0;
    }
    size_t end = group_end(x, x->i);
    if (end <= x->n) return end;
    x->out->bad = true;
    x->i = x->n;
    return 0;
}

/* \text{3A}_{16}: digits of a base above ten, up to the subscript at end. */
static bool is_base_text(const lexer *x, const char *c, size_t n, size_t end) {
    bool letters = false;
    for (size_t k = 0; k < n; k++) {
        bool capital = c[k] >= 'A' && c[k] <= 'Z';
        if (!capital && !lex_digit(c[k])) return false;
        letters = letters || capital;
    }
    return letters && lex_at(x, end, "_");
}

static bool is_blank(char c) { return c == ' ' || c == '~'; }
static bool ends_text(char c) { return is_blank(c) || c == '.' || c == ','; }

/* \text{…}, \mathrm{…} and relatives: separators, single letters and functions become what they are; the rest
 * is text. */
static void lex_text(lexer *x, size_t from, bool words) {
    size_t end = text_group(x);
    if (!end) return;
    const char *c = x->s + x->i + 1;
    size_t n = end - x->i - 2;
    while (n && is_blank(*c)) c++, n--;
    if (is_transparent(c, n) && !is_base_text(x, c, n, end)) return;
    x->i = end;
    if (n >= 3 && *c == '(' && c[n - 1] == ')') c++, n -= 2;
    while (n && ends_text(c[n - 1])) n--;
    if (!blank_text(c, n)) {
        push_text(x, from, c, n, words);
        return;
    }
    x->space = true;
    if (end - from >= 3 && x->s[end - 2] == ',') lem_lex_push_op(x, ',', from); /* \text{, } */
}

/* Where the letter of \mathbb{R}, \mathbb R stands, and what is behind it; x->n where there is none. */
static size_t blackboard_letter(const lexer *x, size_t i, size_t *end) {
    while (i < x->n && x->s[i] == ' ') i++;
    bool brace = i < x->n && x->s[i] == '{';
    i += brace;
    while (brace && i < x->n && x->s[i] == ' ') i++;
    if (i >= x->n) return x->n;
    size_t k = i + 1;
    while (brace && k < x->n && x->s[k] == ' ') k++;
    *end = k + brace;
    return brace && !lex_at(x, k, "}") ? x->n : i;
}

/* \mathbb{R}, \mathbb R, \Bbb{Z} */
static void lex_blackboard(lexer *x, size_t from) {
    static const char *const sets[] = {"Rreals", "Zintegers", "Nnaturals", "Qrationals", "Ccomplexes"};
    size_t end = 0, k = blackboard_letter(x, x->i, &end);
    while (x->i < x->n && x->s[x->i] == ' ') x->i++;
    if (k == x->n || !lex_letter(x->s[k])) {
        x->out->bad = true;
        return;
    }
    x->i = end;
    for (size_t m = 0; m < sizeof sets / sizeof *sets; m++)
        if (sets[m][0] == x->s[k]) {
            lem_lex_push_named(x, TOK_SYM, sets[m] + 1, strlen(sets[m] + 1), from, true);
            return;
        }
    lem_lex_push_named(x, TOK_SYM, x->s + k, 1, from, true);
}

/* Commands for words: what they hold may be in any case. */
static bool starts_words(const char *name, size_t n) {
    return (n >= 4 && memcmp(name, "text", 4) == 0) || (n == 4 && memcmp(name + 1, "box", 3) == 0);
}

/* \begin{…}, \end{…} */
static bool lex_environment(lexer *x, size_t from, const char *name, size_t n) {
    if ((!lex_is(name, n, "begin") && !lex_is(name, n, "end")) || x->i >= x->n || x->s[x->i] != '{' ||
        group_end(x, x->i) > x->n)
        return false;
    size_t end = group_end(x, x->i);
    lem_lex_push_named(x, TOK_OP, x->s + x->i + 1, end - x->i - 2, from, true);
    x->out->tok[x->out->n - 1].op = name[0] == 'b' ? OP_BEGIN : OP_FINISH;
    x->environments += name[0] == 'b' ? 1 : -1;
    x->i = end;
    return true;
}

/* \AA, \mathring{A}, \r{A} behind a number: a unit of length. */
static bool lex_angstrom(lexer *x, size_t from, const char *name, size_t n) {
    bool ring = lex_is(name, n, "mathring") || lex_is(name, n, "r");
    if ((!ring && !lex_is(name, n, "AA")) || (ring && !lex_at(x, x->i, "{A}")) || !ends_with_number(x))
        return false;
    x->i += ring ? 3 : 0;
    lem_lex_push_named(x, TOK_TEXT, "angstrom", 8, from, true);
    return true;
}

/* \mathbf{a}: the letter of a vector. */
static void mark_bold(lexer *x, size_t from, const char *name, size_t n) {
    lex_tok *t = x->out->n ? &x->out->tok[x->out->n - 1] : NULL;
    bool bold = lex_is(name, n, "mathbf") || lex_is(name, n, "boldsymbol") || lex_is(name, n, "bm");
    if (bold && t && t->kind == TOK_SYM && t->at == from && t->len == 1) t->op = OP_ARROW;
}

/* "\\sinx", "\\pir": a function or pi that ran into the letter behind it. */
static lex_command without_letter(lexer *x, lex_command none, const char *name, size_t *n) {
    if (none.kind != LEX_UNKNOWN || *n < 3) return none;
    lex_command c = lem_lex_command(name, *n - 1);
    bool function = c.kind == LEX_FUNCTION && lem_lex_is_function(name, *n - 1),
         pi = *n == 3 && lex_is(name, 2, "pi");
    if (!function && !pi) return none;
    (*n)--;
    x->i--;
    return c;
}

/* "\quadx", "\lvertx": a command run into the letters behind it. */
static lex_command run_into_letters(lexer *x, lex_command none, const char *name, size_t n) {
    for (size_t m = n; none.kind == LEX_UNKNOWN && m > 4;) {
        lex_command shorter = lem_lex_command(name, --m);
        bool bar = shorter.kind == LEX_OP && (shorter.op == OP_BAR_OPEN || shorter.op == '|');
        if (shorter.kind != LEX_SPACE && !bar) continue;
        x->i -= n - m;
        return shorter;
    }
    return none;
}

static void push_command_op(lexer *x, lex_command c, const char *name, size_t n, size_t from) {
    if (c.name) {
        lem_lex_push_money(x, c.name, from);
        return;
    }
    lem_lex_push_op(x, c.op, from);
    x->out->tok[x->out->n - 1].text = name; /* \times is more than \cdot */
    x->out->tok[x->out->n - 1].len = (uint32_t)n;
}

/* A command of letters; x->i is behind it. */
static void lex_named_command(lexer *x, size_t from, const char *name, size_t n) {
    if (lex_environment(x, from, name, n) || lex_angstrom(x, from, name, n)) return;
    lex_command c = run_into_letters(x, lem_lex_command(name, n), name, n);
    c = without_letter(x, c, name, &n);
    const char *shown = c.name ? c.name : name;
    size_t len = c.name ? strlen(c.name) : n;
    switch (c.kind) {
    case LEX_SKIP:
        if ((lex_is(name, n, "left") || lex_is(name, n, "right")) && lex_at(x, x->i, ".")) x->i++;
        break;
    case LEX_SPACE:
        x->space = true;
        x->gap |= name[0] == 'q';
        break;
    case LEX_TEXT:
        lex_text(x, from, starts_words(name, n));
        mark_bold(x, from, name, n);
        break;
    case LEX_OP: push_command_op(x, c, name, n, from); break;
    case LEX_SYMBOL: lem_lex_push_named(x, TOK_SYM, shown, len, from, true); break;
    case LEX_FUNCTION:
        if (lex_is(name, n, "mathbb") || lex_is(name, n, "Bbb")) lex_blackboard(x, from);
        else lem_lex_push_named(x, TOK_FN, shown, len, from, true);
        break;
    case LEX_UNKNOWN: lem_lex_push_named(x, TOK_WORD, name, n, from, true); x->out->bad = true;
    }
}

/* "\\frac" outside a matrix: text that was escaped once too often. */
static bool is_double_escape(const lexer *x, size_t i) {
    size_t k = i;
    while (k < x->n && lex_letter(x->s[k])) k++;
    if (x->environments > 0 || k - i < 2) return false;
    return lex_is(x->s + i, k - i, "begin") || lem_lex_command(x->s + i, k - i).kind != LEX_UNKNOWN;
}

void lem_lex_escape(lexer *x) {
    size_t from = x->i++;
    if (x->i >= x->n) return; /* a lone trailing backslash */
    if (x->s[x->i] == '\\' && is_double_escape(x, x->i + 1)) x->i++;
    char c = x->s[x->i];
    if (x->environments > 0 &&
        (lex_digit(c) || c == '-')) { /* 4\-3 in a matrix: a row end that lost one of its backslashes */
        lem_lex_push_op(x, OP_ROW, from);
        return;
    }
    if (lex_letter(c)) {
        size_t k = x->i;
        while (k < x->n && lex_letter(x->s[k])) k++;
        const char *name = x->s + x->i;
        size_t n = k - x->i;
        x->i = k;
        lex_named_command(x, from, name, n);
        return;
    }
    x->i++;
    switch (c) {
    case '{': lem_lex_push_op(x, OP_SET_OPEN, from); break;
    case '}': lem_lex_push_op(x, OP_SET_CLOSE, from); break;
    case '%': lem_lex_push_op(x, '%', from); break;
    case '$': lem_lex_push_money(x, "USD", from); break;
    case '\\':
        lem_lex_push_op(x, OP_ROW, from);
        x->out->gaps = true;
        break;
    case '|': lem_lex_push_op(x, '|', from); break;
    case '_':
    case '&':
    case '#': break;
    case '!': break;
    default: x->space = true; break; /* \, \; \: \space \( \) \[ \] */
    }
}
