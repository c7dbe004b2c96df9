#!/usr/bin/env python3
"""Files that ask for too much are refused in time, by every importer, and nothing is imported."""

import json
import resource
import sys

from holdfast_process import USAGE, Home, expect, expect_error, main

MIB = 1 << 20
FORMATS = ("bitwarden-encrypted-json", "bitwarden-json", "bitwarden-csv", "chrome-csv", "firefox-csv", "holdfast",
           "holdfast-json", "kdbx", "keepass-xml", "keepassxc-csv", "lastpass-csv")
NESTED = "/".join(["a"] * 10_000)
XML = '<?xml version="1.0"?><KeePassFile><Root>'
KEEPASSXC = '"Group","Title","Username","Password","URL","Notes"\n'
LASTPASS = "url,username,password,totp,extra,name,grouping,fav\n"
FIREFOX = '"url","username","password","httpRealm","formActionOrigin","guid","timeCreated","timeLastUsed","timePasswordChanged"\n'
BITWARDEN_CSV = "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n"


def bitwarden(folder="f", notes="n"):
    return json.dumps({"encrypted": False, "folders": [{"id": "1", "name": folder}],
                       "items": [{"type": 1, "name": "x", "folderId": "1", "notes": notes, "login": {}}]})


def holdfast_json(notes):
    return json.dumps({"format": "holdfast-json", "version": 1,
                       "entries": [{"secret": {"kind": "login", "label": "x", "notes": notes,
                                    "created": 1, "modified": 1}}]})


def refused(home, text, format_, *parts):
    file = home.path / "hostile"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    expect_error(home.run("import", str(file), "-f", format_), USAGE, *parts)


def nothing_is_there(home):
    expect(home.ok("list").out == b"", "something was imported")


def a_gibibyte_is_refused_before_it_is_read():
    with Home() as home:
        home.init()
        file = home.path / "huge"
        with open(file, "wb") as out:
            out.truncate(1 << 30)
        for format_ in FORMATS:
            expect_error(home.run("import", str(file), "-f", format_), USAGE, "longer than 268435456 bytes")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        expect(peak < 256, f"a command took {peak} MiB, as if it had read up to the limit")
        nothing_is_there(home)


def one_field_of_100_mib_is_refused_by_name_of_its_entry():
    field = "a" * (100 * MIB)
    with Home() as home:
        home.init()
        for format_, text, place in (
                ("bitwarden-json", bitwarden(notes=field), "entry 1"),
                ("bitwarden-csv", BITWARDEN_CSV + f"f,,login,n,{field},,0,u,u,p,\n", "line 2"),
                ("chrome-csv", f"name,url,username,password,note\nn,https://a,u,{field},\n", "line 2"),
                ("firefox-csv", FIREFOX + f'"https://a","u","{field}",,"","{{1}}","1","1","1"\n', "line 2"),
                ("holdfast-json", holdfast_json(field), "entry 1"),
                ("keepass-xml", f"{XML}<Group><Entry><String><Key>Notes</Key><Value>{field}</Value></String></Entry>"
                                "</Group></Root></KeePassFile>", "entry 1"),
                ("keepassxc-csv", f'{KEEPASSXC}"r","t","u","p","","{field}"\n', "line 2"),
                ("lastpass-csv", f"{LASTPASS}http://a,u,p,,{field},n,g,0\n", "line 2")):
            refused(home, text, format_, place, "longer than its limit")
        nothing_is_there(home)


def ten_thousand_groups_within_each_other_are_refused():
    with Home() as home:
        home.init()
        for format_, text in (("bitwarden-json", bitwarden(folder=NESTED)),
                              ("bitwarden-json", "[" * 10_000),
                              ("bitwarden-csv", f"{BITWARDEN_CSV}{NESTED},,login,n,,,0,u,u,p,\n"),
                              ("holdfast-json", '{"entries":' + "[" * 10_000),
                              ("keepass-xml", XML + "<Group>" * 10_000),
                              ("keepassxc-csv", f'{KEEPASSXC}"{NESTED}","t","u","p","",""\n'),
                              ("lastpass-csv", f"{LASTPASS}http://a,u,p,,,n,{NESTED.replace('/', chr(92))},0\n")):
            refused(home, text, format_, "nested too deeply")
        refused(home, ",".join(f"c{i}" for i in range(10_000)) + "\n", "keepassxc-csv", "line 1")
        nothing_is_there(home)


def packed_files_are_named_as_what_they_are():
    with Home() as home:
        home.init()
        for format_ in FORMATS:
            refused(home, b"PK\3\4" + bytes(100), format_, "ZIP archive", "unpack it")
            refused(home, b"\x1f\x8b\x08" + bytes(100), format_, "gzip", "unpack it")
        nothing_is_there(home)


TESTS = [a_gibibyte_is_refused_before_it_is_read, one_field_of_100_mib_is_refused_by_name_of_its_entry,
         ten_thousand_groups_within_each_other_are_refused, packed_files_are_named_as_what_they_are]

if __name__ == "__main__":
    sys.exit(main(TESTS, "hostile files"))
