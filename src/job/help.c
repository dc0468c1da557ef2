/* help.c - help texts made from the option tables */
#include "cli/options.h"

#include <string.h>

static void print_opts(const lem_opt *opts, int n, FILE *f) {
    for (int i = 0; i < n; i++) {
        char left[80];
        snprintf(left, sizeof left, "--%s%s%s", opts[i].name, opts[i].arg ? " " : "",
                 opts[i].arg ? opts[i].arg : "");
        fprintf(f, "  %-28s %s", left, opts[i].help);
        if (opts[i].otherwise) fprintf(f, " [%s]", opts[i].otherwise);
        fputc('\n', f);
    }
}

void lem_help_command(const lem_command *cmd, FILE *f) {
    fprintf(f, "lemma %s - %s\n\nusage: lemma %s %s\n\nexample:\n", cmd->name, cmd->purpose, cmd->name,
            cmd->usage);
    for (const char *p = cmd->example; *p;) {
        size_t n = strcspn(p, "\n");
        fprintf(f, "  %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
    if (cmd->n_opts) {
        fputs("\noptions:\n", f);
        print_opts(cmd->opts, cmd->n_opts, f);
        print_opts(cmd->shared, cmd->n_shared, f);
    }
    fputs("\nfor every command:\n", f);
    print_opts(lem_common_opts, lem_n_common_opts, f);
}

void lem_help_all(FILE *f) {
    fputs("lemma - teach language models mathematics, and know when they are right\n\nusage: lemma COMMAND "
          "[arguments]\n\ncommands:\n",
          f);
    for (int i = 0; lem_commands[i]; i++)
        fprintf(f, "  %-14s %s\n", lem_commands[i]->name, lem_commands[i]->purpose);
    fputs(
        "\n'lemma COMMAND --help' shows options and an example. 'lemma --version' shows the version.\n"
        "exit status: 0 ok, 1 the answer is no, 2 usage, 3 data or model invalid, 4 numeric stop, 5 memory,\n"
        "  6 remote, 7 too many failed items, 8 output full or locked, 130 interrupted with state saved\n",
        f);
}
