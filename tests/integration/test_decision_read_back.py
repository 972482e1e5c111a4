"""A refusal read back through an edge and a moderator over a real store, by REST and by the client: by its owner
alone, in both languages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import grpc
import httpx
import pytest

from fournil.client import Fournil, FournilError
from fournil.edge.v1 import edge_pb2_grpc
from fournil.moderator.v1 import moderator_pb2_grpc
from services.edge.authenticator import Authenticator
from services.edge.diary import RedisDiary
from services.edge.grpc_moderator import GrpcTaster
from services.edge.job import Account
from services.edge.messages import localize
from services.edge.moderation_counter import ModerationCounter
from services.edge.moderation_rest import ModerationApi
from services.edge.peers import Quota
from services.edge.server import ImageService
from services.edge.web_app import build_app
from services.moderator.appeal_desk import AppealDesk
from services.moderator.decisions import Decisions
from services.moderator.ledger import Ledger
from services.moderator.policies import Policies
from services.moderator.policy import Policy
from services.moderator.rules import RuleBook, Rules
from services.moderator.server import ModeratorServicer
from services.moderator.verdict import Stage, Verdict
from services.runtime.calling import CallingChannel
from services.runtime.errors import Fault, Reason
from services.runtime.interceptors import ServingBoundary
from services.runtime.redis_link import RedisLink

NOBODY: Any = None
AT = 1_800_000_000.25
PATH = "/v1/moderation/decisions/"
IDS = {
    name: "dec_" + letter * 26
    for name, letter in (("prompt", "a"), ("picture", "b"), ("minors", "c"), ("none", "d"))
}


class Desk:
    """A key is its account's name; "drawer" may only draw."""

    async def authenticate(self, api_key: str) -> Account:
        return Account(api_key, "free", "key", ("draw",) if api_key == "drawer" else ())


@dataclass
class House:
    """One edge, one moderator, and two refusals of ada's."""

    web: httpx.AsyncClient
    grpc: str
    link: RedisLink

    async def get(self, decision: str, who: str = "ada", language: str = "en") -> httpx.Response:
        headers = {"authorization": f"Bearer {who}", "accept-language": language}
        return await self.web.get(PATH + decision, headers=headers)

    async def call(self, decision: str, who: str = "ada", language: str = "en") -> Any:
        def ask() -> Any:
            with Fournil(self.grpc, api_key=who, language=language) as client:
                return client.decision(decision)

        return await asyncio.to_thread(ask)


@asynccontextmanager
async def serving(add: Any, servicer: Any, **boundary: Any) -> AsyncIterator[str]:
    server = grpc.aio.server(interceptors=[ServingBoundary(**boundary)])
    add(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


@pytest.fixture
async def house(valkey_url: str) -> AsyncIterator[House]:
    link = RedisLink(valkey_url)
    decisions = Decisions(link, keep_seconds=1_000, patience=2.0, clock=lambda: AT)
    policies = Policies(RuleBook(Rules("test"), Policy("m", {"violence": 0.5}, 0.4, {})), NOBODY)
    desk = AppealDesk(Ledger(link), decisions, policies, b"key")
    for name, stage, category in (
        ("prompt", Stage.PROMPT, "violence"),
        ("picture", Stage.IMAGE, "sexual"),
        ("minors", Stage.PROMPT, "sexual_minors"),
    ):
        verdict = Verdict(False, IDS[name], stage, category, 0.87654321, "test-1", {}, words=("tintamarre",))
        assert await decisions.record(verdict, "job-1", "ada")
    moderator = ModeratorServicer(NOBODY, NOBODY, decisions, desk)
    adding = moderator_pb2_grpc.add_ModeratorServiceServicer_to_server
    async with serving(adding, moderator) as target:
        channel = CallingChannel(grpc.aio.insecure_channel(target))
        counter = ModerationCounter(GrpcTaster(cast(grpc.aio.Channel, channel)), cast(RedisDiary, NOBODY))
        authenticator = Authenticator(cast(Quota, Desk()))
        app = build_app(ModerationApi(counter, authenticator).routes(), ready=lambda: True, demo_keys={})
        images = ImageService(NOBODY, counter, authenticator, NOBODY)
        transport = httpx.ASGITransport(app)
        async with (
            serving(edge_pb2_grpc.add_ImageServiceServicer_to_server, images, localize=localize) as edge,
            httpx.AsyncClient(transport=transport, base_url="http://edge") as web,
        ):
            yield House(web, edge, link)
        await channel.close()
    await link.close()


async def test_its_owner_reads_what_was_refused_and_where_to_question_it(house: House) -> None:
    answer = await house.get(IDS["prompt"])
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    text = f"This prompt was refused: violence. If that is wrong, file an appeal against decision {IDS['prompt']}."
    assert answer.json() == {
        "id": IDS["prompt"],
        "job_id": "job-1",
        "stage": "prompt",
        "category": "violence",
        "score": 0.8765,
        "policy_version": "test-1",
        "text": text,
        "create_time": "2027-01-15T08:00:00Z",
        "appealable": True,
        "appeal_url": "/v1/moderation/appeals",
        "expire_time": "2027-01-15T08:16:40Z",
    }
    found = await house.call(IDS["prompt"])
    assert (found.id, found.job_id, found.stage, found.category) == (IDS["prompt"], "job-1", "prompt", "violence")
    assert (found.score, found.policy_version, found.text, found.appealable) == (0.8765, "test-1", text, True)
    assert found.create_time.ToMicroseconds() == AT * 1e6
    assert found.expire_time.ToMicroseconds() == (AT + 1_000) * 1e6


async def test_it_is_told_in_french_as_well(house: House) -> None:
    text = (
        f"Cette image a été refusée : contenu sexuel. Si c’est une erreur, contestez la décision {IDS['picture']}."
    )
    answer = await house.get(IDS["picture"], language="fr-CA")
    assert answer.json()["text"] == text and answer.headers["content-language"] == "fr"
    assert (await house.call(IDS["picture"], language="fr")).text == text


async def test_one_that_cannot_be_appealed_says_so(house: House) -> None:
    answer = (await house.get(IDS["minors"])).json()
    assert (answer["appealable"], answer["appeal_url"]) == (False, None)
    assert answer["text"].endswith("This cannot be appealed.")
    assert not (await house.call(IDS["minors"])).appealable


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_anothers_and_one_that_never_was_are_told_alike(house: House, language: str) -> None:
    asked = [
        ("bob", IDS["prompt"]),
        ("bob", IDS["none"]),
        ("ada", IDS["none"]),
        ("ada", "apl_" + "a" * 26),
        ("ada", "dec_" + "a" * 1_000),
        ("ada", "dec_é"),
        ("ada", IDS["prompt"].upper()),
    ]
    answers = [await house.get(decision, who, language) for who, decision in asked]
    assert {one.status_code for one in answers} == {404}
    told = [{**one.json(), "request_id": ""} for one in answers]
    assert all(one == told[0] for one in told), told
    assert {len(one.headers) for one in answers} == {len(answers[0].headers)}

    async def failed(who: str, decision: str) -> tuple[Any, ...]:
        with pytest.raises(FournilError) as caught:
            await house.call(decision, who, language)
        return caught.value.reason, str(caught.value), caught.value.metadata, caught.value.retry_after

    failures = [await failed(who, decision) for who, decision in asked]
    assert all(one == failures[0] for one in failures) and failures[0][0] == "NOT_FOUND", failures


async def test_a_key_that_may_only_draw_reads_none(house: House) -> None:
    answer = await house.get(IDS["prompt"], "drawer")
    assert (answer.status_code, answer.json()["reason"]) == (403, "SCOPE_MISSING")
    assert (await house.web.get(PATH + IDS["prompt"])).status_code == 401


async def test_a_moderator_that_is_away_is_not_a_decision_that_is_none() -> None:
    class Away:
        async def decision(self, decision_id: str) -> Any:
            raise Fault(Reason.UNAVAILABLE, "moderator does not answer")

    counter = ModerationCounter(cast(Any, Away()), cast(RedisDiary, NOBODY))
    with pytest.raises(Fault) as caught:
        await counter.decision(Account("ada", "free", "k"), IDS["prompt"])
    assert caught.value.reason is Reason.UNAVAILABLE
