/* job_work.c - the folder of unfinished work beside an output */
#include "job/job_priv.h"

#include "core/mem.h"
#include "core/scratch.h"

#include <string.h>
#include <sys/stat.h>

/* A journal of a header alone holds nothing that would be lost. */
static bool is_empty_journal(const lem_job *j, const char *name) {
    lem_lines *lines = NULL;
    const char *line = NULL;
    size_t len = 0;
    bool eof = false;
    if (strcmp(name, "journal") != 0) return false;
    char *path = lem_path_join(j->work, name, NULL);
    lem_status st = path ? lem_lines_open(path, 0, &lines, NULL) : LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < 2 && !eof; i++) st = lem_lines_next(lines, &line, &len, &eof, NULL);
    lem_lines_close(lines);
    lem_free(path);
    return st == LEM_OK && eof;
}

/* "manifest.json", and what a killed write left. */
static bool is_manifest(const char *name) {
    return strcmp(name, "manifest.json") == 0 || lem_file_is_temporary(name);
}

/* Of a run that was killed in the instant in which the file had a name. */
static bool is_scratch(const char *name) {
    return strncmp(name, LEM_SCRATCH_PREFIX, strlen(LEM_SCRATCH_PREFIX)) == 0;
}

/* What lemma repair keeps of a damaged journal. */
static bool is_put_aside(const char *name) { return strcmp(name, "journal.damaged") == 0; }

static bool is_lemmas(const char *name) {
    return is_manifest(name) || is_scratch(name) || strcmp(name, "checkpoints") == 0 ||
           strcmp(name, "journal") == 0 || strcmp(name, LEM_JOB_TELEMETRY) == 0 ||
           strcmp(name, LEM_JOB_STAGES) == 0 || strcmp(name, LEM_JOB_NEW_JOURNAL) == 0 || is_put_aside(name);
}

typedef bool name_test(const lem_job *j, const char *name);

/* Whether an entry of the work folder passes the test. */
static lem_status any(const lem_job *j, name_test *test, bool *found, lem_err *err) {
    char **names = NULL;
    size_t n = 0;
    *found = false;
    lem_status st = lem_dir_list(j->work, &names, &n, err);
    for (size_t i = 0; i < n; i++) {
        *found = *found || test(j, names[i]);
        lem_free(names[i]);
    }
    lem_free(names);
    return st;
}

static bool would_be_lost(const lem_job *j, const char *name) {
    bool copied = strcmp(name, LEM_JOB_NEW_JOURNAL) == 0; /* of journals that are there still */
    bool watched = strcmp(name, LEM_JOB_TELEMETRY) == 0;  /* checkpoints have the same */
    return !is_manifest(name) && !is_scratch(name) && !copied && !watched && !is_put_aside(name) &&
           !is_empty_journal(j, name);
}

static bool is_foreign(const lem_job *j, const char *name) {
    (void)j;
    return !is_lemmas(name);
}

bool lem_job_work_is_saved(const lem_job *j) {
    bool lost = false;
    return lem_file_exists(j->work) && (any(j, would_be_lost, &lost, NULL) != LEM_OK || lost);
}

lem_status lem_job_work_remove(const lem_job *j, lem_err *err) {
    struct stat s;
    if (lstat(j->work, &s) != 0) return LEM_OK;
    bool foreign = !S_ISDIR(s.st_mode);
    lem_status st = foreign ? LEM_OK : any(j, is_foreign, &foreign, err);
    if (st) return st;
    if (foreign)
        return lem_fail(err, LEM_EUSAGE,
                        "%s is not a folder that lemma made, but stands where unfinished work goes; move it "
                        "away or choose another --out",
                        j->work);
    return lem_dir_remove(j->work, err);
}
