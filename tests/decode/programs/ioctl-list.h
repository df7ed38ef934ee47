/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands of ioctl whose arguments are compared, each with several of them: what its argument
 * points to is filled in several ways. */
#ifndef IOCTL_LIST_H
#define IOCTL_LIST_H

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/blkpg.h>
#include <linux/blktrace_api.h>
#include <linux/blkzoned.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/inotify.h>
#include <linux/ioctl.h>
#include <linux/kd.h>
#include <linux/kvm.h>
#include <linux/loop.h>
#include <linux/nbd.h>
#include <linux/nsfs.h>
#include <linux/perf_event.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/serial.h>
#include <linux/types.h>
#include <linux/userfaultfd.h>
#include <linux/watchdog.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EVENT_READ(nr, size)  _IOC (_IOC_READ, 'E', nr, size)
#define EVENT_WRITE(nr, size) _IOC (_IOC_WRITE, 'E', nr, size)

static const unsigned commands[] = {
  /* Terminals */
  TCGETS,
  TCSETS,
  TCSETSW,
  TCSETSF,
  TCGETA,
  TCSETA,
  TCSETAW,
  TCSETAF,
  TCGETS2,
  TCSETS2,
  TCSETSW2,
  TCSETSF2,
  TIOCGLCKTRMIOS,
  TIOCSLCKTRMIOS,
  TIOCGWINSZ,
  TIOCSWINSZ,
  TIOCGPGRP,
  TIOCSPGRP,
  TIOCGSID,
  TIOCGETD,
  TIOCSETD,
  TIOCGSOFTCAR,
  TIOCSSOFTCAR,
  TCXONC,
  TCFLSH,
  TCSBRK,
  TCSBRKP,
  TIOCOUTQ,
  FIONREAD,
  TIOCPKT,
  TIOCMGET,
  TIOCMSET,
  TIOCMBIS,
  TIOCMBIC,
  TIOCMIWAIT,
  TIOCEXCL,
  TIOCNXCL,
  TIOCSCTTY,
  TIOCNOTTY,
  TIOCSTI,
  TIOCCONS,
  TIOCVHANGUP,
  TIOCSBRK,
  TIOCCBRK,
  TIOCGSERIAL,
  TIOCSSERIAL,
  TIOCGDEV,
  TIOCSIG,
  TIOCLINUX,
  TIOCGRS485,
  TIOCGPTN,
  TIOCSPTLCK,
  TIOCGPTLCK,
  TIOCGPTPEER,
  TIOCGEXCL,
  FIONBIO,
  FIOASYNC,
  FIOCLEX,
  FIONCLEX,
  FIOQSIZE,
  KDSETMODE,
  KDGETMODE,
  KDSETLED,
  KDGKBTYPE,
  KDGETLED,
  KDSKBMODE,
  KDGKBMODE,
  /* Block devices */
  BLKROSET,
  BLKROGET,
  BLKRRPART,
  BLKGETSIZE,
  BLKFLSBUF,
  BLKRASET,
  BLKRAGET,
  BLKFRASET,
  BLKFRAGET,
  BLKSECTSET,
  BLKSECTGET,
  BLKSSZGET,
  BLKPG,
  BLKBSZGET,
  BLKBSZSET,
  BLKGETSIZE64,
  BLKTRACESETUP,
  BLKTRACESTART,
  BLKTRACESTOP,
  BLKTRACETEARDOWN,
  BLKDISCARD,
  BLKIOMIN,
  BLKIOOPT,
  BLKALIGNOFF,
  BLKPBSZGET,
  BLKDISCARDZEROES,
  BLKSECDISCARD,
  BLKROTATIONAL,
  BLKZEROOUT,
  BLKGETDISKSEQ,
  BLKREPORTZONE,
  BLKRESETZONE,
  BLKGETZONESZ,
  BLKGETNRZONES,
  BLKOPENZONE,
  LOOP_SET_FD,
  LOOP_CLR_FD,
  LOOP_SET_STATUS,
  LOOP_GET_STATUS,
  LOOP_SET_STATUS64,
  LOOP_GET_STATUS64,
  LOOP_CHANGE_FD,
  LOOP_SET_CAPACITY,
  LOOP_SET_DIRECT_IO,
  LOOP_SET_BLOCK_SIZE,
  LOOP_CONFIGURE,
  LOOP_CTL_ADD,
  LOOP_CTL_REMOVE,
  LOOP_CTL_GET_FREE,
  NBD_SET_SOCK,
  NBD_SET_BLKSIZE,
  NBD_DO_IT,
  NBD_SET_FLAGS,
  HDIO_GETGEO,
  HDIO_GET_DMA,
  HDIO_SET_DMA,
  HDIO_SET_BUSSTATE,
  /* Files */
  FIBMAP,
  FIGETBSZ,
  FIFREEZE,
  FITHAW,
  FITRIM,
  FICLONE,
  FICLONERANGE,
  FS_IOC_GETFLAGS,
  FS_IOC_SETFLAGS,
  FS_IOC_GETVERSION,
  FS_IOC_SETVERSION,

  FS_IOC32_GETFLAGS,
  FS_IOC32_SETFLAGS,
  FS_IOC_FSGETXATTR,
  FS_IOC_FSSETXATTR,
  FS_IOC_GETFSLABEL,
  FS_IOC_SETFSLABEL,
  INOTIFY_IOC_SETNEXTWD,
  /* Devices */
  RTC_AIE_ON,
  RTC_UIE_OFF,
  RTC_PIE_ON,
  RTC_ALM_SET,
  RTC_ALM_READ,
  RTC_RD_TIME,
  RTC_SET_TIME,
  RTC_IRQP_READ,
  RTC_IRQP_SET,
  RTC_EPOCH_READ,
  RTC_EPOCH_SET,
  RTC_WKALM_SET,
  RTC_WKALM_RD,
  RTC_PLL_GET,
  RTC_PLL_SET,
  RTC_VL_READ,
  RTC_VL_CLR,
  RTC_PARAM_GET,
  RNDGETENTCNT,
  RNDADDTOENTCNT,
  RNDGETPOOL,
  RNDADDENTROPY,
  RNDZAPENTCNT,
  RNDCLEARPOOL,
  RNDRESEEDCRNG,
  WDIOC_GETSUPPORT,
  WDIOC_GETSTATUS,
  WDIOC_GETBOOTSTATUS,
  WDIOC_GETTEMP,
  WDIOC_SETOPTIONS,
  WDIOC_KEEPALIVE,
  WDIOC_SETTIMEOUT,
  WDIOC_GETTIMEOUT,
  WDIOC_SETPRETIMEOUT,
  WDIOC_GETPRETIMEOUT,
  WDIOC_GETTIMELEFT,
  /* What the kernel has no device for */
  PERF_EVENT_IOC_ENABLE,
  PERF_EVENT_IOC_DISABLE,
  PERF_EVENT_IOC_REFRESH,
  PERF_EVENT_IOC_RESET,
  PERF_EVENT_IOC_PERIOD,
  PERF_EVENT_IOC_SET_OUTPUT,
  PERF_EVENT_IOC_SET_FILTER,
  PERF_EVENT_IOC_ID,
  PERF_EVENT_IOC_SET_BPF,
  PERF_EVENT_IOC_PAUSE_OUTPUT,
  NS_GET_USERNS,
  NS_GET_PARENT,
  NS_GET_NSTYPE,
  NS_GET_OWNER_UID,
  UFFDIO_API,
  UFFDIO_REGISTER,
  UFFDIO_UNREGISTER,
  UFFDIO_WAKE,
  UFFDIO_COPY,
  UFFDIO_ZEROPAGE,
  UFFDIO_WRITEPROTECT,
  KVM_RUN,
  KVM_CREATE_VM,
  KVM_CREATE_VCPU,
  KVM_SET_USER_MEMORY_REGION,
  KVM_GET_REGS,
  KVM_SET_REGS,
  KVM_GET_SREGS,
  KVM_SET_SREGS,
  KVM_CHECK_EXTENSION,
  KVM_GET_API_VERSION,
  KVM_GET_MSRS,
  KVM_IRQFD,
  /* Input devices: version, id, repeat rate, key codes, names, states, bits, axes */
  EVENT_READ (0x01, 4),
  EVENT_READ (0x02, 8),
  EVENT_READ (0x03, 8),
  EVENT_WRITE (0x03, 8),
  EVENT_READ (0x04, 8),
  EVENT_WRITE (0x04, 8),
  EVENT_READ (0x04, 40),
  EVENT_WRITE (0x04, 40),
  EVENT_READ (0x06, 12),
  EVENT_READ (0x07, 256),
  EVENT_READ (0x08, 0),
  EVENT_READ (0x09, 12),
  EVENT_READ (0x0a, 12),
  EVENT_READ (0x18, 96),
  EVENT_READ (0x19, 8),
  EVENT_READ (0x1a, 8),
  EVENT_READ (0x1b, 8),
  EVENT_READ (0x20, 8),
  EVENT_READ (0x21, 96),
  EVENT_READ (0x26, 8),
  EVENT_READ (0x35, 8),
  EVENT_READ (0x42, 24),
  EVENT_READ (0x7e, 24),
  EVENT_WRITE (0xc5, 24),
  EVENT_WRITE (0x90, 4),
  EVENT_WRITE (0x81, 4),
  EVENT_WRITE (0xa0, 4),
};

static unsigned char buffer[2048];

static void
give (int fd, unsigned command, long argument)
{
  syscall (SYS_ioctl, fd, (unsigned long) command, argument);
}

static void
give_all (int fd, const unsigned *list, unsigned n)
{
  for (unsigned i = 0; i < n; i++) {
    memset (buffer, 0, sizeof buffer);
    give (fd, list[i], (long) buffer);
    memset (buffer, 0xff, sizeof buffer);
    give (fd, list[i], (long) buffer);
    for (unsigned j = 0; j < sizeof buffer; j++) {
      buffer[j] = j % 251 + 1;
    }
    give (fd, list[i], (long) buffer);
    give (fd, list[i], 0);
    give (fd, list[i], 1);
    give (fd, list[i], -1);
  }
}

#endif
