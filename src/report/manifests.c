/* manifests.c - the manifests behind the files of a report */
#include "report/manifests.h"

#include "core/buf.h"
#include "core/file.h"

#include <stdio.h>
#include <string.h>

enum { MAX_JSON = 1 << 26 };

lem_status lem_report_manifest(const char *path, lem_json **out, lem_err *err) {
    lem_buf name = {0};
    lem_err ignored = LEM_ERR_INIT;
    *out = NULL;
    lem_buf_printf(&name, lem_file_is_dir(path) ? "%s/manifest.json" : "%s.manifest.json", path);
    lem_status st = lem_buf_ok(&name, err);
    if (st == LEM_OK && lem_file_exists(name.data) &&
        lem_json_load(name.data, MAX_JSON, out, &ignored) == LEM_EMEM)
        st = lem_fail(err, LEM_EMEM, "out of memory");
    lem_buf_release(&name);
    return st;
}

const char *lem_report_word(const lem_json *manifest, int n) {
    const lem_json *inputs = lem_json_get(manifest, "inputs");
    char option[32];
    snprintf(option, sizeof option, "argument %d", n);
    for (size_t i = 0; i < lem_json_count(inputs); i++) {
        const lem_json *in = lem_json_at(inputs, i);
        if (strcmp(lem_json_str(lem_json_get(in, "option"), ""), option) == 0)
            return lem_json_str(lem_json_get(in, "path"), NULL);
    }
    return NULL;
}
