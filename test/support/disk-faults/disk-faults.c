/*
 * An LD_PRELOAD shim that makes the disk slow, broken or full for one process.
 *
 * It stands between the program and libc for the calls by which a store makes its bytes durable, and touches only
 * files whose path contains DISK_FAULTS_MATCH (default: ".mdb"), so that the runtime's own files stay well.
 * The rules come from the file DISK_FAULTS_CONTROL, read again at each call, or from DISK_FAULTS if there is none:
 * words separated by blanks, `kind.what=value`, where
 *   kind   fdatasync | fsync | msync | dsync (a write to a descriptor opened O_DSYNC or O_SYNC) | write | truncate
 *   what   delay=<ms> | fail=<errno number>:<how many times, -1 for always> | after=<bytes>: for ENOSPC, see below
 * `write.after=N` lets writes through while they end at or before byte N of the file and fails them beyond it.
 * How often each kind was called is appended to DISK_FAULTS_LOG, one line a call: "kind path".
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAX_RULES_BYTES 1024
#define KINDS 6

enum kind { FDATASYNC, FSYNC, MSYNC, DSYNC, WRITE, TRUNCATE };
static const char *const kind_names[KINDS] = {"fdatasync", "fsync", "msync", "dsync", "write", "truncate"};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static char last_rules[MAX_RULES_BYTES];
static int failures_done[KINDS];

/* The control file is read by bare system calls, since open and read may themselves be watched. */
static void load_rules(char *into) {
  const char *path = getenv("DISK_FAULTS_CONTROL");
  into[0] = 0;
  if (path) {
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0) {
      long got = syscall(SYS_read, fd, into, MAX_RULES_BYTES - 1);
      syscall(SYS_close, fd);
      into[got > 0 ? got : 0] = 0;
      return;
    }
  }
  const char *fixed = getenv("DISK_FAULTS");
  if (fixed) {
    strncpy(into, fixed, MAX_RULES_BYTES - 1);
    into[MAX_RULES_BYTES - 1] = 0;
  }
}

static const char *rule(const char *rules, enum kind kind, const char *what) {
  char name[64];
  snprintf(name, sizeof name, "%s.%s=", kind_names[kind], what);
  const char *at = strstr(rules, name);
  return at ? at + strlen(name) : NULL;
}

static int is_watched(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, size - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  const char *match = getenv("DISK_FAULTS_MATCH");
  return strstr(path, match ? match : ".mdb") != NULL;
}

static void write_log(enum kind kind, const char *path) {
  const char *log = getenv("DISK_FAULTS_LOG");
  if (!log) return;
  char line[1200];
  int length = snprintf(line, sizeof line, "%s %s\n", kind_names[kind], path);
  int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  syscall(SYS_write, fd, line, length);
  syscall(SYS_close, fd);
}

/* Delays if told so; answers the errno this call has to fail with, or 0. `end` is where a write would end. */
static int fault(enum kind kind, const char *path, long long end) {
  char rules[MAX_RULES_BYTES];
  const char *value;
  int answer = 0;
  write_log(kind, path);
  load_rules(rules);
  if ((value = rule(rules, kind, "delay"))) {
    long ms = atol(value);
    struct timespec pause = {ms / 1000, (ms % 1000) * 1000000L};
    nanosleep(&pause, NULL);
  }
  pthread_mutex_lock(&guard);
  /* New rules start new counts, so that "once" can be told again to a running child. */
  if (strcmp(rules, last_rules)) {
    strcpy(last_rules, rules);
    memset(failures_done, 0, sizeof failures_done);
  }
  if ((value = rule(rules, kind, "fail"))) {
    const char *times_at = strchr(value, ':');
    int times = times_at ? atoi(times_at + 1) : -1;
    if (times < 0 || failures_done[kind] < times) {
      failures_done[kind]++;
      answer = atoi(value);
    }
  }
  if (!answer && (value = rule(rules, kind, "after")) && end > atoll(value)) answer = ENOSPC;
  pthread_mutex_unlock(&guard);
  return answer;
}

#define REAL(type, name, ...)                                      \
  static type (*real)(__VA_ARGS__);                                \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define FAIL_WITH(code) do { errno = (code); return -1; } while (0)

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  char path[1024];
  int code = is_watched(fd, path, sizeof path) ? fault(FDATASYNC, path, 0) : 0;
  if (code) FAIL_WITH(code);
  return real(fd);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  char path[1024];
  int code = is_watched(fd, path, sizeof path) ? fault(FSYNC, path, 0) : 0;
  if (code) FAIL_WITH(code);
  return real(fd);
}

/* A mapping has no descriptor to look at: every MS_SYNC counts, since nothing else in a node process calls it. */
int msync(void *address, size_t length, int flags) {
  REAL(int, "msync", void *, size_t, int);
  int code = flags & MS_SYNC ? fault(MSYNC, "mapping", 0) : 0;
  if (code) FAIL_WITH(code);
  return real(address, length, flags);
}

/* A write may be told to fail as a write (ENOSPC) or as a durable write (EIO on O_DSYNC). */
static int write_fault(int fd, long long end) {
  char path[1024];
  if (!is_watched(fd, path, sizeof path)) return 0;
  int flags = fcntl(fd, F_GETFL);
  int code = flags >= 0 && (flags & O_DSYNC) ? fault(DSYNC, path, end) : 0;
  return code ? code : fault(WRITE, path, end);
}

static long long bytes_in(const struct iovec *parts, int count) {
  long long bytes = 0;
  for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
  return bytes;
}

ssize_t write(int fd, const void *from, size_t size) {
  REAL(ssize_t, "write", int, const void *, size_t);
  int saved = errno;
  long long at = lseek(fd, 0, SEEK_CUR);
  int code = at < 0 ? 0 : write_fault(fd, at + size);
  if (code) FAIL_WITH(code);
  errno = saved;
  return real(fd, from, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec *, int);
  int saved = errno;
  long long at = lseek(fd, 0, SEEK_CUR);
  int code = at < 0 ? 0 : write_fault(fd, at + bytes_in(parts, count));
  if (code) FAIL_WITH(code);
  errno = saved;
  return real(fd, parts, count);
}

#define POSITIONED(name, off)                                                  \
  ssize_t name(int fd, const void *from, size_t size, off at) {                \
    REAL(ssize_t, #name, int, const void *, size_t, off);                      \
    int code = write_fault(fd, (long long)at + size);                          \
    if (code) FAIL_WITH(code);                                                 \
    return real(fd, from, size, at);                                           \
  }
#define POSITIONED_PARTS(name, off)                                            \
  ssize_t name(int fd, const struct iovec *parts, int count, off at) {         \
    REAL(ssize_t, #name, int, const struct iovec *, int, off);                 \
    int code = write_fault(fd, (long long)at + bytes_in(parts, count));        \
    if (code) FAIL_WITH(code);                                                 \
    return real(fd, parts, count, at);                                         \
  }
#define TRUNCATING(name, off)                                                  \
  int name(int fd, off length) {                                               \
    REAL(int, #name, int, off);                                                \
    char path[1024];                                                           \
    int code = is_watched(fd, path, sizeof path) ? fault(TRUNCATE, path, length) : 0; \
    if (code) FAIL_WITH(code);                                                 \
    return real(fd, length);                                                   \
  }

POSITIONED(pwrite, off_t)
POSITIONED(pwrite64, off64_t)
POSITIONED_PARTS(pwritev, off_t)
POSITIONED_PARTS(pwritev64, off64_t)
TRUNCATING(ftruncate, off_t)
TRUNCATING(ftruncate64, off64_t)
