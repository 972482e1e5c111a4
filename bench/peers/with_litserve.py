"""LitServe: a batch is what waits when a worker becomes free. POST /predict.

It takes requests while they come, up to `WAIT` after the first look; longer waits made everything slower.
"""

from __future__ import annotations

import sys
from typing import Any

import litserve

from bench.peers.plan import Plan, Want

WAIT = 0.005
"""Seconds."""


class Baker(litserve.LitAPI):  # type: ignore[misc]
    """The worker. The plan travels with it into its process."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(max_batch_size=plan.rows, batch_timeout=WAIT)
        self.plan = plan

    def setup(self, device: object) -> None:
        """Once, in the worker."""
        self.worker = self.plan.new_worker()

    def decode_request(self, request: dict[str, object]) -> Want:
        """As it is. Its type is read by name from elsewhere, where only built-in ones are known."""
        return request

    def batch(self, inputs: list[Want]) -> list[Want]:
        """As they are."""
        return list(inputs)

    def unbatch(self, output: list[str]) -> list[str]:
        """As they are."""
        return output

    def predict(self, wants: Any) -> Any:
        """Bakes a batch, or the one request where batches are of one."""
        if self.plan.rows == 1:
            return self.worker.bake([wants])[0]
        return self.worker.bake(wants)

    def encode_response(self, output: str) -> dict[str, str]:
        """The answer."""
        return {"picture": output}


def main() -> None:
    """Serves until it is told to stop."""
    plan, port = Plan.read(), int(sys.argv[1])
    server = litserve.LitServer(Baker(plan), accelerator="cpu", workers_per_device=plan.workers, timeout=False)
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning")


if __name__ == "__main__":
    main()
