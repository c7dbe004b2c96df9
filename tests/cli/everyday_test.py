#!/usr/bin/env python3
"""Old versions, QR codes, YAML, dry runs and --if-version of every write, doctor --pq and --fix."""

import os
import sys

from holdfast_process import CONFLICT, NOT_FOUND, USAGE, Home, expect, expect_error, main, unlocked_home


def version_of(home, item="github"):
    return home.ok("get", item, "--json").json()["version"]


def file_in(home, text, name="file.txt"):
    (home.path / name).write_text(text)
    return str(home.path / name)


# --- reading ---

def an_old_version_is_shown_and_copied_from():
    with unlocked_home() as home:
        home.ok("add", "github", "-u", "ann", give={"--password-fd": "first"})
        old = version_of(home)
        home.ok("edit", "github", "-u", "bob", give={"--password-fd": "second"})
        for name in ("1", old, old[:12]):
            expect(home.ok("get", "github", "--version", name, "--field", "password").text == "first\n", name)
        expect(home.ok("get", "github", "--version", old, "--json").json()["username"] == "ann", "json")
        expect_error(home.run("get", "github", "--version", "3"), NOT_FOUND, "no version 3")
        home.ok("rm", "github")
        expect("first" in home.ok("get", "github", "--version", "1").text, "of what is deleted")


def a_qr_code_is_for_terminals_and_holds_the_value():
    with unlocked_home() as home:
        home.ok("add", "wifi", "--totp", "@" + file_in(home, "JBSWY3DPEHPK3PXP"), give={"--password-fd": "x" * 40})
        expect_error(home.run("get", "wifi", "--qr"), USAGE, "terminal", "without --qr")
        code, seen = home.type("get", "wifi", "--qr")
        rows = [line for line in seen.splitlines() if "\x1b[30;107m" in line]
        expect(code == 0 and len(rows) == 19 and "x" * 40 not in seen, code, seen)  # version 3: 29 + 8
        code, seen = home.type("get", "wifi", "--field", "totp", "--qr")
        expect(code == 0 and "▀" in seen and "JBSWY" not in seen, seen)
        home.ok("add", "large", "--notes", "@" + file_in(home, "n" * 2954))
        code, seen = home.type("get", "large", "--field", "notes", "--qr")
        expect(code == USAGE and "2953" in seen, seen)
        code, seen = home.type("get", "large", "--qr")
        expect(code == NOT_FOUND and "no password" in seen, seen)


def every_reading_command_answers_in_yaml():
    try:
        import yaml
    except ImportError:
        yaml = None
    with unlocked_home() as home:
        home.ok("add", "yes", "-u", "1e3", "--tags", "a,no", "-c", "Work", "--totp", "-", "--field", "k: v=# x",
                "--notes", "@" + file_in(home, "two\nlines: \"x\"\n"), stdin="JBSWY3DPEHPK3PXP")
        home.ok("add", "empty")
        commands = [["get", "yes"], ["list"], ["search", "yes"], ["history", "yes"], ["category", "list"],
                    ["tag", "list"], ["attachment", "list", "yes"], ["conflicts", "list"], ["stats"], ["status"],
                    ["vault", "list"], ["config", "list"], ["doctor", "--pq"], ["conflicts", "strategy"],
                    ["config", "get", "lock.idle"], ["version"]]
        for command in commands:
            as_yaml = home.ok(*command, "-f", "yaml").text
            if command == ["version"]:
                continue
            as_json = home.ok(*command, "--json").json()
            expect(as_yaml and not as_yaml.startswith("{"), command, as_yaml)
            if yaml:
                read = yaml.safe_load(as_yaml)
                for text in (as_json, read):
                    text.pop("locks_in_ms", None) if isinstance(text, dict) else None
                expect(read == as_json or command == ["status"], command, as_yaml, as_json)
        got = home.ok("get", "yes", "-f", "yaml").text
        expect('label: "yes"\n' in got and 'notes: "two\\nlines: \\"x\\"\\n"\n' in got, got)
        expect('tags:\n  - "a"\n  - "no"\n' in got and "attachments: []\n" in got, got)
        expect('fields:\n  - section: ""\n    name: "k: v"\n' in got.replace('"k: v": ', ""), got)
        home.ok("config", "set", "output.format", "yaml")
        expect(home.ok("list").text.startswith("items:\n"), "the setting")
        file = home.path / "a.bin"
        file.write_bytes(b'{"a":1}')
        home.ok("attachment", "add", "yes", file, "--quiet")
        expect(home.ok("attachment", "get", "yes", "-o", "-").out == b'{"a":1}', "a file stays as it is")


def a_misspelt_item_is_answered_with_what_is_near():
    with unlocked_home() as home:
        home.ok("add", "GitHub")
        expect_error(home.run("get", "github"), NOT_FOUND, "did you mean 'GitHub'")
        expect_error(home.run("get", "nothing"), NOT_FOUND, "holdfast search")
        expect_error(home.run("list", "-c", "None"), NOT_FOUND, "category list")


def what_an_import_could_not_place_is_shown_in_full_only():
    with unlocked_home() as home:
        home.ok("add", "x", "--field", "imported/LastAccessTime=2026", "--field", "pin=4711",
                "--field", "codes=@" + file_in(home, "aaaa\nbbbb\n"))
        shown = home.ok("get", "x").text
        expect("LastAccessTime" not in shown and "pin" in shown, shown)
        expect("aaaa\n" + " " * 16 + "bbbb\n" in shown, shown)
        expect("LastAccessTime" in home.ok("get", "x", "--full").text, "not even in full")


def pending_edits_are_listed_and_one_device_has_none():
    with unlocked_home() as home:
        home.ok("add", "x")
        expect(home.ok("list", "--pending", "--json").json()["items"] == [], "pending")


# --- writing ---

def a_new_secret_can_be_like_another():
    with unlocked_home() as home:
        home.ok("add", "one", "-u", "ann", "--url", "https://a", "--url", "https://b", "--tags", "t,u",
                "-c", "Work/Code", "--kind", "token", give={"--password-fd": "secret"})
        home.ok("add", "two", "--like", "one", "--tags", "own")
        two = home.ok("get", "two", "--json").json()
        one = home.ok("get", "one", "--json").json()
        for name in ("username", "urls", "kind", "category"):
            expect(two[name] == one[name], name, two)
        expect(two["tags"] == ["own"] and not two["has_password"], two)
        expect_error(home.run("add", "three", "--like", "nobody"), NOT_FOUND, "nobody")


def edit_makes_the_category_it_moves_to():
    with unlocked_home() as home:
        home.ok("add", "x")
        done = home.ok("edit", "x", "-c", "Archive/2025")
        expect("New category" in done.err, done)
        expect(home.ok("get", "x", "--field", "category").text == "Archive/2025\n", "not moved")


def every_write_has_a_dry_run():
    with unlocked_home() as home:
        home.ok("add", "x", "--tags", "t", "-c", "Work")
        home.ok("add", "gone")
        home.ok("rm", "gone")
        file = file_in(home, "content")
        home.ok("attachment", "add", "x", file, "--name", "a")
        before = home.ok("status", "--json").json()["height"]
        for command in (["add", "y", "-c", "New"], ["edit", "x", "-u", "u"], ["rm", "x"], ["rm", "x", "--purge"],
                        ["restore", "gone"], ["restore", "x", "--version", "1"],
                        ["attachment", "add", "x", file], ["attachment", "rm", "x", "a"],
                        ["category", "add", "New"], ["category", "rename", "Work", "W"],
                        ["category", "move", "Work", "Other"], ["category", "rm", "Work"],
                        ["tag", "add", "x", "new"], ["tag", "rm", "x", "t"], ["tag", "rename", "t", "s"]):
            done = home.ok(*command, "--dry-run", "--no-input")
            expect("would be" in done.err and "nothing was changed" in done.err, command, done)
            expect(home.ok("status", "--json").json()["height"] == before, command)


def every_write_of_a_secret_can_depend_on_its_version():
    with unlocked_home() as home:
        home.ok("add", "github", "-u", "ann", "--tags", "t")
        old = version_of(home)
        home.ok("edit", "github", "-u", "bob")
        file = file_in(home, "content")
        for command in (["edit", "github", "-u", "x"], ["rm", "github"], ["restore", "github", "--version", "1"],
                        ["attachment", "add", "github", file], ["attachment", "rm", "github", "file.txt"],
                        ["tag", "add", "github", "n"], ["tag", "rm", "github", "t"]):
            before = version_of(home)
            for dry in ([], ["--dry-run"]):
                expect_error(home.run(*command, "--if-version", old, *dry), CONFLICT, "changed since")
            expect(version_of(home) == before, command)
            if command[0] != "rm":
                home.ok(*command, "--if-version", before)
                expect(version_of(home) != before, command)
        home.ok("rm", "github", "--if-version", version_of(home))
        deleted = home.ok("history", "github", "--json").json()["items"][-1]["version"]
        expect_error(home.run("restore", "github", "--if-version", old), CONFLICT, "changed since")
        home.ok("restore", "github", "--if-version", deleted)


def a_conflict_is_settled_only_as_it_was_seen():
    with unlocked_home() as home:
        home.ok("conflicts", "strategy", "manual")
        home.ok("add", "github", "-u", "ann")
        seen = home.ok("get", "github", "--json").json()
        home.ok("edit", "github", "-u", "bob")
        status, _ = home.request("PATCH", f"/v1/vaults/-/secrets/{seen['id']}?base={seen['version']}",
                                 {"username": "eve"})
        expect(status == 200, status)
        expect_error(home.run("conflicts", "resolve", "github", "--merge", "--if-version", seen["version"]),
                     CONFLICT, "changed since")
        now = version_of(home)
        status, answer = home.request("POST", f"/v1/vaults/-/conflicts/{seen['id']}/resolve", {"head": now},
                                      headers={"If-Match": f'"{seen["version"]}"'})
        expect(status == 412, status, answer)
        done = home.ok("conflicts", "resolve", "github", "--merge", "--if-version", now, "--dry-run")
        expect("nothing was changed" in done.err, done)
        home.ok("conflicts", "resolve", "github", "--merge", "--if-version", now)
        expect(home.ok("conflicts", "list", "--json").json()["items"] == [], "not settled")


# --- doctor ---

def doctor_says_what_protects_what():
    with Home() as home:  # no vault is needed
        told = home.ok("doctor", "--pq").text
        for part in ("XChaCha20-Poly1305", "ML-KEM-768", "ML-DSA-65", "Argon2id", "SHA-256"):
            expect(part in told, part, told)
        as_json = home.ok("doctor", "--pq", "--json").json()
        expect(as_json["suite"] == 1 and as_json["classical_only"] == [], as_json)
        expect(home.daemon() is None, "it started a daemon")


def doctor_mends_only_what_is_safe_and_says_so():
    with unlocked_home() as home:
        header = home.vault() / "header"
        header.chmod(0o644)
        (home.path / "state" / "holdfast").chmod(0o755)
        leftover = home.data / ".other.new-0123456789abcdef"
        (leftover / "store").mkdir(parents=True, mode=0o700)
        kept = home.data / "notes.txt"
        kept.write_text("mine")
        kept.chmod(0o600)
        foreign = home.path / "elsewhere"
        foreign.write_text("x")
        foreign.chmod(0o644)
        (home.data / "link").symlink_to(foreign)
        fixed = home.ok("doctor", "--fix")
        expect("rights of others" in fixed.err and str(header) in fixed.err, fixed)
        expect(header.stat().st_mode & 0o777 == 0o600, oct(header.stat().st_mode))
        expect(foreign.stat().st_mode & 0o777 == 0o644, "it followed a link")
        expect(leftover.exists() and "daemon stop" in fixed.err, "removed while a daemon runs", fixed)
        home.stop()
        told = home.ok("doctor", "--fix", "--json")
        expect(any("half a vault" in one for one in told.json()["fixed"]), told)
        expect(not leftover.exists() and kept.exists() and header.exists(), "the wrong things are gone")
        again = home.ok("doctor", "--fix")
        expect("nothing to mend" in again.err, again)


def doctor_removes_a_socket_on_which_nobody_answers():
    with unlocked_home() as home:
        home.kill()  # leaves its socket behind
        expect(os.path.exists(home.socket), "no socket was left")
        told = home.ok("doctor", "--fix", "--json").json()
        expect(any("socket" in one for one in told["fixed"]), told)


def a_killed_init_leaves_what_doctor_mends():
    with Home() as home:
        half = home.data / ".main.new-00ff"
        half.mkdir(parents=True, mode=0o700)
        home.data.chmod(0o700)
        expect("half a vault" in home.ok("doctor").text, "not seen")
        home.stop()
        home.ok("doctor", "--fix")
        expect(not half.exists(), "still there")
        home.init()


if __name__ == "__main__":
    sys.exit(main([an_old_version_is_shown_and_copied_from, a_qr_code_is_for_terminals_and_holds_the_value,
                   every_reading_command_answers_in_yaml, a_misspelt_item_is_answered_with_what_is_near,
                   what_an_import_could_not_place_is_shown_in_full_only,
                   pending_edits_are_listed_and_one_device_has_none, a_new_secret_can_be_like_another,
                   edit_makes_the_category_it_moves_to, every_write_has_a_dry_run,
                   every_write_of_a_secret_can_depend_on_its_version,
                   a_conflict_is_settled_only_as_it_was_seen, doctor_says_what_protects_what,
                   doctor_mends_only_what_is_safe_and_says_so,
                   doctor_removes_a_socket_on_which_nobody_answers, a_killed_init_leaves_what_doctor_mends],
                  "every day"))
