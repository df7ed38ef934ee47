/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands of ioctl give real-time clocks. */
#include <linux/rtc.h>

#include "decode-tables.h"
#include "decode/ioctl.h"

enum { TIME_SIZE = 36, ALARM_SIZE = 40, ALARM_TIME = 4 };

static void
print_time (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  static const char *const names[] = { "tm_sec",  "tm_min",  "tm_hour", "tm_mday", "tm_mon",
                                       "tm_year", "tm_wday", "tm_yday", "tm_isdst" };
  const guint n_short = 6;

  gt_print_text (printer, "{");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (i == n_short && !printer->options->verbose) {
      gt_print_text (printer, ", ...");
      break;
    }
    gt_member_signed (printer, names[i], &cursor, 4);
  }
  gt_print_text (printer, "}");
}

static void
print_alarm (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "enabled", &cursor, 1);
  gt_member_unsigned (printer, "pending", &cursor, 1);
  gt_cursor_skip (&cursor, ALARM_TIME - 2);
  gt_print_member (printer, "time");
  print_time (printer, command, cursor);
  gt_print_text (printer, "}");
}

static void
print_correction (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "{");
  gt_member_signed (printer, "pll_ctrl", &cursor, 4);
  gt_member_signed (printer, "pll_value", &cursor, 4);
  gt_member_signed (printer, "pll_max", &cursor, 4);
  gt_member_signed (printer, "pll_min", &cursor, 4);
  gt_member_signed (printer, "pll_posmult", &cursor, 4);
  gt_member_signed (printer, "pll_negmult", &cursor, 4);
  gt_print_member (printer, "pll_clock");
  gt_text_signed (printer->out, gt_cursor_long (&cursor));
  gt_print_text (printer, "}");
}

static void
print_pad (GtPrinter *printer, guint32 pad)
{
  if (pad != 0) {
    gt_print_member (printer, "__pad");
    gt_text_hex (printer->out, pad);
  }
}

/* Which parameter the program wants, and, behind an arrow, what it is. */
static void
print_get_parameter (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  struct rtc_param parameter;

  gt_printer_look (printer, FALSE);
  if (!gt_printer_fetch (printer, value, &parameter, sizeof parameter)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "param");
  gt_print_enum (printer, &gt_names_rtc_param, parameter.param);
  gt_print_member (printer, "index");
  gt_text_unsigned (printer->out, parameter.index);
  print_pad (printer, parameter.__pad);
  gt_print_text (printer, "} => ");
  gt_printer_look (printer, TRUE);
  if (!gt_printer_succeeded (printer) ||
      !gt_printer_fetch (printer, value, &parameter, sizeof parameter)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "uvalue");
  gt_text_hex (printer->out, parameter.uvalue);
  print_pad (printer, parameter.__pad);
  gt_print_text (printer, "}");
}

/* The same commands' numbers have their structures' sizes in them. */
#define RTC_PLL_GET_32 _IOC (_IOC_READ, 'p', 0x11, 28)
#define RTC_PLL_SET_32 _IOC (_IOC_WRITE, 'p', 0x12, 28)

static const GtIoctl rows[] = {
  GT_IOCTL_ROW_OUT (RTC_RD_TIME, TIME_SIZE, TIME_SIZE, print_time, NULL),
  GT_IOCTL_ROW_IN (RTC_SET_TIME, TIME_SIZE, TIME_SIZE, print_time, NULL),
  GT_IOCTL_ROW_OUT (RTC_ALM_READ, TIME_SIZE, TIME_SIZE, print_time, NULL),
  GT_IOCTL_ROW_IN (RTC_ALM_SET, TIME_SIZE, TIME_SIZE, print_time, NULL),
  GT_IOCTL_ROW_OUT (RTC_WKALM_RD, ALARM_SIZE, ALARM_SIZE, print_alarm, NULL),
  GT_IOCTL_ROW_IN (RTC_WKALM_SET, ALARM_SIZE, ALARM_SIZE, print_alarm, NULL),
  GT_IOCTL_ROW_OUT (RTC_PLL_GET, 32, 28, print_correction, NULL),
  GT_IOCTL_ROW_IN (RTC_PLL_SET, 32, 28, print_correction, NULL),
  GT_IOCTL_ROW_OUT (RTC_PLL_GET_32, 28, 28, print_correction, NULL),
  GT_IOCTL_ROW_IN (RTC_PLL_SET_32, 28, 28, print_correction, NULL),
  GT_IOCTL_ROW_OUT (RTC_VL_READ, 4, 4, gt_ioctl_flags, &gt_names_rtc_voltage),
  GT_IOCTL_ROW_VALUE (RTC_PARAM_GET, print_get_parameter, NULL),
};
const GtIoctlTable gt_ioctls_clock = { rows, G_N_ELEMENTS (rows) };
