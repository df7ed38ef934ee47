/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ioctl: commands that no descriptor takes, by name and by number, and their arguments. */
#include "ioctl-list.h"
#include "marks.h"

#define N(array) (sizeof (array) / sizeof (array)[0])

/* Old numbers of many kinds of devices, and what they share with others. */
static void
names (void)
{
  for (unsigned type = 0; type < 0x100; type++) {
    if (type != 0x07 && type != 'B' && type != 'E' && type != 'K' && type != 'V' && type != 'Z' &&
        type != 'b' && type != 'd' && type != 'e' && type != 'i' && type != 'k' && type != 0xec) {
      for (unsigned nr = 0; nr < 0x100; nr += type == 'T' || type == 0x89 ? 1 : 7) {
        give (-1, type << 8 | nr, 16);
      }
    }
  }
}

/* Numbers with a size and a direction, most of them nobody's. */
static void
numbers (void)
{
  for (unsigned direction = 0; direction < 4; direction++) {
    for (unsigned type = 0; type < 0x100; type += 3) {
      give (-1, _IOC (direction, type, 0x2c, 8), 0);
      give (-1, _IOC (direction, type, 0x13, 13), 1);
      give (-1, _IOC (direction, type, type, 0x3fff), -1);
    }
  }
  for (unsigned nr = 0; nr < 0x100; nr += 3) {
    give (-1, _IOC (_IOC_READ, 'E', nr, 5), 0);
    give (-1, _IOC (_IOC_WRITE, 'E', nr, 5), 0);
    give (-1, _IOC (_IOC_READ, 'M', nr, 4), 0);
    give (-1, _IOC (_IOC_WRITE, 'M', nr, 4), 0);
    give (-1, _IOC (_IOC_READ, 'H', nr % 0x20, 260), 0);
    give (-1, _IOC (_IOC_READ | _IOC_WRITE, 'H', nr % 0x20, 40), 0);
  }
  syscall (SYS_ioctl, -1, 0x123400005401l, 5l);
}

int
main (void)
{
  begin ();
  names ();
  numbers ();
  give_all (-1, commands, N (commands));
  end ();
  return 0;
}
