#!/usr/bin/env python3
"""Prompts, and every other way by which a secret comes in."""

import sys

from holdfast_process import (NOT_FOUND, PASSPHRASE, QUICK, USAGE, Home, expect, expect_error, main,
                              unlocked_home)


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


TESTS = [value for name, value in list(globals().items())
         if callable(value) and getattr(value, "__module__", "") == "__main__"]

if __name__ == "__main__":
    sys.exit(main(TESTS, "prompts"))
