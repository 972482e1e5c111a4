"""What is asked of the emulated device."""

from __future__ import annotations

from bench.oven.curve import CAPACITY
from bench.traffic.workload import Mix

STEPS = (4, 8, 20)
"""Step counts, equally likely."""
MIX = Mix(STEPS, CAPACITY / (sum(STEPS) / len(STEPS)))
"""The device can draw at most 14.7 of these pictures a second."""
