#!/usr/bin/env python3
"""Exports with histories, deletions and several categories; Holdfast's own encrypted file."""

import json
import sys

from holdfast_process import DENIED, USAGE, Home, expect, expect_error, main, unlocked_home

WORD = "päss of the file"


def filled_home():
    home = unlocked_home()
    for category in ("Work", "Home", "Empty"):
        home.ok("category", "add", category)
    home.ok("add", "mail", "-u", "ann", "-c", "Work", "--tags", "a,b")
    home.ok("edit", "mail", "-u", "ann.smith")
    home.ok("add", "door", "-u", "bob", "-c", "Home")
    home.ok("add", "loose", "-u", "eve")
    home.ok("add", "gone", "-u", "old")
    home.ok("rm", "gone", "--yes")
    return home


def exported(home, *flags):
    file = home.path / "plain.json"
    home.ok("export", str(file), "-f", "holdfast-json", "--plaintext", *flags)
    return {entry["secret"]["label"]: entry for entry in json.loads(file.read_text())["entries"]}


def history_and_deletions_are_asked_for():
    with filled_home() as home:
        plain = exported(home)
        expect(plain.keys() == {"mail", "door", "loose"} and "history" not in plain["mail"], plain)
        whole = exported(home, "--history", "--deleted")
        expect(whole.keys() == {"mail", "door", "loose", "gone"} and whole["gone"]["deleted"], whole)
        expect([state["username"] for state in whole["mail"]["history"]] == ["ann"], whole["mail"])
        expect(exported(home, "-c", "Work", "-c", "Home").keys() == {"mail", "door"}, "categories")
        expect_error(home.run("export", "-", "-f", "holdfast-json", "--plaintext", "-c", "None"), 3, "category")


def a_keepass_file_takes_history_and_recycle_bin():
    with filled_home() as home, unlocked_home() as other:
        file = home.path / "all.kdbx"
        home.ok("export", str(file), "-f", "kdbx", "--history", "--deleted", "--yes",
                give={"--file-passphrase-fd": WORD})
        report = other.ok("import", str(file), "--json", give={"--file-passphrase-fd": WORD}).json()
        expect(report["source"]["deleted"] == 1 and report["source"]["history"] == 1, report)
        after = exported(other, "--history", "--deleted")
        expect(after["gone"]["deleted"] and after["mail"]["history"][0]["username"] == "ann", after)


def our_own_file_holds_everything_and_a_second_import_changes_nothing():
    with filled_home() as home, unlocked_home() as other:
        file = home.path / "all.holdfast"
        done = home.ok("export", str(file), "-f", "holdfast", give={"--file-passphrase-fd": WORD})
        expect("(encrypted)" in done.err and file.stat().st_mode & 0o777 == 0o600, done)
        expect(b"ann" not in file.read_bytes(), "plaintext")
        expect_error(other.run("import", str(file), give={"--file-passphrase-fd": "wrong"}), DENIED, "wrong passphrase")
        report = other.ok("import", str(file), "--json", give={"--file-passphrase-fd": WORD}).json()
        expect(report["format"] == "holdfast" and report["added"] == 4 and report["categories"] == 3, report)
        before, after = (exported(one, "--history", "--deleted") for one in (home, other))
        for entries in (before, after):
            for entry in entries.values():
                entry["secret"].pop("sources", None)  # the mark of the import
        expect(before == after, before, after)
        for one in (home, other):
            again = one.ok("import", str(file), "--json", give={"--file-passphrase-fd": WORD}).json()
            expect(again["skipped"] == 4 and again["added"] + again["updated"] == 0, again)
        bad = home.path / "bad"
        bad.write_bytes(file.read_bytes()[:-1] + b"x")
        expect_error(other.run("import", str(bad), give={"--file-passphrase-fd": WORD}), USAGE, "damaged")


TESTS = [history_and_deletions_are_asked_for, a_keepass_file_takes_history_and_recycle_bin,
         our_own_file_holds_everything_and_a_second_import_changes_nothing]

if __name__ == "__main__":
    sys.exit(main(TESTS, "exports"))
