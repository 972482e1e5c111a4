"""The step loop: jobs in, pictures out, a denoising step at a time.

    enter ──> prompt encoded ──> ready ──> step, step, ... ──> picture ──> mailbox ──> caller
              (encode thread)              (step thread)     (finish thread: VAE, PNG, JPEG, WebP)

Everything that decides runs on the event loop; everything that computes runs in one of three threads, one task
a thread at a time. `Batcher` decides who is in a step, `Loader` brings in models that are not in memory before a
prompt of theirs is encoded. A caller that leaves is out at the next step, at any point of the line above. What is
in the oven dies with the process: it is baked again elsewhere, from its seed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.generator import measures
from services.generator.batcher import FREE, PAID, Batcher, Row
from services.generator.energy import EnergyBook
from services.generator.families.interface import Canvas, Model, Reading
from services.generator.loader import Loader
from services.generator.mailbox import Baked, Event, Mailbox, Rough, StepDone, Usage
from services.generator.pace import Pace
from services.generator.picture import Encoded, encode, read_source
from services.generator.recipe import Recipe
from services.generator.residency import Residency
from services.generator.surroundings import Surroundings
from services.runtime.errors import Fault, Reason
from services.runtime.pictures import check_mask, check_still, read_mask

log = logging.getLogger("fournil.oven")

MOST_FAILURES = 3
"""Steps that fail on end before the process gives up and is started anew: an oven that fails fast would
otherwise draw every turn of the desk."""

PRIORITIES = {PAID: "paid", FREE: "free"}
"""Names of the classes in the metrics."""

MEMORY_GONE = ("out of memory", "failed to allocate memory", "bad allocation", "bad_alloc")
"""How providers say it; onnxruntime has no error class of its own for it."""

Result = TypeVar("Result")
Array = NDArray[np.float32]


def out_of_memory(error: Exception) -> bool:
    """Whether a smaller call might have worked."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in MEMORY_GONE)


class Job:
    """One caller's pictures. Made by `Oven.enter`; `take` gives its events, `Usage` last."""

    def __init__(self, recipe: Recipe, rows: Sequence[Row]) -> None:
        self.recipe = recipe
        self.number = rows[0].job
        self.label = recipe.model, PRIORITIES[PAID if recipe.paid else FREE]
        self.preview_steps = recipe.preview_steps
        self.canvases: list[Canvas] = []
        self.around: Surroundings | None = None
        self.mailbox = Mailbox()
        self.tasks: set[asyncio.Task[None]] = set()
        self.entered = time.monotonic()
        self.compute_seconds = 0.0
        self.row_steps = 0
        self.baked = 0

    async def take(self) -> Event:
        """The next event. Raises Fault when the job failed."""
        return await self.mailbox.take()


class Oven:
    """Used on one event loop. `run` bakes until cancelled; `close` ends the threads."""

    def __init__(
        self,
        models: Mapping[str, Model[Any, Any]],
        batcher: Batcher,
        pace: Pace,
        energy: EnergyBook | None = None,
        residency: Residency | None = None,
    ) -> None:
        """`residency` knows which of the models are in memory; without it all stay there."""
        self._models = models
        self._batcher = batcher
        self._pace = pace
        self._energy = energy or EnergyBook(None)
        self._jobs: dict[int, Job] = {}
        self._shown: Counter[tuple[str, int, str]] = Counter()
        self._wake = asyncio.Event()
        self._encoding, self._stepping, self._finishing = (
            ThreadPoolExecutor(1, thread_name_prefix=name) for name in ("encode", "step", "finish")
        )
        baking = (self._encoding, self._stepping, self._finishing)
        self._loader = Loader(models, residency, baking=baking, most_wait=batcher.most_wait)

    def enter(self, recipe: Recipe) -> Job:
        """Takes a job in. Raises Fault OVERLOADED when there is no room for all of its pictures, or no time."""
        rows = self._batcher.admit(
            model=recipe.model,
            klass=PAID if recipe.paid else FREE,
            width=recipe.rows,
            steps=recipe.calls,
            count=recipe.count,
        )
        job = Job(recipe, rows)
        self._jobs[job.number] = job
        self._in_background(job, self._prepare(job))
        self._show_rows()
        return job

    def leave(self, job: Job) -> None:
        """Takes a job out, baked or not. Idempotent."""
        if self._jobs.pop(job.number, None) is None:
            return
        undone = self._batcher.leave(job.number)
        self._loader.release(job.number)
        self._energy.take(job.number)
        measures.CANCELLED_ROWS.labels(*job.label).inc(undone * job.recipe.rows)
        for task in job.tasks - {asyncio.current_task()}:
            task.cancel()
        self._show_rows()
        if undone:
            log.info("left before done", extra={"job": job.recipe.job_id, "pictures": undone})

    async def run(self) -> None:
        """The loop. Raises after `MOST_FAILURES` steps on end have failed."""
        failures = 0
        while True:
            rows = self._batcher.next_step()
            self._show_rows()
            if not rows:
                self._energy.idle()
                self._wake.clear()
                await self._wake.wait()
                continue
            model, started = self._jobs[rows[0].job].recipe.model, time.perf_counter()
            self._energy.step_begins()
            try:
                await self._step(model, rows)
                failures = 0
            except Exception as error:
                width = sum(row.width for row in rows)
                if out_of_memory(error) and len(rows) > 1 and self._batcher.capacities[model].halve(width):
                    # Nothing was done to the pictures: they go on in smaller calls.
                    rows_now = self._batcher.capacities[model].rows
                    log.warning("out of memory", extra={"model": model, "rows": rows_now})
                    continue
                failures += 1
                log.exception("step failed", extra={"on_end": failures})
                self._fail({row.job for row in rows})
                if failures == MOST_FAILURES:
                    raise
            else:
                seconds = time.perf_counter() - started
                self._account(model, rows, seconds)
                for row in self._batcher.stepped(rows, seconds):
                    self._tell(self._jobs[row.job], row)

    async def close(self) -> None:
        """Drops what waits; a step that runs ends by itself."""
        self._loader.close()
        for pool in (self._encoding, self._stepping, self._finishing):
            pool.shutdown(wait=False, cancel_futures=True)

    async def _prepare(self, job: Job) -> None:
        """Waits for the model, encodes the prompt, reads the source and makes the noise; then the job may be in a
        step."""
        model, recipe = self._models[job.recipe.model], job.recipe
        await self._loader.hold(job.number, recipe.model)

        def work() -> list[Canvas]:
            base = _read(model, recipe) if recipe.source else None
            prompt = model.encode(recipe.prompt, recipe.negative)
            if recipe.mask:
                job.around = Surroundings.read(recipe.source, recipe.mask, recipe.width, recipe.height)
            return [model.start(recipe.wish, index, prompt, base) for index in range(recipe.count)]

        job.canvases = await self._off_loop(self._encoding, work)
        self._batcher.make_ready(job.number, job.canvases[0].key)
        self._wake.set()

    async def _step(self, model: str, rows: Sequence[Row]) -> None:
        canvases = [self._jobs[row.job].canvases[row.index] for row in rows]
        await self._off_loop(self._stepping, self._models[model].step, canvases)

    def _account(self, model: str, rows: Sequence[Row], seconds: float) -> None:
        """Shares a step's time among those who were in it."""
        width = sum(row.width for row in rows)
        measures.STEP_SECONDS.labels(model).observe(seconds)
        measures.BATCH_FILL.labels(model).observe(width / self._batcher.capacities[model].rows)
        here = [row for row in rows if row.job in self._jobs]
        if here:
            brought = sum(self._jobs[row.job].recipe.work / row.steps for row in here)
            self._pace.measured(seconds * sum(row.width for row in here) / width, brought)
        measures.PICTURE_SECONDS.set(self._pace.picture_seconds or 0.0)
        for row in rows:
            job = self._jobs.get(row.job)
            self._energy.ran(row.job if job else None, job.label if job else (model, ""), row.width)
            if job:
                job.compute_seconds += seconds * row.width / width
                job.row_steps += row.width
        self._energy.step_ended()

    def _tell(self, job: Job, row: Row) -> None:
        """Events of one picture's step."""
        job.mailbox.put(StepDone(row.index, row.done, row.steps))
        if row.done == 1:
            measures.WAIT_SECONDS.labels(*job.label).observe(time.monotonic() - job.entered)
        canvas = job.canvases[row.index]
        if canvas.finished:
            self._in_background(job, self._finish(job, row.index, canvas))
        elif row.done in job.preview_steps:
            # Taken now: the next step begins before the task does.
            rough = self._models[job.recipe.model].rough(canvas)
            self._in_background(job, self._preview(job, row.index, row.done, rough))

    async def _preview(self, job: Job, index: int, step: int, rough: Array) -> None:
        wish = job.recipe.wish
        png, small = await self._off_loop(self._finishing, encode, rough, wish.width, wish.height)
        # The finish thread works in order, so no rough picture comes after its finished one.
        job.mailbox.put(Rough(index, step, png, small))

    async def _finish(self, job: Job, index: int, canvas: Canvas) -> None:
        recipe, model = job.recipe, self._models[job.recipe.model]

        def work() -> Encoded:
            pixels = model.picture(canvas)
            form, quality = recipe.format, recipe.quality
            return encode(pixels, recipe.width, recipe.height, form, quality, around=job.around)

        data, small = await self._off_loop(self._finishing, work)
        seed = recipe.wish.seed_of(index)
        job.mailbox.put(Baked(index, data, recipe.width, recipe.height, seed, small))
        measures.PICTURES.labels(*job.label).inc()
        job.baked += 1
        if job.baked == recipe.count:
            job.mailbox.put(Usage(job.compute_seconds, job.row_steps, self._energy.take(job.number)))
            # Its room is free although the caller may still be reading: a slow reader holds up nobody.
            self.leave(job)
            elapsed = time.monotonic() - job.entered
            measures.JOB_SECONDS.labels(*job.label).observe(elapsed)
            facts = {"pictures": recipe.count, "steps": recipe.calls, "seconds": round(elapsed, 3)}
            log.info("baked", extra={"job": recipe.job_id, "model": recipe.model, **facts})

    def _in_background(self, job: Job, work: Coroutine[None, None, None]) -> None:
        """Runs a coroutine for a job; it ends with the job, and its failure is the job's."""
        task: asyncio.Task[None] = asyncio.create_task(work)
        job.tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            job.tasks.discard(task)
            if task.cancelled() or (error := task.exception()) is None:
                return
            if isinstance(error, Fault):
                log.info("job refused", extra={"job": job.recipe.job_id, "detail": error.message})
                self._fail({job.number}, error)
            else:
                log.error("job failed", extra={"job": job.recipe.job_id}, exc_info=error)
                self._fail({job.number})

        task.add_done_callback(ended)

    def _fail(self, numbers: set[int], fault: Fault | None = None) -> None:
        """Ends jobs with an error that their callers see."""
        fault = fault or Fault(Reason.INTERNAL, "the oven could not bake this; its log says why")
        for number in numbers:
            if job := self._jobs.get(number):
                job.mailbox.fail(fault)
                self.leave(job)

    def _show_rows(self) -> None:
        census = self._batcher.census()
        for group in self._shown.keys() | census.keys():
            model, klass, state = group
            measures.ROWS.labels(model, PRIORITIES[klass], state).set(census[group])
        self._shown = census
        measures.JOBS.set(len(self._jobs))

    @staticmethod
    async def _off_loop(pool: ThreadPoolExecutor, work: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)


def _read(model: Model[Any, Any], recipe: Recipe) -> Reading:
    """The picture to start from, and where it is drawn anew, at the size that is drawn. Raises Fault."""
    width, height, anew = recipe.wish.width, recipe.wish.height, None
    if recipe.mask:
        check_mask(recipe.mask, "mask", check_still(recipe.source, "source"))
        anew = np.asarray(read_mask(recipe.mask, "mask", width, height)) > 0
    return model.read(read_source(recipe.source, width, height), anew)
