/* dedup_disk.c - sorters that have their share of the memory, and the word that tables go to disk */
#include "curate/dedup_priv.h"

#include "core/machine.h"

lem_status lem_dedup_sorter(const lem_dedup *d, int words, int eighths, lem_sorter **out, lem_err *err) {
    const lem_sorter_opts o = {words, d->o.memory / 8 * (size_t)eighths, d->o.dir, d->o.cancel};
    return lem_sorter_new(&o, out, err);
}

void lem_dedup_tell_disk(lem_dedup *d) {
    if (d->told) return;
    d->told = true;
    lem_info(d->o.log, "the tables are larger than %zu MiB of memory: sorting goes on in '%s' (%.1f GB free)",
             d->o.memory >> 20, d->o.dir, lem_machine_look(d->o.dir).disk_free * 1e-9);
}
