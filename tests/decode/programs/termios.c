/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ioctl on a terminal of its own, and what all descriptors have. */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <string.h>
#include <sys/syscall.h>

#include "marks.h"

struct size {
  unsigned short rows, columns, x, y;
};

static int master, slave, number;

static void
give (int fd, unsigned command, void *argument)
{
  syscall (SYS_ioctl, fd, command, argument);
}

static void
modes (void)
{
  static const unsigned set[] = { TCSETS, TCSETSW, TCSETSF };
  static const unsigned set2[] = { TCSETS2, TCSETSW2, TCSETSF2 };
  static const unsigned set_old[] = { TCSETA, TCSETAW, TCSETAF };
  struct termios2 modes;

  memset (&modes, 0, sizeof modes);
  give (slave, TCGETS, &modes);
  for (int i = 0; i < 3; i++) {
    give (slave, set[i], &modes);
  }
  give (slave, TCGETS2, &modes);
  for (int i = 0; i < 3; i++) {
    give (slave, set2[i], &modes);
  }
  give (slave, TCGETA, &modes);
  for (int i = 0; i < 3; i++) {
    give (slave, set_old[i], &modes);
  }
  give (slave, TCGETS2, &modes);
  modes.c_lflag &= ~(ICANON | ECHO | ISIG);
  modes.c_iflag = IGNBRK | IUTF8;
  modes.c_oflag = 0;
  modes.c_cflag = BOTHER | CS7 | PARENB | BOTHER << IBSHIFT;
  modes.c_ospeed = 12345;
  modes.c_cc[VMIN] = 200;
  give (slave, TCSETS2, &modes);
  give (slave, TCGETS2, &modes);
  give (slave, TCGETS, &modes);
  give (slave, TIOCGLCKTRMIOS, &modes);
  give (slave, TIOCSLCKTRMIOS, &modes);
}

static void
sizes (void)
{
  struct size size = { 25, 80, 640, 480 };

  give (slave, TIOCGWINSZ, &size);
  size.rows = 50;
  give (slave, TIOCSWINSZ, &size);
  give (master, TIOCGWINSZ, &size);
}

static void
numbers (void)
{
  static const unsigned got[] = { TIOCGETD, TIOCOUTQ,  FIONREAD, TIOCGSOFTCAR, TIOCGEXCL,  TIOCMGET,
                                  TIOCGSID, TIOCGPGRP, TIOCGPKT, TIOCGPTLCK,   TIOCGICOUNT };

  for (unsigned i = 0; i < sizeof got / sizeof got[0]; i++) {
    give (slave, got[i], &number);
    give (master, got[i], &number);
    give (slave, got[i], NULL);
  }
  number = 0;
  give (slave, TIOCSETD, &number);
  give (slave, TIOCSSOFTCAR, &number);
  number = 1;
  give (master, TIOCPKT, &number);
  give (master, FIONBIO, &number);
  give (master, FIOASYNC, &number);
  number = 1 << 30;
  give (slave, TIOCSPGRP, &number);
}

static void
plain (void)
{
  char typed[] = "xyz";

  give (slave, TIOCEXCL, NULL);
  give (slave, TIOCNXCL, &number);
  give (slave, TCXONC, (void *) 1);
  give (slave, TCFLSH, (void *) 2);
  give (slave, TCSBRK, (void *) 1);
  give (slave, TIOCSTI, typed);
  give (slave, FIOCLEX, NULL);
  give (slave, FIONCLEX, NULL);
  give (slave, TIOCNOTTY, NULL);
}

int
main (void)
{
  int zero = 0;

  begin ();
  master = open ("/dev/ptmx", O_RDWR | O_NOCTTY);
  if (master >= 0) {
    give (master, TIOCSPTLCK, &zero);
    slave = syscall (SYS_ioctl, master, TIOCGPTPEER, (long) (O_RDWR | O_NOCTTY));
    modes ();
    sizes ();
    numbers ();
    plain ();
  }
  end ();
  return 0;
}
