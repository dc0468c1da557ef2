/* modes.c - the table of compatibility modes */
#include "grade/compat/compat_priv.h"

const compat_mode *lem_compat_find(lem_grade_policy p) {
    static const compat_mode *const modes[] = {&lem_compat_hendrycks, &lem_compat_minerva,
                                               &lem_compat_prm800k, &lem_compat_math_verify,
                                               &lem_compat_qwen};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (modes[i] && modes[i]->policy == p) return modes[i];
    return NULL;
}
