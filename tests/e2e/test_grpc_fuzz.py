"""Every RPC of all four services under messages made by lot: no INTERNAL, no UNKNOWN, nothing unhandled in a log,
and the mesh draws afterwards as before."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fournil.edge.v1 import edge_pb2
from fournil.generator.v1 import generator_pb2
from fournil.moderator.v1 import moderator_pb2
from fournil.quota.v1 import admin_pb2, quota_pb2
from tests.e2e.conftest import SupervisedMesh

pytestmark = pytest.mark.e2e

SERVED = {
    "edge": edge_pb2.DESCRIPTOR,
    "quota": quota_pb2.DESCRIPTOR,
    "quota admin": admin_pb2.DESCRIPTOR,
    "moderator": moderator_pb2.DESCRIPTOR,
    "generator": generator_pb2.DESCRIPTOR,
}
METHODS: dict[str, MethodDescriptor] = {
    f"{part} {method.name}": method
    for part, file in SERVED.items()
    for service in file.services_by_name.values()
    for method in service.methods
}
SECONDS = 3.0
"""A call that goes on (a stream without end, a job that is drawn) is left after this."""
FINE = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
}

_TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["", " ", "crumb", "fournil-mini", "0" * 26, "dec_" + "a" * 26, "../../etc/passwd", "\x00", "é" * 300]
    ),
)
_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: _TEXTS,
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=64),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1) | st.integers(0, 10),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1) | st.integers(0, 10),
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.TYPE_DOUBLE: st.floats(),
    FieldDescriptor.TYPE_FLOAT: st.floats(width=32),
}

_LIKELY: dict[str, list[Any]] = {
    "account_id": ["test-1"],
    "actual": [0, 1],
    "address": ["127.0.0.1:1"],
    "attempt": [0, 1],
    "cost": [1, 3],
    "count": [0, 1],
    "generator_id": ["oven-x"],
    "id": ["0" * 26],
    "job_id": ["0" * 26],
    "limit": [0, 5],
    "model": ["", "fournil-mini"],
    "output_format": ["", "webp"],
    "pictures": [1],
    "prompt": ["a crab", "un bateau"],
    "reason": ["a test"],
    "request_id": [""],
    "size": ["", "auto"],
    "steps": [2],
    "tier": ["", "free", "paid"],
    "time_zone": ["Europe/Paris"],
    "work": [0, 1_000],
}
_TYPES = {
    FieldDescriptor.CPPTYPE_STRING: str,
    FieldDescriptor.CPPTYPE_INT32: int,
    FieldDescriptor.CPPTYPE_INT64: int,
}
"""By the field's name: what a service may take, so that a call comes further than its first check."""


def messages(kind: Descriptor, depth: int = 3) -> st.SearchStrategy[Message]:
    """Messages of a kind, each field there or not."""
    make: Callable[..., Message] = message_factory.GetMessageClass(kind)
    fields = {field.name: values(field, depth) for field in kind.fields if depth or not field.message_type}
    return st.fixed_dictionaries({}, optional=fields).map(lambda chosen: make(**chosen))


def values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    """Of one field; of a repeated one, a few."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = field.message_type.fields
        return st.dictionaries(values(key, depth), values(value, depth), max_size=3)
    if field.message_type is not None:
        one: st.SearchStrategy[Any] = messages(field.message_type, depth - 1)
    elif field.enum_type is not None:
        one = st.sampled_from([value.number for value in field.enum_type.values]) | st.integers(-5, 99)
    else:
        one = _SCALARS[field.type]
        if field.name in _LIKELY and field.enum_type is None:
            likely = [value for value in _LIKELY[field.name] if isinstance(value, _TYPES.get(field.cpp_type, ()))]
            one = st.sampled_from(likely) | st.sampled_from(likely) | one if likely else one
    return st.lists(one, max_size=3) if field.is_repeated else one


@pytest.fixture(scope="module")
def own_mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupervisedMesh]:
    """Its surge level may be pinned and its lines drained."""
    made = SupervisedMesh(tmp_path_factory.mktemp("fuzz"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def key(own_mesh: SupervisedMesh) -> str:
    return own_mesh.new_key("paid")


@pytest.mark.parametrize("name", METHODS)
def test_no_message_brings_a_service_out_of_step(own_mesh: SupervisedMesh, key: str, name: str) -> None:
    method, part = METHODS[name], name.split(maxsplit=1)[0]
    ports = own_mesh.local.ports
    port = ports.edge_grpc if part == "edge" else getattr(ports, part)
    shown = own_mesh.local.admin_token if "admin" in name else key
    metadata = (("authorization", f"Bearer {shown}"),)
    codes: list[grpc.StatusCode] = []

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        path = f"/{method.containing_service.full_name}/{method.name}"
        if method.server_streaming:
            stream = channel.unary_stream(path, request_serializer=lambda one: one.SerializeToString())
        else:
            unary = channel.unary_unary(path, request_serializer=lambda one: one.SerializeToString())

        @settings(
            max_examples=20, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(request=messages(method.input_type))
        def call(request: Message) -> None:
            try:
                if method.server_streaming:
                    for _ in stream(request, timeout=SECONDS, metadata=metadata):
                        break
                else:
                    unary(request, timeout=SECONDS, metadata=metadata)
                codes.append(grpc.StatusCode.OK)
            except grpc.RpcError as error:
                codes.append(error.code())
                assert error.code() in FINE, (error.code(), error.details(), request)

        call()
    assert codes and (name == "quota Authenticate" or grpc.StatusCode.UNAUTHENTICATED not in codes)


def test_nothing_was_unhandled_and_pictures_are_drawn(own_mesh: SupervisedMesh) -> None:
    folder: Path = own_mesh.local.folder / "logs"
    for log in folder.glob("*.jsonl"):
        for line in log.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line) if line.startswith("{") else {"message": line}
            assert "unhandled" not in str(entry.get("message", "")), (log.name, entry)
            assert "Traceback" not in line, (log.name, entry)
    with own_mesh.client(own_mesh.new_key("paid")) as client:
        job = client.draw("a crab", steps=2)
        assert list(client.watch(job.id))[-1].WhichOneof("event") == "completed"
