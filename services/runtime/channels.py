"""How one service reaches another: headless names resolve to every replica, calls go round robin, a replica
that reports NOT_SERVING gets none, and dead peers are noticed by keep-alive."""

import json

import grpc

from services.runtime.calling import CallingChannel

MAX_MESSAGE_BYTES = 16 << 20


def open_channel(target: str, *, service: str) -> grpc.aio.Channel:
    """A channel to `target` ("dns:///quota:50051" or "host:port") for one full service name."""
    config = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": service},
    }
    options = [
        ("grpc.service_config", json.dumps(config)),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.min_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        # Every replica talks to the peers it chose, not to a channel some other part of the process opened.
        ("grpc.use_local_subchannel_pool", 1),
    ]
    return CallingChannel(grpc.aio.insecure_channel(target, options=options))
