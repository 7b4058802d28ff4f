#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a host for coaming graph: its policy, its registry of containers, its records.

usage: graph_cases.py CASE DIRECTORY KEEP

CASE  shop     a three-tier application in two data classes, with every state that an edge can have
      hostile  the same, with names that want to be markup
      many     fifty groups that talk to each other
      around   groups that talk in circles, with themselves and with nobody
      crowd:N  the shop, and N containers more

DIRECTORY gets coaming.json, profiles/, state/peers/ and, by the program KEEP, audit/.
"""

import hashlib
import json
import os
import subprocess
import sys

MACHINE = open("/etc/machine-id", encoding="ascii").read().strip()


class Host:
    def __init__(self, directory):
        self.directory, self.records, self.containers = directory, [], {}
        for name in ("profiles", "state/peers", "audit"):
            os.makedirs(os.path.join(directory, name), exist_ok=True)
        for name in ("state", "state/peers", "audit"):
            os.chmod(os.path.join(directory, name), 0o700)

    def write(self, name, value, mode=0o644):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(value, f, indent=1)
        os.chmod(path, mode)

    def config(self, **more):
        d = self.directory
        self.write("coaming.json", {"profileDirs": [d + "/profiles"], "stateDir": d + "/state",
                                    "auditDir": d + "/audit", "defaultProfile": None,
                                    "runtimes": ["crun"], **more})

    def profile(self, name, match, **network):
        self.write(f"profiles/{name}.json", {
            "name": name, "match": {"labelSelector": {"matchLabels": match}},
            "network": network})

    def container(self, name, address, labels, profiles=(), runs=True, netns=0,
                  recorded=True):
        """Admitted, and registered where it runs."""
        number = len(self.containers) + 1
        ident = hashlib.sha256(name.encode()).hexdigest()
        self.containers[name] = (ident, address, labels)
        fields = [f"CONTAINER_ID_FULL={ident}", f"CONTAINER_ID={ident[:12]}",
                  f"CONTAINER_NAME={name}", f"COAMING_MACHINE_ID={MACHINE}",
                  "COAMING_OUTCOME=accept", "MESSAGE=admitted",
                  "COAMING_ADMITTED=2026-11-20T08:00:00.000000Z"]
        for key, value in labels.items():
            fields += [f"COAMING_LABEL={key}={value}", f"COAMING_LABEL_SOURCE={key}=engine"]
        if recorded:
            self.records.append(["admit"] + fields)
        if runs:
            file = hashlib.sha256(ident.encode()).hexdigest() + ".json"
            addresses = address if isinstance(address, list) else [address]
            self.write("state/peers/" + file, {
                "id": ident, "name": name, "infra": False, "pid": 100 + number, "startTime": 1,
                "netns": netns or 4026530000 + number, "ipc": 0, "pidns": 0, "firewall": True,
                "profiles": list(profiles),
                "labels": {k: {"value": v, "source": "engine"} for k, v in labels.items()},
                "addresses": addresses, "sets": {}, "places": []}, 0o600)

    def flows(self, name, *flows):
        """flows: (direction, verdict, protocol, other, port, packets, first, last)"""
        ident, own, labels = self.containers[name]
        own = own if isinstance(own, list) else [own]
        fields = [f"COAMING_LABEL={k}={v}" for k, v in labels.items()]
        fields += [f"COAMING_LABEL_SOURCE={k}=engine" for k in labels]
        fields += [f"COAMING_ADDRESS={a}" for a in own]
        fields += [f"CONTAINER_ID_FULL={ident}", f"CONTAINER_NAME={name}",
                   f"COAMING_MACHINE_ID={MACHINE}", "MESSAGE=flows",
                   "COAMING_ADMITTED=2026-11-20T08:00:00.000000Z"]
        for direction, verdict, protocol, other, port, packets, first, last in flows:
            if other in self.containers:
                address = self.containers[other][1]
                other = address if isinstance(address, str) else address[0]
            fields.append(f"COAMING_FLOW={direction} {verdict} {protocol} {other} {port} "
                          f"packets={packets} first={first} last={last}")
        self.records.append(["flow"] + fields)

    def keep(self, program):
        for record in self.records:
            subprocess.run([program, self.directory + "/audit"] + record, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ports(*numbers, protocol="TCP"):
    return [{"protocol": protocol, "port": n} for n in numbers]


CLASS = "io.coaming.data-class"


def labelled(**labels):
    return {"labelSelector": {"matchLabels": {k.replace("data_class", CLASS): v
                                              for k, v in labels.items()}}}


MONDAY, TUESDAY = "2026-11-23T{}Z", "2026-11-24T{}Z"
DNS = {"to": [{"ipBlock": {"cidr": "10.88.0.1/32"}}], "ports": ports(53, protocol="UDP")}


def shop(host, names=str):
    host.config(separate=["data-class"], zones={"office": ["192.0.2.0/24", "198.51.100.0/24"]})
    for kind in ("pci", "open"):
        both = {"data_class": kind}
        host.profile("web-" + kind, {"tier": "web", CLASS: kind},
                     ingress=[{"ports": ports(80, 443)}],
                     egress=[{"to": [labelled(tier="api", **both)], "ports": ports(8080)}, DNS])
        host.profile("api-" + kind, {"tier": "api", CLASS: kind},
                     ingress=[{"from": [labelled(tier="web", **both)], "ports": ports(8080)},
                              {"from": [labelled(tier="watch")], "ports": ports(9100)}],
                     egress=[{"to": [labelled(tier="db", **both)], "ports": ports(5432)},
                             {"to": [labelled(tier="cache", **both)], "ports": ports(6379)},
                             {"to": [{"zone": "office"}], "ports": ports(443)}, DNS])
        host.profile("db-" + kind, {"tier": "db", CLASS: kind},
                     ingress=[{"from": [labelled(tier="api", **both)], "ports": ports(5432)},
                              {"from": [labelled(tier="watch")], "ports": ports(9100)}], egress=[])
        host.profile("cache-" + kind, {"tier": "cache", CLASS: kind},
                     ingress=[{"from": [labelled(tier="api", **both)], "ports": ports(6379)}],
                     egress=[])
    host.profile("watch", {"tier": "watch"}, ingress=[{"from": [{"zone": "office"}],
                                                      "ports": ports(9090)}],
                 egress=[{"to": [{"labelSelector": {}}], "ports": ports(9100)}, DNS])
    n = 10
    for kind, app in (("pci", "pay"), ("open", "shop")):
        for tier in ("web", "api", "db", "cache"):
            for copy in range(2 if tier in ("web", "api") else 1):
                name = f"{app}-{tier}" + (f"-{copy + 1}" if tier in ("web", "api") else "")
                host.container(names(name), f"10.88.0.{n}",
                               {"app": names(f"{app}-{tier}"), "tier": tier, CLASS: kind,
                                "region": "eu" if app == "pay" else "us"},
                               [f"{tier}-{kind}"])
                n += 1
    host.container(names("prometheus"), "10.88.0.40",
                   {"app": names("prometheus"), "tier": "watch", CLASS: "open",
                    "region": "us"}, ["watch"])
    host.container(names("toolbox"), "10.88.0.50", {"region": "us"}, [])
    # It ran under an older policy, which let it into the database.
    host.container(names("pay-report"), "10.88.0.60",
                   {"app": names("pay-report"), "tier": "report", CLASS: "pci"}, runs=False)
    m, t = MONDAY.format, TUESDAY.format
    for copy, count in ((1, 40), (2, 2)):
        web, api = names(f"pay-web-{copy}"), names(f"pay-api-{copy}")
        host.flows(web, ("ingress", "accepted", "tcp", "203.0.113.9", 443, count, m("09:00:00"), t("17:30:00")),
                   ("egress", "accepted", "tcp", api, 8080, count, m("09:00:00"), t("17:30:00")),
                   ("egress", "accepted", "udp", "10.88.0.1", 53, 3, m("09:00:00"), m("09:00:05")))
        host.flows(api, ("ingress", "accepted", "tcp", web, 8080, count, m("09:00:00"), t("17:30:00")),
                   ("egress", "accepted", "tcp", names("pay-db"), 5432, 4, m("08:00:00"), m("08:00:02")))
    host.flows(names("pay-db"),
               ("ingress", "accepted", "tcp", names("pay-api-1"), 5432, 4, m("08:00:00"), m("08:00:02")),
               ("ingress", "accepted", "tcp", names("pay-api-2"), 5432, 4, m("08:00:00"), m("08:00:02")),
               ("ingress", "refused", "tcp", names("shop-web-1"), 5432, 7, t("03:12:00"), t("03:12:09")),
               ("ingress", "refused", "tcp", names("toolbox"), 22, 2, t("10:00:00"), t("10:00:03")))
    host.flows(names("pay-report"),
               ("egress", "accepted", "tcp", names("pay-db"), 5432, 9, m("06:00:00"), m("06:10:00")))
    host.flows(names("shop-web-1"),
               ("ingress", "accepted", "tcp", "203.0.113.77", 80, 12, m("11:00:00"), m("11:20:00")),
               ("egress", "accepted", "tcp", names("shop-api-1"), 8080, 12, m("11:00:00"), m("11:20:00")),
               ("egress", "refused", "tcp", names("pay-db"), 5432, 7, t("03:12:00"), t("03:12:09")),
               ("egress", "refused", "tcp", "203.0.113.200", 4444, 31, t("03:11:00"), t("03:15:00")),
               ("egress", "refused", "icmp", "203.0.113.200", 0, 2, t("03:11:00"), t("03:11:01")))
    host.flows(names("prometheus"),
               ("egress", "accepted", "tcp", names("shop-api-1"), 9100, 960, m("00:00:00"), t("23:59:45")),
               ("ingress", "refused", "tcp", "203.0.113.5", 9090, 1, t("04:00:00"), t("04:00:00")))
    host.flows(names("toolbox"),
               ("egress", "accepted", "tcp", names("shop-web-2"), 80, 1, t("10:01:00"), t("10:01:00")))


EVIL = '</script><img src=x onerror=alert(1)>"\\N&#60;\u202e'


def hostile(host):
    shop(host, lambda name: name + EVIL)


def around(host):
    """In circles, with themselves, with nobody; two to a network namespace; a block with a hole."""
    host.config()
    names = ["one", "two", "three", "four"]
    for i, name in enumerate(names):
        host.profile(name, {"app": name},
                     ingress=[{"from": [labelled(app=names[i - 1])], "ports": ports(7000 + i)},
                              {"from": [labelled(app=name)], "ports": ports(7946)}],
                     egress=[{"to": [labelled(app=names[(i + 1) % 4]), labelled(app=name)]},
                             {"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.9.0.0/16"]}}],
                              "ports": ports(123, protocol="UDP")}])
        for copy in (1, 2):
            host.container(f"{name}-{copy}", [f"172.20.{i}.{copy}", f"fd00:{i}::{copy}"],
                           {"app": name, "region": "eu" if i < 2 else "us"}, [name])
    host.profile("alone", {"app": "alone"}, ingress=[], egress=[])
    host.container("alone", "172.20.9.1", {"app": "alone"}, ["alone"])
    host.container("side", "172.20.9.2", {"app": "side", "region": "eu"}, [], netns=77)
    host.container("car", "172.20.9.2", {"app": "car"}, [], netns=77)
    t = TUESDAY.format
    host.flows("four-1", ("egress", "accepted", "tcp", "one-2", 7000, 3, t("10:00:00"), t("11:00:00")),
               ("egress", "accepted", "tcp", "four-2", 7946, 5, t("10:00:00"), t("12:00:00")),
               ("egress", "refused", "udp", "10.9.1.1", 123, 5, t("10:00:00"), t("12:00:00")),
               ("egress", "refused", "tcp", "three-1", 7002, 1, t("10:30:00"), t("10:30:00")))
    host.flows("side", ("egress", "refused", "tcp", "one-1", 1, 1, t("10:30:00"), t("10:30:00")))


def crowd(host, number):
    shop(host)
    for i in range(number):
        host.container(f"c{i}", f"10.90.{i // 250}.{i % 250 + 1}",
                       {"tier": ["web", "api", "db"][i % 3], CLASS: "pci", "number": str(i)},
                       recorded=False)


def many(host, groups=50):
    host.config()
    host.profile("far", {"kind": "many"}, ingress=[
        {"from": [labelled(kind="many")], "ports": ports(8000)}],
        egress=[{"to": [labelled(kind="many")], "ports": ports(8000)}])
    apps = ["gateway", "auth", "billing", "catalogue", "search", "orders", "mail", "queue",
            "stock", "media"]
    for i in range(groups):
        layer = i // len(apps)
        app = f"{apps[i % len(apps)]}-{'abcde'[layer]}"
        host.profile(app, {"app": app},
                     ingress=[{"from": [labelled(feeds=app), labelled(also=app)],
                               "ports": ports(8000 + i)}],
                     egress=[{"to": [labelled(app=f"{apps[(i + k) % len(apps)]}-"
                                                  f"{'abcdef'[layer + 1]}") for k in (0, 3)],
                              "ports": [{"protocol": "TCP", "port": 8000, "endPort": 8100}]}])
        below = "abcdef"[layer + 1]
        host.container(app + "-1", f"10.89.{layer}.{i % len(apps) + 2}",
                       {"app": app, "feeds": f"{apps[i % len(apps)]}-{below}",
                        "also": f"{apps[(i + 3) % len(apps)]}-{below}",
                        "region": "eu" if i % 2 else "us"}, [app])
    for i in range(groups - len(apps)):
        layer = i // len(apps)
        name = f"{apps[i % len(apps)]}-{'abcde'[layer]}-1"
        other = f"{apps[i % len(apps)]}-{'abcde'[layer + 1]}-1"
        host.flows(name, ("egress", "accepted", "tcp", other, 8000 + i + len(apps), i + 1,
                          MONDAY.format("10:00:00"), TUESDAY.format("10:00:00")))
        if i % 7 == 0:
            host.flows(name, ("egress", "refused", "tcp", f"{apps[(i + 5) % 10]}-e-1", 22, 3,
                              TUESDAY.format("11:00:00"), TUESDAY.format("11:00:04")))


def main():
    case, directory, keep = sys.argv[1:]
    host = Host(directory)
    name, _, number = case.partition(":")
    if name == "crowd":
        crowd(host, int(number))
    else:
        {"shop": shop, "hostile": hostile, "many": many, "around": around}[name](host)
    host.keep(keep)


main()
