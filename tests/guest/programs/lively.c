/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small workload with a bit of everything: files, directories, pipes, sockets, a thread, fork and
 * exec, calls that fail. usage: lively [ROUNDS, 0 for ever (default 1) [PAUSE_MS]]
 * Prints "round N ok" for each round, then "OK"; or what went wrong in which round. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Says what went wrong, of those things that depend on others. */
static int
expect (int condition, const char *what)
{
  if (!condition) {
    printf ("FAILED: %s: %s\n", what, strerror (errno));
  }
  return condition;
}

static int
files (const char *directory)
{
  char path[128], copy[128], text[64] = "";
  struct stat st;

  snprintf (path, sizeof path, "%s/notes.txt", directory);
  snprintf (copy, sizeof copy, "%s/notes.old", directory);
  int fd = open (path, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) {
    return 0;
  }
  int ok = write (fd, "dear diary\n", 11) == 11 && fstat (fd, &st) == 0 && st.st_size == 11 &&
           lseek (fd, 5, SEEK_SET) == 5 && read (fd, text, sizeof text) == 6 &&
           strcmp (text, "diary\n") == 0 && fsync (fd) == 0;
  void *map = mmap (NULL, 11, PROT_READ, MAP_SHARED, fd, 0);
  ok = ok && map != MAP_FAILED && memcmp (map, "dear", 4) == 0;
  if (map != MAP_FAILED) {
    munmap (map, 11);
  }
  close (fd);
  return ok && chmod (path, 0600) == 0 && rename (path, copy) == 0 && unlink (copy) == 0;
}

static int
directories (void)
{
  int n = 0;
  DIR *dir = opendir ("/proc/self");
  if (dir == NULL) {
    return 0;
  }
  while (readdir (dir) != NULL) {
    n++;
  }
  closedir (dir);
  return n > 10;
}

static int
failures (void)
{
  char byte;
  return open ("/no/such/file", O_RDONLY) == -1 && errno == ENOENT && mkdir ("/proc", 0755) == -1 &&
         errno == EEXIST && read (-1, &byte, 1) == -1 && errno == EBADF &&
         execl ("/etc/passwd", "passwd", (char *) NULL) == -1 && errno == EACCES;
}

static int
pipes (void)
{
  int ends[2], status = 0;
  char text[16] = "";

  if (pipe (ends) != 0) {
    return 0;
  }
  pid_t child = fork ();
  if (child == 0) {
    dup2 (ends[1], STDOUT_FILENO);
    close (ends[0]);
    close (ends[1]);
    execl ("/proc/self/exe", "lively", "--echo", "from a child", (char *) NULL);
    _exit (127);
  }
  close (ends[1]);
  struct pollfd fd = { .fd = ends[0], .events = POLLIN };
  int ok = child > 0 && expect (poll (&fd, 1, 60000) == 1, "poll") &&
           expect (read (ends[0], text, sizeof text - 1) == 12, "read of a pipe") &&
           strcmp (text, "from a child") == 0;
  close (ends[0]);
  return ok && expect (waitpid (child, &status, 0) == child, "waitpid") && WIFEXITED (status) &&
         WEXITSTATUS (status) == 0;
}

/* Answers one request on a listening socket. */
static void *
server_run (void *data)
{
  char text[16];
  int fd = accept (*(int *) data, NULL, NULL);
  if (fd >= 0) {
    ssize_t n = recv (fd, text, sizeof text, 0);
    if (n > 0) {
      (void) !send (fd, text, (size_t) n, MSG_NOSIGNAL);
    }
    close (fd);
  }
  return NULL;
}

static int
ask (int fd, const struct sockaddr *address, socklen_t size)
{
  char text[16];
  return expect (connect (fd, address, size) == 0, "connect") &&
         expect (send (fd, "hello", 5, MSG_NOSIGNAL) == 5, "send") &&
         expect (recv (fd, text, sizeof text, 0) == 5, "recv") && memcmp (text, "hello", 5) == 0;
}

/* A server thread and this thread talk over a socket of a family. */
static int
talk (int family, struct sockaddr *address, socklen_t size)
{
  pthread_t thread;
  int listener = socket (family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int ok = bind (listener, address, size) == 0 && listen (listener, 1) == 0 &&
           getsockname (listener, address, &size) == 0 &&
           pthread_create (&thread, NULL, server_run, &listener) == 0;

  if (ok) {
    ok = ask (fd, address, size);
    shutdown (listener, SHUT_RDWR);
    pthread_join (thread, NULL);
  }
  close (fd);
  close (listener);
  return ok;
}

static int
sockets (const char *directory)
{
  struct sockaddr_in tcp = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct sockaddr_un local = { .sun_family = AF_UNIX };
  int pair[2];
  char byte;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0) {
    return 0;
  }
  int ok = write (pair[0], "x", 1) == 1 && read (pair[1], &byte, 1) == 1;
  close (pair[0]);
  close (pair[1]);
  snprintf (local.sun_path, sizeof local.sun_path, "%s/socket", directory);
  ok = talk (AF_INET, (struct sockaddr *) &tcp, sizeof tcp) && ok;
  ok = talk (AF_UNIX, (struct sockaddr *) &local, sizeof local) && ok;
  return unlink (local.sun_path) == 0 && ok;
}

static int
one_round (const char *directory)
{
  int ok = expect (mkdir (directory, 0755) == 0, "mkdir");

  ok = expect (files (directory), "files") && ok;
  ok = expect (directories (), "directories") && ok;
  ok = expect (failures (), "failures") && ok;
  ok = expect (pipes (), "pipes") && ok;
  ok = expect (sockets (directory), "sockets") && ok;
  return expect (rmdir (directory) == 0, "rmdir") && ok;
}

int
main (int argc, char **argv)
{
  char directory[64];

  if (argc > 2 && strcmp (argv[1], "--echo") == 0) {
    return write (STDOUT_FILENO, argv[2], strlen (argv[2])) < 0;
  }
  long rounds = argc > 1 ? strtol (argv[1], NULL, 10) : 1;
  long pause_ms = argc > 2 ? strtol (argv[2], NULL, 10) : 0;
  struct timespec pause_time = { pause_ms / 1000, pause_ms % 1000 * 1000000 };

  setvbuf (stdout, NULL, _IOLBF, 0);
  snprintf (directory, sizeof directory, "/tmp/lively.%d", (int) getpid ());
  for (long i = 1; rounds == 0 || i <= rounds; i++) {
    if (!one_round (directory)) {
      printf ("FAILED: round %ld\n", i);
      return 1;
    }
    printf ("round %ld ok\n", i);
    nanosleep (&pause_time, NULL);
  }
  puts ("OK");
  return 0;
}
