#!/usr/bin/env python3
"""What lies on the disk and what the daemon is: modes, leaks, starting, stopping, profiles."""

import json
import os
import stat
import subprocess
import sys
import threading

from holdfast_process import (PASSPHRASE, PROGRAM, QUICK, REMOTE, USAGE, Home, expect, expect_error,
                              main, unlocked_home)


def everything_on_disk_is_private():
    with unlocked_home() as home:
        home.ok("add", "x", "-g")
        for path in [p for folder in ("data/holdfast", "state/holdfast", "run/holdfast")
                     for p in [home.path / folder, *(home.path / folder).rglob("*")]]:
            mode = stat.S_IMODE(path.lstat().st_mode)
            expect(mode & 0o077 == 0, f"{path} has mode {oct(mode)}")


def no_secret_is_on_disk_or_in_messages():
    canaries = ["canary-password", "canary-note", "canary-label", "canary-user", "canary-field",
                PASSPHRASE]
    with unlocked_home() as home:
        said = home.ok("add", "canary-label", "-u", "canary-user", "--notes", "-", "--field",
                       "f=canary-field", stdin="canary-note", give={"--password-fd": "canary-password"})
        said = said.err + home.ok("search", "canary").err
        home.run("unlock", passphrase="wrong")
        home.run("import", "-", "-f", "bitwarden-json", stdin='{"items": ["canary-password"]}')
        home.stop()
        for path in home.path.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                for canary in canaries:
                    expect(canary.encode() not in content, f"{path} holds {canary}")
        expect("canary-password" not in said and "canary-note" not in said, said)


def a_failed_import_shows_no_value():
    with unlocked_home() as home:
        text = json.dumps({"items": [{"type": 1, "name": "x", "login": {"password": {"canary": 1}}}]})
        result = home.run("import", "-", "-f", "bitwarden-json", stdin=text)
        expect(result.code == USAGE and "canary" not in result.err, result)


def the_daemon_holds_nothing_of_its_starter():
    with Home() as home:
        read_end, write_end = os.pipe()
        os.set_inheritable(write_end, True)
        home.ok("init", *QUICK, passphrase=PASSPHRASE)
        process = home.daemon()
        os.close(read_end)
        os.close(write_end)
        expect(os.readlink(f"/proc/{process}/cwd") == "/", "working folder")
        for number in (0, 1):
            expect(os.readlink(f"/proc/{process}/fd/{number}") == "/dev/null", f"descriptor {number}")
        expect(os.readlink(f"/proc/{process}/fd/2").endswith("daemon.log"), "descriptor 2")
        expect(os.getsid(process) == process, "session")
        limits = open(f"/proc/{process}/limits").read()
        core = [line for line in limits.splitlines() if line.startswith("Max core file size")][0]
        expect(core.split()[4:6] == ["0", "0"], core)
        command = open(f"/proc/{process}/cmdline").read()
        expect(PASSPHRASE not in command and "daemon" in command, command)


def ten_commands_at_once_start_one_daemon():
    with unlocked_home() as home:
        home.stop()
        results = []
        threads = [threading.Thread(target=lambda: results.append(home.run("status")))
                   for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect([r.code for r in results] == [2] * 10, results)
        count = 0
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    environment = open(f"/proc/{entry}/environ").read()
                    command = open(f"/proc/{entry}/cmdline").read()
                except OSError:
                    continue
                count += "\0daemon\0" in command and str(home.path) in environment
        expect(count == 1, f"{count} daemons")


def the_daemon_starts_and_stops():
    with unlocked_home() as home:
        first = home.daemon()
        home.ok("daemon", "start")
        expect(home.daemon() == first, "a second daemon")
        expect_error(home.run("daemon", "--foreground"), REMOTE, "already running")
        home.ok("daemon", "stop")
        expect(home.daemon() is None, "still running")
        home.ok("daemon", "stop")
        home.ok("lock")  # nothing runs, nothing is unlocked
        expect(home.daemon() is None, "lock has started a daemon")
        home.run("status", code=2)


def a_daemon_that_cannot_start_says_why():
    with Home() as home:
        result = home.run("daemon", "start", env={"HOLDFAST_LOCK_IDLE": "soon"})
        expect_error(result, REMOTE, "cannot start", "HOLDFAST_LOCK_IDLE", "daemon.log")
        (home.path / "run" / "holdfast").mkdir(mode=0o777, exist_ok=True)
        os.chmod(home.path / "run" / "holdfast", 0o777)
        result = home.run("init", *QUICK, passphrase=PASSPHRASE)
        expect_error(result, REMOTE, "cannot start", "folder of the socket")


def profiles_and_vaults_are_apart():
    with unlocked_home() as home:
        home.init("second")
        expect_error(home.run("list", "--no-input"), USAGE, "several vaults", "--vault")
        home.ok("add", "only-here", "--vault", "second")
        expect(home.ok("list", "--json", env={"HOLDFAST_VAULT": "main"}).json()["items"] == [], "main")
        expect_error(home.run("status", "--profile", "other"), USAGE, "no vault")
        home.ok("daemon", "stop", "--profile", "other")
        home.ok("lock", "--all")
        for vault in ("main", "second"):
            home.run("status", "--vault", vault, code=2)
        expect_error(home.run("init", "second", passphrase="x"), USAGE, "already", "holdfast init NAME")


def a_reader_that_leaves_is_no_error_and_a_full_one_is():
    with unlocked_home() as home:
        home.ok("add", "x", "-g")
        read_end, write_end = os.pipe()
        os.close(read_end)
        gone = subprocess.run([PROGRAM, "list"], stdout=write_end, stderr=subprocess.PIPE, env=home.env)
        os.close(write_end)
        expect(gone.returncode == 0 and gone.stderr == b"", gone)
        with open("/dev/full", "wb") as full:
            failed = subprocess.run([PROGRAM, "list"], stdout=full, stderr=subprocess.PIPE, env=home.env)
        expect(failed.returncode == 1 and b"No space left" in failed.stderr, failed)


TESTS = [value for name, value in list(globals().items())
         if callable(value) and getattr(value, "__module__", "") == "__main__"]

if __name__ == "__main__":
    sys.exit(main(TESTS, "processes"))
