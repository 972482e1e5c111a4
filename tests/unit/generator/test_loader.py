"""Models that do not all fit: brought in for those who ask, one out for another, and nobody else held up."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.generator.batcher import Batcher
from services.generator.capacity import Capacity
from services.generator.families.interface import Model
from services.generator.folder import FolderError
from services.generator.mailbox import Baked, Event, Usage
from services.generator.oven import Job, Oven
from services.generator.pace import Pace
from services.generator.providers import Execution
from services.generator.recipe import Recipe
from services.generator.residency import Residency
from services.generator.shelf import load_models
from services.runtime.errors import Fault, Reason
from tests.unit.generator.recipes import a_recipe

FIXTURE = Path(__file__).parents[2] / "fixtures" / "tiny_model"
NAMES = ("one", "two", "three")
SIZE = sum(path.stat().st_size for path in (FIXTURE / "tiny" / "unet").iterdir())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models that are alike but for their names."""
    models = tmp_path_factory.mktemp("models")
    shutil.copytree(FIXTURE / "tiny-encoder", models / "tiny-encoder")
    for name in NAMES:
        shutil.copytree(FIXTURE / "tiny", models / name)
        index = models / name / "model_index.json"
        index.write_text(index.read_text("utf-8").replace('"tiny"', f'"{name}"'), "utf-8")
    return models


class Kitchen:
    """An oven over a budget of so many models."""

    def __init__(self, folder: Path, fit: float, most_wait: float = 20.0) -> None:
        self.residency = Residency(int(fit * SIZE))
        self.models = load_models(folder, execution=Execution(1), most_rows=4, residency=self.residency)
        batcher = Batcher({name: Capacity(4) for name in self.models}, most=40, most_wait=most_wait)
        self.oven = Oven(self.models, batcher, Pace(), residency=self.residency)
        self.loop = asyncio.create_task(self.oven.run())

    def in_memory(self) -> set[str]:
        return {name for name, model in self.models.items() if is_loaded(model)}

    async def close(self) -> None:
        self.loop.cancel()
        await asyncio.gather(self.loop, return_exceptions=True)
        await self.oven.close()


@pytest.fixture
async def kitchen(folder: Path) -> AsyncIterator[Kitchen]:
    made = Kitchen(folder, fit=1.5)
    yield made
    await made.close()


def is_loaded(model: Model[Any, Any]) -> bool:
    return model.pipeline.denoiser.graph._calls is not None  # type: ignore[attr-defined, no-any-return]


def recipe(model: str, steps: int = 3, seed: int = 1) -> Recipe:
    return a_recipe(model, steps, seed)


async def picture_of(job: Job) -> bytes:
    async with asyncio.timeout(20):
        event: Event | None = None
        png = b""
        while not isinstance(event, Usage):
            event = await job.take()
            png = event.data if isinstance(event, Baked) else png
    return png


async def fault_of(job: Job) -> Fault:
    with pytest.raises(Fault) as failed:
        await picture_of(job)
    return failed.value


async def test_every_model_is_checked_at_the_start_and_those_that_fit_stay(folder: Path) -> None:
    for fit, stay in ((1.5, {"two"}), (2.5, {"three", "two"}), (0, set(NAMES))):
        kitchen = Kitchen(folder, fit)
        assert set(kitchen.models) == set(NAMES)
        assert kitchen.in_memory() == set(kitchen.residency.inside) == stay
        await kitchen.close()


async def test_pictures_of_all_models_whichever_is_in_memory(kitchen: Kitchen) -> None:
    pictures = await asyncio.gather(
        *(picture_of(kitchen.oven.enter(recipe(name))) for name in (*NAMES, *reversed(NAMES)))
    )
    assert len(set(pictures)) == 1, "the models are alike"
    assert pictures[0]
    assert len(kitchen.in_memory()) == 1
    assert kitchen.in_memory() == set(kitchen.residency.inside)


async def test_a_load_holds_up_no_other_model(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, load = threading.Event(), threading.Event(), kitchen.models["one"].load

    def slow() -> None:
        begun.set()
        assert go_on.wait(20)
        load()

    monkeypatch.setattr(kitchen.models["one"], "load", slow)
    kitchen.residency.budget = 0
    waits = kitchen.oven.enter(recipe("one"))
    assert await asyncio.to_thread(begun.wait, 20)
    assert await picture_of(kitchen.oven.enter(recipe("two")))
    go_on.set()
    assert await picture_of(waits)


async def test_a_load_that_fails_fails_its_job_alone_and_may_be_tried_again(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise FolderError("unet/model.onnx is missing")

    with monkeypatch.context() as patch:
        patch.setattr(kitchen.models["one"], "load", broken)
        fault = await fault_of(kitchen.oven.enter(recipe("one")))
    assert fault.reason is Reason.INTERNAL
    assert "'one' could not be loaded" in fault.message
    assert [record.__dict__["detail"] for record in caplog.records if record.levelname == "ERROR"] == [
        "unet/model.onnx is missing"
    ]
    for name in ("two", "one"):
        assert await picture_of(kitchen.oven.enter(recipe(name)))


async def test_who_finds_no_room_is_refused_in_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kitchen = Kitchen(folder, fit=1.5, most_wait=0.2)
    go_on, step = threading.Event(), kitchen.models["two"].step
    monkeypatch.setattr(kitchen.models["two"], "step", lambda canvases: go_on.wait(20) and step(canvases))
    long = kitchen.oven.enter(recipe("two"))
    fault = await fault_of(kitchen.oven.enter(recipe("one")))
    assert fault.reason is Reason.OVERLOADED
    assert fault.retry_after
    assert kitchen.in_memory() == {"two"}
    go_on.set()
    assert await picture_of(long)
    assert await picture_of(kitchen.oven.enter(recipe("one")))
    await kitchen.close()


async def test_who_leaves_while_waiting_is_forgotten(kitchen: Kitchen) -> None:
    long = kitchen.oven.enter(recipe("two", steps=100))
    await long.take()
    leaver = kitchen.oven.enter(recipe("one"))
    await asyncio.sleep(0)
    kitchen.oven.leave(leaver)
    kitchen.oven.leave(long)
    assert await picture_of(kitchen.oven.enter(recipe("two")))
    assert kitchen.in_memory() == {"two"}, "nobody wants the other any more"


async def test_a_model_is_put_out_only_when_its_last_step_has_ended(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    two, during, go_on = kitchen.models["two"], threading.Event(), threading.Event()
    step, seen = two.step, list[bool]()

    def slow(canvases: Any) -> None:
        during.set()
        assert go_on.wait(20)
        seen.append(is_loaded(two))
        step(canvases)

    monkeypatch.setattr(two, "step", slow)
    leaver = kitchen.oven.enter(recipe("two"))
    assert await asyncio.to_thread(during.wait, 20)
    kitchen.oven.leave(leaver)
    other = kitchen.oven.enter(recipe("one"))
    await asyncio.sleep(0.1)
    go_on.set()
    assert await picture_of(other)
    assert seen == [True]


def test_a_model_larger_than_the_budget_is_refused_and_others_go_on(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    models = Path(shutil.copytree(folder, tmp_path / "models"))
    (models / "one" / "unet" / "model.onnx_data").write_bytes(bytes(3 * SIZE))
    shelf = load_models(models, execution=Execution(1), most_rows=2, residency=Residency(2 * SIZE))
    assert set(shelf) == {"two", "three"}
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.__dict__["folder"] == "one"
    assert "more than FOURNIL_MODEL_MEMORY allows" in record.__dict__["detail"]


def test_files_that_changed_are_not_loaded_again(folder: Path, tmp_path: Path) -> None:
    models = Path(shutil.copytree(folder, tmp_path / "models"))
    model = load_models(models, execution=Execution(1), most_rows=2)["one"]
    model.unload()
    (models / "one" / "unet" / "model.onnx").touch()
    with pytest.raises(FolderError, match=r"^unet/model.onnx has changed since it was checked$"):
        model.load()
    assert not is_loaded(model)
