"""Runs the real program in a temporary home, for the tests in this folder. Standard library only.

Home is one user: folders, environment, daemon. Answers of the daemon can also be had directly over
its socket (Home.request), where starting a process for each would be slow.
"""

import http.client
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("HOLDFAST_BIN", str(ROOT / "build" / "release" / "bin" / "holdfast"))
PASSPHRASE = "correct horse battery staple"
USAGE, REMOTE, NOT_FOUND, DENIED, LOCKED, CONFLICT = 1, 2, 3, 4, 5, 6
QUICK = ("--kdf-target", "1ms")  # the weakest key derivation that is allowed


class Skip(Exception):
    pass


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def text(self):
        return self.out.decode()

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out[:2000]!r}\nstderr: {self.err}"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def wait_for_end(process):
    """Returns once the process, not necessarily a child, has ended."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([handle], [], [], 30)
    os.close(handle)
    assert ended, f"process {process} did not end"


class Home:
    def __init__(self, path=None):
        self.path = pathlib.Path(path or tempfile.mkdtemp(prefix="holdfast-test-"))
        self.env = {k: v for k, v in os.environ.items()  # nor a display that a dialog could open on
                    if not k.startswith(("HOLDFAST_", "XDG_"))
                    and k not in ("DISPLAY", "WAYLAND_DISPLAY", "GPG_TTY")}
        self.env.update(HOME=str(self.path), TERM="xterm", NO_COLOR="1", LC_ALL="C.UTF-8")
        for name, folder in (("CONFIG_HOME", "config"), ("DATA_HOME", "data"),
                             ("STATE_HOME", "state"), ("CACHE_HOME", "cache"),
                             ("RUNTIME_DIR", "run")):
            self.env["XDG_" + name] = str(self.path / folder)
            (self.path / folder).mkdir(mode=0o700, exist_ok=True)
        self.data = self.path / "data" / "holdfast"
        self.socket = str(self.path / "run" / "holdfast" / "api.sock")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.path, ignore_errors=True)

    def run(self, *arguments, stdin=b"", passphrase=None, give=None, code=None, env=None,
            timeout=120, cwd=None):
        """One command. `give`: {"--flag-fd": text}, handed over on a pipe."""
        command = [PROGRAM, *map(str, arguments)]
        give = dict(give or {})
        if passphrase is not None:
            give["--passphrase-fd"] = passphrase
        pipes = []
        for flag, text in give.items():
            read_end, write_end = os.pipe()
            os.write(write_end, text.encode() if isinstance(text, str) else text)
            os.close(write_end)
            command += [flag, str(read_end)]
            pipes.append(read_end)
        if isinstance(stdin, str):
            stdin = stdin.encode()
        try:
            # a session of its own: no terminal of the tester is found and asked
            done = subprocess.run(command, input=stdin, capture_output=True, timeout=timeout,
                                  env={**self.env, **(env or {})}, pass_fds=pipes, cwd=cwd,
                                  start_new_session=True)
        finally:
            for one in pipes:
                os.close(one)
        result = Result(done.returncode, done.stdout, done.stderr.decode(errors="replace"))
        if code is not None:
            assert result.code == code, f"{' '.join(command[1:])}: expected {code}, got {result}"
        return result

    def ok(self, *arguments, **options):
        return self.run(*arguments, code=0, **options)

    def type(self, *arguments, answers=(), timeout=60, env=None):
        """One command on a terminal. `answers`: (prompt, text to type). Returns (code, all seen)."""
        process, terminal = pty.fork()
        if process == 0:
            os.execve(PROGRAM, [PROGRAM, *map(str, arguments)], {**self.env, **(env or {})})
        seen, left = b"", list(answers)
        until = time.monotonic() + timeout
        searched = 0
        try:
            while True:
                if left and left[0][0].encode() in seen[searched:]:
                    searched = len(seen)
                    os.write(terminal, left.pop(0)[1].encode())
                ready, _, _ = select.select([terminal], [], [], max(0, until - time.monotonic()))
                assert ready, f"nothing more after {timeout} s; seen so far: {seen!r}"
                try:
                    some = os.read(terminal, 65536)
                except OSError:  # Linux: the other side is closed
                    break
                if not some:
                    break
                seen += some
        finally:
            os.close(terminal)
        _, status = os.waitpid(process, 0)
        assert not left, f"never asked: {left}; seen: {seen!r}"
        return os.waitstatus_to_exitcode(status), seen.decode(errors="replace").replace("\r\n", "\n")

    def init(self, *arguments, **options):
        return self.ok("init", *QUICK, *arguments, passphrase=PASSPHRASE, **options)

    def unlock(self, *arguments, **options):
        return self.ok("unlock", *arguments, passphrase=PASSPHRASE, **options)

    def request(self, method, path, body=None, timeout=60, headers=None):
        """(status, JSON) of one request straight to the socket."""
        connection = UnixConnection(self.socket, timeout)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers = {"Content-Type": "application/json", **(headers or {})}
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def daemon(self):
        """The daemon's process id, or None."""
        try:
            return self.request("GET", "/v1/status")[1]["pid"]
        except (FileNotFoundError, ConnectionError):
            return None

    def kill(self):
        process = self.daemon()
        assert process, "no daemon is running"
        os.kill(process, signal.SIGKILL)
        wait_for_end(process)

    def stop(self):
        process = self.daemon()
        if process:
            os.kill(process, signal.SIGTERM)
            wait_for_end(process)

    def vault(self, name="main"):
        return self.data / name


def expect(condition, *shown):
    assert condition, "\n".join(map(str, shown))


def expect_error(result, code, *parts):
    """The exit code, every part in the message, nothing on standard output."""
    expect(result.code == code, f"expected exit {code}", result)
    for part in parts:
        expect(re.search(part, result.err, re.IGNORECASE), f"'{part}' is not in the message", result)
    expect(result.out == b"", "an error printed data", result)


def unlocked_home():
    home = Home()
    home.init()
    return home


def main(tests, description):
    """Runs the functions; the last line is the tally that tools/run_tests.py reads."""
    wanted = sys.argv[1:]
    passed, failed, skipped = 0, 0, []
    if not os.access(PROGRAM, os.X_OK):
        print(f"{PROGRAM} is not there: build it, or set HOLDFAST_BIN")
        print("0 passed, 1 failed")
        return 1
    print(f"{description} ({PROGRAM})", flush=True)
    for test in tests:
        name = test.__name__.replace("_", " ")
        if wanted and not any(word in test.__name__ for word in wanted):
            continue
        started = time.monotonic()
        try:
            test()
        except Skip as reason:
            skipped.append((name, str(reason)))
            print(f"skip    {name}: {reason}", flush=True)
        except Exception:  # the report is the point
            failed += 1
            print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
        else:
            passed += 1
            print(f"ok      {name} ({time.monotonic() - started:.2f} s)", flush=True)
    print(f"{passed} passed, {failed} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed else 0
