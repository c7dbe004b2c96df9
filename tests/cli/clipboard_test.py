#!/usr/bin/env python3
"""Copying: what reaches the clipboard program, what never does, and who wipes it afterwards.

A fake wl-copy keeps its input in a file and tells on a pipe what it was asked to do; a fake wl-paste
gives the file back.
"""

import os
import select
import sys

from holdfast_process import NOT_FOUND, USAGE, Home, expect, expect_error, main

COPY = """#!/bin/sh
if [ "$1" = --help ]; then echo "usage: wl-copy [--sensitive]"; exit 0; fi
if [ "$1" = --clear ]; then : > "$CLIP/content"; echo cleared > "$CLIP/events"; exit 0; fi
printf '%s\\n' "$@" > "$CLIP/arguments"
printf '%s' "$TMPDIR" > "$CLIP/tmpdir"
cat > "$CLIP/content"
"""
PASTE = """#!/bin/sh
cat "$CLIP/content"
echo pasted > "$CLIP/events"
"""


class Desk(Home):
    """A home with a clipboard and a vault that has the secret 'mail'."""

    def __init__(self, name="wl-copy", display="WAYLAND_DISPLAY"):
        super().__init__()
        self.clip = self.path / "clip"
        tools = self.path / "tools"
        self.clip.mkdir()
        tools.mkdir()
        for program, text in ((name, COPY), ("wl-paste", PASTE)):
            (tools / program).write_text(text)
            (tools / program).chmod(0o755)
        self.env.update({"PATH": f"{tools}:/usr/bin:/bin", "CLIP": str(self.clip), display: "wayland-9"})
        os.mkfifo(self.clip / "events")
        self.events = os.open(self.clip / "events", os.O_RDWR)  # open for writing, too: never ends
        self.init()
        self.ok("add", "mail", "-u", "ann", give={"--password-fd": "p@ss wörd"})

    def __exit__(self, *rest):
        os.close(self.events)
        super().__exit__(*rest)

    def content(self):
        return (self.clip / "content").read_text()

    def next_event(self):
        ready, _, _ = select.select([self.events], [], [], 20)
        assert ready, "nothing happened to the clipboard"
        return os.read(self.events, 100).decode().split()


def get_c_copies_the_password_and_shows_nothing():
    with Desk() as desk:
        done = desk.ok("get", "mail", "-c")
        expect(done.out == b"" and "30 s" in done.err and "wörd" not in done.err, done)
        expect(desk.content() == "p@ss wörd", desk.content())
        arguments = (desk.clip / "arguments").read_text()
        expect("p@ss" not in arguments and "--sensitive" in arguments, arguments)
        expect((desk.clip / "tmpdir").read_text() == str(desk.path / "run"), "wl-copy's own file")


def copy_takes_a_field_and_generate_and_totp_copy_too():
    with Desk() as desk:
        desk.ok("copy", "mail", "--field", "username")
        expect(desk.content() == "ann", desk.content())
        told = desk.ok("generate", "-c", "--length", "30", "--json").json()
        expect(len(desk.content()) == 30 and told["clear_after_ms"] == 30000, told)
        expect(told == {"copied": "value", "backend": "wl-copy", "clear_after_ms": 30000}, told)
        desk.ok("generate", "--diceware", "4", "-c")
        expect(desk.content().count("-") >= 3, desk.content())
        desk.ok("add", "otp", "--totp", "-", stdin="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
        desk.ok("totp", "otp", "-c")
        expect(len(desk.content()) == 6 and desk.content().isdigit(), desk.content())
        expect_error(desk.run("generate", "-c", "--count", "2"), USAGE, "one value")
        expect_error(desk.run("copy", "otp"), NOT_FOUND, "no password")


def the_clipboard_is_wiped_after_the_time():
    with Desk() as desk:
        desk.ok("get", "mail", "-c", "--clear-after", "100ms")
        seen = desk.next_event()
        while "cleared" not in seen:
            seen += desk.next_event()
        expect(desk.content() == "", desk.content())


def what_was_copied_since_is_left_alone():
    with Desk() as desk:
        desk.ok("get", "mail", "-c", "--clear-after", "300ms")
        (desk.clip / "content").write_text("mine")
        expect(desk.next_event() == ["pasted"], "the helper did not look")
        # the helper ends after looking; a wiping would come before its end
        for entry in os.listdir("/proc"):
            try:
                helper = entry.isdigit() and b"clipboard-clear" in open(f"/proc/{entry}/cmdline", "rb").read()
                if helper and str(desk.path).encode() in open(f"/proc/{entry}/environ", "rb").read():
                    ended = os.pidfd_open(int(entry))
                    select.select([ended], [], [], 20)
                    os.close(ended)
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        expect(desk.content() == "mine", desk.content())


def the_helper_knows_no_plaintext():
    with Desk() as desk:
        desk.ok("get", "mail", "-c", "--clear-after", "60s")
        helpers = []
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and b"clipboard-clear" in open(f"/proc/{entry}/cmdline", "rb").read():
                    if str(desk.path).encode() in open(f"/proc/{entry}/environ", "rb").read():
                        helpers.append(int(entry))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        expect(len(helpers) == 1, helpers)
        helper = helpers[0]
        try:
            for name in ("cmdline", "environ"):
                expect(b"p@ss" not in open(f"/proc/{helper}/{name}", "rb").read(), name)
            if os.geteuid() == 0:  # only root may look into it
                with open(f"/proc/{helper}/mem", "rb") as memory:
                    for line in open(f"/proc/{helper}/maps"):
                        bounds, rights = line.split()[:2]
                        first, last = (int(one, 16) for one in bounds.split("-"))
                        if not rights.startswith("rw") or last - first > 1 << 28:
                            continue
                        try:
                            memory.seek(first)
                            expect("p@ss wörd".encode() not in memory.read(last - first), line)
                        except (OSError, OverflowError):
                            continue
        finally:
            os.kill(helper, 15)


def zero_never_wipes_and_settings_choose_the_backend():
    with Desk() as desk:
        told = desk.ok("copy", "mail", "--clear-after", "0", "--json").json()
        expect(told["clear_after_ms"] is None, told)
        off = {"HOLDFAST_CLIPBOARD_BACKEND": "none"}
        expect_error(desk.run("copy", "mail", env=off), USAGE, "switched off", "clipboard.backend")
        missing = {"HOLDFAST_CLIPBOARD_BACKEND": "xclip", "PATH": str(desk.path / "tools")}
        expect_error(desk.run("copy", "mail", env=missing), USAGE, "xclip is not installed")
        expect_error(desk.run("copy", "mail", "--clear-after", "soon"), USAGE, "duration")


def xclip_is_used_where_there_is_only_x():
    with Desk("xclip", "DISPLAY") as desk:
        desk.ok("copy", "mail")
        expect(desk.content() == "p@ss wörd", desk.content())
        expect("clipboard" in (desk.clip / "arguments").read_text(), "selection")


def without_a_display_the_terminal_is_asked_to_copy():
    with Desk("nothing", "NO_DISPLAY") as desk:
        expect_error(desk.run("copy", "mail"), USAGE, "no clipboard", "wl-clipboard")
        code, seen = desk.type("copy", "mail")
        expect(code == 0 and "\x1b]52;c;cEBzcyB3w7ZyZA==\x07" in seen, repr(seen))
        expect("not wiped" in seen, seen)


if __name__ == "__main__":
    sys.exit(main([get_c_copies_the_password_and_shows_nothing,
                   copy_takes_a_field_and_generate_and_totp_copy_too,
                   the_clipboard_is_wiped_after_the_time, what_was_copied_since_is_left_alone,
                   the_helper_knows_no_plaintext, zero_never_wipes_and_settings_choose_the_backend,
                   xclip_is_used_where_there_is_only_x, without_a_display_the_terminal_is_asked_to_copy],
                  "clipboard"))
