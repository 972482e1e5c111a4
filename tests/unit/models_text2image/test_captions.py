"""The caption grammar: articles, elision and agreement in both languages."""

import random

import pytest

from models.text2image.captions import (
    FRENCH_COLOURS,
    LANGUAGES,
    SIZES,
    caption,
    colour_phrase,
    de,
    english_object,
    french_definite,
    french_object,
    plain_prompt,
)
from models.text2image.concepts import BY_KEY, CONCEPTS, Name
from models.text2image.scenes import COLOURS, STYLES, Ground, Scene, sample_scene


def first_french(key: str) -> Name:
    return BY_KEY[key].fr[0]


@pytest.mark.parametrize(
    ("phrase", "joined"),
    [
        ("un crabe", "d'un crabe"),
        ("une étoile", "d'une étoile"),
        ("crabe", "de crabe"),
        ("étoile", "d'étoile"),
        ("œuf", "d'œuf"),
        ("le pain", "du pain"),
        ("les cerises", "des cerises"),
        ("des cerises", "de cerises"),
        ("des étoiles", "d'étoiles"),
        ("de petites cerises", "de petites cerises"),
        ("la mer", "de la mer"),
        ("l'eau", "de l'eau"),
    ],
)
def test_de_contracts_and_elides(phrase: str, joined: str) -> None:
    assert de(phrase) == joined


def test_an_aspirated_h_is_not_elided() -> None:
    owl = next(name for name in BY_KEY["owl"].fr if name.text == "hibou")
    assert owl.aspirated
    assert french_definite(owl) == "le hibou"
    assert de(owl.text, aspirated=owl.aspirated) == "de hibou"


@pytest.mark.parametrize(
    ("key", "definite"),
    [("star", "l'étoile"), ("crab", "le crabe"), ("house", "la maison"), ("cherries", "les cerises")],
)
def test_definite_articles(key: str, definite: str) -> None:
    assert french_definite(first_french(key)) == definite


def test_sizes_agree_with_gender_and_number() -> None:
    little = ("petit", "petite")
    assert french_object(first_french("crab"), little) == "un petit crabe"
    assert french_object(first_french("strawberry"), little) == "une petite fraise"
    assert french_object(first_french("cherries"), little) == "de petites cerises"
    assert french_object(first_french("cherries"), ("gros", "grosse")) == "de grosses cerises"
    assert french_object(first_french("cherries")) == "des cerises"


@pytest.mark.parametrize(
    ("key", "adjective", "words"),
    [
        ("apple", "", "an apple"),
        ("apple", "big", "a big apple"),
        ("crab", "", "a crab"),
        ("cherries", "small", "some small cherries"),
    ],
)
def test_english_articles(key: str, adjective: str, words: str) -> None:
    assert english_object(BY_KEY[key].en[0], adjective) == words


def test_the_storys_own_prompts_are_among_the_captions() -> None:
    rng = random.Random(0)
    scene = Scene(("crab", "boat"), "3d", Ground(place="beach", sky="day"), relation="beside")
    english = {caption(scene, "en", rng) for _ in range(6000)}
    french = {caption(scene, "fr", rng) for _ in range(6000)}
    assert "a crab next to a boat on a beach" in english
    assert "un crabe à côté d'une barque sur la plage" in french


def test_colours_agree() -> None:
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
    assert all(name.gender in ("m", "f") for concept in CONCEPTS for name in concept.fr)
    assert len({concept.key for concept in CONCEPTS}) == len(CONCEPTS)
    assert len({concept.code for concept in CONCEPTS}) == len(CONCEPTS)
