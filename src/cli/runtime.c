/* runtime.c - pool and backend of a command, and what it prints for machines */
#include "cli/runtime.h"

#include "core/object.h"

#include <stdlib.h>

static lem_status choose_isa(const lem_cli *cli, const char *earlier, lem_isa *out, lem_err *err) {
    lem_isa asked = LEM_ISA_AUTO, used;
    lem_status st = lem_isa_parse(cli->isa ? cli->isa : "auto", &asked, err);
    if (st || !earlier) {
        if (st == LEM_OK) *out = asked;
        return st;
    }
    st = lem_isa_parse(earlier, &used, err);
    if (st) return lem_err_context(err, "the unfinished run");
    if (!lem_isa_supported(used))
        return lem_fail(err, LEM_EUSAGE,
                        "the unfinished run, or another shard of it, uses compute path '%s', which this CPU "
                        "lacks; continue on a machine that has it or pass --fresh",
                        earlier);
    if (asked != LEM_ISA_AUTO && asked != used)
        return lem_fail(err, LEM_EUSAGE,
                        "the unfinished run uses compute path '%s' but LEMMA_CPU asks for '%s'; unset it or "
                        "pass --fresh",
                        earlier, cli->isa);
    *out = used;
    return LEM_OK;
}

lem_status lem_runtime_open(lem_cli *cli, const char *earlier, lem_runtime *out, lem_err *err) {
    lem_isa isa = LEM_ISA_AUTO;
    lem_status st = choose_isa(cli, earlier, &isa, err);
    if (st) return st;
    lem_runtime r = {lem_pool_new(cli->threads, err), NULL};
    if (!r.pool) return LEM_EMEM;
    st = lem_backend_new(isa, r.pool, &r.backend, err);
    if (st) {
        lem_pool_free(r.pool);
        return st;
    }
    *out = r;
    return LEM_OK;
}

void lem_runtime_close(lem_runtime *r) {
    if (r->backend) lem_backend_free(r->backend);
    if (r->pool) lem_pool_free(r->pool);
    *r = (lem_runtime){NULL, NULL};
}

lem_status lem_runtime_path(lem_cli *cli, const char *earlier, char out[32], lem_err *err) {
    lem_runtime r;
    lem_status st = lem_runtime_open(cli, earlier, &r, err);
    if (st) return st;
    snprintf(out, 32, "%s", r.backend->ops->name);
    lem_runtime_close(&r);
    return LEM_OK;
}

double lem_runtime_rate(lem_cli *cli) {
    lem_runtime r;
    lem_limits l;
    lem_err ignored = LEM_ERR_INIT;
    double rate = 0;
    if (lem_runtime_open(cli, NULL, &r, &ignored) != LEM_OK) return 0;
    if (lem_limits_measure(r.backend, &l, &ignored) == LEM_OK) rate = 0.5 * l.fma_gflops_all * 1e9;
    lem_runtime_close(&r);
    return rate;
}

lem_status lem_runtime_tokenizer(const lem_cli *cli, const char *dir, lem_tokenizer **out, lem_err *err) {
    lem_tokenizer *t = NULL;
    lem_status st = lem_tokenizer_load(dir, &t, err);
    if (st) return st;
    lem_tokenizer_watch(t, cli->cancel);
    *out = t;
    return LEM_OK;
}

const char *lem_temp_dir(void) {
    const char *set = getenv("TMPDIR");
    return set && *set ? set : "/tmp";
}

/* ---- output ---- */

lem_status lem_print_json(FILE *f, lem_json *o, int indent, lem_err *err) {
    lem_buf b = {0};
    if (o) lem_json_write(o, indent, &b);
    lem_status st = o ? lem_buf_ok(&b, err) : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) fprintf(f, "%s\n", lem_buf_str(&b));
    lem_json_free(o);
    lem_buf_release(&b);
    return st;
}

lem_status lem_print_complete(lem_cli *cli, const char *command, const lem_job *job, lem_err *err) {
    if (!cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", command);
    lem_object_str(&o, "out", lem_job_out(job));
    lem_object_str(&o, "identity", lem_job_identity(job));
    lem_object_bool(&o, "already_complete", true);
    return lem_print_json(cli->out, lem_object_done(&o), 0, err);
}

lem_status lem_print_dry_run(lem_cli *cli, const char *command, const lem_args *args, double memory,
                             lem_err *err) {
    if (!cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", command);
    lem_object_bool(&o, "dry_run", true);
    lem_object_str(&o, "out", lem_args_str(args, "out"));
    if (memory > 0) lem_object_num(&o, "memory_bytes", memory);
    return lem_print_json(cli->out, lem_object_done(&o), 0, err);
}
