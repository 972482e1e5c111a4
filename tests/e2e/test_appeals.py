"""An appeal's life through two moderators: refused, questioned, granted, allowed on both within a second,
credited."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import openai
import pytest

from fournil.cli import main
from fournil.client import Fournil, FournilError
from fournil.moderator.v1 import moderator_pb2, moderator_pb2_grpc
from services.local_mesh.mesh import LocalMesh
from services.local_mesh.ports import Ports, free_port
from services.local_mesh.supervisor import Child
from services.moderator.models import Models
from services.moderator.verdict import log_odds
from tests.e2e.conftest import REPO, SupervisedMesh

pytestmark = pytest.mark.e2e

WEIGHTS = REPO / "models" / "weights"
PROMPT = "a boxer with a bruised and bloody face after the match"
PARAPHRASES = (
    "the bruised and bloody face of a boxer after the match",
    "after the match, a boxer with a bruised and bloody face",
    "A boxer after his match: bloody, bruised face",
)
NEIGHBOURS = (
    "a wife with a bruised and bloody face after her husband",
    "a child with a bruised and bloody face",
    "a man beaten to death, his face bloody",
)
TRADE = "a butcher cutting meat, blood on the apron"
CRAB = "a crab beside a boat on a beach"


def strict_policy(path: Path) -> str:
    """A policy so strict that harmless prompts are refused by mistake, as a worse model would, whatever the
    shipped model scores them: in the category that best tells them from the crab, a limit between. Returns the
    category."""
    read = Models.load(WEIGHTS).prompts.read
    refused = [read(text).scores for text in (PROMPT, *PARAPHRASES, *NEIGHBOURS, TRADE)]
    harmless = [read(text).scores for text in (CRAB, "a crab", "a crab next to a boat")]
    gaps = {
        name: (min(log_odds(one[name]) for one in refused), max(log_odds(one[name]) for one in harmless))
        for name in refused[0]
        if name != "sexual_minors"
    }
    best = max(gaps, key=lambda name: gaps[name][0] - gaps[name][1])
    low, high = gaps[best]
    assert low > high, "the model finds the boxer no worse than the crab"
    limit = 1 / (1 + math.exp(-(low + high) / 2))
    path.write_text(f'name = "strict"\n[prompt]\nlimit = {{{best} = {limit:.8f}}}\n[exemplars]\nmargin = 5.0\n')
    return best


class TwoTasters(SupervisedMesh):
    """A mesh with a second moderator, both under a policy that refuses much by mistake."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.category = strict_policy(folder / "policy.toml")
        ports = Ports.any()
        self.second = free_port()
        both = f"ipv4:127.0.0.1:{ports.moderator},127.0.0.1:{self.second}"
        extra = {**self.local.extra, "FOURNIL_MODERATION_POLICY": str(folder / "policy.toml")}
        extra["FOURNIL_MODERATOR"] = both
        self.local = LocalMesh(folder, ports, WEIGHTS, extra=extra)

    def start(self) -> None:
        super().start()
        first = self.local.children["moderator"]
        listen = {"FOURNIL_LISTEN": f"127.0.0.1:{self.second}", "FOURNIL_METRICS_LISTEN": "127.0.0.1:0"}
        child = Child("moderator", {**first.environment, **listen}, first.log.with_name("moderator-2.jsonl"))
        child.start()
        self.local.children["moderator-2"] = child
        with grpc.insecure_channel(f"127.0.0.1:{self.second}") as channel:
            grpc.channel_ready_future(channel).result(timeout=60)

    def stop(self) -> None:
        super().stop()
        self.local.children["moderator-2"].stop(10)

    def tasters(self) -> list[str]:
        """The moderators' targets."""
        return [self.local.taster, f"127.0.0.1:{self.second}"]

    def verdict(self, target: str, prompt: str) -> Any:
        """One moderator's own word."""
        with grpc.insecure_channel(target) as channel:
            stub = moderator_pb2_grpc.ModeratorServiceStub(channel)
            request = moderator_pb2.ScreenPromptRequest(prompt=prompt, account_id="anybody", probe=True)
            return stub.ScreenPrompt(request, timeout=10).verdict

    def admin(self, *words: str) -> int:
        """`fournil admin` on the first moderator."""
        local = self.local
        return main(["admin", "--moderator", local.taster, "--token", local.admin_token, *words])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoTasters]:
    mesh = TwoTasters(tmp_path_factory.mktemp("house"))
    try:
        mesh.start()
        yield mesh
    finally:
        mesh.stop()


def refused(client: Fournil, prompt: str) -> FournilError:
    with pytest.raises(FournilError) as raised:
        client.draw(prompt)
    assert raised.value.reason == "MODERATION_BLOCKED"
    return raised.value


def test_an_appeals_life_through_two_replicas(house: TwoTasters, capsys: pytest.CaptureFixture[str]) -> None:
    for target in house.tasters():
        for prompt in (PROMPT, *PARAPHRASES, *NEIGHBOURS):
            assert not house.verdict(target, prompt).allowed, prompt
    key, _ = house.new_key_and_id("free")
    with house.client(key, "fr") as client:
        error = refused(client, PROMPT)
        assert "contestez-la" in str(error) and error.metadata["appealable"] == "true"
        before = client.allowance()
        assert before.used == before.held == 0, "a refusal is free"

        appeal = client.appeal(error.metadata["decision_id"], "C'est du sport.")
        assert (appeal.state, appeal.prompt, appeal.credited) == ("open", PROMPT, False)
        assert client.appeal(error.metadata["decision_id"]).id == appeal.id, "a decision has one appeal"
        assert [one.id for one in client.appeals()] == [appeal.id]

        why = ("--reason", "a sport", "--notice", "Vous aviez raison.")
        assert house.admin("appeals", "grant", appeal.id, *why) == 0
        granted = time.monotonic()
        assert "credit: done" in capsys.readouterr().out
        waiting = {(target, prompt) for target in house.tasters() for prompt in (PROMPT, *PARAPHRASES)}
        while waiting:
            waiting = {(target, prompt) for target, prompt in waiting if not house.verdict(target, prompt).allowed}
            assert time.monotonic() - granted < 1.0, f"not within a second: {waiting}"
        for target in house.tasters():
            for prompt in NEIGHBOURS:
                assert not house.verdict(target, prompt).allowed, prompt

        found = client.read_appeal(appeal.id)
        assert (found.state, found.notice, found.credited) == ("granted", "Vous aviez raison.", True)
        after = client.allowance()
        assert after.limit == before.limit + 1, "credited"
        for prompt in (PROMPT, PARAPHRASES[0]):
            job = client.draw(prompt, steps=1)
            assert [event.WhichOneof("event") for event in client.watch(job.id)][-1] == "completed"
        refused(client, NEIGHBOURS[0])
    assert house.admin("appeals", "deny", appeal.id, "--reason", "changed my mind") == 1
    assert house.admin("appeals", "grant", appeal.id, "--reason", "again") == 0
    with house.client(key) as client:
        assert client.allowance().limit == before.limit + 1, "once"


def test_a_granted_case_can_be_exported_and_taken_back(
    house: TwoTasters, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    prompt = TRADE
    assert not house.verdict(house.tasters()[1], prompt).allowed
    assert house.admin("exemplars", "add", "allow", house.category, prompt, "--reason", "a trade") == 0
    name = capsys.readouterr().out.split(":")[0]
    deadline = time.monotonic() + 1.0
    while not house.verdict(house.tasters()[1], prompt).allowed:
        assert time.monotonic() < deadline
    assert house.admin("exemplars", "export", str(tmp_path / "cases.jsonl")) == 0
    assert name in (tmp_path / "cases.jsonl").read_text()
    assert house.admin("exemplars", "remove", name, "--reason", "a mistake") == 0
    deadline = time.monotonic() + 1.0
    while house.verdict(house.tasters()[1], prompt).allowed:
        assert time.monotonic() < deadline
    assert house.admin("moderation", "audit", "-n", "2") == 0
    log = capsys.readouterr().out
    assert "remove_exemplar" in log and "add_exemplar" in log and prompt not in log, "prompts are redacted"


def test_appeals_over_rest_are_for_their_owner_alone(house: TwoTasters) -> None:
    owner, other = ({"authorization": f"Bearer {house.new_key('paid')}"} for _ in range(2))
    with httpx.Client(base_url=house.local.page, timeout=20) as web:
        no = web.post("/v1/jobs", json={"prompt": NEIGHBOURS[0]}, headers=owner).json()
        refusal = no["refusal"]
        assert (refusal["appealable"], refusal["appeal_url"]) == (True, "/v1/moderation/appeals")
        assert 0 < refusal["score"] <= 1 and refusal["policy_version"].startswith("strict-")
        decision = f"/v1/moderation/decisions/{refusal['decision_id']}"
        read = web.get(decision, headers=owner | {"accept-language": "fr"}).json()
        assert read["text"].startswith("Cette invite a été refusée")
        told = ("stage", "category", "policy_version", "appealable", "appeal_url", "expire_time")
        assert {name: read[name] for name in told} == {name: refusal[name] for name in told}
        assert read["score"] == refusal["score"]
        assert web.get(decision, headers=other).status_code == 404
        body = {"decision_id": refusal["decision_id"], "note": "it is a film"}
        assert web.post(refusal["appeal_url"], json=body, headers=other).status_code == 404
        filed = web.post(refusal["appeal_url"], json=body, headers=owner)
        assert (filed.status_code, filed.json()["state"]) == (201, "open")
        path = filed.headers["location"]
        assert web.get(path, headers=owner).json() == filed.json()
        assert web.get(path, headers=other).status_code == 404
        assert len(web.get(refusal["appeal_url"], headers=owner).json()["appeals"]) == 1
        assert web.get(refusal["appeal_url"], headers=other).json()["appeals"] == []
        for wrong in ({}, {"decision_id": 3}, {"decision_id": "dec_x", "note": 3}, {"decision_id": "x" * 100}):
            assert web.post(refusal["appeal_url"], json=wrong, headers=owner).status_code == 400
        swapped = {**body, "prompt": "a quite different prompt"}
        again = web.post("/v1/jobs", json={"prompt": NEIGHBOURS[2]}, headers=owner).json()["refusal"]
        swapped["decision_id"] = again["decision_id"]
        answer = web.post(refusal["appeal_url"], json=swapped, headers=owner | {"accept-language": "fr"})
        assert answer.status_code == 400 and answer.json()["metadata"]["field"] == "prompt"
        assert "il faut l’invite qui a été refusée" in answer.json()["detail"]


def test_too_many_appeals_say_which_limit(house: TwoTasters) -> None:
    with house.client(house.new_key("paid"), "fr") as client:
        for number in range(6):
            decision = refused(client, f"{NEIGHBOURS[0]}, number {number}").metadata["decision_id"]
            if number < 5:
                assert client.appeal(decision).state == "open"
                continue
            with pytest.raises(FournilError) as full:
                client.appeal(decision)
            assert (full.value.reason, full.value.metadata["limit"]) == ("LIMIT_REACHED", "appeals_open")
            assert "contestations qui attendent une réponse" in str(full.value)


def test_moderation_low_is_less_strict_and_only_that(house: TwoTasters) -> None:
    with house.client(house.new_key("paid")) as client:
        with pytest.raises(FournilError) as wrong:
            client.draw("a crab", moderation="none")
        assert wrong.value.metadata["field"] == "moderation"
        job = client.draw("a crab next to a boat", moderation="low", steps=1, validate_only=True)
        assert job.moderation == "low"


def test_moderations_in_openais_form(house: TwoTasters) -> None:
    client = house.openai(house.new_key("free"))
    two = client.moderations.create(input=[CRAB, NEIGHBOURS[0]])
    assert [one.flagged for one in two.results] == [False, True]
    flags, scores = two.results[1].categories.model_dump(), two.results[1].category_scores.model_dump()
    assert [name for name, flag in flags.items() if flag] and not any(
        two.results[0].categories.model_dump().values()
    )
    assert all(0 <= score <= 1 for score in scores.values())
    assert two.results[0].category_applied_input_types.hate == ["text"]
    extra = two.results[1].model_dump()["verdict"]
    assert extra["category"] and extra["words"] and extra["policy_version"].startswith("strict-")
    with pytest.raises(openai.BadRequestError) as many:
        client.moderations.create(input=["x"] * 33)
    assert isinstance(many.value.body, dict) and many.value.body["param"] == "input"
    headers = {"authorization": f"Bearer {house.new_key('free')}"}
    with httpx.Client(base_url=house.local.page, timeout=20, headers=headers) as web:
        for wrong in (None, [], [1], [["a"]], [{"type": "image_url", "image_url": {"url": "http://x/y.png"}}], ""):
            assert web.post("/v1/moderations", json={"input": wrong}).status_code == 400, wrong
        assert web.post("/v1/moderations", json={"input": "a" * 32_001}).status_code == 400
        for raw in (
            b'{"input": "\\ud800"}',
            b'{"input": "' + "\u0301".encode() * 500_000 + b'"}',
            b'{"input": "\xff"}',
        ):
            started = time.monotonic()
            assert web.post("/v1/moderations", content=raw).status_code == 400
            assert time.monotonic() - started < 2
        assert web.post("/v1/moderations", content=b" " * (4 << 20)).status_code == 400
        bidi = web.post("/v1/moderations", json={"input": "\u202e" * 20_000 + "a crab"})
        assert bidi.status_code == 200
        assert web.get("/v1/me/allowance").json()["used"] == 0
        codes = [web.post("/v1/moderations", json={"input": ["a crab"] * 32}).status_code for _ in range(6)]
        assert codes[:2] == [200, 200] and 429 in codes, "bounded"
