# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads what strace -f and guestrace print: for each thread its calls, in the order of entry.

A result is a number (unsigned, 64 bits), an error's name, or None: the call did not return.
"""

import dataclasses
import re

RESULT = re.compile(r'\s*= (\?|0x[0-9a-f]+|-?\d+)(?: (E[A-Z0-9_]+|\(errno \d+\)))?')
NAME = re.compile(r'([a-z_0-9?]+)\(')
RESUMED = re.compile(r'<\.\.\. (\S+) resumed>(.*)$')
STRACE_LINE = re.compile(r'(\d+) +(.*)$')
SUPERSEDED = re.compile(r'\+\+\+ superseded by execve in pid (\d+) \+\+\+')
GUESTRACE_LINE = re.compile(r'(\d\d):(\d\d):(\d\d)\.(\d{6}) (.{0,80}?)\[(?:\d+/)?(\d+)\] '
                            r'(?:(i386): )?(?=<\.\.\. |[a-z_0-9?]+\()(.*)$')
DURATION = re.compile(r' <(\d+)\.(\d{6})>$')
UNFINISHED = ' <unfinished ...>'
PID_CHANGED = re.compile(r' <pid changed to \d+ \.\.\.>$')  # by the execve that this line is about


class ParseError(Exception):
    """A line that is not as it should be."""


@dataclasses.dataclass
class Call:
    tid: int
    name: str
    args: list = dataclasses.field(default_factory=list)
    result: object = None
    late: bool = False        # entered before the trace began: a return only
    unfinished: bool = False  # not back when the trace ended: an entry only
    injected: bool = False    # the result is strace's own, as -e inject told it
    comm: str = ''
    abi: str = ''             # of guestrace only
    start: int = 0            # microseconds
    duration: int = 0
    line: str = ''

    def key(self):
        return self.name, self.result

    def __str__(self):
        shown = f'{self.result:#x}' if isinstance(self.result, int) else self.result
        return f'{self.name}({", ".join(self.args)}) = {shown}'


def split_args(text):
    """The arguments of a call, text being what follows its opening bracket, and the rest behind
    the closing one (None when it never closes)."""
    args, start, depth, i = [], 0, 0, 0
    while i < len(text):
        char = text[i]
        if char == '"':
            i += 1
            while i < len(text) and text[i] != '"':
                i += 2 if text[i] == '\\' else 1
        elif text.startswith('/*', i):
            i = text.find('*/', i) + 1 or len(text)
        elif char in '([{':
            depth += 1
        elif char in ')]}' and depth > 0:
            depth -= 1
        elif char == ')':
            return [arg.strip() for arg in [*args, text[start:i]] if arg.strip()], text[i + 1:]
        elif char == ',' and depth == 0:
            args.append(text[start:i])
            start = i + 1
        i += 1
    return [arg.strip() for arg in [*args, text[start:]] if arg.strip()], None


def parse_result(text):
    match = RESULT.match(text)
    if not match:
        raise ParseError(f'no result in: {text}')
    number, error = match.groups()
    if error:
        return error
    if number == '?':
        return None
    if re.fullmatch('0[0-7]+', number):
        return int(number, 8)
    return int(number, 0) & (1 << 64) - 1


def parse_name(text):
    match = NAME.match(text)
    if not match:
        raise ParseError(f'no call in: {text}')
    name = match[1]
    if name in ('syscall_?', 'syscall_0xffffffffffffffff', 'syscall_0xffffffff'):
        name = 'syscall_-1'
    return name, text[match.end():]


def complete(call, text):
    """Fills a call in from its whole text."""
    call.name, rest = parse_name(text)
    call.args, rest = split_args(rest)
    if rest is None:
        raise ParseError(f'no end of the arguments in: {text}')
    call.result = parse_result(rest)
    call.injected = rest.endswith(' (INJECTED)')


class StraceLog:
    """threads: by tid its calls; root: the first program's tid; ends: by tid the line "+++ ...";
    superseded: by tid the index of the execve that another thread made and that goes on in this."""

    def __init__(self, text):
        self.threads = {}
        self.ends = {}
        self.superseded = {}
        self.pending = {}  # by tid: the call, its text so far
        self.root = None
        for line in text.splitlines():
            match = STRACE_LINE.match(line)
            if not match:
                raise ParseError(f'not a line of strace: {line}')
            self._line(int(match[1]), match[2], line)
        for call, begun in self.pending.values():
            call.name, rest = parse_name(begun)
            call.args = split_args(rest)[0]
            call.unfinished = True

    def _line(self, tid, text, line):
        text = PID_CHANGED.sub(UNFINISHED, text)
        if self.root is None:
            self.root = tid
        if text.startswith('+++ '):
            self._event(tid, text)
        elif text.startswith('<... '):
            self._resumed(tid, text, line)
        elif not text.startswith(('--- ', '[ Process PID=')):
            self._call(tid, text, line)

    def _event(self, tid, text):
        match = SUPERSEDED.match(text)
        if not match:
            self.ends[tid] = text
            return
        # The other thread goes on under this tid, in the middle of its execve.
        other = int(match[1])
        call, begun = self.pending.pop(other)
        self.threads[other].remove(call)
        calls = self.threads.setdefault(tid, [])
        self.superseded[tid] = len(calls)
        calls.append(call)
        call.tid = tid
        self.pending[tid] = (call, begun)

    def _resumed(self, tid, text, line):
        match = RESUMED.match(text)
        if not match or tid not in self.pending:
            raise ParseError(f'nothing to resume: {line}')
        call, begun = self.pending.pop(tid)
        complete(call, begun + match[2])
        if match[1] != call.name:
            raise ParseError(f'{match[1]} resumed instead of {call.name}: {line}')

    def _call(self, tid, text, line):
        if tid in self.pending:
            raise ParseError(f'a call inside {self.pending[tid][1]}: {line}')
        call = Call(tid, '', line=line)
        self.threads.setdefault(tid, []).append(call)
        if text.endswith(UNFINISHED):
            self.pending[tid] = (call, text[:-len(UNFINISHED)])
        else:
            complete(call, text.replace(UNFINISHED + ')', ')'))


def guestrace_call(line):
    """The call on a line of guestrace."""
    match = GUESTRACE_LINE.match(line)
    if not match:
        raise ParseError(f'not a line of guestrace: {line}')
    hours, minutes, seconds, us, comm, tid, abi, text = match.groups()
    start = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000000 + int(us)
    call = Call(int(tid), '', comm=comm, start=start, line=line, abi=abi or 'x86_64')
    resumed = RESUMED.match(text)
    if resumed:
        call.name = 'syscall_-1' if resumed[1] == 'syscall_?' else resumed[1]
        call.result = parse_result(resumed[2])
        call.late = True
    elif text.endswith(UNFINISHED):
        call.name, rest = parse_name(text[:-len(UNFINISHED)])
        call.args = split_args(rest)[0]
        call.unfinished = True
    else:
        duration = DURATION.search(text)
        complete(call, text)
        if duration:
            call.duration = int(duration[1]) * 1000000 + int(duration[2])
    return call


def guestrace_threads(text):
    """By tid its calls, in the order of the lines."""
    threads = {}
    for line in text.splitlines():
        call = guestrace_call(line)
        threads.setdefault(call.tid, []).append(call)
    return threads
