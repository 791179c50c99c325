/* Tries one thing that a sandbox may forbid, without harming anything: whatever it makes it takes away again,
 * and what would change the whole machine is asked with arguments that the kernel refuses anyway, with
 * another error than a sandbox.
 *
 *   probe WHAT [ARGUMENT]      prints "allowed" or the name of the error; ends with 0 whichever it is
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int said(long failed) {
    puts(failed ? strerrorname_np(errno) : "allowed");
    return 0;
}
static int difference(void) { errno = EPERM; return said(1); }

/* Is a file there, and can it be read? */
static int readable(const char *path) {
    char byte;
    int file = open(path, O_RDONLY | O_NONBLOCK);
    if (file < 0) return said(1);
    return said(read(file, &byte, 1) < 0);
}

/* Can a file be made in a folder? */
static int writable(const char *folder) {
    char path[256];
    snprintf(path, sizeof path, "%s/sandbox-probe", folder);
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    if (file >= 0) unlink(path);
    return said(file < 0);
}

/* In a child, because a filter may kill for it. */
static int survives(int (*act)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(act());
    int status;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
        printf("SIG%s\n", sigabbrev_np(WTERMSIG(status)));
        return 0;
    }
    errno = WEXITSTATUS(status);
    return said(errno != 0);
}
static int trace(void) { return ptrace(PTRACE_TRACEME, 0, 0, 0) ? errno : 0; }
#ifdef __x86_64__
static int foreign(void) { /* getpid as programs of 32 bits call it */
    long pid;
    __asm__ volatile("int $0x80" : "=a"(pid) : "a"(20L) : "memory");
    return pid > 0 ? 0 : (int)-pid;
}
#endif

int main(int count, char **words) {
    if (count < 2) return 2;
    const char *what = words[1], *with = count > 2 ? words[2] : "";
    if (!strcmp(what, "read")) return readable(with);
    if (!strcmp(what, "write")) return writable(with);
    if (!strcmp(what, "open-for-writing")) return said(open(with, O_WRONLY | O_NONBLOCK) < 0);
    if (!strcmp(what, "make-folder")) {
        int failed = mkdir(with, 0700);
        if (!failed) rmdir(with);
        return said(failed);
    }
    if (!strcmp(what, "socket")) return said(socket(atoi(with), SOCK_RAW, 0) < 0);
    if (!strcmp(what, "stream-socket")) return said(socket(atoi(with), SOCK_STREAM, 0) < 0);
    if (!strcmp(what, "chroot")) return said(chroot("/"));
    if (!strcmp(what, "unshare-mounts")) return said(unshare(CLONE_NEWNS));
    if (!strcmp(what, "unshare-users")) return said(unshare(CLONE_NEWUSER));
    if (!strcmp(what, "hostname")) {
        char name[256];
        if (gethostname(name, sizeof name)) return said(1);
        return said(sethostname(name, strlen(name)));
    }
    if (!strcmp(what, "clock")) { /* a time that there is not: EINVAL says that the kernel was reached */
        struct timespec never = {0, -1};
        long failed = syscall(SYS_clock_settime, CLOCK_REALTIME, &never); /* the library would look itself */
        return said(failed && errno != EINVAL);
    }
    if (!strcmp(what, "kernel-log")) return said(klogctl(10, NULL, 0) < 0);
    if (!strcmp(what, "device-node")) {
        int failed = mknod("/tmp/sandbox-probe", S_IFCHR | 0600, makedev(1, 3));
        if (!failed) unlink("/tmp/sandbox-probe");
        return said(failed);
    }
    if (!strcmp(what, "write-and-execute")) {
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return said(page == MAP_FAILED);
    }
    if (!strcmp(what, "write-then-execute")) {
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return said(mprotect(page, 4096, PROT_READ | PROT_EXEC));
    }
    if (!strcmp(what, "personality")) return said(personality(ADDR_NO_RANDOMIZE) < 0);
    if (!strcmp(what, "realtime")) { /* a priority that there is not */
        struct sched_param none = {.sched_priority = 1000};
        int failed = sched_setscheduler(0, SCHED_FIFO, &none);
        return said(failed && errno != EINVAL);
    }
    if (!strcmp(what, "set-user-id")) {
        int file = open("/tmp/sandbox-probe", O_WRONLY | O_CREAT, 0600);
        int failed = file < 0 ? -1 : fchmod(file, 04755);
        int error = errno;
        unlink("/tmp/sandbox-probe");
        errno = error;
        return said(failed);
    }
    if (!strcmp(what, "trace")) return survives(trace);
#ifdef __x86_64__
    if (!strcmp(what, "foreign-call")) return survives(foreign);
#else
    if (!strcmp(what, "foreign-call")) { errno = ENOSYS; return said(1); }
#endif
    if (!strcmp(what, "leave-core")) { /* may its memory be written out when it dies? */
        struct rlimit some = {1, 1};
        return said(setrlimit(RLIMIT_CORE, &some));
    }
    if (!strcmp(what, "nice")) return said(setpriority(PRIO_PROCESS, 0, 5));
    if (!strcmp(what, "affinity")) {
        cpu_set_t all;
        if (sched_getaffinity(0, sizeof all, &all)) return said(1);
        return said(sched_setaffinity(0, sizeof all, &all));
    }
    if (!strcmp(what, "become-root")) { /* as a program that root has lent its rights */
        char path[256];
        snprintf(path, sizeof path, "%s-as-root", words[0]);
        execl(path, path, "am-root", NULL);
        return said(1);
    }
    if (!strcmp(what, "am-root")) return geteuid() == 0 ? said(0) : difference();
    if (!strcmp(what, "namespace")) { /* is it the one whose number is given? "mnt:[4026531840]" */
        char path[64], mine[64] = "", *colon = strchr(with, ':');
        if (!colon) return 2;
        snprintf(path, sizeof path, "/proc/self/ns/%.*s", (int)(colon - with), with);
        if (readlink(path, mine, sizeof mine - 1) < 0) return said(1);
        return strcmp(mine, with) ? difference() : said(0);
    }
    if (!strcmp(what, "keyring")) { /* the number of the session's keyring, or an error */
        long ring = syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3 /* the session's */, 0);
        if (ring < 0) return said(1);
        printf("%ld\n", ring);
        return 0;
    }
    if (!strcmp(what, "leave-memory")) { /* shared memory that outlives its maker */
        int id = shmget((key_t)strtoul(with, NULL, 0), 4096, IPC_CREAT | 0600);
        return said(id < 0);
    }
    if (!strcmp(what, "find-memory")) {
        int id = shmget((key_t)strtoul(with, NULL, 0), 0, 0);
        if (id >= 0) shmctl(id, IPC_RMID, NULL);
        return said(id < 0);
    }
    if (!strcmp(what, "mode")) { /* which mode does a new file have? */
        struct stat found;
        int file = open("/tmp/sandbox-probe", O_WRONLY | O_CREAT, 0666);
        if (file < 0 || fstat(file, &found)) return said(1);
        unlink("/tmp/sandbox-probe");
        return found.st_mode & 077 ? said(0) : difference();
    }
    if (!strcmp(what, "connect")) { /* to somebody on this machine, who answers or not */
        struct sockaddr address = {.sa_family = AF_INET};
        unsigned char loopback[] = {0, 9, 127, 0, 0, 1}; /* port 9 */
        memcpy(address.sa_data, loopback, sizeof loopback);
        int end = socket(AF_INET, SOCK_STREAM, 0);
        if (end < 0) return said(1);
        int failed = connect(end, &address, sizeof address);
        return said(failed && errno != ECONNREFUSED);
    }
    fprintf(stderr, "probe: what is %s?\n", what);
    return 2;
}
