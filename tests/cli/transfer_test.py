#!/usr/bin/env python3
"""Imports and exports of the everyday formats; what a failed one leaves."""

import csv
import io
import json
import os
import stat
import sys

from holdfast_process import USAGE, expect, expect_error, main, unlocked_home

BITWARDEN = {
    "encrypted": False,
    "folders": [{"id": "f1", "name": "Work"}],
    "items": [
        {"id": f"item-{n}", "folderId": "f1" if n % 2 else None, "type": 1, "name": f"site {n:04}",
         "notes": None, "favorite": False,
         "login": {"username": f"user{n}", "password": f"secret-{n}", "totp": None,
                   "uris": [{"match": None, "uri": f"https://s{n}.example.org"}]}}
        for n in range(1, 1203)
    ],
}


def a_second_import_changes_nothing():
    with unlocked_home() as home:
        (home.path / "b.json").write_text(json.dumps(BITWARDEN))
        arguments = ("import", home.path / "b.json", "-f", "bitwarden-json", "--json")
        first = home.ok(*arguments).json()
        expect((first["read"], first["added"], first["failed"]) == (1202, 1202, 0), first)
        before = home.ok("status", "--json").json()
        again = home.ok(*arguments, "--report", home.path / "report.json").json()
        expect((again["added"], again["updated"], again["skipped"]) == (0, 0, 1202), again)
        after = home.ok("status", "--json").json()
        expect(before["state_root"] == after["state_root"], "the state has changed")
        expect(json.loads((home.path / "report.json").read_text()) == again, "report")
        listed = home.ok("list", "--json").json()
        expect(len(listed["items"]) == 1202 and listed["total"] == 1202, "all pages are shown")
        expect(len(home.ok("list").text.splitlines()) == 1203, "rows")
        expect(home.ok("get", "Work/site 0007", "--field", "password").text == "secret-7\n", "value")


def a_dry_import_changes_nothing():
    with unlocked_home() as home:
        (home.path / "b.json").write_text(json.dumps(BITWARDEN))
        before = home.ok("status", "--json").json()["state_root"]
        report = home.ok("import", home.path / "b.json", "-f", "bitwarden-json", "--dry-run", "--json")
        expect(report.json()["added"] == 1202, report)
        expect(home.ok("status", "--json").json()["state_root"] == before, "the state has changed")


def browser_files_are_read():
    with unlocked_home() as home:
        (home.path / "c.csv").write_text('name,url,username,password,note\n'
                                         '"a, b",https://x.example,ann,"p""w\nline",n\n')
        home.ok("import", home.path / "c.csv", "-f", "chrome-csv")
        expect(home.ok("get", "a, b", "--field", "password").text == 'p"w\nline\n', "value")
        home.ok("import", "-", stdin=(home.path / "c.csv").read_bytes())  # guessed


def broken_files_name_the_place_and_import_nothing():
    with unlocked_home() as home:
        before = home.ok("status", "--json").json()["state_root"]
        broken = json.loads(json.dumps(BITWARDEN))
        broken["items"][11]["type"] = "login"
        files = {
            "bad.json": ('{"items": [\n\n{"name" "x"}]}', "bitwarden-json", "line 3"),
            "entry.json": (json.dumps(broken), "bitwarden-json", "entry 12"),
            "short.csv": ("name,url,username,password\na,b,c,d\na,b\n", "chrome-csv", "line 3"),
            "other.json": ('{"some": "thing"}', "bitwarden-json", "format|missing"),
            "locked.json": ('{"encrypted": true, "passwordProtected": true}', "bitwarden-json",
                            "bitwarden-encrypted-json"),
        }
        for name, (text, file_format, place) in files.items():
            (home.path / name).write_text(text)
            result = home.run("import", home.path / name, "-f", file_format)
            expect_error(result, USAGE, name, place)
        expect_error(home.run("import", home.path / "none", "-f", "chrome-csv"), USAGE, "none")
        expect(home.ok("status", "--json").json()["state_root"] == before, "the state has changed")


def plaintext_has_to_be_asked_for():
    with unlocked_home() as home:
        home.ok("add", "x", "-g")
        out = home.path / "out.json"
        expect_error(home.run("export", out, "-f", "holdfast-json"), USAGE, "plaintext", "--plaintext")
        expect(not out.exists(), "a file was written")


def exports_are_private_and_replace_at_once():
    with unlocked_home() as home:
        home.ok("add", "x", "-u", "ann", give={"--password-fd": "s3cret"})
        out = home.path / "out.json"
        out.write_text("old")
        os.chmod(out, 0o644)
        old = open(out)
        home.ok("export", out, "-f", "holdfast-json", "--plaintext")
        mode = stat.S_IMODE(out.stat().st_mode)
        expect(mode == 0o600, oct(mode))
        expect("s3cret" in out.read_text(), "content")
        expect(old.read() == "old", "the old file was written into instead of replaced")
        same = home.ok("export", "-", "-f", "holdfast-json", "--plaintext")
        expect(json.loads(same.out) is not None and b"s3cret" in same.out, "standard output")
        rows = list(csv.DictReader(io.StringIO(home.ok("export", "-", "-f", "chrome-csv", "--plaintext",
                                                       "--yes").text)))
        expect(rows[0]["password"] == "s3cret", rows)
        failed = home.run("export", home.path / "no" / "out.json", "-f", "holdfast-json", "--plaintext")
        expect_error(failed, USAGE, "out.json")
        left = [p for p in home.path.iterdir() if p.name.startswith(("out.json", ".out.json"))]
        expect(left == [out], left)


def losses_are_named_and_need_yes():
    with unlocked_home() as home:
        (home.path / "f").write_text("x")
        home.ok("add", "x", "--attach", home.path / "f")
        out = home.path / "out.csv"
        refused = home.run("export", out, "-f", "chrome-csv", "--plaintext", "--no-input")
        expect_error(refused, USAGE, "attachment", "--yes")
        expect(not out.exists(), "a file was written")
        home.ok("export", out, "-f", "chrome-csv", "--plaintext", "--yes")


def an_export_comes_back_whole():
    with unlocked_home() as home, unlocked_home() as other:
        (home.path / "f").write_bytes(bytes(range(256)))
        (home.path / "totp").write_text("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&digits=8&period=60")
        home.ok("add", "x", "-u", "ann", "-g", "--url", "https://x.example", "-c", "deep", "--tags", "t",
                "--field", "open=1", "--attach", home.path / "f", "--totp", f"@{home.path}/totp",
                "--notes", "-", stdin="note")
        home.ok("export", home.path / "all.json", "-f", "holdfast-json", "--plaintext")
        other.ok("import", home.path / "all.json", "-f", "holdfast-json")
        keep = ("label", "kind", "username", "password", "urls", "notes", "tags", "fields", "totp",
                "attachments", "created_at")
        one, two = home.ok("get", "x", "--json").json(), other.ok("get", "x", "--json").json()
        for name in keep:
            expect(one[name] == two[name], name, one[name], two[name])
        expect(other.ok("get", "x", "--field", "category").text == "deep\n", "category")


TESTS = [value for name, value in list(globals().items())
         if callable(value) and getattr(value, "__module__", "") == "__main__"]

if __name__ == "__main__":
    sys.exit(main(TESTS, "transfer"))
