"""Each family draws what torch drew: token numbers, embeddings, answers, latents, picture."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.generator.families.canvas import Canvas
from services.generator.families.drawing import DrawingModel
from services.generator.families.flux import packed
from services.generator.families.interface import Wish
from services.generator.families.text import TextEncoder
from services.generator.providers import CPU, OPENVINO
from tests.fixtures.pipelines.comparison import Arrays, expected_of
from tests.unit.generator.families_folders import FIXTURES, NAMES, copied, opened, recorded_start

CLOSE = 1e-4
"""Of the largest number of an array. Seen: 6e-6 at most, and 4e-5 in LCM's sines of large angles."""


@dataclass
class Run:
    """A model, what torch recorded, and the same run here."""

    model: DrawingModel
    expected: Arrays
    latents: list[NDArray[np.float32]]
    calls: list[tuple[dict[str, Any], NDArray[np.float32]]]
    canvas: Canvas


@pytest.fixture(scope="module", params=NAMES)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    model = opened(copied(request.param, tmp_path_factory.mktemp("models")))
    expected = expected_of(FIXTURES / request.param)
    canvas, calls, real = recorded_start(model, expected), [], model.denoiser.run

    def noted(outputs: Any, feed: dict[str, Any]) -> Any:
        answers = real(outputs, feed)
        calls.append((feed, answers[0]))
        return answers

    latents = [canvas.x]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model.denoiser, "run", noted)
        while not canvas.finished:
            model.step([canvas])
            latents.append(canvas.x)
    yield Run(model, expected, latents, calls, canvas)


def close(found: Any, recorded: Any) -> bool:
    found, recorded = np.asarray(found, np.float64), np.asarray(recorded, np.float64)
    assert found.shape == recorded.shape
    return bool(np.abs(found - recorded).max() <= CLOSE * max(np.abs(recorded).max(), 1e-9))


def encoders_of(model: DrawingModel) -> dict[str, TextEncoder]:
    found: dict[str, TextEncoder] = {}
    for value in vars(model.family).values():
        for encoder in value if isinstance(value, list) else [value]:
            if isinstance(encoder, TextEncoder):
                found[encoder.graph.file.partition("/")[0]] = encoder
    return found


def test_prompts_have_the_recorded_numbers_and_vectors(run: Run) -> None:
    prompts = [str(run.expected["request.prompt"]), str(run.expected.get("request.negative_prompt", ""))]
    recorded = {name.partition(".")[0] for name in run.expected if name.startswith("text_encoder")}
    encoders = encoders_of(run.model)
    assert encoders.keys() == recorded
    for name, encoder in encoders.items():
        ids = run.expected[f"{name}.input_ids"]
        for row, (prompt, numbers) in enumerate(zip(prompts, ids, strict=False)):
            assert encoder.tokens.numbers(prompt).tolist() == [numbers.tolist()]
            text = encoder.encode(prompt)
            given = [text.tokens] if text.pooled is None else [text.tokens, text.pooled]
            for output, values in zip(encoder.outputs, given, strict=True):
                assert close(values, run.expected[f"{name}.{output}"][row])


def test_the_first_and_the_last_call_are_the_recorded_ones(run: Run) -> None:
    steps = int(run.expected["request.num_inference_steps"])
    assert len(run.calls) == steps
    for place in (0, -1):
        feed, answer = run.calls[place]
        assert close(answer, run.expected[f"denoiser.{run.model.family.answer}"][place])
        for name, values in feed.items():
            recorded = run.expected[f"denoiser.{name}"]
            if name == "timestep":  # torch has one for all rows of a U-Net
                assert close(values, np.broadcast_to(recorded[place], values.shape))
            else:
                assert close(values, recorded[place] if recorded.ndim > values.ndim else recorded)


def test_every_latent_is_the_recorded_one(run: Run) -> None:
    recorded = run.expected["latents"]
    shown: Callable[[Any], Any] = packed if run.model.facts.family == "FluxPipeline" else lambda x: x
    assert len(run.latents) == len(recorded)
    for latent, expected in zip(run.latents, recorded, strict=True):
        assert close(shown(latent[None]), expected)


def test_the_picture_is_the_recorded_one(run: Run) -> None:
    picture = run.model.picture(run.canvas)
    assert picture.dtype == np.float32
    assert np.abs(picture).max() <= 1.0
    assert np.abs(picture - run.expected["vae_decoder.sample"][0].clip(-1, 1)).max() < CLOSE
    levels = ((picture + 1.0) * 127.5).round().transpose(1, 2, 0)
    assert np.abs(levels - run.expected["picture"]).max() <= 1


def test_a_rough_picture_has_a_pixel_for_each_cell(run: Run) -> None:
    picture, rough = run.model.picture(run.canvas), run.model.rough(run.canvas)
    assert rough.dtype == np.float32
    assert [edge * run.model.coder.scale for edge in rough.shape[1:]] == list(picture.shape[1:])
    assert np.abs(rough).max() <= 1.0
    assert rough.std() > 0.05


def test_the_fit_finds_the_colours_of_a_decoder_that_has_them(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    coder, random = run.model.coder, np.random.RandomState(5)
    matrix, offset = 0.03 * random.standard_normal((3, coder.channels)), 0.1 * random.standard_normal(3)

    def decode(outputs: Any, feed: dict[str, Any]) -> list[NDArray[np.float32]]:
        latent = (feed["latent_sample"] - coder._shift) * coder._scaling
        cells = np.einsum("rc,bchw->brhw", matrix, latent) + offset[:, None, None]
        return [np.kron(cells, np.ones((1, 1, coder.scale, coder.scale))).astype(np.float32)]

    monkeypatch.setattr(coder.graph, "tried", decode)
    found_matrix, found_offset = coder._fitted()
    assert found_matrix == pytest.approx(matrix, abs=1e-5)
    assert found_offset == pytest.approx(offset, abs=1e-5)


def test_facts_are_the_folders(run: Run) -> None:
    facts = run.model.facts
    assert facts.provider in {CPU, OPENVINO}
    assert len(facts.sha256) == 64
    assert facts.width % facts.unit == facts.largest % facts.unit == 0
    assert facts.smallest <= facts.width <= facts.largest
    assert run.model.calls(facts.default_steps) >= facts.default_steps
    assert run.model.rows(1.0) == 1
    assert run.model.rows(4.0) == (2 if facts.takes_negative else 1)


def test_sizes_and_steps_that_cannot_be_are_refused(run: Run) -> None:
    conditioning, facts = run.model.encode("a boat", None), run.model.facts
    for width in (facts.smallest + 1, facts.largest + facts.unit, 0):
        with pytest.raises(ValueError, match="width must be"):
            run.model.start(Wish(1, 4, 2.0, width, facts.smallest), 0, conditioning)
    with pytest.raises(ValueError, match="steps"):
        run.model.calls(0)


def test_warming_up_runs_and_tells(run: Run) -> None:
    if run.model.facts.family == "FluxPipeline":
        run.model.family.cells = type(run.model.family.cells)(2, 8, 64)  # its native size takes seconds
    warmth = run.model.warm_up()
    assert min(warmth.seconds.values()) > 0
    assert warmth.difference < 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_opens_as_it_is_and_nothing_is_written_to_it(name: str, tmp_path: Path) -> None:
    folder = copied(name, tmp_path)
    scheduler = folder / "scheduler" / "scheduler_config.json"
    scheduler.write_bytes((FIXTURES / name / "scheduler" / "scheduler_config.json").read_bytes())
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    model = opened(folder)
    wish = Wish(2**32 - 1, 3, 2.0, model.facts.unit * 4, model.facts.unit * 2)
    canvas = model.start(wish, 1, model.encode("a red boat", "night"))
    while not canvas.finished:
        model.step([canvas])
    assert np.isfinite(model.picture(canvas)).all()
    assert canvas.done == model.calls(3)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
