/* texts.c - lemma help, man, completion, version: texts made from the option tables */
#include "cli/commands.h"
#include "cli/runtime.h"
#include "core/version.h"
#include "job/texts.h"

#include <string.h>

static bool is_any(const char *word, const char *a, const char *b, const char *c) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

/* "rm train" from one word or two. */
static const lem_command *named(int argc, char **argv, char name[64]) {
    const char *second = argc > 1 ? argv[1] : "", *space = argc > 1 ? " " : "";
    snprintf(name, 64, "%.30s%s%.30s", argv[0], space, second);
    return lem_command_find(lem_commands, name);
}

static int help(int argc, char **argv) {
    char name[64];
    lem_err err = LEM_ERR_INIT;
    if (argc == 0) {
        lem_help_all(lem_commands, stdout);
        return LEM_OK;
    }
    if (strcmp(argv[0], "--json") == 0)
        return (int)lem_print_json(stdout, lem_commands_json(lem_commands), 1, &err);
    const lem_command *cmd = named(argc, argv, name);
    if (cmd) {
        lem_help_command(cmd, stdout);
        return LEM_OK;
    }
    if (argc == 1 && lem_help_group(lem_commands, argv[0], stdout)) return LEM_OK;
    fprintf(stderr, "lemma help: there is no command '%s'; 'lemma help' lists them\n", name);
    return LEM_EUSAGE;
}

/* `lemma man --help` and the like. */
static bool asks_for_help(int argc, char **argv) {
    return argc == 1 && is_any(argv[0], "--help", "-h", "help");
}

static int man(int argc, char **argv) {
    char name[64];
    if (asks_for_help(argc, argv)) {
        puts("usage: lemma man [COMMAND | --list]\n\nexample:\n  lemma man sft | man -l -");
        return LEM_OK;
    }
    if (argc > 0 && strcmp(argv[0], "--list") == 0) {
        for (int i = 0; lem_commands[i]; i++) printf("%s\n", lem_commands[i]->name);
        return LEM_OK;
    }
    const lem_command *cmd = argc > 0 ? named(argc, argv, name) : NULL;
    if (argc > 0 && !cmd) {
        fprintf(stderr, "lemma man: there is no command '%s'; 'lemma man --list' lists them\n", name);
        return LEM_EUSAGE;
    }
    lem_man_page(lem_commands, cmd, stdout);
    return LEM_OK;
}

static int completion(int argc, char **argv) {
    if (asks_for_help(argc, argv)) {
        puts("usage: lemma completion bash|zsh|fish\n\nexample:\n  lemma completion bash > "
             "~/.bash_completion\n"
             "  lemma completion zsh > DIR/_lemma   (DIR: a folder of $fpath)");
        return LEM_OK;
    }
    if (argc == 1 && lem_completion(lem_commands, argv[0], stdout)) return LEM_OK;
    fputs("lemma completion: bash, zsh or fish expected, e.g. lemma completion bash > lemma.bash\n", stderr);
    return LEM_EUSAGE;
}

/* `lemma rm`, `lemma rm --help` */
static bool group(int argc, char **argv, int *status) {
    bool asked = argc == 3 && is_any(argv[2], "--help", "-h", "help");
    if (lem_command_find(lem_commands, argv[1]) || (argc != 2 && !asked)) return false;
    *status = asked ? LEM_OK : LEM_EUSAGE;
    return lem_help_group(lem_commands, argv[1], asked ? stdout : stderr);
}

bool lem_text_verb(int argc, char **argv, int *status) {
    if (argc < 2) {
        lem_help_all(lem_commands, stderr);
        *status = LEM_EUSAGE;
    } else if (is_any(argv[1], "--version", "-V", "version")) {
        printf("lemma %s\n", LEMMA_VERSION);
        *status = LEM_OK;
    } else if (is_any(argv[1], "--help", "-h", "help")) *status = help(argc - 2, argv + 2);
    else if (strcmp(argv[1], "man") == 0) *status = man(argc - 2, argv + 2);
    else if (strcmp(argv[1], "completion") == 0) *status = completion(argc - 2, argv + 2);
    else return group(argc, argv, status);
    return true;
}
