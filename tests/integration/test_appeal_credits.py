"""Credits of granted appeals: told to a desk that is away, that says no, and that comes back."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from fournil.quota.v1 import admin_pb2, admin_pb2_grpc
from services.moderator import credits as credits_file
from services.moderator.appeals import Credit
from services.moderator.credits import Credits
from services.runtime.channels import open_channel
from services.runtime.errors import Fault, Reason
from services.runtime.interceptors import ServingBoundary
from tests.integration.appeal_replica import Replica


class Desk(admin_pb2_grpc.QuotaAdminServiceServicer):
    """Counts a request once, as the real one does, and says what it is told to say."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.asked: list[Any] = []
        self.counted: set[str] = set()
        self.shown: set[str] = set()

    async def Credit(self, request: admin_pb2.CreditRequest, context: Any) -> admin_pb2.CreditResponse:
        self.asked.append(request)
        self.shown.add(dict(context.invocation_metadata()).get("authorization", ""))
        if self.fault is not None:
            raise self.fault
        self.counted.add(request.request_id)
        return admin_pb2.CreditResponse()


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Desk, grpc.aio.Channel]]:
    """On loopback."""
    desk, server = Desk(), grpc.aio.server(interceptors=[ServingBoundary()])
    admin_pb2_grpc.add_QuotaAdminServiceServicer_to_server(desk, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    channel = open_channel(f"127.0.0.1:{port}", service="")
    yield desk, channel
    await channel.close()
    await server.stop(0)


async def granted(replica: Replica, prompt: str) -> str:
    """An appeal whose credit is due."""
    appeal = await replica.file(prompt)
    await replica.office.decide(appeal.id, True, "yes", "")
    return appeal.id


async def test_a_credit_is_told_until_the_desk_answers_and_counted_once(
    valkey_url: str, desk: tuple[Desk, grpc.aio.Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credits_file, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(credits_file, "AGAIN", 0.0)
    counter, channel = desk
    replica = Replica(valkey_url, credit=Credit.DUE)
    teller = Credits(channel, "a token of sixteen", replica.ledger, replica.policies)
    counter.fault = Fault(Reason.UNAVAILABLE, "its store is away")
    appeal = await granted(replica, "prompt 1")
    assert await teller.give(appeal) is Credit.DUE
    loops = [
        asyncio.create_task(Credits(channel, "x" * 16, replica.ledger, replica.policies).run()) for _ in range(2)
    ]
    await asyncio.sleep(0.3)
    assert counter.counted == set() and len(counter.asked) > 2
    counter.fault = None
    deadline = time.monotonic() + 5
    while (await replica.office.appeal(appeal)).credit is not Credit.DONE:
        replica.now = time.time() + 1
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    for loop in loops:
        loop.cancel()
    assert counter.counted == {appeal} and await replica.ledger.credits_due(10) == []
    request = counter.asked[0]
    assert (request.account_id, request.policy, request.amount) == ("ada", "daily", 1)
    assert "Bearer a token of sixteen" in counter.shown
    await replica.link.close()


async def test_what_the_desk_does_not_know_is_not_asked_again(
    valkey_url: str, desk: tuple[Desk, grpc.aio.Channel]
) -> None:
    counter, channel = desk
    replica = Replica(valkey_url, credit=Credit.DUE)
    teller = Credits(channel, "", replica.ledger, replica.policies)
    counter.fault = Fault(Reason.NOT_FOUND, "no such account", field="account_id")
    appeal = await granted(replica, "prompt 1")
    assert await teller.give(appeal) is Credit.REFUSED
    assert (await replica.office.appeal(appeal)).credit is Credit.REFUSED
    assert await replica.ledger.credits_due(10) == []
    assert await teller.give("apl_forgotten") is Credit.REFUSED
    assert counter.shown == {""}, "nothing is shown without a token"
    await replica.link.close()
