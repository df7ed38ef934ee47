#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""guestrace info and ps, and the embedded libvmi, on a running guest and on images of its memory in
each format: they tell what the guest told of itself."""

import base64
import collections
import json
import pathlib
import re
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402
import vmishell  # noqa: E402

# Built-in commands of the shell alone: it would see the programs that it starts for this.
LIST = r'''
for d in /proc/[0-9]*; do
  ppid= uid= threads= kthread=
  while read -r key value rest; do
    case $key in
    PPid:) ppid=$value ;;
    Uid:) uid=$value ;;
    Threads:) threads=$value ;;
    Name:) name=$value ;;
    esac
  done <$d/status
  echo "${d#/proc/} $ppid $uid $threads $name"
done
'''
ROW = re.compile(r'^ *(\d+) +(\d+) +(\d+) +(\d+)  (.*)$', re.M)
FIRMWARE = 0xc0000000
ON_LIBVMI = guestlab.BUILD / 'tests/guest/guestrace-on-libvmi'
OS_ERROR, NO_CONFIG, NO_ENTRY = 5, 7, 8  # of vmi_init_error_t
LIME = struct.Struct('<IIQQ8x')


def processes(guest):
    """{pid: (parent, user, threads)} by the guest's word."""
    rows = [line.split(' ', 4) for line in guest.sh(LIST).splitlines()]
    return {int(row[0]): tuple(map(int, row[1:4])) for row in rows}


def listed(output):
    return {int(pid): (int(ppid), int(uid), int(n)) for pid, ppid, uid, n, _ in ROW.findall(output)}


def command_of(output, pid):
    return next((command for row, _, _, _, command in ROW.findall(output) if int(row) == pid), None)


def lasting(before, after, lists):
    """Those of the guest's processes that were there all the time, in each of the lists."""
    return [{pid: rows.get(pid) for pid in before if before[pid] == after.get(pid)} for rows in lists]


def build_id(guest):
    notes = guest.fetch('/sys/kernel/notes')
    at = notes.index(b'GNU\0')
    size, = struct.unpack_from('<I', notes, at - 8)
    return notes[at + 4:at + 4 + size].hex()


def check_info(tap, what, output, wanted):
    told = {line[:14].strip(): line[15:] for line in output.splitlines()}
    symbols = int(told.get('symbols', '0').split(',')[0])
    tap.equal((told.get('system'), told.get('banner'), told.get('build id'), symbols), wanted, f'{what}: info')
    return told


def segments(elf):
    """[(address, file offset, size)] of an ELF core."""
    with open(elf, 'rb') as file:
        head = file.read(64)
        offset, = struct.unpack_from('<Q', head, 32)
        n, = struct.unpack_from('<H', head, 56)
        file.seek(offset)
        table = [struct.unpack('<IIQQQQQQ', file.read(56)) for _ in range(n)]
    return [(physical, at, size) for kind, _, at, _, physical, size, _, _ in table if kind == 1 and size]


def to_lime(elf, lime):
    """The same memory as LiME writes it."""
    with open(elf, 'rb') as source, open(lime, 'wb') as sink:
        for address, at, size in segments(elf):
            source.seek(at)
            sink.write(LIME.pack(0x4c694d45, 1, address, address + size - 1))
            sink.write(source.read(size))


def make_images(guest, directory):
    """{format: file}; the guest stands still meanwhile, and goes on standing still."""
    images = {'ELF core': directory / 'elf', 'LiME': directory / 'lime', 'raw': directory / 'raw'}
    guest.hmp('stop')
    guest.hmp(f'dump-guest-memory {images["ELF core"]}')
    end = max(address + size for address, _, size in segments(images['ELF core']) if address < FIRMWARE)
    guest.hmp(f'pmemsave 0 {end} "{images["raw"]}"')
    to_lime(images['ELF core'], images['LiME'])
    return images


def check_reading(tap, live, what, path, places):
    """The same bytes, symbols and page tables, and nothing can be written."""
    with vmishell.VmiShell(str(path)) as image:
        for name, question in places.items():
            answer = image.line(*question)
            tap.ok(answer is not None and answer == live[name], f'{what}: {name}', f'{answer}\n{live[name]}')
        address = hex(image.symbol('linux_banner'))
        tap.ok(image.ask('write64', address, 0, '0x1') is None, f'{what}: cannot be written')


FIELD = re.compile(r'^\t[^\t}].*?(?:\(\*(\w+)\)\(.*\)|(\w+)(?:\[\d*\])*(?::\d+)?); +/\* +(\d+)(?:: *(\d+))? +\d+ \*/$', re.M)
STRUCTURES = 'task_struct', 'vm_area_struct', 'tcp_sock', 'sk_buff', 'module', 'cred', 'inode', 'net'


def places_by_pahole(btf, name):
    """{member: its first bit} of a structure, as pahole reads the kernel's types."""
    text = subprocess.run(['pahole', '-C', name, btf], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=True).stdout
    return {pointer or plain: int(byte) * 8 + int(bit or 0) for pointer, plain, byte, bit in FIELD.findall(text)}


def places_by_profile(fields):
    return {name: field['offset'] * 8 + field['type'].get('bit_position', 0) for name, field in fields.items()
            if not field.get('anonymous')}


def unresolved(profile):
    """What the profile's types refer to and it does not have."""
    kinds = {'struct': 'user_types', 'union': 'user_types', 'enum': 'enums', 'base': 'base_types'}
    missing = set()

    def look(node):
        kind = node['kind']
        if kind in kinds and node['name'] not in profile[kinds[kind]]:
            missing.add((kind, node['name']))
        for more in 'subtype', 'type':
            if more in node:
                look(node[more])

    for user_type in profile['user_types'].values():
        for field in user_type['fields'].values():
            look(field['type'])
    for symbol in profile['symbols'].values():
        look(symbol['type'])
    return sorted(missing | {('base', enum['base']) for enum in profile['enums'].values()
                             if enum['base'] not in profile['base_types']})


def check_profile(tap, directory, image, slide, facts):
    """Symbols as /proc/kallsyms has them, structures as pahole has them, nothing missing."""
    run = guestlab.guestrace('profile', '-o', directory / 'isf', image)
    profile = json.loads((directory / 'isf').read_text()) if run.returncode == 0 else {'symbols': {}, 'user_types': {}}
    wrong = [name for name, address in facts['symbols'].items()
             if profile['symbols'].get(name, {}).get('address') != address - slide]
    tap.ok(len(facts['symbols']) > 50000 and not wrong, f'profile: {len(facts["symbols"])} symbols',
           f'{run.stderr}{wrong[:10]}')
    for name in STRUCTURES:
        wanted = places_by_pahole(facts['btf'], name)
        got = places_by_profile(profile['user_types'].get(name, {'fields': {}})['fields'])
        got = {member: bit for member, bit in got.items() if member in wanted}
        tap.ok(len(wanted) > 5 and got == wanted, f'profile: {len(wanted)} members of {name}',
               {m: (wanted[m], got.get(m)) for m in wanted if wanted[m] != got.get(m)})
    tap.equal(unresolved(profile), [], 'profile: all types are there')
    banner = profile['symbols'].get('linux_banner', {}).get('constant_data', '')
    tap.equal(base64.b64decode(banner).decode(), facts['banner'] + '\n\0', 'profile: the banner')
    full = subprocess.run([guestlab.GUESTRACE, 'profile', '-o', '/dev/full', image], stderr=subprocess.PIPE, text=True)
    tap.ok(full.returncode == 1 and full.stderr.count('\n') == 1 and 'No space' in full.stderr, 'profile: a full disk',
           full.stderr)
    shell = subprocess.run(f'"{guestlab.GUESTRACE}" profile {image} | head -c 9; echo ${{PIPESTATUS[0]}}', shell=True,
                           executable='/bin/bash', stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    tap.ok(shell.stdout.endswith('141\n') and not shell.stderr, 'profile: a reader that goes', shell)


def facts_of(guest, directory):
    """What the guest says of its kernel, while it runs: global names that are there once."""
    rows = [line.split() for line in guest.fetch('/proc/kallsyms').decode().splitlines()]
    often = collections.Counter(row[2] for row in rows if len(row) == 3)
    (directory / 'btf').write_bytes(guest.fetch('/sys/kernel/btf/vmlinux'))
    return {'symbols': {row[2]: int(row[0], 16) for row in rows if len(row) == 3 and often[row[2]] == 1 and
                        int(row[0], 16) >= 0xffffffff80000000},
            'btf': directory / 'btf', 'banner': guest.sh('cat /proc/version').strip()}


def tokens_of(image):
    """Where the kernel keeps the parts that its symbols' names are made of, the digits among them."""
    text = image.read_bytes()
    at = re.search(rb'[\w.$]{2}' + b''.join(rb'\x00%d' % digit for digit in range(10)) + rb'\x00', text).start()
    return text[at:at + 600]


def refused(tap, image, profile, words, what):
    run = guestlab.guestrace('info', '--profile', profile, image)
    tap.ok(run.returncode == 1 and run.stderr.count('\n') == 1 and words in run.stderr, what, run.stderr)


def reason(image, *config):
    """Why vmi_init_complete() fails, libvmi's number."""
    run = subprocess.run([vmishell.VMI_SHELL, image, *map(str, config)], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return int(run.stderr.split('(')[-1].split(')')[0]) if run.returncode else 0


def check_configured(tap, directory, image, profile):
    """The same profile by each of libvmi's ways to tell it of one. The image has no symbols and types."""
    (directory / 'libvmi.conf').write_text(f'other {{ ostype = "Windows"; }}\n# ours\n{image.name} {{\n'
                                           f'  ostype = "Linux"; volatility_ist = {profile}; linux_pid = 0x4;\n}}\n')
    (directory / 'none.conf').write_text('other { ostype = "Linux"; }')
    (directory / 'bad.conf').write_text(f'{image.name} {{ ostype = "Linux" }}')
    ways = (('json', profile), ('string', f'{{volatility_ist = "{profile}";}}'), ('hash', f'volatility_ist={profile}'),
            ('file', directory / 'libvmi.conf'))
    for mode, value in ways:
        with vmishell.VmiShell(image, mode, value) as vmi:
            tap.ok(vmi.symbol('init_task') > 0xffffffff80000000, f'libvmi, configured by {mode}')
    got = [reason(image, *way) for way in (
        ('global',), ('json', directory / 'none'), ('json',), ('string', '{ostype = "Windows";}'), ('string', '{ostype = Linux;'),
        ('string', '{ostype = "Plan9";}'), ('file', directory / 'none.conf'), ('file', directory / 'bad.conf'))]
    tap.equal(got, [OS_ERROR, OS_ERROR, NO_CONFIG, OS_ERROR, NO_CONFIG, NO_ENTRY, NO_ENTRY, NO_CONFIG],
              'what libvmi says of configurations that are of no use')


def check_given(tap, directory, image, standing, facts):
    """A profile in the place of what the kernel does not have: its types first, then its symbols, too."""
    profile = directory / 'isf'
    subprocess.run(['xz', '-0', '-k', profile], check=True)
    types = facts['btf'].read_bytes()[:64]
    for lacking, old in ('types', types), ('symbols', tokens_of(image)):
        lost = guestkernel.overwrite(image, old, bytes(len(old)))
        run = guestlab.guestrace('info', image)
        tap.ok(lost > 0 and run.returncode == 1, f'an image without {lacking}', run.stdout + run.stderr)
        for form in profile, f'{profile}.xz':
            ps = guestlab.guestrace('ps', '--profile', form, image)
            tap.ok(ps.stdout == standing and ps.returncode == 0, f'without {lacking}: ps with a profile',
                   f'{ps.stdout}{ps.stderr}{standing}')
    check_configured(tap, directory, image, profile)
    run = guestlab.guestrace('info', '--profile', profile, image)
    tap.ok(len(re.findall(r'^(symbols|types) .*from the profile$', run.stdout, re.M)) == 2 and facts['banner'] in run.stdout,
           'info says so', run.stdout + run.stderr)
    banner = facts['banner'].encode()
    (directory / 'other').write_bytes(profile.read_bytes().replace(
        base64.b64encode(banner + b'\n\0'), base64.b64encode(banner.replace(b' #1 ', b' #2 ') + b'\n\0')))
    (directory / 'half').write_bytes(profile.read_bytes()[:1 << 20])
    (directory / 'half.xz').write_bytes(pathlib.Path(f'{profile}.xz').read_bytes()[:1 << 16])
    (directory / 'json').write_text('{"symbols": [1, {}], "user_types": {}}')
    refused(tap, image, directory / 'other', 'another kernel', "another kernel's profile")
    refused(tap, image, directory / 'half', 'ends too early', 'half a profile')
    refused(tap, image, directory / 'half.xz', 'damaged xz', 'half a compressed one')
    refused(tap, image, directory / 'json', 'no symbol file', 'other JSON')
    refused(tap, image, directory / 'none', 'No such file', 'no file')


def check_traced(tap, guest, profile, btf):
    """A running guest that has lost its types."""
    types = btf.read_bytes()[:64]
    guestkernel.overwrite(guestkernel.ram(guest), types, bytes(64))
    run = guestlab.guestrace('--for', '1', guest.name)
    tap.ok(run.returncode == 1 and '--profile' in run.stderr, 'without types there is no trace', run.stderr)
    with guestlab.trace(guest, '--profile', profile) as trace:
        guest.sh('cat /etc/hosts')
    tap.ok(trace.status == 0 and re.search(r'cat\[\d+\] openat\(AT_FDCWD, "/etc/hosts", O_RDONLY', trace.output),
           'with a profile there is', trace.output[-2000:] + trace.stderr)


def check_on_libvmi(tap, guest):
    """The same from the command as -Dlibvmi=system builds it, by nothing but libvmi's interface."""
    for words in ('info',), ('ps',), ('profile', '-o', guest.dir / 'wanted'):
        wanted = guestlab.guestrace(*words, guest.name)
        got = subprocess.run([ON_LIBVMI, *(guest.dir / 'got' if word == guest.dir / 'wanted' else word for word in words),
                              guest.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        tap.ok((got.returncode, got.stdout, got.stderr) == (0, wanted.stdout, ''), f'{words[0]} on libvmi', f'{wanted}\n{got}')
    tap.ok((guest.dir / 'wanted').read_bytes() == (guest.dir / 'got').read_bytes(), 'and the same profile')


def check_broken(tap, directory, elf, lime):
    """Files that are none, or not whole: a sentence each."""
    whole = elf.read_bytes()[:1 << 20]
    cases = {
        'empty': (b'', 'empty'),
        'text': (b'no image\n' * 1000, 'no Linux kernel found'),
        'kdump': (b'KDUMP   ' + bytes(4096), 'compressed kdump'),
        'disk': (b'QFI\xfb' + bytes(4096), 'disk image'),
        'cut ELF': (whole[:80], 'ends before'),
        'ELF without memory': (whole[:56] + bytes(8) + whole[64:], 'no memory in it'),
        'program': (pathlib.Path(sys.executable).read_bytes()[:1 << 16], 'no core'),
        'half an ELF': (whole, 'no Linux kernel found'),
        'damaged LiME': (lime.read_bytes()[:40] + bytes(8), 'no Linux kernel found'),
        'LiME of nothing': (LIME.pack(0x4c694d45, 1, 5, 4), 'damaged'),
    }
    for name, (data, words) in cases.items():
        path = directory / 'broken'
        path.write_bytes(data)
        run = guestlab.guestrace('info', path)
        tap.ok(run.returncode == 1 and run.stderr.count('\n') == 1 and words in run.stderr, f'{name}: a sentence',
               f'{run.returncode} {run.stderr}')
    run = guestlab.guestrace(elf)
    tap.ok(run.returncode == 1 and 'not a running guest' in run.stderr, 'an image cannot be traced', run.stderr)


def main():
    with guestlab.Tap() as tap, guestkernel.boot(sys.argv[1], smp=2, ram='shared') as guest:
        guest.sh('(sleep 4242 & threads 3 1000000000 & asuser 1234 sleep 4343 &) >/dev/null 2>&1; sleep 0.5')
        sleeper = int(guest.sh('pidof sleep').split()[-1])
        symbols = int(guest.sh(r"grep -vc '\[' /proc/kallsyms"))
        wanted = ('Linux ' + guest.sh('uname -r').strip(), guest.sh('cat /proc/version').strip(), build_id(guest), symbols)
        told = check_info(tap, 'guest', guestlab.guestrace('info', guest.name).stdout, wanted)
        before = processes(guest)
        running = guestlab.guestrace('ps', guest.name)
        after = processes(guest)
        theirs, ours = lasting(before, after, (before, listed(running.stdout)))
        tap.ok(len(ours) > 30 and theirs == ours, f'guest: ps: {len(ours)} processes', f'{theirs}\n{ours}')
        arguments = guest.fetch(f'/proc/{sleeper}/cmdline').decode().rstrip('\0').replace('\0', ' ')
        tap.equal(command_of(running.stdout, sleeper), arguments, 'guest: ps: the arguments of a program')
        tap.ok(any(row[1] == 1234 for row in ours.values()) and any(row[2] == 4 for row in ours.values()),
               'guest: ps: users and threads', ours)

        facts = facts_of(guest, guest.dir)
        images = make_images(guest, guest.dir)
        standing = guestlab.guestrace('ps', guest.name)
        with vmishell.VmiShell(guest.name) as vmi:
            places = {
                'the banner': ('bytes', hex(vmi.symbol('linux_banner')), 0, 64),
                'the text': ('bytes', hex(vmi.symbol('do_syscall_64')), 0, 4096),
                "a process's page tables": ('dtb', sleeper),
                'a symbol': ('symbol', 'init_task'),
            }
            live = {name: vmi.line(*question) for name, question in places.items()}
        check_on_libvmi(tap, guest)
        for what, path in images.items():
            info, ps = guestlab.guestrace('info', path), guestlab.guestrace('ps', f'file:{path}')
            said = check_info(tap, what, info.stdout, wanted)
            tap.ok(f'({what})' in said.get('image', ''), f'{what}: the format', info.stdout + info.stderr)
            tap.ok(ps.stdout == standing.stdout and ps.returncode == 0, f'{what}: ps as of the guest itself',
                   f'{ps.stdout}{ps.stderr}{standing.stdout}')
            check_reading(tap, live, what, path, places)
        slide = int(told['KASLR offset'], 16)
        check_profile(tap, guest.dir, images['ELF core'], slide, facts)
        check_broken(tap, guest.dir, images['ELF core'], images['LiME'])
        check_given(tap, guest.dir, images['ELF core'], standing.stdout, facts)
        guest.hmp('cont')
        check_traced(tap, guest, guest.dir / 'isf', facts['btf'])
        guestkernel.check_health(tap, guest, 'after all that')


main()
