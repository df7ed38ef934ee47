# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether guestrace and the guest's own strace saw the same: for each thread the same calls with
the same results and the same strings: names, argv, what is written and read.

Where the two differ with reason:
1. The first program's calls before its execve are not in strace's log: strace makes them itself.
2. Of a thread that SIGKILL, or another thread's exit_group or execve, struck, strace's last call
   means nothing: strace can no longer read its registers, and shows an older call's number or
   result, or no call at all. So in such a thread all calls but the last one are compared.
3. strace knows the names of calls that a kernel was built without; guestrace, which has its names
   from the kernel, shows the number. Such a call gives ENOSYS.
4. Where strace itself is told to turn a call away (-e inject), the kernel's own result is ENOSYS;
   strace puts another in its place after guestrace has seen that.
5. Of a name too long for the kernel strace shows one byte less: it leaves room for the NUL.
6. Some of prctl's operations take a string; guestrace shows the pointer.
"""

import re

PATH_MAX = 4096
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(\.\.\.)?')
ESCAPE = re.compile(r'\\(x[0-9a-f]{2}|[0-7]{1,3}|.)')
SHORT_ESCAPES = {'t': '\t', 'n': '\n', 'v': '\v', 'f': '\f', 'r': '\r'}


def same(left, right):
    if right.name.startswith('syscall_0x') and left.result == right.result == 'ENOSYS':  # rule 3
        return True
    if left.injected and right.result == 'ENOSYS':  # rule 4
        return left.name == right.name
    return left.key() == right.key()


def unescape(text):
    """The bytes that a C string literal stands for."""
    def byte(match):
        code = match[1]
        if code[0] == 'x':
            return chr(int(code[1:], 16))
        return chr(int(code, 8)) if code[0] in '01234567' else SHORT_ESCAPES.get(code, code)
    return ESCAPE.sub(byte, text)


def strings(call):
    """The strings among a call's arguments, argv's and iovecs' too; not what is in structures."""
    if call.name == 'prctl':  # rule 6
        return []
    found = [text for arg in call.args if arg[0] in '"[' for text in STRING.findall(arg)]
    found = [(unescape(text), cut) for text, cut in found]
    return [text[:PATH_MAX - 1] if cut else text for text, cut in found]  # rule 5


def difference(wanted, got):
    """The first place where two threads' calls are not the same, with what comes before."""
    for i in range(max(len(wanted), len(got))):
        left = wanted[i] if i < len(wanted) else None
        right = got[i] if i < len(got) else None
        before = ''.join(f'both      {call}\n' for call in wanted[max(0, i - 3):i])
        if left is None or right is None or not same(left, right):
            return f'call {i} of {len(wanted)} in strace, {len(got)} in guestrace:\n{before}' \
                   f'strace    {left and left.line}\nguestrace {right and right.line}'
        if left.name == right.name and not right.late and strings(left) != strings(right):
            return f'strings differ:\nstrace    {left.line}\nguestrace {right.line}'
    return ''


def after_exec(strace, tid, got):
    """Rule 1."""
    if tid != strace.root:
        return got
    return got[next((i for i, call in enumerate(got) if call.name == 'execve'), len(got)):]


def lives(strace, tid, wanted, got):
    """A thread's calls as pairs (wanted, got, struck): two where execve gave it another's place."""
    index = strace.superseded.get(tid)
    if index is None:
        ended = wanted and wanted[-1].name in ('exit', 'exit_group') and wanted[-1].result is None
        struck = tid in strace.ends and not (ended and got and got[-1].name == wanted[-1].name)
        return [(wanted, got, struck)]
    n_before = [call.name for call in wanted[:index]].count('execve')
    execs = [i for i, call in enumerate(got) if call.name == 'execve']
    at = execs[n_before] if len(execs) > n_before else len(got)
    return [(wanted[:index], got[:at], True), (wanted[index:], got[at:], False)]


def without_struck(wanted, got):
    """Rule 2."""
    if len(got) == len(wanted):
        return wanted[:-1], got[:-1]
    return wanted, got[:-1] if len(got) == len(wanted) + 1 else got


def differences(strace, threads):
    """What differs between strace's log and guestrace's threads, a text for each thread."""
    texts = []
    for tid, calls in strace.threads.items():
        for wanted, got, struck in lives(strace, tid, calls,
                                         after_exec(strace, tid, threads.get(tid, []))):
            if struck:
                wanted, got = without_struck(wanted, got)
            text = difference(wanted, got)
            texts += [f'thread {tid}: {text}'] if text else []
    return texts


def compare(tap, name, strace, threads):
    wrong = differences(strace, threads)
    n_calls = sum(map(len, strace.threads.values()))
    tap.ok(not wrong, f'{name}: {len(strace.threads)} threads make the same {n_calls} calls',
           '\n'.join(wrong[:10]))


def check_totals(tap, name, trace):
    tap.ok(trace.status == 0 and ' 0 events lost' in trace.stderr, f'{name}: nothing was lost',
           trace.stderr)
