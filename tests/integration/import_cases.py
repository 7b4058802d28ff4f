# SPDX-License-Identifier: Apache-2.0
"""Random NetworkPolicies: what Kubernetes would let pass, against what the profiles let pass that
coaming import makes of them. Usage: import_cases.py COAMING WORK_DIRECTORY CASES"""

import glob
import json
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import network  # noqa: E402

COAMING, WORK, CASES = sys.argv[1], sys.argv[2], int(sys.argv[3])
SEED = int(os.environ.get("COAMING_SEED", "20261127"))
BLOCKS = {**network.BLOCKS, "10.0.0.7/24": ["10.0.0.2/31"]}  # bits behind the prefix


def peer(exact):
    kind = random.random()
    if kind < 0.3:
        return network.random_block(random, BLOCKS)
    found = {}
    if kind < 0.8:
        found["podSelector"] = network.random_selector(random)
    if kind > 0.5:
        keys = {network.NAMESPACE: list(network.NAMESPACES)}
        if not exact and random.random() < 0.5:
            keys = {"team": ["blue", "red"], "pci": ["yes"]}
        found["namespaceSelector"] = network.random_selector(random, keys)
    return found


def rule(direction, exact):
    found = {}
    if random.random() < 0.85:
        found[network.KEYS[direction]] = [peer(exact) for _ in range(random.randint(0, 3))]
    if random.random() < 0.7:
        found["ports"] = network.random_ports(random, network.NUMBERS, not exact)
    return found


def policy(i, exact):
    spec = {"podSelector": network.random_selector(random)}
    for direction in network.KEYS:
        if random.random() < 0.7:
            spec[direction] = [rule(direction, exact) for _ in range(random.randint(0, 2))]
    if random.random() < 0.6:
        spec["policyTypes"] = random.sample(["Ingress", "Egress"], random.randint(1, 2))
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": f"p{i}", "namespace": random.choice(list(network.NAMESPACES))},
            "spec": spec}


def run(n, policies, namespaces, *options):
    items = list(policies)
    if namespaces:
        items += [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": k, "labels": v}}
                  for k, v in network.NAMESPACES.items()]
    path = f"{WORK}/{n}.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"apiVersion": "v1", "kind": "List", "items": items}, file)
    out = f"{WORK}/{n}"
    done = subprocess.run([COAMING, "import", *options, "--output", out, path],
                          capture_output=True, text=True, check=False)
    profiles = []
    for name in sorted(glob.glob(f"{out}/*.json")):
        with open(name, encoding="utf-8") as file:
            profiles.append(json.load(file))
    return done, profiles


def main():
    random.seed(SEED)
    asked = passed = partial = 0
    for n in range(CASES):
        exact = n % 3 != 0
        with_namespaces = n % 2 == 0
        policies = [policy(i, exact) for i in range(random.randint(1, 6))]
        kubernetes = network.Kubernetes(policies, network.NAMESPACES)
        ends = network.random_ends(random)
        done, profiles = run(n, policies, with_namespaces)
        narrower = False
        if done.returncode == 1:
            if exact:
                sys.exit(f"seed {SEED}, case {n}: refused: {done.stderr}")
            if profiles:
                sys.exit(f"seed {SEED}, case {n}: refused, and something was written")
            done, profiles = run(n, policies, with_namespaces, "--partial")
            narrower = True
            partial += 1
        if done.returncode != 0:
            sys.exit(f"seed {SEED}, case {n}: status {done.returncode}: {done.stderr}")
        coaming = network.Coaming(profiles)
        more = network.hold(kubernetes, coaming, ends, narrower, f"seed {SEED}, case {n}")
        asked, passed = asked + more[0], passed + more[1]
    print(f"{CASES} cases, {partial} of them in part, {asked} questions, {passed} yes")
    if not partial or passed < asked / 10 or passed > asked * 9 / 10:
        sys.exit("the cases are not worth much")


main()
