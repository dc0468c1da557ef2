/* cmd_repair.c - lemma repair: keeps the whole records of a damaged journal, and lists what is not whole */
#include "cli/commands.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/journal.h"
#include "core/object.h"

#include <inttypes.h>
#include <stdlib.h>

enum { MAX_LISTED = 1000 };

typedef struct repair {
    lem_cli *cli;
    lem_json *losses; /* for --json */
    uint64_t n;       /* found so far */
} repair;

/* Each loss as a line, or as an object; after so many only their sum is told. */
static lem_status tell_loss(void *ctx, uint64_t line, uint64_t n, int64_t bytes, lem_err *err) {
    repair *r = ctx;
    lem_status st = lem_cancel_check(r->cli->cancel, err);
    if (st || r->n++ >= MAX_LISTED) return st;
    if (r->cli->json) {
        lem_object o = lem_object_new();
        lem_object_int(&o, "line", line);
        lem_object_int(&o, "lines", n);
        lem_object_num(&o, "bytes", (double)bytes);
        bool ok = lem_json_append(r->losses, lem_object_done(&o));
        return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    }
    if (n > 1)
        fprintf(r->cli->out, "lines %" PRIu64 "-%" PRIu64 ": damaged (%" PRId64 " bytes)\n", line,
                line + n - 1, bytes);
    else if (n) fprintf(r->cli->out, "line %" PRIu64 ": damaged (%" PRId64 " bytes)\n", line, bytes);
    else if (bytes > 0)
        fprintf(r->cli->out, "before line %" PRIu64 ": %" PRId64 " bytes are missing\n", line, bytes);
    else fprintf(r->cli->out, "before line %" PRIu64 ": %" PRId64 " bytes too many\n", line, -bytes);
    return LEM_OK;
}

static lem_status print_summary(const repair *r, const lem_journal_repaired *found, bool written,
                                lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "records", found->records);
    lem_object_int(&o, "damaged_lines", found->lines);
    lem_object_int(&o, "damaged_bytes", found->bytes);
    lem_object_int(&o, "missing_bytes", found->missing);
    lem_object_bool(&o, "written", written);
    lem_object_json(&o, "losses", lem_json_share(r->losses));
    lem_json *json = lem_object_done(&o);
    return json ? lem_print_json(r->cli->out, json, 2, err) : lem_fail(err, LEM_EMEM, "out of memory");
}

static void say_summary(const repair *r, const char *path, const lem_journal_repaired *f, bool written) {
    FILE *out = r->cli->out;
    if (r->n > MAX_LISTED) fprintf(out, "and %" PRIu64 " more\n", r->n - MAX_LISTED);
    if (!r->n) {
        fprintf(out, "%s: %" PRIu64 " records, all whole; nothing to repair\n", path, f->records);
        return;
    }
    fprintf(out, "%s: %" PRIu64 " records are whole, %" PRIu64 " lines (%" PRIu64 " bytes) are not", path,
            f->records, f->lines, f->bytes);
    if (f->missing) fprintf(out, ", %" PRIu64 " bytes are missing", f->missing);
    if (written)
        fprintf(out,
                "; it has the whole ones now, and %s.damaged what was there.\nThe command that wrote it goes "
                "on from "
                "there, and makes the others again.\n",
                path);
    else fputs("; nothing was written\n", out);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *path = args->words[0];
    repair r = {.cli = cli, .losses = lem_json_new_array()};
    lem_journal_repaired found = {0};
    lem_status st = r.losses ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) st = lem_journal_repair(path, !cli->dry_run, tell_loss, &r, &found, err);
    bool written = !cli->dry_run && r.n > 0;
    if (st == LEM_OK && cli->json) st = print_summary(&r, &found, written, err);
    else if (st == LEM_OK) say_summary(&r, path, &found, written);
    lem_json_free(r.losses);
    return st;
}

const lem_command lem_cmd_repair = {
    .name = "repair",
    .purpose = "keep the whole records of a damaged journal, list what is not whole",
    .usage = "OUT.job/journal [--dry-run] [--json]",
    .example =
        "lemma repair candidates.jsonl.job/journal --dry-run\nlemma repair candidates.jsonl.job/journal",
    .min_words = 1,
    .max_words = 1,
    .run = run,
    .output = LEM_OUTPUT_NONE,
};
