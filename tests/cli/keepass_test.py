#!/usr/bin/env python3
"""KeePass files from the command line, and beside keepassxc-cli where it is installed (./dev setup interop)."""

import json
import shutil
import subprocess
import sys

from holdfast_process import DENIED, USAGE, Skip, expect, expect_error, main, unlocked_home

FILE_PASSPHRASE = "päss of the file"
TITLE, SECRET = "Mail Ünï", "p<&\"w d"
BINARY = bytes(range(256)) * 5
TOTP = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def filled_home():
    home = unlocked_home()
    attachment = home.path / "key.bin"
    attachment.write_bytes(BINARY)
    home.ok("add", TITLE, "-u", "ann", "--url", "https://a.example", "--url", "https://b.example",
            "--tags", "alpha,beta", "--notes", "-", "--attach", str(attachment), stdin="two\nlines")
    home.ok("add", "second", "--totp", "-", stdin=TOTP)
    return home


def exported_json(home, name="all.json"):
    home.ok("export", str(home.path / name), "-f", "holdfast-json", "--plaintext", "--yes")
    entries = json.loads((home.path / name).read_text())["entries"]
    return {entry["secret"]["label"]: entry for entry in entries}


def keepassxc(home, *arguments, stdin=FILE_PASSPHRASE + "\n"):
    env = {**home.env, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(["keepassxc-cli", *map(str, arguments)], input=stdin.encode(),
                          capture_output=True, timeout=120, env=env)
    expect(done.returncode == 0, arguments, done)
    return done.stdout.decode()


def need_keepassxc():
    if not shutil.which("keepassxc-cli"):
        raise Skip("keepassxc-cli is not installed (./dev setup interop)")


# --- our own files ---

def an_encrypted_export_needs_a_key_and_no_confirmation():
    with filled_home() as home:
        file = home.path / "out.kdbx"
        expect_error(home.run("export", str(file), "-f", "kdbx", "--no-input"), USAGE, "passphrase")
        expect_error(home.run("export", str(file), "-f", "kdbx", give={"--file-passphrase-fd": ""}),
                     USAGE, "empty")
        expect(not file.exists(), "a file without a key")
        done = home.ok("export", str(file), "-f", "kdbx", give={"--file-passphrase-fd": FILE_PASSPHRASE})
        expect("encrypted" in done.err and "not encrypted" not in done.err, done)
        expect(file.stat().st_mode & 0o777 == 0o600, "mode")
        raw = file.read_bytes()
        expect(raw[:4] == b"\x03\xd9\xa2\x9a" and b"ann" not in raw, raw[:200])


def a_file_goes_out_and_comes_back():
    with filled_home() as home, unlocked_home() as other:
        file = home.path / "out.kdbx"
        home.ok("export", str(file), "-f", "kdbx", give={"--file-passphrase-fd": FILE_PASSPHRASE})
        expect_error(other.run("import", str(file), give={"--file-passphrase-fd": "wrong"}), DENIED,
                     "wrong passphrase")
        expect_error(other.run("import", str(file), "--no-input"), USAGE, "--file-passphrase-fd")
        report = other.ok("import", str(file), "--json",
                          give={"--file-passphrase-fd": FILE_PASSPHRASE}).json()
        expect(report["format"] == "kdbx" and report["added"] == 2, report)
        expect(FILE_PASSPHRASE not in json.dumps(report), report)
        before, after = exported_json(home), exported_json(other)
        expect(before.keys() == after.keys(), after.keys())
        for label in before:
            old, new = before[label]["secret"], after[label]["secret"]
            old.pop("sources", None), new.pop("sources")
            expect(old == new, old, new)
        again = other.ok("import", str(file), "-f", "kdbx", "--json",
                         give={"--file-passphrase-fd": FILE_PASSPHRASE}).json()
        expect(again["added"] == 0 and again["skipped"] == 2, again)


def a_key_file_may_stand_alone_or_beside_a_passphrase():
    with filled_home() as home, unlocked_home() as other:
        key = home.path / "any.key"
        key.write_bytes(b"any file is a key file")
        word = home.path / "word"
        word.write_text(FILE_PASSPHRASE + "\n")
        for name, flags in (("key.kdbx", ["--key-file", str(key), "--no-input"]),
                            ("both.kdbx", ["--key-file", str(key), "--file-passphrase-file", str(word)])):
            file = home.path / name
            home.ok("export", str(file), "-f", "kdbx", *flags)
            report = other.ok("import", str(file), "--dry-run", "--json", *flags).json()
            expect(report["read"] == 2, report)
            expect_error(other.run("import", str(file), "--file-passphrase-file", str(word)), DENIED)
        expect_error(other.run("import", str(file), "--key-file", str(home.path / "none")), USAGE, "none")


def damaged_and_foreign_files_are_named():
    with unlocked_home() as home:
        file = home.path / "old.kdb"
        file.write_bytes(bytes.fromhex("03d9a29a65fb4bb5") + bytes(100))
        expect_error(home.run("import", str(file), give={"--file-passphrase-fd": "x"}), USAGE,
                     "KeePass 1", "KeePassXC")
        file.write_bytes(bytes.fromhex("03d9a29a67fb4bb5") + b"\x01\x00\x04\x00" + bytes(3))
        expect_error(home.run("import", str(file), give={"--file-passphrase-fd": "x"}), USAGE, "damaged")


# --- keepassxc-cli ---

def a_file_of_keepassxc_is_imported_and_ours_opens_there():
    need_keepassxc()
    with unlocked_home() as home:
        made, back = home.path / "made.kdbx", home.path / "back.kdbx"
        twice = f"{FILE_PASSPHRASE}\n{FILE_PASSPHRASE}\n"
        keepassxc(home, "db-create", "-q", "-p", "-t", "100", made, stdin=twice)
        keepassxc(home, "mkdir", "-q", made, "Work")
        keepassxc(home, "add", "-q", "-p", "-u", "ann", "--url", "https://a.example", "--notes", "two\\nlines",
                  made, f"Work/{TITLE}", stdin=f"{FILE_PASSPHRASE}\n{SECRET}\n")
        attachment = home.path / "key.bin"
        attachment.write_bytes(BINARY)
        keepassxc(home, "attachment-import", "-q", made, f"Work/{TITLE}", "key.bin", attachment)
        expect(made.read_bytes()[8:12] == b"\x01\x00\x03\x00", "not 3.1", made.read_bytes()[8:12])

        report = home.ok("import", str(made), "--json", give={"--file-passphrase-fd": FILE_PASSPHRASE}).json()
        expect(report["read"] == 1 and report["source"]["attachments"] == 1, report)
        entry = exported_json(home)[TITLE]
        secret = entry["secret"]
        expect(entry["folder"] == ["Work"], entry)
        expect(secret["username"] == "ann" and secret["password"] == SECRET, secret)
        expect(secret["urls"] == ["https://a.example"] and secret["notes"] == "two\nlines", secret)

        home.ok("add", "ours", "--totp", "-", "--tags", "x,y", stdin=TOTP)
        home.ok("export", str(back), "-f", "kdbx", give={"--file-passphrase-fd": FILE_PASSPHRASE})
        listed = keepassxc(home, "ls", "-q", "-R", "-f", back)
        expect({"Work/", f"Work/{TITLE}", "ours"} <= set(listed.split("\n")), listed)
        for attribute, value in (("UserName", "ann"), ("Password", SECRET), ("URL", "https://a.example"),
                                 ("Notes", "two\nlines"), ("Title", TITLE)):
            shown = keepassxc(home, "show", "-q", "-s", "-a", attribute, back, f"Work/{TITLE}")
            expect(shown == value + "\n", attribute, shown)
        exported = home.path / "exported.bin"  # its --stdout writes everything twice
        keepassxc(home, "attachment-export", "-q", back, f"Work/{TITLE}", "key.bin", exported)
        expect(exported.read_bytes() == BINARY, exported.stat().st_size)
        code = keepassxc(home, "show", "-q", "-t", back, "ours").strip()
        expect(code.isdigit() and len(code) == 6, code)
        expect(keepassxc(home, "show", "-q", "-a", "Tags", back, "ours").strip() == "x,y", "tags")

        # changed and saved there, it still comes back as what it was here
        keepassxc(home, "edit", "-q", "-u", "bea", back, "ours")
        with unlocked_home() as other:
            other.ok("import", str(back), give={"--file-passphrase-fd": FILE_PASSPHRASE})
            after = exported_json(other)
            expect(after["ours"]["secret"]["username"] == "bea", after["ours"])
            expect(after["ours"]["secret"]["totp"] == exported_json(home)["ours"]["secret"]["totp"], after)
            expect(after[TITLE]["secret"]["attachments"] == secret["attachments"], after[TITLE])


def the_xml_and_csv_of_keepassxc_are_read_and_ours_is_read_there():
    need_keepassxc()
    with filled_home() as home:
        file, xml = home.path / "out.kdbx", home.path / "out.xml"
        home.ok("export", str(file), "-f", "kdbx", give={"--file-passphrase-fd": FILE_PASSPHRASE})
        home.ok("export", str(xml), "-f", "keepass-xml", "--plaintext")
        imported = home.path / "imported.kdbx"
        keepassxc(home, "import", "-q", "-p", "-t", "100", xml, imported,
                  stdin=f"{FILE_PASSPHRASE}\n{FILE_PASSPHRASE}\n")
        for origin in (file, imported):
            their_xml = home.path / "theirs.xml"
            their_xml.write_text(keepassxc(home, "export", "-q", "-f", "xml", origin))
            their_csv = home.path / "theirs.csv"
            their_csv.write_text(keepassxc(home, "export", "-q", "-f", "csv", origin))
            for theirs in (their_xml, their_csv):
                with unlocked_home() as other:
                    report = other.ok("import", str(theirs), "--json").json()
                    expect(report["added"] == 2, theirs, report)
                    secret = exported_json(other)[TITLE]["secret"]
                    expect(secret["username"] == "ann" and secret["notes"] == "two\nlines", secret)
                    expect(exported_json(other)["second"]["secret"]["totp"]["secret"] == TOTP, secret)


def a_key_file_of_ours_and_theirs_is_the_same():
    need_keepassxc()
    with filled_home() as home:
        key, made = home.path / "made.keyx", home.path / "made.kdbx"
        keepassxc(home, "db-create", "-q", "-p", "-t", "100", "--set-key-file", key, made,
                  stdin=f"{FILE_PASSPHRASE}\n{FILE_PASSPHRASE}\n")
        expect(key.exists(), "keepassxc made no key file")
        flags = ["--key-file", str(key)]
        report = home.ok("import", str(made), *flags, "--json",
                         give={"--file-passphrase-fd": FILE_PASSPHRASE}).json()
        expect(report["format"] == "kdbx", report)
        back = home.path / "back.kdbx"
        home.ok("export", str(back), "-f", "kdbx", *flags, give={"--file-passphrase-fd": FILE_PASSPHRASE})
        listed = keepassxc(home, "ls", "-q", "-k", key, back)
        expect(TITLE in listed, listed)


HELPERS = {"unlocked_home", "filled_home", "exported_json", "keepassxc", "need_keepassxc"}
TESTS = [value for name, value in list(globals().items())
         if callable(value) and getattr(value, "__module__", "") == "__main__" and name not in HELPERS]

if __name__ == "__main__":
    sys.exit(main(TESTS, "KeePass files"))
