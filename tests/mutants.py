#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# mutants.py SEED COUNT DIR FILE...: make COUNT profiles that differ from the given ones in one to
# three places, as DIR/NUMBER/web.json: a value replaced, a member taken out or put in, a letter
# changed. What they are worth is for others to say; the same seed makes the same ones.

import copy
import json
import os
import random
import sys

VALUES = [
    None, True, False, 0, 1, -1, 4, 80, 65535, 65536, 4194304, 4194305, 1 << 30, (1 << 30) + 1,
    (1 << 63) - 1, 1 << 63, 1 << 64, 1.5, "", "x", "web", "ALL", "CAP_KILL", "KILL", "/", "/a",
    "/a/", "/a//b", "/a/../b", "/a/..b", "/proc/x", "/procx", "a/b", "./a", "..", "hostPath:/a",
    "hostPath:a", "privileged", "audit", "enforce", "engine", "image", "In", "Exists", "TCP", "0",
    "00", "1", "4095K", "4096K", "3M", "4M", "1k", "9223372036854775807", "99999999999999999999",
    "10.0.0.0/8", "10.0.0.1/8", "10.0.0.0/08", "::/0", "::1", "::ffff:1.2.3.4", "1::2::3", "execve",
    "exit_group", "mount", "nginx", "a@b", "@a", "a:b", "a:", "net-admin", "\u00fc", "a\n", "a" * 64,
    [], {}, [""], ["a"], [None], {"a": "b"}, {"path": "/x"}, {"port": 1}, {"endPort": 2},
    {"labelSelector": {}}, {"namespaceSelector": {}}, {"zone": "a"},
    {"matchLabels": {"kubernetes.io/metadata.name": "a"}}, {"matchLabels": {"a": "b"}},
]  # fmt: skip
LETTERS = "aA0/.:-_* \n\u00fcM19"


def places(node, found):
    """Every (container, key) below a node."""
    keys = list(node) if isinstance(node, dict) else range(len(node))
    for key in keys:
        found.append((node, key))
        if isinstance(node[key], (dict, list)):
            places(node[key], found)
    return found


def change_letter(rng, text):
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(["", rng.choice(LETTERS)]) + text[at + rng.randrange(2) :]


def mutate(rng, profile, keys, values):
    container, key = rng.choice(places(profile, []))
    way = rng.randrange(6)
    if way == 0:
        del container[key]
    elif way == 1:
        container[key] = copy.deepcopy(rng.choice(VALUES))
    elif way == 2:
        container[key] = copy.deepcopy(rng.choice(values))
    elif way == 3 and isinstance(container, dict):
        container[rng.choice(keys)] = copy.deepcopy(rng.choice(values + VALUES))
    elif way == 4 and isinstance(container, list):
        container.insert(key, copy.deepcopy(rng.choice(container + VALUES)))
    elif isinstance(container[key], str):
        container[key] = change_letter(rng, container[key])
    elif isinstance(container[key], int) and not isinstance(container[key], bool):
        container[key] += rng.choice([-1, 1])


def main(seed, count, directory, *paths):
    rng = random.Random(int(seed))
    profiles = []
    for path in paths:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if len(text) < 4000:  # the largest say nothing new, and hold thousands of alike places
            profiles.append(json.loads(text))
    every = [place for profile in profiles for place in places(profile, [])]
    keys = sorted({key for container, key in every if isinstance(container, dict)})
    values = [container[key] for container, key in every]
    for number in range(int(count)):
        profile = copy.deepcopy(rng.choice(profiles))
        profile["name"] = "web"
        for _ in range(rng.randrange(1, 4)):
            if profile:
                mutate(rng, profile, keys, values)
        if "name" in profile and rng.randrange(8):
            profile["name"] = "web"
        os.makedirs(f"{directory}/{number}")
        with open(f"{directory}/{number}/web.json", "w", encoding="utf-8") as f:
            json.dump(profile, f, ensure_ascii=False)


main(*sys.argv[1:])
