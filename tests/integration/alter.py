#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Alter records as somebody with root's power would.

usage: alter.py OPERATION SEQ <records >altered

Records come and go in the journal's export format: a ledger, or journalctl -o export.
"""

import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from chain import canonical, entries, field as put  # noqa: E402


def text(fields):
    out = b""
    for name, value in fields:
        if name.startswith(b"_"):
            out += name + b"=" + value + b"\n"
        else:
            out += put(name, value)
    return out + b"\n"


def get(fields, name):
    return dict(fields).get(name)


def with_value(fields, name, value):
    return [(n, value if n == name else v) for n, v in fields]


def without(fields, *names):
    return [(n, v) for n, v in fields if n not in names]


def rehashed(fields):
    return with_value(fields, b"COAMING_HASH", hashlib.sha256(canonical(fields)).hexdigest().encode())


def seq_of(fields):
    return int(get(fields, b"COAMING_SEQ") or 0)


def at(records, seq):
    return next(i for i, r in enumerate(records) if seq_of(r) == seq)


def flip(records, seq, name):
    i = at(records, seq)
    value = get(records[i], name)
    other = b"0" if value[-1:] != b"0" else b"1"
    records[i] = with_value(records[i], name, value[:-1] + other)
    return records


def forged(records, seq, number, before):
    """A record like that at seq, of that number, naming that one before it, with a good hash."""
    fields = with_value(records[at(records, seq)], b"COAMING_SEQ", b"%d" % number)
    fields = with_value(fields, b"COAMING_PREV", get(records[at(records, before)], b"COAMING_HASH"))
    fields = with_value(fields, b"CONTAINER_NAME", b"forged")
    return rehashed(fields)


def chained_anew(records, seq):
    """Alter one and put the whole chain after it right, as far as that goes without the key."""
    i = at(records, seq)
    records[i] = rehashed(with_value(records[i], b"CONTAINER_NAME", b"nobody"))
    for k in range(i + 1, len(records)):
        records[k] = rehashed(with_value(records[k], b"COAMING_PREV",
                                         get(records[k - 1], b"COAMING_HASH")))
    return records


def swapped(records, i):
    records[i], records[i + 1] = records[i + 1], records[i]
    return records


def replaced(records, i, *new):
    return records[:i] + list(new) + records[i + 1:]


OPERATIONS = {
    "name": lambda r, s: flip(r, s, b"CONTAINER_NAME"),
    "time": lambda r, s: flip(r, s, b"COAMING_MONOTONIC_USEC"),
    "event": lambda r, s: replaced(r, at(r, s), with_value(r[at(r, s)], b"COAMING_EVENT", b"deny")),
    "prev": lambda r, s: flip(r, s, b"COAMING_PREV"),
    "hash": lambda r, s: flip(r, s, b"COAMING_HASH"),
    "code": lambda r, s: flip(r, s, b"COAMING_MAC"),
    "no-code": lambda r, s: replaced(r, at(r, s), rehashed(without(
        r[at(r, s)], b"COAMING_MAC", b"COAMING_KEY_EPOCH"))),
    "epoch": lambda r, s: replaced(r, at(r, s), rehashed(with_value(
        r[at(r, s)], b"COAMING_KEY_EPOCH", b"400"))),
    "field-added": lambda r, s: replaced(r, at(r, s), [x for f in r[at(r, s)] for x in (
        [f] if f[0] != b"CONTAINER_NAME" else [f, (b"CONTAINER_TAG", b"x")])]),
    "field-removed": lambda r, s: replaced(r, at(r, s), without(r[at(r, s)], b"CONTAINER_NAME")),
    "fields-swapped": lambda r, s: replaced(r, at(r, s), [
        f for f in r[at(r, s)] if f[0] != b"COAMING_TIME"][:-2] + [
        f for f in r[at(r, s)] if f[0] == b"COAMING_TIME"] + r[at(r, s)][-2:]),
    "rehashed": lambda r, s: replaced(r, at(r, s), rehashed(with_value(
        r[at(r, s)], b"CONTAINER_NAME", b"nobody"))),
    "chained-anew": chained_anew,
    "removed": lambda r, s: replaced(r, at(r, s)),
    "removed-five": lambda r, s: r[:at(r, s)] + r[at(r, s) + 5:],
    "first-removed": lambda r, s: r[1:],
    "cut": lambda r, s: r[:at(r, s)],
    "swapped": lambda r, s: swapped(r, at(r, s)),
    "moved-to-end": lambda r, s: replaced(r, at(r, s)) + [r[at(r, s)]],
    "doubled": lambda r, s: replaced(r, at(r, s), r[at(r, s)], r[at(r, s)]),
    "doubled-at-end": lambda r, s: r + [r[at(r, s)]],
    "put-in": lambda r, s: replaced(r, at(r, s), r[at(r, s)], forged(r, s, s, s - 2)),
    "forked": lambda r, s: r + [forged(r, s, s, s - 1)],
    "beyond": lambda r, s: r + [forged(r, s, 4000, s - 1)],
    "appended": lambda r, s: r + [forged(r, s, seq_of(r[-1]) + 1, seq_of(r[-1]))],
    "without-place": lambda r, s: replaced(r, at(r, s), r[at(r, s)], rehashed(without(
        r[at(r, s)], b"COAMING_SEQ", b"COAMING_PREV", b"COAMING_KEY_EPOCH", b"COAMING_MAC"))),
    "by-another-user": lambda r, s: replaced(r, at(r, s), with_value(r[at(r, s)], b"_UID", b"1000")),
    "by-syslog": lambda r, s: replaced(r, at(r, s), with_value(
        r[at(r, s)], b"_TRANSPORT", b"syslog")),
    "reversed": lambda r, s: r[::-1],
    "all-twice": lambda r, s: r + r,
    "shuffled": lambda r, s: sorted(r, key=lambda f: hashlib.sha256(text(f)).digest()),
    "as-it-is": lambda r, s: r,
}


def main():
    operation, seq = sys.argv[1], int(sys.argv[2])
    records = [f for f in entries(sys.stdin.buffer.read())]
    for fields in OPERATIONS[operation](records, seq):
        sys.stdout.buffer.write(text(fields))


main()
