#!/usr/bin/env python3
"""Damage and misuse, one at a time: each gives its own clear error, and once the damage is undone
everything is there."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys

from holdfast_process import (DENIED, LOCKED, PASSPHRASE, QUICK, REMOTE, USAGE, Home, Skip, expect,
                              expect_error, main)

SECRETS = 12


def filled_home(path=None):
    """A vault with some secrets; its daemon is stopped, so that everything lies on the disk."""
    home = Home(path)
    home.init()
    for n in range(SECRETS):
        home.ok("add", f"secret {n}", "-u", f"user {n}", "--notes", "-", stdin=f"note {n} " * 400,
                give={"--password-fd": f"password {n}"})
    home.stop()
    return home


def all_is_well(home, count=SECRETS):
    home.unlock()
    for n in range(count):
        got = home.ok("get", f"secret {n}", "--field", "password").text
        expect(got == f"password {n}\n", n, got)
    home.ok("verify")


class Damaged:
    """Inside, the file is changed by `spoil`; afterwards it is as before."""

    def __init__(self, home, path, spoil):
        self.home, self.path, self.spoil = home, pathlib.Path(path), spoil

    def __enter__(self):
        self.home.stop()
        self.copy = self.home.path / "copy"
        shutil.copytree(self.home.vault(), self.copy, dirs_exist_ok=True)
        self.spoil(self.path)

    def __exit__(self, *_):
        self.home.stop()
        shutil.rmtree(self.home.vault())
        shutil.move(self.copy, self.home.vault())


def flip(position):
    def spoil(path):
        content = bytearray(path.read_bytes())
        at = int(len(content) * position) if isinstance(position, float) else position
        content[at] ^= 0x10
        path.write_bytes(content)
    return spoil


def cut(part):
    def spoil(path):
        os.truncate(path, int(path.stat().st_size * part))
    return spoil


def remove(path):
    path.unlink()


def store_files(home, pattern):
    return sorted((home.vault() / "store").glob(pattern), key=lambda p: p.stat().st_size, reverse=True)


def a_wrong_passphrase_is_denied():
    with filled_home() as home:
        expect_error(home.run("unlock", passphrase="not it"), DENIED, "wrong passphrase", "try again")
        expect_error(home.run("get", "secret 1"), LOCKED, "holdfast unlock")
        all_is_well(home)


def a_damaged_header_is_named():
    with filled_home() as home:
        header = home.vault() / "header"
        for position in (0, 0.3, 0.6, 0.95):
            with Damaged(home, header, flip(position)):
                expect_error(home.run("unlock", passphrase=PASSPHRASE), USAGE, "header", "backup")
        with Damaged(home, header, cut(0.5)):
            expect_error(home.run("unlock", passphrase=PASSPHRASE), USAGE, "header", "backup")
        with Damaged(home, header, remove):
            expect_error(home.run("unlock", passphrase=PASSPHRASE), USAGE, "header|no vault")
        all_is_well(home)


def a_damaged_node_key_is_named():
    with filled_home() as home:
        for spoil in (flip(0.1), flip(0.5), flip(0.9), cut(0.5), remove):
            with Damaged(home, home.vault() / "node.key", spoil):
                expect_error(home.run("unlock", passphrase=PASSPHRASE), USAGE, "node key", "backup")
        all_is_well(home)


def reads_only_and_says_why(home, *parts):
    """What is there can still be read; nothing is written, and every command that would says why.
    Where even opening tells that writes were lost, that is refused with the same words."""
    unlocked = home.run("unlock", passphrase=PASSPHRASE)
    if unlocked.code != 0:
        expect_error(unlocked, USAGE, *parts)
        return
    for part in ("read-only", *parts):
        expect(re.search(part, unlocked.err), part, unlocked)
    expect_error(home.run("add", "x", "-g"), USAGE, *parts)
    status = home.ok("status", "--json").json()
    expect(status["read_only"] is True, status)


def a_damaged_signer_file_is_named():
    with filled_home() as home:
        signer = home.vault() / "signer"
        with Damaged(home, signer, remove):
            reads_only_and_says_why(home, "signer file is missing", "recovery")
        with Damaged(home, signer, lambda path: path.write_bytes(b"\xaa" * path.stat().st_size)):
            reads_only_and_says_why(home, "signer file is damaged", "recovery")
        with Damaged(home, signer, cut(0.005)):  # into its first slot; the second is gone
            reads_only_and_says_why(home, "signer file is damaged", "recovery")
        all_is_well(home)


def one_flipped_bit_in_the_signer_file_does_no_harm_or_is_named():
    with filled_home() as home:
        for position in (20, 4096 + 20):
            with Damaged(home, home.vault() / "signer", flip(position)):
                result = home.run("unlock", passphrase=PASSPHRASE)
                if result.code == 0:
                    all_is_well(home)
                else:
                    expect_error(result, USAGE, "signer|acknowledged writes")
        all_is_well(home)


def flipped_bits_in_the_store_are_found():
    with filled_home() as home:
        tables = store_files(home, "*.sst") + store_files(home, "*.log")
        spoilt = [path for path in tables if path.stat().st_size > 200]
        expect(spoilt, "nothing to spoil", list((home.vault() / "store").iterdir()))
        found = 0
        for path in spoilt[:4]:
            for position in (0.1, 0.5):
                with Damaged(home, path, flip(position)):
                    found += damage_is_reported(home, path.name)
        expect(found > 0, "no flipped bit was found")
        all_is_well(home)


def damage_is_reported(home, name):
    """True if unlocking or verifying says so; False if the bit lay in something unused. Never a
    crash, never wrong values."""
    unlocked = home.run("unlock", passphrase=PASSPHRASE)
    if unlocked.code == 0:
        verified = home.run("verify")
        if verified.code == 0:
            all_is_well(home)
            return False
        expect(verified.code == USAGE, verified)
        expect("damaged" in verified.err or "does not verify" in verified.err, name, verified)
        expect("backup" in verified.err, name, verified)
        return True
    expect_error(unlocked, USAGE, "damaged|acknowledged writes", "backup")
    return True


def a_truncated_store_is_named():
    with filled_home() as home:
        biggest = (store_files(home, "*.sst") + store_files(home, "*.log"))[0]
        for path in (biggest, store_files(home, "MANIFEST-*")[0], home.vault() / "store" / "CURRENT"):
            with Damaged(home, path, cut(0.5)):
                result = home.run("unlock", passphrase=PASSPHRASE)
                if result.code == 0:
                    result = home.run("verify")
                expect_error(result, USAGE, "damaged|acknowledged writes|does not verify", "backup")
            with Damaged(home, path, remove):
                result = home.run("unlock", passphrase=PASSPHRASE)
                if result.code == 0:
                    result = home.run("verify")
                expect(result.code == USAGE and "next step" in result.err or "backup" in result.err,
                       path.name, result)
        all_is_well(home)


def a_lost_log_is_noticed():
    with Home() as home:
        home.init()
        for n in range(SECRETS):
            home.ok("add", f"secret {n}", give={"--password-fd": f"password {n}"})
        home.kill()  # what was written since the last flush lies in the log only
        logs = store_files(home, "*.log")
        expect(logs and logs[0].stat().st_size > 0, "no log to lose", logs)
        for spoil in (remove, cut(0.5), cut(0.0)):
            with Damaged(home, logs[0], spoil):
                reads_only_and_says_why(home, "lost acknowledged writes", "backup")
        all_is_well(home)


def a_missing_store_is_named():
    with filled_home() as home:
        with Damaged(home, home.vault() / "store", shutil.rmtree):
            expect_error(home.run("unlock", passphrase=PASSPHRASE), USAGE,
                         "no store|lost acknowledged|damaged")
            expect_error(home.run("list"), USAGE, "no store|lost acknowledged|damaged")
        all_is_well(home)


def two_processes_at_once_are_refused():
    with filled_home() as home:
        home.unlock()
        other = Home(home.path)
        other.env["HOLDFAST_SOCKET"] = str(home.path / "run" / "second.sock")
        other.socket = other.env["HOLDFAST_SOCKET"]
        try:
            expect_error(other.run("unlock", passphrase=PASSPHRASE), USAGE, "another process", "stop it")
        finally:
            other.stop()
        home.ok("get", "secret 1")
        all_is_well(home)


def a_read_only_folder_is_named():
    with filled_home() as home:
        undo = make_read_only(home)
        try:
            expect_error(home.run("unlock", passphrase=PASSPHRASE), USAGE, "not writable|read-only",
                         "permissions")
            expect_error(home.run("init", "second", *QUICK, passphrase=PASSPHRASE), USAGE,
                         "not writable|read-only", "permissions")
        finally:
            home.stop()
            undo()
        all_is_well(home)


def make_read_only(home):
    """By permissions, or for root, whom they do not bind, by a read-only mount."""
    if os.getuid() != 0:
        folders = [home.data, *[p for p in home.data.rglob("*") if p.is_dir()]]
        for folder in folders:
            os.chmod(folder, 0o500)
        return lambda: [os.chmod(folder, 0o700) for folder in folders]
    target = str(home.data)
    for command in (["mount", "--bind", target, target], ["mount", "-o", "remount,ro,bind", target]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            subprocess.run(["umount", target], capture_output=True)
            raise Skip(f"{' '.join(command[:3])}: {done.stderr.strip()}")
    return lambda: subprocess.run(["umount", target], check=True)


def a_full_disk_stops_writing_and_loses_nothing():
    with Home() as home:
        home.data.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m,mode=0700", "tmpfs",
                                  str(home.data)], capture_output=True, text=True)
        if mounted.returncode != 0:
            raise Skip(f"no small file system can be mounted: {mounted.stderr.strip()}")
        try:
            home.init()
            full_disk(home)
        finally:
            home.stop()
            subprocess.run(["umount", str(home.data)], check=True)


def full_disk(home):
    acknowledged = 0
    body = lambda n: {"label": f"secret {n}", "password": f"password {n}", "notes": "x" * 20_000}
    for _ in range(5):
        expect(home.request("POST", "/v1/vaults/-/secrets", body(acknowledged))[0] == 201, "add")
        acknowledged += 1
    space = os.statvfs(home.data)
    with open(home.data / "filler", "wb") as filler:
        left = space.f_bavail * space.f_bsize - 512 * 1024
        filler.write(b"\0" * left)
    refused = None
    while acknowledged < 200:
        status, answer = home.request("POST", "/v1/vaults/-/secrets", body(acknowledged))
        if status != 201:
            refused = (status, answer)
            break
        acknowledged += 1
    expect(refused, "200 secrets fit into half a megabyte")
    expect(refused[1]["code"] == "store_full" and refused[0] == 507, refused)
    # the first refusal is over; from now on the user meets it on the command line
    again = home.run("add", "one more", "-g")
    expect_error(again, USAGE, "full|stopped after an error|read-only")
    expect(home.ok("get", "secret 0", "--field", "password").text == "password 0\n", "reading goes on")
    (home.data / "filler").unlink()
    home.stop()
    all_is_well(home, acknowledged)
    home.ok("add", "room again", "-g")
    expect(home.run("get", f"secret {acknowledged}").code == 3, "a refused write is visible")


def a_dead_daemon_is_replaced():
    with filled_home() as home:
        home.unlock()
        home.kill()  # its socket stays
        expect(os.path.exists(home.socket), "the test needs a stale socket")
        home.run("status", code=2)
        all_is_well(home)


def something_else_on_the_socket_is_named():
    with Home() as home:
        (home.path / "run" / "holdfast").mkdir(mode=0o700)
        impostor = socket.socket(socket.AF_UNIX)
        impostor.bind(home.socket)
        impostor.listen(1)
        try:
            expect_error(home.run("status", "--timeout", "300ms"), USAGE, "daemon", "in time")
            expect_error(home.run("list", "--timeout", "300ms"), REMOTE, "daemon", "--timeout")
        finally:
            impostor.close()


TESTS = [a_wrong_passphrase_is_denied, a_damaged_header_is_named, a_damaged_node_key_is_named,
         a_damaged_signer_file_is_named, one_flipped_bit_in_the_signer_file_does_no_harm_or_is_named,
         flipped_bits_in_the_store_are_found, a_truncated_store_is_named, a_lost_log_is_noticed,
         a_missing_store_is_named, two_processes_at_once_are_refused, a_read_only_folder_is_named,
         a_full_disk_stops_writing_and_loses_nothing, a_dead_daemon_is_replaced,
         something_else_on_the_socket_is_named]

if __name__ == "__main__":
    sys.exit(main(TESTS, "damage"))
