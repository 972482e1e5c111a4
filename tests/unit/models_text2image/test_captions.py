"""The caption grammar: articles, elision and agreement in both languages."""

import random

import pytest

from models.text2image.captions import (
    LANGUAGES,
    RELATIONS,
    SIZES,
    caption,
    colour_phrase,
    plain_prompt,
    things_phrase,
)
from models.text2image.concepts import CONCEPTS
from models.text2image.scenes import COLOURS, STYLES, Ground, Scene, Thing, sample_scene
from models.text2image.scenes import RELATIONS as SCENE_RELATIONS
from models.text2image.words import FRENCH_COLOURS


def test_the_storys_own_prompts_are_among_the_captions() -> None:
    rng = random.Random(0)
    scene = Scene((Thing("crab"), Thing("boat")), "3d", Ground(place="beach", sky="day"), relation="beside")
    english = {caption(scene, "en", rng) for _ in range(6000)}
    french = {caption(scene, "fr", rng) for _ in range(6000)}
    assert "a crab next to a boat on a beach" in english
    assert "un crabe à côté d'une barque sur la plage" in french


@pytest.mark.parametrize(
    ("things", "relation", "english", "french"),
    [
        ((Thing("cat", "blue"),), "", "a blue cat", "un chat bleu"),
        ((Thing("house", "white", size="small"),), "", "a small white house", "une petite maison blanche"),
        ((Thing("apple", "green", count=3),), "", "three green apples", "trois pommes vertes"),
        ((Thing("snowman", count=2),), "", "two snowmen", "deux bonshommes de neige"),
        ((Thing("crab"), Thing("star")), "above", "a crab above a star", "un crabe au-dessus d'une étoile"),
        ((Thing("crab"), Thing("cherries")), "on", "a crab on some cherries", "un crabe sur des cerises"),
        ((Thing("cat"), Thing("house")), "behind", "a cat behind a house", "un chat derrière une maison"),
        (
            (Thing("sun"), Thing("fox"), Thing("key")),
            "",
            "a sun, a fox and a key",
            "un soleil, un renard et une clé",
        ),
    ],
)
def test_things_are_said_in_both_languages(
    things: tuple[Thing, ...], relation: str, english: str, french: str
) -> None:
    rng = random.Random(0)
    scene = Scene(things, "3d", Ground(colour="white"), relation)
    assert english in {things_phrase(scene, "en", rng) for _ in range(500)}
    assert french in {things_phrase(scene, "fr", rng) for _ in range(500)}


def test_colours_of_grounds_agree() -> None:
    rng = random.Random(0)
    said = {colour_phrase("white", "fr", rng) for _ in range(200)}
    assert " sur fond blanc" in said
    assert " sur une surface blanche" in said
    assert not any("fond blanche" in phrase or phrase.endswith("surface blanc") for phrase in said)
    assert " on an orange background" in {colour_phrase("orange", "en", rng) for _ in range(200)}


def test_every_caption_is_clean_text() -> None:
    rng = random.Random(3)
    for number in range(4000):
        language = LANGUAGES[number % 2]
        text = caption(sample_scene(rng), language, rng)
        assert text == text.strip()
        assert "  " not in text
        for wrong in (
            " de un ",
            " de une ",
            " de le ",
            " de les ",
            " de des ",
            " de de ",
            " ,",
            " a a",
            " a e",
        ):
            assert wrong not in f" {text} ", text
        if language == "fr":
            assert not any(f" de {vowel}" in text for vowel in "aéèêiou"), text


def test_an_evaluation_prompt_names_everything() -> None:
    rng = random.Random(5)
    for _ in range(300):
        concept, colour, style = rng.choice(CONCEPTS), rng.choice(list(COLOURS)), rng.choice(STYLES)
        english = plain_prompt(concept.key, colour, style, "en", rng)
        assert concept.en[0].text in english
        assert colour in english
        french = plain_prompt(concept.key, colour, style, "fr", rng)
        assert concept.fr[0].text in french
        assert any(form in french for form in FRENCH_COLOURS[colour])


def test_tables_cover_each_other() -> None:
    assert set(FRENCH_COLOURS) == set(COLOURS)
    assert set(SIZES["en"]) == set(SIZES["fr"])
    assert set(RELATIONS["en"]) == set(RELATIONS["fr"]) == set(SCENE_RELATIONS)
    assert all(name.gender in ("m", "f") for concept in CONCEPTS for name in concept.fr)
    assert len({concept.key for concept in CONCEPTS}) == len(CONCEPTS)
    assert len({concept.code for concept in CONCEPTS}) == len(CONCEPTS)
