/* math_verify_lex.c - the characters and commands that the grammar of math_verify_parse.c reads */
#include "grade/compat/math_verify_grammar_priv.h"

/* Every command of the lexer: the longest that fits is read, whatever letters follow. */
static const char *const commands[] = {"Delta",
                                       "Gamma",
                                       "Im",
                                       "Lambda",
                                       "Longrightarrow",
                                       "Omega",
                                       "Phi",
                                       "Pi",
                                       "Psi",
                                       "Re",
                                       "Rightarrow",
                                       "Sigma",
                                       "Theta",
                                       "Upsilon",
                                       "Xi",
                                       "acute",
                                       "alpha",
                                       "angle",
                                       "approx",
                                       "arccos",
                                       "arccosh",
                                       "arccot",
                                       "arccsc",
                                       "arcosh",
                                       "arcsec",
                                       "arcsin",
                                       "arcsinh",
                                       "arctan",
                                       "arctanh",
                                       "arsinh",
                                       "artanh",
                                       "bar",
                                       "begin",
                                       "beta",
                                       "binom",
                                       "bm",
                                       "boldsymbol",
                                       "boxed",
                                       "cap",
                                       "cdot",
                                       "ceil",
                                       "cfrac",
                                       "chi",
                                       "choose",
                                       "circ",
                                       "complement",
                                       "cos",
                                       "cosh",
                                       "cot",
                                       "csc",
                                       "cup",
                                       "dbinom",
                                       "ddot",
                                       "degree",
                                       "delta",
                                       "det",
                                       "dfrac",
                                       "div",
                                       "dot",
                                       "ell",
                                       "emptyset",
                                       "end",
                                       "epsilon",
                                       "equiv",
                                       "eta",
                                       "exp",
                                       "exponentialE",
                                       "flat",
                                       "floor",
                                       "frac",
                                       "gamma",
                                       "gcd",
                                       "ge",
                                       "geq",
                                       "geqslant",
                                       "gt",
                                       "hat",
                                       "hbar",
                                       "imath",
                                       "in",
                                       "infty",
                                       "int",
                                       "iota",
                                       "jmath",
                                       "kappa",
                                       "lambda",
                                       "langle",
                                       "lbrace",
                                       "lbrack",
                                       "lceil",
                                       "lcm",
                                       "le",
                                       "leftrightarrow",
                                       "leq",
                                       "leqslant",
                                       "lfloor",
                                       "lgroup",
                                       "lim",
                                       "llcorner",
                                       "ln",
                                       "log",
                                       "longrightarrow",
                                       "lrcorner",
                                       "lt",
                                       "lvert",
                                       "mathbb",
                                       "mathbf",
                                       "mathcal",
                                       "mathfrak",
                                       "mathit",
                                       "mathrm",
                                       "mathscr",
                                       "mathsf",
                                       "mathtt",
                                       "max",
                                       "mbox",
                                       "medspace",
                                       "min",
                                       "mod",
                                       "mp",
                                       "mu",
                                       "nabla",
                                       "ne",
                                       "negmedspace",
                                       "negthickspace",
                                       "negthinspace",
                                       "neq",
                                       "notin",
                                       "nu",
                                       "omega",
                                       "omicron",
                                       "operatorname",
                                       "over",
                                       "overline",
                                       "overrightarrow",
                                       "partial",
                                       "phantom",
                                       "phi",
                                       "pi",
                                       "pm",
                                       "prime",
                                       "prod",
                                       "psi",
                                       "qquad",
                                       "quad",
                                       "rangle",
                                       "rbrace",
                                       "rbrack",
                                       "rceil",
                                       "rfloor",
                                       "rgroup",
                                       "rho",
                                       "rightarrow",
                                       "rvert",
                                       "sec",
                                       "setminus",
                                       "sharp",
                                       "sigma",
                                       "sin",
                                       "sinh",
                                       "sqrt",
                                       "square",
                                       "subseteq",
                                       "sum",
                                       "supseteq",
                                       "tan",
                                       "tanh",
                                       "tau",
                                       "tbinom",
                                       "text",
                                       "textbf",
                                       "textit",
                                       "textnormal",
                                       "tfrac",
                                       "theta",
                                       "thickspace",
                                       "thinspace",
                                       "tilde",
                                       "times",
                                       "to",
                                       "triangle",
                                       "ulcorner",
                                       "upsilon",
                                       "urcorner",
                                       "varepsilon",
                                       "variable",
                                       "varnothing",
                                       "varphi",
                                       "varpi",
                                       "varrho",
                                       "varsigma",
                                       "vartheta",
                                       "vec",
                                       "vert",
                                       "vrule",
                                       "vspace",
                                       "widetilde",
                                       "xi",
                                       "xrightarrow",
                                       "zeta",
                                       NULL};

size_t lem_mv_command_length(mode_text t, size_t i) {
    size_t most = 0;
    for (size_t k = 0; i < t.n && t.s[i] == '\\' && commands[k]; k++) {
        size_t n = strlen(commands[k]);
        if (n > most && lem_mode_text_at(t, i + 1, commands[k])) most = n;
    }
    return most ? most + 1 : 0;
}

/* The state at `saved`, but not the work done since. */
mv_parser lem_mv_back(const mv_parser *p, const mv_parser *saved) {
    mv_parser r = *saved;
    r.nodes = p->nodes;
    return r;
}

/* command_length here, remembered for the next question. */
size_t lem_mv_command_at(mv_parser *p) {
    if (p->cmd_at != p->i + 1) p->cmd_n = lem_mv_command_length(p->t, p->i), p->cmd_at = p->i + 1;
    return p->cmd_n;
}

void lem_mv_skip(mv_parser *p) {
    static const char *const blanks[] = {"\\,",    "\\:",     "\\;",         "\\!",        "\\$",
                                         "\\quad", "\\qquad", "\\thinspace", "\\medspace", "\\thickspace"};
    for (bool again = true; again && p->i < p->t.n;) {
        again = strchr(" \t\r\n", p->t.s[p->i]) && p->t.s[p->i];
        if (again) p->i++;
        for (size_t k = 0; !again && p->t.s[p->i] == '\\' && k < sizeof blanks / sizeof *blanks; k++) {
            size_t n = strlen(blanks[k]);
            if (!lem_mode_text_at(p->t, p->i, blanks[k])) continue;
            if (lem_mode_is_letter(blanks[k][1]) && lem_mv_command_at(p) != n) continue;
            p->i += n;
            again = true;
        }
    }
}

/* A command is there only as a whole: \le is not the beginning of \leq. */
bool lem_mv_at_word(mv_parser *p, const char *s) {
    size_t n = 1;
    lem_mv_skip(p);
    if (!lem_mode_text_at(p->t, p->i, s)) return false;
    while (s[0] == '\\' && lem_mode_is_letter(s[n])) n++;
    return n == 1 || n == lem_mv_command_at(p);
}

bool lem_mv_take(mv_parser *p, const char *s) {
    if (!lem_mv_at_word(p, s)) return false;
    p->i += strlen(s);
    return true;
}

bool lem_mv_take_any(mv_parser *p, const char *const *list) {
    for (; *list; list++)
        if (lem_mv_take(p, *list)) return true;
    return false;
}

bool lem_mv_at_end(mv_parser *p) { return lem_mv_skip(p), p->i >= p->t.n; }
char lem_mv_here(mv_parser *p) { return lem_mv_skip(p), p->i < p->t.n ? p->t.s[p->i] : '\0'; }

bool lem_mv_enter(mv_parser *p) {
    if (p->w->limit || ++p->depth > MODE_MAX_DEPTH || ++p->nodes > MODE_MAX_NODES ||
        !lem_work_spend(p->w, 16)) {
        p->w->limit = true;
        return false;
    }
    return true;
}
