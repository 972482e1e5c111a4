"""What is shipped is what the manifest says: every weight file, its checksum, its size, its figures."""

import json
import tomllib
from pathlib import Path

from models.manifest import KEPT, MANIFEST, MODELS, REPO, manifest
from models.text2image.card import with_figures

SHIPPED = [path for folder in KEPT for path in (MODELS / folder).rglob("*") if path.is_file()]
MOST_BYTES_A_FILE, MOST_BYTES = 50_000_000, 150_000_000
ALLOWED = {"Apache-2.0", "MIT"}


def test_the_manifest_is_fresh() -> None:
    """Digests and figures are those of the files and reports that lie here."""
    assert MANIFEST.read_text(encoding="utf-8") == manifest(), "run: python -m models.manifest"


def test_every_shipped_file_is_in_the_manifest() -> None:
    models = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["model"]
    assert {str(path.relative_to(MODELS)) for path in SHIPPED} == {name for one in models for name in one["files"]}
    for model in models:
        assert model["licence"] in ALLOWED and model["source"] and model["recipe"] and model["figures"]


def test_the_weights_stay_small() -> None:
    sizes = {path: path.stat().st_size for path in SHIPPED}
    assert max(sizes.values()) < MOST_BYTES_A_FILE and sum(sizes.values()) < MOST_BYTES


def test_the_model_card_tells_the_figures_of_the_report() -> None:
    docs: Path = REPO / "docs" / "model"
    card = (docs / "card.md").read_text(encoding="utf-8")
    figures = json.loads((docs / "evaluation.json").read_text(encoding="utf-8"))
    assert with_figures(docs) == card, "run: python -m models.text2image.card"
    assert card.count(f"| {figures['shares_named_right']['all']['prompts']} |") == 2, "in both languages"
