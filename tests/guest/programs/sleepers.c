/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that sleep in read, poll, epoll_wait, nanosleep, futex, accept and waitpid until a line
 * comes through a FIFO, and check what their calls returned.
 * usage: sleepers FIFO [SECONDS, of the nanosleep]
 * Prints "ready PID" when all sleep, then "NAME ok" or "FAILED: NAME" for each, then "OK". */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the sleepers share: each waits for its own end of a pipe, or for the futex. */
struct bed {
  int read_pipe[2];
  int poll_pipe[2];
  int epoll_pipe[2];
  int child_pipe[2];
  int listener;
  struct sockaddr_un address;
  socklen_t address_size;
  atomic_int futex;
  long seconds;
};

typedef int (*Sleep) (struct bed *bed);

static int
sleep_read (struct bed *bed)
{
  char bytes[8];
  return read (bed->read_pipe[0], bytes, sizeof bytes) == 5;
}

static int
sleep_poll (struct bed *bed)
{
  struct pollfd fd = { .fd = bed->poll_pipe[0], .events = POLLIN };
  return poll (&fd, 1, -1) == 1 && fd.revents == POLLIN;
}

static int
sleep_epoll (struct bed *bed)
{
  struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0x123456789abcdef0 };
  struct epoll_event got = { 0 };
  int epoll = epoll_create1 (0);

  epoll_ctl (epoll, EPOLL_CTL_ADD, bed->epoll_pipe[0], &event);
  int n;
  do {
    n = epoll_wait (epoll, &got, 1, -1);
  } while (n == -1 && errno == EINTR); /* stopped and continued; the kernel restarts all others */
  close (epoll);
  return n == 1 && got.data.u64 == event.data.u64;
}

static int
sleep_nanosleep (struct bed *bed)
{
  struct timespec time = { bed->seconds, 0 }, start, end;
  clock_gettime (CLOCK_MONOTONIC, &start);
  int result = nanosleep (&time, NULL);
  clock_gettime (CLOCK_MONOTONIC, &end);
  return result == 0 && end.tv_sec - start.tv_sec >= bed->seconds;
}

static int
sleep_futex (struct bed *bed)
{
  return syscall (SYS_futex, &bed->futex, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) == 0 &&
         bed->futex == 1;
}

static int
sleep_accept (struct bed *bed)
{
  int fd = accept (bed->listener, NULL, NULL);
  if (fd < 0) {
    return 0;
  }
  close (fd);
  return 1;
}

static int
sleep_wait (struct bed *bed)
{
  int status = 0;
  pid_t child = fork ();
  if (child == 0) {
    char byte;
    _exit (read (bed->child_pipe[0], &byte, 1) == 1 ? 9 : 1);
  }
  return waitpid (child, &status, 0) == child && WIFEXITED (status) && WEXITSTATUS (status) == 9;
}

struct sleeper {
  const char *name;
  Sleep sleep;
  long call; /* that it sleeps in */
  struct bed *bed;
  pthread_t thread;
  atomic_long tid;
  int ok;
};

static void *
sleeper_run (void *data)
{
  struct sleeper *sleeper = data;
  sleeper->tid = syscall (SYS_gettid);
  sleeper->ok = sleeper->sleep (sleeper->bed);
  return NULL;
}

/* The beginning of a file that the kernel has about the thread; "" when it cannot be read. */
static void
read_task (const struct sleeper *sleeper, const char *file, char line[256])
{
  char path[64];
  FILE *in;

  line[0] = '\0';
  snprintf (path, sizeof path, "/proc/self/task/%ld/%s", sleeper->tid, file);
  in = fopen (path, "r");
  if (in != NULL) {
    (void) !fgets (line, 256, in);
    fclose (in);
  }
}

/* Whether the kernel has the thread sleeping in its call. One that strace has stopped at the call's
 * beginning is in it, too, but has not gone to sleep. */
static int
sleeps (const struct sleeper *sleeper)
{
  char line[256], stat[256];
  const char *state;

  read_task (sleeper, "syscall", line);
  read_task (sleeper, "stat", stat);
  state = strrchr (stat, ')');
  return line[0] >= '0' && line[0] <= '9' && strtol (line, NULL, 10) == sleeper->call &&
         state != NULL && strncmp (state, ") S", 3) == 0;
}

static void
wait_until_asleep (const struct sleeper *sleepers, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    for (int tries = 0; tries < 3000 && !sleeps (&sleepers[i]); tries++) {
      usleep (10000);
    }
  }
}

static int
make_bed (struct bed *bed)
{
  if (pipe (bed->read_pipe) != 0 || pipe (bed->poll_pipe) != 0 || pipe (bed->epoll_pipe) != 0 ||
      pipe (bed->child_pipe) != 0) {
    return 0;
  }
  /* An abstract name: no file to clean up. */
  bed->address.sun_family = AF_UNIX;
  int n = snprintf (bed->address.sun_path + 1, sizeof bed->address.sun_path - 1, "sleepers-%d",
                    (int) getpid ());
  bed->address_size = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + 1 + (size_t) n);
  bed->listener = socket (AF_UNIX, SOCK_STREAM, 0);
  return bed->listener >= 0 &&
         bind (bed->listener, (struct sockaddr *) &bed->address, bed->address_size) == 0 &&
         listen (bed->listener, 1) == 0;
}

static void
wake (struct bed *bed)
{
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);

  (void) !write (bed->read_pipe[1], "hello", 5);
  (void) !write (bed->poll_pipe[1], "p", 1);
  (void) !write (bed->epoll_pipe[1], "e", 1);
  (void) !write (bed->child_pipe[1], "c", 1);
  (void) !connect (fd, (struct sockaddr *) &bed->address, bed->address_size);
  close (fd);
  bed->futex = 1;
  syscall (SYS_futex, &bed->futex, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void
wait_for_command (const char *path)
{
  char line[64];
  int fd = open (path, O_RDONLY);
  if (fd < 0 || read (fd, line, sizeof line) <= 0) {
    perror (path);
  }
  close (fd);
}

int
main (int argc, char **argv)
{
  static struct bed bed;
  struct sleeper sleepers[] = {
    { .name = "read", .sleep = sleep_read, .call = SYS_read },
    { .name = "poll", .sleep = sleep_poll, .call = SYS_poll },
    { .name = "epoll_wait", .sleep = sleep_epoll, .call = SYS_epoll_wait },
    { .name = "nanosleep", .sleep = sleep_nanosleep, .call = SYS_clock_nanosleep },
    { .name = "futex", .sleep = sleep_futex, .call = SYS_futex },
    { .name = "accept", .sleep = sleep_accept, .call = SYS_accept },
    { .name = "waitpid", .sleep = sleep_wait, .call = SYS_wait4 },
  };
  size_t n = sizeof sleepers / sizeof *sleepers;
  int failures = 0;

  if (argc < 2) {
    fprintf (stderr, "usage: sleepers FIFO [SECONDS]\n");
    return 2;
  }
  setvbuf (stdout, NULL, _IOLBF, 0);
  bed.seconds = argc > 2 ? strtol (argv[2], NULL, 10) : 3;
  if ((mkfifo (argv[1], 0600) != 0 && errno != EEXIST) || !make_bed (&bed)) {
    perror ("sleepers");
    return 1;
  }
  for (size_t i = 0; i < n; i++) {
    sleepers[i].bed = &bed;
    pthread_create (&sleepers[i].thread, NULL, sleeper_run, &sleepers[i]);
  }
  wait_until_asleep (sleepers, n);
  printf ("ready %d\n", (int) getpid ());
  wait_for_command (argv[1]);
  wake (&bed);
  for (size_t i = 0; i < n; i++) {
    pthread_join (sleepers[i].thread, NULL);
    printf (sleepers[i].ok ? "%s ok\n" : "FAILED: %s\n", sleepers[i].name);
    failures += !sleepers[i].ok;
  }
  puts (failures == 0 ? "OK" : "FAILED");
  return failures == 0 ? 0 : 1;
}
