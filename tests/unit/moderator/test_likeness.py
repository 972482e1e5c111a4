"""Exemplars speak for close paraphrases and for nothing beyond, on two small sets of mild prompts.

`appeals.jsonl` was at hand when the thresholds were chosen; `appeals-held-out.jsonl` was written afterwards, with
neighbours meant to slip through. Its one false match then (a girl for a woman) is why words of youth are held too.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.moderator.likeness import MOST_WORDS, Likeness, stem, words_of
from services.moderator.rules import ExemplarRules
from services.runtime.sentence_encoder import SentenceEncoder

ROOT = Path(__file__).parents[3]
SETS = ROOT / "tests" / "fixtures" / "moderation"
RULES = ExemplarRules()


@pytest.fixture(scope="module")
def likeness() -> Likeness:
    """Over the shipped encoder."""
    return Likeness(SentenceEncoder(ROOT / "models" / "weights" / "use-multilingual"))


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SETS / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(("name", "least"), [("appeals.jsonl", 0.66), ("appeals-held-out.jsonl", 0.70)])
def test_paraphrases_match_and_neighbours_do_not(likeness: Likeness, name: str, least: float) -> None:
    found = cases(name)
    vectors: dict[str, NDArray[np.float32]] = {
        text: likeness.vector(text)
        for case in found
        for text in (case["prompt"], *case["paraphrases"], *case["neighbours"])
    }

    def matches(text: str, exemplar: str) -> bool:
        near = float(vectors[text] @ vectors[exemplar]) >= RULES.likeness
        return near and likeness.paraphrase(text, exemplar, RULES)

    hits = [matches(text, case["prompt"]) for case in found for text in case["paraphrases"]]
    assert sum(hits) / len(hits) >= least, f"{sum(hits)} of {len(hits)}"
    assert not [text for case in found for text in case["neighbours"] if matches(text, case["prompt"])]
    others = [
        (text, case["prompt"])
        for case in found
        for other in found
        if other is not case
        for text in (other["prompt"], *other["paraphrases"], *other["neighbours"])
    ]
    assert not [pair for pair in others if matches(*pair)]


@pytest.mark.parametrize("word", ["killer", "nude", "cadavre", "torture", "arme", "victim"])
def test_a_word_more_is_something_more(likeness: Likeness, word: str) -> None:
    for case in [*cases("appeals.jsonl"), *cases("appeals-held-out.jsonl")]:
        prompt = case["prompt"]
        if stem(word) in words_of(prompt).content:
            continue
        for text in (f"{prompt} {word}", f"{word} {prompt}", f"{prompt}, {word}s"):
            assert not likeness.paraphrase(text, prompt, RULES), text


@pytest.mark.parametrize(
    ("exemplar", "text"),
    [
        ("a doll without blood", "a doll with blood"),
        ("zombie makeup with fake blood", "zombie makeup with real blood"),
        ("a boxer of 30 years", "a boxer of 13 years"),
        ("a woman on a beach", "a teenager on a beach"),
        ("toy soldiers shooting", "soldiers shooting"),
        ("a drawing of a couple", "a photo of a couple"),
        ("une poupée sans vêtements", "une femme sans vêtements"),
        ("toy soldiers shooting", "gun soldiers shooting"),
        ("a boy with a balloon", "a boy with a balloon \U0001f52b"),
        ("a crab and a boat " * 10, "a boat and a crab " * 10),
    ],
)
def test_what_makes_the_difference_is_seen(likeness: Likeness, exemplar: str, text: str) -> None:
    assert not likeness.paraphrase(text, exemplar, RULES)


def test_the_same_in_other_words(likeness: Likeness) -> None:
    assert likeness.paraphrase("Stabbed, a watermelon!", "a watermelon stabbed", RULES)
    assert likeness.paraphrase("une orange et un couteau", "an orange and a knife", RULES)


def test_words_are_taken_apart() -> None:
    words = words_of("Two n0t-so-real girls, 13 ans, sans photo")
    assert words.numbers == {"13"} and words.minor and "girls" in words.young
    assert words.real == {"real", "photo"} and "sans" in words.negations
    assert stem("attacked") == stem("attacks") == stem("attack") and stem("sur") == "sur"
    assert words_of("\u0300" * 1_000).count == 0 and words_of("mot " * (MOST_WORDS + 1)).count == MOST_WORDS + 1
