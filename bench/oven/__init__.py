"""The oven held against four peers, all on one emulated accelerator, each behind its own network front.

    arrivals (one list) ──> client of each system ──loopback──> its server process ──> Device ──> Meter

`device` takes the time a published batch-efficiency curve says, so that what is compared is scheduling alone and
a busy CPU machine disturbs it little. The arrivals are `bench.traffic`'s, the peers' servers `bench.peers`';
`ours` is the real generator service over a pipeline whose step is the device.

    make bench-generator    (or python -m bench.oven [--quick] [--peers PYTHON])
"""
