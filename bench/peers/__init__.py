"""One server a peer, run by the interpreter it is installed in: `python -m bench.peers.NAME PORT`.

They import their peer, the standard library and `bench.peers`, nothing of the services; what they bake with is the
`Worker` of the module that their `Plan` names (an emulated accelerator, or the shipped model). A request is JSON,
{"steps": n, "prompt": text, "seed": n}, and so is the answer, which holds what the worker made of it as text.

    make bench-peers        (bench/peers/requirements.txt, into .venv-peers)

Peers that are not installed are named and left out.
"""
