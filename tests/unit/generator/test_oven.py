"""The step loop with a real model: joining, leaving, failing, and room that comes back."""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.generator.batcher import Batcher
from services.generator.capacity import Capacity
from services.generator.families.interface import Wish
from services.generator.families.mini import MiniModel
from services.generator.mailbox import Baked, Event, Rough, StepDone, Usage
from services.generator.oven import MOST_FAILURES, Job, Oven
from services.generator.pace import Pace
from services.generator.picture import Format, encode
from services.generator.pipeline import Canvas
from services.generator.providers import Execution
from services.generator.recipe import Recipe
from services.generator.shelf import load_models
from services.runtime.errors import Fault, Reason
from tests.unit.generator.recipes import a_recipe

FIXTURE = Path(__file__).parents[2] / "fixtures" / "tiny_model"
MOST = 8


@pytest.fixture(scope="module")
def tiny() -> MiniModel:
    model = load_models(FIXTURE, execution=Execution(1), most_rows=4)["tiny"]
    assert isinstance(model, MiniModel)
    return model


class Kitchen:
    """An oven whose loop runs."""

    def __init__(self, model: MiniModel) -> None:
        self.batcher, self.pace = Batcher({"tiny": Capacity(4)}, most=MOST), Pace()
        self.oven = Oven({"tiny": model}, self.batcher, self.pace)
        self.loop = asyncio.create_task(self.oven.run())

    async def close(self) -> None:
        self.loop.cancel()
        await asyncio.gather(self.loop, return_exceptions=True)
        await self.oven.close()


@pytest.fixture
async def kitchen(tiny: MiniModel) -> AsyncIterator[Kitchen]:
    made = Kitchen(tiny)
    yield made
    await made.close()


def recipe(steps: int = 4, count: int = 1, seed: int = 1, previews: int = 0, **more: Any) -> Recipe:
    """Handed out larger than it is drawn."""
    return a_recipe(
        steps=steps, seed=seed, **{"count": count, "previews": previews, "width": 128, "height": 128, **more}
    )


async def events_of(job: Job) -> list[Event]:
    async with asyncio.timeout(20):
        events = [await job.take()]
        while not isinstance(events[-1], Usage):
            events.append(await job.take())
    return events


async def wait_for_room(kitchen: Kitchen) -> None:
    """Until the oven holds nothing."""
    async with asyncio.timeout(20):
        while kitchen.batcher.admitted:  # noqa: ASYNC110 - room comes back without an event of its own
            await asyncio.sleep(0.01)


async def test_a_job_from_start_to_usage(kitchen: Kitchen) -> None:
    events = await events_of(kitchen.oven.enter(recipe(steps=6, count=2, previews=2)))
    for index in (0, 1):
        steps = [event.step for event in events if isinstance(event, StepDone) and event.index == index]
        assert steps == [1, 2, 3, 4, 5, 6]
        kinds = [
            type(event) for event in events if not isinstance(event, StepDone | Usage) and event.index == index
        ]
        assert kinds in ([Rough, Rough, Baked], [Rough, Baked])
    pictures = [event for event in events if isinstance(event, Baked)]
    assert sorted(picture.seed for picture in pictures) == [1, 2]
    assert Image.open(io.BytesIO(pictures[0].data)).size == (128, 128)
    roughs = [event for event in events if isinstance(event, Rough)]
    assert {rough.step for rough in roughs} <= {2, 4}
    assert Image.open(io.BytesIO(roughs[0].png)).size == (64, 64)
    usage = events[-1]
    assert isinstance(usage, Usage)
    assert usage.row_steps == 2 * 6 * 2
    assert usage.compute_seconds > 0
    assert kitchen.batcher.admitted == 0
    assert kitchen.pace.picture_seconds is not None


async def test_jobs_of_different_length_share_the_oven_and_pictures_stay_the_same(kitchen: Kitchen) -> None:
    def png(events: Sequence[Event]) -> bytes:
        return next(event.data for event in events if isinstance(event, Baked))

    alone = [png(await events_of(kitchen.oven.enter(recipe(steps=steps, seed=steps)))) for steps in (3, 9)]
    together = await asyncio.gather(
        *(events_of(kitchen.oven.enter(recipe(steps=steps, seed=steps))) for steps in (3, 9))
    )
    assert [png(events) for events in together] == alone


async def test_over_a_picture_only_the_calls_that_are_left_are_made(kitchen: Kitchen) -> None:
    source = encode(np.zeros((3, 64, 64), np.float32), 100, 80).data
    wish = Wish(1, 10, 3.0, 64, 64, strength=0.3)
    made = recipe(source=source, wish=wish, calls=3, format=Format.WEBP)
    events = await events_of(kitchen.oven.enter(made))
    assert [event.step for event in events if isinstance(event, StepDone)] == [1, 2, 3]
    (baked,) = (event for event in events if isinstance(event, Baked))
    image = Image.open(io.BytesIO(baked.data))
    assert (image.format, image.size) == ("WEBP", (128, 128))


def png_of(levels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(levels).save(stream, "PNG")
    return stream.getvalue()


SENT = np.random.RandomState(4).randint(0, 256, (128, 128, 3), np.uint8)
HOLE = np.zeros((128, 128), np.uint8)
HOLE[32:64, 32:64] = 255


async def test_around_a_mask_what_was_sent_comes_back_and_nobody_beside_it_notices(kitchen: Kitchen) -> None:
    """Handed out twice as large as it is drawn: what was sent loses nothing by that."""

    def baked(events: Sequence[Event]) -> dict[int, bytes]:
        return {event.index: event.data for event in events if isinstance(event, Baked)}

    plain = recipe(steps=6, seed=8)
    masked = recipe(steps=6, count=2, previews=2, source=png_of(SENT), mask=png_of(HOLE))
    alone = [await events_of(kitchen.oven.enter(made)) for made in (plain, masked)]
    together = await asyncio.gather(*(events_of(kitchen.oven.enter(made)) for made in (plain, masked)))
    assert [baked(events) for events in together] == [baked(events) for events in alone]
    assert any(isinstance(event, Rough) for event in together[1])
    one, other = (np.asarray(Image.open(io.BytesIO(data))) for data in baked(together[1]).values())
    far = np.ones((128, 128), bool)
    far[28:68, 28:68] = False
    for picture in (one, other):
        assert np.array_equal(picture[far], SENT[far])
        assert (picture[HOLE > 0] != SENT[HOLE > 0]).any(axis=1).mean() > 0.9
    assert not np.array_equal(one[HOLE > 0], other[HOLE > 0]), "each has its own seed"


@pytest.mark.parametrize(
    "mask",
    [b"no picture", png_of(SENT), png_of(HOLE[:64])],
    ids=["no picture", "no alpha", "of another size"],
)
async def test_a_mask_that_is_none_is_the_callers_fault(kitchen: Kitchen, mask: bytes) -> None:
    with pytest.raises(Fault) as refused:
        await events_of(kitchen.oven.enter(recipe(source=png_of(SENT), mask=mask)))
    assert refused.value.reason is Reason.INVALID_ARGUMENT and refused.value.metadata["field"] == "mask"


async def test_a_source_that_is_no_picture_is_the_callers_fault_and_no_error_of_ours(
    kitchen: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Fault) as refused:
        await events_of(kitchen.oven.enter(recipe(source=b"no picture")))
    assert refused.value.reason is Reason.INVALID_ARGUMENT and refused.value.metadata["field"] == "source"
    assert not caplog.records
    assert await events_of(kitchen.oven.enter(recipe()))


async def test_who_leaves_is_in_no_further_step(tiny: MiniModel, monkeypatch: pytest.MonkeyPatch) -> None:
    stepped: list[Canvas] = []
    step = tiny.step

    def watched(canvases: Sequence[Canvas]) -> None:
        stepped.extend(canvases)
        step(canvases)

    monkeypatch.setattr(tiny, "step", watched)
    kitchen = Kitchen(tiny)
    leaver, stayer = kitchen.oven.enter(recipe(steps=100, count=4)), kitchen.oven.enter(recipe(steps=30, seed=9))
    await leaver.take()
    kitchen.oven.leave(leaver)
    kitchen.oven.leave(leaver)
    seen = len(stepped)
    await events_of(stayer)
    # The step that ran while it left may still hold it; none after that does.
    later = stepped[seen:][4:]
    assert later
    assert not set(map(id, later)) & set(map(id, leaver.canvases))
    assert kitchen.batcher.admitted == 0
    await kitchen.close()


async def test_a_device_out_of_memory_gets_smaller_calls_and_no_picture_is_lost(
    tiny: MiniModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, most = tiny.step, 2

    def tight(canvases: Sequence[Canvas]) -> None:
        if len(canvases) > most:
            raise RuntimeError("Failed to allocate memory for requested buffer of size 4096")
        step(canvases)

    monkeypatch.setattr(tiny, "step", tight)
    kitchen = Kitchen(tiny)
    kitchen.batcher.capacities["tiny"].rows = 8
    jobs = [kitchen.oven.enter(recipe(steps=3, count=4, seed=seed)) for seed in (1, 50)]
    for job in jobs:
        assert sum(isinstance(event, Baked) for event in await events_of(job)) == 4
    assert kitchen.batcher.capacities["tiny"].rows == 4, "two pictures with guidance"
    await kitchen.close()


async def test_memory_that_is_gone_is_told_by_the_call_that_failed_not_by_the_largest(
    tiny: MiniModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, failed = tiny.step, list[int]()

    def tight(canvases: Sequence[Canvas]) -> None:
        if len(canvases) > 2:
            failed.append(len(canvases))
            raise MemoryError
        step(canvases)

    monkeypatch.setattr(tiny, "step", tight)
    kitchen = Kitchen(tiny)
    kitchen.batcher.capacities["tiny"].rows = 64
    assert await events_of(kitchen.oven.enter(recipe(steps=3, count=4)))
    assert failed == [4], "the next call is of half as many pictures"
    await kitchen.close()


async def test_a_picture_for_which_alone_there_is_no_memory_fails_and_calls_stay_as_they_are(
    tiny: MiniModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kitchen, tries = Kitchen(tiny), list[int]()

    def full(canvases: Sequence[Canvas]) -> None:
        tries.append(len(canvases))
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(tiny, "step", full)
        with pytest.raises(Fault):
            await events_of(kitchen.oven.enter(recipe()))
    assert tries == [1]
    assert kitchen.batcher.capacities["tiny"].rows == 4
    await kitchen.close()


async def test_leaving_before_the_first_step(kitchen: Kitchen) -> None:
    job = kitchen.oven.enter(recipe())
    kitchen.oven.leave(job)
    assert kitchen.batcher.admitted == 0
    assert await events_of(kitchen.oven.enter(recipe()))


async def test_a_full_oven_refuses_and_recovers(kitchen: Kitchen) -> None:
    job = kitchen.oven.enter(recipe(steps=50, count=MOST))
    with pytest.raises(Fault) as refused:
        kitchen.oven.enter(recipe())
    assert refused.value.reason is Reason.OVERLOADED
    kitchen.oven.leave(job)
    assert await events_of(kitchen.oven.enter(recipe()))


async def test_a_reader_that_does_not_read_holds_up_nobody(kitchen: Kitchen) -> None:
    unread = kitchen.oven.enter(recipe(count=MOST, steps=2))
    await wait_for_room(kitchen)
    assert await events_of(kitchen.oven.enter(recipe()))
    assert sum(isinstance(event, Baked) for event in await events_of(unread)) == MOST


async def test_a_failed_step_fails_its_jobs_and_the_oven_goes_on(
    tiny: MiniModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kitchen = Kitchen(tiny)
    with monkeypatch.context() as broken:
        broken.setattr(
            tiny.pipeline.denoiser, "velocity", lambda rows: (_ for _ in ()).throw(RuntimeError("no kernel image"))
        )
        with pytest.raises(Fault) as failed:
            await events_of(kitchen.oven.enter(recipe()))
    assert failed.value.reason is Reason.INTERNAL
    assert "memory" not in failed.value.message
    assert kitchen.batcher.admitted == 0
    assert await events_of(kitchen.oven.enter(recipe()))
    await kitchen.close()


async def test_an_oven_that_only_fails_gives_up(tiny: MiniModel, monkeypatch: pytest.MonkeyPatch) -> None:
    kitchen = Kitchen(tiny)
    denoiser = tiny.pipeline.denoiser
    monkeypatch.setattr(denoiser, "velocity", lambda rows: (_ for _ in ()).throw(RuntimeError("device lost")))
    for _ in range(MOST_FAILURES):
        with pytest.raises(Fault):
            await events_of(kitchen.oven.enter(recipe()))
    with pytest.raises(RuntimeError, match="device lost"):
        await kitchen.loop
    await kitchen.close()


async def test_numbers_that_are_no_picture_fail_their_job_alone(
    tiny: MiniModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kitchen = Kitchen(tiny)
    start = tiny.start

    def poisoned(wish: Wish, index: int, prompt: object, base: object) -> Canvas:
        canvas = start(wish, index, prompt, base)  # type: ignore[arg-type]
        if wish.seed == 13:
            canvas.x = np.full_like(canvas.x, np.nan)
        return canvas

    monkeypatch.setattr(tiny, "start", poisoned)
    bad, good = kitchen.oven.enter(recipe(seed=13)), kitchen.oven.enter(recipe(seed=14))
    with pytest.raises(Fault) as failed:
        await events_of(bad)
    assert failed.value.reason is Reason.INTERNAL
    assert any(isinstance(event, Baked) for event in await events_of(good))
    await kitchen.close()
