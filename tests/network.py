# SPDX-License-Identifier: Apache-2.0
"""Who may talk to whom: a model of coaming's profiles and one of Kubernetes' NetworkPolicies,
written from their manuals and from nothing of the program, for tests to hold it against."""

import ipaddress

NAMESPACE = "kubernetes.io/metadata.name"
POD_NAMESPACE = "io.kubernetes.pod.namespace"
ALWAYS = {"TCP", "UDP", "SCTP"}


class End:
    """A pod, a container, or (without labels) somebody else with an address."""

    def __init__(self, name, addresses, labels=None, namespace=None):
        self.name = name
        self.addresses = [ipaddress.ip_address(a) for a in addresses]
        self.labels = labels
        self.namespace = namespace
        self.also = []  # labels of further containers in its network namespace

    def address(self, family):
        return next((a for a in self.addresses if a.version == family), None)

    def on_node(self):
        """The labels under which an engine starts it."""
        if self.namespace is None:
            return self.labels
        return {**self.labels, POD_NAMESPACE: self.namespace}

    def containers(self):
        return [self.on_node()] + self.also


def expression_holds(expression, labels):
    value = labels.get(expression["key"])
    operator = expression["operator"]
    if operator == "In":
        return value in expression["values"]
    if operator == "NotIn":
        return value not in expression["values"]
    return (value is not None) == (operator == "Exists")


def selector_holds(selector, labels):
    return (all(labels.get(k) == v for k, v in selector.get("matchLabels", {}).items())
            and all(expression_holds(e, labels) for e in selector.get("matchExpressions", [])))


def block_holds(block, address):
    return (address in ipaddress.ip_network(block["cidr"], strict=False)
            and not any(address in ipaddress.ip_network(e, strict=False)
                        for e in block.get("except", [])))


def port_holds(port, protocol, number):
    if port.get("protocol", "TCP") != protocol:
        return False
    if "port" not in port:
        return True
    if port["port"] == "http":  # as every pod of the tests calls it
        return number == 80
    return port["port"] <= number <= port.get("endPort", port["port"])


def rule_holds(rule, key, peer_holds, protocol, number):
    peers, ports = rule.get(key) or [], rule.get("ports") or []
    return ((not peers or any(peer_holds(p) for p in peers))
            and (not ports or any(port_holds(p, protocol, number) for p in ports)))


KEYS = {"ingress": "from", "egress": "to"}


class Coaming:
    """Every profile whose match fits must let a packet pass. `registered`: is every container known
    to others, or those alone that a profile applies to?"""

    def __init__(self, profiles, zones=None, registered=True):
        self.profiles = profiles
        self.zones = zones or {}
        self.registered = registered

    def applying(self, end):
        if end.labels is None:
            return []
        return [p for p in self.profiles
                if any(selector_holds(p["match"]["labelSelector"], labels)
                       for labels in end.containers())]

    def selected(self, end):
        return [p for p in self.applying(end) if p.get("mode") != "audit"]

    def peer_holds(self, peer, other, family):
        address = other.address(family)
        if "ipBlock" in peer:
            return block_holds(peer["ipBlock"], address)
        if "zone" in peer:
            return any(block_holds({"cidr": c}, address) for c in self.zones[peer["zone"]])
        if other.labels is None or not (self.registered or self.applying(other)):
            return False
        if "namespaceSelector" in peer:
            if other.namespace is None:
                return False
            if not selector_holds(peer["namespaceSelector"], {NAMESPACE: other.namespace}):
                return False
        # An address is a peer's where every container that has it fits.
        return all(selector_holds(peer.get("labelSelector", {}), labels)
                   for labels in other.containers())

    def lets(self, own, other, direction, family, protocol, number):
        for profile in self.selected(own):
            rules = profile["network"].get(direction)
            if rules is not None and not any(
                    rule_holds(r, KEYS[direction], lambda p: self.peer_holds(p, other, family),
                               protocol, number) for r in rules):
                return False
        return True

    def passes(self, source, target, family, protocol, number):
        return (self.lets(source, target, "egress", family, protocol, number)
                and self.lets(target, source, "ingress", family, protocol, number))


class Kubernetes:
    """What one of the policies that isolate a pod lets pass, passes."""

    def __init__(self, policies, namespaces):
        self.policies = policies  # the objects
        self.namespaces = namespaces  # name: labels

    def types(self, spec):
        if spec.get("policyTypes"):
            return spec["policyTypes"]
        return ["Ingress"] + (["Egress"] if spec.get("egress") else [])

    def selects(self, policy, end):
        return (end.labels is not None
                and policy["metadata"].get("namespace", "default") == end.namespace
                and selector_holds(policy["spec"].get("podSelector") or {}, end.labels))

    def peer_holds(self, peer, policy, other, family):
        if "ipBlock" in peer:
            return block_holds(peer["ipBlock"], other.address(family))
        if other.labels is None or other.namespace is None:
            return False
        if "namespaceSelector" in peer:
            labels = {**self.namespaces[other.namespace], NAMESPACE: other.namespace}
            if not selector_holds(peer["namespaceSelector"], labels):
                return False
        elif other.namespace != policy["metadata"].get("namespace", "default"):
            return False
        return selector_holds(peer.get("podSelector", {}), other.labels)

    def lets(self, own, other, direction, family, protocol, number):
        isolating = [p for p in self.policies if self.selects(p, own)
                     and direction.capitalize() in self.types(p["spec"])]
        return not isolating or any(
            rule_holds(r, KEYS[direction], lambda q: self.peer_holds(q, p, other, family),
                       protocol, number)
            for p in isolating for r in p["spec"].get(direction) or [])

    def passes(self, source, target, family, protocol, number):
        return (self.lets(source, target, "egress", family, protocol, number)
                and self.lets(target, source, "ingress", family, protocol, number))


# --- generated ones ------------------------------------------------------------------------------

LABELS = {"app": ["web", "db", "proxy"], "tier": ["front", "back"], "env": ["prod", ""]}


def random_selector(random, keys=None, most=2):
    keys = keys or LABELS
    selector = {}
    for _ in range(random.randint(0, most)):
        key = random.choice(list(keys))
        values = keys[key]
        operator = random.choice(["=", "=", "In", "NotIn", "Exists", "DoesNotExist"])
        if operator == "=":
            selector.setdefault("matchLabels", {})[key] = random.choice(values)
            continue
        expression = {"key": key, "operator": operator}
        if operator in ("In", "NotIn"):
            expression["values"] = random.sample(values, random.randint(1, len(values)))
        selector.setdefault("matchExpressions", []).append(expression)
    return selector


def random_ports(random, numbers, named=False):
    ports = []
    for _ in range(random.randint(1, 3)):
        port = {}
        if random.random() < 0.8:
            port["protocol"] = random.choice(["TCP", "UDP"])
        if random.random() < 0.85:
            port["port"] = random.choice(numbers)
            if random.random() < 0.3:
                port["endPort"] = random.randint(port["port"], max(numbers) + 3)
        if named and random.random() < 0.1:
            port = {"port": "http"}
        ports.append(port)
    return ports


def random_block(random, blocks):
    """One of {block: [blocks within it]}."""
    cidr = random.choice(list(blocks))
    block = {"cidr": cidr}
    if blocks[cidr] and random.random() < 0.5:
        block["except"] = random.sample(blocks[cidr], random.randint(1, len(blocks[cidr])))
    return {"ipBlock": block}


# --- a cluster for them --------------------------------------------------------------------------

NAMESPACES = {"shop": {"team": "blue"}, "bank": {"team": "red", "pci": "yes"}, "misc": {}}
NUMBERS = [80, 443, 5432]
BLOCKS = {"10.0.0.0/8": ["10.0.0.0/24", "10.1.0.0/16"], "10.0.0.0/24": ["10.0.0.2/31"],
          "0.0.0.0/0": ["10.0.0.0/9"], "fd00::/8": ["fd00::1:0/112"], "::/0": [],
          "10.0.0.3/32": []}


def random_ends(random):
    found = []
    for i in range(9):
        labels = {k: random.choice(v) for k, v in LABELS.items() if random.random() < 0.7}
        found.append(End(f"p{i}", [f"10.{i % 2}.0.{i}", f"fd00::{i % 2}:{i}"], labels,
                         random.choice(list(NAMESPACES))))
    return found + [End("far", ["192.0.2.1", "2001:db8::1"])]


def grid(ends, numbers):
    """Every question: from whom, to whom, how."""
    for source in ends:
        for target in ends:
            if source is target:
                continue
            for family in (4, 6):
                for protocol in ("TCP", "UDP"):
                    for number in numbers:
                        yield source, target, family, protocol, number


def hold(wanted, said, ends, narrower, about):
    """Ask both; how many questions, and how many of them with yes. `narrower`: the other may say no
    where yes is wanted, and never the other way round."""
    asked = passed = 0
    for question in grid(ends, NUMBERS + [81, 9999]):
        one, other = wanted.passes(*question), said.passes(*question)
        asked += 1
        passed += one
        if one != other and (other or not narrower):
            source, target, *rest = question
            raise SystemExit(f"{about}: {source.name} to {target.name} {rest}: "
                             f"wanted {one}, said {other}")
    return asked, passed
