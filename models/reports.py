"""Where an evaluation leaves its figures: one JSON file a model under docs/model."""

import json
from collections.abc import Mapping
from pathlib import Path


def write_report(figures: Mapping[str, object], report: Path) -> None:
    """Writes the figures; the folder is made if need be."""
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
