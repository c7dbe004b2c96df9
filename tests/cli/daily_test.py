#!/usr/bin/env python3
"""Word passphrases, strength, a new passphrase, vaults by name, pinentry, stats and doctor."""

import hashlib
import os
import sys

from holdfast_process import (DENIED, NOT_FOUND, PASSPHRASE, QUICK, USAGE, Home, expect, expect_error,
                              main, unlocked_home)

NEW = "an entirely different horse"


# --- generate ---

def words_are_drawn_with_their_entropy():
    with Home() as home:
        made = home.ok("generate", "--diceware", "5", "--separator", "_")
        expect(made.text.count("_") == 4 and "65 bits" in made.err, made)
        expect(home.ok("generate", "--diceware").text.strip().count("-") >= 5, "six words by default")
        told = home.ok("generate", "--diceware", "6", "--json").json()
        expect(told["entropy_bits"] == 77.55 and told["strength"]["score"] == 4, told)
        expect(set(told) == {"values", "entropy_bits", "strength"}, told)
        weak = home.ok("generate", "--pin", "4", "--json").json()
        expect(weak["strength"]["score"] <= 1 and weak["strength"]["guessed_in"], weak)
        own = home.path / "words"
        own.write_text("".join(f"word{n}\n" for n in range(1024)))
        told = home.ok("generate", "--diceware", "3", "--wordlist", own, "--json").json()
        expect(told["entropy_bits"] == 30 and told["values"][0].startswith("word"), told)
        own.write_text("one\none\n")
        expect_error(home.run("generate", "--diceware", "3", "--wordlist", own), USAGE, "line 2", "word list")
        expect_error(home.run("generate", "--diceware", "3", "--wordlist", "/none"), USAGE, "/none")
        expect_error(home.run("generate", "--diceware", "65"), USAGE, "64")
        expect_error(home.run("generate", "--diceware", "3", "--length", "9"), USAGE, "--diceware")
        expect_error(home.run("generate", "--separator", "x"), USAGE, "--diceware")


# --- strength ---

def a_typed_password_is_judged_and_a_piped_one_is_not():
    with unlocked_home() as home:
        code, seen = home.type("add", "x", "-p", answers=[("password: ", "qwerty\r"),
                                                          ("again: ", "qwerty\r")])
        expect(code == 0 and "strength: very weak, guessed in" in seen and "qwerty" not in seen, seen)
        added = home.ok("add", "y", give={"--password-fd": "qwerty"})
        expect("strength" not in added.err, added)


def init_warns_of_a_weak_passphrase_and_goes_on():
    with Home() as home:
        made = home.ok("init", *QUICK, passphrase="holdfast1")
        expect("warning" in made.err and "--diceware" in made.err, made)
        strong = home.ok("init", "two", *QUICK, passphrase=PASSPHRASE)
        expect("warning" not in strong.err, strong)


# --- passphrase change ---

def the_old_passphrase_opens_no_longer():
    with unlocked_home() as home:
        home.ok("add", "x", "-g")
        change = lambda old, new: home.run("passphrase", "change", passphrase=old,
                                           give={"--new-passphrase-fd": new})
        expect_error(change("wrong", NEW), DENIED, "wrong passphrase", "still holds")
        expect_error(change(PASSPHRASE, ""), USAGE, "empty")
        changed = change(PASSPHRASE, NEW)
        expect(changed.code == 0 and "Older copies" in changed.err, changed)
        home.ok("list")  # it stays unlocked
        home.stop()
        expect_error(home.run("unlock", passphrase=PASSPHRASE), DENIED, "wrong passphrase")
        home.ok("unlock", passphrase=NEW)
        home.ok("get", "x")
        home.ok("verify")


def the_change_asks_for_the_old_once_and_the_new_twice():
    with unlocked_home() as home:
        code, seen = home.type("passphrase", "change", answers=[
            ("old passphrase: ", PASSPHRASE + "\r"), ("new passphrase: ", NEW + "\r"), ("again: ", "typo\r")])
        expect(code == USAGE and "differ" in seen, seen)
        code, seen = home.type("passphrase", "change", answers=[
            ("old passphrase: ", PASSPHRASE + "\r"), ("new passphrase: ", NEW + "\r"), ("again: ", NEW + "\r")])
        expect(code == 0 and "strength:" in seen and NEW not in seen, seen)
        home.ok("lock")
        home.ok("unlock", passphrase=NEW)
        expect_error(home.run("passphrase", "change", "--no-input"), USAGE, "--passphrase-fd")
        expect_error(home.run("passphrase"), USAGE, "subcommand")


# --- vault ---

def vaults_are_listed_chosen_renamed_and_removed():
    with unlocked_home() as home:
        home.ok("add", "here", "-g")
        home.init("work")
        expect_error(home.run("list"), USAGE, "several vaults")
        home.ok("vault", "use", "work")
        expect(home.ok("list", "--json").json()["items"] == [], "the default is used")
        expect(home.request("GET", "/v1/vaults/-")[1]["name"] == "work", "the daemon knows it, too")
        listed = {v["name"]: v for v in home.ok("vault", "list", "--json").json()["items"]}
        expect(listed["work"]["default"] and not listed["main"]["default"], listed)
        expect_error(home.run("vault", "use", "nobody"), NOT_FOUND, "nobody", "vault list")
        home.ok("vault", "rename", "work", "office")
        expect(not home.vault("work").exists() and home.vault("office").exists(), "folders")
        expect(home.ok("config", "get", "default_vault").text == "office\n", "the setting follows")
        home.run("status", code=2)  # renamed means locked
        home.ok("unlock", passphrase=PASSPHRASE)
        expect_error(home.run("vault", "rename", "office", "main"), USAGE, "exists already")
        expect_error(home.run("vault", "rename", "office", "../x"), USAGE, "not a vault name")
        home.ok("vault", "remove", "office", "--yes")
        expect(not home.vault("office").exists(), "still there")
        expect(home.ok("config", "get", "default_vault").text == "\n", "the setting is gone")
        expect(len(home.ok("list", "--json").json()["items"]) == 1, "main is untouched")


def removing_needs_the_name_typed_in_full():
    with unlocked_home() as home:
        expect_error(home.run("vault", "remove", "main", "--no-input"), USAGE, "--yes")
        for typed in ("y", "mai", ""):
            code, seen = home.type("vault", "remove", "main", answers=[("name: ", typed + "\n")])
            expect(code == USAGE and "nothing was changed" in seen, seen)
        home.ok("status")
        code, seen = home.type("vault", "remove", "main", answers=[("name: ", "main\n")])
        expect(code == 0 and not home.vault().exists(), seen)


# --- pinentry ---

PINENTRY = """#!/bin/sh
echo "OK Pleased to meet you"
while read -r line; do
  echo "$line" >> "$HOME/heard"
  case "$line" in
    GETPIN*) echo "S progress"; {answer} ;;
    BYE*) echo OK; exit 0 ;;
    "OPTION ttytype"*) echo "ERR 83886254 unknown option" ;;
    *) echo OK ;;
  esac
done
"""


def pinentry(home, answer, name="fake-pinentry"):
    program = home.path / name
    program.write_text(PINENTRY.replace("{answer}", answer))
    program.chmod(0o755)
    return program


def a_chosen_pinentry_is_asked():
    with unlocked_home() as home:
        home.ok("lock")
        escaped = "".join(f"%{ord(c):02X}" if c in " r" else c for c in PASSPHRASE)
        program = pinentry(home, f'echo "D {escaped}"; echo OK')
        env = {"HOLDFAST_PINENTRY": str(program), "GPG_TTY": "/dev/pts/7"}
        home.ok("unlock", env=env)
        heard = (home.path / "heard").read_text()
        for part in ("OPTION ttyname=/dev/pts/7", "SETPROMPT passphrase:", "SETDESC Holdfast asks"):
            expect(part in heard, f"'{part}' was not said", heard)
        home.ok("lock")
        code, seen = home.type("unlock", env=env)  # beats the terminal
        expect(code == 0 and "passphrase: " not in seen, seen)
        home.ok("lock")
        home.unlock(env={"HOLDFAST_PINENTRY": "/nonexistent"})  # a descriptor beats pinentry
        expect_error(home.run("unlock", "--no-input", env=env), USAGE, "--no-input")


def pinentry_can_be_cancelled_and_can_fail():
    with unlocked_home() as home:
        home.ok("lock")
        for answer, part in (('echo "ERR 83886179 Operation cancelled <Pinentry>"', "cancelled"),
                             ('echo "ERR 83886340 No terminal"', "cannot ask"),
                             ("exit 0", "does not answer")):
            env = {"HOLDFAST_PINENTRY": str(pinentry(home, answer))}
            expect_error(home.run("unlock", env=env), USAGE, part)
        missing = home.run("unlock", env={"HOLDFAST_PINENTRY": "/nonexistent"})
        expect_error(missing, USAGE, "/nonexistent", "installed")


def without_a_terminal_a_pinentry_in_the_path_is_found():
    with unlocked_home() as home:
        home.ok("lock")
        pinentry(home, f'echo "D {PASSPHRASE}"; echo OK', "pinentry")
        path = {"PATH": f"{home.path}:/usr/bin:/bin"}
        expect_error(home.run("unlock", env=path), USAGE, "no terminal")  # nobody to ask
        home.ok("unlock", env={**path, "GPG_TTY": "/dev/pts/7"})
        home.ok("lock")
        code, seen = home.type("unlock", env={**path, "GPG_TTY": "/dev/pts/7"},
                               answers=[("passphrase: ", PASSPHRASE + "\r")])
        expect(code == 0, seen)


# --- stats, doctor ---

def stats_count_and_name_but_show_no_value():
    with unlocked_home() as home:
        for label in ("one", "two"):
            home.ok("add", label, "-c", "work", give={"--password-fd": "canary7"})
        home.ok("add", "three", "-g")
        home.ok("add", "note", "--notes", "-", stdin="text")
        plain = home.ok("stats", "--json").json()
        expect(plain == {"secrets": 4, "with_password": 3, "with_totp": 0, "attachments": 0}, plain)
        flags = ("--by-category", "--by-age", "--strength", "--reused")
        told = home.ok("stats", *flags, "--json").json()
        expect([sorted(s["label"] for s in group) for group in told["reused"]] == [["one", "two"]], told)
        expect({s["label"] for s in told["weak"]} == {"one", "two"}, told)
        expect(sum(told["strength"].values()) == 3 and told["by_age"]["30d"] == 3, told)
        expect({"work": 2} .items() <= {c["name"]: c["secrets"] for c in told["by_category"]}.items(), told)
        shown = home.ok("stats", *flags).text
        expect("one, two" in shown and "canary7" not in shown + str(told), shown)
        leaked = home.path / "leaked"
        sha1 = lambda word: hashlib.sha1(word.encode()).hexdigest().upper()
        leaked.write_text("".join(sorted(f"{sha1(word)}:{n + 3}\n" for n, word in enumerate(("canary7", "x", "y")))))
        told = home.ok("stats", "--breached", "leaked", "--json", cwd=home.path).json()
        expect({(s["label"], s["times"]) for s in told["breached"]} == {("one", 3), ("two", 3)}, told)
        shown = home.ok("stats", "--breached", leaked)
        expect("one (3)" in shown.text and "canary7" not in shown.text + shown.err, shown)
        leaked.write_text("canary7\n")
        expect_error(home.run("stats", "--breached", leaked), USAGE, "SHA-1", "byte 0")
        home.ok("lock")
        home.run("stats", code=5)


def doctor_finds_nothing_on_a_sound_machine():
    with unlocked_home() as home:
        told = home.ok("doctor", "--json", env={"HOLDFAST_KDF_TARGET": "60s"}).json()
        names = {check["name"]: check for check in told["checks"]}
        for name in ("permissions", "leftovers", "memory lock", "core dumps", "entropy", "disk space",
                     "configuration", "socket", "main: store and roots", "main: clock", "main: state",
                     "main: passphrase"):
            expect(name in names, f"no check '{name}'", told)
        expect(told["ok"] and names["main: store and roots"]["result"] == "ok", told)
        cheap = names["main: passphrase"]  # made with the cheapest allowed
        expect(cheap["result"] == "warning" and "passphrase change" in cheap["remedy"], cheap)
        home.ok("lock")
        home.ok("doctor")  # needs no unlocked vault


def doctor_names_what_is_wrong_and_the_remedy():
    with unlocked_home() as home:
        def found(name, result, *parts):
            done = home.run("doctor", "--json")
            expect(done.code == (1 if result == "failure" else 0), done)
            check = {c["name"]: c for c in done.json()["checks"]}[name]
            expect(check["result"] == result and check["remedy"], check)
            for part in parts:
                expect(part in check["text"] + check["remedy"], f"'{part}' is not said", check)
            shown = home.run("doctor").text
            expect("remedy: " + check["remedy"] in shown, shown)

        header = home.vault() / "header"
        os.chmod(header, 0o644)
        found("permissions", "failure", str(header), "doctor --fix")
        os.chmod(header, 0o600)
        half = home.data / ".main.removed-00ff00ff"
        half.mkdir(mode=0o700)
        found("leftovers", "warning", str(half))
        half.rmdir()
        config = home.path / "config" / "holdfast"
        config.mkdir(mode=0o700, exist_ok=True)
        (config / "config.toml").write_text("[lock]\nidel = 1\n")
        os.chmod(config / "config.toml", 0o600)
        found("configuration", "failure", "line 2", "lock.idle")
        (config / "config.toml").unlink()
        home.stop()
        content = bytearray(header.read_bytes())
        content[20] ^= 1
        header.write_bytes(content)
        found("main: state", "failure", "header")


TESTS = [value for name, value in list(globals().items())
         if callable(value) and getattr(value, "__module__", "") == "__main__"
         and name not in ("unlocked_home", "pinentry")]

if __name__ == "__main__":
    sys.exit(main(TESTS, "daily use"))
