#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""controls.py FRAMEWORK... -- PROFILE...: do profiles name controls that there are?

Every control that a profile claims has to be one of a framework, and one that profiles can
evidence; no framework has an id twice; no two frameworks have one name.
"""

import json
import sys


def main():
    split = sys.argv.index("--")
    known, wrong, prefixes = {}, 0, set()
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
    for path in sys.argv[split + 1 :]:
        for name in json.load(open(path, encoding="utf-8")).get("controls", []):
            if known.get(name) != "profile":
                print(f"{path}: {name} is no control that a profile evidences")
                wrong = 1
    sys.exit(wrong)


main()
