"""Sixty-four ovens and one desk on a simulated clock: the real policy, published speeds.

    requests ──> MemoryStore (the desk's own) ──turn──> Batcher (the oven's own) ──> Curve
                    ^                                          │
                    └───────── slots, heartbeats, ends ────────┘

Nothing sleeps and nothing is drawn: a heap of events moves the clock, a step takes what a published curve says.
What is decided is decided by the code that serves: `services.quota.memory_store` with `policy.toml` reserves,
orders and hands out turns; `services.generator.batcher` says who is in a step. So throughput, waits and shares of
a fleet can be seen without one. What is not in it: the network, Redis, prompts, moderation and crashes.

    make bench-fleet        (or python -m bench.fleet [--quick])
"""
