/* faultd_main.c - the fault-injecting server as a program, for scripts: prints its port, ends with its
 * standard input
 *
 * faultd [--port N] [--seed N] [--rate X] [--fault NAME] [--times N] [--after TEXT] [--key KEY] [--bills
 * FILE] [--text TEXT] [--delay S] [--vary 1] [--choices N] [--logprobs 1] [--version V] */
#include "support/faultd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An option that was given as text; false if there is none of that name. */
static bool read_text(faultd_opts *o, const char *name, const char *value) {
    const struct {
        const char *name, **to;
    } texts[] = {{"--fault", &o->fault}, {"--after", &o->after}, {"--key", &o->key},
                 {"--bills", &o->bills}, {"--text", &o->text},   {"--version", &o->version}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].name, name) == 0) {
            *texts[i].to = value;
            return true;
        }
    return false;
}

static bool read_number(faultd_opts *o, const char *name, const char *value) {
    const struct {
        const char *name;
        int *to;
    } ints[] = {{"--port", &o->port},
                {"--times", &o->times},
                {"--choices", &o->choices},
                {"--logprobs", &o->logprobs}};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        if (strcmp(ints[i].name, name) == 0) {
            *ints[i].to = (int)strtol(value, NULL, 10);
            return true;
        }
    if (strcmp(name, "--seed") == 0) o->seed = strtoull(value, NULL, 10);
    else if (strcmp(name, "--rate") == 0) o->rate = strtod(value, NULL);
    else if (strcmp(name, "--delay") == 0) o->delay_s = strtod(value, NULL);
    else if (strcmp(name, "--vary") == 0) o->vary = *value == '1';
    else return false;
    return true;
}

int main(int argc, char **argv) {
    faultd_opts o = {.seed = 1};
    char c;
    for (int i = 1; i + 1 < argc; i += 2)
        if (!read_text(&o, argv[i], argv[i + 1]) && !read_number(&o, argv[i], argv[i + 1])) {
            fprintf(stderr, "faultd: unknown option %s\n", argv[i]);
            return 2;
        }
    faultd *f = faultd_start(&o);
    if (!f) return 1;
    printf("%d\n", faultd_port(f));
    fflush(stdout);
    while (read(0, &c, 1) > 0) continue;
    faultd_books b = faultd_read(f);
    fprintf(stderr, "faultd: %d requests, %d billed, %d twice\n", b.requests, b.billed, b.twice);
    faultd_stop(f);
    return 0;
}
