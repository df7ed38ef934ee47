/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queues, semaphores and memory that processes share, and other processes' memory. */
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "marks.h"

#define BAD ((void *) -1L)

static char buf[4096];

static void
queues (void)
{
  struct {
    long type;
    char text[8];
  } message = { 5, "hello" };
  int id = syscall (SYS_msgget, IPC_PRIVATE, 0600);

  syscall (SYS_msgget, 0x1234, IPC_EXCL | IPC_NOWAIT | 0644 | 0x10000);
  syscall (SYS_msgsnd, id, &message, 5, IPC_NOWAIT);
  syscall (SYS_msgsnd, -1, BAD, 5, 0);
  syscall (SYS_msgrcv, id, buf, 8, 0, MSG_NOERROR);
  syscall (SYS_msgrcv, id, buf, 8, -3, IPC_NOWAIT | 020000);
  syscall (SYS_msgctl, id, IPC_STAT, BAD);
  syscall (SYS_msgctl, id, IPC_SET, buf + 2048);
  syscall (SYS_msgctl, 0, IPC_INFO, buf);
  syscall (SYS_msgctl, id, IPC_RMID, NULL);
  syscall (SYS_msgctl, -1, IPC_SET, BAD);
  syscall (SYS_msgctl, -1, MSG_INFO, BAD);
  syscall (SYS_msgctl, -1, 77, buf);
}

#ifdef SYS_semop /* else within ipc */
static void
steps_of (int id)
{
  struct sembuf steps[2] = { { 0, 1, SEM_UNDO }, { 1, 0, IPC_NOWAIT | 1 } };
  struct timespec span = { 0, 5 };

  syscall (SYS_semop, id, steps, 2);
  syscall (SYS_semop, -1, BAD, 1);
  syscall (SYS_semtimedop, -1, steps, 1, &span);
  syscall (SYS_semtimedop, -1, steps, 2, NULL);
}
#else
static void
steps_of (int id)
{
}
#endif

static void
semaphores (void)
{
  int id = syscall (SYS_semget, IPC_PRIVATE, 2, 0600);

  syscall (SYS_semget, 0x77, 3, IPC_EXCL | 0777);
  steps_of (id);
  syscall (SYS_semctl, id, 0, GETVAL, 0);
  syscall (SYS_semctl, id, 0, SETVAL, 7);
  syscall (SYS_semctl, id, 0, GETPID);
  syscall (SYS_semctl, id, 0, IPC_SET, buf + 2048);
  syscall (SYS_semctl, 0, 0, SEM_INFO, buf);
  syscall (SYS_semctl, id, 1, IPC_STAT, BAD);
  syscall (SYS_semctl, -1, 1, 77, 5);
  syscall (SYS_semctl, id, 0, IPC_RMID, 0);
}

static void
shared (void)
{
  int id = syscall (SYS_shmget, IPC_PRIVATE, 4096, 0600);
  long at;

  syscall (SYS_shmget, 0x99, 5000, IPC_CREAT | SHM_HUGETLB | 21 << 26 | 0666);
  syscall (SYS_shmget, 0x99, ~0ul << 12, SHM_NORESERVE | IPC_EXCL | 0x20000);
  at = syscall (SYS_shmat, id, 0x70000000, SHM_RDONLY);
  syscall (SYS_shmat, -1, NULL, SHM_RND | 040000 | 0100000 | 1);
  syscall (SYS_shmctl, id, IPC_STAT, BAD);
  syscall (SYS_shmctl, id, IPC_STAT, buf + 200);
  syscall (SYS_shmctl, id, IPC_SET, buf + 2048);
  syscall (SYS_shmctl, 0, SHM_INFO, buf);
  syscall (SYS_shmctl, 0, IPC_INFO, buf);
  syscall (SYS_shmctl, id, SHM_LOCK, NULL);
  syscall (SYS_shmctl, id, IPC_RMID, NULL);
  syscall (SYS_shmctl, -1, SHM_STAT, BAD);
  syscall (SYS_shmctl, -1, 77, buf);
  syscall (SYS_shmdt, at);
  syscall (SYS_shmdt, NULL);
}

static void
posix_queues (void)
{
  struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 32 };
  struct timespec never = { 5, 6 };
  struct {
    void *value;
    int signal, notify, tid;
    char rest[44];
  } event = { (void *) 5, SIGUSR1, 0, 0, "" };
  int fd;

  syscall (SYS_mq_unlink, "guestrace");
  fd = syscall (SYS_mq_open, "guestrace", O_RDWR | O_CREAT, 0600, &attr);
  syscall (SYS_mq_open, "none", O_RDONLY | O_CLOEXEC);
  syscall (SYS_mq_open, "bad", O_RDWR | O_CREAT | O_NONBLOCK, 0600, BAD);
  syscall (SYS_mq_timedsend, fd, "hello", 5, 3, NULL);
  syscall (SYS_mq_timedsend, -1, "hello", 5, 3, &never);
  syscall (SYS_mq_timedreceive, fd, buf, 64, buf + 100, NULL);
  syscall (SYS_mq_timedreceive, -1, buf, 64, NULL, &never);
  syscall (SYS_mq_notify, fd, NULL);
  syscall (SYS_mq_notify, fd, &event);
  syscall (SYS_mq_notify, -1, BAD);
  attr.mq_flags = O_NONBLOCK;
  syscall (SYS_mq_getsetattr, fd, &attr, buf);
  syscall (SYS_mq_getsetattr, fd, NULL, buf);
  syscall (SYS_mq_getsetattr, -1, &attr, buf);
  syscall (SYS_close, fd);
  syscall (SYS_mq_unlink, "guestrace");
}

static void
memories (void)
{
  char text[8] = "a text";
  struct iovec here = { buf, 8 }, there[2] = { { text, 6 }, { (void *) 0x10, 3 } };

  syscall (SYS_process_vm_readv, getpid (), &here, 1, there, 1, 0);
  syscall (SYS_process_vm_writev, getpid (), there, 1, &here, 1, 0);
  syscall (SYS_process_vm_readv, 99999999, &here, 1, there, 2, 3);
  syscall (SYS_process_vm_writev, 99999999, BAD, 1, NULL, 0, 0);
  syscall (SYS_process_madvise, -1, &here, 1, 4, 0);
  syscall (SYS_process_mrelease, -1, 5);
  syscall (SYS_membarrier, 0, 0, 0);
}

int
main (void)
{
  syscall (SYS_mq_unlink, "guestrace"); /* that of a run that was killed */
  begin ();
  queues ();
  semaphores ();
  shared ();
  posix_queues ();
  memories ();
  end ();
  return 0;
}
