/* cli/report_watch.h - lemma report --watch: the page is made again while what it shows changes */
#ifndef LEM_CLI_REPORT_WATCH_H
#define LEM_CLI_REPORT_WATCH_H

#include "job/command.h"

/* Makes the page once; refresh: the seconds after which a browser looks again, 0 = never.
 * *unfinished: it shows a job that has not ended its work. last: nothing follows, and where it is is said. */
typedef lem_status lem_report_render(lem_cli *cli, const lem_args *args, const char *path, int refresh,
                                     bool last, bool *unfinished, lem_err *err);

/* Until no job runs any more (then LEM_NO where one left its work unfinished), or until it is interrupted
 * (LEM_EINTR): the last page is that of lemma report without --watch. */
lem_status lem_report_watch(lem_cli *cli, const lem_args *args, const char *path, lem_report_render *render,
                            lem_err *err) LEM_MUST_CHECK;

#endif
