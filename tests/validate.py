#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# validate.py SCHEMA FILE...: hold JSON files against a JSON Schema (2020-12). Prints each fault
# with its place; exit status 1 where there was one.
#
# validate.py --verdicts SCHEMA FILE...: one word and the file's name a line: "accepted",
# "rejected", or "unread" where Python takes it for no JSON.

import json
import re
import sys

from jsonschema import Draft202012Validator, ValidationError, validators


def check_pattern(_, pattern, instance, __):
    """In a schema $ is the very end; Python's also stands before a last newline."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def read(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def validator_of(path):
    schema = read(path)
    Draft202012Validator.check_schema(schema)
    return validators.extend(Draft202012Validator, {"pattern": check_pattern})(schema)


def show_faults(schema_path, *paths):
    validator = validator_of(schema_path)
    faults = 0
    for path in paths:
        for error in validator.iter_errors(read(path)):
            place = "/".join(str(part) for part in error.absolute_path)
            print(f"{path}: /{place}: {error.message}")
            faults += 1
    return 1 if faults else 0


def show_verdicts(schema_path, *paths):
    validator = validator_of(schema_path)
    for path in paths:
        try:
            verdict = "accepted" if validator.is_valid(read(path)) else "rejected"
        except (ValueError, RecursionError):
            verdict = "unread"
        print(verdict, path)
    return 0


def main(*args):
    return show_verdicts(*args[1:]) if args[0] == "--verdicts" else show_faults(*args)


sys.exit(main(*sys.argv[1:]))
