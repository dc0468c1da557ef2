/* man.c - man pages from the option tables, in man(7) roff */
#include "job/texts.h"

#include "core/version.h"

#include <string.h>

/* Text where roff would read a command or an escape. */
static void put_roff(const char *text, FILE *f) {
    if (*text == '.' || *text == '\'') fputs("\\&", f);
    for (; *text; text++) {
        if (*text == '\\') fputs("\\e", f);
        else if (*text == '-') fputs("\\-", f);
        else if (*text == '\n' && (text[1] == '.' || text[1] == '\'')) fputs("\n\\&", f);
        else fputc(*text, f);
    }
}

static void put_title(const char *name, FILE *f) {
    fputs(*name ? ".TH \"LEMMA\\-" : ".TH \"LEMMA", f);
    for (; *name; name++) {
        if (*name == ' ') fputs("\\-", f);
        else fputc(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name, f);
    }
    fprintf(f, "\" \"1\" \"%s\" \"lemma %s\" \"User Commands\"\n", LEMMA_VERSION_DATE, LEMMA_VERSION);
}

static void put_option(const lem_command *cmd, const lem_opt *o, FILE *f) {
    char one[32];
    fputs(".TP\n\\fB\\-\\-", f);
    put_roff(o->name, f);
    fputs("\\fR", f);
    if (o->arg) {
        fputs(" \\fI", f);
        put_roff(o->arg, f);
        fputs("\\fR", f);
    }
    fputc('\n', f);
    put_roff(o->help, f);
    for (int i = 0; lem_opt_choice(o, i, one); i++) {
        fputs(i ? ", " : ": ", f);
        put_roff(one, f);
    }
    fputs(".\n", f);
    if (!o->standard) return;
    fputs("Default: ", f);
    put_roff(*o->standard ? o->standard : "empty", f);
    if (o->when && lem_opt_find(cmd, o->when)) {
        fputs("; with \\-\\-", f);
        put_roff(o->when, f);
        fprintf(f, " %s", o->standard_when);
    }
    fputs(".\n", f);
}

static void put_status(FILE *f) {
    fputs(".SH EXIT STATUS\n"
          "0 ok, 1 the answer is no, 2 usage, 3 data or model invalid, 4 numeric stop, 5 memory, 6 remote,\n"
          "7 too many failed items, 8 output full or locked, 130 interrupted with state saved.\n",
          f);
}

static void put_command(const lem_command *cmd, FILE *f) {
    const lem_opt *o;
    put_title(cmd->name, f);
    fputs(".SH NAME\nlemma\\-", f);
    for (const char *p = cmd->name; *p; p++) fputs(*p == ' ' ? "\\-" : (char[2]){*p, '\0'}, f);
    fputs(" \\- ", f);
    put_roff(cmd->purpose, f);
    fputs("\n.SH SYNOPSIS\n\\fBlemma ", f);
    put_roff(cmd->name, f);
    fputs("\\fR ", f);
    put_roff(cmd->usage, f);
    fputs("\n.SH OPTIONS\n", f);
    for (int i = 0; (o = lem_opt_at(cmd, i)); i++)
        if (strcmp(o->name, "out") != 0 || cmd->output != LEM_OUTPUT_NONE) put_option(cmd, o, f);
    fputs(".SH EXAMPLES\n.nf\n", f);
    put_roff(cmd->example, f);
    fputs("\n.fi\n", f);
    put_status(f);
}

static void put_program(const lem_command *const *table, FILE *f) {
    put_title("", f);
    fputs(".SH NAME\nlemma \\- teach language models mathematics, and know when they are right\n"
          ".SH SYNOPSIS\n\\fBlemma\\fR \\fICOMMAND\\fR [arguments]\n.SH COMMANDS\n",
          f);
    for (int i = 0; table[i]; i++) {
        fputs(".TP\n\\fBlemma ", f);
        put_roff(table[i]->name, f);
        fputs("\\fR\n", f);
        put_roff(table[i]->purpose, f);
        fputs(".\n", f);
    }
    put_status(f);
    fputs(".SH ENVIRONMENT\n"
          ".TP\n\\fBLEMMA_CPU\\fR\nThe compute path: auto, generic, avx2, avx512 or avx512bf16.\n"
          ".TP\n\\fBLEMMA_DATA\\fR\nThe folder of shared files that tests and recipes look in.\n"
          ".TP\n\\fBNO_COLOR\\fR\nIf set, no colours.\n"
          ".TP\n\\fBXDG_CACHE_HOME\\fR\nWhere digests of large files are remembered.\n",
          f);
}

void lem_man_page(const lem_command *const *table, const lem_command *cmd, FILE *f) {
    if (cmd) put_command(cmd, f);
    else put_program(table, f);
}
