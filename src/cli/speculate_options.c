/* speculate_options.c - what --speculate and --draft-tokens mean, and what came of them */
#include "cli/speculate_options.h"

lem_speculate lem_speculate_options(const lem_args *a) {
    bool ngram = lem_args_is(a, "speculate", "ngram");
    return (lem_speculate){.tokens = ngram ? (int)lem_args_int(a, "draft-tokens") : 0, .ngram = ngram};
}

static double share(uint64_t part, uint64_t of) { return of ? (double)part / (double)of : 0; }

void lem_speculate_json(uint64_t drafted, uint64_t accepted, uint64_t generated, uint64_t steps,
                        lem_object *out) {
    lem_object_int(out, "drafted", drafted);
    lem_object_int(out, "accepted", accepted);
    lem_object_num(out, "tokens_per_step", share(generated, steps));
}

void lem_speculate_tell(lem_log *log, uint64_t drafted, uint64_t accepted, uint64_t generated,
                        uint64_t steps) {
    if (drafted)
        lem_info(log, "%llu tokens guessed, %llu of them drawn (%.0f %%): %.2f tokens a step",
                 (unsigned long long)drafted, (unsigned long long)accepted, 100 * share(accepted, drafted),
                 share(generated, steps));
}
