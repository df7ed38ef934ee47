/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What guestrace --help prints. */
#include "cli/help.h"

#include <stdio.h>

static const char help[] =
    "Usage: guestrace [OPTION]... GUEST\n"
    "       guestrace list\n"
    "       guestrace info|ps|profile GUEST|IMAGE\n"
    "\n"
    "Shows the system calls that the programs inside a running virtual machine make, from outside "
    "it.\n"
    "GUEST is its name; guestrace list has the names. guestrace(1) says more of each option.\n"
    "\n"
    "Which calls and programs:\n"
    "  -e, --trace=[!]SET           these calls: NAME, %CLASS, /REGEX, number, NAME@32, io_uring\n"
    "  -p, --pid=PID,...            these processes or threads;  -n, --comm=COMM  programs of this "
    "name\n"
    "  -u, --user=UID,...           processes of these users;  -f  and what all these start\n"
    "  --exe=PATH                   processes that run this program\n"
    "  --cgroup=NAME                in this control group (nginx.service);  --container=ID\n"
    "  -P, --trace-path=PATH        calls on this file;  -e fd=FD,...  on these descriptors\n"
    "  -z, -Z, -e status=SET        calls that succeeded, failed, are unfinished, detached\n"
    "  -e signal=SET                these signals;  --sample=N  one call of N;  --rate=N  N a "
    "second\n"
    "What lines look like:\n"
    "  -t -tt -ttt, -r, -T          the time, since the line before, how long calls took\n"
    "  -s, --string-limit=N         N bytes of a buffer (32);  -x -xx  strings in hexadecimal\n"
    "  -v, -e abbrev= verbose= raw=SET  structures whole, for these calls cut, shown, all as "
    "numbers\n"
    "  -X raw|abbrev|verbose        constants as numbers, by name, both\n"
    "  -y, -yy, --decode-fds        descriptors with their paths, sockets with their addresses\n"
    "  -e read=FD,... write=FD,...  what is read and written, in hexadecimal\n"
    "  -a, --columns=N              results in column N;  -i  the instruction;  --syscall-number\n"
    "  --whole                      a call in one line, when it returns\n"
    "  --color[=auto|always|never]  colours (on a terminal, unless NO_COLOR is set)\n"
    "Counting:\n"
    "  -c, -C, --summary[-only]     count calls, errors and times, instead of lines or as well\n"
    "  --by-process                 a table for each process\n"
    "  -S COLUMN, -U COLUMN,...     sort by; show: total-time min-time avg-time p50-time p99-time\n"
    "                               max-time calls errors name\n"
    "Changing what happens:\n"
    "  -e inject=SET:WHAT[:when=EXPR]  error=ERRNO retval=N signal=SIG delay_enter=T delay_exit=T\n"
    "                               poke_enter= poke_exit=;  -e fault=SET[:error=ERRNO]  calls "
    "fail\n"
    "The trace:\n"
    "  -o, --output=FILE            write to a file;  -A  behind what is in it;  -ff  one for each "
    "thread\n"
    "  --for=SECONDS                end then;  --drop  drop and count what comes too fast\n"
    "  --wait, --no-wait            for a guest that is not there yet, has not booted\n"
    "  --profile=FILE               symbols and types of a kernel that has none itself\n"
    "  --follow-reboot              go on with the guest's next kernel\n"
    "  --engine=trap                by breakpoints, with nothing written to the guest; slow\n"
    "  -q, -qq, -e quiet=SET        no totals, no lines of processes: attach exit fork exec all\n"
    "  -h, --help, -V, --version\n"
    "\n"
    "Examples:\n"
    "  guestrace web                        every call of every program in the guest \"web\"\n"
    "  guestrace -e %file -Z web            calls on files that failed\n"
    "  guestrace -n nginx -c --for 10 web   ten seconds of nginx, counted\n"
    "\n"
    "Ctrl-C detaches and prints the totals. The guest then runs as if nothing had been.\n";

void
gt_cli_print_help (void)
{
  (void) fputs (help, stdout);
}
