#!/usr/bin/env python3
"""The commands as a user meets them: exit codes, messages, prompts, what is shown and what never is."""

import csv
import hashlib
import hmac
import io
import json
import os
import stat
import struct
import subprocess
import sys
import threading
import time

from holdfast_process import (CONFLICT, DENIED, LOCKED, NOT_FOUND, PASSPHRASE, PROGRAM, QUICK, REMOTE, USAGE,
                              Home, expect, expect_error, main)

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


def unlocked_home():
    home = Home()
    home.init()
    return home


# --- usage ---

def version_is_one_line():
    with Home() as home:
        shown = home.ok("version").text
        expect(shown.startswith("holdfast ") and shown.count("\n") == 1, shown)
        expect(home.ok("--version").text == shown, "--version says something else")
        expect(set(home.ok("version", "--json").json()) == {"version"}, "JSON shape")


def unknown_command_names_the_nearest():
    with Home() as home:
        expect_error(home.run("lst"), USAGE, "no command 'lst'", "did you mean: holdfast list")
        expect_error(home.run(), USAGE, "no command", "--help")


def wrong_flags_are_usage_errors():
    with Home() as home:
        expect_error(home.run("get"), USAGE, "ITEM", "holdfast get --help")
        expect_error(home.run("list", "--nonsense"), USAGE, "--nonsense")
        expect_error(home.run("list", "--sort", "colour"), USAGE, "sort")
        expect_error(home.run("status", "--format", "xml"), USAGE, "xml", "table, json, yaml or raw")
        expect_error(home.run("status", "--timeout", "soon"), USAGE, "duration", "15m")
        expect_error(home.run("export", "x", "-f", "kdbx9"), USAGE, "kdbx9", "bitwarden-json")
        expect(home.daemon() is None, "a usage error has started a daemon")


def every_command_has_help():
    with Home() as home:
        text = home.ok("--help").text
        for command in ("init unlock lock status add get list search rm import export verify daemon "
                        "generate totp version demo doctor passphrase vault copy stats config completion").split():
            expect(f"  {command} " in text, f"{command} is missing in --help", text)
            expect("Usage: holdfast " + command in home.ok(command, "--help").text, command)
        expect("Usage: holdfast vault rename" in home.ok("vault", "rename", "--help").text, "below")
        expect("clipboard-clear" not in text, "a command for nobody is shown")


# --- no vault, locked, wrong passphrase ---

def without_a_vault_every_command_says_init():
    with Home() as home:
        for command in (["status"], ["get", "x"], ["list"], ["add", "x"], ["verify"],
                        ["unlock", "--no-input"]):
            expect_error(home.run(*command), USAGE, "no vault yet", "holdfast init")


def a_locked_vault_gives_5_and_says_unlock():
    with unlocked_home() as home:
        home.ok("add", "github", "-g")
        home.ok("lock")
        (home.path / "b.json").write_text(json.dumps(BITWARDEN))
        for command in (["get", "github"], ["list"], ["search", "x"], ["add", "y", "-g"],
                        ["rm", "github"], ["totp", "github"],
                        ["export", "-", "-f", "holdfast-json", "--plaintext"],
                        ["import", home.path / "b.json", "-f", "bitwarden-json"]):
            expect_error(home.run(*command), LOCKED, "locked", "holdfast unlock")


def wrong_passphrase_gives_4_and_stays_locked():
    with unlocked_home() as home:
        home.ok("lock")
        expect_error(home.run("unlock", passphrase="wrong"), DENIED, "wrong passphrase")
        home.run("status", code=2)
        home.unlock()
        home.ok("status")


def status_gives_0_unlocked_2_locked_1_error():
    with Home() as home:
        home.run("status", code=1)
        home.init()
        home.ok("status")
        home.ok("lock")
        locked = home.run("status", code=2)
        expect("locked" in locked.text, locked)
        locked = home.run("status", "--json", code=2).json()
        expect(locked["unlocked"] is False and locked["validators"] == 1, locked)


def unlocking_for_a_time_ends():
    with unlocked_home() as home:
        home.ok("lock")
        home.unlock("--for", "500ms")
        until = time.monotonic() + 20
        while home.run("status").code == 0:  # status is no use: it does not prolong
            expect(time.monotonic() < until, "still unlocked")
        expect_error(home.run("list"), LOCKED)


def idle_vaults_lock_themselves():
    with Home() as home:
        home.env["HOLDFAST_LOCK_IDLE"] = "500ms"
        home.init()
        until = time.monotonic() + 20
        while home.run("status").code == 0:
            expect(time.monotonic() < until, "still unlocked")


# --- prompts ---

def init_asks_twice_without_echo():
    with Home() as home:
        code, seen = home.type("init", *QUICK, answers=[("new passphrase: ", PASSPHRASE + "\r"),
                                                        ("again: ", PASSPHRASE + "\r")])
        expect(code == 0, seen)
        expect(PASSPHRASE not in seen, "the passphrase was echoed", seen)
        home.ok("lock")
        code, seen = home.type("unlock", answers=[("passphrase: ", PASSPHRASE + "\r")])
        expect(code == 0 and PASSPHRASE not in seen, seen)
        home.ok("status")


def two_different_entries_change_nothing():
    with Home() as home:
        code, seen = home.type("init", *QUICK, answers=[("new passphrase: ", "one\r"),
                                                        ("again: ", "two\r")])
        expect(code == USAGE and "differ" in seen, seen)
        expect(not home.vault().exists(), "a vault was made")


def a_prompt_can_be_edited_and_cancelled():
    with unlocked_home() as home:
        home.ok("lock")
        typed = "xx\x15" + PASSPHRASE + "é\x7f\r"  # kill the line; a letter of two bytes, erased
        code, seen = home.type("unlock", answers=[("passphrase: ", typed)])
        expect(code == 0, seen)
        home.ok("lock")
        code, seen = home.type("unlock", answers=[("passphrase: ", "abc\x03")])
        expect(code == USAGE and "cancelled" in seen, seen)
        home.run("status", code=2)


def no_input_fails_at_once():
    with Home() as home:
        expect_error(home.run("init", "--no-input"), USAGE, "passphrase", "--passphrase-fd")
        home.init()
        expect_error(home.run("add", "x", "-p", "--no-input"), USAGE, "--password-fd")
        expect_error(home.run("add", "x", "--field", "pin", "--no-input"), USAGE, "--field pin=@FILE")
        home.ok("add", "y")
        expect_error(home.run("rm", "y", "--purge", "--no-input"), USAGE, "--yes")
        home.ok("get", "y")


def without_a_terminal_a_prompt_names_the_flag():
    with Home() as home:
        expect_error(home.run("init"), USAGE, "terminal", "--passphrase-fd")


def purge_asks_and_takes_no_for_an_answer():
    with unlocked_home() as home:
        home.ok("add", "bank", "-g")
        code, seen = home.type("rm", "bank", "--purge", answers=[("[y/N] ", "n\n")])
        expect(code == USAGE and "nothing was changed" in seen, seen)
        home.ok("get", "bank")
        code, seen = home.type("rm", "bank", "--purge", answers=[("[y/N] ", "y\n")])
        expect(code == 0, seen)
        home.run("get", "bank", code=NOT_FOUND)


# --- where secrets come from ---

def passphrases_come_from_descriptors_and_files():
    with Home() as home:
        secret = home.path / "phrase"
        secret.write_text(PASSPHRASE + "\n")
        home.ok("init", *QUICK, "--passphrase-file", secret)
        home.ok("lock")
        home.unlock()
        home.ok("lock")
        home.ok("unlock", "--passphrase-fd", "0", stdin=PASSPHRASE + "\n")
        expect_error(home.run("unlock", "--passphrase-fd", "99"), USAGE, "descriptor 99")
        expect_error(home.run("unlock", "--passphrase-file", "/nonexistent"), USAGE, "/nonexistent")
        expect_error(home.run("unlock", "--passphrase-file", secret, passphrase="x"), USAGE, "two sources")


def an_empty_passphrase_is_refused():
    with Home() as home:
        expect_error(home.run("init", *QUICK, passphrase=""), USAGE, "empty")
        expect(not home.vault().exists(), "a vault was made")


def secret_texts_are_refused_as_arguments():
    with unlocked_home() as home:
        for flag in ("--notes", "--totp"):
            expect_error(home.run("add", "x", flag, "in-clear"), USAGE, "arguments", f"{flag} @FILE")
        expect_error(home.run("add", "x", "--notes", "-", "--totp", "-"), USAGE, "standard input")
        home.run("get", "x", code=NOT_FOUND)


# --- add and get ---

def add_keeps_everything():
    with unlocked_home() as home:
        (home.path / "key.pem").write_bytes(b"\x00\x01binary\xff" * 10)
        (home.path / "pin").write_text("4711\n")
        (home.path / "seed").write_text("JBSWY3DPEHPK3PXP\n")
        added = home.ok("add", "GitHub", "-u", "ann", "--url", "https://github.com", "--url",
                        "https://gist.github.com", "-c", "work", "--tags", "dev, code", "--field",
                        "team=blue", "--field", f"pin=@{home.path}/pin", "--notes", "-", "--totp",
                        f"@{home.path}/seed", "--attach", home.path / "key.pem", stdin="two\nlines",
                        give={"--password-fd": "p@ss wörd\n"})
        expect(added.text.startswith("sec_"), added)
        field = lambda name: home.ok("get", "GitHub", "--field", name).text
        expect(field("password") == "p@ss wörd\n", field("password"))
        expect(field("username") == "ann\n" and field("url") == "https://github.com\n", "texts")
        expect(field("urls") == "https://github.com\nhttps://gist.github.com\n", field("urls"))
        expect(field("notes") == "two\nlines\n", field("notes"))
        expect(field("tags") == "dev\ncode\n", field("tags"))
        expect(field("team") == "blue\n" and field("pin") == "4711\n", "fields")
        expect(field("category") == "work\n", field("category"))
        shown = home.ok("get", "work/GitHub", "--json").json()
        expect(shown["attachments"][0]["name"] == "key.pem", shown)
        expect(shown["attachments"][0]["size"] == 90, shown)
        kept = {f["name"]: f["protected"] for f in shown["fields"]}
        expect(kept == {"team": False, "pin": True}, kept)
        identity = shown["id"]
        expect(home.ok("get", identity, "--field", "label").text == "GitHub\n", "by id")
        expect(home.ok("get", identity[:12], "--field", "label").text == "GitHub\n", "by prefix")


def generated_passwords_differ_and_are_long():
    with unlocked_home() as home:
        home.ok("add", "a", "-g")
        home.ok("add", "b", "-g", "--length", "40")
        one = home.ok("get", "a", "--field", "password").text.strip("\n")
        two = home.ok("get", "b", "--field", "password").text.strip("\n")
        expect(len(one) == 20 and len(two) == 40 and one != two[:20], one, two)
        expect_error(home.run("add", "c", "-g", give={"--password-fd": "x"}), USAGE, "-g")
        expect_error(home.run("add", "c", "-g", "--length", "2"), USAGE, "password")


def dry_runs_change_nothing():
    with unlocked_home() as home:
        home.ok("add", "kept", "-g")
        home.ok("add", "x", "-g", "--dry-run")
        home.ok("rm", "kept", "--dry-run")
        names = [item["label"] for item in home.ok("list", "--json").json()["items"]]
        expect(names == ["kept"], names)


def a_terminal_sees_dots_unless_told():
    with unlocked_home() as home:
        home.ok("add", "web", "--field", "hint=visible", give={"--password-fd": "hunter2"})
        code, seen = home.type("get", "web")
        expect(code == 0 and "hunter2" not in seen and "••••" in seen and "visible" in seen, seen)
        code, seen = home.type("get", "web", "--field", "password")
        expect("hunter2" not in seen and "--reveal" in seen, seen)
        code, seen = home.type("get", "web", "--json")
        expect("hunter2" not in seen and '"has_password":true' in seen, seen)
        for arguments in (["--reveal"], ["--field", "password", "--reveal"], ["--json", "--reveal"]):
            code, seen = home.type("get", "web", *arguments)
            expect(code == 0 and "hunter2" in seen, seen)
        expect("hunter2" in home.ok("get", "web").text, "piped values are shown")


def control_characters_never_reach_a_terminal():
    with unlocked_home() as home:
        evil = "a\x1b]0;owned\x07b‮c"
        home.ok("add", evil, "-u", "x\x1b[2J", "-g")
        for command in (["list"], ["get", evil], ["get", evil, "--field", "username"]):
            code, seen = home.type(*command)
            expect(code == 0 and "\x1b]0" not in seen and "\x1b[2J" not in seen, repr(seen))
            expect("‮" not in seen, repr(seen))
        _, seen = home.type("get", evil + "x")
        expect("\x1b]0" not in seen, repr(seen))


# --- not found, ambiguous, stale ---

def what_is_not_there_gives_3():
    with unlocked_home() as home:
        home.ok("add", "github", "-g")
        expect_error(home.run("get", "gitlab"), NOT_FOUND, "gitlab", "holdfast search")
        expect_error(home.run("get", "github", "--field", "nothing"), NOT_FOUND, "no field 'nothing'",
                     "password")
        expect_error(home.run("totp", "github"), NOT_FOUND, "one-time code")
        expect_error(home.run("list", "-c", "nowhere"), NOT_FOUND, "category")
        expect_error(home.run("list", "--vault", "other"), NOT_FOUND, "vault")


def two_matches_give_3_and_both_are_listed():
    with unlocked_home() as home:
        one = home.ok("add", "mail", "-u", "ann", "-c", "home").text.strip()
        two = home.ok("add", "mail", "-u", "bob", "-c", "work").text.strip()
        expect_error(home.run("get", "mail"), NOT_FOUND, one, two, "ann", "bob")
        home.ok("get", "work/mail")


def one_label_twice_in_a_category_warns_and_takes_the_first():
    with unlocked_home() as home:
        first = home.ok("add", "mail", "-u", "ann").text.strip()
        home.ok("add", "mail", "-u", "bob")
        got = home.ok("get", "mail", "--json")
        expect(got.json()["id"] == first and "warning" in got.err, got)


def a_stale_version_gives_6():
    with unlocked_home() as home:
        home.ok("add", "x", "-g")
        expect_error(home.run("rm", "x", "--if-version", "ver_" + "00" * 32), CONFLICT, "changed")
        version = home.ok("get", "x", "--json").json()["version"]
        home.ok("rm", "x", "--if-version", version)
        home.run("get", "x", code=NOT_FOUND)
        expect([i["label"] for i in home.ok("list", "--deleted", "--json").json()["items"]] == ["x"],
               "deleted")


# --- list and search ---

def lists_filter_and_sort():
    with unlocked_home() as home:
        for label, user, category, tags in (("beta", "u1", "work", "a,b"), ("alpha", "u2", "home", "b"),
                                            ("gamma", "u3", "work", "a")):
            home.ok("add", label, "-u", user, "-c", category, "--tags", tags)
        labels = lambda *a: [i["label"] for i in home.ok("list", "--json", *a).json()["items"]]
        expect(labels() == ["alpha", "beta", "gamma"], labels())
        expect(labels("--reverse") == ["gamma", "beta", "alpha"], "reverse")
        expect(labels("--sort", "created") == ["beta", "alpha", "gamma"], "created")
        expect(labels("-c", "work") == ["beta", "gamma"], "category")
        expect(labels("--tags", "a") == ["beta", "gamma"] and labels("--tags", "a,b") == ["beta"], "tags")
        expect(labels("-s", "ALPH") == ["alpha"], "text")
        rows = home.ok("list", "--format", "raw").text.splitlines()
        expect([row.split("\t")[0] for row in rows] == ["alpha", "beta", "gamma"], rows)
        table = home.ok("list", "--detailed").text
        expect(table.startswith("LABEL") and "sec_" in table and "work" in table, table)


def searches_look_where_told():
    with unlocked_home() as home:
        home.ok("add", "one", "-u", "needle", "--notes", "-", stdin="haystack")
        home.ok("add", "two", "--url", "https://needle.example", "--tags", "t1")
        labels = lambda *a: [i["label"] for i in home.ok("search", "--json", *a).json()["items"]]
        expect(sorted(labels("NEEDLE")) == ["one", "two"], labels("NEEDLE"))
        expect(labels("needle", "--in", "url") == ["two"], "url")
        expect(labels("haystack") == [] and labels("haystack", "--in", "notes") == ["one"], "notes")
        expect(labels("t1") == ["two"], "tags")
        nothing = home.ok("search", "absent")
        expect(nothing.out == b"" and "Nothing found" in nothing.err, nothing)


# --- import and export ---

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


# --- JSON ---

def json_has_the_documented_members():
    with unlocked_home() as home:
        status = home.ok("status", "--json").json()
        expect({"name", "default", "open", "unlocked", "vault_id", "device", "height", "state_root",
                "audit_root", "pending", "secrets", "conflicts", "validators", "tolerated_faults",
                "store_bytes", "read_only"} <= set(status), status)
        receipt = home.ok("add", "x", "-g", "--json").json()
        expect({"id", "version", "transaction", "state", "height"} <= set(receipt), receipt)
        secret = home.ok("get", "x", "--json").json()
        expect({"id", "label", "kind", "category", "username", "password", "urls", "notes", "tags",
                "fields", "totp", "attachments", "created_at", "modified_at", "state", "version",
                "heads", "conflict"} <= set(secret), secret)
        listed = home.ok("list", "--json").json()
        expect(set(listed) >= {"items", "next", "total"} and "password" not in listed["items"][0], listed)
        expect(home.ok("get", "x", "--field", "username", "--json").json() ==
               {"field": "username", "value": ""}, "field")
        verified = home.ok("verify", "--json").json()
        expect(verified["ok"] is True and verified["first_bad"] is None, verified)
        expect(verified["state_root"] == home.ok("status", "--json").json()["state_root"], verified)
        expect(home.ok("lock", "--json").json() == {"locked": ["main"]}, "lock")
        unlocked = home.unlock("--json").json()
        expect(unlocked["unlocked"] is True and unlocked["locks_in_ms"] > 0, unlocked)
        expect(len(home.ok("generate", "--count", "3", "--json").json()["values"]) == 3, "generate")


# --- files, processes, leaks ---

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


# --- generate, totp ---

def generate_obeys_its_rules():
    with Home() as home:
        for _ in range(20):
            made = home.ok("generate", "--length", "8").text.strip("\n")
            expect(len(made) == 8 and any(c.islower() for c in made) and any(c.isupper() for c in made)
                   and any(c.isdigit() for c in made) and any(not c.isalnum() for c in made), made)
        many = home.ok("generate", "--count", "200", "--no-ambiguous", "--exclude", "ab").text
        expect(not set(many) & set("0O1lI|ab"), many)
        pin = home.ok("generate", "--pin", "6").text.strip("\n")
        expect(len(pin) == 6 and pin.isdigit(), pin)
        expect(set(home.ok("generate", "--classes", "digit", "--length", "30").text.strip()) <=
               set("0123456789"), "classes")
        expect_error(home.run("generate", "--classes", "runes"), USAGE, "runes", "lower")
        expect_error(home.run("generate", "--length", "3"), USAGE)
        expect(home.daemon() is None, "generate needs no daemon")


def one_time_codes_are_those_of_rfc_6238():
    with unlocked_home() as home:
        home.ok("add", "x", "--totp", "-", stdin="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")

        def code(counter):
            digest = hmac.new(b"12345678901234567890", struct.pack(">Q", counter), hashlib.sha1).digest()
            at = digest[-1] & 15
            return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 10**6:06}"

        before = int(time.time()) // 30
        got = home.ok("totp", "x").text.strip()
        upcoming = home.ok("totp", "x", "--next").text.strip()
        after = int(time.time()) // 30
        expect(got in {code(c) for c in range(before, after + 1)}, got)
        expect(upcoming in {code(c + 1) for c in range(before, after + 1)}, upcoming)
        expect(home.ok("get", "x", "--field", "totp").text.strip() in
               {code(c) for c in range(before, after + 2)}, "get --field totp")


def the_demo_ends_well_and_leaves_nothing():
    with Home() as home:
        temporary = home.path / "tmp"
        temporary.mkdir()
        shown = home.ok("demo", "--entries", "300", env={"TMPDIR": str(temporary)}, timeout=300)
        for word in ("imported", "SIGKILL", "verified", "holdfast init"):
            expect(word in shown.text, f"'{word}' is missing", shown.text)
        expect(list(temporary.iterdir()) == [], "the demo left its folder")
        expect(not home.data.exists() and home.daemon() is None, "the demo touched the real home")


TESTS = [value for name, value in list(globals().items())
         if callable(value) and getattr(value, "__module__", "") == "__main__" and name != "unlocked_home"]

if __name__ == "__main__":
    sys.exit(main(TESTS, "command line"))
