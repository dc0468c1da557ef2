/* seccomp.c - which system calls a program in the sandbox may not make, as a BPF program
 *
 * A list of what is refused, beside namespaces and limits, not in place of them. New processes are refused
 * (for root they have no limit of number), and so are sockets, tracing, mounts, keys, shared memory that no
 * limit counts, and the newer interfaces that have been ways out: user namespaces, bpf, io_uring,
 * userfaultfd. */
#include "sandbox/seccomp_priv.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef ARCH
static const int refused[] = {
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_perf_event_open,
    SYS_bpf,
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_memfd_create,
    SYS_shmget,
    SYS_msgget,
    SYS_semget,
    SYS_mq_open,
    SYS_personality,
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_quotactl,
    SYS_syslog,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_fanotify_init,
    SYS_userfaultfd,
    SYS_mbind,
    SYS_move_pages,
    SYS_migrate_pages,
    SYS_vhangup,
};
/* Calls newer than the headers of some systems, by their number, which is the same everywhere. */
enum {
    PIDFD_SEND_SIGNAL = 424,
    IO_URING_SETUP = 425, /* and _ENTER, _REGISTER, then OPEN_TREE … FSPICK, PIDFD_OPEN, CLONE3 */
    CLONE3 = 435,
    PIDFD_GETFD = 438,
    MOUNT_SETATTR = 442,
    LANDLOCK_END = 447, /* quotactl_fd, landlock_*, memfd_secret */
    TIOCSTI_CALL = 0x5412,
    TIOCLINUX_CALL = 0x541C,
    X32_BIT = 0x40000000,
    MAX_CODE = 256
};

typedef struct program {
    struct sock_filter code[MAX_CODE];
    int n;
} program;

static void put(program *p, unsigned short code, unsigned char yes, unsigned char no, unsigned int k) {
    if (p->n < MAX_CODE) p->code[p->n] = (struct sock_filter){code, yes, no, k};
    p->n++;
}

static void load(program *p, size_t offset) { put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned int)offset); }
static void fail_with(program *p, int error) {
    put(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | (unsigned int)error);
}
static void allow(program *p) { put(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW); }

static void refuse(program *p, int number) {
    put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (unsigned int)number);
    fail_with(p, EPERM);
}

static void refuse_range(program *p, int from, int to) {
    put(p, BPF_JMP | BPF_JGE | BPF_K, 0, 2, (unsigned int)from);
    put(p, BPF_JMP | BPF_JGT | BPF_K, 1, 0, (unsigned int)to);
    fail_with(p, EPERM);
}

/* Threads may be made, processes may not; clone3 keeps its flags in memory: glibc then takes clone. */
static void refuse_processes(program *p) {
    put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, CLONE3);
    fail_with(p, ENOSYS);
    put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, SYS_clone);
    load(p, offsetof(struct seccomp_data, args[0]));
    put(p, BPF_JMP | BPF_JSET | BPF_K, 1, 0, CLONE_THREAD);
    fail_with(p, EPERM);
    allow(p);
}

static void refuse_typing(program *p) {
    put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, SYS_ioctl);
    load(p, offsetof(struct seccomp_data, args[1]));
    put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, TIOCSTI_CALL);
    put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, TIOCLINUX_CALL);
    fail_with(p, EPERM);
    allow(p);
}

static void build(program *p) {
    load(p, offsetof(struct seccomp_data, arch));
    put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH);
    put(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
    put(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
    fail_with(p, ENOSYS);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) refuse(p, refused[i]);
    refuse(p, PIDFD_SEND_SIGNAL);
    refuse(p, PIDFD_GETFD);
    refuse_range(p, IO_URING_SETUP, CLONE3 - 1);
    refuse_range(p, MOUNT_SETATTR, LANDLOCK_END);
    refuse_processes(p);
    refuse_typing(p);
    allow(p);
}

int lem_sandbox_filter(int *any, lem_err *err) {
    program p = {.n = 0};
    build(&p);
    *any = 1;
    if (p.n > MAX_CODE) return lem_fail(err, LEM_EMEM, "the filter of system calls is too long"), -1;
    int fd = memfd_create("filter", MFD_CLOEXEC);
    size_t size = (size_t)p.n * sizeof p.code[0];
    if (fd >= 0 && write(fd, p.code, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0) return fd;
    if (fd >= 0) close(fd);
    lem_fail_errno(err, LEM_EIO, "the filter of system calls cannot be stored");
    return -1;
}
#else
int lem_sandbox_filter(int *any, lem_err *err) {
    (void)err;
    *any = 0;
    return -1;
}
#endif
