/* cli/memory_plan.h - the memory that a command takes which samples or scores: planned, told, made to fit
 *
 * A command says what it takes for given settings; here settings that nobody told are lowered to the memory
 * that is free (they change no result), the plan is told in a dry run, and what does not fit is refused
 * before the weights are read, with the options that would make it fit. */
#ifndef LEM_CLI_MEMORY_PLAN_H
#define LEM_CLI_MEMORY_PLAN_H

#include "cli/runtime.h"
#include "core/object.h"
#include "model/config.h"

typedef struct lem_memory_ask { /* what decides it; 0: the command has no such setting */
    lem_dtype dtype;            /* of the weights */
    lem_compute compute;        /* of the products, which decide how keys and values are stored */
    int slots, max_tokens, max_rows;
} lem_memory_ask;

typedef struct lem_memory_parts { /* bytes */
    double weights;
    double work;    /* keys and values, rows, logits */
    double results; /* held until they are written, at their longest */
    double program; /* with tokenizer and data: what is there already */
    double room;    /* beside what is planned, were nothing else running here */
} lem_memory_parts;

/* What the options of weights say; the settings are 0. */
lem_memory_ask lem_memory_asked(const lem_args *args);
/* How keys and values of a model are stored then. */
lem_dtype lem_memory_kv(const lem_memory_ask *ask, const lem_model_config *c);

double lem_memory_total(const lem_memory_parts *p);
/* kv_bytes of an engine whose load was planned: what a rare case may take beside. */
size_t lem_memory_spare(const lem_memory_parts *p);

/* Sets weights, work and results of p. Less of a setting takes no more. */
typedef void lem_memory_of(void *ctx, const lem_memory_ask *ask, lem_memory_parts *p);

typedef struct lem_memory_job {
    lem_cli *cli;
    const lem_args *args; /* settings that nobody changed there are lowered where that is needed */
    const char *what;     /* "sampling with runs/sft" */
    lem_memory_of *of;
    void *ctx;
} lem_memory_job;

/* Fits ask to what is free, tells the plan in a dry run. LEM_EMEM naming what would fit; a dry run warns of
 * that. */
lem_status lem_memory_fit(const lem_memory_job *j, lem_memory_ask *ask, lem_memory_parts *out,
                          lem_err *err) LEM_MUST_CHECK;
/* memory_bytes, and weight_bytes, engine_bytes, result_bytes, program_bytes of it. */
void lem_memory_put(const lem_memory_parts *p, lem_object *o);

/* Scratch of all threads. */
double lem_memory_scratch(const lem_cli *cli, int longest, int vocab);
/* What texts of n tokens take in memory as they are kept: bytes that a token of the vocabulary has on
 * average, and what stands around a text. */
double lem_memory_of_text(const lem_tokenizer *t, double tokens);

/* With --json, of a dry run that has nothing more to tell. */
lem_status lem_memory_print(lem_cli *cli, const char *command, const lem_args *args,
                            const lem_memory_parts *memory, lem_err *err) LEM_MUST_CHECK;

#endif
