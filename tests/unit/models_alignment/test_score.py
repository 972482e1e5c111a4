"""The alignment judge prefers a picture's own prompt, in both languages; the distance is Fréchet's."""

from pathlib import Path

import numpy as np
import pytest

from models.alignment.score import AlignmentScorer, frechet
from models.text2image.sampler import Sampler
from services.runtime.sentence_encoder import SentenceEncoder

MODELS = Path(__file__).resolve().parents[3] / "models"
ASKED = {
    "en": ["a crab on a yellow background", "a house on a blue background", "a strawberry on a white background"],
    "fr": ["un crabe sur fond jaune", "une maison sur fond bleu", "une fraise sur fond blanc"],
}


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder(MODELS / "weights" / "use-multilingual")


@pytest.fixture(scope="module")
def scorer(encoder: SentenceEncoder) -> AlignmentScorer:
    return AlignmentScorer(MODELS / "judges" / "alignment", encoder, threads=1)


@pytest.mark.parametrize(("drawn", "read"), [("en", "en"), ("fr", "fr"), ("en", "fr"), ("fr", "en")])
def test_what_the_default_model_draws_fits_its_own_prompt_best(
    scorer: AlignmentScorer, encoder: SentenceEncoder, drawn: str, read: str
) -> None:
    """Asked in one language and read in the other, too."""
    pictures = Sampler(MODELS / "weights" / "fournil-mini", encoder, threads=1).draw(ASKED[drawn], [1, 2, 3])
    fits = scorer.pictures(pictures)[0] @ scorer.prompts(ASKED[read]).T
    assert fits.argmax(axis=1).tolist() == [0, 1, 2]
    assert scorer.score(ASKED[read], pictures) == pytest.approx(np.diag(fits), abs=1e-5)


def test_a_picture_scores_the_same_in_company(scorer: AlignmentScorer) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8)
    together, alone = scorer.pictures(pictures)[0], scorer.pictures(pictures[17:18])[0]
    assert together[17] == pytest.approx(alone[0], abs=1e-5)


def test_the_distance_of_known_distributions() -> None:
    """Between normals N(m, s²) the Fréchet distance is |m - m'|² + (s - s')², summed over components."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((4000, 3))
    assert frechet(rows, rows) == pytest.approx(0.0, abs=1e-9)
    assert frechet(rows, rows + 2.0) == pytest.approx(12.0, rel=1e-6)
    assert frechet(rows, 3.0 * rng.standard_normal((4000, 3))) == pytest.approx(12.0, rel=0.1)
