# SPDX-License-Identifier: Apache-2.0
"""kubernetes.py FILE...: hold manifests against the parts of Kubernetes' API that they use.

The published schemas are not in Debian. So the fields that there are, their types and which of them
must be there are written down here, as the API reference of v1, apps/v1 and node.k8s.io/v1 has them,
and what the objects say of each other is checked: labels, volumes, names, the handler.
"""
import re
import sys

import yaml

NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
QUANTITY = re.compile(r"[0-9]+(m|Ki|Mi|Gi)?")
CAPABILITY = re.compile(r"[A-Z]+(_[A-Z]+)*")


class Map(dict):
    """Keys of any name, all values of one kind."""


# A kind is: a type, a pattern for text, a set of words, [kind] for lists, Map(of=kind), or a
# dictionary of fields; "!" before a field's name: it must be there.
text_map = Map(of=str)
meta = {"!name": NAME, "namespace": NAME, "labels": text_map, "annotations": text_map}
resources = {kind: Map(of=QUANTITY) for kind in ("requests", "limits")}
container = {
    "!name": NAME,
    "!image": str,
    "command": [str],
    "args": [str],
    "env": [{"!name": str, "value": str}],
    "securityContext": {
        "runAsUser": int,
        "runAsNonRoot": bool,
        "privileged": bool,
        "readOnlyRootFilesystem": bool,
        "allowPrivilegeEscalation": bool,
        "capabilities": {"drop": [CAPABILITY], "add": [CAPABILITY]},
        "seccompProfile": {"!type": {"Unconfined", "RuntimeDefault", "Localhost"}},
        "seLinuxOptions": {"type": str, "level": str, "role": str, "user": str},
    },
    "resources": resources,
    "volumeMounts": [{"!name": NAME, "!mountPath": str, "readOnly": bool}],
}
volume = {
    "!name": NAME,
    "hostPath": {"!path": str, "type": {"Directory", "DirectoryOrCreate", "Socket", "File"}},
    "configMap": {"!name": NAME, "optional": bool},
    "emptyDir": {"medium": {"Memory"}, "sizeLimit": QUANTITY},
}
pod = {
    "serviceAccountName": NAME,
    "automountServiceAccountToken": bool,
    "priorityClassName": NAME,
    "hostPID": bool,
    "nodeSelector": text_map,
    "tolerations": [{"operator": {"Exists", "Equal"}, "key": str, "value": str, "effect": str}],
    "initContainers": [container],
    "!containers": [container],
    "volumes": [volume],
}
daemon_set = {
    "!selector": {"!matchLabels": text_map},
    "updateStrategy": {"type": {"RollingUpdate", "OnDelete"}, "rollingUpdate": {"maxUnavailable": int}},
    "!template": {"!metadata": {"labels": text_map}, "!spec": pod},
}
KINDS = {
    ("v1", "Namespace"): {},
    ("v1", "ServiceAccount"): {"automountServiceAccountToken": bool},
    ("v1", "ConfigMap"): {"data": text_map},
    ("node.k8s.io/v1", "RuntimeClass"): {"!handler": re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")},
    ("apps/v1", "DaemonSet"): {"!spec": daemon_set},
}
wrong = []


def holds(condition, where, what):
    if not condition:
        wrong.append(f"{where}: {what}")


def check(value, kind, where):
    if isinstance(kind, type):
        holds(type(value) is kind, where, f"{value!r} is no {kind.__name__}")
    elif isinstance(kind, re.Pattern):
        holds(kind.fullmatch(str(value)), where, f"{value!r} is not right")
    elif isinstance(kind, set):
        holds(value in kind, where, f"{value!r} is none of {sorted(kind)}")
    elif isinstance(kind, list):
        holds(isinstance(value, list) and value, where, "is no list with something in it")
        for i, one in enumerate(value if isinstance(value, list) else []):
            check(one, kind[0], f"{where}[{i}]")
    elif not isinstance(value, dict):
        holds(False, where, "has no fields")
    elif isinstance(kind, Map):
        for key, one in value.items():
            check(one, kind["of"], f"{where}.{key}")
    else:
        fields = {name.lstrip("!"): one for name, one in kind.items()}
        for name in kind:
            holds(not name.startswith("!") or name[1:] in value, where, f"has no {name[1:]}")
        for key, one in value.items():
            holds(key in fields, where, f"has no field {key} in the API")
            check(one, fields.get(key, type(one)), f"{where}.{key}")


def check_pod(spec, where, maps):
    volumes = {one["name"]: one for one in spec.get("volumes", [])}
    used = set()
    for one in spec.get("initContainers", []) + spec["containers"]:
        place = f"{where}.{one['name']}"
        paths = [mount["mountPath"] for mount in one.get("volumeMounts", [])]
        holds(len(paths) == len(set(paths)), place, "mounts two volumes at one path")
        for mount in one.get("volumeMounts", []):
            holds(mount["name"] in volumes, place, f"there is no volume {mount['name']}")
            used.add(mount["name"])
        context = one.get("securityContext", {})
        holds(context.get("capabilities", {}).get("drop") == ["ALL"], place, "keeps capabilities")
        holds(context.get("readOnlyRootFilesystem"), place, "may write to its root")
        holds("limits" in one.get("resources", {}), place, "has no limit")
        holds(":" in one["image"] and not one["image"].endswith(":latest"), place, "which image?")
    for name, one in volumes.items():
        holds(name in used, where, f"volume {name} is not used")
        holds(len(one) == 2, where, f"volume {name} is of {len(one) - 1} kinds")
        source = one.get("configMap")
        holds(not source or source["name"] in maps, where, f"{name}: no such ConfigMap")
    # What stays on the node has no power over it.
    for one in spec["containers"]:
        context = one["securityContext"]
        holds("add" not in context["capabilities"], where, "a container that stays has capabilities")
        holds(context.get("allowPrivilegeEscalation") is False, where, "may gain privileges")
        for mount in one.get("volumeMounts", []):
            path = volumes.get(mount["name"], {}).get("hostPath", {}).get("path", "/etc/coaming")
            holds(path == "/etc/coaming", where, f"sees {path}")


def main(files):
    objects = [one for name in files for one in yaml.safe_load_all(open(name))]
    maps = {one["metadata"]["name"] for one in objects if one["kind"] == "ConfigMap"}
    seen, images = set(), set()
    for one in objects:
        where = f"{one.get('kind')}/{one.get('metadata', {}).get('name')}"
        known = KINDS.get((one.get("apiVersion"), one.get("kind")))
        if known is None:
            holds(False, where, f"no kind of {one.get('apiVersion')} that is known here")
            continue
        check(one, {"!apiVersion": str, "!kind": str, "!metadata": meta, **known}, where)
        holds(where not in seen, where, "is there twice")
        seen.add(where)
        cluster_wide = one["kind"] in ("Namespace", "RuntimeClass")
        holds(cluster_wide != ("namespace" in one["metadata"]), where, "namespace")
        if one["kind"] == "DaemonSet":
            spec = one["spec"]
            labels = spec["template"]["metadata"]["labels"]
            holds(spec["selector"]["matchLabels"].items() <= labels.items(), where, "selects others")
            check_pod(spec["template"]["spec"], where, maps)
            images |= {c["image"] for kind in ("initContainers", "containers")
                       for c in spec["template"]["spec"].get(kind, [])}
        if one["kind"] == "RuntimeClass":
            holds(one["handler"] == "coaming", where, "coaming setup calls the handler coaming")
        if one["kind"] == "Namespace":
            holds(one["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") == "privileged",
                  where, "hostPath and hostPID need the level privileged")
    kinds = {one["kind"] for one in objects}
    holds(kinds == {kind for _, kind in KINDS}, "all", f"only {sorted(kinds)}")
    holds(len(images) == 1, "all", f"images: {sorted(images)}")
    for one in wrong:
        print(one)
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
