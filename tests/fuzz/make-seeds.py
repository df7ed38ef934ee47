#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""make-seeds.py FIXTURES [VERSION]: cuts the tables of real kernels, which tests/unit/dump-fixtures has
read out of running guests into folders of FIXTURES, down to seeds for the fuzz targets, and makes a
small kernel (mini-kernel.bin) of those in the folder VERSION (6.12). Writes beside itself."""

import pathlib
import re
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGE = 4096
# As in fuzz-kernel.c.
IMAGE_PA = 0x100000
TEXT_VA = 0xffffffff81000000
TEXT_LEN = 0xa000
TEXT_BEFORE = 0x2000
RODATA_VA = 0xffffffff81400000
DIRECT_VA = 0xffff888000000000
ROOT_PA = 0x1000
TEXT_AT = TEXT_VA + IMAGE_PA
BASE = TEXT_VA
PROBE_MAGIC = 0x32656361727473
TYPES = ('task_struct', 'signal_struct', 'mm_struct', 'syscall_metadata', 'pcpu_hot', 'list_head',
         'vmap_area', 'vm_struct')
N_CALLS = 110


class Kallsyms:
    """Names, types and addresses out of a kernel's tables."""

    def __init__(self, directory):
        info = dict(re.findall(r'^(\w+)=(\w+)$', (directory / 'kallsyms.info').read_text(), re.M))
        self.n = int(info['n_symbols'])
        self.base = int(info['relative_base'], 16)
        self.rodata_va = int(info['rodata_va'], 16)
        self.names = (directory / 'kallsyms-names').read_bytes()
        self.table = (directory / 'kallsyms-token-table').read_bytes()
        self.index = (directory / 'kallsyms-token-index').read_bytes()
        self.offsets = (directory / 'kallsyms-offsets').read_bytes()
        starts = struct.unpack('<256H', self.index)
        tokens = [self.table[s:self.table.index(b'\0', s)] for s in starts]
        self.symbols, self.ends, at = [], [], 0
        for i in range(self.n):
            length, at = self.names[at], at + 1
            if length & 0x80:
                length, at = (length & 0x7f) | self.names[at] << 7, at + 1
            text = b''.join(tokens[t] for t in self.names[at:at + length]).decode()
            at += length
            raw, = struct.unpack_from('<i', self.offsets, 4 * i)
            self.symbols.append((raw if raw >= 0 else self.base - 1 - raw, text[0], text[1:]))
            self.ends.append(at)
        self.by_name = {name: address for address, _, name in reversed(self.symbols)}


class Btf:
    """Types, to cut the wanted ones out."""

    RECORDS = {1: 4, 3: 12, 14: 4, 17: 4}          # bytes behind the header, for all of a kind
    MEMBERS = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}  # for each of vlen

    def __init__(self, data):
        _, _, _, header, type_off, type_len, str_off, str_len = struct.unpack_from('<HBBIIIII', data)
        self.strings = data[header + str_off:header + str_off + str_len]
        self.types = [None]
        at, end = header + type_off, header + type_off + type_len
        while at < end:
            name, info, third = struct.unpack_from('<III', data, at)
            kind, vlen = info >> 24 & 31, info & 0xffff
            size = self.RECORDS.get(kind, 0) + self.MEMBERS.get(kind, 0) * vlen
            self.types.append((name, info, third, data[at + 12:at + 12 + size]))
            at += 12 + size

    def text(self, offset):
        return self.strings[offset:self.strings.index(b'\0', offset)]

    def slice(self, names, per_kind=0):
        """The named structures and what they consist of; pointers lead nowhere."""
        new, order = {0: 0}, []
        strings, places = bytearray(b'\0'), {b'': 0}

        def add(number):
            if number not in new:
                new[number] = len(order) + 1
                order.append(number)
            return new[number]

        def place(offset):
            text = self.text(offset)
            if text not in places:
                places[text] = len(strings)
                strings.extend(text + b'\0')
            return places[text]

        kinds = {}
        for number, entry in enumerate(self.types[1:], 1):
            kind = entry[1] >> 24 & 31
            if kind in (4, 5) and self.text(entry[0]).decode() in names:
                add(number)
            elif kinds.get(kind, 0) < per_kind and len(entry[3]) < 200:
                kinds[kind] = kinds.get(kind, 0) + 1
                add(number)
        body, done = bytearray(), 0
        while done < len(order):
            name, info, third, rest = self.types[order[done]]
            kind, vlen, done = info >> 24 & 31, info & 0xffff, done + 1
            if kind == 2:
                third = 0
            elif kind in (8, 9, 10, 11, 12, 13, 14, 17, 18):
                third = add(third)
            words = list(struct.unpack(f'<{len(rest) // 4}I', rest))
            if kind == 3:
                words[:2] = add(words[0]), add(words[1])
            for i in range(vlen):
                if kind in (4, 5):
                    words[3 * i], words[3 * i + 1] = place(words[3 * i]), add(words[3 * i + 1])
                elif kind == 13:
                    words[2 * i], words[2 * i + 1] = place(words[2 * i]), add(words[2 * i + 1])
                elif kind == 15:
                    words[3 * i] = add(words[3 * i])
                elif kind in (6, 19):
                    size = 2 if kind == 6 else 3
                    words[size * i] = place(words[size * i])
            body += struct.pack(f'<III{len(words)}I', place(name), info, third, *words)
        head = struct.pack('<HBBIIIII', 0xeb9f, 1, 0, 24, 0, len(body), len(body), len(strings))
        return head + bytes(body) + bytes(strings)

    def offset(self, struct_name, member):
        """Bits of a member that is in the structure itself or in an anonymous part of it."""
        def search(number):
            _, info, _, rest = self.types[number]
            for i in range(info & 0xffff):
                name, kind, where = struct.unpack_from('<III', rest, 12 * i)
                where = where & 0xffffff if info >> 31 else where
                if self.text(name) == member.encode():
                    return where
                if not self.text(name) and self.types[kind][1] >> 24 & 31 in (4, 5):
                    inner = search(kind)
                    if inner is not None:
                        return where + inner
            return None
        for number, entry in enumerate(self.types[1:], 1):
            if entry[1] >> 24 & 31 == 4 and self.text(entry[0]) == struct_name.encode():
                return search(number) // 8
        raise SystemExit(f'make-seeds: no {struct_name}')


def seed(target, name, data):
    directory = HERE / 'corpus' / target
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f'seed-{name}').write_bytes(data)


def kallsyms_seeds(version, table):
    """The first symbols of a kernel: told where they are, and as they lie in memory."""
    n = 600
    names, offsets = table.names[:table.ends[n - 1]], table.offsets[:4 * n]
    first = min(s[0] for s in table.symbols[:n] if s[0] > table.base // 2)
    head = struct.pack('<BIHQQ', 1, n, len(table.table), TEXT_VA + table.base - first, 0)
    seed('kallsyms', version + '-told', head + table.index + table.table + offsets + names)

    n = 1100
    names, offsets = table.names[:table.ends[n - 1]], table.offsets[:4 * n]

    def pad(data):
        return data + bytes(-len(data) % 8)
    markers = [0] + [table.ends[i - 1] for i in range(256, n, 256)]
    middle = (pad(struct.pack('<I', n)) + pad(names) + pad(struct.pack(f'<{len(markers)}I', *markers))
              + pad(table.table))
    behind = pad(offsets) + struct.pack('<Q', TEXT_VA)
    old, new = behind + middle + pad(table.index), middle + pad(table.index) + behind
    seed('kallsyms', version + '-shape', bytes(8) + b'\0' + (old if version == '6.1' else new))


class Image:
    """The small kernel: text, then everything else."""

    def __init__(self, text):
        self.data = bytearray(text.ljust(TEXT_LEN, b'\xcc'))
        self.symbols = []

    def put(self, data, name=None, align=8, kind='D'):
        self.data += bytes(-len(self.data) % align)
        va = RODATA_VA + len(self.data)
        self.data += data
        if name:
            self.symbols.append((va, kind, name))
        return va

    def set(self, va, value):
        struct.pack_into('<Q', self.data, va - RODATA_VA, value)


def put_calls(image, btf, signatures, functions):
    """sys_call_table and the metadata of its first calls."""
    table = []
    for i, function in enumerate(functions):
        address = TEXT_VA + 0x180000 + 16 * i
        table.append(address)
        image.symbols.append((address, 'T', function))
    image.put(struct.pack(f'<{len(table)}Q', *table), 'sys_call_table')
    size = max(btf.offset('syscall_metadata', m) for m in ('name', 'nb_args', 'types', 'args')) + 64
    for function in functions:
        stem = function[len('__x64_sys_'):]
        if stem not in signatures:
            continue
        args = signatures[stem]
        strings = [image.put(text.encode() + b'\0', align=1) for pair in args for text in pair]
        types = image.put(struct.pack(f'<{len(args)}Q', *strings[0::2]))
        names = image.put(struct.pack(f'<{len(args)}Q', *strings[1::2]))
        name = image.put(f'sys_{stem}\0'.encode(), align=1)
        meta = image.put(bytes(size), f'__syscall_meta__{stem}', kind='d')
        image.set(meta + btf.offset('syscall_metadata', 'name'), name)
        image.set(meta + btf.offset('syscall_metadata', 'nb_args'), len(args))
        image.set(meta + btf.offset('syscall_metadata', 'types'), types)
        image.set(meta + btf.offset('syscall_metadata', 'args'), names)


def put_tasks(image, btf):
    """The idle task and two processes, one with two threads."""
    def at(member):
        return btf.offset('task_struct', member)
    size = max(at(m) for m in ('tasks', 'tgid', 'flags', 'mm', 'signal', 'thread_node', 'stack')) + 64
    tasks = [image.put(bytes(size), 'init_task' if i == 0 else None) for i in range(4)]
    signals = [image.put(bytes(btf.offset('signal_struct', 'thread_head') + 16)) for _ in range(3)]
    mm = image.put(bytes(btf.offset('mm_struct', 'pgd') + 8))
    image.set(mm + btf.offset('mm_struct', 'pgd'), DIRECT_VA + ROOT_PA)
    leaders = tasks[:3]
    for i, task in enumerate(leaders):
        image.set(task + at('tasks'), leaders[(i + 1) % 3] + at('tasks'))
    for task, signal, pid in zip(tasks, (0, 1, 2, 2), (0, 1, 2, 2)):
        image.set(task + at('signal'), signals[signal])
        image.set(task + at('mm'), mm if pid else 0)
        image.set(task + at('tgid'), pid)
    head = btf.offset('signal_struct', 'thread_head')
    for signal, members in zip(signals, ([0], [1], [2, 3])):
        ring = [signal + head] + [tasks[m] + at('thread_node') for m in members]
        for node, following in zip(ring, ring[1:] + ring[:1]):
            image.set(node, following)


def put_areas(image, btf):
    """The list of two areas of kernel memory, one with a probe that was left behind."""
    link = btf.offset('vmap_area', 'list')
    head = image.put(bytes(16), 'vmap_area_list')
    header = image.put(struct.pack('<QQQ', PROBE_MAGIC, PAGE, 0).ljust(1024, b'\0'), align=PAGE)
    nodes = [head]
    for start in (header, head):
        vm = image.put(bytes(btf.offset('vm_struct', 'caller') + 8))
        for member, value in (('addr', start), ('size', 2 * PAGE), ('caller', TEXT_AT)):
            image.set(vm + btf.offset('vm_struct', member), value)
        area = image.put(bytes(max(link + 16, btf.offset('vmap_area', 'vm') + 8)))
        image.set(area + btf.offset('vmap_area', 'vm'), vm)
        nodes.append(area + link)
    for node, following in zip(nodes, nodes[1:] + nodes[:1]):
        image.set(node, following)


def put_kallsyms(image):
    """All symbols, each name spelt out: a token for each character."""
    symbols = sorted(image.symbols)
    tokens = [bytes([i]) if 33 <= i < 127 else b'?' for i in range(256)]
    index, table = [], b''
    for token in tokens:
        index.append(len(table))
        table += token + b'\0'
    names = b''.join(bytes([len(kind + name)]) + (kind + name).encode()
                     if len(kind + name) < 128 else b'\x02T?' for _, kind, name in symbols)
    offsets = b''.join(struct.pack('<i', BASE - 1 - address) for address, _, _ in symbols)
    return {'num_syms': image.put(struct.pack('<Q', len(symbols))), 'names': image.put(names),
            'token_table': image.put(table), 'token_index': image.put(struct.pack('<256H', *index)),
            'offsets': image.put(offsets), 'relative_base': image.put(struct.pack('<Q', BASE))}


def mini_kernel(directory, table):
    text_va = (table.by_name['do_syscall_64'] & ~(PAGE - 1)) - TEXT_BEFORE
    image = Image((directory / 'text').read_bytes())
    names = set()
    for address, kind, name in table.symbols:
        if text_va <= address < text_va + TEXT_LEN and name not in names:
            names.add(name)
            image.symbols.append((TEXT_AT + address - text_va, kind, name))
    cut = Btf((directory / 'btf').read_bytes()).slice(TYPES)
    btf = Btf(cut)
    signatures = {}
    for line in (HERE.parent / 'unit/data/syscalls-6.12.txt').read_text().splitlines():
        name, _, args = line.partition(' ')
        signatures[name] = [tuple(a.rsplit(' ', 1)) for a in args.split(', ')] if args else []
    functions = [f'__x64_sys_{name}' for name in ('read', 'write', 'open', 'close', 'openat', 'readv',
                                                   'writev', 'execve', 'exit', 'clone', 'mount')]
    functions += [f'__x64_sys_{name}' for name in sorted(signatures)
                  if f'__x64_sys_{name}' not in functions][:N_CALLS]
    put_calls(image, btf, signatures, functions)
    put_tasks(image, btf)
    put_areas(image, btf)
    start = image.put(cut, '__start_BTF')
    image.symbols.append((start + len(cut), 'D', '__stop_BTF'))
    image.put(b'Linux version 6.12.0-mini (fuzz) #1 SMP\n\0', 'linux_banner')
    image.symbols.append((TEXT_VA, 'T', '_text'))
    tables = put_kallsyms(image)
    note = 'OSRELEASE=6.12.0-mini\nBUILD-ID=0123456789abcdef\nPAGESIZE=4096\nKERNELOFFSET=0\n'
    note += ''.join(f'SYMBOL(kallsyms_{name})={va:x}\n' for name, va in tables.items())
    note_va = image.put(note.encode().ljust(PAGE, b'\0'), align=PAGE)
    image.put(struct.pack('<Q', DIRECT_VA + IMAGE_PA + note_va - RODATA_VA))
    (HERE / 'mini-kernel.bin').write_bytes(image.data)
    seed('kernel', 'whole', b'\0')
    seed('kernel', 'user-half', b'\1')


def main():
    fixtures = pathlib.Path(sys.argv[1])
    wanted = sys.argv[2] if len(sys.argv) > 2 else '6.12'
    for directory in sorted(d for d in fixtures.iterdir() if d.is_dir()):
        table = Kallsyms(directory)
        kallsyms_seeds(directory.name, table)
        types = Btf((directory / 'btf').read_bytes())
        seed('btf', directory.name, types.slice(('task_struct', 'syscall_metadata'), 3))
        seed('btf', directory.name + '-small', types.slice(('list_head', 'path'), 2))
        seed('vmcoreinfo', directory.name,
             (directory / 'vmcoreinfo').read_bytes().rstrip(b'\0') + b'\0')
        if directory.name == wanted:
            mini_kernel(directory, table)


main()
