"""What a decision of the desk costs, in five questions, each answered by two things measured in one run.

    wire      the desk as a process, one Reserve and 32 a call, beside a grpc.aio server that does nothing (`noop`)
    client    CPU of our link to Redis beside redis.asyncio's, for the same script with the same arguments
    peers     rate limiters from PyPI and npm on the same store (`peers.py`, `peer.mjs`): decisions, CPU, and who
              charges a hit that was refused
    crowd     the store's time a decision, and memory a ticket, while 1,000 to 1,000,000 wait
    outage    how long a decision takes while the store is stopped, dead, and back

    make bench-quota
    make bench-quota-peers      (bench/quota/peers.txt and peer.mjs, into .venv-quota-peers)

Peers that are not installed are named and left out. Everything shares this machine's cores: look at ratios.
"""
