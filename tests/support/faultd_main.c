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

int main(int argc, char **argv) {
    faultd_opts o = {.seed = 1};
    char c;
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (strcmp(name, "--port") == 0) o.port = (int)strtol(value, NULL, 10);
        else if (strcmp(name, "--seed") == 0) o.seed = strtoull(value, NULL, 10);
        else if (strcmp(name, "--rate") == 0) o.rate = strtod(value, NULL);
        else if (strcmp(name, "--fault") == 0) o.fault = value;
        else if (strcmp(name, "--times") == 0) o.times = (int)strtol(value, NULL, 10);
        else if (strcmp(name, "--after") == 0) o.after = value;
        else if (strcmp(name, "--key") == 0) o.key = value;
        else if (strcmp(name, "--bills") == 0) o.bills = value;
        else if (strcmp(name, "--text") == 0) o.text = value;
        else if (strcmp(name, "--delay") == 0) o.delay_s = strtod(value, NULL);
        else if (strcmp(name, "--vary") == 0) o.vary = *value == '1';
        else if (strcmp(name, "--choices") == 0) o.choices = (int)strtol(value, NULL, 10);
        else if (strcmp(name, "--logprobs") == 0) o.logprobs = (int)strtol(value, NULL, 10);
        else if (strcmp(name, "--version") == 0) o.version = value;
        else {
            fprintf(stderr, "faultd: unknown option %s\n", name);
            return 2;
        }
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
