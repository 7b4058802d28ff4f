# SPDX-License-Identifier: Apache-2.0
"""Generated policies on real network namespaces: each verdict that the model gives, against a
packet that was sent. Usage: truth.py HOOK COAMING WORK_DIRECTORY CASES

Half of the policies are profiles, half NetworkPolicies that coaming import makes profiles of. The
hook enters each end as a container; all sockets are of this one process, each in the network
namespace in which it was made."""

import collections
import ctypes
import errno
import json
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import network  # noqa: E402

HOOK, COAMING, WORK, CASES = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
SEED = int(os.environ.get("COAMING_SEED", "20261127"))
ONLY = os.environ.get("CASE")
NUMBERS = [8080, 8081, 8443, 9000]
BLOCKS = {"10.244.0.0/24": ["10.244.0.2/31", "10.244.0.5/32"], "10.244.0.0/30": ["10.244.0.1/32"],
          "0.0.0.0/0": ["10.244.0.0/29", "10.244.128.0/17"], "10.244.128.0/17": [],
          "fd44::/64": ["fd44::4/126", "fd44::1/128"], "::/0": ["fd44::8000:0/112"],
          "fd44::2/128": []}
ZONES = {"lab": ["10.244.0.4/31", "fd44::4/127"], "far": ["10.244.128.0/17", "fd44::8000:0/112"]}
CLASS = "io.coaming.data-class"
SHARED = 4  # the end that two containers have in some cases
SETTLE, PATIENCE = 0.03, 4.0
COUNTS = collections.Counter()

ENDS = [
    network.End("e0", ["10.244.0.1", "fd44::1"], {"app": "web", "tier": "front", CLASS: "pci"},
                "shop"),
    network.End("e1", ["10.244.0.2", "fd44::2"], {"app": "db", "tier": "back", CLASS: "pci"},
                "shop"),
    network.End("e2", ["10.244.0.3", "fd44::3"], {"app": "proxy", "env": "prod"}, "bank"),
    network.End("e3", ["10.244.0.4", "fd44::4"], {"app": "web", "env": ""}, "misc"),
    network.End("e4", ["10.244.0.5", "fd44::5"], {"app": "db", "tier": "front"}),  # in no pod
    network.End("e5", ["10.244.128.9", "fd44::8000:9"]),  # no container
]


class Apart:
    """The host's "separate": registered ends of different classes exchange nothing."""

    def __init__(self, policy):
        self.policy = policy

    def passes(self, source, target, *how):
        if source.labels is not None and target.labels is not None and \
                source.labels.get(CLASS, "") != target.labels.get(CLASS, ""):
            return False
        return self.policy.passes(source, target, *how)


# --- policies ------------------------------------------------------------------------------------

def label_peer(label_key, namespace_key):
    found = {}
    kind = random.random()
    if kind < 0.75:
        found[label_key] = network.random_selector(random)
        COUNTS["labels"] += 1
    if kind > 0.5:
        keys = {network.NAMESPACE: list(network.NAMESPACES)}
        found[namespace_key] = network.random_selector(random, keys, 1)
        COUNTS["namespaces"] += 1
    return found


def block_peer():
    found = network.random_block(random, BLOCKS)
    COUNTS["blocks with except" if "except" in found["ipBlock"] else "blocks"] += 1
    return found


def rules(direction, peer):
    found = []
    for _ in range(random.choice([0, 1, 1, 2, 2, 3])):
        rule = {}
        if random.random() < 0.9:
            rule[network.KEYS[direction]] = [peer() for _ in range(random.randint(1, 3))]
        if random.random() < 0.7:
            rule["ports"] = network.random_ports(random, NUMBERS)
            COUNTS["ports"] += 1
        found.append(rule)
    return found


def profile_peer():
    kind = random.random()
    if kind < 0.2:
        COUNTS["zones"] += 1
        return {"zone": random.choice(list(ZONES))}
    return block_peer() if kind < 0.5 else label_peer("labelSelector", "namespaceSelector")


def profile(i):
    section = {}
    while not section:
        for direction in network.KEYS:
            if random.random() < 0.6:
                section[direction] = rules(direction, profile_peer)
                COUNTS[direction] += 1
    keys = dict(network.LABELS)
    if random.random() < 0.3:
        keys[network.POD_NAMESPACE] = list(network.NAMESPACES)
    found = {"name": f"p{i}", "match": {"labelSelector": network.random_selector(random, keys, 1)},
             "network": section}
    if random.random() < 0.1:
        found["mode"] = "audit"
        COUNTS["audited"] += 1
    return found


def policy_peer():
    return block_peer() if random.random() < 0.3 else label_peer("podSelector",
                                                                 "namespaceSelector")


def policy(i):
    spec = {"podSelector": network.random_selector(random, most=1)}
    for direction in network.KEYS:
        if random.random() < 0.6:
            spec[direction] = rules(direction, policy_peer)
            COUNTS[direction] += 1
    if random.random() < 0.6:
        spec["policyTypes"] = random.sample(["Ingress", "Egress"], random.randint(1, 2))
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": f"p{i}",
                         "namespace": random.choice(["shop", "shop", "bank", "misc"])},
            "spec": spec}


def write(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)


def make_case(n):
    """Write the profiles; the model that says what must be."""
    shutil.rmtree(f"{WORK}/profiles")
    separate, default, shared = n % 5 == 0, n % 4 != 0, n % 6 == 0
    ENDS[SHARED].also = [{"app": "web", "tier": "front"}] if shared else []
    if n % 2 == 0:
        os.mkdir(f"{WORK}/profiles")
        profiles = [profile(i) for i in range(random.choice([1, 2, 2, 3]))]
        for one in profiles:
            write(f"{WORK}/profiles/{one['name']}.json", one)
        model = network.Coaming(profiles, ZONES, separate or default or shared)
        COUNTS["profiles"] += len(profiles)
    else:
        policies = [policy(i) for i in range(random.choice([1, 2, 3]))]
        write(f"{WORK}/policies.json", {"apiVersion": "v1", "kind": "List", "items": policies})
        subprocess.run([COAMING, "import", "--output", f"{WORK}/profiles", f"{WORK}/policies.json"],
                       check=True, stderr=subprocess.DEVNULL)
        model = network.Kubernetes(policies, network.NAMESPACES)
        COUNTS["NetworkPolicies"] += len(policies)
    with open(f"{WORK}/coaming.json", encoding="utf-8") as file:
        host = json.load(file)
    # Under a default profile every container is one that a profile applies to.
    write(f"{WORK}/profiles/base.json", {"name": "base", "admission": {"deny": ["privileged"]}})
    host["defaultProfile"] = "base" if default else None
    # A namespace is joined only where there is a firewall already: one that lets all pass.
    write(f"{WORK}/profiles/open.json",
          {"name": "open", "network": {"ingress": [{}], "egress": [{}]}})
    host["floor"] = ["open"] if shared else []
    host["zones"] = ZONES
    host["separate"] = ["data-class"] if separate else []
    if not separate:
        del host["separate"]
    write(f"{WORK}/coaming.json", host)
    COUNTS["classes apart"] += separate
    COUNTS["shared"] += shared
    return Apart(model) if separate else model


# --- containers ----------------------------------------------------------------------------------

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x08000000, 0x20000000, 0x40000000
PR_SET_CHILD_SUBREAPER = 36


def enter(name):
    fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
    if LIBC.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def started_in(name):
    """A process in the network namespace of that name, with PID and IPC namespaces of its own."""
    ours, theirs = os.pipe()
    first = os.fork()
    if first == 0:
        try:
            enter(name)
            if LIBC.unshare(CLONE_NEWPID | CLONE_NEWIPC) != 0:
                os._exit(1)
            second = os.fork()
            if second != 0:
                os.write(theirs, struct.pack("i", second))
                os._exit(0)
            while True:
                signal.pause()
        finally:
            os._exit(1)
    os.waitpid(first, 0)
    pid = struct.unpack("i", os.read(ours, 4))[0]
    os.close(ours)
    os.close(theirs)
    return pid


def annotations(end):
    """As CRI-O has them of a pod's container, which has the pod's labels by its sandbox alone; of
    another container its labels."""
    if end.namespace is None:
        return end.labels
    return {"io.container.manager": "cri-o", "io.kubernetes.cri-o.ContainerType": "container",
            "io.kubernetes.cri-o.Name": end.name, "io.kubernetes.cri-o.KubeName": end.name,
            "io.kubernetes.cri-o.Namespace": end.namespace,
            "io.kubernetes.cri-o.SandboxID": f"pod-{end.name}",
            "io.kubernetes.cri-o.Labels": json.dumps(
                {"io.kubernetes.container.name": end.name, "io.kubernetes.pod.name": end.name,
                 network.POD_NAMESPACE: end.namespace, "io.kubernetes.pod.uid": f"uid-{end.name}"})}


def write_sandbox(end):
    """What CRI-O keeps of the pod."""
    directory = f"{WORK}/bundles/pod-{end.name}/userdata"
    os.makedirs(directory)
    labels = {**end.labels, network.POD_NAMESPACE: end.namespace}
    write(f"{directory}/config.json",
          {"annotations": {"io.kubernetes.cri-o.Labels": json.dumps(labels)}})


class Container:
    """One of an end's, by its number; all but the first join the namespace."""

    def __init__(self, end, n, number=0):
        self.end = end
        self.id = f"t{n}-{end.name}-{number}"
        self.bundle = f"{WORK}/bundles/{self.id}/userdata"
        os.makedirs(f"{self.bundle}/rootfs")
        if end.namespace is not None:
            write_sandbox(end)
        joined = {"path": f"/run/netns/{end.name}"} if number else {}
        namespaces = [{"type": t} for t in ("pid", "ipc", "uts", "mount")]
        write(f"{self.bundle}/config.json", {
            "ociVersion": "1.0.2",
            "process": {"user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": "/",
                        "noNewPrivileges": True},
            "root": {"path": "rootfs"},
            "annotations": end.also[number - 1] if number else annotations(end),
            "linux": {"namespaces": namespaces + [{"type": "network", **joined}]}})
        self.pid = started_in(end.name)

    def hook(self, stage):
        state = {"ociVersion": "1.0.2", "id": self.id, "status": "creating", "pid": self.pid,
                 "bundle": self.bundle}
        if stage == "poststop":
            state.update(status="stopped", pid=0)
        started = subprocess.Popen([HOOK, "--config", f"{WORK}/coaming.json", stage],
                                   stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.stdin.write(json.dumps(state))
        started.stdin.close()
        return started

    def end_process(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def run_hooks(containers, stage):
    """All at once: whoever comes last, the sets are right in the end."""
    shuffled = random.sample(containers, len(containers))
    for container, started in [(c, c.hook(stage)) for c in shuffled]:
        said = started.stderr.read()
        if started.wait() != 0:
            sys.exit(f"{stage} of {container.id}: status {started.returncode}: {said}")


# --- packets -------------------------------------------------------------------------------------

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
PROTOCOLS = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}


def made(family, protocol):
    sock = socket.socket(FAMILIES[family], PROTOCOLS[protocol] | socket.SOCK_NONBLOCK)
    if family == 6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return sock


class Listeners:
    def __init__(self):
        self.poll = select.epoll()
        self.sockets = {}
        for end in ENDS:
            enter(end.name)
            for family in FAMILIES:
                for protocol in PROTOCOLS:
                    for number in NUMBERS:
                        sock = made(family, protocol)
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        sock.bind(("", number))
                        if protocol == "TCP":
                            sock.listen(1024)
                        self.poll.register(sock, select.EPOLLIN)
                        self.sockets[sock.fileno()] = sock, (end, family, protocol, number)

    def take(self, arrived, probes):
        """What has come to the ends: datagrams say which they are. Accepted is hung up on."""
        for fd, _ in self.poll.poll(0):
            sock, (end, family, protocol, number) = self.sockets[fd]
            while True:
                try:
                    if protocol == "TCP":
                        sock.accept()[0].close()
                        continue
                    at = struct.unpack("!I", sock.recv(64))[0]
                except BlockingIOError:
                    break
                source, target, *how = probes[at]
                if (target, *how) != (end, family, "UDP", number):
                    sys.exit(f"a datagram to {target.name} {how} came to {end.name}")
                arrived.add(at)


class Senders:
    """The first packet of each probe, and what came of it."""

    def __init__(self, probes):
        self.poll = select.epoll()
        self.tcp = {}
        self.udp = []
        here = None
        for at, (source, target, family, protocol, number) in enumerate(probes):
            if here is not source:
                enter(source.name)
                here = source
                datagrams = {f: made(f, "UDP") for f in FAMILIES}
                self.udp += datagrams.values()
            address = str(target.address(family)), number
            if protocol == "UDP":
                self.refused(datagrams[family].sendto, struct.pack("!I", at), address)
                continue
            sock = made(family, "TCP")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.refused(sock.connect, address)
            self.tcp[sock.fileno()] = sock, at
            self.poll.register(sock, select.EPOLLOUT)

    @staticmethod
    def refused(call, *arguments):
        try:
            call(*arguments)
        except OSError as error:
            # A rule on the way out drops it before it is sent.
            if error.errno not in (errno.EPERM, errno.EINPROGRESS):
                raise

    def take(self, arrived):
        for fd, _ in self.poll.poll(0, len(self.tcp) + 1):
            sock, at = self.tcp[fd]
            self.poll.unregister(sock)
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                arrived.add(at)

    def close(self):
        self.poll.close()
        for sock in self.udp + [s for s, _ in self.tcp.values()]:
            sock.close()


def send(listeners, probes, wanted):
    """Which probes arrived: until all that must have, and a while for those that must not."""
    arrived = set()
    senders = Senders(probes)
    started = time.monotonic()
    while True:
        senders.take(arrived)
        listeners.take(arrived, probes)
        waited = time.monotonic() - started
        if waited > PATIENCE or (waited > SETTLE and wanted <= arrived):
            break
        time.sleep(0.002)
    senders.close()
    listeners.take(arrived, probes)
    return arrived


# --- all of it -----------------------------------------------------------------------------------

def ask(n, listeners, model):
    probes = list(network.grid(ENDS, NUMBERS))
    wanted = {i for i, probe in enumerate(probes) if model.passes(*probe)}
    arrived = send(listeners, probes, wanted)
    if arrived == wanted:
        return len(probes), len(wanted)
    for end in ENDS:
        with open(f"{WORK}/{end.name}.nft", "w", encoding="utf-8") as file:
            subprocess.run(["ip", "netns", "exec", end.name, "nft", "list", "ruleset"],
                           stdout=file, check=True)
    for name in sorted(os.listdir(f"{WORK}/profiles")):
        with open(f"{WORK}/profiles/{name}", encoding="utf-8") as file:
            print(name, json.dumps(json.load(file)))
    for at in sorted(arrived ^ wanted)[:10]:
        source, target, *how = probes[at]
        print(f"case {n}: {source.name} to {target.name} {how}: "
              f"{'refused, and came' if at in arrived else 'allowed, and did not come'}")
    sys.exit(f"seed {SEED}, case {n}: {len(arrived ^ wanted)} of {len(probes)} differ")


def main():
    started = time.monotonic()
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    listeners = Listeners()
    LIBC.setns(home, 0)
    # Without a policy everything arrives: what is missed later was refused.
    ask("none", listeners, network.Coaming([]))
    asked = passed = 0
    for n in range(CASES):
        random.seed(f"{SEED} {n}")
        LIBC.setns(home, 0)
        model = make_case(n)
        if ONLY and int(ONLY) != n:
            continue
        containers = [Container(end, n) for end in ENDS if end.labels is not None]
        run_hooks(containers, "createRuntime")
        joining = [Container(end, n, i + 1) for end in ENDS for i in range(len(end.also))]
        run_hooks(joining, "createRuntime")
        containers += joining
        more = ask(n, listeners, model)
        LIBC.setns(home, 0)
        for container in containers:
            container.end_process()
        run_hooks(containers, "poststop")
        shutil.rmtree(f"{WORK}/bundles")
        asked, passed = asked + more[0], passed + more[1]
    print(f"{CASES} cases, {asked} packets, {passed} passed, {asked - passed} refused, "
          f"{time.monotonic() - started:.0f} s")
    print(", ".join(f"{n} {what}" for what, n in sorted(COUNTS.items())))
    if not ONLY and not asked / 10 < passed < asked * 9 / 10:
        sys.exit("the cases are not worth much")
    for what in ("labels", "namespaces", "blocks", "blocks with except", "zones", "ports",
                 "ingress", "egress", "shared", "profiles", "NetworkPolicies", "classes apart"):
        if COUNTS[what] < CASES / 10:
            sys.exit(f"too few {what}")


main()
