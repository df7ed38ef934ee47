#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvmi's functions on Windows' executables, held against objdump on libraries that ld makes.
usage: test_peparse.py PE-REPORT"""

import pathlib
import re
import struct
import subprocess
import sys
import tempfile

BASE = 0x100000
SOURCE = 'int answer (void) { return 42; }\nint other = 7;\nint third (int a) { return a + other; }\n'


def run(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def make_unit(directory, bits):
    source, unit = directory / 'library.c', directory / 'library.o'
    source.write_text(SOURCE)
    # The compiler's own code is of ELF's kind, which ld takes as well.
    run('gcc', '-c', bits, '-ffreestanding', '-fno-pic', '-fno-asynchronous-unwind-tables', '-fcf-protection=none',
        '-o', unit, source)
    return unit


def make_wide(directory):
    """A DLL of 64 bits."""
    unit, library = make_unit(directory, '-m64'), directory / 'wide.dll'
    run('ld', '-m', 'i386pep', '-shared', '--export-all-symbols', '-e', '0', '-o', library, unit)
    return library


def make_narrow(directory):
    """One of 32 bits, which ld makes as ELF only: what objcopy leaves at 0 is filled in."""
    unit, library = make_unit(directory, '-m32'), directory / 'narrow.dll'
    run('ld', '-m', 'elf_i386', '-Ttext', '0x401000', '-e', '0x401000', '-o', directory / 'elf', unit)
    run('objcopy', '-O', 'pei-i386', directory / 'elf', library)
    data = bytearray(library.read_bytes())
    optional = struct.unpack_from('<I', data, 0x3c)[0] + 24
    struct.pack_into('<I', data, optional + 28, 0x400000)  # ImageBase
    struct.pack_into('<I', data, optional + 56, 0x5000)  # SizeOfImage
    for i in range(2, 16):
        struct.pack_into('<II', data, optional + 96 + 8 * i, 0x10000 + i, 0x100 * i)
    library.write_bytes(data)
    return library


def as_loaded(library):
    """The library as it lies in memory: its headers, and its sections where objdump says."""
    data, memory = library.read_bytes(), bytearray(BASE + 0x10000)
    memory[BASE:BASE + 0x400] = data[:0x400]
    base = int(re.search(r'ImageBase\s+([0-9a-f]+)', run('objdump', '-p', library))[1], 16)
    for size, vma, offset in re.findall(r'^ +\d+ \.\S+ +([0-9a-f]+) +([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+) ',
                                        run('objdump', '-h', library), re.M):
        start, at, length = int(offset, 16), BASE + int(vma, 16) - base, int(size, 16)
        if 0 <= at - BASE < 0x10000 and start != 0:
            memory[at:at + length] = data[start:start + length]
    return bytes(memory)


def wanted_of(library):
    """What objdump says of it, by the report's names."""
    text = run('objdump', '-p', library)
    wanted = {name: int(re.search(rf'{name}\s+([0-9a-f]+)', text)[1], 16)
              for name in ('Magic', 'ImageBase', 'SizeOfImage')}
    wanted['sections'] = len(re.findall(r'^ +\d+ \.', run('objdump', '-h', library), re.M))
    for number, rva, size in re.findall(r'^Entry ([0-9a-f]) ([0-9a-f]+) ([0-9a-f]+) ', text, re.M):
        wanted[f'directory{number}'], wanted[f'size{number}'] = int(rva, 16), int(size, 16)
    wanted['directory10'] = wanted['size10'] = 0  # there is no seventeenth
    if wanted['directory0'] != 0:
        wanted['at'] = wanted['directory0']
        wanted['exports'] = 3
    return wanted


def main():
    report = sys.argv[1]
    print('1..4')
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        image = directory / 'image'
        names = []
        for number, library in enumerate((make_wide(directory), make_narrow(directory))):
            image.write_bytes(as_loaded(library))
            rows = dict(line.split(' ', 1) for line in run(report, image, f'{BASE:x}').splitlines())
            name = rows.pop('name', '')
            got, wanted = {key: int(value, 16) for key, value in rows.items()}, wanted_of(library)
            print('ok' if got == wanted else 'not ok', number + 1, '-', library.name)
            if got != wanted:
                print('#', {key: (wanted.get(key), got.get(key)) for key in wanted | got
                            if wanted.get(key) != got.get(key)})
            names.append(name)
        print('ok' if names == ['wide.dll', ''] else 'not ok', 3, '- the name in the export table', names)
        cut = bytearray(image.read_bytes())
        cut[BASE + 0x3c:BASE + 0x40] = b'\xff\xff\xff\x7f'  # where its second header would be
        image.write_bytes(cut)
        print('ok' if run(report, image, f'{BASE:x}') == 'none\n' else 'not ok', 4, '- a damaged one is none')


main()
