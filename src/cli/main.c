/* main.c - the lemma binary: finds the command, parses its arguments, runs it, prints one line on failure */
#include "cli/commands.h"
#include "cli/trial.h"

#include "core/mem.h"
#include "job/shard.h"
#include "job/hub.h"

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
    const lem_command *c = NULL;
    if (argc >= 3) {
        snprintf(two, sizeof two, "%.30s %.30s", argv[1], argv[2]);
        c = lem_command_find(lem_commands, two);
    }
    *used = c ? 2 : 1;
    return c ? c : lem_command_find(lem_commands, argv[1]);
}

/* What other programs call our commands. */
static const struct {
    const char *theirs, *ours;
} others[] = {{"train", "sft"},
              {"finetune", "sft"},
              {"fine-tune", "sft"},
              {"generate", "sample"},
              {"inference", "sample"},
              {"eval", "select"},
              {"evaluate", "select"},
              {"score", "rm score"},
              {"reward", "rm train"},
              {"info", "model info"},
              {"convert", "model convert"},
              {"quantize", "model quantize"},
              {"quantise", "model quantize"},
              {"verify", "grade"},
              {"tokenise", "tokenize"}};

static int unknown_command(int argc, char **argv) {
    char two[64];
    const char *names[96], *near = NULL;
    int n = 0;
    for (int i = 0; lem_commands[i] && n < 96; i++) names[n++] = lem_commands[i]->name;
    if (argc >= 3) {
        snprintf(two, sizeof two, "%.30s %.30s", argv[1], argv[2]);
        near = lem_suggest(two, names, n);
    }
    for (size_t i = 0; !near && i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i].theirs, argv[1]) == 0) near = others[i].ours;
    if (!near) near = lem_suggest(argv[1], names, n);
    bool group = argc >= 3 && lem_is_group(lem_commands, argv[1]);
    const char *word = group ? two : argv[1];
    if (near) fprintf(stderr, "lemma: unknown command '%s'; did you mean '%s'?\n", word, near);
    else fprintf(stderr, "lemma: unknown command '%s'; 'lemma --help' lists them\n", word);
    return LEM_EUSAGE;
}

static const char *variable(const char *name, const char *standard) {
    const char *v = getenv(name);
    return v && *v ? v : standard;
}

static const char *variable_if_set(const char *name) { return variable(name, NULL); }

/* Where digests of large files are remembered; NULL where there is no home. */
static const char *cache_dir(char out[4096]) {
    const char *xdg = variable("XDG_CACHE_HOME", ""), *home = variable("HOME", "");
    int n = -1;
    if (*xdg == '/') n = snprintf(out, 4096, "%s/lemma", xdg);
    else if (*home == '/') n = snprintf(out, 4096, "%s/.cache/lemma", home);
    return n > 0 && n < 4096 ? out : NULL;
}

enum { HUB_ROOTS = 4 };
typedef struct hub_roots {
    char path[HUB_ROOTS][4096];
    const char *at[HUB_ROOTS + 1];
} hub_roots;

/* Where the Hub's own programs keep what they downloaded, by the variables that they read. */
static void find_hub(hub_roots *h) {
    static const struct {
        const char *name, *below;
    } from[] = {{"HF_HUB_CACHE", ""},
                {"HUGGINGFACE_HUB_CACHE", ""},
                {"HF_HOME", "/hub"},
                {"XDG_CACHE_HOME", "/huggingface/hub"},
                {"HOME", "/.cache/huggingface/hub"}};
    int n = 0;
    for (size_t i = 0; i < sizeof from / sizeof *from && n < HUB_ROOTS; i++) {
        const char *dir = variable(from[i].name, NULL);
        int len = dir ? snprintf(h->path[n], sizeof h->path[n], "%s%s", dir, from[i].below) : 0;
        if (len > 0 && len < (int)sizeof h->path[n]) h->at[n] = h->path[n], n++;
    }
    h->at[n] = NULL;
}

static lem_cli context(char cache[4096], hub_roots *hub) {
    find_hub(hub);
    return (lem_cli){.out = stdout,
                     .color = isatty(1) != 0 && !*variable("NO_COLOR", ""),
                     .seed = 1,
                     .limit = -1,
                     .isa = variable("LEMMA_CPU", "auto"),
                     .data_dir = variable("LEMMA_DATA", "../shared/data"),
                     .cache_dir = cache_dir(cache),
                     .hub = hub->at,
                     .cancel = &cancel_flag,
                     .commands = lem_commands};
}

static lem_status run_command(const lem_command *cmd, lem_cli *cli, const lem_args *args, lem_err *err) {
    cli->log = lem_log_new(2, isatty(2) != 0 && strcmp(variable("TERM", ""), "dumb") != 0,
                           lem_args_flag(args, "quiet") ? 1 : 2, err);
    lem_log_beside(cli->log, stdout);
    lem_status st = cli->log ? lem_launch(cli, cmd, args, err) : LEM_EMEM;
    lem_log_free(cli->log);
    return st;
}

/* What a library asks for that cannot be told that there is no memory (core/mem.h), and not even the reserve
 * is left: files that are not finished stay as after kill -9, and a job goes on from there. */
_Noreturn void lem_mem_exhausted(size_t bytes) {
    char line[96];
    int n = snprintf(line, sizeof line, "lemma: out of memory for %zu bytes\n", bytes);
    (void)!write(2, line, (size_t)n);
    _exit(LEM_EMEM);
}

/* What of the command's options would take less memory, where the text does not say it already. */
static void tell_what_helps(const lem_command *cmd, lem_err *err) {
    static const struct {
        const char *option, *standard, *advice;
    } helps[] = {{"max-rows", NULL, "a smaller --max-rows"},
                 {"slots", NULL, "a smaller --slots"},
                 {"memory", NULL, "a smaller --memory"},
                 {"dtype", "f32", "--dtype bf16"}};
    char text[sizeof err->text];
    if (!err->text[0]) (void)lem_mem_report(cmd->name, err);
    snprintf(text, sizeof text, "%s", err->text);
    for (size_t i = 0, n = 0; i < sizeof helps / sizeof *helps && !strstr(err->text, " --"); i++) {
        const lem_opt *o = lem_opt_find(cmd, helps[i].option);
        size_t len = strlen(text);
        if (!o || (helps[i].standard && (!o->standard || strcmp(o->standard, helps[i].standard) != 0)))
            continue;
        snprintf(text + len, sizeof text - len, "%s%s", n++ ? ", " : "; less is taken with ",
                 helps[i].advice);
    }
    (void)lem_fail(err, LEM_EMEM, "%s", text);
}

/* A failure that nobody told may have changed what was made or said: it is told, with what came of it. */
static lem_status tell_failures(const lem_command *cmd, lem_status st, lem_err *err) {
    lem_err lost = LEM_ERR_INIT;
    if (lem_mem_failures() == 0 || st == LEM_EMEM || st == LEM_EINTR) return st;
    if (st == LEM_OK || !err->text[0]) return lem_mem_report(cmd->name, err);
    (void)lem_mem_report(cmd->name, &lost);
    (void)lem_err_context(err, "%s; what came of it", lost.text);
    return LEM_EMEM;
}

/* What was printed has arrived: also what left the buffer long ago. */
static lem_status flush_stdout(lem_err *err) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return LEM_OK;
    return lem_fail_errno(err, LEM_EIO, "cannot write to standard output");
}

int main(int argc, char **argv) {
    char cache[4096];
    hub_roots hub;
    int used = 1, status = 0;
    keep_standard_fds();
    install_signals();
    lem_err err = LEM_ERR_INIT;
    if (lem_text_verb(argc, argv, &status)) {
        if (status || flush_stdout(&err) == LEM_OK) return status;
        fprintf(stderr, "lemma: %s\n", err.text);
        return LEM_EIO;
    }
    const lem_command *cmd = command_of(argc, argv, &used);
    if (!cmd) return unknown_command(argc, argv);

    lem_cli cli = context(cache, &hub);
    lem_args args = {NULL, NULL, 0};
    const char *const *rest = (const char *const *)argv + 1 + used;
    lem_status st = lem_args_parse(cmd, argc - 1 - used, rest, &cli, &args, &err);
    if (st == LEM_OK && lem_args_flag(&args, "help")) lem_help_command(cmd, stdout);
    else if (st == LEM_OK) st = lem_shard_resolve(&args, variable_if_set, &err);
    if (st == LEM_OK && !lem_args_flag(&args, "help")) st = run_command(cmd, &cli, &args, &err);
    if (st == LEM_OK) st = flush_stdout(&err);
    if (st != LEM_OK) lem_hub_explain_all(cmd, cli.hub, args.values, &err);
    st = tell_failures(cmd, st, &err);
    if (st == LEM_EMEM) tell_what_helps(cmd, &err);
    if (st != LEM_OK && err.text[0]) fprintf(stderr, "lemma %s: %s\n", cmd->name, err.text);
    lem_args_release(&args);
    return (int)st;
}
