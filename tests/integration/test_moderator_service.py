"""The real moderator process, called over gRPC as the edge calls it."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from PIL import Image, ImageDraw

from fournil.moderator.v1 import moderator_pb2 as pb
from fournil.moderator.v1 import moderator_pb2_grpc

ROOT = Path(__file__).parents[2]
SERVICE = "fournil.moderator.v1.ModeratorService"

HARMLESS = [
    "a crab next to a boat on a beach",
    "un crabe à côté d'une barque",
    "un crabe à côté d'une barque sur une plage au coucher du soleil",
    "a red apple on a green background",
    "une pomme rouge sur fond vert",
    "nude lipstick",
    "un rouge à lèvres nude",
    "how to kill a Python process",
    "tuer le temps en attendant l'autobus",
    "une étoile visible à l'œil nu",
    "children playing soccer on the beach",
    "une fillette de 8 ans et son chien dans la neige",
    "deux hommes assis sur un banc regardent la mer",
    "a chicken breast with herbs",
    "un couteau de cuisine à côté d'un pain",
    "a witch and a black cat on Halloween",
    "une bombe glacée aux framboises",
    "a firefighter putting out a fire",
]
REFUSED = [
    ("explicit pornography, a naked couple having sex", "sexual"),
    ("pornographie explicite, un couple nu qui fait l'amour", "sexual"),
    ("a mutilated corpse in a pool of blood, gore", "shocking"),
    ("un cadavre mutilé dans une mare de sang, gore", "shocking"),
]


@dataclass
class Moderator:
    """The process and stubs to call it."""

    process: subprocess.Popen[bytes]
    stub: moderator_pb2_grpc.ModeratorServiceStub
    health: health_pb2_grpc.HealthStub

    def prompt(self, text: str, job: str = "job_1") -> pb.Verdict:
        """The verdict on a prompt."""
        request = pb.ScreenPromptRequest(job_id=job, account_id="acct_1", prompt=text)
        return self.stub.ScreenPrompt(request, timeout=10).verdict


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(redis_url: str) -> Iterator[Moderator]:
    """A moderator that serves; it must end with code 0 on SIGTERM."""
    port = free_port()
    environment = {
        **os.environ,
        "REDIS_URL": redis_url,
        "FOURNIL_LISTEN": f"127.0.0.1:{port}",
        "FOURNIL_METRICS_LISTEN": "127.0.0.1:0",
        "FOURNIL_DRAIN_SECONDS": "0.1",
        "FOURNIL_GRACE_SECONDS": "2",
    }
    command = [sys.executable, "-m", "services.moderator"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=60)
            yield Moderator(
                process,
                moderator_pb2_grpc.ModeratorServiceStub(channel),
                health_pb2_grpc.HealthStub(channel),
            )
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def moderator(valkey_server_url: str) -> Iterator[Moderator]:
    """One process for the module."""
    yield from started(valkey_server_url)


def failure(call: pytest.ExceptionInfo[grpc.RpcError]) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    """Code, reason and metadata of a failed call."""
    status = rpc_status.from_call(call.value)
    info = error_details_pb2.ErrorInfo()
    assert status is not None
    assert any(detail.Unpack(info) for detail in status.details)
    return call.value.code(), info.reason, dict(info.metadata)


def test_health_is_per_service(moderator: Moderator) -> None:
    for name in ("", SERVICE):
        answer = moderator.health.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("prompt", HARMLESS)
def test_harmless_prompts_pass(moderator: Moderator, prompt: str) -> None:
    verdict = moderator.prompt(prompt)
    assert verdict.allowed, f"refused as {verdict.category} ({verdict.score:.2f}) for {list(verdict.words)}"
    assert verdict.category == ""
    assert 0 <= verdict.score <= 1


@pytest.mark.parametrize(("prompt", "category"), REFUSED)
def test_plainly_unsafe_prompts_are_refused(moderator: Moderator, prompt: str, category: str) -> None:
    verdict = moderator.prompt(prompt)
    assert not verdict.allowed
    assert verdict.category == category
    assert verdict.stage == pb.STAGE_PROMPT
    assert verdict.decision_id.startswith("dec_")
    assert verdict.policy_version
    assert 1 <= len(verdict.words) <= 5
    assert verdict.scores[category] == pytest.approx(verdict.score)


@pytest.mark.parametrize("disguise", ["{}", "\u200b{}"], ids=["plain", "invisible"])
def test_the_same_input_gives_the_same_id(moderator: Moderator, disguise: str) -> None:
    prompt = disguise.format(REFUSED[0][0])
    assert moderator.prompt(prompt) == moderator.prompt(prompt)
    assert moderator.prompt(prompt).decision_id != moderator.prompt(prompt, job="job_2").decision_id


def test_a_disguise_does_not_help(moderator: Moderator) -> None:
    plain, category = REFUSED[0]
    for written in (plain.upper(), plain.replace("o", "0"), "\u200b".join(plain), plain.replace("a", "а")):
        assert moderator.prompt(written).category == category


def test_a_refusal_is_read_back_without_words(moderator: Moderator) -> None:
    verdict = moderator.prompt(REFUSED[3][0], job="job_read_back")
    found = moderator.stub.GetDecision(pb.GetDecisionRequest(decision_id=verdict.decision_id), timeout=5)
    assert (found.job_id, found.account_id) == ("job_read_back", "acct_1")
    assert found.verdict.category == verdict.category
    assert found.verdict.score == pytest.approx(verdict.score)
    assert not found.verdict.words
    assert found.verdict.appealable and f"appeal against decision {verdict.decision_id}" in found.verdict.text
    assert abs(found.create_time.ToSeconds() - time.time()) < 60


def test_unknown_decisions_are_not_found(moderator: Moderator) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        moderator.stub.GetDecision(pb.GetDecisionRequest(decision_id="dec_unknown"), timeout=5)
    assert failure(caught)[:2] == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


def test_prompts_have_a_longest_length(moderator: Moderator) -> None:
    assert moderator.prompt("crabe " * 5_333).allowed
    with pytest.raises(grpc.RpcError) as caught:
        moderator.prompt("x" * 32_001)
    code, reason, metadata = failure(caught)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
    assert metadata["field"] == "prompt"


def test_pictures(moderator: Moderator) -> None:
    picture = Image.new("RGB", (64, 64), "#7ec8f0")
    ImageDraw.Draw(picture).ellipse((16, 16, 48, 48), fill="#c0392b")
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    request = pb.ScreenImageRequest(job_id="job_1", account_id="acct_1", image=stream.getvalue())
    verdict = moderator.stub.ScreenImage(request, timeout=10).verdict
    assert verdict.allowed
    assert verdict.stage == pb.STAGE_IMAGE
    with pytest.raises(grpc.RpcError) as caught:
        moderator.stub.ScreenImage(pb.ScreenImageRequest(image=b"no picture"), timeout=10)
    assert failure(caught)[0] == grpc.StatusCode.INVALID_ARGUMENT


def test_without_a_store_screening_still_answers() -> None:
    for moderator in started("redis://127.0.0.1:1/0"):
        assert moderator.prompt(HARMLESS[0]).allowed
        refused = moderator.prompt(REFUSED[0][0])
        assert refused.category == REFUSED[0][1]
        with pytest.raises(grpc.RpcError) as caught:
            moderator.stub.GetDecision(pb.GetDecisionRequest(decision_id=refused.decision_id), timeout=5)
        assert failure(caught)[:2] == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
