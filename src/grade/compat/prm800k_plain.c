/* prm800k_plain.c - LaTeX to plain text as pylatexenc 2.10 prints it, for the commands that answers contain
 */
#include "grade/compat/prm800k_priv.h"

#include "core/utf8.h"

static const char *const words[][2] = {
    {"alpha", "α"},       {"beta", "β"},       {"gamma", "γ"},       {"delta", "δ"},
    {"epsilon", "ϵ"},     {"varepsilon", "ε"}, {"zeta", "ζ"},        {"eta", "η"},
    {"theta", "θ"},       {"vartheta", "ϑ"},   {"iota", "ι"},        {"kappa", "κ"},
    {"lambda", "λ"},      {"mu", "μ"},         {"nu", "ν"},          {"xi", "ξ"},
    {"pi", "π"},          {"varpi", "ϖ"},      {"rho", "ρ"},         {"varrho", "ϱ"},
    {"sigma", "σ"},       {"varsigma", "ς"},   {"tau", "τ"},         {"upsilon", "υ"},
    {"phi", "ϕ"},         {"varphi", "φ"},     {"chi", "χ"},         {"psi", "ψ"},
    {"omega", "ω"},       {"Gamma", "Γ"},      {"Delta", "Δ"},       {"Theta", "Θ"},
    {"Lambda", "Λ"},      {"Xi", "Ξ"},         {"Pi", "Π"},          {"Sigma", "Σ"},
    {"Upsilon", "Υ"},     {"Phi", "Φ"},        {"Psi", "Ψ"},         {"Omega", "Ω"},
    {"oe", "œ"},          {"ae", "æ"},         {"o", "ø"},           {"O", "Ø"},
    {"ss", "ß"},          {"l", "ł"},          {"L", "Ł"},           {"i", "ı"},
    {"j", "ȷ"},           {"hbar", "ħ"},       {"ell", "ℓ"},         {"forall", "∀"},
    {"partial", "∂"},     {"exists", "∃"},     {"varnothing", "∅"},  {"emptyset", "∅"},
    {"nabla", "∇"},       {"in", "∈"},         {"notin", "∉"},       {"ni", "∋"},
    {"prod", "∏"},        {"sum", "∑"},        {"setminus", "∖"},    {"ast", "∗"},
    {"circ", "∘"},        {"bullet", "∙"},     {"propto", "∝"},      {"infty", "∞"},
    {"parallel", "∥"},    {"wedge", "∧"},      {"vee", "∨"},         {"cap", "∩"},
    {"cup", "∪"},         {"int", "∫"},        {"iint", "∬"},        {"oint", "∮"},
    {"sim", "∼"},         {"simeq", "≃"},      {"approx", "≈"},      {"neq", "≠"},
    {"equiv", "≡"},       {"le", "≤"},         {"ge", "≥"},          {"leq", "≤"},
    {"geq", "≥"},         {"leqslant", "⩽"},   {"geqslant", "⩾"},    {"leqq", "≦"},
    {"geqq", "≧"},        {"ll", "≪"},         {"gg", "≫"},          {"subset", "⊂"},
    {"supset", "⊃"},      {"subseteq", "⊆"},   {"supseteq", "⊇"},    {"cdot", "·"},
    {"times", "×"},       {"otimes", "⊗"},     {"oplus", "⊕"},       {"cos", "cos"},
    {"sin", "sin"},       {"tan", "tan"},      {"arccos", "arccos"}, {"arcsin", "arcsin"},
    {"arctan", "arctan"}, {"cosh", "cosh"},    {"sinh", "sinh"},     {"tanh", "tanh"},
    {"ln", "ln"},         {"log", "log"},      {"exp", "exp"},       {"max", "max"},
    {"min", "min"},       {"sup", "sup"},      {"inf", "inf"},       {"lim", "lim"},
    {"prime", "'"},       {"dagger", "†"},     {"pm", "±"},          {"mp", "∓"},
    {"quad", "  "},       {"qquad", "    "},   {"ldots", "…"},       {"cdots", "⋯"},
    {"ddots", "⋱"},       {"vdots", "⋮"},      {"dots", "…"},        {"dotsc", "…"},
    {"dotsb", "…"},       {"langle", "⟨"},     {"rangle", "⟩"},      {"lvert", "|"},
    {"rvert", "|"},       {"vert", "|"},       {"lVert", "‖"},       {"rVert", "‖"},
    {"Vert", "‖"},        {"mid", "|"},        {"nmid", "∤"},        {"uparrow", "↑"},
    {"downarrow", "↓"},   {"rightarrow", "→"}, {"to", "→"},          {"leftarrow", "←"},
    {"Rightarrow", "⇒"},  {"implies", "⟹"},    {"iff", "⟺"},         {"angle", "∠"},
    {"perp", "⟂"},        {"cong", "≅"},       {"lfloor", "⌊"},      {"rfloor", "⌋"},
    {"lceil", "⌈"},       {"rceil", "⌉"},      {"div", "÷"},         {"neg", "¬"},
    {"star", "⋆"},        {"backslash", "\\"}, {"dag", "†"},         {"degree", "°"},
    {"aleph", "ℵ"},       {"ulcorner", "⌜"},   {"urcorner", "⌝"},    {"llcorner", "⌞"},
    {"lrcorner", "⌟"}};

/* Accents are printed as combining marks behind their argument. */
static const char *const accents[][2] = {{"bar", "\u0305"},   {"vec", "\u20d7"}, {"hat", "\u0302"},
                                         {"tilde", "\u0303"}, {"dot", "\u0307"}, {"ddot", "\u0308"}};

static const struct {
    const char *name;
    uint32_t upper, lower;
} styles[] = {{"mathbf", 0x1D400, 0x1D41A},  {"mathit", 0x1D434, 0x1D44E},   {"mathcal", 0x1D49C, 0x1D4B6},
              {"mathscr", 0x1D49C, 0x1D4B6}, {"mathfrak", 0x1D504, 0x1D51E}, {"mathbb", 0x1D538, 0x1D552},
              {"mathsf", 0x1D5A0, 0x1D5BA},  {"mathtt", 0x1D670, 0x1D68A}};

typedef struct walker {
    lem_work *w;
    mode_text t;
    size_t i;
    lem_buf *out;
    int depth;
} walker;

static void walk(walker *k, size_t end);

static void put_code(lem_buf *b, uint32_t cp) {
    char s[4];
    int n = lem_utf8_encode(cp, s);
    if (n > 0) lem_buf_add(b, s, (size_t)n);
}

/* Index of the brace that closes the group at i (text.s[i] is '{'); text.n when there is none. */
static size_t closing(mode_text t, size_t i) {
    size_t depth = 0;
    for (; i < t.n; i++) {
        if (t.s[i] == '\\') i++;
        else if (t.s[i] == '{') depth++;
        else if (t.s[i] == '}' && --depth == 0) return i;
    }
    return t.n;
}

static size_t name_end(mode_text t, size_t i) {
    while (i < t.n && lem_mode_is_letter(t.s[i])) i++;
    return i;
}

/* The next argument: a group's inside, a command, or a character; false at the end or for an open group. */
static bool argument(walker *k, mode_text *out) {
    size_t i = k->i;
    while (i < k->t.n && lem_mode_is_space(k->t.s[i])) i++;
    if (i >= k->t.n || k->t.s[i] == '}') return false;
    if (k->t.s[i] == '{') {
        size_t end = closing(k->t, i);
        if (end == k->t.n) return false;
        *out = lem_mode_text_cut(k->t, i + 1, end);
        k->i = end + 1;
        return true;
    }
    size_t n = lem_mode_text_char(k->t, i);
    if (k->t.s[i] == '\\') {
        size_t end = name_end(k->t, i + 1);
        n = end > i + 1 ? end - i : 1 + lem_mode_text_char(k->t, i + 1);
    }
    *out = lem_mode_text_cut(k->t, i, i + n);
    k->i = i + n;
    return true;
}

static void walk_text(walker *k, mode_text t) {
    if (k->depth >= MODE_MAX_DEPTH || !lem_work_spend(k->w, (int64_t)t.n / 8 + 1)) {
        k->w->limit = true;
        return;
    }
    walker inner = {k->w, t, 0, k->out, k->depth + 1};
    walk(&inner, t.n);
}

static void styled(walker *k, size_t style) {
    static const struct {
        char c;
        uint32_t cp;
    } holes[] = {{'C', 0x2102}, {'H', 0x210D}, {'N', 0x2115}, {'P', 0x2119},
                 {'Q', 0x211A}, {'R', 0x211D}, {'Z', 0x2124}};
    mode_text a;
    if (!argument(k, &a)) return;
    for (size_t i = 0; i < a.n; i++) {
        char c = a.s[i];
        uint32_t cp = c >= 'A' && c <= 'Z'   ? styles[style].upper + (uint32_t)(c - 'A')
                      : c >= 'a' && c <= 'z' ? styles[style].lower + (uint32_t)(c - 'a')
                                             : 0;
        for (size_t h = 0; styles[style].upper == 0x1D538 && h < sizeof holes / sizeof *holes; h++)
            if (holes[h].c == c) cp = holes[h].cp;
        if (cp) put_code(k->out, cp);
        else lem_buf_putc(k->out, c);
    }
}

/* Rows of a matrix as "[ a b; c d ]". */
static void matrix(walker *k, mode_text body) {
    lem_buf_puts(k->out, "[ ");
    size_t depth = 0, from = 0;
    bool fresh = true;
    for (size_t i = 0; i <= body.n; i++) {
        bool row = depth == 0 && lem_mode_text_at(body, i, "\\\\"),
             cell = i == body.n || row || (depth == 0 && body.s[i] == '&');
        if (cell) {
            mode_text part = lem_mode_text_strip(lem_mode_text_cut(body, from, i));
            if (part.n) {
                if (!fresh) lem_buf_putc(k->out, ' ');
                walk_text(k, part);
                fresh = false;
            }
            if (row) lem_buf_puts(k->out, "; "), fresh = true, i++;
            from = i + 1;
        } else if (body.s[i] == '\\') i++;
        else if (body.s[i] == '{') depth++;
        else if (body.s[i] == '}' && depth) depth--;
    }
    lem_buf_puts(k->out, " ]");
}

static void environment(walker *k) {
    static const char *const matrices[] = {"array",       "pmatrix",      "bmatrix",
                                           "smallmatrix", "psmallmatrix", "bsmallmatrix"};
    mode_text name, skip;
    if (!argument(k, &name)) return;
    lem_buf close = {0};
    lem_buf_printf(&close, "\\end{%.*s}", (int)name.n, name.s);
    ptrdiff_t end = lem_mode_text_find(k->t, k->i, lem_buf_str(&close));
    if (lem_mode_text_is(name, "array")) (void)argument(k, &skip);
    bool known = false;
    for (size_t m = 0; m < sizeof matrices / sizeof *matrices; m++)
        known |= lem_mode_text_is(name, matrices[m]);
    if (end >= 0 && (size_t)end >= k->i) {
        mode_text body = lem_mode_text_cut(k->t, k->i, (size_t)end);
        if (known) matrix(k, body);
        else walk_text(k, body);
        k->i = (size_t)end + close.len;
    }
    lem_buf_release(&close);
}

static void fraction(walker *k) {
    mode_text a, b;
    size_t from = k->i;
    if (!argument(k, &a) || !argument(k, &b)) {
        lem_buf_puts(k->out, "%s/%s"); /* its formatting fails, and the format remains */
        k->i = from;
        return;
    }
    walk_text(k, a);
    lem_buf_putc(k->out, '/');
    walk_text(k, b);
}

static void root(walker *k) {
    mode_text a = {"", 0};
    while (k->i < k->t.n && lem_mode_is_space(k->t.s[k->i])) k->i++;
    if (k->i < k->t.n && k->t.s[k->i] == '[') { /* the degree is not printed */
        const char *close = memchr(k->t.s + k->i, ']', k->t.n - k->i);
        if (close) k->i = (size_t)(close - k->t.s) + 1;
    }
    (void)argument(k, &a);
    lem_buf_puts(k->out, "√(");
    walk_text(k, a);
    lem_buf_putc(k->out, ')');
}

/* A command whose name ends at k->i. True when it takes no arguments: then blanks behind it may count. */
static bool named(walker *k, mode_text name) {
    static const char *const dropped[] = {"hspace", "vspace", "label", "color"};
    mode_text a = {"", 0};
    if (lem_mode_text_is(name, "frac") || lem_mode_text_is(name, "nicefrac")) return fraction(k), false;
    if (lem_mode_text_is(name, "sqrt")) return root(k), false;
    if (lem_mode_text_is(name, "begin")) return environment(k), false;
    for (size_t s = 0; s < sizeof styles / sizeof *styles; s++)
        if (lem_mode_text_is(name, styles[s].name)) return styled(k, s), false;
    for (size_t s = 0; s < sizeof accents / sizeof *accents; s++)
        if (lem_mode_text_is(name, accents[s][0])) {
            if (argument(k, &a)) walk_text(k, a);
            lem_buf_puts(k->out, accents[s][1]);
            return false;
        }
    for (size_t s = 0; s < sizeof dropped / sizeof *dropped; s++)
        if (lem_mode_text_is(name, dropped[s])) return (void)argument(k, &a), false;
    for (size_t s = 0; s < sizeof words / sizeof *words; s++)
        if (lem_mode_text_is(name, words[s][0])) lem_buf_puts(k->out, words[s][1]);
    return true;
}

/* A command of letters; blanks behind one that takes no argument are its own. */
static void named_command(walker *k, size_t from, size_t end) {
    k->i = end;
    bool bare = named(k, lem_mode_text_cut(k->t, from, end));
    size_t blank = k->i;
    while (blank < k->t.n && lem_mode_is_space(k->t.s[blank])) blank++;
    bool chars = blank < k->t.n && !strchr("\\{}&~$", k->t.s[blank]);
    if (!bare || (!chars && k->i != end)) return;
    if (chars) lem_buf_add(k->out, k->t.s + k->i, blank - k->i);
    k->i = blank;
}

static void command(walker *k) {
    size_t from = ++k->i, end = name_end(k->t, from);
    if (end > from) {
        named_command(k, from, end);
        return;
    }
    if (from >= k->t.n) return;
    char c = k->t.s[from];
    k->i = from + lem_mode_text_char(k->t, from);
    if (c == '\\') lem_buf_putc(k->out, '\n');
    else if (strchr(",;: ", c)) lem_buf_putc(k->out, ' ');
    else if (strchr("~&${}%#_", c)) lem_buf_putc(k->out, c);
    else if (strchr("'\"`^=", c)) { /* accents of text */ mode_text a;
        if (argument(k, &a)) walk_text(k, a);
        lem_buf_puts(k->out, "\u0301");
    }
}

/* What is no character of a run: a command, a bracket, a ligature. */
static bool is_special(const walker *k) {
    return strchr("\\{}&~$", k->t.s[k->i]) || lem_mode_text_at(k->t, k->i, "--") ||
           lem_mode_text_at(k->t, k->i, "``") || lem_mode_text_at(k->t, k->i, "''");
}

/* A special character that begins no command; k->i goes behind it. */
static void put_special(walker *k) {
    static const struct {
        const char *from, *to;
    } marks[] = {{"&", "   "}, {"~", "\u00a0"}, {"---", "—"}, {"--", "–"}, {"``", "“"}, {"''", "”"}};
    for (size_t s = 0; s < sizeof marks / sizeof *marks; s++)
        if (lem_mode_text_at(k->t, k->i, marks[s].from)) {
            lem_buf_puts(k->out, marks[s].to);
            k->i += strlen(marks[s].from);
            return;
        }
    k->i++;
}

static void walk(walker *k, size_t end) {
    size_t run = k->i;
    bool ink = false;
    while (k->i <= end && !k->w->limit) {
        char c = k->i < end ? k->t.s[k->i] : '{';
        if (k->i != end && (c == 0 || !is_special(k))) {
            ink |= !lem_mode_is_space(c);
            k->i++;
            continue;
        }
        if (ink) lem_buf_add(k->out, k->t.s + run, k->i - run); /* blanks between constructs are dropped */
        if (k->i == end) return;
        if (c == '\\') command(k);
        else put_special(k);
        run = k->i;
        ink = false;
    }
}

mode_text lem_prm800k_plain(lem_work *w, mode_text t) {
    lem_buf b = {0};
    walker k = {w, t, 0, &b, 0};
    walk(&k, t.n);
    return lem_mode_text_own(w, &b);
}
