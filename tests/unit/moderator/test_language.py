"""What is plainly French is told from all else."""

import pytest

from services.moderator.language import french


@pytest.mark.parametrize(
    "text",
    [
        "un crabe a cote d'un bateau", "une affiche pour la fête du village", "dessine-moi un mouton",
        "le chat de ma voisine, photo, 35mm, bokeh", "LA TOUR EIFFEL SOUS LA PLUIE", "l'île au trésor",
    ],
)  # fmt: skip
def test_french_is_french(text: str) -> None:
    assert french(text)


@pytest.mark.parametrize(
    "text",
    [
        "a crab beside a boat", "portrait, moody light, 35mm", "", "12 34", "Notre-Dame, Paris, France",
        "the word 'bonjour' on a poster", "un chat and the dog of the house", "クラゲ",
        "a café on the rue de Rivoli",
    ],
)  # fmt: skip
def test_all_else_is_not(text: str) -> None:
    assert not french(text)


def test_a_long_text_costs_no_more_than_its_start() -> None:
    assert not french("the boat " * 300 + "le la les " * 10_000)
