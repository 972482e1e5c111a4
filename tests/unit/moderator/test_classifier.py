"""A classifier of somebody else's, described by a small file: its pixels, its labels, its thresholds."""

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from services.moderator.classifier import Card, Classifier, Several
from services.moderator.policy import Policy
from services.moderator.verdict import judge_image
from services.runtime.errors import Fault
from services.runtime.settings import SettingsError

CARD = Path(__file__).parents[2] / "fixtures" / "moderation" / "colour.toml"


def picture(colour: str, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(stream, kind)
    return stream.getvalue()


class Calm:
    """Sees nothing."""

    def scores(self, image: bytes) -> Mapping[str, float]:
        return {"sexual": 0.01}


def test_its_scores_refuse_under_its_categories() -> None:
    card = Card.read(CARD)
    eyes = Several([Calm(), Classifier(card)])
    policy = Policy("v", {}, 0.4, {"sexual": 0.85, **card.limits})
    assert card.limits == {"violence:red": 0.9}
    red, blue = (
        judge_image(eyes.scores(picture(c)), policy=policy, decision_id="d") for c in ("#ff0000", "#0000ff")
    )
    assert (red.allowed, red.category, red.beyond) == (False, "violence", ("violence",))
    assert red.scores["violence:red"] > 0.99 and blue.allowed and blue.scores["sexual"] == 0.01
    lax = replace(policy, image={**policy.image, "violence:red": 1.0})
    assert judge_image(eyes.scores(picture("#ff0000")), policy=lax, decision_id="d").allowed


@pytest.mark.parametrize(
    ("activation", "layout", "expected"),
    [("softmax", "nchw", 0.9999), ("sigmoid", "nchw", 0.9999), ("none", "nchw", 1.0)],
)
def test_activations(activation: str, layout: str, expected: float) -> None:
    card = replace(Card.read(CARD), activation=activation, layout=layout)
    assert Classifier(card).scores(picture("#ff0000"))["violence:red"] == pytest.approx(expected, abs=1e-3)


def test_pixels_are_normalised_as_the_card_says() -> None:
    card = replace(Card.read(CARD), activation="sigmoid", mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))
    seen = Classifier(card)
    assert seen.scores(picture("#000000"))["violence:red"] < 1e-4
    assert seen.scores(picture("#808080"))["violence:red"] == pytest.approx(0.5, abs=0.02)
    with pytest.raises(Fault):
        seen.scores(b"no picture")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('file = "colour.onnx"', 'file = "none.onnx"'),
        ("size = 16", "size = 8"),
        ('activation = "softmax"', 'activation = "tanh"'),
        ('input = "pixels"', ""),
        ('red = "violence"', 'pink = "violence"'),
        ("red = 0.9", "red = 1.5"),
        ("red = 0.9", ""),
        ('labels = ["red", "green", "blue"]', "labels = 3"),
        ("size = 16", "size = "),
    ],
)
def test_a_card_that_is_wrong_says_so(tmp_path: Path, old: str, new: str) -> None:
    text = CARD.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "colour.onnx").write_bytes((CARD.parent / "colour.onnx").read_bytes())
    (tmp_path / "card.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"classifier card\.toml"):
        Card.read(tmp_path / "card.toml")


def test_a_graph_without_the_cards_names_is_told() -> None:
    with pytest.raises(SettingsError, match="no 'probabilities'"):
        Classifier(replace(Card.read(CARD), output="probabilities"))
