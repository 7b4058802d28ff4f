#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""chain.py [--key HEX|FILE]... [--json] [FILE]...

Check records as coaming-audit(7) says, with nothing of coaming's own: read the journal's export
format (a ledger's segments, what journalctl -o export prints) or, with --json, a JSON object a
line as of journalctl -o json --all, from FILEs or standard input, and print a JSON object for each
machine that has records, one a line:

    machine, hostname, records, duplicates, unchained (without a SEQ), first, last (SEQ), missing
    (SEQs), bad (SEQs whose HASH does not fit), broken (SEQs whose PREV is not the HASH of the one
    before), forged (SEQs whose MAC is not that of a key), forked (SEQs of two different records),
    proved (records whose MAC is), epoch (of the last that was proved), newest (COAMING_TIME)

Exit status 1 where anything is bad, broken, forged, forked or missing without a gap record.
A key is 64 digits, or a file of such, one for each first key.
"""

import argparse
import calendar
import hashlib
import hmac
import json
import os
import sys
import time

FRONT = (b"COAMING_SEQ", b"COAMING_PREV", b"COAMING_KEY_EPOCH")
BACK = (b"COAMING_HASH", b"COAMING_MAC")


def entries(data):
    """Lists of (name, value), one an entry."""
    entry, at = [], 0
    while at < len(data):
        end = data.index(b"\n", at)
        line = data[at:end]
        at = end + 1
        if not line:
            if entry:
                yield entry
            entry = []
        elif b"=" in line:
            name, value = line.split(b"=", 1)
            entry.append((name, value))
        else:
            size = int.from_bytes(data[at : at + 8], "little")
            entry.append((line, data[at + 8 : at + 8 + size]))
            at += 8 + size + 1
    if entry:
        yield entry


def json_values(value):
    """A string, bytes as numbers, or a list of either; null: journalctl without --all."""
    if isinstance(value, str):
        return [value.encode()]
    if not isinstance(value, list):
        return []
    if all(isinstance(v, int) for v in value):
        return [bytes(value)]
    return [one for v in value for one in json_values(v)]


def json_entries(data):
    for line in data.splitlines():
        fields = json.loads(line)
        yield [(k.encode(), v) for k in fields for v in json_values(fields[k])]


def field(name, value):
    if not value:
        return name + b"=\n"
    return name + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"


def usec(stamp):
    """2026-11-23T11:18:46.123456Z as microseconds since 1970."""
    seconds, rest = stamp.decode().rstrip("Z").split(".")
    return calendar.timegm(time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")) * 10**6 + int(rest)


def canonical(fields):
    """The bytes that HASH and MAC are over."""
    own = {}
    for name, value in fields:
        if not name.startswith(b"_") and name not in BACK:
            own.setdefault(name, set()).add(value)
    one = {name: min(values) for name, values in own.items()}
    text = b"__REALTIME_TIMESTAMP=%d\n" % usec(one[b"COAMING_TIME"])
    text += b"__MONOTONIC_TIMESTAMP=" + one[b"COAMING_MONOTONIC_USEC"] + b"\n"
    text += b"_BOOT_ID=" + one[b"COAMING_BOOT_ID"] + b"\n"
    for name in FRONT:
        if name in own:
            text += field(name, one[name])
    for name in sorted(own):
        if name not in FRONT:
            for value in sorted(own[name]):
                text += field(name, value)
    return text


def key_id(first):
    return hmac.new(first, b"coaming-key-id", hashlib.sha256).hexdigest()[:16]


def key_of(first, epoch):
    key = first
    for _ in range(epoch):
        key = hashlib.sha256(key).digest()
    return key


class Machine:
    def __init__(self, name, first_keys):
        self.name, self.hostname, self.unchained = name, "", 0
        self.by_id = {key_id(first): first for first in first_keys}
        # Where the chain's beginning is not there, one key is the one.
        self.current = (0, first_keys[0]) if len(first_keys) == 1 else None
        self.records, self.duplicates = {}, 0
        self.bad, self.forked, self.newest = [], [], ""

    def add(self, fields):
        get = dict(fields)
        if b"COAMING_SEQ" not in get:
            self.unchained += 1
            return
        seq = int(get[b"COAMING_SEQ"])
        text = canonical(fields)
        hash_ = hashlib.sha256(text).hexdigest()
        if hash_ != get[b"COAMING_HASH"].decode():
            self.bad.append(seq)
        elif seq in self.records and self.records[seq][0] != hash_:
            self.forked.append(seq)
        elif seq in self.records:
            self.duplicates += 1
        else:
            self.records[seq] = (hash_, get, text)
            self.newest = max(self.newest, get[b"COAMING_TIME"].decode())
            self.hostname = get.get(b"COAMING_HOSTNAME", b"").decode()

    def is_forged(self, get, text):
        """None where it cannot be told: it has no key, or one that was not given."""
        if b"COAMING_KEY_EPOCH" not in get:
            return None
        if b"COAMING_KEY_ID" in get and get[b"COAMING_KEY_EPOCH"] == b"1":
            first = self.by_id.get(get[b"COAMING_KEY_ID"].decode())
            self.current = (0, first) if first else None
        if self.current is None:
            return None
        epoch, key = self.current
        wanted = int(get[b"COAMING_KEY_EPOCH"])
        if wanted <= epoch:
            return True
        self.current = (wanted, key_of(key, wanted - epoch))
        mac = hmac.new(self.current[1], text, hashlib.sha256).hexdigest()
        return mac != get.get(b"COAMING_MAC", b"").decode()

    def report(self):
        seqs = sorted(self.records)
        missing, broken, forged, proved, told = [], [], [], 0, set()
        for seq in seqs:
            hash_, get, text = self.records[seq]
            if b"COAMING_GAP_FROM" in get:
                told.update(range(int(get[b"COAMING_GAP_FROM"]), int(get[b"COAMING_GAP_TO"]) + 1))
            before = self.records.get(seq - 1)
            if before and get[b"COAMING_PREV"].decode() != before[0]:
                broken.append(seq)
            verdict = self.is_forged(get, text)
            if verdict:
                forged.append(seq)
            proved += verdict is False
        if seqs:
            missing = [s for s in range(seqs[0], seqs[-1] + 1) if s not in self.records]
        bad = [self.bad, self.forked, broken, forged, [s for s in missing if s not in told]]
        print(json.dumps({
            "machine": self.name, "hostname": self.hostname, "records": len(seqs),
            "duplicates": self.duplicates, "unchained": self.unchained, "first": seqs[0] if seqs else 0,
            "last": seqs[-1] if seqs else 0, "missing": missing, "bad": self.bad,
            "broken": broken, "forged": forged, "forked": self.forked, "proved": proved,
            "epoch": self.current[0] if self.current else 0, "newest": self.newest,
        }))
        return any(bad)


def read_keys(texts):
    digits = []
    for text in texts:
        digits += open(text).read().split() if os.path.exists(text) else [text]
    return [bytes.fromhex(d) for d in digits]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--key", action="append", default=[])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("file", nargs="*", default=["/dev/stdin"])
    args = parser.parse_args()
    keys, machines = read_keys(args.key), {}
    for path in args.file:
        data = open(path, "rb").read()
        for fields in (json_entries if args.json else entries)(data):
            get = dict(fields)
            if get.get(b"COAMING_SCHEMA") != b"1":
                continue
            name = get.get(b"COAMING_MACHINE_ID", b"").decode()
            machines.setdefault(name, Machine(name, keys)).add(fields)
    return 1 if any([m.report() for m in machines.values()]) else 0


if __name__ == "__main__":
    sys.exit(main())
