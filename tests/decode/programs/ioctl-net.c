/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ioctl on network interfaces: the kernel is asked, and nothing is changed. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "marks.h"

#define SIOCBRADDBR 0x89a0
#define SIOCBRDELBR 0x89a1

static const unsigned asked[] = {
  SIOCGIFNAME,    SIOCGIFFLAGS,  SIOCGIFADDR,  SIOCGIFDSTADDR, SIOCGIFBRDADDR,
  SIOCGIFNETMASK, SIOCGIFMETRIC, SIOCGIFMTU,   SIOCGIFHWADDR,  SIOCGIFSLAVE,
  SIOCGIFINDEX,   SIOCGIFTXQLEN, SIOCGIFMAP,   SIOCGIFPFLAGS,  SIOCGIFMEM,
  SIOCGIFENCAP,   SIOCGIFBR,     SIOCGIFCOUNT, SIOCGPGRP,      FIOGETOWN,
};
static const unsigned told[] = {
  SIOCSIFNAME,   SIOCSIFFLAGS,   SIOCSIFADDR,        SIOCSIFDSTADDR, SIOCSIFBRDADDR, SIOCSIFNETMASK,
  SIOCSIFMETRIC, SIOCSIFMTU,     SIOCSIFHWADDR,      SIOCSIFSLAVE,   SIOCSIFTXQLEN,  SIOCSIFMAP,
  SIOCADDMULTI,  SIOCDELMULTI,   SIOCSIFHWBROADCAST, SIOCSPGRP,      FIOSETOWN,      SIOCSIFENCAP,
  SIOCBRADDBR,   SIOCBRDELBR,    SIOCADDRT,          SIOCDELRT,      SIOCDARP,       SIOCGARP,
  SIOCATMARK,    SIOCDEVPRIVATE, SIOCPROTOPRIVATE,
};

static struct ifreq request;

static void
set_request (const char *name)
{
  struct sockaddr_in *address = (void *) &request.ifr_addr;

  memset (&request, 0, sizeof request);
  strcpy (request.ifr_name, name);
  address->sin_family = AF_INET;
  address->sin_port = htons (80);
  address->sin_addr.s_addr = htonl (0x7f000001);
}

static void
give (int fd, unsigned command)
{
  set_request ("lo");
  if (command == SIOCGIFNAME) {
    request.ifr_ifindex = 1;
  }
  syscall (SYS_ioctl, fd, command, &request);
  set_request ("no-such-name");
  syscall (SYS_ioctl, fd, command, &request);
  memset (&request, 0xff, sizeof request);
  syscall (SYS_ioctl, fd, command, &request);
  for (unsigned i = 0; i < sizeof request; i++) {
    ((char *) &request)[i] = 'A' + i;
  }
  syscall (SYS_ioctl, fd, command, &request);
  syscall (SYS_ioctl, fd, command, NULL);
  syscall (SYS_ioctl, fd, command, -1l);
}

static void
configurations (int fd)
{
  static struct ifreq requests[4];
  struct ifconf config = { .ifc_len = 400, .ifc_buf = NULL };

  syscall (SYS_ioctl, -1, SIOCGIFCONF, &config);
  config.ifc_buf = (void *) 16;
  syscall (SYS_ioctl, -1, SIOCGIFCONF, &config);
  config.ifc_len = sizeof requests;
  config.ifc_buf = (void *) requests;
  syscall (SYS_ioctl, fd, SIOCGIFCONF, &config);
  config.ifc_len = sizeof requests[0];
  syscall (SYS_ioctl, fd, SIOCGIFCONF, &config);
  config.ifc_len = sizeof requests;
  config.ifc_buf = NULL;
  syscall (SYS_ioctl, fd, SIOCGIFCONF, &config);
  config.ifc_len = sizeof requests;
  config.ifc_buf = (void *) -1l;
  syscall (SYS_ioctl, fd, SIOCGIFCONF, &config);
  config.ifc_len = 10;
  config.ifc_buf = (void *) 16;
  syscall (SYS_ioctl, -1, SIOCGIFCONF, &config);
  config.ifc_buf = (void *) &request;
  syscall (SYS_ioctl, fd, SIOCGIFCONF, &config);
  config.ifc_len = -1;
  syscall (SYS_ioctl, -1, SIOCGIFCONF, &config);
  syscall (SYS_ioctl, fd, SIOCGIFCONF, NULL);
  syscall (SYS_ioctl, fd, SIOCGIFCONF, -1l);
}

int
main (void)
{
  int fd = socket (AF_INET, SOCK_DGRAM, 0);

  begin ();
  for (unsigned i = 0; i < sizeof asked / sizeof asked[0]; i++) {
    give (fd, asked[i]);
  }
  for (unsigned i = 0; i < sizeof told / sizeof told[0]; i++) {
    give (-1, told[i]);
  }
  configurations (fd);
  end ();
  return 0;
}
