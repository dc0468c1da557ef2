/* remote_run.c - a job at servers: options, who they are, sending, budgets and failures */
#include "cli/remote_run.h"

#include "core/mem.h"
#include "teach/servers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LEAST_BODY = 16 << 20, MOST_BODY = 256 << 20, TOKEN_BYTES = 512, NAMED_FAILURES = 3 };

/* ---- options ---- */

/* With log-probabilities a token takes a few hundred bytes of a reply. */
static size_t reply_bytes(const lem_completion_opts *chat) {
    double most = (double)chat->max_tokens * chat->n * TOKEN_BYTES;
    if (!chat->logprobs || most < LEAST_BODY) return LEAST_BODY;
    return most < MOST_BODY ? (size_t)most : MOST_BODY;
}

lem_status lem_remote_open(lem_remote *r, lem_cli *cli, const lem_args *args, lem_err *err) {
    static const char *const own[] = {"temperature", "top_p", "top_k", "stop", NULL};
    lem_completion_opts *chat = &r->o.chat;
    chat->model = lem_args_str(args, "served-model");
    if (lem_args_has(args, "model"))
        return lem_fail(err, LEM_EUSAGE, "--endpoint and --model exclude each other");
    if (strcmp(lem_args_str(args, "out"), "-") == 0)
        return lem_fail(err, LEM_EUSAGE,
                        "--out - has no place for the ledger of what was sent and billed; a file expected");
    if (!chat->model)
        return lem_fail(
            err, LEM_EUSAGE,
            "--served-model is missing: the model's name at the endpoint, as /v1/models tells it");
    chat->temperature = lem_args_num(args, "temperature");
    chat->top_p = lem_args_num(args, "top-p");
    chat->top_k = (int)lem_args_int(args, "top-k");
    chat->min_p = lem_args_num(args, "min-p");
    chat->repetition_penalty = lem_args_num(args, "repetition-penalty");
    lem_status st = lem_endpoint_read(cli, args, &r->endpoint, &r->o, err);
    if (st == LEM_OK) st = lem_endpoint_read_completion(args, &r->endpoint, &r->o, own, err);
    r->o.max_body = reply_bytes(chat);
    return st;
}

/* ---- servers ---- */

static lem_status add_server(lem_remote *r, const char *text, lem_err *err) {
    if (!r->servers) r->servers = lem_json_new_array();
    if (lem_json_holds(r->servers, text)) return LEM_OK;
    bool ok = r->servers && lem_json_append(r->servers, lem_json_new_str(text));
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for the name of a server");
}

lem_status lem_remote_visit(lem_remote *r, const char *id, const lem_json *record, lem_err *err) {
    if (strcmp(id, "server") == 0) return add_server(r, lem_json_str(lem_json_get(record, "is"), ""), err);
    return lem_teach_visit(r->teach, id, record, err);
}

bool lem_remote_name(const char *name, uint64_t *at, int n) {
    for (int i = 0; i < n; i++) {
        uint64_t v = 0;
        if (*name < '0' || *name > '9') return false;
        for (; *name >= '0' && *name <= '9'; name++) {
            if (v > UINT64_MAX / 16) return false;
            v = 10 * v + (uint64_t)(*name - '0');
        }
        at[i] = v;
        if (*name == ':') name++;
        else if (*name || i + 1 < n) return false;
    }
    return true;
}

/* All that answered, over all runs. */
static lem_status choose(const lem_remote *r, lem_job *job, lem_err *err) {
    lem_buf all = {0};
    size_t n = lem_json_count(r->servers);
    for (size_t i = 0; i < n; i++)
        lem_buf_printf(&all, "%s%s", i ? "; then " : "", lem_json_str(lem_json_at(r->servers, i), ""));
    lem_status st = lem_buf_ok(&all, err);
    if (st == LEM_OK) st = lem_job_choose(job, "server", n ? lem_buf_str(&all) : NULL, err);
    lem_buf_release(&all);
    return st;
}

static lem_status note_server(lem_remote *r, lem_journal *ledger, const char *text, lem_err *err) {
    size_t n = lem_json_count(r->servers);
    if (lem_json_holds(r->servers, text)) return LEM_OK;
    if (n)
        lem_warn(r->o.log, "the server was %s, and is %s now: the result is of both",
                 lem_json_str(lem_json_at(r->servers, n - 1), ""), text);
    lem_status st = add_server(r, text, err);
    if (st != LEM_OK || !ledger) return st;
    lem_object o = lem_object_new();
    lem_object_str(&o, "is", text);
    lem_json *record = lem_object_done(&o);
    st = record ? lem_journal_append(ledger, "server", record, err)
                : lem_fail(err, LEM_EMEM, "out of memory for the name of a server");
    lem_json_free(record);
    return st;
}

lem_status lem_remote_greet(lem_remote *r, lem_job *job, lem_journal *ledger, lem_err *err) {
    lem_buf text = {0};
    r->ledger = ledger;
    lem_status st = lem_servers_describe(&r->o, &text, err);
    if (st == LEM_OK && text.len) {
        lem_info(r->o.log, "server: %s", lem_buf_str(&text));
        st = note_server(r, ledger, lem_buf_str(&text), err);
    }
    lem_buf_release(&text);
    return st == LEM_OK ? choose(r, job, err) : st;
}

/* ---- the work ---- */

static lem_status budget_reached(const lem_teach_stats *c, const char *what, uint64_t total, lem_err *err) {
    return lem_fail(err, LEM_EPARTIAL,
                    "the budget is used up: %llu requests, %llu tokens, cost %.4f; %llu of %llu %s are "
                    "there; raise it, and the same command goes on",
                    (unsigned long long)c->requests, (unsigned long long)(c->tokens_in + c->tokens_out),
                    c->cost, (unsigned long long)c->done, (unsigned long long)total, what);
}

/* The first few reasons; a request of several items tells them once. */
static void name_failures(lem_remote *r, uint64_t total) {
    const char *last = "";
    for (size_t i = 0; i < total && r->named < NAMED_FAILURES; i++) {
        lem_teach_billed billed;
        int tries;
        const char *why = lem_teach_why(r->teach, i, &billed, &tries);
        if (!why || strcmp(why, last) == 0) continue;
        static const char *const words[] = {"not billed", "may have been billed", "billed"};
        lem_warn(r->o.log, "no reply, e.g. to item %zu: %s (%d requests, %s)", i, why, tries, words[billed]);
        last = why;
        r->named++;
    }
}

static lem_status check_result(lem_remote *r, const lem_args *args, const char *what, uint64_t total,
                               lem_err *err) {
    lem_teach_stats c = lem_teach_count(r->teach);
    double allowed = lem_args_num(args, "max-failed");
    if (c.budget_reached) return budget_reached(&c, what, total, err);
    if (c.dead) name_failures(r, total);
    if ((double)c.dead <= allowed * (double)total) return LEM_OK;
    lem_status st = r->ledger ? lem_teach_again(r->teach, r->ledger, err) : LEM_OK;
    if (st != LEM_OK) return st;
    return lem_fail(err, LEM_EPARTIAL,
                    "%llu of %llu %s failed, more than --max-failed %g allows; the same command tries again "
                    "what was not billed, --resend 1 also what may have been, a larger --max-failed takes "
                    "what is there",
                    (unsigned long long)c.dead, (unsigned long long)total, what, allowed);
}

lem_status lem_remote_ask(lem_remote *r, const lem_args *args, lem_job *job, const char *what, uint64_t total,
                          lem_err *err) {
    double begin = lem_clock_seconds();
    lem_status st = lem_teach_run(r->teach, r->ledger, err);
    r->seconds += lem_clock_seconds() - begin;
    if (st == LEM_EINTR) return lem_job_interrupted(job, lem_teach_count(r->teach).done, total, what, err);
    return st == LEM_OK ? check_result(r, args, what, total, err) : st;
}

/* ---- told ---- */

lem_status lem_remote_plan(lem_remote *r, lem_object *o, lem_err *err) {
    uint64_t requests = 0, in = 0;
    lem_buf first = {0};
    lem_teach_estimate(r->teach, &requests, &in);
    uint64_t out = requests * (uint64_t)r->o.chat.max_tokens * (uint64_t)r->o.chat.n;
    double cost = ((double)in * r->o.price_in + (double)out * r->o.price_out) / 1e6;
    lem_status st = lem_teach_first(r->teach, &first, err);
    lem_info(r->o.log,
             "plan: %llu requests to %d servers; about %llu prompt tokens and up to %llu new ones; at most "
             "about %.2f",
             (unsigned long long)requests, r->o.n_urls, (unsigned long long)in, (unsigned long long)out,
             cost);
    if (first.len) lem_info(r->o.log, "first request: %.900s", lem_buf_str(&first));
    if (st == LEM_OK && o) {
        lem_object_int(o, "requests", requests);
        lem_object_int(o, "prompt_tokens", in);
        lem_object_int(o, "max_generated_tokens", out);
        lem_object_num(o, "max_cost", cost);
        lem_object_str(o, "first_request", lem_buf_str(&first));
    }
    lem_buf_release(&first);
    return st;
}

void lem_remote_tell(const lem_remote *r, lem_object *o) {
    lem_teach_stats c = lem_teach_count(r->teach);
    lem_object_int(o, "requests", c.requests);
    lem_object_int(o, "unsure", c.unsure);
    lem_object_int(o, "failed", c.dead);
    lem_object_int(o, "billed_prompt_tokens", c.tokens_in);
    lem_object_int(o, "billed_tokens", c.tokens_out);
    lem_object_num(o, "cost", c.cost);
    lem_object_json(o, "server", r->servers ? lem_json_copy(r->servers) : lem_json_new_array());
}

/* vLLM: "This model's maximum context length is …"; llama-server: "… exceeds the available context size";
 * OpenAI: context_length_exceeded. */
bool lem_remote_too_long(const char *why) {
    return strcasestr(why, "context length") || strcasestr(why, "context size") ||
           strcasestr(why, "context_length");
}

void lem_remote_release(lem_remote *r) {
    lem_teach_free(r->teach);
    lem_json_free(r->servers);
    lem_endpoint_release(&r->endpoint);
}
