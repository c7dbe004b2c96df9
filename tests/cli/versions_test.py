#!/usr/bin/env python3
"""Editing, history, conflicts, attachments, categories and tags as a user meets them."""

import sys

from holdfast_process import CONFLICT, NOT_FOUND, USAGE, Home, expect, expect_error, main, unlocked_home


def version_of(home, item):
    return home.ok("get", item, "--json").json()["version"]


def edit_from(home, item, base, **members):
    """An edit as another device would make it: from a version that is no longer current."""
    secret = home.ok("get", item, "--json").json()["id"]
    status, answer = home.request("PATCH", f"/v1/vaults/-/secrets/{secret}?base={base}", members)
    expect(status == 200, status, answer)
    return answer


def in_conflict(home):
    home.ok("conflicts", "strategy", "manual")
    home.ok("add", "github", "-u", "ann")
    base = version_of(home, "github")
    home.ok("edit", "github", "-u", "laptop")
    edit_from(home, "github", base, username="phone")


# --- edit ---

def edit_changes_only_what_is_named():
    with unlocked_home() as home:
        home.ok("add", "github", "-u", "ann", "-g", "--field", "pin=1", "--tags", "a", "--url", "https://x.org")
        before = home.ok("get", "github", "--json", "--reveal").json()
        home.ok("edit", "github", "-u", "bob", "--field", "pin=2", "--field", "puk=3", "--label", "git")
        after = home.ok("get", "git", "--json", "--reveal").json()
        expect(after["username"] == "bob" and after["password"] == before["password"], after)
        expect({f["name"]: f["value"] for f in after["fields"]} == {"pin": "2", "puk": "3"}, after["fields"])
        expect(after["tags"] == ["a"] and after["urls"] == ["https://x.org"], after)
        expect(after["modified_at"] >= before["modified_at"], "the time of the change is missing")
        home.ok("edit", "git", "--remove-field", "pin")
        expect([f["name"] for f in home.ok("get", "git", "--json").json()["fields"]] == ["puk"], "fields")


def edit_without_anything_to_change_says_so():
    with unlocked_home() as home:
        home.ok("add", "github", "-g")
        expect_error(home.run("edit", "github", env={"EDITOR": "", "VISUAL": ""}), USAGE,
                     "nothing to change", "--help")
        expect_error(home.run("edit", "nobody", "-u", "x"), NOT_FOUND, "nobody", "search")


def edit_keeps_the_promise_of_if_version():
    with unlocked_home() as home:
        home.ok("add", "github", "-u", "ann")
        first = version_of(home, "github")
        home.ok("edit", "github", "-u", "bob", "--if-version", first)
        expect_error(home.run("edit", "github", "-u", "carl", "--if-version", first), CONFLICT, "changed since")
        expect(home.ok("get", "github", "--field", "username").text == "bob\n", "the edit went through")


def edit_moves_to_another_category():
    with unlocked_home() as home:
        home.ok("add", "github", "-g")
        home.ok("category", "add", "Work/Code")
        home.ok("edit", "github", "-c", "Work/Code")
        expect(home.ok("get", "Work/Code/github", "--field", "category").text == "Work/Code\n", "category")


# --- history and restore ---

def history_shows_versions_and_differences():
    with unlocked_home() as home:
        home.ok("add", "github", "-u", "ann", give={"--password-fd": "one"})
        home.ok("edit", "github", "-u", "bob", give={"--password-fd": "two"})
        shown = home.ok("history", "github").text
        expect(shown.count("ver_") == 2 and "username" in shown and "password" in shown, shown)
        expect("one" not in shown and "two" not in shown, "history shows values", shown)
        changes = home.ok("history", "github", "--diff", "1", "2", "--json", "--reveal").json()["changes"]
        expect({c["field"]: (c["before"], c["after"]) for c in changes} ==
               {"username": ("ann", "bob"), "password": ("one", "two")}, changes)
        expect_error(home.run("history", "github", "--diff", "1", "7"), NOT_FOUND, "no version 7", "2")


def restore_goes_back_and_brings_back():
    with unlocked_home() as home:
        home.ok("add", "github", "-u", "ann")
        home.ok("edit", "github", "-u", "bob")
        home.ok("restore", "github", "--version", "1")
        expect(home.ok("get", "github", "--field", "username").text == "ann\n", "not restored")
        expect_error(home.run("restore", "github"), USAGE, "not deleted", "--version")
        home.ok("rm", "github")
        expect_error(home.run("get", "github"), NOT_FOUND, "github")
        home.ok("restore", "github")
        expect(home.ok("get", "github", "--field", "username").text == "ann\n", "not brought back")
        expect_error(home.run("restore", "nobody"), NOT_FOUND, "nobody")
        home.ok("verify")


# --- conflicts ---

def concurrent_edits_of_different_fields_are_merged():
    with unlocked_home() as home:
        home.ok("add", "github", "-u", "ann")
        base = version_of(home, "github")
        home.ok("edit", "github", "-u", "bob")
        edit_from(home, "github", base, notes="from the phone")
        secret = home.ok("get", "github", "--json").json()
        expect(secret["username"] == "bob" and secret["notes"] == "from the phone", secret)
        expect(secret["conflict"] is False, secret)
        expect("merge" in home.ok("history", "github").text, "no merge in the history")
        shown = home.ok("conflicts", "show", "github", "--json").json()
        expect(shown["open"] is False and shown["fields"] == [], shown)


def a_manual_conflict_is_listed_shown_and_settled():
    with unlocked_home() as home:
        in_conflict(home)
        listed = home.ok("conflicts", "list", "--json").json()["items"]
        expect(len(listed) == 1 and listed[0]["open"] and listed[0]["type"] == "concurrent_update", listed)
        expect("conflicts     1" in home.ok("status").text, "status")
        expect(home.ok("get", "github", "--field", "username").text == "laptop\n", "the first side stays")
        shown = home.ok("conflicts", "show", "github").text
        expect("laptop" in shown and "phone" in shown and "waits for you" in shown, shown)
        expect_error(home.run("conflicts", "resolve", "github"), USAGE, "--ours")
        home.ok("conflicts", "resolve", "github", "--field", "username=concatenate")
        expect(home.ok("get", "github", "--field", "username").text == "laptop\nphone\n", "not merged")
        expect(home.ok("conflicts", "list", "--json").json()["items"] == [], "still there")
        expect_error(home.run("conflicts", "resolve", "github", "--merge"), NOT_FOUND, "no conflict")


def a_head_can_be_chosen():
    with unlocked_home() as home:
        in_conflict(home)
        heads = home.ok("get", "github", "--json").json()["heads"]
        home.ok("conflicts", "resolve", "github", "--head", heads[1])
        expect(home.ok("get", "github", "--field", "username").text == "phone\n", "not taken")


def conflicts_show_no_values_in_json():
    with unlocked_home() as home:
        home.ok("conflicts", "strategy", "manual")
        home.ok("add", "github", give={"--password-fd": "canary-one"})
        base = version_of(home, "github")
        home.ok("edit", "github", give={"--password-fd": "canary-two"})
        edit_from(home, "github", base, password="canary-three")
        for command in (["conflicts", "list", "--json"], ["conflicts", "show", "github", "--json"]):
            expect("canary" not in home.ok(*command).text, command)


def rules_refine_the_strategy():
    with unlocked_home() as home:
        home.ok("conflicts", "rule", "set", "--label", "git*", "--strategy", "manual", "--priority", "5")
        home.ok("conflicts", "rule", "set", "--field", "username", "--rule", "concatenate", "--separator", "+")
        for label, wanted in (("github", "bob\n"), ("mail", "bob+carl\n")):
            home.ok("add", label, "-u", "ann")
            base = version_of(home, label)
            home.ok("edit", label, "-u", "bob")
            edit_from(home, label, base, username="carl")
            expect(home.ok("get", label, "--field", "username").text == wanted, label)
        rules = home.ok("conflicts", "rule", "show", "--json").json()["rules"]
        expect(len(rules) == 2, rules)
        home.ok("conflicts", "rule", "rm", rules[0]["id"])
        expect(len(home.ok("conflicts", "rule", "show", "--json").json()["rules"]) == 1, "not removed")
        expect_error(home.run("conflicts", "rule", "rm", "zz"), NOT_FOUND, "zz")
        expect_error(home.run("conflicts", "strategy", "newest"), USAGE, "last_write_wins")


def one_label_twice_is_listed_and_merged():
    with unlocked_home() as home:
        home.ok("add", "mail", "-u", "ann")
        home.ok("add", "mail", "-u", "bob", "--notes", "-", stdin="second\n")
        listed = home.ok("conflicts", "list", "--json").json()["items"]
        expect(listed[0]["type"] == "duplicate_label" and len(listed[0]["same_label"]) == 1, listed)
        home.ok("conflicts", "resolve", "mail", "--merge")
        expect(len(home.ok("list", "--json").json()["items"]) == 1, "two are left")
        expect("second" in home.ok("get", "mail").text, "the other's notes are lost")


# --- attachments, categories, tags ---

def attachments_come_and_go():
    with unlocked_home() as home:
        home.ok("add", "server", "-g")
        key = home.path / "key.pem"
        key.write_bytes(bytes(range(256)))
        home.ok("attachment", "add", "server", key)
        expect("key.pem" in home.ok("attachment", "list", "server").text, "not listed")
        out = home.path / "out.pem"
        home.ok("attachment", "get", "server", "-o", out)
        expect(out.read_bytes() == key.read_bytes() and out.stat().st_mode & 0o777 == 0o600, "content or mode")
        expect_error(home.run("attachment", "get", "server", "-o", out, "--no-input"), USAGE)
        expect_error(home.run("attachment", "get", "server", "nothing", "-o", out, "--yes"), NOT_FOUND, "no attachment",
                     "attachment list")
        home.ok("attachment", "rm", "server", "key.pem")
        expect("key.pem" not in home.ok("attachment", "list", "server").text, "still there")
        large = home.path / "large"
        large.write_bytes(b"x" * ((1 << 20) + 1))
        expect_error(home.run("attachment", "add", "server", large), USAGE, "large")


def categories_are_made_renamed_moved_and_removed():
    with unlocked_home() as home:
        home.ok("category", "add", "Work/Mail")
        home.ok("category", "rename", "Work", "Office")
        home.ok("add", "inbox", "-c", "Office/Mail", "-g")
        shown = home.ok("category", "list").text
        expect("Office/Mail" in shown and "Office" in shown, shown)
        expect_error(home.run("category", "rm", "Office"), USAGE, "still holds")
        home.ok("category", "add", "Home")
        home.ok("category", "move", "Office/Mail", "Home")
        expect(home.ok("get", "Home/Mail/inbox", "--field", "category").text == "Home/Mail\n", "not moved")
        home.ok("category", "rm", "Office")
        expect_error(home.run("category", "rm", "Office"), NOT_FOUND, "category")


def tags_are_listed_added_removed_and_renamed():
    with unlocked_home() as home:
        home.ok("add", "a", "-g", "--tags", "work,old")
        home.ok("add", "b", "-g", "--tags", "work")
        home.ok("tag", "add", "b", "new")
        home.ok("tag", "rename", "work", "office")
        home.ok("tag", "rm", "a", "old")
        tags = {t["tag"]: t["secrets"] for t in home.ok("tag", "list", "--json").json()["items"]}
        expect(tags == {"office": 2, "new": 1}, tags)
        expect_error(home.run("tag", "rm", "a", "old"), NOT_FOUND, "old")
        expect_error(home.run("tag", "rename", "nothing", "x"), NOT_FOUND, "nothing")


if __name__ == "__main__":
    sys.exit(main([
        edit_changes_only_what_is_named,
        edit_without_anything_to_change_says_so,
        edit_keeps_the_promise_of_if_version,
        edit_moves_to_another_category,
        history_shows_versions_and_differences,
        restore_goes_back_and_brings_back,
        concurrent_edits_of_different_fields_are_merged,
        a_manual_conflict_is_listed_shown_and_settled,
        a_head_can_be_chosen,
        conflicts_show_no_values_in_json,
        rules_refine_the_strategy,
        one_label_twice_is_listed_and_merged,
        attachments_come_and_go,
        categories_are_made_renamed_moved_and_removed,
        tags_are_listed_added_removed_and_renamed,
    ], __doc__))
