#!/usr/bin/env python3
"""Types the README's tour, line by line, as a new user would: every command must work."""

import importlib.util
import shlex
import sys

from holdfast_process import PASSPHRASE, ROOT, Home, expect, main

BITWARDEN = """{"encrypted": false, "folders": [{"id": "f1", "name": "Work"}], "items": [
 {"id": "i1", "folderId": "f1", "type": 1, "name": "example", "notes": null, "favorite": false,
  "login": {"username": "ann", "password": "imported-password", "totp": null,
            "uris": [{"match": null, "uri": "https://example.org"}]}}]}
"""
CHROME = "name,url,username,password,note\nshop,https://shop.example,ann,from-chrome,\n"


def readme_commands():
    spec = importlib.util.spec_from_file_location("check_docs", ROOT / "tools" / "check_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.readme_commands(ROOT)


def every_command_of_the_tour_works():
    commands = [c.strip() for c in readme_commands() if c.strip().startswith("holdfast ")]
    expect(len(commands) >= 15, "the tour has shrunk, or is not found", commands)
    with Home() as home:
        (home.path / "bitwarden.json").write_text(BITWARDEN)
        (home.path / "passwords.csv").write_text(CHROME)
        tools = home.path / "tools"  # a clipboard that takes everything
        tools.mkdir()
        for name in ("wl-copy", "wl-paste"):
            (tools / name).write_text("#!/bin/sh\nexec cat > /dev/null\n")
            (tools / name).chmod(0o755)
        home.env.update(PATH=f"{tools}:/usr/bin:/bin", WAYLAND_DISPLAY="wayland-9", EDITOR="true")
        phrase = PASSPHRASE
        for command in commands:
            words = shlex.split(command, comments=True)[1:]
            asked = (words[0] in ("init", "unlock", "passphrase")
                     or words[:2] in (["backup", "verify"], ["backup", "restore"]))
            passphrase, give = phrase if asked else None, {}
            if words[0] == "migrate":
                give = {"--source-passphrase-fd": phrase}
            if words[0] == "init":
                words += ["--kdf-target", "1ms"]
            if words[0] == "passphrase":
                phrase += " and more"
                give = {"--new-passphrase-fd": phrase}
            result = home.run(*words, passphrase=passphrase, give=give, cwd=home.path)
            expect(result.code == 0, f"README: {command}", result)
            print(f"        {command}", flush=True)


def what_the_tour_stored_is_there():
    with Home() as home:
        home.init()
        home.ok("add", "github", "-u", "ann", "--url", "https://github.com", "-g")
        shown = home.ok("get", "github").text
        expect("ann" in shown and "https://github.com" in shown, shown)
        password = home.ok("get", "github", "--field", "password").text.rstrip("\n")
        expect(len(password) == 20, password)


if __name__ == "__main__":
    sys.exit(main([every_command_of_the_tour_works, what_the_tour_stored_is_there], "README's tour"))
