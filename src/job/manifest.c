/* manifest.c - manifest.json written and read */
#include "job/manifest.h"

#include "core/file.h"
#include "core/version.h"

#include <stdio.h>
#include <string.h>

enum { MAX_MANIFEST = 64 << 20 };

static bool set_copy(lem_json *o, const char *key, const lem_json *v) {
    return !v || lem_json_set(o, key, lem_json_copy(v));
}

static bool set_text(lem_json *o, const char *key, const char *text) {
    return !*text || lem_json_set(o, key, lem_json_new_str(text));
}

static lem_json *output_json(const lem_manifest *m) {
    lem_json *output = lem_json_new_object();
    if (output && set_text(output, "sha256", m->output) && set_copy(output, "files", m->files)) return output;
    lem_json_free(output);
    return NULL;
}

static lem_json *to_json(const lem_manifest *m) {
    lem_json *o = lem_json_new_object();
    bool ok = o && set_copy(o, "command", lem_json_get(m->facts, "command")) &&
              set_text(o, "version", LEMMA_VERSION) && set_text(o, "identity", m->identity) &&
              set_text(o, "compute_path", m->compute_path) &&
              set_copy(o, "arguments", lem_json_get(m->facts, "arguments")) &&
              set_copy(o, "inputs", lem_json_get(m->facts, "inputs")) && set_copy(o, "chosen", m->chosen) &&
              set_copy(o, "rows", m->rows) && set_copy(o, "shard", m->shard);
    if (ok && *m->output) ok = lem_json_set(o, "output", output_json(m));
    if (ok) return o;
    lem_json_free(o);
    return NULL;
}

lem_status lem_manifest_write(const char *path, const lem_manifest *m, lem_err *err) {
    lem_json *o = to_json(m);
    lem_status st = lem_json_save(path, o, 2, err);
    if (st == LEM_OK) st = lem_file_fsync_folder_of(path, err);
    lem_json_free(o);
    return st;
}

lem_status lem_manifest_load(const char *path, lem_manifest *out, lem_err *err) {
    lem_json *o = NULL;
    lem_status st = lem_json_load(path, MAX_MANIFEST, &o, err);
    if (st == LEM_EMEM) return lem_err_context(err, "reading a manifest");
    if (st) return lem_err_context(err, "damaged manifest (--fresh starts anew)");
    const char *identity = lem_json_str(lem_json_get(o, "identity"), "");
    const char *isa = lem_json_str(lem_json_get(o, "compute_path"), "");
    const char *output = lem_json_str(lem_json_find(o, "output.sha256"), "");
    const lem_json *files = lem_json_find(o, "output.files");
    lem_manifest m = {.facts = o, .files = files ? lem_json_copy(files) : NULL};
    if (files && !m.files) {
        lem_manifest_release(&m);
        return lem_fail(err, LEM_EMEM, "%s: out of memory", path);
    }
    if (strlen(identity) != 64 || strspn(identity, "0123456789abcdef") != 64 ||
        strlen(isa) >= sizeof m.compute_path || strlen(output) >= sizeof m.output) {
        lem_manifest_release(&m);
        return lem_fail(err, LEM_EDATA, "%s: not a manifest of this program; --fresh starts anew", path);
    }
    m.shard = lem_json_get(o, "shard");
    memcpy(m.identity, identity, 65);
    memcpy(m.compute_path, isa, strlen(isa) + 1);
    memcpy(m.output, output, strlen(output) + 1);
    *out = m;
    return LEM_OK;
}

void lem_manifest_release(lem_manifest *m) {
    lem_json_free(m->facts);
    lem_json_free(m->files);
    *m = (lem_manifest){0};
}
