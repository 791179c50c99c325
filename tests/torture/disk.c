/*
 * A disk that forgets. Loaded into the daemon (LD_PRELOAD), it writes down what is overwritten in
 * the database's files before it is synced, so that after a kill the test can undo it: what a power
 * cut does to a disk with a cache. It can also be full, end the process at a chosen moment, and
 * leave out the syncs that `synchronous=NORMAL` leaves out.
 *
 * The journal: records of a head, a path, perhaps a second one, and the old bytes. A record is
 * written before what it tells of is done, so that undoing what was not done changes nothing. See
 * disk.rs, which reads it.
 *
 * System calls are made directly: nothing of libc is looked up, so nothing can be asked too early.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(sizeof(long) == 8, "offsets are passed in one register");

enum kind { WRITE = 1, TRUNCATE = 2, SYNC = 3, CREATE = 4, RENAME = 5, UNLINK = 6 };

/* What a record begins with; disk.rs knows this layout. */
struct head {
    uint64_t kind;
    uint64_t inode;  /* of the file; of the folder for CREATE, RENAME and UNLINK */
    uint64_t offset; /* where old bytes stood */
    uint64_t size;   /* of the file before */
    uint64_t done;   /* how many bytes were to be written */
    uint64_t old;    /* how many old bytes follow the paths */
    uint64_t path;   /* length of the path */
    uint64_t other;  /* length of the second path: the new name, or where an unlinked file is kept */
};

/* What the test may change while the daemon runs; disk.rs knows this layout. */
struct control {
    int64_t room;  /* by how many bytes files may still grow; -1: as they like */
    int64_t life;  /* after so many operations the process is killed; -1: never */
    int64_t lazy;  /* 1: the writer's syncs of the log are not done */
    int64_t count; /* operations so far */
    int64_t refused; /* how often there was no room */
    int64_t part;  /* 1: there is room for logs all the same */
    int64_t sync;  /* how long each sync takes, in microseconds */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct control *control;
static int journal = -1;
static const char *stash;
static unsigned kept;

__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("DISK_CONTROL"), *path = getenv("DISK_JOURNAL");
    stash = getenv("DISK_STASH");
    if (!file || !path || !stash)
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        abort();
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (control == MAP_FAILED)
        abort();
    journal = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0)
        abort();
}

static int ends(const char *name, size_t length, const char *end)
{
    size_t tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

/* Is this one of the database's files? Its shared memory and its lock are never read after a cut. */
static int ours(const char *path)
{
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    size_t length = strlen(name);
    return journal >= 0 && strstr(name, ".db") != NULL && !ends(name, length, "-shm")
        && !ends(name, length, ".lock");
}

/* Where the open file is now; 0 if it is none of ours. */
static int where(int fd, char *path)
{
    char link[64];
    if (journal < 0)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (length <= 0 || path[0] != '/')
        return 0;
    path[length] = 0;
    return ours(path);
}

static int is_log(const char *path)
{
    return ends(path, strlen(path), "-wal");
}

/* In one piece, because a backup may use the same disk at the same time. */
static void note(struct head head, const char *path, const char *other, const char *old)
{
    head.path = strlen(path);
    head.other = strlen(other);
    struct iovec parts[] = {
        { &head, sizeof head },
        { (void *)path, head.path },
        { (void *)other, head.other },
        { (void *)old, head.old },
    };
    size_t length = sizeof head + head.path + head.other + head.old;
    if (syscall(SYS_writev, journal, parts, 4) != (long)length)
        abort();
}

/* Counts an operation; the process may end here. Half of a write is done first. */
static void step(int fd, const char *bytes, size_t length, off_t offset)
{
    control->count++;
    if (control->life < 0 || control->life-- > 0)
        return;
    if (fd >= 0)
        syscall(SYS_pwrite64, fd, bytes, length / 2, offset);
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        pause();
}

static uint64_t folder(const char *path)
{
    char copy[PATH_MAX];
    struct stat at;
    snprintf(copy, sizeof copy, "%s", path);
    char *slash = strrchr(copy, '/');
    if (slash == copy)
        slash[1] = 0;
    else if (slash)
        *slash = 0;
    return stat(slash ? copy : ".", &at) == 0 ? at.st_ino : 0;
}

/* What stands where something is about to be written. By the descriptor that it is written with: to
 * open the file once more and close it would let go of the locks that SQLite has on it. */
static long read_old(int fd, char *old, size_t length, off_t offset, off_t size)
{
    if (offset >= size || length == 0)
        return 0;
    long had = syscall(SYS_pread64, fd, old, length, offset);
    if (had < 0)
        abort();
    return had;
}

/* Writes as the kernel would, if there is room; keeps what is lost by it. */
static ssize_t write_at(int fd, const char *path, const void *bytes, size_t length, off_t offset)
{
    struct stat at;
    pthread_mutex_lock(&lock);
    if (fstat(fd, &at) != 0)
        abort();
    off_t end = offset + (off_t)length, grown = end > at.st_size ? end - at.st_size : 0;
    if (grown > 0 && control->room >= 0 && !(control->part == 1 && is_log(path))) {
        if (grown > control->room) {
            control->refused++;
            pthread_mutex_unlock(&lock);
            errno = ENOSPC;
            return -1;
        }
        control->room -= grown;
    }
    char *old = malloc(length + 1);
    long had = read_old(fd, old, length, offset, at.st_size);
    struct head head = { .kind = WRITE, .inode = at.st_ino, .offset = (uint64_t)offset,
        .size = (uint64_t)at.st_size, .done = length, .old = (uint64_t)had };
    note(head, path, "", old);
    free(old);
    step(fd, bytes, length, offset);
    long written = syscall(SYS_pwrite64, fd, bytes, length, offset);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset)
{
    char path[PATH_MAX];
    if (!where(fd, path))
        return syscall(SYS_pwrite64, fd, bytes, length, offset);
    return write_at(fd, path, bytes, length, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    return pwrite64(fd, bytes, length, offset);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    char path[PATH_MAX];
    if (!where(fd, path))
        return syscall(SYS_write, fd, bytes, length);
    off_t offset = syscall(SYS_lseek, fd, 0, SEEK_CUR);
    ssize_t written = write_at(fd, path, bytes, length, offset);
    if (written > 0)
        syscall(SYS_lseek, fd, written, SEEK_CUR);
    return written;
}

int ftruncate64(int fd, off_t length)
{
    char path[PATH_MAX];
    struct stat at;
    if (!where(fd, path))
        return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&lock);
    if (fstat(fd, &at) != 0)
        abort();
    size_t tail = at.st_size > length ? (size_t)(at.st_size - length) : 0;
    char *old = malloc(tail + 1);
    long had = read_old(fd, old, tail, length, at.st_size);
    struct head head = { .kind = TRUNCATE, .inode = at.st_ino, .offset = (uint64_t)length,
        .size = (uint64_t)at.st_size, .done = 0, .old = (uint64_t)had };
    note(head, path, "", old);
    free(old);
    step(-1, NULL, 0, 0);
    int result = (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}

/* Files, and the folders that they are in: both are synced by their descriptors. The journal takes
 * the place of the disk, so nothing needs to be waited for, unless the disk shall be slow. */
static int sync_file(int fd)
{
    char path[PATH_MAX], name[16] = "";
    struct stat at;
    if (journal < 0 || fstat(fd, &at) != 0)
        return 0;
    /* Others write meanwhile, as they can to a real one. */
    if (control->sync > 0)
        usleep((useconds_t)control->sync);
    pthread_mutex_lock(&lock);
    prctl(PR_GET_NAME, name);
    if (!(control->lazy == 1 && where(fd, path) && is_log(path) && strcmp(name, "writer") == 0)) {
        step(-1, NULL, 0, 0);
        struct head head = { .kind = SYNC, .inode = at.st_ino };
        note(head, "", "", "");
    }
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd)
{
    return journal < 0 ? (int)syscall(SYS_fsync, fd) : sync_file(fd);
}

int fdatasync(int fd)
{
    return journal < 0 ? (int)syscall(SYS_fdatasync, fd) : sync_file(fd);
}

int open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    unsigned mode = flags & O_CREAT ? va_arg(more, unsigned) : 0;
    va_end(more);
    if (!(flags & O_CREAT) || !ours(path) || access(path, F_OK) == 0)
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    pthread_mutex_lock(&lock);
    struct head head = { .kind = CREATE, .inode = folder(path) };
    note(head, path, "", "");
    step(-1, NULL, 0, 0);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    pthread_mutex_unlock(&lock);
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    unsigned mode = flags & O_CREAT ? va_arg(more, unsigned) : 0;
    va_end(more);
    return open64(path, flags, mode);
}

/* Keeps a file that is about to lose its name, if there is one. */
static void keep(const char *path)
{
    char place[PATH_MAX];
    snprintf(place, sizeof place, "%s/%d-%u", stash, getpid(), kept++);
    if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, place, 0) == 0) {
        struct head head = { .kind = UNLINK, .inode = folder(path) };
        note(head, path, place, "");
    }
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    if (!ours(to))
        return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
    pthread_mutex_lock(&lock);
    if (access(to, F_OK) != 0) {
        struct head head = { .kind = CREATE, .inode = folder(to) };
        note(head, to, "", "");
    }
    step(-1, NULL, 0, 0);
    int result = (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
    pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *from, const char *to)
{
    if (!ours(from) && !ours(to))
        return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    pthread_mutex_lock(&lock);
    keep(to);
    struct head head = { .kind = RENAME, .inode = folder(to) };
    note(head, from, to, "");
    step(-1, NULL, 0, 0);
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path)
{
    if (!ours(path))
        return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_lock(&lock);
    keep(path);
    step(-1, NULL, 0, 0);
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_unlock(&lock);
    return result;
}
