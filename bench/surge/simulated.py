"""A surge on a simulated clock: the real `MemoryStore`, `View`, `surge.step` and `read_ticket`, and fake ovens.

The driver plays clients, edges, generators and the desk's rounds, each by what they call: a client asks and may
cancel; an edge watches its tickets, and returns the turns of an oven that died at once, as its broken stream tells
it; a generator reports each second.
"""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bench.surge.log import Change, Log, Sight, Ticket, Turn
from bench.surge.orders import ORDERS
from bench.surge.oven import FixedOven, Job
from bench.surge.scene import Ask, Scene, asks
from services.quota.memory_store import MemoryStore
from services.quota.office import Holder
from services.quota.policy import Policy
from services.quota.reservation import RefundReason, State
from services.quota.store import Ask as StoreAsk
from services.quota.store import Report
from services.quota.surge import Level, backlog, step
from services.quota.ticket import PlaceReason, read_ticket
from services.quota.ticket import Ticket as Shown
from services.quota.view import View

MODEL = "crumb"
EPOCH = 1_800_000_000.0 // 86_400 * 86_400
"""Unix time of the start: a midnight, so that no run crosses one."""
LIFE = 100_000.0
LEVEL_EVERY, LOOK_EVERY, SWEEP_EVERY = 0.5, 5.0, 5.0
FOLLOWED = 60
"""One ticket of so many is watched; every one's ETA at joining is kept."""


class Simulation:
    """One order through one scene. One ticket of `follow` is watched, none if it is 0."""

    def __init__(
        self, scene: Scene, policy: Policy, order: str = "ours", seed: int = 1, follow: int = FOLLOWED
    ) -> None:
        self._scene, self._policy, self._seed, self._follow = scene, policy, seed, follow
        self.now = 0.0
        self.store: MemoryStore = ORDERS[order](policy, lambda: EPOCH + self.now)
        self._view = View(self.store, policy, lambda: self.now)
        self._ovens = [FixedOven(f"oven-{n}", scene.slots, scene.picture_time) for n in range(scene.ovens)]
        self._events: list[tuple[float, int, Callable[..., Awaitable[None]], tuple[Any, ...]]] = []
        self._count = 0
        self._followed: dict[str, Shown] = {}
        self._gave_up: dict[str, float] = {}
        """When an account last gave a ticket up."""
        self.log = Log(order, greedy=scene.greedy_accounts)
        self._asks = asks(scene, seed)

    async def run(self) -> Log:
        """From the first ask to an empty line."""
        for user in range(self._scene.users):
            tier = "paid" if user < self._scene.paid_users else "free"
            await self.store.create_key(
                f"digest-{user}", Holder(f"user-{user}", tier, f"key_{user}", False), "surge"
            )
        for at, number in self._scene.deaths:
            self._at(at, self._die, number)
        for every in (self._report, self._look_at_level, self._look, self._sweep):
            self._at(0.0, every)
        self._next_ask()
        self.log.levels.append(Change(0.0, Level.NORMAL, "start"))
        while self._events:
            at, _, act, more = heapq.heappop(self._events)
            if at > self._scene.length or (at > self._scene.ends + self._scene.after and await self._calm()):
                break
            self.now = at
            await act(*more)
        self.log.wrong += await self.store.discrepancies()
        self.log.ended = self.now
        return self.log

    def _at(self, at: float, act: Callable[..., Awaitable[None]], *more: Any) -> None:
        self._count += 1
        heapq.heappush(self._events, (at, self._count, act, more))

    async def _calm(self) -> bool:
        books = await self.store.books()
        return books.live == 0 and (await self.store.surge()).level is Level.NORMAL

    # Clients.

    def _next_ask(self) -> None:
        ask = next(self._asks, None)
        if ask is not None:
            self._at(ask.at, self._ask, ask)

    async def _ask(self, ask: Ask) -> None:
        self._next_ask()
        self.log.asked[ask.tier] += 1
        id = f"{self.log.asked.total():026d}"
        level, waits = await self._view.level(), await self._view.waits(MODEL)
        plain = StoreAsk(id, ask.account, ask.cost, MODEL, 60.0, ask.work, level=level, waits=waits)
        decision = await self.store.reserve(plain)
        if decision.refusal is not None:
            self.log.refusals[f"{ask.tier}: {decision.refusal.policy}"] += 1
            return
        standing = await self.store.enqueue(id, LIFE)
        shown = read_ticket(standing, await self._view.line(), self._policy.weights)
        ticket = Ticket(id, ask.account, ask.tier, ask.cost, ask.work, self.now, sights=[self._sight(shown)])
        self.log.tickets[id] = ticket
        if shown.place > 0 and self._follow and len(self.log.tickets) % self._follow == 0:
            self._followed[id] = shown
        if ask.leaves_after is not None:
            self._at(self.now + ask.leaves_after, self._cancel, id)
        await self._grant()

    async def _cancel(self, id: str) -> None:
        if (await self.store.standings([id]))[id].reservation.state is State.QUEUED:
            await self.store.refund(id, RefundReason.CANCELLED)
            self.log.tickets[id].ended = "cancelled"
            self._gave_up[self.log.tickets[id].account] = self.now
            self._followed.pop(id, None)

    def _sight(self, shown: Shown) -> Sight:
        low, high = (shown.wait.low, shown.wait.high) if shown.wait else (None, None)
        return Sight(self.now, shown.place, low, high, shown.place_reason)

    # Edges.

    async def _look(self) -> None:
        self._at(self.now + LOOK_EVERY, self._look)
        line = await self._view.line()
        for id, standing in (await self.store.standings(list(self._followed))).items():
            before = self._followed[id]
            shown = read_ticket(standing, line, self._policy.weights, before)
            if shown.over:
                del self._followed[id]
                continue
            if shown.place > before.place:
                await self._check_rise(shown, before)
            self._followed[id] = shown
            self.log.tickets[id].sights.append(self._sight(shown))

    async def _check_rise(self, shown: Shown, before: Shown) -> None:
        """The reason must be what happened: as many as the place rose by joined, or moved up as their account gave
        an earlier ticket up, or came back, since."""
        since = self.log.tickets[shown.id].sights[-1].at
        ahead = (await self.store.waiting(MODEL, self.log.tickets[shown.id].tier, shown.place))[: shown.place]
        came = [self.log.tickets[id] for id in ahead]
        joined = sum(one.joined >= since or self._gave_up.get(one.account, -1.0) >= since for one in came)
        returned = shown.returned - before.returned
        rose = shown.place - before.place
        told = PlaceReason.RETURNED_JOB if returned else PlaceReason.FAIR_SHARE
        if shown.place_reason is not told or rose > joined + returned:
            self.log.unexplained.append(
                f"{shown.id} rose by {rose} at {self.now:.1f} s: {shown.place_reason}, {joined} joined, "
                f"{returned} returned"
            )

    async def _grant(self) -> None:
        while True:
            before = {one.tier: one.waiting_work for one in (await self.store.line()).classes}
            grants = await self.store.grant(1)
            if not grants:
                return
            grant = grants[0]
            ticket = self.log.tickets[grant.id]
            self.log.turns.append(Turn(self.now, grant.tier, ticket.account, ticket.work, before))
            if ticket.started is None:
                ticket.started = self.now
            oven = self._ovens[int(grant.generator_id.split("-")[1])]
            attempt = (await self.store.standings([grant.id]))[grant.id].reservation.attempts
            if oven.dead_until > self.now:
                self._at(self.now + 0.05, self._return, grant.id, attempt)
                continue
            job = Job(grant.id, attempt, grant.cost, grant.tier == "paid", ticket.work / 1000 / ticket.cost)
            oven.take(job, self.now)
            self._plan(oven)

    async def _return(self, id: str, attempt: int) -> None:
        await self.store.return_turn(id, attempt, LIFE)
        await self._grant()

    # Generators.

    def _plan(self, oven: FixedOven) -> None:
        at = oven.next_finish()
        if at < float("inf"):
            self._at(at, self._finish, oven, oven.age)

    async def _finish(self, oven: FixedOven, age: int) -> None:
        if oven.age != age:
            return
        for job in oven.finished(self.now):
            await self.store.release_slots(job.id, job.attempt)
            await self.store.commit(job.id, job.cost)
            self.log.tickets[job.id].ended = "drawn"
        self._plan(oven)
        await self._grant()

    async def _die(self, number: int) -> None:
        for job in self._ovens[number].die(self.now, self.now + self._scene.away):
            await self.store.return_turn(job.id, job.attempt, LIFE)
        await self._grant()

    async def _report(self) -> None:
        self._at(self.now + self._policy.heartbeat, self._report)
        for number, oven in enumerate(self._ovens):
            if oven.dead_until <= self.now:
                address = f"oven-{number}:50053"
                report = Report(oven.name, address, (MODEL,), oven.slots, oven.picture_time)
                await self.store.heartbeat(report)
        await self._grant()

    # The desk's rounds.

    async def _look_at_level(self) -> None:
        self._at(self.now + LEVEL_EVERY, self._look_at_level)
        line, before = await self._view.line(), await self.store.surge()
        waiting = backlog(line.classes, line.ovens)
        after = step(before, waiting, EPOCH + self.now, self._policy.surge)
        if after != before:
            await self.store.set_surge(before, after)
        self._view.saw(after)
        if after.level is not before.level:
            self.log.levels.append(Change(self.now, after.level, after.cause))
        self.log.backlog.append((self.now, waiting))

    async def _sweep(self) -> None:
        self._at(self.now + SWEEP_EVERY, self._sweep)
        await self.store.sweep(100)


async def simulate(scene: Scene, policy: Policy, orders: Sequence[str], seed: int) -> dict[str, Log]:
    """The scene once in each order."""
    logs = {}
    for order in orders:
        logs[order] = await Simulation(scene, policy, order, seed, FOLLOWED if order == "ours" else 0).run()
    return logs
