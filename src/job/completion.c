/* completion.c - shell completion from the option tables */
#include "job/texts.h"

#include <string.h>

static bool reads_files(const lem_opt *o) {
    return o->type == LEM_OPT_INPUT || o->type == LEM_OPT_INPUTS || strcmp(o->name, "out") == 0 ||
           strcmp(o->name, "config") == 0 || (o->arg && strcmp(o->arg, "FILE") == 0);
}

/* What stands behind an option: its choices, or "" for files and free text. */
static void put_choices(const lem_opt *o, const char *between, FILE *f) {
    char one[32];
    for (int i = 0; lem_opt_choice(o, i, one); i++) fprintf(f, "%s%s", i ? between : "", one);
}

/* "    rm | model": the first words of commands of two words, each once, as a case pattern. */
static void put_groups(const lem_command *const *table, FILE *f) {
    int n = 0;
    for (int i = 0; table[i]; i++) {
        size_t len = strcspn(table[i]->name, " ");
        bool again = false;
        for (int k = 0; k < i; k++) again = again || strncmp(table[k]->name, table[i]->name, len + 1) == 0;
        if (!table[i]->name[len] || again) continue;
        fprintf(f, "%s%.*s", n++ ? " | " : "    ", (int)len, table[i]->name);
    }
    if (n == 0) fputs("    ''", f);
}

/* ---- bash ---- */

static void bash_command(const lem_command *cmd, FILE *f) {
    const lem_opt *o;
    fprintf(f, "    '%s')\n        case $prev in\n", cmd->name);
    for (int i = 0; (o = lem_opt_at(cmd, i)); i++) {
        if (o->type == LEM_OPT_FLAG) continue;
        fprintf(f, "        --%s) ", o->name);
        if (o->choices) {
            fprintf(f, "COMPREPLY=($(compgen %s-W '", reads_files(o) ? "-f " : "");
            put_choices(o, " ", f);
            fputs("' -- \"$cur\"))", f);
        } else if (reads_files(o)) fputs("COMPREPLY=($(compgen -f -- \"$cur\"))", f);
        else fputs("COMPREPLY=()", f);
        fputs("; return ;;\n", f);
    }
    fputs("        esac\n        options='", f);
    for (int i = 0; (o = lem_opt_at(cmd, i)); i++) fprintf(f, "%s--%s", i ? " " : "", o->name);
    fputs("' ;;\n", f);
}

static void bash_script(const lem_command *const *table, FILE *f) {
    fputs("# bash completion of lemma\n_lemma() {\n"
          "    # behind help and man stands a command as if it came first\n"
          "    if [ \"$COMP_CWORD\" -gt 1 ] && [[ ${COMP_WORDS[1]} == @(help|man) ]]; then\n"
          "        COMP_WORDS=(lemma \"${COMP_WORDS[@]:2}\") COMP_CWORD=$((COMP_CWORD - 1))\n    fi\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command options=\n"
          "    command=${COMP_WORDS[1]}\n"
          "    case $command in\n",
          f);
    fputs("    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$cur\")); [ \"$COMP_CWORD\" -gt 1 ] "
          "&& return ;;\n",
          f);
    put_groups(table, f);
    fputs(")\n"
          "        case ${COMP_WORDS[2]} in\n"
          "        '' | -*) ;;\n        *) [ \"$COMP_CWORD\" -gt 2 ] && command=\"$command "
          "${COMP_WORDS[2]}\" ;;\n"
          "        esac ;;\n    esac\n",
          f);
    fputs("    if [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY=($(compgen -W 'help completion man", f);
    for (int i = 0; table[i]; i++) fprintf(f, " %.*s", (int)strcspn(table[i]->name, " "), table[i]->name);
    fputs("' -- \"$cur\")); return\n    fi\n", f);
    fputs("    if [ \"$COMP_CWORD\" = 2 ]; then\n        case $command in\n", f);
    for (int i = 0; table[i]; i++) {
        size_t n = strcspn(table[i]->name, " ");
        bool first = i == 0 || strncmp(table[i - 1]->name, table[i]->name, n + 1) != 0;
        if (!table[i]->name[n] || !first) continue;
        fprintf(f, "        %.*s) COMPREPLY=($(compgen -W '", (int)n, table[i]->name);
        for (int k = 0; table[k]; k++)
            if (strncmp(table[k]->name, table[i]->name, n + 1) == 0)
                fprintf(f, "%s ", table[k]->name + n + 1);
        fputs("' -- \"$cur\")); [ \"${cur#-}\" = \"$cur\" ] && return ;;\n", f);
    }
    fputs("        esac\n    fi\n    case $command in\n", f);
    for (int i = 0; table[i]; i++) bash_command(table[i], f);
    fputs("    esac\n    case $cur in\n    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
          "    *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n    esac\n}\n"
          "complete -o filenames -F _lemma lemma\n",
          f);
}

/* ---- zsh ---- */

/* Help as a description: without what zsh reads as its own. */
static void put_plain(const char *text, FILE *f) {
    for (; *text; text++)
        if (strchr("[]'\\:", *text)) fputc(' ', f);
        else fputc(*text, f);
}

static void zsh_option(const lem_opt *o, FILE *f) {
    fprintf(f, " \\\n            '--%s[", o->name);
    put_plain(o->help, f);
    fputc(']', f);
    if (o->type != LEM_OPT_FLAG) {
        fprintf(f, ":%s:", o->name);
        if (reads_files(o)) fputs("_files", f);
        else if (o->choices) {
            fputc('(', f);
            put_choices(o, " ", f);
            fputc(')', f);
        }
    }
    fputc('\'', f);
}

static void zsh_script(const lem_command *const *table, FILE *f) {
    const lem_opt *o;
    fputs("#compdef lemma\n# zsh completion of lemma\n_lemma() {\n    local command=${words[2]}\n"
          "    case $command in\n",
          f);
    put_groups(table, f);
    fputs(")\n"
          "        [[ ${words[3]} == [a-z]* && $CURRENT -gt 3 ]] && command=\"$command ${words[3]}\" ;;\n    "
          "esac\n"
          "    if (( CURRENT == 2 )); then\n        local -a all=(\n",
          f);
    for (int i = 0; table[i]; i++) {
        size_t n = strcspn(table[i]->name, " ");
        bool first = i == 0 || strncmp(table[i - 1]->name, table[i]->name, n + 1) != 0;
        if (table[i]->name[n] && !first) continue;
        fprintf(f, "            '%.*s:", (int)n, table[i]->name);
        put_plain(table[i]->purpose, f);
        fputs("'\n", f);
    }
    fputs("            'help:options and an example of a command'\n        )\n        _describe command all\n"
          "        return\n    fi\n    case $command in\n",
          f);
    for (int i = 0; table[i]; i++) {
        const char *space = strchr(table[i]->name, ' ');
        if (space) fprintf(f, "    '%.*s') ", (int)(space - table[i]->name), table[i]->name);
        if (space) fprintf(f, "compadd %s ;|\n", space + 1);
        fprintf(f, "    '%s')\n        _arguments -s", table[i]->name);
        for (int k = 0; (o = lem_opt_at(table[i], k)); k++) zsh_option(o, f);
        fputs(" \\\n            '*:file:_files' ;;\n", f);
    }
    fputs("    esac\n}\n"
          "# from $fpath it is called, sourced it makes itself known\n"
          "if [[ ${funcstack[1]} == _lemma ]]; then _lemma \"$@\"; else compdef _lemma lemma; fi\n",
          f);
}

/* ---- fish ---- */

static void fish_option(const lem_command *cmd, const lem_opt *o, FILE *f) {
    const char *space = strchr(cmd->name, ' ');
    fputs("complete -c lemma -n '__fish_seen_subcommand_from ", f);
    fprintf(f, "%.*s", (int)strcspn(cmd->name, " "), cmd->name);
    if (space) fprintf(f, "; and __fish_seen_subcommand_from %s", space + 1);
    fprintf(f, "' -l %s", o->name);
    if (o->type != LEM_OPT_FLAG) fputs(reads_files(o) ? " -r" : " -x", f);
    if (o->choices) {
        fputs(" -a '", f);
        put_choices(o, " ", f);
        fputc('\'', f);
    }
    fputs(" -d '", f);
    put_plain(o->help, f);
    fputs("'\n", f);
}

static void fish_script(const lem_command *const *table, FILE *f) {
    const lem_opt *o;
    fputs("# fish completion of lemma\n", f);
    for (int i = 0; table[i]; i++) {
        const char *name = table[i]->name, *space = strchr(name, ' ');
        if (space)
            fprintf(f, "complete -c lemma -f -n '__fish_seen_subcommand_from %.*s' -a %s -d '",
                    (int)(space - name), name, space + 1);
        else fprintf(f, "complete -c lemma -f -n __fish_use_subcommand -a %s -d '", name);
        put_plain(table[i]->purpose, f);
        fputs("'\n", f);
        if (space)
            fprintf(f, "complete -c lemma -f -n __fish_use_subcommand -a %.*s\n", (int)(space - name), name);
        for (int k = 0; (o = lem_opt_at(table[i], k)); k++) fish_option(table[i], o, f);
    }
}

bool lem_completion(const lem_command *const *table, const char *shell, FILE *f) {
    if (strcmp(shell, "bash") == 0) bash_script(table, f);
    else if (strcmp(shell, "zsh") == 0) zsh_script(table, f);
    else if (strcmp(shell, "fish") == 0) fish_script(table, f);
    else return false;
    return true;
}
