"""Nouns in both languages: articles, plurals, elision and agreement."""

import pytest

from models.text2image.concepts import BY_KEY, CONCEPTS, Name
from models.text2image.scenes import countable
from models.text2image.words import (
    de,
    english_object,
    english_plural,
    french_colour,
    french_definite,
    french_object,
    french_plural,
)


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


@pytest.mark.parametrize(
    ("key", "english", "french"),
    [
        ("fox", "foxes", "renards"),
        ("bear", "bears", "ours"),
        ("fish", "fish", "poissons"),
        ("butterfly", "butterflies", "papillons"),
        ("cactus", "cacti", "cactus"),
        ("bread", "loaves of bread", "pains"),
        ("cheese", "pieces of cheese", "fromages"),
        ("cake", "cakes", "gâteaux"),
        ("icecream", "ice cream cones", "cornets de glace"),
        ("coffee", "cups of coffee", "tasses de café"),
        ("rainbow", "rainbows", "arcs-en-ciel"),
        ("fire", "fires", "feux"),
        ("bus", "buses", "bus"),
        ("key", "keys", "clés"),
    ],
)
def test_plurals(key: str, english: str, french: str) -> None:
    assert english_plural(BY_KEY[key].en[0].text) == english
    assert french_plural(BY_KEY[key].fr[0].text) == french


def test_what_is_plural_already_is_not_counted() -> None:
    assert not countable("cherries") and not countable("grapes") and countable("crab")
    assert sum(countable(concept.key) for concept in CONCEPTS) > 60


@pytest.mark.parametrize(
    ("colour", "key", "several", "word"),
    [
        ("green", "house", False, "verte"),
        ("green", "house", True, "vertes"),
        ("white", "cat", True, "blancs"),
        ("grey", "cat", True, "gris"),
        ("orange", "house", True, "orange"),
        ("red", "cherries", False, "rouges"),
    ],
)
def test_colours_agree_with_gender_and_number(colour: str, key: str, several: bool, word: str) -> None:
    assert french_colour(colour, first_french(key), several=several) == word
