"""LitServe: a batch is what waits when the worker becomes free. POST /predict {"steps": n}.

It takes requests while they come, up to `WAIT` after the first look; longer waits made everything slower.
"""

from __future__ import annotations

import sys
from typing import Any

import litserve

from bench.oven.curve import CAP
from bench.oven.manners import calls_of
from bench.oven.peers import new_device

WAIT = 0.005
"""Seconds."""


class Baker(litserve.LitAPI):  # type: ignore[misc]
    """The worker. The manner travels with it into its process."""

    def __init__(self, manner: str) -> None:
        super().__init__(max_batch_size=CAP, batch_timeout=WAIT)
        self.manner = manner

    def setup(self, device: object) -> None:
        """Once, in the worker."""
        self.accelerator = new_device()

    def decode_request(self, request: dict[str, int]) -> int:
        """Steps of one request."""
        return int(request["steps"])

    def batch(self, inputs: list[int]) -> list[int]:
        """As they are."""
        return list(inputs)

    def unbatch(self, output: list[int]) -> list[int]:
        """As they are."""
        return output

    def predict(self, steps: Any) -> list[int]:
        """Bakes a batch."""
        self.accelerator.run(calls_of(self.manner, steps))
        return list(steps)

    def encode_response(self, output: int) -> dict[str, int]:
        """The answer."""
        return {"steps": output}


def main() -> None:
    """Serves until it is told to stop."""
    manner, port = sys.argv[1], int(sys.argv[2])
    server = litserve.LitServer(Baker(manner), accelerator="cpu", workers_per_device=1, timeout=False)
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning")


if __name__ == "__main__":
    main()
