/* teach/servers.h - what servers say of themselves: name, version, models
 *
 * Asked for once before a job, at /models behind the base URL, and at /version and /props of the server (vLLM
 * and SGLang, llama-server). None of them costs anything; a server that does not tell is no error. */
#ifndef LEM_TEACH_SERVERS_H
#define LEM_TEACH_SERVERS_H

#include "teach/teach.h"

/* Appends a line such as "llamacpp b6123-abc, smollm2.gguf" for each kind of server among o->urls, joined by
 * "; ", each once, without addresses; nothing where none tells anything. Waits twenty seconds at most. Of o:
 * urls, key, plain, cancel. */
lem_status lem_servers_describe(const lem_teach_opts *o, lem_buf *out, lem_err *err) LEM_MUST_CHECK;

#endif
