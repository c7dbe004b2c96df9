#!/usr/bin/env python3
"""KDBX 4 files of kdbxweb come in, and ours go out to it: every field of every entry is compared.

Run by ./dev interop, which installs the npm packages into build/interop (HOLDFAST_INTEROP).
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from holdfast_process import ROOT, Home, Skip, expect, main  # noqa: E402

FOLDER = pathlib.Path(os.environ.get("HOLDFAST_INTEROP", ROOT / "build" / "interop"))
WORD = "correct hörse"
STANDARD = ("Title", "UserName", "Password", "URL", "Notes")
DATE = "%Y-%m-%dT%H:%M:%S"


def kdbxweb(*arguments):
    script = FOLDER / "kdbxweb.mjs"
    if not shutil.which("node") or not (FOLDER / "node_modules" / "kdbxweb").is_dir():
        raise Skip("kdbxweb is not there: ./dev interop installs it")
    done = subprocess.run(["node", str(script), *map(str, arguments)], capture_output=True, timeout=600,
                          cwd=FOLDER)
    expect(done.returncode == 0, arguments, done.stderr.decode())
    return {entry["uuid"]: entry for entry in json.loads(done.stdout)}


def exported_json(home):
    file = home.path / "all.json"
    home.ok("export", str(file), "-f", "holdfast-json", "--plaintext", "--yes", timeout=600)
    found = {}
    for entry in json.loads(file.read_text())["entries"]:
        found[entry["secret"]["sources"][0]["id"]] = entry
    return found


def is_url(key):
    return key == "URL" or key.startswith("KP2A_URL")


def expect_same_as_ours(theirs, ours):
    """One entry as kdbxweb made it, and as holdfast-json shows it after the import."""
    secret, fields = ours["secret"], theirs["fields"]
    value = {key: field["value"] for key, field in fields.items()}
    expect(ours.get("folder", []) == theirs["path"], theirs, ours)
    for key, name in (("Title", "label"), ("UserName", "username"), ("Password", "password"), ("Notes", "notes")):
        expect(secret.get(name, "") == value.get(key, ""), key, theirs, secret)
    urls = [value[key] for key in sorted(filter(is_url, value), key=lambda k: (k != "URL", k)) if value[key]]
    expect(secret.get("urls", []) == urls, theirs, secret)
    custom = {key for key in value if key not in STANDARD and not is_url(key) and key != "otp"}
    have = {f["name"]: f for f in secret.get("fields", []) if f["section"] == ""}
    expect(have.keys() == custom, have, custom)
    for key in custom:
        expect(have[key]["value"] == value[key] and have[key]["protected"] == fields[key]["hidden"], key, secret)
    kept = {f["name"]: f["value"] for f in secret.get("fields", []) if f["section"] == "imported"}
    expect(kept.keys() <= {"ExpiryTime", "LocationChanged"}, kept)
    if theirs["expires"] is None:
        expect("ExpiryTime" not in kept, kept)
    else:
        expect(kept["ExpiryTime"].startswith(time.strftime(DATE, time.gmtime(theirs["expires"]))), kept, theirs)
    if "otp" in value:
        digits = int(value["otp"].split("digits=")[1][0])
        expect(secret["totp"]["secret"] == "GEZDGNBVGY3TQOJQ" and secret["totp"]["digits"] == digits, secret)
    else:
        expect("totp" not in secret, secret)
    expect(secret.get("tags", []) == theirs["tags"], secret, theirs)
    attachments = {a["name"]: a["content"] for a in secret.get("attachments", [])}
    expect(attachments == theirs["binaries"], theirs["uuid"])
    expect(secret["created"] == theirs["created"] * 1000, secret, theirs)
    expect(secret["modified"] == theirs["modified"] * 1000, secret, theirs)


def expect_same_after_return(before, after):
    """One entry as kdbxweb made it, and as it finds it in our file."""
    for key in ("path", "tags", "created", "modified", "expires", "binaries"):
        expect(before[key] == after[key], key, before[key], after[key])
    ours, theirs = dict(after["fields"]), dict(before["fields"])
    for key in STANDARD:  # an empty standard field is as good as none
        expect(ours.pop(key, {"value": ""})["value"] == theirs.pop(key, {"value": ""})["value"], key, before)
    expect(ours == theirs, theirs, ours)


def goes_there_and_back(kdf, count):
    made = FOLDER / f"{kdf}.kdbx"
    theirs = kdbxweb("make", made, WORD, kdf, count)
    expect(len(theirs) == count, len(theirs))
    with Home() as home:
        home.init()
        started = time.monotonic()
        report = home.ok("import", str(made), "--json", give={"--file-passphrase-fd": WORD}, timeout=600).json()
        took = time.monotonic() - started
        expect(report["added"] == count and not report["failures"], report)
        ours = exported_json(home)
        expect(ours.keys() == theirs.keys(), len(ours))
        for uuid, entry in theirs.items():
            expect_same_as_ours(entry, ours[uuid])
        back = FOLDER / f"{kdf}-back.kdbx"
        started = time.monotonic()
        home.ok("export", str(back), "-f", "kdbx", "--yes", give={"--file-passphrase-fd": WORD}, timeout=600)
        print(f"        {count} entries: import {took:.2f} s, export {time.monotonic() - started:.2f} s, "
              f"{made.stat().st_size} and {back.stat().st_size} bytes", flush=True)
        again = kdbxweb("dump", back, WORD)
        expect(again.keys() == theirs.keys(), len(again))
        for uuid, entry in theirs.items():
            expect_same_after_return(entry, again[uuid])


def a_file_with_argon2d_goes_there_and_back():
    goes_there_and_back("argon2d", 300)


def a_file_with_argon2id_and_ten_thousand_entries_goes_there_and_back():
    goes_there_and_back("argon2id", 10_000)


TESTS = [a_file_with_argon2d_goes_there_and_back,
         a_file_with_argon2id_and_ten_thousand_entries_goes_there_and_back]

if __name__ == "__main__":
    sys.exit(main(TESTS, "interoperation"))
