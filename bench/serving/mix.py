"""What is asked of the shipped model."""

from __future__ import annotations

STEPS = (2, 4, 4, 8)
"""Step counts, equally likely entries: half of the pictures take the model's usual four."""
