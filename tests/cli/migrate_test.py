#!/usr/bin/env python3
"""Migrating a vault into another, merging imports, and backups, as a user meets them."""

import json
import os
import signal
import sys
import threading
import time

from holdfast_process import LOCKED, NOT_FOUND, PASSPHRASE, USAGE, Home, expect, expect_error, main, wait_for_end

SECRETS = 300


def two_vaults(home):
    """An old vault with something in it, and the new one, which is the default."""
    home.ok("init", "old", "--kdf-target", "1ms", passphrase="old horse")
    home.init()
    old = ("--vault", "old")
    home.ok("category", "add", "Work/Code", *old)
    home.ok("add", "github", "-u", "ann", "-c", "Work/Code", *old, give={"--password-fd": "one"})
    home.ok("edit", "github", *old, give={"--password-fd": "two"})
    home.ok("add", "gone", "-g", *old)
    home.ok("rm", "gone", *old, "--yes")


def migrate(home, *flags, source="old", passphrase="old horse", run=None, vault="main"):
    return (run or home.ok)("migrate", source, *flags, "--vault", vault,
                            give={"--source-passphrase-fd": passphrase})


def load(home, vault, count):
    items = [{"id": f"i{n}", "type": 1, "name": f"entry {n}", "notes": None,
              "login": {"username": "ann", "password": f"password {n}", "totp": None, "uris": []}}
             for n in range(count)]
    file = home.path / "many.json"
    file.write_text(json.dumps({"encrypted": False, "folders": [], "items": items}))
    home.ok("import", file, "--vault", vault)


# --- migrate ---

def a_vault_is_migrated_verified_and_cut_over():
    with Home() as home:
        two_vaults(home)
        report = migrate(home, "--verify", "--auto-cutover", "--json").json()
        expect((report["total"], report["imported"], report["failed"]) == (2, 2, 0), report)
        expect(report["verification"]["ok"] and report["cut_over"], report)
        expect("two" not in json.dumps(report), "the report holds a value")
        main_vault = ("--vault", "main")
        expect(home.ok("get", "Work/Code/github", "--field", "password", *main_vault).text == "two\n", "value")
        expect(home.ok("history", "github", *main_vault).text.count("ver_") == 2, "history")
        expect("gone" in home.ok("list", "--deleted", *main_vault).text, "tombstone")
        status = home.request("GET", "/v1/vaults/old")[1]
        expect(status["read_only"] and status["read_only_reason"] == "vault_cut_over", status)
        expect(status["migrated_to"] == home.request("GET", "/v1/vaults/main")[1]["vault_id"], status)
        home.stop()
        home.ok("unlock", "--vault", "old", passphrase="old horse")
        shown = home.run("status", "--vault", "old")
        expect("migrated to" in shown.text and "read-only" in shown.err, shown)
        expect_error(home.run("add", "late", "-g", "--vault", "old"), USAGE, "read-only for good", "--vault")
        home.unlock("--vault", "main")
        again = migrate(home, "--json").json()
        expect((again["imported"], again["skipped"]) == (0, 2), again)
        home.ok("verify", *main_vault)


def the_source_may_be_a_folder_and_locks_again():
    with Home() as home:
        two_vaults(home)
        home.ok("lock", "--all")
        home.unlock("--vault", "main")
        elsewhere = home.path / "elsewhere"
        home.stop()
        home.vault("old").rename(elsewhere)
        home.unlock("--vault", "main")
        expect(migrate(home, "--json", source=str(elsewhere) + "/").json()["imported"] == 2, "by folder")
        elsewhere.rename(home.vault("old"))
        expect(migrate(home, "--json", source=str(home.vault("old"))).json()["skipped"] == 2, "by its own folder")
        expect(home.run("status", "--vault", "old").code == 2, "the source stayed unlocked")


def migrating_says_what_is_wrong():
    with Home() as home:
        two_vaults(home)
        run = home.run
        expect_error(migrate(home, run=run, passphrase="wrong"), 4, "wrong passphrase")
        expect_error(migrate(home, run=run, source="nobody"), NOT_FOUND, "no vault of this name")
        expect_error(migrate(home, run=run, source="main", passphrase=PASSPHRASE), USAGE, "into itself", "--vault")
        expect_error(migrate(home, "--batch-size", "0", run=run), USAGE, "--batch-size", "10000")
        expect_error(migrate(home, "--dry-run", "--verify", run=run), USAGE, "dry run")
        home.ok("lock", "--vault", "main")
        expect_error(migrate(home, run=run), LOCKED, "unlock")


def a_dry_run_of_migrate_changes_nothing():
    with Home() as home:
        two_vaults(home)
        before = home.request("GET", "/v1/vaults/main")[1]["state_root"]
        shown = migrate(home, "--dry-run")
        expect("imported 2" in " ".join(shown.text.split()) and "nothing was changed" in shown.err, shown)
        expect(home.request("GET", "/v1/vaults/main")[1]["state_root"] == before, "it changed something")


def killed_in_the_middle_it_is_completed_by_running_it_again():
    with Home() as home:
        home.ok("init", "old", "--kdf-target", "1ms", passphrase="old horse")
        home.init()
        load(home, "old", SECRETS)
        process = home.daemon()
        killer = threading.Thread(target=kill_once_some_arrived, args=(home, process))
        killer.start()
        cut = migrate(home, "--batch-size", "10", run=home.run)
        killer.join()
        wait_for_end(process)
        expect(cut.code != 0, "the daemon survived", cut)
        home.unlock("--vault", "main")
        arrived = home.request("GET", "/v1/vaults/main")[1]["secrets"]
        expect(0 < arrived < SECRETS, f"{arrived} secrets had arrived")
        report = migrate(home, "--verify", "--json").json()
        expect((report["imported"], report["skipped"]) == (SECRETS - arrived, arrived), report)
        expect(report["verification"]["ok"] and report["verification"]["versions"] == SECRETS, report)
        expect(migrate(home, "--json").json()["skipped"] == SECRETS, "a further run changed something")
        home.ok("unlock", "--vault", "old", passphrase="old horse")
        home.ok("add", "late", "-g", "--vault", "old")  # the guard went with the process


def kill_once_some_arrived(home, process):
    for _ in range(20_000):
        try:
            if home.request("GET", "/v1/vaults/main")[1]["secrets"] > 20:
                break
        except OSError:
            return
    os.kill(process, signal.SIGKILL)


# --- import --on-conflict merge ---

def an_import_is_merged_with_what_was_edited_here():
    with Home() as home:
        home.init()
        file = home.path / "file.json"

        def write(username, password):
            file.write_text(json.dumps({"encrypted": False, "folders": [], "items": [
                {"id": "i1", "type": 1, "name": "github", "notes": None,
                 "login": {"username": username, "password": password, "totp": None, "uris": []}}]}))

        merge = ("import", file, "--on-conflict", "merge", "--json")
        write("ann", "one")
        home.ok(*merge)
        home.ok("edit", "github", "-u", "here")
        expect(home.ok(*merge).json()["skipped"] == 1, "an unchanged file changed something")
        write("ann", "two")
        expect(home.ok(*merge).json()["updated"] == 1, "not merged")
        shown = home.ok("get", "github", "--json", "--reveal").json()
        expect((shown["username"], shown["password"]) == ("here", "two"), shown)
        expect(home.ok(*merge).json()["skipped"] == 1, "a second run changed something")


# --- backup ---

def a_backup_is_made_listed_verified_and_restored():
    with Home() as home:
        home.init()
        home.ok("add", "github", "-u", "ann", give={"--password-fd": "canary"})
        home.ok("lock")
        made = home.ok("backup", "create", "vault.backup", "--json", cwd=home.path).json()
        file = home.path / "vault.backup"
        expect(made["file"] == str(file) and file.stat().st_mode & 0o777 == 0o600, made)
        expect(b"canary" not in file.read_bytes(), "a value in clear")
        listed = home.ok("backup", "list", home.path, "--json").json()["items"]
        expect([b["state_root"] for b in listed] == [made["state_root"]], listed)
        expect("vault.backup" in home.ok("backup", "list", cwd=home.path).text, "not listed")
        checked = home.ok("backup", "verify", file, "--json", passphrase=PASSPHRASE).json()
        expect(checked["ok"] and checked["audit_root"] == made["audit_root"], checked)
        home.ok("backup", "restore", file, "again", passphrase=PASSPHRASE)
        home.unlock("--vault", "again")
        again = ("--vault", "again")
        expect(home.ok("get", "github", "--field", "password", *again).text == "canary\n", "value")
        expect_error(home.run("add", "new", "-g", *again), USAGE, "--confirm-recovery")
        home.unlock("--confirm-recovery", *again)
        home.ok("add", "new", "-g", *again)
        home.ok("verify", *again)
        home.ok("backup", "restore", file, "third", "--confirm-recovery", passphrase=PASSPHRASE)
        home.unlock("--vault", "third")
        home.ok("add", "new", "-g", "--vault", "third")


def backups_say_what_is_wrong():
    with Home() as home:
        home.init()
        file = home.path / "vault.backup"
        home.ok("backup", "create", file)
        whole = file.read_bytes()
        expect_error(home.run("backup", "create", file), USAGE, "exists already", "another name")
        expect(file.read_bytes() == whole, "it was overwritten")
        expect_error(home.run("backup", "verify", file, passphrase="wrong"), 4, "wrong passphrase")
        expect_error(home.run("backup", "restore", file, "main", passphrase=PASSPHRASE), USAGE, "exists already")
        expect_error(home.run("backup", "verify", home.path / "nothing", passphrase=PASSPHRASE), USAGE, "not found")
        damaged = home.path / "damaged"
        damaged.write_bytes(whole[:-1])
        expect_error(home.run("backup", "verify", damaged, passphrase=PASSPHRASE), USAGE, "damaged", "another one")
        expect_error(home.run("backup", "restore", damaged, "new", passphrase=PASSPHRASE), USAGE, "damaged")
        expect(sorted(p.name for p in home.data.iterdir()) == ["main"], "something is left of the restore")
        expect_error(home.run("unlock", "--confirm-recovery", passphrase=PASSPHRASE), USAGE, "needs no recovery")


def killed_while_it_is_written_no_half_backup_is_left():
    with Home() as home:
        home.init()
        load(home, "main", 3000)
        folder = home.path / "backups"
        folder.mkdir()
        for delay in (0.0, 0.002, 0.005, 0.01, 0.02, 0.04):
            if not home.daemon():
                home.unlock()
            process = home.daemon()
            file = folder / f"at-{delay}"

            def ask():
                try:
                    home.request("POST", "/v1/vaults/-/backup", {"file": str(file)})
                except (OSError, ValueError):
                    pass

            asker = threading.Thread(target=ask)
            asker.start()
            time.sleep(delay)  # chooses a moment; nothing waits for it
            os.kill(process, signal.SIGKILL)
            wait_for_end(process)
            asker.join()
        for left in folder.iterdir():
            expect(left.name.startswith("at-"), f"{left.name} is left")
            home.ok("backup", "verify", left, passphrase=PASSPHRASE)


if __name__ == "__main__":
    sys.exit(main([
        a_vault_is_migrated_verified_and_cut_over,
        the_source_may_be_a_folder_and_locks_again,
        migrating_says_what_is_wrong,
        a_dry_run_of_migrate_changes_nothing,
        killed_in_the_middle_it_is_completed_by_running_it_again,
        an_import_is_merged_with_what_was_edited_here,
        a_backup_is_made_listed_verified_and_restored,
        backups_say_what_is_wrong,
        killed_while_it_is_written_no_half_backup_is_left,
    ], __doc__))
