# SPDX-License-Identifier: Apache-2.0
"""Random profiles: what they let pass, against what Kubernetes would let pass under the policies
that coaming export makes of them, and against the profiles that coaming import makes of these again.
Usage: export_cases.py COAMING WORK_DIRECTORY CASES"""

import glob
import json
import os
import random
import subprocess
import sys

import yaml

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import network  # noqa: E402

COAMING, WORK, CASES = sys.argv[1], sys.argv[2], int(sys.argv[3])
SEED = int(os.environ.get("COAMING_SEED", "20261127"))
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ZONES = {"office": ["10.1.0.0/16", "fd00::1:0/112"], "far": ["192.0.2.0/24", "2001:db8::/32"]}


def peer(by_label):
    kind = random.random()
    if not by_label:
        if kind < 0.3:
            return {"zone": random.choice(list(ZONES))}
        return network.random_block(random, network.BLOCKS)
    found = {}
    if kind < 0.8:
        keys = dict(network.LABELS)
        if kind < 0.2:
            keys[network.POD_NAMESPACE] = list(network.NAMESPACES)
        found["labelSelector"] = network.random_selector(random, keys)
    if kind > 0.5:
        keys = {network.NAMESPACE: list(network.NAMESPACES)}
        found["namespaceSelector"] = network.random_selector(random, keys)
    return found


def rule(direction, exact):
    found = {}
    by_label = random.random() < 0.5
    if random.random() < 0.85:
        # A block and a label, each of another profile, are what cannot be said.
        found[network.KEYS[direction]] = [
            peer(by_label if exact is None else exact == "labels")
            for _ in range(random.randint(1, 3))]
    if random.random() < 0.7:
        found["ports"] = network.random_ports(random, network.NUMBERS)
    return found


def profile(i, exact):
    section = {}
    while not section:
        for direction in network.KEYS:
            if random.random() < 0.6:
                section[direction] = [rule(direction, exact) for _ in range(random.randint(0, 3))]
    keys = dict(network.LABELS)
    if random.random() < 0.7:
        keys[network.POD_NAMESPACE] = list(network.NAMESPACES)
    return {"name": f"p{i}", "match": {"labelSelector": network.random_selector(random, keys, 3)},
            "network": section}


def run(*arguments):
    return subprocess.run([COAMING, *arguments], capture_output=True, text=True, check=False)


def exported(case, *options):
    return run("export", "--networkpolicy", "--config", f"{WORK}/coaming.json", "--dir", case,
               *[word for name in network.NAMESPACES for word in ("--namespace", name)], *options)


def imported(case, text):
    path, out = f"{case}/policies.yaml", f"{case}/again"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    done = run("import", "--output", out, path)
    if done.returncode != 0:
        sys.exit(f"{case}: import: {done.stderr}")
    found = []
    for name in glob.glob(f"{out}/*.json"):
        with open(name, encoding="utf-8") as file:
            found.append(json.load(file))
    return found


def main():
    random.seed(SEED)
    with open(f"{WORK}/coaming.json", "w", encoding="utf-8") as file:
        json.dump({"zones": ZONES}, file)
    asked = passed = partial = 0
    for n in range(CASES):
        case, about = f"{WORK}/{n}", f"seed {SEED}, case {n}"
        exact = [None, "labels", "blocks"][n % 3]
        profiles = [profile(i, exact) for i in range(random.randint(1, 4))]
        os.mkdir(case)
        for one in profiles:
            with open(f"{case}/{one['name']}.json", "w", encoding="utf-8") as file:
                json.dump(one, file)
        done, narrower = exported(case), False
        if done.returncode == 1 and exact is None and not done.stdout:
            done, narrower = exported(case, "--partial"), True
            partial += 1
        if done.returncode != 0:
            sys.exit(f"{about}: status {done.returncode}: {done.stderr}")
        policies = [p for p in yaml.load_all(done.stdout, Loader=LOADER) if p]
        coaming = network.Coaming(profiles, ZONES)
        kubernetes = network.Kubernetes(policies, network.NAMESPACES)
        ends = network.random_ends(random)
        more = network.hold(coaming, kubernetes, ends, narrower, about)
        asked, passed = asked + more[0], passed + more[1]
        if policies:
            again = network.Coaming(imported(case, done.stdout))
            network.hold(kubernetes, again, ends, False, f"{about}, imported again")
    print(f"{CASES} cases, {partial} of them in part, {asked} questions, {passed} yes")
    if not partial or passed < asked / 10 or passed > asked * 9 / 10:
        sys.exit("the cases are not worth much")


main()
