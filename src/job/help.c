/* help.c - help texts made from the option tables, 80 columns wide */
#include "job/command.h"

#include "core/buf.h"

#include <string.h>

enum { WIDTH = 80, TEXT_AT = 28 };

/* Words of text behind what stands on the line already, broken before WIDTH and indented by `at`. */
static void put_wrapped(FILE *f, const char *text, int column, int at) {
    while (*text) {
        size_t n = strcspn(text, " ");
        if (column + 1 + (int)n > WIDTH && column > at) {
            fprintf(f, "\n%*s", at, "");
            column = at;
        }
        fprintf(f, " %.*s", (int)n, text);
        column += (int)n + 1;
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', f);
}

/* Whether a list such as "model|lists" names the option on its own. */
static bool is_required(const lem_command *cmd, const lem_opt *o) {
    size_t n = strlen(o->name);
    if (strcmp(o->name, "out") == 0) return cmd->out_required;
    for (const char *p = cmd->required; p && *p; p += strcspn(p, "|"), p += *p == '|')
        if (strncmp(p, o->name, n) == 0 && (p[n] == '|' || p[n] == '\0')) return true;
    return false;
}

static void put_choices(const lem_opt *o, lem_buf *b) {
    char one[32];
    for (int i = 0; lem_opt_choice(o, i, one); i++) lem_buf_printf(b, "%s%s", i ? ", " : ": ", one);
}

static void put_option(const lem_command *cmd, const lem_opt *o, FILE *f) {
    lem_buf b = {0};
    const char *space = o->arg ? " " : "", *arg = o->arg ? o->arg : "";
    int n = fprintf(f, "  --%s%s%s", o->name, space, arg);
    if (n < TEXT_AT) n += fprintf(f, "%*s", TEXT_AT - n, "");
    lem_buf_puts(&b, o->help);
    if (o->type == LEM_OPT_ENUM) put_choices(o, &b);
    if (is_required(cmd, o)) lem_buf_puts(&b, " (required)");
    if (o->when && lem_opt_find(cmd, o->when))
        lem_buf_printf(&b, " [%s; with --%s %s]", o->standard, o->when, o->standard_when);
    else if (o->standard) lem_buf_printf(&b, " [%s]", o->standard);
    put_wrapped(f, lem_buf_str(&b), n, TEXT_AT);
    lem_buf_release(&b);
}

static void put_example(const char *text, FILE *f) {
    while (*text) {
        size_t n = strcspn(text, "\n");
        fprintf(f, "  %.*s\n", (int)n, text);
        text += n;
        text += *text == '\n';
    }
}

void lem_help_command(const lem_command *cmd, FILE *f) {
    const lem_opt *o;
    int own = cmd->n_opts + cmd->n_shared;
    fprintf(f, "lemma %s - %s\n\nusage: lemma %s %s\n\nexample:\n", cmd->name, cmd->purpose, cmd->name,
            cmd->usage);
    put_example(cmd->example, f);
    if (own) fputs("\noptions:\n", f);
    for (int i = 0; (o = lem_opt_at(cmd, i)); i++) {
        bool out = strcmp(o->name, "out") == 0;
        if (i == own) fputs("\nfor every command:\n", f);
        if (!out || cmd->output != LEM_OUTPUT_NONE) put_option(cmd, o, f);
    }
}

void lem_help_all(const lem_command *const *table, FILE *f) {
    fputs("lemma - teach language models mathematics, and know when they are right\n\n"
          "usage: lemma COMMAND [arguments]\n\ncommands:\n",
          f);
    for (int i = 0; table[i]; i++) {
        int n = fprintf(f, "  %-14s", table[i]->name);
        put_wrapped(f, table[i]->purpose, n, n);
    }
    fputs("\nabout them:\n"
          "  help           options and an example of a command; --json: all of them\n"
          "  man            the manual page of a command, in roff; --list: their names\n"
          "  completion     a script for bash, zsh or fish\n",
          f);
    fputs("\n'lemma COMMAND --help' or 'lemma help COMMAND' shows options and an example.\n"
          "'lemma --version' shows the version.\n"
          "exit status: 0 ok, 1 the answer is no, 2 usage, 3 data or model invalid,\n"
          "  4 numeric stop, 5 memory, 6 remote, 7 too many failed items, 8 output full\n"
          "  or locked, 130 interrupted with state saved\n",
          f);
}

bool lem_is_group(const lem_command *const *table, const char *word) {
    size_t n = strlen(word);
    for (int i = 0; table[i]; i++)
        if (strncmp(table[i]->name, word, n) == 0 && table[i]->name[n] == ' ') return true;
    return false;
}

bool lem_help_group(const lem_command *const *table, const char *group, FILE *f) {
    size_t n = strlen(group);
    bool any = false;
    for (int i = 0; table[i]; i++) {
        if (strncmp(table[i]->name, group, n) != 0 || table[i]->name[n] != ' ') continue;
        if (!any) fprintf(f, "usage: lemma %s COMMAND [arguments]\n\ncommands:\n", group);
        any = true;
        int k = fprintf(f, "  %-14s", table[i]->name);
        put_wrapped(f, table[i]->purpose, k, k);
    }
    if (any) fprintf(f, "\n'lemma %s COMMAND --help' shows options and an example.\n", group);
    return any;
}
