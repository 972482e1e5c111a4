"""Benchmarks: each a ratio of two things measured in one run, on this machine, and what it loses too."""
