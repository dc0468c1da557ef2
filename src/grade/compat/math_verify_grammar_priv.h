/* math_verify_grammar_priv.h - the reader shared by expressions and sets of the math-verify mode
 *
 * A recursive descent over bytes that takes failed attempts back; `dead` remembers where an attempt has
 * failed, so that nesting costs no more than a constant number of readings. */
#ifndef LEM_GRADE_COMPAT_MATH_VERIFY_GRAMMAR_H
#define LEM_GRADE_COMPAT_MATH_VERIFY_GRAMMAR_H

#include "grade/compat/math_verify_priv.h"

typedef struct mv_parser {
    lem_work *w;
    mode_text t;
    size_t i;
    int depth, nodes, bars, verts;
    bool bare; /* reading the exponent of a name */
    bool complex;
    size_t cmd_at, cmd_n;                    /* place + 1 and length of the command asked for last */
    unsigned char *dead;                     /* per byte: 1 no set atom, 2 no call begins here */
    mode_expr *(*expr)(struct mv_parser *p); /* lem_mv_read_expr, for what an atom holds in braces */
} mv_parser;

mv_parser lem_mv_back(const mv_parser *p,
                      const mv_parser *saved);    /* the state at `saved`, but not the work done since */
bool lem_mv_at_word(mv_parser *p, const char *s); /* a sign or a whole command, behind blanks */
bool lem_mv_take(mv_parser *p, const char *s);
bool lem_mv_take_any(mv_parser *p, const char *const *list);
bool lem_mv_at_end(mv_parser *p);
char lem_mv_here(mv_parser *p);
bool lem_mv_enter(mv_parser *p); /* one level and one node more; false at the limit */
mode_expr *lem_mv_read_expr(mv_parser *p);
mode_expr *lem_mv_read_name(mv_parser *p);
mode_expr *lem_mv_negated(mv_parser *p, mode_expr *a);
size_t lem_mv_command_length(mode_text t,
                             size_t i); /* of the longest known command here, backslash included */
void lem_mv_skip(mv_parser *p);
size_t lem_mv_command_at(mv_parser *p); /* the same here, asked for once a place */

/* ---- names and numbers (math_verify_atoms.c) ---- */

mode_expr *lem_mv_read_atom(mv_parser *p);
/* A letter, Greek letter or accented name, without scripts, appended; *is_letter: a letter alone. False when
 * none stands here. */
bool lem_mv_atom_name(mv_parser *p, lem_buf *b, bool *is_letter);
bool lem_mv_subscript(mv_parser *p, lem_buf *b); /* _a or _{a,b}: appended without blanks and braces */
mode_expr *lem_mv_superscript(mv_parser *p);
bool lem_mv_at_reserved(mv_parser *p); /* a word that is no name */

#endif
