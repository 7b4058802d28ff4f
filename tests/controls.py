#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""controls.py FRAMEWORK... -- PROFILE...: do profiles name controls that there are?

Every control that a profile claims has to be one of a framework, and one that profiles can
evidence; no framework has an id twice; no two frameworks have one name. A field that a record must
have, or by which it fails a control, is one that coaming-journal-fields(7) explains.
"""

import json
import re
import sys

FIELDS = "man/coaming-journal-fields.7"


def fields_of(control):
    where = control.get("failsWhere")
    return control.get("requires", []) + ([where["field"]] if where else [])


def main():
    split = sys.argv.index("--")
    known, wrong, prefixes = {}, 0, set()
    page = open(FIELDS, encoding="utf-8").read()
    fields = set(re.findall(r"[A-Z][A-Z0-9_]+", "\n".join(re.findall(r"^\.It Li (.*)", page, re.M))))
    for path in sys.argv[1:split]:
        framework = json.load(open(path, encoding="utf-8"))
        prefix = framework["framework"]
        if prefix in prefixes:
            print(f"{path}: there are two frameworks {prefix}")
            wrong = 1
        prefixes.add(prefix)
        for control in framework["controls"]:
            name = f"{prefix}:{control['id']}"
            if name in known:
                print(f"{path}: {name} comes twice")
                wrong = 1
            known[name] = control["evidence"]
            for field in fields_of(control):
                if field not in fields:
                    print(f"{path}: {name}: {FIELDS} has no {field}")
                    wrong = 1
    for path in sys.argv[split + 1 :]:
        for name in json.load(open(path, encoding="utf-8")).get("controls", []):
            if known.get(name) != "profile":
                print(f"{path}: {name} is no control that a profile evidences")
                wrong = 1
    sys.exit(wrong)


main()
