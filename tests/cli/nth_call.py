"""A daemon with tests/interpose/nth_call.cc in front of the C library: its N-th call that changes a
file of the data folder kills it or fails, or its N-th allocation. A command can have it, too."""

import ctypes
import errno
import mmap
import os
import pathlib
import select
import subprocess

from holdfast_process import PROGRAM, Skip, expect

BUILD = pathlib.Path(os.environ.get("HOLDFAST_BUILD", pathlib.Path(PROGRAM).resolve().parents[1]))
LIBRARY = BUILD / "tests" / "libnth_call.so"

WRITE, SYNC, RENAME, UNLINK, TRUNCATE, CREATE, FOLDER, OPEN, ALLOCATE = (1 << n for n in range(9))
CHANGES = WRITE | SYNC | RENAME | UNLINK | TRUNCATE | CREATE | FOLDER
OFF, KILL_BEFORE, KILL_AFTER, KILL_HALFWAY, FAIL = range(5)
MODES = {KILL_BEFORE: "before", KILL_AFTER: "after", KILL_HALFWAY: "halfway"}


def sanitized():
    """A sanitizer's runtime keeps freed memory, and wants to be the first library."""
    return any(name in BUILD.name for name in ("asan", "tsan", "fuzz"))


class _Layout(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("mode", "target", "count", "fired", "kinds", "error")]
    _fields_ += [("what", ctypes.c_char * 464)]


class NthControl:
    """What the library is told and tells; `env` preloads it. Nothing is counted until arm()."""

    def __init__(self, home):
        if not LIBRARY.exists():
            raise Skip(f"{LIBRARY} is not built")
        self.home = home
        file = home.path / "control"
        file.write_bytes(bytes(ctypes.sizeof(_Layout)))
        with open(file, "r+b") as opened:
            self.shared = mmap.mmap(opened.fileno(), 0)
        self.control = _Layout.from_buffer(self.shared)
        self.env = {"LD_PRELOAD": str(LIBRARY), "NTH_CALL_CONTROL": str(file),
                    "NTH_CALL_FOLDER": str(home.data.parent)}

    def arm(self, mode, number, kinds=CHANGES, error=errno.EIO):
        self.control.target, self.control.kinds, self.control.error = number, kinds, error
        self.control.count = self.control.fired = 0
        self.control.mode = mode

    def disarm(self):
        self.control.mode = OFF

    @property
    def fired(self):
        return self.control.fired != 0

    @property
    def what(self):
        return self.control.what.decode(errors="replace")


class NthDaemon(NthControl):
    """The daemon of `home`, with the library."""

    def __init__(self, home):
        super().__init__(home)
        home.data.mkdir(mode=0o700, exist_ok=True)
        ready, ready_end = os.pipe()
        self.process = subprocess.Popen(
            [PROGRAM, "daemon", "start", "--foreground", f"--ready-fd={ready_end}"],
            env={**home.env, **self.env}, pass_fds=[ready_end], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(ready_end)
        readable, _, _ = select.select([ready], [], [], 30)
        said = os.read(ready, 1000) if readable else b"nothing for 30 s"
        os.close(ready)
        expect(said == b"+", "the daemon does not start", said)

    def ended(self):
        """The code it ended with by itself."""
        return self.process.wait(30)

    def end(self):
        """Kills it, unless it is dead already; returns the number of calls it got to."""
        self.process.kill()
        self.process.wait(30)
        return self.control.count


class NthCommand(NthControl):
    """One command with the library; the daemon it asks runs without."""

    result = None

    def run(self, *arguments, **options):
        self.result = self.home.run(*arguments, env=self.env, **options)
        return self.result

    def ended(self):
        return self.result.code

    def end(self):
        return self.control.count
