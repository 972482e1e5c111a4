"""The real generator process with the tiny model, called as the edge calls it, and a desk that listens."""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from fournil.generator.v1 import generator_pb2 as pb
from fournil.generator.v1 import generator_pb2_grpc
from fournil.quota.v1 import quota_pb2, quota_pb2_grpc

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "tests" / "fixtures" / "tiny_model"
SERVICE = "fournil.generator.v1.GeneratorService"
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


class Desk(quota_pb2_grpc.QuotaServiceServicer):
    """A desk that only hears heartbeats."""

    def __init__(self) -> None:
        self.heard: list[quota_pb2.HeartbeatRequest] = []
        self.news = threading.Condition()

    def Heartbeat(
        self, request: quota_pb2.HeartbeatRequest, context: grpc.ServicerContext
    ) -> quota_pb2.HeartbeatResponse:
        answer = quota_pb2.HeartbeatResponse()
        answer.interval.FromMilliseconds(150)
        with self.news:
            self.heard.append(request)
            self.news.notify_all()
        return answer

    def hears(self, what: Callable[[quota_pb2.HeartbeatRequest], bool]) -> quota_pb2.HeartbeatRequest:
        """The first report, past or to come, of which `what` is true."""
        with self.news:
            assert self.news.wait_for(lambda: any(map(what, self.heard)), timeout=10)
            return next(report for report in self.heard if what(report))


@contextlib.contextmanager
def open_desk(port: int) -> Iterator[Desk]:
    """A desk on loopback."""
    desk = Desk()
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    quota_pb2_grpc.add_QuotaServiceServicer_to_server(desk, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield desk
    finally:
        server.stop(0).wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Generator:
    """The process and stubs to call it."""

    process: subprocess.Popen[bytes]
    port: int
    metrics_port: int
    stub: generator_pb2_grpc.GeneratorServiceStub
    health: health_pb2_grpc.HealthStub

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples with these labels, as /metrics shows them now."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as page:
            text = page.read().decode()
        assert name in text, f"no metric {name}"
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())

    def becomes_empty(self) -> bool:
        """Whether the oven gives all room back within a few seconds."""
        limit = time.monotonic() + 5
        while self.metric("fournil_generator_jobs") and time.monotonic() < limit:
            time.sleep(0.02)
        return self.metric("fournil_generator_jobs") == 0

    def bake(self, **wishes: object) -> list[pb.GenerateResponse]:
        """All events of a job."""
        return list(self.stub.Generate(request(**wishes), timeout=20))


def request(**wishes: object) -> pb.GenerateRequest:
    """A request for one picture unless it says otherwise."""
    plain: dict[str, object] = {"job_id": "job_1", "model": "tiny", "prompt": "a red boat", "count": 1, "seed": 7}
    return pb.GenerateRequest(**{**plain, **wishes})


def environment(desk_port: int, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "FOURNIL_MODELS": str(MODELS),
        "FOURNIL_QUOTA": f"127.0.0.1:{desk_port}",
        "FOURNIL_SLOTS": "3",
        "FOURNIL_BATCH": "4",
        "FOURNIL_THREADS": "1",
        "FOURNIL_DRAIN_SECONDS": "0.3",
        "FOURNIL_GRACE_SECONDS": "15",
        **more,
    }


@contextlib.contextmanager
def started(desk_port: int, **more: str) -> Iterator[Generator]:
    """A generator that serves; killed at the end if it still runs."""
    port, metrics_port = free_port(), free_port()
    listens = {"FOURNIL_LISTEN": f"127.0.0.1:{port}", "FOURNIL_METRICS_LISTEN": f"127.0.0.1:{metrics_port}"}
    command = [sys.executable, "-m", "services.generator"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(desk_port, **listens, **more), stderr=subprocess.DEVNULL
    )
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=30)
            yield Generator(
                process,
                port,
                metrics_port,
                generator_pb2_grpc.GeneratorServiceStub(channel),
                health_pb2_grpc.HealthStub(channel),
            )
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture(scope="module")
def desk_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def desk(desk_port: int) -> Iterator[Desk]:
    with open_desk(desk_port) as desk:
        yield desk


@pytest.fixture(scope="module")
def generator(desk: Desk, desk_port: int) -> Iterator[Generator]:
    with started(desk_port) as generator:
        yield generator


def pictures(events: list[pb.GenerateResponse]) -> list[pb.Picture]:
    return sorted(
        (event.picture for event in events if event.HasField("picture")), key=lambda picture: picture.index
    )


def failure(call: pytest.ExceptionInfo[grpc.RpcError]) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    """Code, reason and metadata of a failed call."""
    status = rpc_status.from_call(call.value)
    info = error_details_pb2.ErrorInfo()
    assert status is not None
    assert any(detail.Unpack(info) for detail in status.details)
    return call.value.code(), info.reason, dict(info.metadata)


def test_serving_means_loaded_and_warm(generator: Generator) -> None:
    for name in ("", SERVICE):
        assert generator.health.Check(health_pb2.HealthCheckRequest(service=name), timeout=5).status == SERVING
    (model,) = generator.stub.ListModels(pb.ListModelsRequest(), timeout=5).models
    assert (model.name, model.native_width, model.output_width) == ("tiny", 64, 128)
    assert (model.default_steps, model.default_guidance) == (8, 3.0)
    assert model.provider == "CPUExecutionProvider"
    assert len(model.sha256) == 64


def test_two_jobs_of_different_length_share_the_oven(generator: Generator) -> None:
    long, short = (
        {"steps": 40, "seed": 1},
        {"steps": 5, "seed": 2, "count": 2, "previews": 2, "width": 256, "height": 256},
    )
    alone = [pictures(generator.bake(**wishes)) for wishes in (long, short)]
    steps, half_full = "fournil_generator_batch_fill_count", "fournil_generator_batch_fill_bucket"
    shared_before = generator.metric(steps) - generator.metric(half_full, le="0.5")

    streams = [generator.stub.Generate(request(**wishes), timeout=20) for wishes in (long, short)]
    together = [list(stream) for stream in streams]

    for events, wishes in zip(together, (long, short), strict=True):
        assert [event.HasField("usage") for event in events] == [False] * (len(events) - 1) + [True]
        last = [event.progress for event in events if event.HasField("progress")][-1]
        assert (last.step, last.steps) == (wishes["steps"], wishes["steps"])
    assert [pictures(events) for events in together] == alone
    for picture, seed in zip(pictures(together[1]), (2, 3), strict=True):
        assert (picture.width, picture.height, picture.seed) == (256, 256, seed)
        assert Image.open(io.BytesIO(picture.data)).size == (256, 256)
    assert Image.open(io.BytesIO(pictures(together[0])[0].data)).size == (128, 128)
    assert {(event.preview.index, event.preview.step) for event in together[1] if event.HasField("preview")} <= {
        (index, step) for index in (0, 1) for step in (2, 3)
    }
    rough = next(event.preview for event in together[1] if event.HasField("preview"))
    assert Image.open(io.BytesIO(rough.png)).size == (64, 64)
    usage = together[1][-1].usage
    assert usage.row_steps == 2 * 5 * 2
    assert usage.compute_time.ToMicroseconds() > 0
    assert not usage.HasField("energy_joules")
    assert generator.metric(steps) - generator.metric(half_full, le="0.5") > shared_before


def test_what_a_caller_does_not_say_is_the_models_default(generator: Generator) -> None:
    said = generator.bake(steps=8, guidance=3.0, width=128, height=128, priority=pb.PRIORITY_PAID)
    assert pictures(generator.bake()) == pictures(said)
    assert pictures(generator.bake(guidance=0.0)) != pictures(said)


@pytest.mark.parametrize(
    ("wishes", "code", "reason", "metadata"),
    [
        (
            {"model": "grand"},
            grpc.StatusCode.NOT_FOUND,
            "MODEL_UNKNOWN",
            {"model": "grand", "models": "tiny"},
        ),
        ({"count": 11}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", {"field": "count"}),
        ({"steps": 0}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", {"field": "steps"}),
        ({"guidance": 21}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", {"field": "guidance"}),
        ({"width": 99}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", {"field": "height"}),
    ],
)
def test_what_cannot_be_baked_is_refused_with_its_reason(
    generator: Generator, wishes: dict[str, object], code: grpc.StatusCode, reason: str, metadata: dict[str, str]
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        generator.bake(**wishes)
    seen = failure(refused)
    assert seen[:2] == (code, reason)
    assert metadata.items() <= seen[2].items()


@pytest.mark.parametrize("read", [1, 0], ids=["reading", "not reading"])
def test_a_cancelled_call_frees_its_rows(generator: Generator, read: int) -> None:
    before = generator.metric("fournil_generator_cancelled_rows_total")
    call = generator.stub.Generate(request(count=10, steps=100), timeout=20)
    while generator.metric("fournil_generator_jobs") == 0:
        time.sleep(0.01)
    for _ in range(read):
        next(call)
    call.cancel()
    assert generator.becomes_empty()
    assert generator.metric("fournil_generator_cancelled_rows_total") > before
    assert len(pictures(generator.bake())) == 1


def test_a_deadline_frees_its_rows(generator: Generator) -> None:
    before = generator.metric("fournil_generator_cancelled_rows_total")
    with pytest.raises(grpc.RpcError) as late:
        list(generator.stub.Generate(request(count=10, steps=100), timeout=0.2))
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert generator.becomes_empty()
    assert generator.metric("fournil_generator_cancelled_rows_total") > before


def test_a_full_oven_is_overloaded_and_recovers(generator: Generator) -> None:
    # 3 slots: room for 2 * (3 + 10) pictures.
    calls = [generator.stub.Generate(request(count=10, steps=100), timeout=20) for _ in range(2)]
    for call in calls:
        next(call)
    with pytest.raises(grpc.RpcError) as refused:
        generator.bake(count=10)
    assert failure(refused)[:2] == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    for call in calls:
        call.cancel()
    assert generator.becomes_empty()
    assert len(pictures(generator.bake(count=10))) == 10


def test_the_desk_hears_where_what_and_how_fast(generator: Generator, desk: Desk) -> None:
    report = desk.hears(lambda report: report.HasField("picture_time"))
    assert report.address == f"127.0.0.1:{generator.port}"
    assert list(report.models) == ["tiny"]
    assert report.slots == 3
    assert report.picture_time.ToMicroseconds() > 0
    assert {heard.generator_id for heard in desk.heard} == {report.generator_id}


def test_sigterm_bakes_what_is_in_the_oven_and_tells_the_desk() -> None:
    port = free_port()
    with started(port) as generator:
        # The desk is away at first: the oven serves all the same, and reports when the desk is there.
        assert len(pictures(generator.bake())) == 1
        with open_desk(port) as desk:
            first = desk.hears(lambda report: report.slots == 3)
            call = generator.stub.Generate(request(count=4, steps=100), timeout=30)
            next(call)
            generator.process.send_signal(signal.SIGTERM)
            drained = desk.hears(lambda report: report.slots == 0)
            assert drained.generator_id == first.generator_id
            answer = generator.health.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=5)
            assert answer.status == NOT_SERVING
            events = list(call)
            assert events[-1].HasField("usage")
            assert len(pictures(events)) == 4
            assert generator.process.wait(timeout=20) == 0


def test_a_restarted_generator_is_another(desk: Desk, generator: Generator, desk_port: int) -> None:
    with started(desk_port) as second:
        address = f"127.0.0.1:{second.port}"
        report = desk.hears(lambda report: report.address == address)
        others = {heard.generator_id for heard in desk.heard if heard.address != address}
        assert report.generator_id not in others


def test_no_model_at_all_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model_index.json").write_text("{}", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "services.generator"],
        cwd=ROOT,
        env=environment(1, FOURNIL_MODELS=str(tmp_path), FOURNIL_LISTEN="127.0.0.1:0"),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["ERROR", "ERROR"]
    assert lines[0]["folder"] == "broken"
    assert "_class_name must name a pipeline" in lines[0]["detail"]
    assert lines[1]["detail"].startswith("FOURNIL_MODELS: no model there could be loaded")
