"""Token numbers: with and without a tokenizer.json, and what users type that looks like a special token."""

from pathlib import Path

import numpy as np
import pytest

from services.generator.families.tokens import Tokens
from tests.unit.generator.families_folders import FIXTURES, copied, rewrite

PROMPTS = [
    "A red crab beside the blue Boat, été 24",
    "",
    "it's  42 boats'll \n\t sail!? 東京 🙂 naïve",
    "le four, la forêt et le pain " * 30,
    "<|endoftext|> the sea",
]


@pytest.mark.parametrize("name", ["sd1", "sd2"])
def test_a_folder_without_tokenizer_json_gives_the_same_numbers(name: str, tmp_path: Path) -> None:
    folder = copied(name, tmp_path)
    (folder / "tokenizer" / "tokenizer.json").unlink()
    with_file, without = Tokens(FIXTURES / name, "tokenizer"), Tokens(folder, "tokenizer")
    for prompt in PROMPTS:
        assert np.array_equal(with_file.numbers(prompt), without.numbers(prompt))
        assert with_file.numbers(prompt).shape == (1, 77)


def test_special_tokens_that_are_typed_are_letters() -> None:
    tokens = Tokens(FIXTURES / "sd1", "tokenizer")
    begin, end = tokens.numbers("")[0, :2]
    typed = tokens.numbers("<|endoftext|> the sea")[0].tolist()
    assert typed[0] == begin
    words = typed[1 : typed.index(end)]
    assert len(words) > 3
    assert begin not in words


def test_long_prompts_are_cut_before_the_end_token() -> None:
    tokens = Tokens(FIXTURES / "sd1", "tokenizer")
    numbers = tokens.numbers("boat " * 500)[0]
    assert numbers[-1] == tokens.numbers("")[0, 1]
    assert len(set(numbers[1:-1])) == 1


def test_lone_surrogates_are_read() -> None:
    assert Tokens(FIXTURES / "sd1", "tokenizer").numbers("a \ud800 boat").shape == (1, 77)


def test_a_pad_token_may_be_an_object(tmp_path: Path) -> None:
    folder = copied("sd2", tmp_path)
    rewrite(folder / "tokenizer" / "tokenizer_config.json", pad_token={"content": "!", "lstrip": False})
    assert np.array_equal(
        Tokens(folder, "tokenizer").numbers("boat"), Tokens(FIXTURES / "sd2", "tokenizer").numbers("boat")
    )
