/* report_watch.c - lemma report --watch: the page is made again while what it shows changes */
#include "cli/report_watch.h"

#include "core/log.h"
#include "report/stamp.h"
#include "report/unfinished.h"

#include <math.h>
#include <poll.h>
#include <string.h>

enum { TICK_MS = 50, SHARE = 4 }; /* making pages takes a fifth of the time at most */

static bool is_cancelled(const lem_cli *cli) { return cli->cancel && cli->cancel->requested; }

/* What was unfinished may be gone by now: LEM_NO of an input alone is no failure here. */
static bool is_running(const lem_args *args) {
    for (int i = 0; i < args->n_words; i++) {
        lem_sources s = {.log = NULL};
        lem_err ignored = LEM_ERR_INIT;
        lem_status st = lem_sources_add(&s, args->words[i], &ignored);
        bool runs = lem_report_is_running(args->words[i], &s);
        lem_sources_release(&s);
        if (runs || st == LEM_EMEM) return runs;
    }
    return false;
}

static void wait_seconds(const lem_cli *cli, double seconds) {
    double end = lem_clock_seconds() + seconds;
    while (!is_cancelled(cli) && lem_clock_seconds() < end) (void)poll(NULL, 0, TICK_MS);
}

/* A page while jobs run. What changes under the reader's hands is tried again. */
static lem_status render_running(lem_cli *own, const lem_args *args, const char *path, int every,
                                 lem_report_render *render, double *took, lem_err *err) {
    bool unfinished = false;
    double start = lem_clock_seconds();
    lem_status st = render(own, args, path, every, false, &unfinished, err);
    *took = lem_clock_seconds() - start;
    if (st != LEM_EDATA) return st;
    lem_debug(own->log, "%s; tried again", err->text);
    *err = (lem_err)LEM_ERR_INIT;
    return LEM_OK;
}

/* The last page; nothing interrupts it. */
static lem_status finish(lem_cli *own, const lem_args *args, const char *path, bool runs,
                         lem_report_render *render, lem_err *err) {
    bool unfinished = false;
    own->cancel = NULL;
    lem_status st = render(own, args, path, 0, true, &unfinished, err);
    if (st) return st;
    if (runs) return lem_fail(err, LEM_EINTR, "interrupted; the job goes on, %s shows it as it was", path);
    if (unfinished)
        return lem_fail(err, LEM_NO, "a job ended before it was finished; the same command goes on with it");
    return LEM_OK;
}

lem_status lem_report_watch(lem_cli *cli, const lem_args *args, const char *path, lem_report_render *render,
                            lem_err *err) {
    lem_cli own = *cli;
    char shown[65] = "", now[65];
    int every = (int)lem_args_int(args, "every");
    double took = 0;
    bool runs = is_running(args);
    own.fresh = true; /* the page before this one is replaced */
    if (runs)
        lem_info(cli->log, "watching: %s is made again when something changes, every %d s at most", path,
                 every);
    else lem_info(cli->log, "no job runs here: the page is made once");
    while (runs && !is_cancelled(cli)) {
        lem_report_stamp(args->words, args->n_words, path, now);
        if (strcmp(now, shown) != 0) {
            lem_status st = render_running(&own, args, path, every, render, &took, err);
            if (st == LEM_EINTR) break;
            if (st) return st;
            memcpy(shown, now, sizeof shown);
        }
        wait_seconds(cli, fmax(every, SHARE * took));
        runs = is_running(args);
    }
    return finish(&own, args, path, runs, render, err);
}
