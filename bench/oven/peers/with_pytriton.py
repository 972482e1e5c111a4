"""PyTriton: Triton's dynamic batcher with two priority levels. KServe v2 over HTTP, model `oven`; where each
step count has a queue of its own, models `oven4`, `oven8` and `oven20`, which share the device.

Input steps int32[1]; a request's parameter `priority` is 1 for paid and 2 for free. While the one instance bakes,
Triton's queue fills; a batch takes paid requests first. No delay: waiting for a fuller batch made it slower.
"""

from __future__ import annotations

import logging
import os
import sys
import sysconfig

import numpy as np
from numpy.typing import NDArray
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from bench.oven.curve import CAP
from bench.oven.manners import MANNERS, QUEUES, calls_of
from bench.oven.peers import new_device
from bench.oven.workload import STEPS


def main() -> None:
    """Serves until it is told to stop."""
    manner, port = sys.argv[1], int(sys.argv[2])
    logging.basicConfig(level=logging.WARNING)
    # Triton's Python backend is linked to libpython: it must find this interpreter's, not the system's.
    paths = (str(sysconfig.get_config_var("LIBDIR")), os.environ.get("LD_LIBRARY_PATH", ""))
    os.environ["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, paths))
    accelerator = new_device()

    @batch
    def bake(steps: NDArray[np.int32]) -> dict[str, NDArray[np.int32]]:
        """Of int32[B,1]."""
        accelerator.run(calls_of(manner, steps[:, 0].tolist()))
        return {"baked": steps}

    config = TritonConfig(
        http_address="127.0.0.1", http_port=port, allow_grpc=False, allow_metrics=False, exit_timeout_secs=1
    )
    with Triton(config=config) as triton:
        for model in [f"oven{steps}" for steps in STEPS] if MANNERS[manner] == QUEUES else ["oven"]:
            triton.bind(
                model_name=model,
                infer_func=bake,
                inputs=[Tensor(name="steps", dtype=np.int32, shape=(1,))],
                outputs=[Tensor(name="baked", dtype=np.int32, shape=(1,))],
                config=ModelConfig(
                    max_batch_size=CAP, batcher=DynamicBatcher(priority_levels=2, default_priority_level=2)
                ),
            )
        triton.serve()


if __name__ == "__main__":
    main()
