"""The end of a job is told over a real store: signed, again when nobody took it, by another edge when one dies."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
import uvicorn
from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.edge import due as due_list
from services.edge import webhooks as sender
from services.edge.diary import RedisDiary
from services.edge.due import DUE, DueList
from services.edge.job import Drawn, Failure, Job
from services.edge.outbound import Outbound, Reach
from services.edge.webhooks import PAUSES, Webhooks, signing_secret
from services.runtime import call_context
from services.runtime.errors import Reason
from services.runtime.redis_link import RedisLink
from tests.integration.test_diary import a_job

SECRET = b"the mesh's own"


class Listener:
    """Answers what it is told to, 200 when nothing is left; keeps what came."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.came: list[tuple[dict[str, str], bytes]] = []
        self._news = asyncio.Event()

    async def take(self, request: Request) -> Response:
        self.came.append((dict(request.headers), await request.body()))
        self._news.set()
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[str]:
        app = Starlette(routes=[Route("/hook", self.take, methods=["POST"])])
        with socket.create_server(("127.0.0.1", 0)) as taken:
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
            task = asyncio.create_task(server.serve(sockets=[taken]))
            yield f"http://127.0.0.1:{taken.getsockname()[1]}/hook"
            server.should_exit = True
            await task

    async def hears(self, times: int) -> None:
        """Returns once something came that often."""
        async with asyncio.timeout(10):
            while len(self.came) < times:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def link(valkey_url: str) -> AsyncIterator[RedisLink]:
    opened = RedisLink(valkey_url)
    yield opened
    await opened.close()


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    made = Outbound(Reach.ANY)
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "PAUSES", (0.05,) * len(PAUSES))
    monkeypatch.setattr(due_list, "LOOK_SECONDS", 0.05)


async def a_diary(link: RedisLink) -> RedisDiary:
    diary = RedisDiary(link, "edge-1", lambda job_id, kind: None, keep_seconds=3_600)
    await diary.open()
    return diary


async def ended(diary: RedisDiary, url: str) -> Job:
    job = replace(a_job(), webhook_url=url)
    await diary.accept(job)
    await diary.completed(job, [Drawn(0, 7)], 1, None)
    return job


def render(job: Job) -> dict[str, Any]:
    return {"id": job.id, "prompt": job.spec.prompt, "charged": job.charged}


@asynccontextmanager
async def doing(link: RedisLink, webhooks: Webhooks) -> AsyncIterator[None]:
    async def forget(job_id: str) -> None:
        raise AssertionError("its time has not come")

    task = asyncio.create_task(DueList(link).run({"webhook": webhooks.tell, "forget": forget}))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def waiting(link: RedisLink) -> list[str]:
    return [member for member in await link.text.zrange(DUE, 0, -1) if member.startswith("webhook")]


async def test_an_end_is_told_once_and_its_signature_is_the_accounts(link: RedisLink, outbound: Outbound) -> None:
    diary, listener = await a_diary(link), Listener()
    webhooks = Webhooks(diary, outbound, SECRET, render)
    async with listener.listen() as url, doing(link, webhooks):
        job = await ended(diary, url)
        await listener.hears(1)
        await asyncio.sleep(0.3)
        assert await waiting(link) == []
    ((headers, body),) = listener.came
    told = Webhook(signing_secret(SECRET, job.account.account_id)).verify(body, headers)
    assert (told["type"], told["data"]) == ("job.completed", render(replace(job, charged=1)))
    assert headers["webhook-id"] == f"msg_{job.id}" and headers["content-type"] == "application/json"
    with pytest.raises(Exception, match="signature"):
        Webhook(signing_secret(SECRET, "somebody-else")).verify(body, headers)


async def test_it_is_told_again_under_the_same_id_until_somebody_takes_it(
    link: RedisLink, outbound: Outbound
) -> None:
    diary, listener = await a_diary(link), Listener()
    listener.statuses = [500, 503, 302]
    webhooks = Webhooks(diary, outbound, SECRET, render)
    async with listener.listen() as url, doing(link, webhooks):
        await ended(diary, url)
        await listener.hears(4)
        await asyncio.sleep(0.3)
    assert len(listener.came) == 4 and len({headers["webhook-id"] for headers, _ in listener.came}) == 1
    assert await waiting(link) == []


@pytest.mark.parametrize(("statuses", "attempts"), [([410], 1), ([500] * 50, len(PAUSES) + 1)])
async def test_it_is_given_up_when_nobody_will_listen(
    link: RedisLink, outbound: Outbound, statuses: list[int], attempts: int
) -> None:
    diary, listener = await a_diary(link), Listener()
    listener.statuses = statuses
    webhooks = Webhooks(diary, outbound, SECRET, render)
    async with listener.listen() as url, doing(link, webhooks):
        await ended(diary, url)
        await listener.hears(attempts)
        await asyncio.sleep(0.5)
    assert len(listener.came) == attempts
    assert await waiting(link) == []


async def test_another_edge_tells_it_when_one_died_in_the_midst(
    link: RedisLink, outbound: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_list, "LEASE_SECONDS", 0.5)
    diary, listener = await a_diary(link), Listener()
    async with listener.listen() as url:
        job = await ended(diary, url)
        take = link.script(due_list._LUA / "due.lua")
        assert await take([DUE], [10, 500]) == [f"webhook {job.id}"], "taken by an edge that dies now"
        assert await take([DUE], [10, 500]) == []
        async with doing(link, Webhooks(diary, outbound, SECRET, render)):
            await listener.hears(1)
    assert len(listener.came) == 1


async def test_a_failure_is_told_too_in_the_language_of_the_job(link: RedisLink, outbound: Outbound) -> None:
    diary, listener = await a_diary(link), Listener()
    webhooks = Webhooks(diary, outbound, SECRET, lambda job: {"language": call_context.language.get()})
    async with listener.listen() as url, doing(link, webhooks):
        job = replace(a_job(), webhook_url=url, language="fr")
        await diary.accept(job)
        await diary.failed(job, Failure(Reason.JOB_CANCELLED))
        await listener.hears(1)
    assert json.loads(listener.came[0][1])["type"] == "job.failed"
    assert json.loads(listener.came[0][1])["data"] == {"language": "fr"}


async def test_a_forgotten_job_is_told_to_nobody_and_cannot_be_drawn_again(
    link: RedisLink, outbound: Outbound
) -> None:
    diary = await a_diary(link)
    job = await ended(diary, "http://127.0.0.1:9/hook")
    going = a_job()
    await diary.accept(going)
    assert not await diary.forget(going), "it goes on"
    assert await diary.forget(job)
    assert await diary.find(job.id) is None and await diary.events(job.id, after="") == []
    assert await diary.knows(job.id), "its request id must not draw again"
    assert [one.id for one in await diary.list(job.account.account_id, before="", limit=10)] == [going.id]
    assert await link.text.zcard(DUE) == 0
    assert await Webhooks(diary, outbound, SECRET, render).tell(job.id) is None
