#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check a chain of records by coaming-journal-fields(7) alone, with nothing of coaming's own code.

usage: chain.py [--key FILE] FILE...

The files are ledger segments or `journalctl -o export`. Prints one line of JSON: how many records,
the first and last SEQ, and what is wrong. Exit status 1 where something is.
"""

import hashlib
import hmac
import json
import struct
import sys
from datetime import datetime, timezone


def entries(data):
    """Lists of (name, value) of the journal's export format."""
    at, fields = 0, []
    while at < len(data):
        end = data.index(b"\n", at)
        line = data[at:end]
        at = end + 1
        if not line:
            if fields:
                yield fields
            fields = []
            continue
        if b"=" in line:
            name, value = line.split(b"=", 1)
        else:
            name = line
            (length,) = struct.unpack_from("<Q", data, at)
            value = data[at + 8 : at + 8 + length]
            at += 8 + length + 1
        fields.append((name, value))
    if fields:
        yield fields


def put(name, value):
    if not value:
        return name + b"=\n"
    return name + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"


def canonical(fields):
    one = dict(fields)
    time = datetime.strptime(one[b"COAMING_TIME"].decode(), "%Y-%m-%dT%H:%M:%S.%fZ")
    delta = time.replace(tzinfo=timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)
    usec = (delta.days * 86400 + delta.seconds) * 1000000 + delta.microseconds
    out = b"__REALTIME_TIMESTAMP=%d\n" % usec
    out += b"__MONOTONIC_TIMESTAMP=" + one[b"COAMING_MONOTONIC_USEC"] + b"\n"
    out += b"_BOOT_ID=" + one[b"COAMING_BOOT_ID"] + b"\n"
    first = [b"COAMING_SEQ", b"COAMING_PREV", b"COAMING_KEY_EPOCH"]
    for name in first:
        if name in one:
            out += put(name, one[name])
    rest = {f for f in fields if not f[0].startswith(b"_")}
    skip = first + [b"COAMING_HASH", b"COAMING_MAC"]
    for name, value in sorted(f for f in rest if f[0] not in skip):
        out += put(name, value)
    return out


class Keys:
    def __init__(self, texts):
        self.by_id = {}
        for text in texts:
            first = bytes.fromhex(text)
            name = hmac.new(first, b"coaming-key-id", "sha256").hexdigest()[:16]
            self.by_id[name] = first
        self.key, self.epoch = None, 0

    def begin(self, name):
        self.key, self.epoch = self.by_id.get(name), 0

    def at(self, epoch):
        while self.epoch < epoch:
            self.key = hashlib.sha256(self.key).digest()
            self.epoch += 1
        return self.key


def check(records, keys, wrong):
    prev = seq = None
    for n in sorted(records):
        one, text = records[n]
        name = "SEQ %d" % n
        digest = hashlib.sha256(text).hexdigest().encode()
        if digest != one[b"COAMING_HASH"]:
            wrong.append(name + ": HASH")
        if seq is not None and one[b"COAMING_EVENT"] != b"gap":
            if n != seq + 1:
                wrong.append(name + ": follows %d" % seq)
            if one[b"COAMING_PREV"] != prev:
                wrong.append(name + ": PREV")
        epoch = int(one.get(b"COAMING_KEY_EPOCH", 0))
        if epoch == 1 and b"COAMING_KEY_ID" in one:
            keys.begin(one[b"COAMING_KEY_ID"].decode())
        if keys.key and epoch >= max(keys.epoch, 1):
            mac = hmac.new(keys.at(epoch), text, "sha256").hexdigest().encode()
            if mac != one.get(b"COAMING_MAC"):
                wrong.append(name + ": MAC")
        prev, seq = one[b"COAMING_HASH"], n


def main():
    args, texts = sys.argv[1:], []
    if args[0] == "--key":
        texts = open(args[1]).read().split()
        args = args[2:]
    records, wrong, unchained = {}, [], 0
    for path in args:
        for fields in entries(open(path, "rb").read()):
            one = dict(fields)
            if one.get(b"COAMING_SCHEMA") != b"1":
                continue
            if b"COAMING_SEQ" not in one:
                unchained += 1
                continue
            n = int(one[b"COAMING_SEQ"])
            if n in records and records[n][0][b"COAMING_HASH"] != one[b"COAMING_HASH"]:
                wrong.append("SEQ %d: twice" % n)
            records[n] = (one, canonical(fields))
    keys = Keys(texts)
    check(records, keys, wrong)
    seqs = sorted(records)
    print(json.dumps({"records": len(seqs), "first": seqs[0] if seqs else 0,
                      "last": seqs[-1] if seqs else 0, "unchained": unchained,
                      "keyed": keys.epoch, "wrong": wrong}))
    sys.exit(1 if wrong else 0)


main()
