#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# toml.py PROGRAM N: does PROGRAM (tests/integration/toml_json.c) read TOML as Python's tomllib does?
# N documents: written at random, three in four then damaged. Both must refuse the same ones and
# read the same values. COAMING_SEED in the environment gives other documents.

import datetime
import json
import math
import os
import random
import subprocess
import sys
import tomllib

SCALARS = """1 -1 +1 0 -0 +0 1_000 0xDEAD_beef 0o17 0b1010 01 1__0 _1 1_ 0x 0xg 0o8 0b2 -0x1 99999999999999999999
1.0 -0.5 +3.25 6.02e23 1e3 1E-2 1e+05 1_0.0_1 inf -inf +nan nan 1. .5 1.e3 1e 1_.0 00.5 infinity
true false True TRUE yes
1979-05-27 1979-05-27T07:32:00 1979-05-27T07:32:00Z 1979-05-27t07:32:00.999999-07:00 07:32:00 07:32:00.5
1979-02-29 2000-02-29 1900-02-29 1979-13-01 1979-05-27T24:00:00 07:60:00 07:32 1979-05-27T07:32 1979-5-27
1979-05-27T07:32:00+24:00 1979-05-27T07:32:00.Z""".split() + ["1979-05-27 07:32:00", "1979-05-27  07:32:00",
    "1979-05-27 07:32:00Z", "1979-05-27 x"]
STRINGS = ['""', "''", '"a"', "'a'", '"\\t\\n\\"\\\\\\u00e4\\U0001F600"', "'\\a'", '"\\x41"', '"\\e"', '"\u00e4\u20ac\U0001F600"',
    '"""\na\r\nb"""', "'''\na\nb'''", '""""a"""""', "''''a'''''", '"""a\\\n   \n  b"""', '"""a\\  \n b"""', '"""a\\ b"""',
    '""""""', '"""a"""""""', '"\t"', '"\\ud800"', '"\\U00110000"', '"a\nb"', "'a\nb'", '"""\\"""']
KEYS = ["a", "b", "c", "runc", "0", "-", "_x", '"a"', "'a'", '"a.b"', '"\\u0061"', '""', "''", '"\u00e4"', "\u00e4", "a b"]
DAMAGE = "[]{}\"'=.,#\\\n\r\t 0_:-+eT\x01\x7f"


class Writer:
    def __init__(self, rng):
        self.rng = rng

    def blank(self):
        return self.rng.choice(["", "", "", " ", "\t", "  "])

    def newline(self):
        return self.rng.choice(["\n", "\n", "\n", "\r\n"])

    def between(self):
        return "".join(self.rng.choice([" ", "\n", "# c, ]\n", "\t", "\r\n"]) for _ in range(self.rng.randrange(3)))

    def key(self):
        return self.rng.choice(KEYS[:8]) if self.rng.random() < 0.95 else self.rng.choice(KEYS)

    def dotted(self, most):
        dot = self.blank() + "." + self.blank()
        return dot.join(self.key() for _ in range(self.rng.randrange(1, most + 1)))

    def value(self, depth):
        kind = self.rng.random()
        if depth and kind < 0.15:
            inside = [self.between() + self.value(depth - 1) + self.between() for _ in range(self.rng.randrange(4))]
            return "[" + ",".join(inside) + self.rng.choice(["", "", ","]) + self.between() + "]"
        if depth and kind < 0.3:
            inside = [self.pair(depth - 1) for _ in range(self.rng.randrange(4))]
            return "{" + self.blank() + (self.blank() + "," + self.blank()).join(inside) + self.blank() + "}"
        if kind < 0.6:
            return self.rng.choice(STRINGS if self.rng.random() < 0.3 else STRINGS[:9])
        return self.rng.choice(SCALARS if self.rng.random() < 0.3 else SCALARS[:9])

    def pair(self, depth):
        return self.dotted(3) + self.blank() + "=" + self.blank() + self.value(depth)

    def line(self):
        kind = self.rng.random()
        if kind < 0.1:
            text = ""
        elif kind < 0.35:
            text = "[" + self.blank() + self.dotted(3) + self.blank() + "]"
        elif kind < 0.45:
            text = "[[" + self.dotted(2) + "]]"
        else:
            text = self.pair(3)
        comment = self.rng.choice(["", "", "", " # \u00e4 [x]", "#\t"])
        return self.blank() + text + self.blank() + comment + self.newline()

    def document(self):
        text = "".join(self.line() for _ in range(self.rng.randrange(8)))
        if text and self.rng.random() < 0.2:
            text = text.rstrip("\r\n")
        for _ in range(self.rng.randrange(3) if self.rng.random() < 0.75 else 0):
            at = self.rng.randrange(len(text) + 1)
            text = text[:at] + self.rng.choice(DAMAGE) + text[at + self.rng.randrange(2):]
        return text


def is_same(ours, theirs):
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and ours.keys() == theirs.keys() and all(
            is_same(ours[k], theirs[k]) for k in theirs)
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(is_same, ours, theirs))
    if not isinstance(ours, list) or len(ours) != 2:
        return False
    kind, text = ours
    if isinstance(theirs, bool):
        return kind == "bool" and text == str(theirs).lower()
    if isinstance(theirs, str):
        return kind == "string" and text == theirs
    if isinstance(theirs, int):
        return kind == "integer" and int(text.replace("_", ""), 0) == theirs
    if isinstance(theirs, float):
        value = float(text.replace("_", ""))
        return kind == "float" and (value == theirs or (math.isnan(value) and math.isnan(theirs)))
    return kind == "time" and isinstance(theirs, (datetime.date, datetime.time)) and \
        tomllib.loads("x = " + text)["x"] == theirs


# Where both may be right: a NUL is no text here, and Python's years begin at 1 and its offsets
# end at 24 hours with another error.
def read(text):
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError):
        return None


def main():
    rng = random.Random(int(os.environ.get("COAMING_SEED", 20261127)))
    writer = Writer(rng)
    documents = [writer.document() for _ in range(int(sys.argv[2]))]
    documents = [d for d in documents if "\0" not in d and "0000-" not in d and d]
    out = subprocess.run([sys.argv[1]], input="".join(d + "\0" for d in documents).encode(),
                         stdout=subprocess.PIPE, check=True).stdout.decode()
    lines = out.split("\n")
    assert len(lines) == len(documents) + 1, "a line a document"
    accepted = bad = 0
    for text, line in zip(documents, lines):
        theirs = read(text)
        accepted += theirs is not None
        if (line[0] == "!") != (theirs is None) or (theirs is not None and not is_same(json.loads(line), theirs)):
            bad += 1
            if bad <= 5:
                print(f"not the same: {text!r}\n  ours: {line}\n  tomllib: {theirs!r}")
    print(f"{len(documents)} documents, {accepted} of them TOML, {bad} read otherwise")
    assert accepted > len(documents) // 5, "too few are TOML"
    return 1 if bad else 0


sys.exit(main())
