"""The shipped model on this machine's cores: our mesh and our generator beside four peers and a bare loop.

    arrivals (one list) ──> client of each system ──loopback──> its server ──> fournil-mini in onnxruntime ──> PNG

Every system does the whole work of a picture with the same code: the prompt encoded, 2, 4 or 8 steps at 96 pixels,
a PNG of 256 pixels. The peers do that and nothing else (`kitchen`), and answer it as base64 in JSON. Ours is
measured in two forms. The generator's gRPC service alone is what the peers are. The whole mesh as users run it
also keeps a durable job, holds and charges an allowance, keeps a fair line, screens every prompt and every picture
by two more models and stores the picture, all on the same cores. `bare` is a loop in one process that draws the
same pictures with nobody to serve, each call on all cores.

Full load is what the bare loop draws in the same run. Throughput at saturation is that of a list of requests that
are all sent at once; waits are those of Poisson arrivals at 0.8 and 1.0 times full load. Nobody asks for previews.

    make bench-serving      (or python -m bench.serving [--measured SECONDS] [--only PEER ...] [--quick])
"""
