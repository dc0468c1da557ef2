/* test_lex_commands.c - every LaTeX command that is known is found in the table of commands, and nothing else
 * is */
#include "answer/lex_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    lex_command_kind kind;
    const char *names;
} known[] = {
    {LEX_OP, "approx ast backslash bigcap bigcup bmod bullet cap cdot circ colon cr cup degree div doteq "
             "emptyset equiv euro ge geq geqq geqslant gt in land langle lbrace lbrack lceil le leq leqq "
             "leqslant lfloor lgroup llcorner longrightarrow lor lrcorner lt lvert mid mod mp ne neq "
             "newline notin percent pm pmod pounds prime rangle rbrace rbrack rceil rfloor rgroup "
             "rightarrow rvert setminus sim simeq slash smallsetminus star subset subseteq subseteqq "
             "subsetneq supset supseteq supseteqq supsetneq thickapprox times to ulcorner urcorner "
             "varnothing vee vert wedge yen"},
    {LEX_SYMBOL,
     "Delta Gamma Im Lambda Omega Phi Pi Psi R Re Sigma Theta Xi aleph alpha angle beta cdots chi "
     "delta dots dotsb dotsc dotsm ell epsilon eta gamma hbar imath infty iota jmath kappa lambda "
     "ldots mu nabla nu odot omega oplus parallel partial perp phi pi psi rho sigma tau theta "
     "triangle upsilon varepsilon varphi vartheta xi zeta"},
    {LEX_FUNCTION,
     "Bbb abs acos acosh arccos arccosh arccot arcosh arcsin arcsinh arctan arctanh arg arsinh "
     "artanh asin asinh atan atanh bar binom cbrt ceil cfrac choose cis cos cosh cot coth csc csch "
     "dbinom ddot deg det dfrac dim dot exp floor frac gcd hat iint int intop lcm lg lim ln log "
     "mathbb mathring max min oint overbrace overleftrightarrow overline overrightarrow prod rank "
     "sec sech sgn sin sinh sqrt sum tan tanh tbinom tfrac tilde tr vec widebar widehat widetilde "
     "xoverline"},
    {LEX_SKIP, "Big Bigg Biggl Biggr Bigl Bigr Large allowbreak bf big bigg biggl biggr bigl bigr boxed cal "
               "displaystyle ensuremath fbox footnotesize hline hphantom it large left limits mathbin mathop "
               "mathord mathrel middle mleft mright nolimits nonumber normalsize notag "
               "operatornamewithlimits phantom right rm scriptstyle sf small strut textstyle tiny tt "
               "underbrace vphantom"},
    {LEX_SPACE, "enspace medspace negthinspace qquad quad space thickspace thinspace"},
    {LEX_TEXT, "bm boldsymbol emph hbox mathbf mathcal mathfrak mathit mathnormal mathrm mathscr mathsf "
               "mathtt mbox operatorname rom text textbf textit textnormal textrm textsc textsf texttt "
               "textup underline"},
};

static void commands(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        for (const char *name = known[k].names; *name;) {
            size_t n = strcspn(name, " ");
            if (lem_lex_command(name, n).kind != known[k].kind) print_message("%.*s\n", (int)n, name);
            assert_int_equal(lem_lex_command(name, n).kind, known[k].kind);
            name += n + (name[n] == ' ');
        }
    assert_string_equal(lem_lex_command("dfrac", 5).name, "frac");
    assert_string_equal(lem_lex_command("pounds", 6).name, "GBP");
    assert_int_equal(lem_lex_command("leq", 3).op, OP_LE);
}

/* A name counts whole, and ends where it is said to. */
static void others(void **state) {
    (void)state;
    static const char *const none[] = {"", "a", "zzz", "fracx", "Fra", "si", "lef", "sinsin"};
    for (size_t k = 0; k < sizeof none / sizeof *none; k++)
        assert_int_equal(lem_lex_command(none[k], strlen(none[k])).kind, LEX_UNKNOWN);
    assert_int_equal(lem_lex_command("frac{1}", 4).kind, LEX_FUNCTION);
    assert_int_equal(lem_lex_command("sine", 3).kind, LEX_FUNCTION);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(commands), cmocka_unit_test(others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
