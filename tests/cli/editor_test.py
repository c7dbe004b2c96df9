#!/usr/bin/env python3
"""edit in the user's editor: a text in memory, what it changes, and what it leaves behind."""

import os
import pathlib
import shlex
import signal
import subprocess
import sys

from holdfast_process import CONFLICT, PROGRAM, USAGE, Home, Skip, expect, expect_error, main

SHM = pathlib.Path("/dev/shm")


def home_with_a_secret():
    home = Home()
    home.init()
    home.ok("add", "GitHub", "-u", "ann", "--url", "https://github.com", "--tags", "work,code",
            "-c", "Work/Code", "--field", "plan=free", "--field", "api/key=@" + saved(home, "k1"),
            "--notes", "@" + saved(home, "first\n# no comment: a note\n> nor this\n"),
            "--totp", "@" + saved(home, "JBSWY3DPEHPK3PXP"), give={"--password-fd": "old password"})
    return home


def saved(home, text):
    path = home.path / f"saved-{len(list(home.path.iterdir()))}"
    path.write_text(text)
    return str(path)


def editor(home, code):
    """EDITOR: Python that gets the file's path as `path` and its text as `text`."""
    script = home.path / f"editor-{len(list(home.path.iterdir()))}"
    script.write_text("import os, pathlib, stat, sys\npath = pathlib.Path(sys.argv[-1])\n"
                      "text = path.read_text()\n" + code)
    return {"EDITOR": f"{sys.executable} {shlex.quote(str(script))}", "VISUAL": ""}


def get(home, item="GitHub"):
    return home.ok("get", item, "--json").json()


def versions(home):
    return len(home.ok("history", "GitHub", "--json").json()["items"])


def leftovers():
    return [p for p in SHM.glob("holdfast-edit-*") if p.stat().st_uid == os.getuid()]


def the_text_changes_every_kind_of_value():
    with home_with_a_secret() as home:
        change = editor(home, r'''
for old, new in [("label: GitHub", "label: Git Hub"), ("username: ann", "username: bob"),
                 ("password: old password", "password: new: # \"password\"\n> with a second line"),
                 ("tag: code", "tag: a, b"), ("category: Work/Code", "category: Private/New"),
                 ("url: https://github.com", "url: https://a\nurl: https://b"),
                 ("totp: JBSWY3DPEHPK3PXP", "totp: otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&digits=8"),
                 ("field plan: free", "secret plan: paid\nfield team/size: 4"),
                 ("first", "second")]:
    assert old in text, (old, text)
    text = text.replace(old, new)
path.write_text(text)''')
        done = home.ok("edit", "GitHub", env=change)
        expect("password" in done.err and "new:" not in done.err, done)
        secret = get(home, "Git Hub")
        expect(secret["username"] == "bob" and secret["tags"] == ["work", "a, b"], secret)
        expect(secret["password"] == "new: # \"password\"\nwith a second line", secret)
        expect(secret["urls"] == ["https://a", "https://b"] and secret["totp"]["digits"] == 8, secret)
        expect(secret["notes"] == "second\n# no comment: a note\n> nor this\n", secret)
        fields = {(f["section"], f["name"]): (f["value"], f["protected"]) for f in secret["fields"]}
        expect(fields == {("", "plan"): ("paid", True), ("team", "size"): ("4", False),
                          ("api", "key"): ("k1", True)}, fields)
        expect(home.ok("get", "Git Hub", "--field", "category").text == "Private/New\n", "category")
        expect(not leftovers(), leftovers())


def an_untouched_text_writes_nothing_whatever_the_secret_holds():
    with home_with_a_secret() as home:
        awkward = {"label": " : ", "username": "\n\n", "password": "  > a\n\n> b \n", "notes": "\n# x\n\n",
                   "urls": ["# not a comment"], "tags": ["a:b", "c\nd"],
                   "fields": [{"section": "s:/", "name": "n: /x", "value": "v\n", "protected": True},
                              {"name": "twice", "value": "1"}, {"name": "twice", "value": "2"},
                              {"name": "raw", "value_base64": "//8=", "protected": True}]}
        status, made = home.request("POST", "/v1/vaults/-/secrets", awkward)
        expect(status == 201, made)
        for item in ("GitHub", made["id"]):
            same = home.ok("edit", item, env=editor(home, "path.write_text(text)"))
            expect("Nothing was changed" in same.err and same.out == b"", same)
        # another value changes, and what is awkward stays as it was
        home.ok("edit", made["id"], env=editor(home, "path.write_text(text.replace('kind: login', 'kind: note'))"))
        now = get(home, made["id"])
        for name in ("label", "username", "password", "notes", "urls", "tags"):
            expect(now[name] == awkward[name], name, now)
        expect(now["fields"][0]["value"] == "v\n" and now["fields"][0]["section"] == "s:/", now)
        expect(now["fields"][3]["value_base64"] == "//8=" and now["kind"] == "note", now)
        home.ok("edit", "GitHub", env=editor(home, "path.write_text('')"))
        expect(versions(home) == 1, "an empty text wrote something")


def the_file_is_private_lies_in_memory_and_is_gone_afterwards():
    with home_with_a_secret() as home:
        seen = home.path / "seen"
        look = editor(home, f'''
(path.parent / "entry.swp").write_text("old password")
pathlib.Path({str(seen)!r}).write_text("%o %o %s" % (stat.S_IMODE(os.stat(path).st_mode),
    stat.S_IMODE(os.stat(path.parent).st_mode), path))
sys.exit(3)''')
        failed = home.run("edit", "GitHub", env=look)
        expect_error(failed, USAGE, "editor", "failed", "nothing was changed")
        mode, folder, path = seen.read_text().split()
        expect((mode, folder) == ("600", "700") and path.startswith("/dev/shm/"), seen.read_text())
        expect(not os.path.exists(os.path.dirname(path)), "it is still there")
        expect("old password" not in failed.err, failed)


def a_mistake_in_the_text_goes_back_to_the_editor():
    with home_with_a_secret() as home:
        count = home.path / "count"
        wrong = editor(home, f'''
count = pathlib.Path({str(count)!r})
n = int(count.read_text()) if count.exists() else 0
count.write_text(str(n + 1))
path.write_text(text.replace("username: ann", "user name: bob") if n == 0
                else text.replace("user name: bob", "username: bob"))''')
        code, seen = home.type("edit", "GitHub", answers=[("Edit it again?", "y\r")], env=wrong)
        expect(code == 0 and "line " in seen and "no value of that name" in seen, seen)
        expect(get(home)["username"] == "bob" and count.read_text() == "2", count.read_text())
        for bad, message in (("label: a\nlabel: b\n", "line 2.*twice"), ("> x\n", "line 1"),
                             ("label: a\nno colon\n", "line 2.*colon"), ("label:\n", "label"),
                             ("label: a\nfield : x\n", "line 2.*name"), ("label: a\ntotp: !\n", "one-time|otp|base32"),
                             ("label: a\nkind: nonsense\n", "kind")):
            result = home.run("edit", "GitHub", env=editor(home, f"path.write_text({bad!r})"))
            expect_error(result, USAGE, "nothing was changed", message)
        expect(versions(home) == 2, "a bad text wrote something")


def a_change_made_elsewhere_meanwhile_is_seen_and_kept():
    with home_with_a_secret() as home:
        version = get(home)["version"]
        meanwhile = "import subprocess\nsubprocess.run([%r, 'edit', 'GitHub', '--username', %r], check=True, capture_output=True)\n"
        both = home.ok("edit", "GitHub", env=editor(
            home, meanwhile % (PROGRAM, "eve") + "path.write_text(text.replace('second', 'x').replace('first', 'third'))"))
        expect("elsewhere" in both.err, both)
        now = get(home)
        expect(now["username"] == "eve" and now["notes"].startswith("third"), now)
        stale = home.run("edit", "GitHub", "--if-version", version, env=editor(home, "sys.exit(9)"))
        expect_error(stale, CONFLICT, "changed since")
        stale = home.run("edit", "GitHub", "--if-version", now["version"], env=editor(
            home, meanwhile % (PROGRAM, "zoe") + "path.write_text(text.replace('third', 'fourth'))"))
        expect_error(stale, CONFLICT, "changed since")
        expect(get(home)["notes"].startswith("third"), "it was written all the same")


def dry_runs_and_missing_editors_change_nothing():
    with home_with_a_secret() as home:
        change = editor(home, "path.write_text(text.replace('username: ann', 'username: bob'))")
        dry = home.ok("edit", "GitHub", "--dry-run", env=change)
        expect("username" in dry.err and "nothing was changed" in dry.err, dry)
        expect_error(home.run("edit", "GitHub", "--no-input", env=change), USAGE, "--no-input", "--help")
        expect_error(home.run("edit", "GitHub", env={"EDITOR": "/none/such"}), USAGE, "EDITOR")
        expect(versions(home) == 1, "something was written")


def without_a_file_system_in_memory_it_refuses():
    with home_with_a_secret() as home:
        inside = f"mount --bind {home.path} /dev/shm && exec {PROGRAM} edit GitHub"
        done = subprocess.run(["unshare", "-rm", "sh", "-c", inside], capture_output=True, text=True,
                              env={**home.env, **editor(home, "sys.exit(9)")})
        if "unshare" in done.stderr or "mount" in done.stderr:
            raise Skip("no user namespace: " + done.stderr.strip())
        expect(done.returncode == USAGE and "in memory" in done.stderr, done)
        expect("--help" in done.stderr and "tmpfs" in done.stderr, done)


def a_killed_edit_is_found_and_wiped_by_doctor():
    with home_with_a_secret() as home:
        pipe = home.path / "pipe"
        os.mkfifo(pipe)
        waiting = editor(home, f"open({str(pipe)!r}, 'w').write(str(path)); os.kill(os.getppid(), 0); "
                               f"open({str(pipe)!r}).read()")
        running = subprocess.Popen([PROGRAM, "edit", "GitHub"], env={**home.env, **waiting},
                                   start_new_session=True, stderr=subprocess.DEVNULL)
        path = pathlib.Path(pipe.read_text())
        try:
            expect(path.exists() and "leftovers: none" in home.run("doctor").text, "it is in use")
            running.send_signal(signal.SIGKILL)
            running.wait()
            checked = home.run("doctor")
            expect("editor that was killed" in checked.text, checked)
            fixed = home.run("doctor", "--fix")
            expect("wiped" in fixed.err and not path.parent.exists(), fixed)
        finally:
            pipe.write_text("")  # the editor ends


def vim_keeps_nothing_beside_the_file():
    vim = next((p for p in ("/usr/bin/vim", "/usr/bin/vim.basic") if os.path.exists(p)), None)
    if vim is None:
        raise Skip("vim is not installed")
    with home_with_a_secret() as home:
        (home.path / ".vimrc").write_text(
            f"set undofile undodir={home.path} backup backupdir={home.path} directory={home.path}\n"
            "set viminfo='100\nset nocompatible\n")
        changed = home.type("edit", "GitHub", env={"EDITOR": vim},
                            answers=[("username", ":%s/^username: ann/username: vim/\r:wq\r")])
        expect(changed[0] == 0 and get(home)["username"] == "vim", changed)
        for path in home.path.rglob("*"):
            secret = path.is_file() and not path.name.startswith("saved") and b"old password" in path.read_bytes()
            expect(not secret, f"{path} holds the password")
        expect(not (home.path / ".viminfo").exists() and not leftovers(), leftovers())


if __name__ == "__main__":
    sys.exit(main([the_text_changes_every_kind_of_value,
                   an_untouched_text_writes_nothing_whatever_the_secret_holds,
                   the_file_is_private_lies_in_memory_and_is_gone_afterwards,
                   a_mistake_in_the_text_goes_back_to_the_editor,
                   a_change_made_elsewhere_meanwhile_is_seen_and_kept,
                   dry_runs_and_missing_editors_change_nothing,
                   without_a_file_system_in_memory_it_refuses,
                   a_killed_edit_is_found_and_wiped_by_doctor,
                   vim_keeps_nothing_beside_the_file],
                  "edit in an editor"))
