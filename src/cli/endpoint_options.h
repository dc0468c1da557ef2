/* cli/endpoint_options.h - the options of commands that ask servers, each stated once, and how they are read
 *
 * A command's table names the macros among its own rows:
 *   LEM_OPTS_ENDPOINT        servers, key, pauses, budgets: LEM_N_ENDPOINT_OPTIONS rows
 *   LEM_OPT_SERVED_MODEL     the model's name at the servers
 *   LEM_OPTS_COMPLETION      what is asked for text has besides: api, body, stream: LEM_N_COMPLETION_OPTIONS
 *   LEM_OPT_MAX_FAILED(x)    the share of items without a reply that a result may have
 *
 * Use, once the arguments are parsed:
 *   lem_teach_opts o = {.prompt = …, .ctx = …};          // what is the command's own
 *   st = lem_endpoint_read(cli, args, &e, &o, err);      // urls, key, pauses, budgets, seed, cancel, log
 *   st = lem_endpoint_read_completion(args, &e, &o, err) // chat: text, stream, extra; after max_tokens is
 * set … lem_teach_new(&o, …) … lem_endpoint_release(&e);                            // after lem_teach_free:
 * o borrows from e
 *
 * Keys come from the environment or from a file of mode 0600, go to the servers and nowhere else. None of
 * these options but api, body and the model's name makes another job of a job: a server may come back at
 * another address. */
#ifndef LEM_CLI_ENDPOINT_OPTIONS_H
#define LEM_CLI_ENDPOINT_OPTIONS_H

#include "job/command.h"
#include "teach/teach.h"

enum { LEM_N_ENDPOINT_OPTIONS = 14, LEM_N_COMPLETION_OPTIONS = 3 };

#define LEM_OPT_SERVED_MODEL                                                                                 \
    { "served-model", LEM_OPT_STR, "NAME", NULL, "the model's name at the endpoints" }
#define LEM_OPT_MAX_FAILED(standard)                                                                         \
    {                                                                                                        \
        "max-failed", LEM_OPT_NUM, "SHARE", standard, "write no result if more of the items failed", 0, 1,   \
            .effect = LEM_OPT_CHANGES_NOTHING                                                                \
    }

#define LEM_ENDPOINT_INT_(name, standard, help, low, high)                                                   \
    { name, LEM_OPT_INT, "N", standard, help, low, high, .effect = LEM_OPT_CHANGES_NOTHING }
#define LEM_ENDPOINT_NUM_(name, arg, standard, help, low, high)                                              \
    { name, LEM_OPT_NUM, arg, standard, help, low, high, .effect = LEM_OPT_CHANGES_NOTHING }

/* resend: the default of --resend, more than 0 where an item that is sent twice costs nothing but time. */
#define LEM_OPTS_ENDPOINT LEM_OPTS_ENDPOINT_RESENT("0")
#define LEM_OPTS_ENDPOINT_RESENT(resend)                                                                     \
    {"endpoint",                                                                                             \
     LEM_OPT_LIST,                                                                                           \
     "URL",                                                                                                  \
     NULL,                                                                                                   \
     "OpenAI-compatible servers, up to and with /v1; several that serve the same model share the work",      \
     .effect = LEM_OPT_CHANGES_NOTHING},                                                                     \
        {"key-env",                                                                                          \
         LEM_OPT_STR,                                                                                        \
         "NAME",                                                                                             \
         NULL,                                                                                               \
         "environment variable that holds the key; it goes to the endpoint and nowhere else",                \
         .effect = LEM_OPT_CHANGES_NOTHING},                                                                 \
        {"key-file",                                                                                         \
         LEM_OPT_STR,                                                                                        \
         "FILE",                                                                                             \
         NULL,                                                                                               \
         "file that holds the key, yours and of mode 0600",                                                  \
         .effect = LEM_OPT_CHANGES_NOTHING},                                                                 \
        {"allow-http",                                                                                       \
         LEM_OPT_FLAG,                                                                                       \
         NULL,                                                                                               \
         NULL,                                                                                               \
         "let http:// endpoints be on other machines: all can read what is sent",                            \
         .effect = LEM_OPT_CHANGES_NOTHING},                                                                 \
        LEM_ENDPOINT_INT_("concurrency", "8", "requests under way at a time", 1, 1024),                      \
        LEM_ENDPOINT_NUM_("timeout", "S", "600", "seconds of a request, to its last byte", 0.05, 86400),     \
        LEM_ENDPOINT_INT_("tries", "8",                                                                      \
                          "requests for an item while the server refuses for now (429, 500, 503)", 1, 1000), \
        LEM_ENDPOINT_NUM_("retry-base", "S", "1",                                                            \
                          "longest first pause before a second try; it doubles up to 60 times this", 0.001,  \
                          60),                                                                               \
        LEM_ENDPOINT_INT_("resend", resend,                                                                  \
                          "send an item again up to N times although it may have been billed", 0, 100),      \
        LEM_ENDPOINT_INT_("budget-requests", "0",                                                            \
                          "send at most N requests over all runs of the job; 0 = no limit", 0, 9e15),        \
        LEM_ENDPOINT_INT_("budget-tokens", "0",                                                              \
                          "be billed for at most N tokens, of prompts and replies; 0 = no limit", 0, 9e15),  \
        LEM_ENDPOINT_NUM_("budget-cost", "X", "0", "spend at most X at the given prices; 0 = no limit", 0,   \
                          1e12),                                                                             \
        LEM_ENDPOINT_NUM_("price-in", "X", "0", "price of a million prompt tokens", 0, 1e9),                 \
        LEM_ENDPOINT_NUM_("price-out", "X", "0", "price of a million tokens of replies", 0, 1e9)

#define LEM_OPTS_COMPLETION                                                                                  \
    {"api",                                                                                                  \
     LEM_OPT_ENUM,                                                                                           \
     "NAME",                                                                                                 \
     "chat",                                                                                                 \
     "chat: /chat/completions; text: /completions, the prompt as it is",                                     \
     .choices = "chat|text"},                                                                                \
        {"body", LEM_OPT_STR, "JSON", NULL,                                                                  \
         "an object of members to set in each request, e.g. '{\"max_completion_tokens\": 4096, "             \
         "\"max_tokens\": null}'; null takes one out"},                                                      \
    {                                                                                                        \
        "stream", LEM_OPT_FLAG, NULL, NULL,                                                                  \
            "ask for replies as event streams; silence of 60 s then ends a request",                         \
            .effect = LEM_OPT_CHANGES_NOTHING                                                                \
    }

typedef struct lem_endpoint_options { /* zeroed = nothing read; what lem_teach_opts borrows */
    const char **urls;
    char *key;
    size_t key_len;
    lem_json *extra; /* of --body */
} lem_endpoint_options;

/* Whether the command line names servers. */
bool lem_endpoint_given(const lem_args *args);
/* The rows of LEM_OPTS_ENDPOINT into o: urls, key, plain, concurrency, tries, resend, timeout_s, base_s,
 * budgets and prices; and seed, cancel and log of cli. LEM_EUSAGE for what is wrong: a URL (never repeated:
 * it may hold a secret), a key that is absent, no key, or in a file that others may read; --budget-cost
 * without prices. */
lem_status lem_endpoint_read(const lem_cli *cli, const lem_args *args, lem_endpoint_options *e,
                             lem_teach_opts *o, lem_err *err) LEM_MUST_CHECK;
/* The rows of LEM_OPTS_COMPLETION into o->chat, whose max_tokens is set already: a larger
 * max_completion_tokens of --body replaces it. own (NULL-terminated, NULL = none): further members that
 * --body may take out but not set, as options of the command do. */
lem_status lem_endpoint_read_completion(const lem_args *args, lem_endpoint_options *e, lem_teach_opts *o,
                                        const char *const *own, lem_err *err) LEM_MUST_CHECK;
/* Wipes the key. */
void lem_endpoint_release(lem_endpoint_options *e);

#endif
