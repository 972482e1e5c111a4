"""The oven held against four peers, all on one emulated accelerator, each behind its own network front.

    arrivals (one list) ──> client of each system ──loopback──> its server process ──> Device ──> Meter

`device` takes the time a published batch-efficiency curve says, so that what is compared is scheduling alone and
a busy CPU machine disturbs it little. Every system gets the same arrivals, open loop: a request is sent at its
time whether or not earlier ones were answered. `peers/` holds one server a peer and needs that peer's package;
`ours` is the real generator service over a pipeline whose step is the device.

    make bench-peers        (bench/oven/peers.txt, into .venv-peers)
    make bench-generator    (or python -m bench.oven [--quick] [--peers PYTHON])

Peers that are not installed are named and left out.
"""
