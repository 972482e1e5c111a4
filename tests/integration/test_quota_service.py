"""The desk as a process: real sockets, a real store, the published stubs."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from fournil.keda.v1 import external_scaler_pb2, external_scaler_pb2_grpc
from fournil.quota.v1 import admin_pb2, admin_pb2_grpc, quota_pb2, quota_pb2_grpc
from services.local_mesh.store import LocalStore, start_store
from services.quota.view import LINE_AGE
from services.runtime.channels import open_channel
from services.runtime.errors import Reason
from services.runtime.wire_errors import error_info
from tests.integration.desk_process import SERVICE, DeskProcess, desk_on

MODEL = "crumb"
STATE = quota_pb2.ReservationState


def job_id(number: int) -> str:
    return f"{number:026d}"


@pytest.fixture
async def desk(valkey_url: str) -> AsyncIterator[DeskProcess]:
    async with desk_on(valkey_url) as process:
        yield process


@asynccontextmanager
async def stubs(
    desk: DeskProcess,
) -> AsyncIterator[tuple[quota_pb2_grpc.QuotaServiceStub, admin_pb2_grpc.QuotaAdminServiceStub]]:
    async with open_channel(desk.target, service=SERVICE) as channel:
        yield quota_pb2_grpc.QuotaServiceStub(channel), admin_pb2_grpc.QuotaAdminServiceStub(channel)


async def make_account(admin: admin_pb2_grpc.QuotaAdminServiceStub, name: str, tier: str = "free") -> str:
    request = admin_pb2.CreateKeyRequest(account_id=name, tier=tier, reason="a test")
    return (await admin.CreateKey(request)).api_key


async def reserve(
    quota: quota_pb2_grpc.QuotaServiceStub, number: int, account: str = "ada", **more: object
) -> quota_pb2.ReserveResponse:
    fields = {"id": job_id(number), "account_id": account, "cost": 1, "model": MODEL, **more}
    return await quota.Reserve(quota_pb2.ReserveRequest(**fields))


async def beat(quota: quota_pb2_grpc.QuotaServiceStub, slots: int = 1) -> quota_pb2.HeartbeatResponse:
    return await quota.Heartbeat(
        quota_pb2.HeartbeatRequest(
            generator_id="oven-1",
            address="127.0.0.1:50053",
            models=[MODEL],
            slots=slots,
            picture_time=Duration(seconds=2),
        )
    )


async def rest(watch: Any) -> list[quota_pb2.Ticket]:
    """What a stream that was read from still says."""
    tickets = []
    while (response := await watch.read()) is not grpc.aio.EOF:
        tickets.append(response.ticket)
    return tickets


async def fault_of(call: object) -> Reason:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call  # type: ignore[misc]
    found = error_info(caught.value)
    assert found is not None, caught.value
    return found[0]


async def test_a_job_from_key_to_charge(desk: DeskProcess) -> None:
    async with stubs(desk) as (quota, admin):
        key = await make_account(admin, "ada")
        holder = await quota.Authenticate(quota_pb2.AuthenticateRequest(api_key=key))
        assert (holder.account_id, holder.tier) == ("ada", "free")

        held = (await reserve(quota, 1, cost=2)).reservation
        assert (held.state, held.cost) == (STATE.RESERVATION_STATE_HELD, 2)
        ticket = (await quota.Enqueue(quota_pb2.EnqueueRequest(id=held.id))).ticket
        assert (ticket.state, ticket.place) == (STATE.RESERVATION_STATE_QUEUED, 0)
        assert not ticket.HasField("eta_low")

        watch = quota.WatchTicket(quota_pb2.WatchTicketRequest(id=held.id), timeout=20)
        first = (await watch.read()).ticket
        assert first.state == STATE.RESERVATION_STATE_QUEUED
        assert (await beat(quota, slots=2)).interval.seconds == 1
        updates = await rest(watch)
        turn = updates[-1].turn
        assert updates[-1].state == STATE.RESERVATION_STATE_RUNNING
        assert (turn.generator_address, turn.attempt) == ("127.0.0.1:50053", 1)

        await asyncio.sleep(2 * LINE_AGE)
        line = await quota.DescribeLine(quota_pb2.DescribeLineRequest())
        assert [(oven.slots, oven.leased) for oven in line.ovens] == [(2, 2)]
        assert {(one.model, one.tier, one.waiting) for one in line.classes} == {
            (MODEL, "free", 0),
            (MODEL, "paid", 0),
        }
        await quota.ReleaseSlots(quota_pb2.ReleaseSlotsRequest(id=held.id, attempt=1))
        assert not (await quota.Extend(quota_pb2.ExtendRequest(ids=[held.id]))).lost_ids
        done = (await quota.Commit(quota_pb2.CommitRequest(id=held.id, actual=2))).reservation
        assert (done.state, done.charged) == (STATE.RESERVATION_STATE_COMMITTED, 2)
        read = await quota.GetReservation(quota_pb2.GetReservationRequest(id=held.id))
        assert read.reservation == done


async def test_the_fourth_picture_of_the_day_is_refused_with_its_reset(desk: DeskProcess) -> None:
    async with stubs(desk) as (quota, admin):
        await make_account(admin, "ada")
        await beat(quota, slots=4)
        for number in range(3):
            await reserve(quota, number)
            await quota.Enqueue(quota_pb2.EnqueueRequest(id=job_id(number)))
            watch = quota.WatchTicket(quota_pb2.WatchTicketRequest(id=job_id(number)), timeout=20)
            assert [response.ticket.state async for response in watch][-1] == STATE.RESERVATION_STATE_RUNNING
            await quota.Commit(quota_pb2.CommitRequest(id=job_id(number), actual=1))
        fourth = await reserve(quota, 4)
        assert fourth.WhichOneof("outcome") == "refusal"
        assert (fourth.refusal.reason, fourth.refusal.policy) == ("ALLOWANCE_SPENT", "daily")
        daily = fourth.verdicts[0]
        assert (daily.limit, daily.used, daily.held, daily.binding) == (3, 3, 0, True)
        assert fourth.refusal.retry_time == daily.reset_time
        assert daily.reset_time.seconds % 86_400 == 0
        allowance = await quota.GetAllowance(quota_pb2.GetAllowanceRequest(account_id="ada"))
        assert (allowance.tier, allowance.verdicts[0].used) == ("free", 3)


async def test_repeats_and_trials_hold_nothing(desk: DeskProcess) -> None:
    async with stubs(desk) as (quota, admin):
        await make_account(admin, "ada")
        first = await reserve(quota, 1, request_id="order-1", body_hash="a")
        assert (await reserve(quota, 1, request_id="order-1", body_hash="a")).reservation == first.reservation
        assert (await reserve(quota, 2, request_id="order-1", body_hash="a")).reservation.id == job_id(1)
        trial = await reserve(quota, 3, validate_only=True)
        assert trial.WhichOneof("outcome") is None
        assert await fault_of(reserve(quota, 4, request_id="order-1", body_hash="b")) is Reason.REQUEST_ID_REUSED
        allowance = await quota.GetAllowance(quota_pb2.GetAllowanceRequest(account_id="ada"))
        assert allowance.verdicts[0].held == 1


async def test_a_batch_is_as_many_reserves(desk: DeskProcess) -> None:
    async with stubs(desk) as (quota, admin):
        await make_account(admin, "pia", "paid")
        await make_account(admin, "ada")

        def one(number: int, account: str, cost: int = 1) -> quota_pb2.ReserveRequest:
            return quota_pb2.ReserveRequest(id=job_id(number), account_id=account, cost=cost, model=MODEL)

        asked = [one(n, "pia") for n in range(10)] + [one(n, "ada") for n in range(10, 14)]
        asked += [one(20, "nobody"), one(21, "pia", cost=99), one(0, "pia")]
        outcomes = (await quota.ReserveBatch(quota_pb2.ReserveBatchRequest(requests=asked))).outcomes
        held = [one.response.reservation for one in outcomes[:10]]
        assert [one.id for one in held] == [job_id(n) for n in range(10)]
        of_ada = [one.response.WhichOneof("outcome") for one in outcomes[10:14]]
        assert sorted(of_ada) == ["refusal", "refusal", "reservation", "reservation"], "two live jobs, no more"
        assert [one.failure.reason for one in outcomes[14:16]] == ["NOT_FOUND", "INVALID_ARGUMENT"]
        assert outcomes[15].failure.metadata["field"] == "cost"
        assert outcomes[16].response.reservation == held[0]
        again = (await quota.ReserveBatch(quota_pb2.ReserveBatchRequest(requests=asked[:10]))).outcomes
        assert [one.response.reservation for one in again] == held, "asking again changes nothing"
        allowance = await quota.GetAllowance(quota_pb2.GetAllowanceRequest(account_id="pia"))
        assert allowance.verdicts[0].held == 10
        for wrong in ([], asked * 4):
            call = quota.ReserveBatch(quota_pb2.ReserveBatchRequest(requests=wrong))
            assert await fault_of(call) is Reason.INVALID_ARGUMENT


async def test_bad_calls_get_clear_faults(desk: DeskProcess) -> None:
    async with stubs(desk) as (quota, admin):
        key_of_ada = await make_account(admin, "ada")
        authenticate = quota.Authenticate
        assert await fault_of(authenticate(quota_pb2.AuthenticateRequest())) is Reason.KEY_MISSING
        for wrong in ("fk_unknown", "sk-something-else", "fk_" + "x" * 500):
            request = quota_pb2.AuthenticateRequest(api_key=wrong)
            assert await fault_of(authenticate(request)) is Reason.KEY_UNKNOWN
        holder = await authenticate(quota_pb2.AuthenticateRequest(api_key=key_of_ada))
        await admin.RevokeKey(admin_pb2.RevokeKeyRequest(key_id=holder.key_id, reason="lost"))
        revoked = quota_pb2.AuthenticateRequest(api_key=key_of_ada)
        assert await fault_of(authenticate(revoked)) is Reason.KEY_REVOKED

        for fields in (
            {"id": "short"},
            {"id": job_id(1).replace("0", "É")},
            {"account_id": "two words"},
            {"cost": 0},
            {"cost": 11},
            {"cost": -(2**31)},
            {"model": "Crumb:free"},
            {"ttl": Duration(seconds=1)},
            {"request_id": "x" * 129},
        ):
            assert await fault_of(reserve(quota, 1, **fields)) is Reason.INVALID_ARGUMENT, fields
        nameless = quota_pb2.RefundRequest(id=job_id(1))
        assert await fault_of(quota.Refund(nameless)) is Reason.INVALID_ARGUMENT
        unknown = quota_pb2.GetReservationRequest(id=job_id(77))
        assert await fault_of(quota.GetReservation(unknown)) is Reason.NOT_FOUND
        watch = quota.WatchTicket(quota_pb2.WatchTicketRequest(id=job_id(77)))
        assert await fault_of(watch.read()) is Reason.NOT_FOUND
        tier = admin_pb2.CreateKeyRequest(account_id="ada", tier="gold", reason="a test")
        assert await fault_of(admin.CreateKey(tier)) is Reason.INVALID_ARGUMENT


async def test_a_watcher_hears_of_a_return_and_of_the_end(desk: DeskProcess) -> None:
    async with stubs(desk) as (quota, admin):
        for name in ("ada", "bob"):
            await make_account(admin, name)
        await beat(quota)
        for number, name in enumerate(("ada", "bob")):
            await reserve(quota, number, name)
            await quota.Enqueue(quota_pb2.EnqueueRequest(id=job_id(number)))
        watch = quota.WatchTicket(quota_pb2.WatchTicketRequest(id=job_id(0)), timeout=20)
        assert [response.ticket.state async for response in watch][-1] == STATE.RESERVATION_STATE_RUNNING

        waiting = quota.WatchTicket(quota_pb2.WatchTicketRequest(id=job_id(1)), timeout=20)
        ticket = (await waiting.read()).ticket
        assert ticket.place == 0
        assert ticket.HasField("eta_high")
        back = await quota.ReturnTurn(quota_pb2.ReturnTurnRequest(id=job_id(0), attempt=1))
        assert back.reservation.state == STATE.RESERVATION_STATE_QUEUED
        while ticket.place == 0:
            ticket = (await waiting.read()).ticket
        assert ticket.place_reason == quota_pb2.PLACE_REASON_RETURNED_JOB
        cancelled = quota_pb2.REFUND_REASON_CANCELLED
        await quota.Refund(quota_pb2.RefundRequest(id=job_id(1), reason=cancelled))
        last = (await rest(waiting))[-1]
        assert (last.state, last.refund_reason) == (STATE.RESERVATION_STATE_REFUNDED, cancelled)


async def test_kill_9_keeps_everything(desk: DeskProcess) -> None:
    async with stubs(desk) as (quota, admin):
        key = await make_account(admin, "ada")
        await beat(quota)
        for number in range(2):
            await reserve(quota, number)
            await quota.Enqueue(quota_pb2.EnqueueRequest(id=job_id(number)))
        running = quota.WatchTicket(quota_pb2.WatchTicketRequest(id=job_id(0)), timeout=20)
        assert [response.ticket.state async for response in running][-1] == STATE.RESERVATION_STATE_RUNNING
    desk.kill()
    await desk.start()
    async with stubs(desk) as (quota, _):
        assert (await quota.Authenticate(quota_pb2.AuthenticateRequest(api_key=key))).account_id == "ada"
        await beat(quota)
        ticket = (await quota.Enqueue(quota_pb2.EnqueueRequest(id=job_id(0)))).ticket
        assert (ticket.state, ticket.turn.attempt) == (STATE.RESERVATION_STATE_RUNNING, 1)
        ticket = (await quota.Enqueue(quota_pb2.EnqueueRequest(id=job_id(1)))).ticket
        assert (ticket.state, ticket.place) == (STATE.RESERVATION_STATE_QUEUED, 0)
        await quota.Commit(quota_pb2.CommitRequest(id=job_id(0), actual=1))
        watch = quota.WatchTicket(quota_pb2.WatchTicketRequest(id=job_id(1)), timeout=20)
        assert [response.ticket.state async for response in watch][-1] == STATE.RESERVATION_STATE_RUNNING
        verdicts = (await quota.GetAllowance(quota_pb2.GetAllowanceRequest(account_id="ada"))).verdicts
        assert (verdicts[0].used, verdicts[0].held) == (1, 1)
    assert desk.stop() == 0


async def test_two_replicas_are_one_desk(desk: DeskProcess) -> None:
    async with desk_on(desk.redis_url) as other, stubs(desk) as (quota, admin), stubs(other) as (second, _):
        await make_account(admin, "ada")
        await reserve(quota, 1)
        await second.Enqueue(quota_pb2.EnqueueRequest(id=job_id(1)))
        watch = quota.WatchTicket(quota_pb2.WatchTicketRequest(id=job_id(1)), timeout=20)
        assert (await watch.read()).ticket.state == STATE.RESERVATION_STATE_QUEUED
        await beat(second)
        assert (await rest(watch))[-1].state == STATE.RESERVATION_STATE_RUNNING
        await second.Commit(quota_pb2.CommitRequest(id=job_id(1), actual=1))
        # A replica that is told to stop sends its followers on, to those that stay.
        await reserve(quota, 3)
        left = second.WatchTicket(quota_pb2.WatchTicketRequest(id=job_id(3)), timeout=20)
        assert (await left.read()).ticket.state == STATE.RESERVATION_STATE_HELD
        stopping = asyncio.create_task(asyncio.to_thread(other.stop))
        assert await fault_of(left.read()) is Reason.UNAVAILABLE
        assert await stopping == 0
        await quota.Refund(quota_pb2.RefundRequest(id=job_id(3), reason=quota_pb2.REFUND_REASON_CANCELLED))
        allowance = await quota.GetAllowance(quota_pb2.GetAllowanceRequest(account_id="ada"))
        assert (allowance.verdicts[0].used, allowance.verdicts[0].held) == (1, 0)


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[LocalStore]:
    """A store of this test's own, to be killed."""
    store = start_store(tmp_path)
    yield store
    store.stop()


async def test_a_killed_store_comes_back_without_a_restart_of_the_desk(
    own_store: LocalStore, tmp_path: Path
) -> None:
    async with desk_on(own_store.url) as desk, stubs(desk) as (quota, admin):
        await make_account(admin, "ada")
        await reserve(quota, 1)
        await quota.Enqueue(quota_pb2.EnqueueRequest(id=job_id(1)))
        watch = quota.WatchTicket(quota_pb2.WatchTicketRequest(id=job_id(1)), timeout=30)
        assert (await watch.read()).ticket.state == STATE.RESERVATION_STATE_QUEUED
        # The append-only file is written to disk once a second; what this test counts on must be in it.
        await asyncio.sleep(1.5)
        own_store.process.kill()
        own_store.process.wait(10)
        assert await fault_of(reserve(quota, 2)) is Reason.UNAVAILABLE
        back = start_store(tmp_path, port=own_store.port)
        own_store.process = back.process

        await _until_it_beats(quota)
        updates = await rest(watch)
        assert updates[-1].state == STATE.RESERVATION_STATE_RUNNING
        assert desk.process is not None and desk.process.poll() is None


async def _until_it_beats(quota: quota_pb2_grpc.QuotaServiceStub) -> None:
    """A generator that reports as it does: again until the desk hears it, which must be within 20 s."""
    async with asyncio.timeout(20):
        for _ in range(200):
            try:
                await beat(quota)
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.UNAVAILABLE
                await asyncio.sleep(0.1)
            else:
                return


async def test_keda_is_told_how_much_there_is_to_draw(desk: DeskProcess) -> None:
    scaled = external_scaler_pb2.ScaledObjectRef(name="generator", scaler_metadata={"targetWaitSeconds": "4"})
    async with stubs(desk) as (quota, admin), grpc.aio.insecure_channel(desk.target) as channel:
        keda = external_scaler_pb2_grpc.ExternalScalerStub(channel)
        (spec,) = (await keda.GetMetricSpec(scaled)).metric_specs
        assert (spec.target_size, spec.target_size_float) == (4, 4.0)
        changes = keda.StreamIsActive(scaled)
        assert not (await changes.read()).result
        await make_account(admin, "ada", "paid")
        for number in range(3):
            await reserve(quota, number, model=MODEL)
            await quota.Enqueue(quota_pb2.EnqueueRequest(id=job_id(number)))
        assert (await asyncio.wait_for(changes.read(), 5)).result, "it changed"
        asked = external_scaler_pb2.GetMetricsRequest(scaled_object_ref=scaled, metric_name=spec.metric_name)
        (value,) = (await keda.GetMetrics(asked)).metric_values
        assert (value.metric_name, value.metric_value) == (spec.metric_name, 3), (
            "a second each while no oven tells"
        )
        await beat(quota)
        await asyncio.sleep(2 * LINE_AGE)
        (value,) = (await keda.GetMetrics(asked)).metric_values
        assert value.metric_value_float == pytest.approx(6.0), "two seconds each, the one in the oven too"
        changes.cancel()
