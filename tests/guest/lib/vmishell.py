# SPDX-License-Identifier: LGPL-2.1-or-later
"""The embedded libvmi as tests in Python see it: vmi-shell, asked line by line."""

import subprocess

import guestlab

VMI_SHELL = guestlab.BUILD / 'tests/guest/vmi-shell'


class VmiShell:
    """libvmi on a guest, as a context. Each answer is a list of words, None where libvmi failed.
    config: a mode of configuration ("json"), and its value."""

    def __init__(self, name, *config):
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', VMI_SHELL, name, *map(str, config)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, errors='replace')
        if self.process.stdout.readline() != 'ready\n':
            self.process.wait()
            raise guestlab.TestbedError(f'vmi-shell cannot open {name}')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.stdin.close()
        return self.process.wait(30)

    def line(self, *words):
        """The answer as it is."""
        self.process.stdin.write(' '.join(map(str, words)) + '\n')
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise guestlab.TestbedError(f'vmi-shell died at: {words}')
        return None if answer == '-\n' else answer[:-1]

    def ask(self, *words):
        answer = self.line(*words)
        return None if answer is None else answer.split(' ')

    def symbol(self, name):
        answer = self.ask('symbol', name)
        return 0 if answer is None else int(answer[0], 16)

    def numbers(self, *words):
        """An answer of hexadecimal numbers."""
        answer = self.ask(*words)
        return None if answer is None else [int(word, 16) for word in answer]


def kernel_text(name, symbol='do_syscall_64', count=512):
    """The code of a function of the guest's kernel, as hexadecimal text."""
    with VmiShell(name) as vmi:
        return vmi.line('bytes', vmi.symbol(symbol), 0, count)
