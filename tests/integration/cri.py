#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A client of the Container Runtime Interface, version 1, for tests.

cri.py SOCKET METHOD <REQUEST

One call of the runtime or image service: the request as JSON on standard input, the response on
standard output. An error of the server's: its text on standard error, status 1.

Exec: what the process prints follows, through the server's stream (WebSocket, v4.channel.k8s.io),
as kubectl exec shows it. If it fails, or may not be executed, the stream's own status is on standard
error, and the status 1.

MESSAGES has those fields alone that the tests use. Names, numbers and types are those of
pkg/apis/runtime/v1/api.proto of kubernetes/cri-api; what is not named here is passed over in
responses, and may not be in requests.
"""
import base64
import json
import os
import socket
import struct
import sys
import urllib.parse

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

PACKAGE = "runtime.v1"
CALL_SECONDS = 120

# Field: (number, type); a type in brackets is repeated, "{}" is map<string, string>.
MESSAGES = {
    "Int64Value": {"value": (1, "int64")},
    "KeyValue": {"key": (1, "string"), "value": (2, "string")},
    "NamespaceOption": {
        "network": (1, "NamespaceMode"),
        "pid": (2, "NamespaceMode"),
        "ipc": (3, "NamespaceMode"),
    },
    "SecurityProfile": {"profile_type": (1, "ProfileType"), "localhost_ref": (2, "string")},
    "Capability": {"add_capabilities": (1, "[string]"), "drop_capabilities": (2, "[string]")},
    "LinuxSandboxSecurityContext": {
        "namespace_options": (1, "NamespaceOption"),
        "run_as_user": (3, "Int64Value"),
        "privileged": (6, "bool"),
        "seccomp": (9, "SecurityProfile"),
    },
    "LinuxPodSandboxConfig": {
        "cgroup_parent": (1, "string"),
        "security_context": (2, "LinuxSandboxSecurityContext"),
    },
    "PodSandboxMetadata": {
        "name": (1, "string"),
        "uid": (2, "string"),
        "namespace": (3, "string"),
        "attempt": (4, "uint32"),
    },
    "PodSandboxConfig": {
        "metadata": (1, "PodSandboxMetadata"),
        "hostname": (2, "string"),
        "log_directory": (3, "string"),
        "labels": (6, "{}"),
        "annotations": (7, "{}"),
        "linux": (8, "LinuxPodSandboxConfig"),
    },
    "RunPodSandboxRequest": {
        "config": (1, "PodSandboxConfig"),
        "runtime_handler": (2, "string"),
    },
    "RunPodSandboxResponse": {"pod_sandbox_id": (1, "string")},
    "StopPodSandboxRequest": {"pod_sandbox_id": (1, "string")},
    "StopPodSandboxResponse": {},
    "RemovePodSandboxRequest": {"pod_sandbox_id": (1, "string")},
    "RemovePodSandboxResponse": {},
    "PodSandboxNetworkStatus": {"ip": (1, "string")},
    "PodSandboxStatus": {
        "id": (1, "string"),
        "metadata": (2, "PodSandboxMetadata"),
        "network": (5, "PodSandboxNetworkStatus"),
        "labels": (7, "{}"),
        "annotations": (8, "{}"),
        "runtime_handler": (9, "string"),
    },
    "PodSandboxStatusRequest": {"pod_sandbox_id": (1, "string"), "verbose": (2, "bool")},
    "PodSandboxStatusResponse": {"status": (1, "PodSandboxStatus"), "info": (2, "{}")},
    "ImageSpec": {"image": (1, "string")},
    "Mount": {
        "container_path": (1, "string"),
        "host_path": (2, "string"),
        "readonly": (3, "bool"),
    },
    "LinuxContainerResources": {
        "cpu_period": (1, "int64"),
        "cpu_quota": (2, "int64"),
        "memory_limit_in_bytes": (4, "int64"),
    },
    "LinuxContainerSecurityContext": {
        "capabilities": (1, "Capability"),
        "privileged": (2, "bool"),
        "namespace_options": (3, "NamespaceOption"),
        "run_as_user": (5, "Int64Value"),
        "run_as_group": (12, "Int64Value"),
        "readonly_rootfs": (7, "bool"),
        "no_new_privs": (11, "bool"),
        "seccomp": (15, "SecurityProfile"),
    },
    "LinuxContainerConfig": {
        "resources": (1, "LinuxContainerResources"),
        "security_context": (2, "LinuxContainerSecurityContext"),
    },
    "ContainerMetadata": {"name": (1, "string"), "attempt": (2, "uint32")},
    "ContainerConfig": {
        "metadata": (1, "ContainerMetadata"),
        "image": (2, "ImageSpec"),
        "command": (3, "[string]"),
        "args": (4, "[string]"),
        "working_dir": (5, "string"),
        "envs": (6, "[KeyValue]"),
        "mounts": (7, "[Mount]"),
        "labels": (9, "{}"),
        "annotations": (10, "{}"),
        "log_path": (11, "string"),
        "linux": (15, "LinuxContainerConfig"),
    },
    "CreateContainerRequest": {
        "pod_sandbox_id": (1, "string"),
        "config": (2, "ContainerConfig"),
        "sandbox_config": (3, "PodSandboxConfig"),
    },
    "CreateContainerResponse": {"container_id": (1, "string")},
    "StartContainerRequest": {"container_id": (1, "string")},
    "StartContainerResponse": {},
    "StopContainerRequest": {"container_id": (1, "string"), "timeout": (2, "int64")},
    "StopContainerResponse": {},
    "RemoveContainerRequest": {"container_id": (1, "string")},
    "RemoveContainerResponse": {},
    "ContainerStatus": {
        "id": (1, "string"),
        "metadata": (2, "ContainerMetadata"),
        "state": (3, "ContainerState"),
        "exit_code": (7, "int32"),
        "image": (8, "ImageSpec"),
        "image_ref": (9, "string"),
        "reason": (10, "string"),
        "message": (11, "string"),
        "labels": (12, "{}"),
    },
    "ContainerStatusRequest": {"container_id": (1, "string"), "verbose": (2, "bool")},
    "ContainerStatusResponse": {"status": (1, "ContainerStatus"), "info": (2, "{}")},
    "ExecSyncRequest": {
        "container_id": (1, "string"),
        "cmd": (2, "[string]"),
        "timeout": (3, "int64"),
    },
    "ExecSyncResponse": {
        "stdout": (1, "bytes"),
        "stderr": (2, "bytes"),
        "exit_code": (3, "int32"),
    },
    "ExecRequest": {
        "container_id": (1, "string"),
        "cmd": (2, "[string]"),
        "tty": (3, "bool"),
        "stdin": (4, "bool"),
        "stdout": (5, "bool"),
        "stderr": (6, "bool"),
    },
    "ExecResponse": {"url": (1, "string")},
    "Image": {
        "id": (1, "string"),
        "repo_tags": (2, "[string]"),
        "repo_digests": (3, "[string]"),
    },
    "ImageStatusRequest": {"image": (1, "ImageSpec")},
    "ImageStatusResponse": {"image": (1, "Image")},
    "VersionRequest": {"version": (1, "string")},
    "VersionResponse": {"runtime_name": (2, "string"), "runtime_version": (3, "string")},
    "RuntimeCondition": {
        "type": (1, "string"),
        "status": (2, "bool"),
        "message": (4, "string"),
    },
    "RuntimeStatus": {"conditions": (1, "[RuntimeCondition]")},
    "StatusRequest": {},
    "StatusResponse": {"status": (1, "RuntimeStatus")},
}
# In the order of their numbers, from 0.
ENUMS = {
    "NamespaceMode": ("POD", "CONTAINER", "NODE", "TARGET"),
    "ProfileType": ("RuntimeDefault", "Unconfined", "Localhost"),
    "ContainerState": (
        "CONTAINER_CREATED",
        "CONTAINER_RUNNING",
        "CONTAINER_EXITED",
        "CONTAINER_UNKNOWN",
    ),
}
IMAGE_METHODS = ("ImageStatus",)

FIELD = descriptor_pb2.FieldDescriptorProto


def fill_type(field, name):
    scalar = getattr(FIELD, "TYPE_" + name.upper(), None)
    if scalar is not None:
        field.type = scalar
        return
    field.type = FIELD.TYPE_ENUM if name in ENUMS else FIELD.TYPE_MESSAGE
    field.type_name = f".{PACKAGE}.{name}"


def add_map(message, field):
    """protoc's own way: a map is a repeated message of key and value."""
    entry = message.nested_type.add()
    entry.name = "".join(part.capitalize() for part in field.name.split("_")) + "Entry"
    entry.options.map_entry = True
    for number, name in ((1, "key"), (2, "value")):
        entry.field.add(
            name=name, number=number, label=FIELD.LABEL_OPTIONAL, type=FIELD.TYPE_STRING
        )
    field.label = FIELD.LABEL_REPEATED
    field.type = FIELD.TYPE_MESSAGE
    field.type_name = f".{PACKAGE}.{message.name}.{entry.name}"


def describe():
    file = descriptor_pb2.FileDescriptorProto(name="api.proto", package=PACKAGE, syntax="proto3")
    for name, values in ENUMS.items():
        enum = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for key, (number, kind) in fields.items():
            field = message.field.add(name=key, number=number, label=FIELD.LABEL_OPTIONAL)
            if kind == "{}":
                add_map(message, field)
                continue
            if kind.startswith("["):
                field.label = FIELD.LABEL_REPEATED
            fill_type(field, kind.strip("[]"))
    return file


# ---- the stream of an Exec ----

STDOUT, STDERR, STATUS = 1, 2, 3  # the first byte of each message
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9  # opcodes of RFC 6455


def read_exactly(file, size):
    data = file.read(size)
    if len(data) != size:
        raise EOFError("the stream has ended within a message")
    return data


def read_frame(file):
    """Opcode and payload; the server's are not masked. None: it has hung up."""
    first = file.read(1)
    if not first:
        return None
    size = read_exactly(file, 1)[0] & 0x7F
    if size == 126:
        (size,) = struct.unpack(">H", read_exactly(file, 2))
    elif size == 127:
        (size,) = struct.unpack(">Q", read_exactly(file, 8))
    return first[0] & 0x0F, read_exactly(file, size)


def open_stream(url):
    parts = urllib.parse.urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=CALL_SECONDS)
    connection.sendall(
        (
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nOrigin: http://localhost\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
            "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"
        ).encode()
    )
    file = connection.makefile("rb")
    answer = file.readline().decode()
    while file.readline().strip():
        pass
    if " 101 " not in answer:
        sys.exit(f"no stream: {answer.strip()} {file.read(4096).decode(errors='replace')}")
    return file


def follow(url):
    """Print what comes; the exit status that goes with the stream's own."""
    status = None
    file = open_stream(url)
    while (frame := read_frame(file)) and frame[0] != CLOSE:
        opcode, data = frame
        if opcode not in (TEXT, BINARY) or len(data) < 2:
            continue
        if data[0] == STATUS:
            status = json.loads(data[1:])
        else:
            out = sys.stderr if data[0] == STDERR else sys.stdout
            out.buffer.write(data[1:])
    if status and status.get("status") == "Success":
        return 0
    print(status["message"] if status else "the stream has ended without a status", file=sys.stderr)
    return 1


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    socket, method = sys.argv[1:]
    pool = descriptor_pool.DescriptorPool()
    pool.Add(describe())
    request, response = (
        message_factory.MessageFactory(pool).GetPrototype(
            pool.FindMessageTypeByName(f"{PACKAGE}.{method}{end}")
        )
        for end in ("Request", "Response")
    )
    service = "ImageService" if method in IMAGE_METHODS else "RuntimeService"
    with grpc.insecure_channel("unix://" + socket) as channel:
        call = channel.unary_unary(
            f"/{PACKAGE}.{service}/{method}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        asked = json_format.ParseDict(json.load(sys.stdin), request())
        try:
            answer = call(asked, timeout=CALL_SECONDS)
        except grpc.RpcError as error:
            print(f"{error.code().name}: {error.details()}", file=sys.stderr)
            sys.exit(1)
    if method == "Exec":
        sys.exit(follow(answer.url))
    json.dump(
        json_format.MessageToDict(
            answer, including_default_value_fields=True, preserving_proto_field_name=True
        ),
        sys.stdout,
    )
    print()


main()
