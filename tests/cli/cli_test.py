#!/usr/bin/env python3
"""The commands as a user meets them: exit codes, messages, what is shown and what never is."""

import hashlib
import hmac
import struct
import sys
import time

from holdfast_process import (CONFLICT, DENIED, LOCKED, NOT_FOUND, USAGE, Home, expect, expect_error,
                              main, unlocked_home)


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
        expect("Usage: holdfast vault rename [OPTIONS]" in home.ok("vault", "rename", "--help").text, "below")
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
        (home.path / "b.json").write_text("{}")
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


# --- JSON ---

def json_has_the_documented_members():
    with unlocked_home() as home:
        status = home.ok("status", "--json").json()
        expect({"name", "default", "open", "unlocked", "vault_id", "device", "height", "state_root",
                "audit_root", "pending", "secrets", "conflicts", "ordering", "validators", "tolerated_faults",
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
         if callable(value) and getattr(value, "__module__", "") == "__main__"]

if __name__ == "__main__":
    sys.exit(main(TESTS, "command line"))
