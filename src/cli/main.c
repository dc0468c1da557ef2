/* main.c - the lemma binary: finds the command, parses its arguments, runs it, prints one line on failure */
#include "cli/options.h"
#include "cli/version.h"

#include "core/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static lem_cancel cancel_flag; /* the one object a signal handler may touch */

static void on_signal(int sig) {
    (void)sig;
    if (cancel_flag.requested) _exit(130); /* second time: at once */
    cancel_flag.requested = 1;
}

static void install_signals(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_signal;
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sa.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &sa, NULL);
    sigaction(SIGXFSZ, &sa, NULL);
}

/* Descriptors 0-2 must be open, lest an output file becomes stderr. */
static void keep_standard_fds(void) {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1) (void)!open("/dev/null", O_RDWR);
}

static const lem_command *command_of(int argc, char **argv, int *used) {
    char two[64];
    if (argc >= 3) {
        snprintf(two, sizeof two, "%.30s %.30s", argv[1], argv[2]);
        const lem_command *c = lem_command_find(two);
        if (c) {
            *used = 2;
            return c;
        }
    }
    *used = 1;
    return lem_command_find(argv[1]);
}

static int unknown_command(const char *word) {
    const char *names[96];
    int n = 0;
    size_t len = strlen(word);
    bool group = false;
    for (int i = 0; lem_commands[i] && n < 96; i++) {
        names[n++] = lem_commands[i]->name;
        if (strncmp(lem_commands[i]->name, word, len) == 0 && lem_commands[i]->name[len] == ' ') {
            if (!group) fprintf(stderr, "lemma: '%s' needs a second word:", word);
            group = true;
            fprintf(stderr, " '%s'", lem_commands[i]->name);
        }
    }
    if (group) {
        fputc('\n', stderr);
        return LEM_EUSAGE;
    }
    const char *near = lem_suggest(word, names, n);
    if (near) fprintf(stderr, "lemma: unknown command '%s'; did you mean '%s'?\n", word, near);
    else fprintf(stderr, "lemma: unknown command '%s'; 'lemma --help' lists them\n", word);
    return LEM_EUSAGE;
}

int main(int argc, char **argv) {
    keep_standard_fds();
    install_signals();
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        lem_help_all(argc < 2 ? stderr : stdout);
        return argc < 2 ? LEM_EUSAGE : LEM_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("lemma %s\n", LEMMA_VERSION);
        return LEM_OK;
    }
    int used = 1;
    const lem_command *cmd = command_of(argc, argv, &used);
    if (!cmd) return unknown_command(argv[1]);

    lem_err err = LEM_ERR_INIT;
    const char *isa = getenv("LEMMA_CPU"), *data = getenv("LEMMA_DATA");
    lem_cli cli = {.out = stdout,
                   .color = isatty(1) != 0,
                   .seed = 1,
                   .limit = -1,
                   .isa = isa && *isa ? isa : "auto",
                   .data_dir = data && *data ? data : "../shared/data",
                   .cancel = &cancel_flag};
    lem_args args = {NULL, NULL, 0};
    lem_status st =
        lem_args_parse(cmd, argc - 1 - used, (const char *const *)argv + 1 + used, &cli, &args, &err);
    if (st == LEM_OK && lem_args_flag(&args, "help")) {
        lem_help_command(cmd, stdout);
        lem_args_release(&args);
        return LEM_OK;
    }
    if (st == LEM_OK) {
        cli.log = lem_log_new(2, isatty(2) != 0, lem_args_flag(&args, "quiet") ? 1 : 2, &err);
        st = cli.log ? cmd->run(&cli, &args, &err) : LEM_EMEM;
        if (fflush(stdout) != 0 && st == LEM_OK) st = lem_fail(&err, LEM_EIO, "writing stdout");
    }
    lem_log_free(cli.log);
    if (st != LEM_OK && err.text[0]) fprintf(stderr, "lemma %s: %s\n", cmd->name, err.text);
    lem_args_release(&args);
    return (int)st;
}
