"""Code that tries to get out of the cage, to see what it must not see, or to take more than its share."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from flowstudio.errors import CodeError
from flowstudio.sandbox import Python

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "the-secret-that-nobody-may-see"
LEAKS = (SECRET, "root:", "uid=", "CONNECTED", "WROTE", "CAN SIGNAL", "STARTED", "SENT", "OPENED")

QUICK = {
    "read /etc/passwd": 'print(open("/etc/passwd").read()[:20])',
    "read the environment": "import os\nprint(dict(os.environ))",
    "list the root folder": 'import os\nprint("OPENED", os.listdir("/"))',
    "system()": 'import os\nprint(os.system("id"))',
    "subprocess": 'import subprocess\nprint(subprocess.run(["id"], capture_output=True).stdout)',
    "posix_spawn": 'import os\nos.posix_spawn("/bin/sh", ["sh"], {})\nprint("STARTED")',
    "exec": 'import os\nos.execv("/bin/echo", ["echo", "STARTED"])',
    "connect to loopback": 'import socket\ns = socket.create_connection(("127.0.0.1", PORT), 2)\nprint("CONNECTED")',
    "send a datagram": 'import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nprint("SENT", s.sendto(b"x", ("127.0.0.1", 53)))',
    "abstract unix socket": 'import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect("\\0probe")\nprint("CONNECTED")',
    "socketpair": 'import socket\nsocket.socketpair()\nprint("CONNECTED")',
    "write by ctypes": 'import ctypes\nc = ctypes.CDLL(None)\nprint("OPENED" if c.open(b"/etc/passwd", 0) >= 0 else "no")',
    "subclasses": 'w = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == "_wrap_close"][0]\nprint(w.__init__.__globals__["system"]("id"))',
    "look through frames": "import sys\nf = sys._getframe()\nwhile f:\n    print(list(f.f_globals), list(f.f_locals))\n    f = f.f_back",
    "objects of the collector": "import gc\nprint([o for o in gc.get_objects() if isinstance(o, dict)][:50])",
    "/proc/self/environ": 'print(open("/proc/self/environ", "rb").read()[:80])',
    "/proc/self/mem": 'print("OPENED", open("/proc/self/mem", "rb"))',
    "parent's environment": 'import os\nprint(open(f"/proc/{os.getppid()}/environ", "rb").read())',
    "parent's memory": 'import os\nprint("OPENED", open(f"/proc/{os.getppid()}/mem", "rb"))',
    "server's memory": 'print("OPENED", open("/proc/SERVER/mem", "rb"))',
    "process_vm_readv": 'import ctypes\nl = ctypes.CDLL(None, use_errno=True)\nprint("OPENED" if l.process_vm_readv(SERVER, 0, 0, 0, 0, 0) == 0 else "no")',
    "signal the parent": 'import os\nos.kill(os.getppid(), 0)\nprint("CAN SIGNAL")',
    "signal everybody": 'import os, signal\nos.kill(-1, signal.SIGCONT)\nprint("CAN SIGNAL")',
    "own signal through fcntl": 'import fcntl, os\nfcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())\nprint("CAN SIGNAL")',
    "write to /tmp": 'open("/tmp/flowstudio-pwned", "w").write("x")\nprint("WROTE")',
    "write into the library": 'import os\nopen(os.__file__, "a").write("x")\nprint("WROTE")',
    "memory file": 'import os\nos.memfd_create("x")\nprint("OPENED")',
    "make a folder": 'import os\nos.mkdir("/tmp/flowstudio-pwned")\nprint("WROTE")',
    "link": 'import os\nos.symlink("/etc/passwd", "/tmp/flowstudio-pwned")\nprint("WROTE")',
    "change mode": 'import os\nos.chmod("/tmp", 0o777)\nprint("WROTE")',
    "read the site's packages": 'import sys\nprint(sys.path)\nimport pydantic\nprint("OPENED")',
    "read the server's code": 'print("OPENED", open("HERE").read()[:9])',
    "inherited descriptors": 'import os\nfor fd in range(3, 64):\n    try:\n        os.fstat(fd)\n        print("fd", fd)\n    except OSError:\n        pass',
    "fork": 'import os\nos.fork()\nprint("STARTED")',
    "fork bomb": "import os\nwhile True:\n    os.fork()",
    "threads": 'import threading, time\nfor i in range(5000):\n    threading.Thread(target=time.sleep, args=(20,)).start()\nprint("STARTED")',
    "processes": 'import multiprocessing\nmultiprocessing.Process(target=print).start()\nprint("STARTED")',
    "list bomb": "a = []\nwhile True:\n    a.append([0] * 1000000)",
    "text bomb": 's = "x" * (1 << 20)\nwhile True:\n    s += s',
    "huge range": "x = list(range(10**9))",
    "recursion": "def f(n):\n    return f(n + 1)\nf(0)",
    "recursion without limit": "import sys\nsys.setrecursionlimit(10**9)\ndef f(n):\n    return f(n + 1)\nf(0)",
    "deep source": 'eval("(" * 500 + "1" + ")" * 500)',
    "deep list": "x = []\nfor i in range(300000):\n    x = [x]\nprint(len(repr(x)))",
    "deep result": 'x = []\nfor i in range(300000):\n    x = [x]\nreturn {"x": x}',
    "deep result below the recursion limit": 'x = []\nfor i in range(500):\n    x = [x]\nreturn {"x": x}',
    "delete a deep list": "x = []\nfor i in range(3000000):\n    x = [x]\ndel x",
    "crash the interpreter": 'f = type((lambda: 0).__code__)\neval(f(0, 0, 0, 0, 0, 0, b"\\x01" * 90, (), (), (), "", "", "", 0, b"", b""))',
    "null pointer": "import ctypes\nctypes.string_at(0)",
    "abort": "import os\nos.abort()",
    "huge result": 'return {"a": "x" * 200000000}',
    "result over the limit": 'return {"a": "x" * 70000000}',
    "direct writes": 'import os\nfor fd in range(64):\n    try:\n        os.write(fd, b"R\\xff\\xff\\xff\\xff")\n    except OSError:\n        pass',
    "forged reply": 'import os, struct\nbody = b\'{"value":[{"json":{"forged":1}}]}\'\nfor fd in range(3, 64):\n    try:\n        os.write(fd, struct.pack("!cI", b"R", 7) + b"not json")\n    except OSError:\n        pass',
    "leave at once": "import os\nos._exit(0)",
    "SystemExit": "raise SystemExit(3)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "pickle": "import pickle\nprint(pickle.loads(b\"cposix\\nsystem\\n(S'id'\\ntR.\"))",
    "format string": 'class A:\n    pass\nprint("{0.__init__.__globals__}".format(A())[:60])',
    "traceback of an error": 'try:\n    None.foo\nexcept AttributeError as e:\n    print(e.__traceback__.tb_frame.f_builtins["__import__"]("os").system("id"))',
    "raise a limit": 'import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nprint("OPENED")',
    "system calls": (
        "import ctypes\nl = ctypes.CDLL(None, use_errno=True)\n"
        "for n in (425, 272, 321, 250, 323, 317, 157, 101, 165, 161, 175, 246, 298, 438, 434, 424, 435, 56, 57, 58, 59, 322):\n"
        '    if l.syscall(n, 0, 0, 0, 0, 0) >= 0:\n        print("OPENED", n)'
    ),
    "32-bit system calls": 'import ctypes\nl = ctypes.CDLL(None, use_errno=True)\nprint("OPENED" if l.syscall(0x40000000 | 2, b"/etc/passwd", 0) >= 0 else "no")',
    "import hook to the server": 'import sys\nprint([m for m in sys.modules if "flowstudio" in m])\nfrom flowstudio import config',
    "import of the cage's zygote": 'import flowstudio.sandbox.inside.zygote as z, os\nz.main(["python", "3", str(os.getppid()), "{}"])\nprint("STARTED")',
}
ENDLESS = {
    "endless printing": 'while True:\n    print("x" * 100000)',
    "loop": "while True:\n    pass",
    "loop that catches all": "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
    "sleep": "import time\ntime.sleep(60)",
    "regular expression": 'import re\nre.match(r"(a+)+$", "a" * 40 + "!")',
    "big power": "x = 3 ** (10 ** 9)",
    "ignored signals": "import signal\nfor s in range(1, 64):\n    try:\n        signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError):\n        pass\nwhile True:\n    pass",
    "native loop": "sum(iter(int, 1))",
    "waiting for a lock": "import threading\nl = threading.Lock()\nl.acquire()\nl.acquire()",
}


@pytest.fixture
def listener() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def _attack(python: Python, code: str, *, timeout: float) -> str:
    """What the attack could get hold of: its output, its result, its error."""
    try:
        result = await python.run_code(
            code, [{"a": 1}], {}, owner="attacker", timeout=timeout, memory=96 << 20
        )
    except CodeError as error:
        return f"{error} {error.stdout}"
    return f"{result.stdout} {result.items}"


def _pwned() -> bool:
    return os.path.lexists("/tmp/flowstudio-pwned")


async def _assert_alive(python: Python) -> None:
    result = await python.run_code("return [{'ok': 1}]", [], {}, owner="next")
    assert result.items == [{"json": {"ok": 1}}]


@pytest.mark.parametrize("name", QUICK)
async def test_an_attack_gets_nothing_and_the_next_run_works(
    python: Python, name: str, listener: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWSTUDIO_SECRET", SECRET)
    code = (
        QUICK[name]
        .replace("PORT", str(listener))
        .replace("SERVER", str(os.getpid()))
        .replace("HERE", __file__)
    )
    seen = await _attack(python, code, timeout=20)
    assert not [leak for leak in LEAKS if leak in seen], seen[:2000]
    assert not _pwned()
    await _assert_alive(python)


@pytest.mark.parametrize("name", ENDLESS)
async def test_what_never_ends_is_stopped_and_the_next_run_works(python: Python, name: str) -> None:
    with pytest.raises(CodeError):
        await python.run_code("print('begun')\n" + ENDLESS[name], [], {}, owner="attacker", timeout=0.5)
    await _assert_alive(python)


async def test_only_the_answer_goes_out(python: Python) -> None:
    """The child has the standard streams, which lead nowhere, and one socket."""
    code = QUICK["inherited descriptors"]
    result = await python.run_code(code + "\nreturn []", [], {}, owner="attacker")
    assert len(result.stdout.splitlines()) == 1


async def test_printed_text_is_cut(python: Python) -> None:
    result = await python.run_code(
        "for i in range(50):\n    print('x' * 9999)\nreturn []", [], {}, owner="attacker"
    )
    assert len(result.stdout) == 100_000


async def test_a_run_may_use_the_memory_that_it_was_given(python: Python) -> None:
    code = "x = bytearray(150 << 20)\nreturn [{'n': len(x)}]"
    result = await python.run_code(code, [], {}, owner="tests", memory=200 << 20)
    assert result.items[0]["json"]["n"] == 150 << 20
    with pytest.raises(CodeError, match="more memory than the 100 MiB"):
        await python.run_code(code, [], {}, owner="tests", memory=100 << 20)
