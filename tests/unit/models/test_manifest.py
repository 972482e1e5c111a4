"""What is shipped is what the manifest says: every weight file, its checksum, its size, its licence."""

import hashlib
import tomllib
from pathlib import Path

MODELS = Path(__file__).resolve().parents[3] / "models"
MANIFEST = tomllib.loads((MODELS / "manifest.toml").read_text(encoding="utf-8"))
MOST_BYTES_A_FILE, MOST_BYTES = 50_000_000, 150_000_000
ALLOWED = {"Apache-2.0", "MIT"}


def test_every_shipped_file_is_in_the_manifest_and_whole() -> None:
    shipped = {
        str(path.relative_to(MODELS / "weights")) for path in (MODELS / "weights").rglob("*") if path.is_file()
    }
    listed = {name for model in MANIFEST["model"] for name in model["files"]}
    assert shipped == listed
    for model in MANIFEST["model"]:
        for name, digest in model["files"].items():
            data = (MODELS / "weights" / name).read_bytes()
            assert hashlib.sha256(data).hexdigest() == digest, name
            assert len(data) < MOST_BYTES_A_FILE, name


def test_the_whole_stays_small() -> None:
    assert sum(path.stat().st_size for path in (MODELS / "weights").rglob("*") if path.is_file()) < MOST_BYTES


def test_every_model_names_its_licence_source_recipe_and_evaluation() -> None:
    for model in MANIFEST["model"]:
        assert model["licence"] in ALLOWED, model["name"]
        assert model["source"] and model["recipe"] and model["evaluation"], model["name"]
