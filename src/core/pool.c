/* pool - threads that share a loop: tasks by atomic counter, short spins before sleeping on a futex
 *
 * A run is made visible by opening the gate and raising `run`. A worker enters through the gate (counting
 * itself in), takes tasks, and counts itself out; one that comes too late finds the gate closed and leaves
 * without having looked at the job. So the caller waits only for workers that have entered, never for
 * sleeping ones to wake up. */
#include "core/pool.h"

#include "core/mem.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 512, SPIN_NS = 20000 };
#define GATE_CLOSED 0x80000000u
#define GATE_WAITED 0x40000000u /* the caller sleeps until the last worker is out */
#define GATE_COUNT 0x3FFFFFFFu

typedef struct worker {
    lem_pool *pool;
    int number;
    pthread_t thread;
} worker;

struct lem_pool {
    _Alignas(64) _Atomic uint32_t run; /* raised for each job; workers sleep on it */
    _Alignas(64) _Atomic uint32_t gate;
    _Alignas(64) _Atomic int next; /* next task to hand out */
    _Alignas(64) _Atomic uint32_t sleepers;
    _Atomic int stop;
    _Atomic uint64_t failures; /* of allocations, in workers, in this run */
    _Atomic size_t wanted;
    lem_pool_fn *fn;
    void *ctx;
    int n_tasks;
    int threads, started;
    worker *workers;
};

static void futex_wait(_Atomic uint32_t *word, uint32_t seen) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, int count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void take_tasks(lem_pool *p, int number) {
    int n = p->n_tasks;
    for (;;) {
        int task = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);
        if (task >= n) return;
        p->fn(p->ctx, task, number);
    }
}

static void work_for_caller(lem_pool *p, int number) {
    uint64_t before = lem_mem_failures();
    take_tasks(p, number);
    if (lem_mem_failures() == before) return;
    atomic_store(&p->wanted, lem_mem_wanted());
    atomic_fetch_add(&p->failures, lem_mem_failures() - before);
}

/* Waits until `run` differs from seen: spinning first, since the next job usually follows within
 * microseconds. */
static uint32_t await_run(lem_pool *p, uint32_t seen) {
    uint32_t run;
    int64_t until = now_ns() + SPIN_NS;
    do {
        for (int i = 0; i < 16; i++) {
            run = atomic_load_explicit(&p->run, memory_order_acquire);
            if (run != seen) return run;
            relax();
        }
    } while (now_ns() < until);
    atomic_fetch_add(&p->sleepers, 1);
    while ((run = atomic_load(&p->run)) == seen) futex_wait(&p->run, seen);
    atomic_fetch_sub(&p->sleepers, 1);
    return run;
}

static void leave_gate(lem_pool *p) {
    uint32_t before = atomic_fetch_sub(&p->gate, 1);
    if ((before & GATE_COUNT) == 1 && (before & GATE_WAITED)) futex_wake(&p->gate, 1);
}

static void *work(void *arg) {
    worker *w = arg;
    lem_pool *p = w->pool;
    uint32_t seen = 0;
    for (;;) {
        seen = await_run(p, seen);
        if (atomic_load(&p->stop)) {
            lem_mem_leave_thread();
            return NULL;
        }
        if (!(atomic_fetch_add(&p->gate, 1) & GATE_CLOSED)) work_for_caller(p, w->number);
        leave_gate(p);
    }
}

static void start_run(lem_pool *p, int wanted) {
    atomic_fetch_add(&p->run, 1);
    if (atomic_load(&p->sleepers)) futex_wake(&p->run, wanted);
}

static void close_gate(lem_pool *p) {
    atomic_fetch_or(&p->gate, GATE_CLOSED);
    int64_t until = 0;
    for (int i = 0;; i++) {
        uint32_t gate = atomic_load(&p->gate);
        if (!(gate & GATE_COUNT)) return;
        if (until == 0) until = now_ns() + SPIN_NS;
        if (i % 16 != 15 || now_ns() < until) {
            relax();
            continue;
        }
        gate = atomic_fetch_or(&p->gate, GATE_WAITED) | GATE_WAITED;
        if (gate & GATE_COUNT) futex_wait(&p->gate, gate);
    }
}

void lem_pool_run(lem_pool *p, int n_tasks, lem_pool_fn *fn, void *ctx) {
    if (!p || p->threads == 1 || n_tasks <= 1) {
        for (int task = 0; task < n_tasks; task++) fn(ctx, task, 0);
        return;
    }
    p->fn = fn;
    p->ctx = ctx;
    p->n_tasks = n_tasks;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    atomic_fetch_and(&p->gate, ~(GATE_CLOSED | GATE_WAITED));
    start_run(p, n_tasks - 1 < p->threads - 1 ? n_tasks - 1 : p->threads - 1);
    take_tasks(p, 0);
    close_gate(p);
    lem_mem_join(atomic_exchange(&p->failures, 0), atomic_load(&p->wanted));
}

int lem_pool_threads(const lem_pool *p) { return p ? p->threads : 1; }

void lem_pool_free(lem_pool *p) {
    if (!p) return;
    atomic_store(&p->stop, 1);
    start_run(p, INT_MAX);
    for (int i = 0; i < p->started; i++) pthread_join(p->workers[i].thread, NULL);
    lem_free(p->workers);
    lem_free(p);
}

lem_pool *lem_pool_new(int threads, lem_err *err) {
    if (threads == 0) threads = lem_pool_default_threads();
    if (threads < 1 || threads > MAX_THREADS) {
        lem_fail(err, LEM_EUSAGE, "number of threads %d is not in 1..%d", threads, MAX_THREADS);
        return NULL;
    }
    lem_pool *p = lem_alloc_aligned(1, sizeof *p, err);
    if (!p) return NULL;
    memset(p, 0, sizeof *p);
    atomic_init(&p->gate, GATE_CLOSED);
    p->threads = threads;
    p->workers = lem_alloc_zero((size_t)threads, sizeof *p->workers, err);
    if (!p->workers) {
        lem_free(p);
        return NULL;
    }
    /* Signals are for the main thread: its handler sets a flag that the main thread polls. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = 0;
    for (int i = 0; i < threads - 1 && code == 0; i++) {
        worker *w = &p->workers[i];
        w->pool = p;
        w->number = i + 1;
        code = pthread_create(&w->thread, NULL, work, w);
        if (code == 0) p->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code) {
        errno = code;
        lem_fail_errno(err, LEM_EMEM, "cannot start thread %d of %d", p->started + 2, threads);
        lem_pool_free(p);
        return NULL;
    }
    return p;
}

/* ---- How many threads this process may use ---- */

static int affinity_count(void) {
    for (int cpus = 1024; cpus <= 1 << 18; cpus *= 4) {
        cpu_set_t *set = CPU_ALLOC(cpus);
        if (!set) break;
        size_t size = CPU_ALLOC_SIZE(cpus);
        int rc = sched_getaffinity(0, size, set);
        int count = rc == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (rc == 0 && count > 0) return count;
        if (errno != EINVAL) break;
    }
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n < MAX_THREADS ? (int)n : 1;
}

static bool read_line(const char *path, char *line, size_t size) {
    FILE *f = fopen(path, "re");
    if (!f) return false;
    bool ok = fgets(line, (int)size, f) != NULL;
    fclose(f);
    return ok;
}

/* CPUs granted by the quota in a cgroup-v2 folder, rounded up; 0 = no limit there. */
static int quota_of(const char *folder) {
    char path[4200], line[64], *end;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", folder);
    if (!read_line(path, line, sizeof line)) return 0;
    long long quota = strtoll(line, &end, 10);
    if (end == line || quota <= 0) return 0; /* "max" */
    long long period = strtoll(end, NULL, 10);
    if (period <= 0) return 0;
    long long cpus = (quota + period - 1) / period;
    return cpus > MAX_THREADS ? MAX_THREADS : (int)cpus;
}

/* The smallest quota of this process's group and the groups above it. */
static int cgroup_count(void) {
    char line[4096];
    int least = 0;
    if (!read_line("/proc/self/cgroup", line, sizeof line) || strncmp(line, "0::", 3) != 0)
        snprintf(line, sizeof line, "0::/");
    line[strcspn(line, "\n")] = '\0';
    char *folder = line + 3;
    for (;;) {
        int n = quota_of(folder);
        if (n && (!least || n < least)) least = n;
        char *slash = strrchr(folder, '/');
        if (!slash || *folder == '\0') return least;
        *slash = '\0';
    }
}

int lem_pool_default_threads(void) {
    int n = affinity_count(), quota = cgroup_count();
    if (quota && quota < n) n = quota;
    if (n > MAX_THREADS) n = MAX_THREADS;
    return n < 1 ? 1 : n;
}
