"""Programs that try to get out, by what they try; each says itself how it was refused.

`attack(place)` is called with what lies outside: `secret`, a file; `folder`, which it lies in; `port`, where somebody
listens; `pid`, of the process that runs the tests; `tests`, a file of them that ships with the package.
"""

import errno
import textwrap

PRELUDE = '''
import errno, os, sys

def refused(attempt):
    """`worked`, or the exception's name."""
    try:
        attempt()
    except BaseException as error:
        return type(error).__name__
    return "worked"
'''


def program(body: str) -> str:
    """`attack(place)` with this body, `refused` at hand."""
    return f"{PRELUDE}\ndef attack(place):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"


def tries(expression: str, *names: str) -> tuple[str, set[str]]:
    """A program that tries one thing, and the refusals that will do."""
    lines = f"import socket, subprocess, threading\nreturn refused(lambda: {expression})"
    return program(lines), set(names or ("PermissionError",))


ABSENT = ("PermissionError", "FileNotFoundError")
"""A file that may not be touched, or cannot even be seen."""

FILES = {
    "read a secret": tries("open(place['secret']).read()", *ABSENT),
    "read a secret by another way": tries("os.open(place['folder'] + '/../.ssh/id_ed25519', os.O_RDONLY)", *ABSENT),
    "read the shipped tests": tries("open(place['tests']).read()", *ABSENT),
    "import the rest of the package": tries("__import__('whet.errors')", "ModuleNotFoundError", "PermissionError"),
    "list the home folder": tries("os.listdir(place['folder'])", *ABSENT),
    "list the root": tries("open(os.path.join('/', os.listdir('/')[0], 'x'), 'w')", *ABSENT),
    "read the users": tries("open('/etc/passwd').read()", *ABSENT),
    "read the environment of others": tries("open(f'/proc/{place[\"pid\"]}/environ', 'rb').read()", *ABSENT),
    "read its own maps": tries("open('/proc/self/maps').read()", *ABSENT),
    "read the parent's memory": tries("open(f'/proc/{os.getppid()}/mem', 'rb')", *ABSENT),
    "see which files the parent has open": tries("os.listdir(f'/proc/{os.getppid()}/fd')", *ABSENT),
    "write a file": tries("open(place['folder'] + '/new', 'w')", *ABSENT),
    "write over a secret": tries("open(place['secret'], 'r+')", *ABSENT),
    "append to a secret": tries("open(place['secret'], 'a')", *ABSENT),
    "write a temporary file": tries("open('/tmp/whet-was-here', 'w')", *ABSENT),
    "write into the library": tries("open(os.__file__ + '.new', 'w')"),
    "write 10 GB": tries("os.truncate(os.open(place['folder'] + '/big', os.O_RDWR | os.O_CREAT), 10**10)", *ABSENT),
    "write 10 GB to memory": tries("os.truncate(os.memfd_create('big'), 10**10)"),
    "cut a secret off": tries("os.truncate(place['secret'], 0)"),
    "delete a secret": tries("os.unlink(place['secret'])"),
    "rename a secret": tries("os.rename(place['secret'], place['secret'] + '.mine')"),
    "open up a secret": tries("os.chmod(place['secret'], 0o777)"),
    "give a secret away": tries("os.chown(place['secret'], 1, 1)"),
    "date a secret back": tries("os.utime(place['secret'], (0, 0))"),
    "make a folder": tries("os.mkdir(place['folder'] + '/new')"),
    "go to the secret by a symbolic link": tries("os.symlink(place['secret'], place['folder'] + '/link')"),
    "go to the secret by a hard link": tries("os.link(place['secret'], place['folder'] + '/link')"),
    "make a pipe with a name": tries("os.mkfifo(place['folder'] + '/pipe')"),
    "make a device": tries("os.mknod(place['folder'] + '/device', 0o600 | 0o060000, os.makedev(8, 0))"),
    "change the root": tries("os.chroot('/usr')"),
    "go elsewhere": tries("os.chdir(place['folder'])"),
}

OTHERS = {
    "connect": tries("socket.create_connection(('127.0.0.1', place['port']), 2)"),
    "send a datagram": tries("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', place['port']))"),
    "ask for an address": tries("socket.getaddrinfo('example.org', 80)", "gaierror", "PermissionError"),
    "listen": tries("socket.create_server(('127.0.0.1', 0))"),
    "speak to a local socket": tries("socket.socket(socket.AF_UNIX).connect('\\0whet')"),
    "speak raw": tries("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"),
    "fork": tries("os.fork() or os._exit(0)"),
    "start a thread": tries("threading.Thread(target=print).start()", "RuntimeError"),
    "start a shell": tries("subprocess.run(['/bin/sh', '-c', 'true'])", *ABSENT),
    "become another program": tries("os.execv('/bin/sh', ['sh', '-c', 'true'])", *ABSENT),
    "kill the judge": tries("os.kill(os.getppid(), 9)"),
    "kill whoever runs the tests": tries("os.kill(place['pid'], 9)"),
    "stop its group": tries("os.killpg(0, 19)"),
    "leave its group": tries("os.setpgid(0, 0)"),
    "leave its session": tries("os.setsid()"),
    "become root": tries("os.setuid(0)"),
    "become somebody": tries("os.setresgid(1, 1, 1)"),
    "take more memory": tries(
        "__import__('resource').setrlimit(9, (-1, -1))", "PermissionError", "ValueError", "ModuleNotFoundError"
    ),
    "have signals sent": tries("__import__('fcntl').fcntl(0, 8, os.getppid())"),
    "run before the others": tries("os.nice(-5)"),
    "set an alarm on the clock": tries("__import__('time').clock_settime(0, 0)"),
}

ATTACKS = {**FILES, **OTHERS}

CALLS = {
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "mount": 165,
    "pivot_root": 155,
    "unshare": 272,
    "setns": 308,
    "keyctl": 250,
    "bpf": 321,
    "perf_event_open": 298,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "userfaultfd": 323,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "pidfd_send_signal": 424,
    "openat2": 437,
    "open_by_handle_at": 304,
    "prctl": 157,
    "capset": 126,
    "seccomp": 317,
    "personality": 135,
    "clone3": 435,
    "vfork": 58,
    "tgkill": 234,
    "init_module": 175,
    "kexec_load": 246,
    "sethostname": 170,
    "modify_ldt": 154,
    "add_key": 248,
    "execveat": 322,
    "mknodat": 259,
    "sendmsg": 46,
    "shmget": 29,
    "mq_open": 240,
    "ioctl": 16,
    "x32 getpid": 0x40000000 + 39,
}
"""System calls by their numbers on x86-64. With these arguments none would do anything if it were let through."""

CALL = program(f"""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(place, -1, 0, 0, 0, 0, 0)
    return result == -1 and ctypes.get_errno() == {errno.EPERM}
""")

BOMBS = {
    "loop": "while True:\n    pass",
    "sleep": "import time\ntime.sleep(1000)",
    "wait for a lock": "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    "wait for input": "import os\nos.read(os.pipe()[0], 1)",
    "loop and catch everything": "while True:\n    try:\n        1 / 0\n    except BaseException:\n        pass",
    "fork": "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
    "one long computation": "10 ** 10 ** 9",
    "one long match": "import re\nre.match('(a+)+$', 'a' * 60 + 'b')",
}
"""What only the clock ends, at the top of a program or in a function."""

HUNGRY = {
    "a large block": ("return len(bytearray(10 ** 10))", "MemoryError"),
    "many blocks": ("blocks = []\nwhile True:\n    blocks.append(bytearray(10 ** 7))", "MemoryError"),
    "a large number": ("return len(str(1 << (10 ** 10)))", "MemoryError"),
    "threads": ("import threading\nwhile True:\n    threading.Thread(target=input).start()", "RuntimeError"),
    "descriptors": ("import os\nwhile True:\n    os.pipe()", "OSError"),
    "recursion": ("return attack(place) + 1", "RecursionError"),
}
