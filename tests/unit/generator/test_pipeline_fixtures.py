"""The small model folders: their graphs are what README.md says, and answer as torch did."""

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from services.generator.noise import normal
from tests.fixtures.pipelines import comparison, graph_table

FIXTURES = Path(__file__).parents[2] / "fixtures" / "pipelines"
FOLDERS = sorted(path.parent for path in FIXTURES.glob("*/model_index.json"))
CLOSE = 1e-4
MOST_BYTES, MOST_BYTES_TOGETHER = 600_000, 3_000_000

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def test_the_readme_tells_of_every_folder() -> None:
    told = {entry.fixture for entry in graph_table.from_markdown((FIXTURES / "README.md").read_text("utf-8"))}
    assert told == {folder.name for folder in FOLDERS}
    assert len(told) == 6


@each_folder
def test_graphs_take_and_give_what_the_readme_says(folder: Path) -> None:
    told = graph_table.from_markdown((FIXTURES / "README.md").read_text("utf-8"))
    assert graph_table.entries_of(folder) == [entry for entry in told if entry.fixture == folder.name]


@each_folder
def test_the_denoiser_answers_as_torch_did(folder: Path) -> None:
    assert comparison.denoiser_difference(folder) < CLOSE


@each_folder
def test_encoders_and_decoder_answer_as_torch_did(folder: Path) -> None:
    differences = comparison.other_differences(folder)
    assert {name.partition(".")[0] for name in differences} == {
        path.parent.name
        for path in folder.glob("*/model.onnx")
        if path.parent.name != comparison.denoiser_of(folder)
    }
    assert {name: value for name, value in differences.items() if value >= CLOSE} == {}


@each_folder
def test_noise_is_what_the_seed_means(folder: Path) -> None:
    expected = comparison.expected_of(folder)
    first = expected["noise.initial"]
    drawn = np.concatenate([first[None], expected["noise.steps"]]) if "noise.steps" in expected else first[None]
    assert normal(int(expected["request.seed"]), drawn.shape) == pytest.approx(drawn, abs=2e-6)


@each_folder
def test_the_picture_is_what_was_decoded(folder: Path) -> None:
    expected = comparison.expected_of(folder)
    decoded = expected["vae_decoder.sample"][0].transpose(1, 2, 0)
    assert np.array_equal(np.round(np.clip(decoded / 2 + 0.5, 0, 1) * 255), expected["picture"])
    assert expected["picture"].std() > 30


@each_folder
def test_folders_stay_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= MOST_BYTES


def test_folders_stay_small_together() -> None:
    assert sum(path.stat().st_size for path in FIXTURES.rglob("*") if path.is_file()) <= MOST_BYTES_TOGETHER


@each_folder
def test_tokenizers_give_the_recorded_numbers(folder: Path) -> None:
    expected = comparison.expected_of(folder)
    for place in sorted(folder.glob("tokenizer*")):
        recorded = expected[place.name.replace("tokenizer", "text_encoder") + ".input_ids"]
        tokenizer = Tokenizer.from_file(str(place / "tokenizer.json"))
        settings = json.loads((place / "tokenizer_config.json").read_text("utf-8"))
        tokenizer.enable_truncation(recorded.shape[1])
        pad = settings["pad_token"]
        tokenizer.enable_padding(length=recorded.shape[1], pad_token=pad, pad_id=tokenizer.token_to_id(pad))
        prompts = [str(expected["request.prompt"]), str(expected.get("request.negative_prompt", ""))]
        for prompt, ids in zip(prompts, recorded, strict=False):
            assert tokenizer.encode(prompt).ids == ids.tolist()
