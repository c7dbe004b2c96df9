#!/usr/bin/env python3
"""What is left in the daemon's memory after `lock`: nothing. A vault of canaries is used in every way,
then every readable page is searched for them as text, UTF-16, base64 and hex. The same search finds
them while they are there. And: no core dump, no tracing by others.
"""

import base64
import collections
import ctypes
import http.client
import json
import os
import pathlib
import re
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time

from clipboard_test import Desk
from holdfast_process import DENIED, PROGRAM, QUICK, Home, Skip, UnixConnection, expect, main
from nth_call import sanitized

WITHIN = 1.0  # seconds after lock
NOBODY = 65534

# Every canary begins with it; nothing else in the process holds it, and no test stores it elsewhere.
CORE = "cnry" + secrets.token_hex(6) + "Z"
NAMES = ("password", "username", "notes", "field", "fieldname", "label", "tag", "category", "url", "totp",
         "attachment", "attachmentname", "passphrase", "wrongpass", "imported", "importfolder", "history",
         "search", "half")


# What is freed loses its first bytes to the allocator, so the core stands behind some others; a
# multiple of five, for base32.
BEFORE = "bytes-an-allocator-may-overwrite-of"


def canary(name):
    assert name in NAMES and len(BEFORE) % 5 == 0, name
    return f"{BEFORE}{CORE}-{name}."


def encodings(core=CORE.encode()):
    """name: bytes. Only what does not depend on the neighbours: whole groups of base64 and base32."""
    forms = {"text": core, "utf-16": core.decode().encode("utf-16-le"), "hex": core.hex().encode(),
             "HEX": core.hex().upper().encode(), "base32": base64.b32encode(core)[:len(core) * 8 // 5]}
    for shift in range(3):
        inner = base64.b64encode(b"\0" * shift + core)
        forms[f"base64+{shift}"] = inner[(shift * 8 + 5) // 6:(shift + len(core)) * 8 // 6]
    return forms


FORMS = encodings()


class Memory:
    def __init__(self, process):
        self.process = process
        try:
            open(f"/proc/{process}/mem", "rb").close()
        except PermissionError as problem:
            raise Skip(f"the daemon's memory can only be read by root: {problem}") from problem

    def regions(self):
        for line in pathlib.Path(f"/proc/{self.process}/maps").read_text().splitlines():
            span, rights, rest = line.split(None, 2)
            if rights[0] == "r" and "[v" not in rest:  # vvar and vsyscall are the kernel's
                begin, end = (int(part, 16) for part in span.split("-"))
                yield begin, end, rest.split(None, 2)[2] if len(rest.split(None, 2)) > 2 else "anonymous"

    def read(self):
        """(address, name, bytes) of every region that is readable; a chunk overlaps the one before."""
        overlap = max(len(form) for form in FORMS.values()) + 64
        with open(f"/proc/{self.process}/mem", "rb", buffering=0) as memory:
            for begin, end, name in self.regions():
                at = begin
                while at < end:
                    try:
                        memory.seek(at)
                        chunk = memory.read(min(end - at, 16 << 20))
                    except (OSError, ValueError):  # gone meanwhile
                        break
                    if not chunk:
                        break
                    yield at, name, chunk
                    at += len(chunk) if at + len(chunk) >= end else max(len(chunk) - overlap, 1)

    def hits(self):
        """{(encoding, which canary): [where]}"""
        found = collections.defaultdict(list)
        for address, region, chunk in self.read():
            for name, form in FORMS.items():
                at = chunk.find(form)
                while at >= 0:
                    found[name, which(name, chunk[max(at - 4, 0):at + 160], min(at, 4))].append(
                        f"{region} at {address + at:x}: {chunk[max(at - 48, 0):at + 64]!r}")
                    at = chunk.find(form, at + 1)
        return found


def which(form, bytes_there, at):
    there = bytes_there[at:]
    if form == "utf-16":
        there = there[::2]
    elif form in ("hex", "HEX"):
        there = bytes.fromhex(re.match(rb"(?:[0-9a-fA-F]{2})*", there)[0].decode())
    elif form != "text":
        return "?"
    name = re.match(rb"-(\w+)\.", there[len(CORE):])
    return name[1].decode() if name else "?"


def show(found):
    return "\n".join(f"{' '.join(key)}: {len(where)} times, such as {where[0]}" for key, where in found.items())


def fill(home):
    home.ok("category", "add", canary("category"))
    attached = home.path / canary("attachmentname")
    attached.write_bytes((canary("attachment") * 8000).encode())
    home.ok("add", canary("label"), "-c", canary("category"), "-u", canary("username"),
            "--notes", "-", "--tags", canary("tag"), "--url", f"https://{CORE}-url.example",
            "--field", f"{canary('fieldname')}={canary('field')}", stdin=f'a "quote"\n\t{canary("notes")}' * 50,
            give={"--password-fd": canary("history")})
    home.ok("attachment", "add", canary("label"), attached)
    secret = home.ok("get", canary("label"), "--json").json()["id"]
    seed = base64.b32encode(canary("totp").encode()).decode()
    status, answer = home.request("PATCH", f"/v1/vaults/-/secrets/{secret}", {"totp": {"secret": seed}},
                                  headers={"If-Match": "*"})
    expect(status == 200, answer)
    home.ok("edit", canary("label"), give={"--password-fd": canary("password")})
    file = home.path / "import.json"
    file.write_text(json.dumps({"encrypted": False, "folders": [{"id": "f", "name": canary("importfolder")}],
                                "items": [{"id": str(n), "type": 1, "folderId": "f", "name": f"{canary('imported')}{n}",
                                           "notes": f"line\n{canary('imported')}",
                                           "login": {"username": canary("imported"), "password": canary("imported"),
                                                     "totp": None, "uris": []}} for n in range(300)]}))
    home.ok("import", file)
    return secret


def use(home, secret):
    """Everything that reads, by the commands and over REST."""
    label = canary("label")
    for command in (["get", label], ["get", label, "--reveal"], ["get", label, "--json", "--reveal"],
                    ["get", label, "--field", "password"], ["list"], ["list", "--json"],
                    ["list", "-c", canary("category")], ["search", CORE], ["search", canary("search")],
                    ["history", label], ["history", label, "--diff", "1", "2", "--json", "--reveal"],
                    ["totp", label], ["tag", "list"], ["category", "list"], ["attachment", "list", label],
                    ["tag", "rename", canary("tag"), canary("tag") + "2"],
                    ["category", "rename", canary("category"), canary("category") + "2"],
                    ["export", "--format", "bitwarden-json", "--plaintext", "--yes", "-o", "-"]):
        done = home.run(*command)
        expect(done.code in (0, 3) or command[0] == "export", command, done)
    for path in (f"/secrets/{secret}?reveal=true&attachments=true", "/secrets", f"/secrets?q={CORE}&in=notes,fields",
                 f"/secrets?item={label}", f"/secrets?text={CORE}", "/tags", "/categories",
                 f"/secrets/{secret}/versions", f"/secrets/{secret}/totp"):
        status, answer = home.request("GET", f"/v1/vaults/-{path}")
        expect(status == 200, path, answer)
    connection = UnixConnection(home.socket, 60)
    for name in ("bitwarden-json", "holdfast-json", "csv"):
        connection.request("GET", f"/v1/vaults/-/export?format={name}&plaintext=true")
        connection.getresponse().read()
    connection.close()
    status, _ = home.request("POST", "/v1/vaults/-/secrets", {"label": canary("label"), canary("field"): 1})
    expect(status == 400, "a body that is refused")
    expect(home.run("unlock", passphrase=canary("wrongpass")).code == DENIED, "another passphrase unlocks")


def half_a_request(home):
    """A body that never ends, with canaries in every encoding."""
    end = socket.socket(socket.AF_UNIX)
    end.connect(home.socket)
    text = canary("half").encode()
    parts = [text, text.decode().encode("utf-16-le"), text.hex().encode(), text.hex().upper().encode(),
             base64.b32encode(text), *(base64.b64encode(b"." * n + text) for n in range(3))]
    end.sendall(b"POST /v1/vaults/-/import HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" +
                b" ".join(parts))
    return end


def kept_connection(home, secret):
    """Used before, still open, as a browser extension would keep it."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(home.socket)
    for method, path, body in (("GET", f"/v1/vaults/-/secrets/{secret}?reveal=true", None),
                               ("POST", "/v1/vaults/-/secrets", {
                                   "label": canary("label") + "3", "password": canary("password") + '"\n',
                                   "notes": f'\n"{canary("notes")}\n{canary("notes")}"' * 300})):
        connection.request(method, path, json.dumps(body) if body else None,
                           {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        answer.read()
        expect(answer.status in (200, 201), answer.status)
    return connection


def canary_home():
    home = Home()
    home.ok("init", *QUICK, passphrase=canary("passphrase"))
    home.ok("lock")
    home.ok("unlock", passphrase=canary("passphrase"))
    return home


def no_sanitizer():
    if sanitized():
        raise Skip("a sanitizer's runtime keeps freed memory")


def the_search_finds_what_is_in_use():
    no_sanitizer()
    with canary_home() as home:
        fill(home)
        memory = Memory(home.daemon())
        end = half_a_request(home)
        until = time.monotonic() + 10
        while True:
            found = memory.hits()
            missing = set(FORMS) - {form for form, _ in found}
            if not missing or time.monotonic() > until:
                break
        end.close()
        expect(not missing, "not found while it is there", missing)
        names = {name for form, name in found if form == "text"}
        expect({"label", "username", "tag", "half"} <= names, "the index is not found", names)


def nothing_is_left_one_second_after_lock():
    no_sanitizer()
    with canary_home() as home:
        secret = fill(home)
        use(home, secret)
        memory = Memory(home.daemon())
        expect(memory.hits(), "nothing is found while it is unlocked: the search is at fault")
        connections = [kept_connection(home, secret) for _ in range(6)]
        home.ok("lock")
        locked = time.monotonic()
        found, rounds = {}, 0
        while True:
            began = time.monotonic()
            if rounds and (not found or began > locked + WITHIN):
                break
            found, rounds = memory.hits(), rounds + 1
        size = sum(end - begin for begin, end, _ in memory.regions()) >> 20
        print(f"        {size} MiB readable, {rounds} searches, clean {began - locked:.2f} s after lock", flush=True)
        expect(not found, f"{WITHIN} s after lock:", show(found))
        for connection in connections:
            connection.close()


def nothing_is_left_after_a_failed_unlock():
    no_sanitizer()
    with canary_home() as home:
        home.ok("lock")
        for _ in range(3):
            expect(home.run("unlock", passphrase=canary("wrongpass")).code == DENIED, "it unlocks")
            status, _ = home.request("POST", "/v1/unlock", {"passphrase": canary("wrongpass") + '"\n'})
            expect(status == 401, status)
        done = time.monotonic()
        memory = Memory(home.daemon())
        found = memory.hits()
        while found and time.monotonic() < done + WITHIN:
            found = memory.hits()
        expect(not found, show(found))


def used_memory(home):
    """Of a daemon whose vault was filled and read; the search is known to find what is there."""
    secret = fill(home)
    use(home, secret)
    memory = Memory(home.daemon())
    expect(memory.hits(), "nothing is found while it is unlocked: the search is at fault")
    return memory


def expect_nothing(memory, after):
    began = time.monotonic()
    found = memory.hits()
    while found and time.monotonic() < began + WITHIN:
        found = memory.hits()
    expect(not found, f"{WITHIN} s {after}:", show(found))


def locked_by_itself(setting):
    no_sanitizer()
    with canary_home() as home:
        memory = used_memory(home)
        home.ok("config", "set", setting, "200ms")
        until = time.monotonic() + 20
        while home.run("status").code == 0:
            expect(time.monotonic() < until, "still unlocked")
        expect_nothing(memory, f"after {setting}")


def nothing_is_left_after_a_vault_that_is_not_used_locked_itself():
    locked_by_itself("lock.idle")


def nothing_is_left_after_the_longest_time_it_may_be_unlocked():
    locked_by_itself("lock.absolute")


def nothing_is_left_of_what_was_exported():
    no_sanitizer()
    with canary_home() as home:
        memory = used_memory(home)
        for number, name in enumerate(("kdbx", "keepass-xml", "holdfast-json", "bitwarden-csv")):
            extra = ["--plaintext"] if name != "kdbx" else []
            give = {} if extra else {"--file-passphrase-fd": canary("passphrase")}
            home.ok("export", "-f", name, *extra, "--yes", home.path / f"export {number}", give=give)
        home.ok("lock")
        expect_nothing(memory, "after lock, with exports before it")


def nothing_is_left_of_what_was_copied_and_cleared():
    no_sanitizer()
    with Desk() as desk:
        desk.ok("add", "copied", give={"--password-fd": canary("password")})
        desk.env["HOLDFAST_CLIPBOARD_CLEAR_AFTER"] = "200ms"
        desk.ok("get", "copied", "-c")
        expect(canary("password") in desk.content(), "it was not copied")
        while "cleared" not in desk.next_event():
            pass
        expect(desk.content() == "", "it was not cleared")
        desk.ok("lock")
        expect_nothing(Memory(desk.daemon()), "after lock, with a copy before it")


# --- core dumps and tracing ---

def foreground(home, **options):
    ready, ready_end = os.pipe()
    daemon = subprocess.Popen([options.pop("program", PROGRAM), "daemon", "start", "--foreground",
                               f"--ready-fd={ready_end}"], env=home.env, pass_fds=[ready_end], stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, **options)
    os.close(ready_end)
    said = os.read(ready, 1)
    os.close(ready)
    expect(said == b"+", "the daemon does not start")
    return daemon


def an_abort_leaves_no_core():
    no_sanitizer()
    with Home() as home:
        raised = lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
        daemon = foreground(home, preexec_fn=raised, cwd=home.path)
        limits = pathlib.Path(f"/proc/{daemon.pid}/limits").read_text()
        expect(re.search(r"Max core file size\s+0\s+0\s", limits), limits)
        daemon.send_signal(signal.SIGABRT)
        _, status = os.waitpid(daemon.pid, 0)
        daemon.returncode = os.waitstatus_to_exitcode(status)
        expect(daemon.returncode == -signal.SIGABRT, daemon.returncode)
        expect(not os.WCOREDUMP(status), "a core was written")


ATTACH = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
if libc.ptrace(16, int(sys.argv[1]), None, None) == 0:
    os.waitpid(int(sys.argv[1]), 0x40000000)
    libc.ptrace(17, int(sys.argv[1]), None, None)
    print("attached")
else:
    print(os.strerror(ctypes.get_errno()))
try:
    open(f"/proc/{sys.argv[1]}/mem", "rb").close()
    print("opened")
except OSError as problem:
    print(problem.strerror)
"""


def another_process_of_the_user_may_not_look_inside():
    no_sanitizer()
    if os.getuid() != 0:
        raise Skip("only root can start the daemon as a user whose rights are known")
    if not os.access("/usr/bin/python3", os.X_OK):
        raise Skip("no /usr/bin/python3, which every user may run")
    with Home() as home:
        os.chmod(home.path, 0o755)
        program = home.path / "holdfast"
        shutil.copy(PROGRAM, program)
        os.chmod(program, 0o755)
        for folder in home.path.iterdir():
            if folder.is_dir():
                os.chown(folder, NOBODY, NOBODY)
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        attach = lambda process: subprocess.run(
            ["/usr/bin/python3", "-c", ATTACH, str(process)], capture_output=True, text=True, **as_nobody).stdout.split("\n")
        plain = subprocess.Popen(["sleep", "60"], **as_nobody)
        try:
            attached, opened, *_ = attach(plain.pid)
            if attached != "attached" or opened != "opened":
                raise Skip(f"this machine lets no process trace another of its user ({attached}, {opened})")
        finally:
            plain.kill()
            plain.wait()
        daemon = foreground(home, program=str(program), **as_nobody)
        try:
            expect(os.stat(f"/proc/{daemon.pid}/mem").st_uid == 0, "the process can be dumped")
            attached, opened, *_ = attach(daemon.pid)
            expect(attached == "Operation not permitted", attached)
            expect(opened == "Permission denied", opened)
        finally:
            daemon.kill()
            daemon.wait()


if __name__ == "__main__":
    sys.exit(main([
        the_search_finds_what_is_in_use,
        nothing_is_left_one_second_after_lock,
        nothing_is_left_after_a_failed_unlock,
        nothing_is_left_after_a_vault_that_is_not_used_locked_itself,
        nothing_is_left_after_the_longest_time_it_may_be_unlocked,
        nothing_is_left_of_what_was_exported,
        nothing_is_left_of_what_was_copied_and_cleared,
        an_abort_leaves_no_core,
        another_process_of_the_user_may_not_look_inside,
    ], "memory after lock"))
