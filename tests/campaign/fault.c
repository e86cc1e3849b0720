// A library to be preloaded under any program: at a chosen write to a regular file the process is killed or stalls, or
// the disk is full from there on. So every place between two writes can be tried, without a word of it in the product.
//
//   FAULT_KILL_AT=N          SIGKILL instead of the N-th write (1 is the first)
//   FAULT_TORN=1             with it: half of that write's bytes get to the file
//   FAULT_FULL_FROM=N        from the N-th write on, all that need space fail with ENOSPC
//   FAULT_FULL_WHILE=F       as long as there is a file F, all that need space fail with ENOSPC
//   FAULT_STALL_AT=N         the N-th write is done FAULT_STALL_MS milliseconds later
//   FAULT_STOP_AT_SYNC=N     the process stands still (SIGSTOP) before the N-th time that it waits for the disk (syncfs)
//   FAULT_STOP_AT_SEND=N     the same before the N-th message to a socket in which FAULT_STOP_TEXT stands
//   FAULT_SENDS=1            messages to sockets count as writes too, but for HTTP requests that only read, and answers;
//                            with FAULT_TORN the whole message is sent: its answer is lost
//   FAULT_READ_ONLY=FOLDER   nothing under FOLDER (an absolute path) can be changed: EROFS
//   FAULT_TIME_OFFSET=S      the clock (not the monotonic one) is S seconds ahead
//   FAULT_COUNT_FILE=F       at exit F gets two lines: `writes N` and `requests N` (HTTP requests sent)
//
// What counts as a write: write, pwrite, writev, ftruncate, rename, unlink, remove, mkdir, rmdir, and opening with O_CREAT.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static atomic_long writes, requests, syncs, sends;
static long kill_at = -1, full_from = -1, stall_at = -1, stall_ms, time_offset, stop_at_sync = -1, stop_at_send = -1;
static const char* stop_text;
static int torn, counts_sends;
static const char* read_only;
static const char* full_while;

static long number_of(const char* name) {
  const char* text = getenv(name);
  return text ? atol(text) : -1;
}

__attribute__((constructor)) static void start(void) {
  kill_at = number_of("FAULT_KILL_AT");
  full_from = number_of("FAULT_FULL_FROM");
  stall_at = number_of("FAULT_STALL_AT");
  stall_ms = number_of("FAULT_STALL_MS");
  torn = number_of("FAULT_TORN") > 0;
  counts_sends = number_of("FAULT_SENDS") > 0;
  time_offset = getenv("FAULT_TIME_OFFSET") ? number_of("FAULT_TIME_OFFSET") : 0;
  read_only = getenv("FAULT_READ_ONLY");
  full_while = getenv("FAULT_FULL_WHILE");
  stop_at_sync = number_of("FAULT_STOP_AT_SYNC");
  stop_at_send = number_of("FAULT_STOP_AT_SEND");
  stop_text = getenv("FAULT_STOP_TEXT");
}

__attribute__((destructor)) static void stop(void) {
  const char* path = getenv("FAULT_COUNT_FILE");
  FILE* file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "writes %ld\nrequests %ld\n", atomic_load(&writes), atomic_load(&requests));
  fclose(file);
}

static int is_regular(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

static int is_read_only(const char* path) {
  if (!read_only) return 0;
  char absolute[PATH_MAX];
  if (path[0] != '/') {
    char folder[PATH_MAX];
    if (!getcwd(folder, sizeof folder) || snprintf(absolute, sizeof absolute, "%s/%s", folder, path) >= PATH_MAX) return 0;
    path = absolute;
  }
  return strncmp(path, read_only, strlen(read_only)) == 0;
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// Counts a write. Returns whether it must fail for lack of space; a write that is to be torn is left to its caller.
static int event(int needs_space, int* is_torn) {
  const long number = atomic_fetch_add(&writes, 1) + 1;
  if (number == kill_at) {
    if (!torn || !is_torn) die();
    *is_torn = 1;
  }
  if (number == stall_at) {
    const struct timespec time = {stall_ms / 1000, stall_ms % 1000 * 1000000};
    nanosleep(&time, NULL);
  }
  return needs_space && ((full_from > 0 && number >= full_from) || (full_while && access(full_while, F_OK) == 0));
}

static void stand_still(void) { kill(getpid(), SIGSTOP); }

static void note_send(const void* data, size_t size) {
  if (stop_at_send < 1 || !stop_text || !memmem(data, size, stop_text, strlen(stop_text))) return;
  if (atomic_fetch_add(&sends, 1) + 1 == stop_at_send) stand_still();
}

static int is_write(const void* data, size_t size) {
  static const char* const others[] = {"GET ", "HEAD ", "HTTP/"};
  if (!counts_sends || size == 0) return 0;
  for (size_t i = 0; i < sizeof others / sizeof *others; ++i)
    if (size > strlen(others[i]) && memcmp(data, others[i], strlen(others[i])) == 0) return 0;
  return 1;
}

static void note_request(const void* data, size_t size) {
  static const char* const methods[] = {"GET /", "POST /", "HEAD /", "DELETE /", "PUT /"};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i)
    if (size > strlen(methods[i]) && memcmp(data, methods[i], strlen(methods[i])) == 0) atomic_fetch_add(&requests, 1);
}

#define REAL(name)                                              \
  static __typeof__(&name) real;                                \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define FAIL(error)  \
  do {               \
    errno = (error); \
    return -1;       \
  } while (0)

int clock_gettime(clockid_t clock, struct timespec* time) {
  REAL(clock_gettime);
  const int result = real(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += time_offset;
  return result;
}

ssize_t write(int fd, const void* data, size_t size) {
  REAL(write);
  int is_torn = 0;
  if (!is_regular(fd)) {
    note_request(data, size);
  } else if (event(1, &is_torn)) {
    FAIL(ENOSPC);
  } else if (is_torn) {
    real(fd, data, size / 2);
    die();
  }
  return real(fd, data, size);
}

ssize_t writev(int fd, const struct iovec* parts, int number) {
  REAL(writev);
  if (!is_regular(fd)) {
    if (number > 0) note_request(parts[0].iov_base, parts[0].iov_len);
  } else if (event(1, NULL)) {
    FAIL(ENOSPC);
  }
  return real(fd, parts, number);
}

#define PWRITE(name, offset_type)                                            \
  ssize_t name(int fd, const void* data, size_t size, offset_type offset) {  \
    REAL(name);                                                              \
    int is_torn = 0;                                                         \
    if (is_regular(fd) && event(1, &is_torn)) FAIL(ENOSPC);                  \
    if (is_torn) {                                                           \
      real(fd, data, size / 2, offset);                                      \
      die();                                                                 \
    }                                                                        \
    return real(fd, data, size, offset);                                     \
  }

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define FTRUNCATE(name, offset_type)      \
  int name(int fd, offset_type size) {    \
    REAL(name);                           \
    event(0, NULL);                       \
    return real(fd, size);                \
  }

FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

#define REMOVE(name)                         \
  int name(const char* path) {               \
    REAL(name);                              \
    if (is_read_only(path)) FAIL(EROFS);     \
    event(0, NULL);                          \
    return real(path);                       \
  }

REMOVE(unlink)
REMOVE(remove)
REMOVE(rmdir)

int rename(const char* from, const char* to) {
  REAL(rename);
  if (is_read_only(from) || is_read_only(to)) FAIL(EROFS);
  event(0, NULL);
  return real(from, to);
}

int mkdir(const char* path, mode_t mode) {
  REAL(mkdir);
  struct stat info;
  if (stat(path, &info) != 0 && is_read_only(path)) FAIL(EROFS);
  if (event(1, NULL)) FAIL(ENOSPC);
  return real(path, mode);
}

#define OPEN(name)                                                              \
  int name(const char* path, int flags, ...) {                                  \
    REAL(name);                                                                 \
    mode_t mode = 0;                                                            \
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) {                \
      va_list arguments;                                                        \
      va_start(arguments, flags);                                               \
      mode = va_arg(arguments, mode_t);                                         \
      va_end(arguments);                                                        \
    }                                                                           \
    if ((flags & (O_CREAT | O_WRONLY | O_RDWR)) && is_read_only(path)) FAIL(EROFS); \
    if ((flags & O_CREAT) && event(1, NULL)) FAIL(ENOSPC);                      \
    return real(path, flags, mode);                                             \
  }

OPEN(open)
OPEN(open64)

int syncfs(int fd) {
  REAL(syncfs);
  if (atomic_fetch_add(&syncs, 1) + 1 == stop_at_sync) stand_still();
  return real(fd);
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
  REAL(send);
  note_send(data, size);
  note_request(data, size);
  int is_torn = 0;
  if (is_write(data, size)) event(0, &is_torn);
  const ssize_t sent = real(fd, data, size, flags);
  if (is_torn) die();
  return sent;
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  REAL(sendmsg);
  int is_torn = 0;
  if (message->msg_iovlen > 0) {
    note_request(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
    if (is_write(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len)) event(0, &is_torn);
  }
  const ssize_t sent = real(fd, message, flags);
  if (is_torn) die();
  return sent;
}
