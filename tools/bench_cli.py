#!/usr/bin/env python3
"""Times whole processes: `holdfast get`, `list` and `search` against the unlocked daemon with 10,000
secrets, beside keepassxc-cli and pass where they are installed, all in one interleaved run.

Then imports 100,000 entries into a second vault, locks and unlocks it, with the daemon's memory.

Prints a Markdown table of medians for docs/performance.md. The peers hold the same entries: a KDBX
file with a weak key derivation (so that its cost does not count) and a folder of gpg files, of which
only the one that is read is real, since making 10,000 takes an hour and pass opens just one.
"""

import argparse
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import xml.sax.saxutils

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "cli"))
from holdfast_process import PROGRAM, Home  # noqa: E402


def label(n):
    return f"site {n:05}"


def password(n):
    return f"secret number {n}"


def import_file(path, entries):
    with open(path, "w") as out:
        out.write('name,url,username,password,note\n')
        for n in range(entries):
            out.write(f"{label(n)},https://s{n}.example.org,user{n},{password(n)},\n")


def prepare_keepassxc(folder, entries):
    if not shutil.which("keepassxc-cli"):
        return None
    text = xml.sax.saxutils.escape
    xml_file, database = folder / "in.xml", folder / "in.kdbx"
    with open(xml_file, "w") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?><KeePassFile><Meta><DatabaseName>b</DatabaseName>'
                  '</Meta><Root><Group><UUID>AAAAAAAAAAAAAAAAAAAAAQ==</UUID><Name>Root</Name>')
        for n in range(entries):
            fields = {"Title": label(n), "UserName": f"user{n}", "Password": password(n),
                      "URL": f"https://s{n}.example.org"}
            out.write("<Entry>" + "".join(
                f"<String><Key>{k}</Key><Value>{text(v)}</Value></String>" for k, v in fields.items())
                + "</Entry>")
        out.write("</Group></Root></KeePassFile>")
    # -t: target time of the key derivation in milliseconds; the smallest one allowed
    command = ["keepassxc-cli", "import", "-q", "-p", "-t", "100", str(xml_file), str(database)]
    done = subprocess.run(command, input="pw\npw\n", text=True, capture_output=True,
                          env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    if done.returncode != 0:
        print(f"keepassxc-cli: {done.stderr.strip()}", file=sys.stderr)
        return None
    return database


def prepare_pass(folder, env):
    if not shutil.which("pass") or not shutil.which("gpg"):
        return None
    env = {**env, "GNUPGHOME": str(folder / "gnupg"), "PASSWORD_STORE_DIR": str(folder / "store")}
    (folder / "gnupg").mkdir(mode=0o700)
    for command, given in (
            (["gpg", "--batch", "--passphrase", "", "--quick-gen-key", "bench@example.org", "default",
              "default", "never"], None),
            (["pass", "init", "bench@example.org"], None),
            (["pass", "insert", "-m", label(5000)], password(5000) + "\n")):
        done = subprocess.run(command, input=given, text=True, capture_output=True, env=env)
        if done.returncode != 0:
            print(f"{command[0]}: {done.stderr.strip()}", file=sys.stderr)
            return None
    real = folder / "store" / (label(5000) + ".gpg")
    for n in range(10_000):
        copy = folder / "store" / (label(n) + ".gpg")
        if copy != real:
            copy.write_bytes(b"")
    return env


def run_once(command, given, env):
    """Milliseconds from before the start to after the end of the process, all its output read."""
    read_end, write_end = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, write_end, 1)]
    input_read = None
    if given is not None:
        input_read, input_write = os.pipe()
        os.write(input_write, given)
        os.close(input_write)
        actions.append((os.POSIX_SPAWN_DUP2, input_read, 0))
    program = command[0] if "/" in command[0] else shutil.which(command[0])
    started = time.perf_counter()
    process = os.posix_spawn(program, command, env, file_actions=actions)
    os.close(write_end)
    size = 0
    while some := os.read(read_end, 1 << 20):
        size += len(some)
    _, status = os.waitpid(process, 0)
    took = (time.perf_counter() - started) * 1000
    os.close(read_end)
    if input_read is not None:
        os.close(input_read)
    if status != 0 or size == 0:
        raise RuntimeError(f"{' '.join(command)} gave status {status} and {size} bytes")
    return took


def memory_mib(process, name):
    """VmHWM: the most that was ever resident; VmRSS: what is."""
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {name}")


def measure_import(entries):
    """The daemon reads the whole file at once; this is what that costs, and unlocking afterwards."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    with Home() as home:
        home.init()
        import_file(folder / "in.csv", entries)
        started = time.perf_counter()
        home.ok("import", folder / "in.csv", "-f", "chrome-csv", timeout=1800)
        took = time.perf_counter() - started
        peak = memory_mib(home.daemon(), "VmHWM")
        times = []
        for _ in range(5):
            home.ok("lock")
            started = time.perf_counter()
            home.unlock()
            times.append((time.perf_counter() - started) * 1000)
        home.stop()  # a daemon that never imported
        home.unlock()
        resident = memory_mib(home.daemon(), "VmRSS")
        opened = home.ok("status", "--json").json()["opened_for_index"]
    shutil.rmtree(folder, ignore_errors=True)
    print(f"\nimport of {entries:,} entries: {took:.1f} s, {entries / took:,.0f}/s, peak of the daemon "
          f"{peak:.0f} MiB; `holdfast unlock` then {statistics.median(times):.0f} ms with the cheapest "
          f"passphrase key, {opened} secrets opened; a new daemon with them unlocked: {resident:.0f} MiB")


def main():
    parser = argparse.ArgumentParser(description="whole-process times of the command line")
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=40, help="of each (at least 20)")
    parser.add_argument("--import-entries", type=int, default=100_000, help="0: not measured")
    parser.add_argument("--only-import", action="store_true")
    arguments = parser.parse_args()
    if arguments.only_import:
        measure_import(arguments.import_entries)
        return
    runs = max(20, arguments.runs)
    entries = arguments.entries
    folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    with Home() as home:
        home.init()
        import_file(folder / "in.csv", entries)
        home.ok("import", folder / "in.csv", "-f", "chrome-csv", timeout=600)
        middle = label(entries // 2)
        rows = [
            ("`holdfast get` one field", [PROGRAM, "get", middle, "--field", "password"], None, home.env),
            ("`holdfast get` all fields", [PROGRAM, "get", middle], None, home.env),
            ("`holdfast search`, 10 found", [PROGRAM, "search", middle[:-1]], None, home.env),
            (f"`holdfast list`, {entries:,} rows", [PROGRAM, "list"], None, home.env),
            (f"`holdfast list --json`, {entries:,} rows", [PROGRAM, "list", "--json"], None, home.env),
            ("`holdfast version` (a process that does nothing)", [PROGRAM, "version"], None, home.env),
        ]
        peer_env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        database = prepare_keepassxc(folder, entries)
        if database:
            key = b"pw\n"
            rows += [
                ("keepassxc-cli show", ["keepassxc-cli", "show", "-q", "-s", "-a", "Password",
                                        str(database), middle], key, peer_env),
                ("keepassxc-cli search", ["keepassxc-cli", "search", "-q", str(database), middle[:-1]],
                 key, peer_env),
                ("keepassxc-cli ls", ["keepassxc-cli", "ls", "-q", str(database)], key, peer_env),
            ]
        pass_env = prepare_pass(folder, dict(os.environ)) if entries == 10_000 else None
        if pass_env:
            rows += [("pass show", ["pass", "show", label(5000)], None, pass_env),
                     ("pass find", ["pass", "find", middle[:-1]], None, pass_env),
                     ("pass ls", ["pass", "ls"], None, pass_env)]
        times = {name: [] for name, *_ in rows}
        for turn in range(runs + 2):  # the first two warm the caches and do not count
            for name, command, given, env in rows:
                took = run_once(command, given, env)
                if turn >= 2:
                    times[name].append(took)
        if pass_env:
            subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=pass_env, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)

    cores = os.cpu_count()
    print(f"{entries:,} entries, {runs} interleaved runs, {cores} cores, {platform.machine()}, "
          "whole process, milliseconds:\n")
    print("| what | median | fastest | 95th percentile |")
    print("|---|---:|---:|---:|")
    for name, *_ in rows:
        sorted_times = sorted(times[name])
        late = sorted_times[min(len(sorted_times) - 1, int(len(sorted_times) * 0.95))]
        print(f"| {name} | {statistics.median(sorted_times):.1f} | {sorted_times[0]:.1f} | {late:.1f} |")
    for name, found in (("keepassxc-cli", database), ("pass", pass_env)):
        if not found:
            print(f"\n{name} was not measured: it is not installed or its set-up failed.")
    if arguments.import_entries > 0:
        measure_import(arguments.import_entries)


if __name__ == "__main__":
    main()
