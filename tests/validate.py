#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# validate.py SCHEMA FILE...: hold JSON files against a JSON Schema (2020-12). Prints each fault
# with its place; exit status 1 where there was one.

import json
import sys

from jsonschema import Draft202012Validator


def main(schema_path, *paths):
    with open(schema_path, encoding="utf-8") as f:
        schema = json.load(f)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    faults = 0
    for path in paths:
        with open(path, encoding="utf-8") as f:
            document = json.load(f)
        for error in validator.iter_errors(document):
            place = "/".join(str(part) for part in error.absolute_path)
            print(f"{path}: /{place}: {error.message}")
            faults += 1
    return 1 if faults else 0


sys.exit(main(*sys.argv[1:]))
