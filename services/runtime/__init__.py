"""What every Fournil process does, and nothing a single service owns.

A service's `__main__` reads its settings once, builds its parts and hands its servicers to `ServiceProcess`:

    env = Environment(os.environ)
    process = ServiceProcess(ProcessSettings.read("quota", env, default_listen="0.0.0.0:50051"))
    process.add(quota_pb2_grpc.add_QuotaServiceServicer_to_server, servicer, "fournil.quota.v1.QuotaService")
    process.run(background=[sweeper.run], close=[link.close])

| file | job |
|---|---|
| `settings` | environment variables to plain values, with errors that name the variable |
| `errors` | `Fault`: the one domain error, and the reasons it may have |
| `wire_errors` | `Fault` to gRPC status and back, once |
| `wire_time` | seconds to protobuf's durations and timestamps, and back |
| `call_context` | request id, deadline and language of the call being served |
| `interceptors` | the boundary of every RPC, serving and calling |
| `admin_token` | what operators show to admin services |
| `categories` | what is refused, in words |
| `channels`, `calling` | how one service reaches another |
| `batches` | what is asked together goes in one call |
| `policy_reload` | a policy file that may change while a service decides by it |
| `redis_servers` | which server a Redis URL means right now: one, Sentinel's master, a Cluster's node |
| `redis_link` | how a service reaches Redis: bounded, scripts loaded by hash, errors translated |
| `redis_wire`, `pipelined` | how the desk does: one write a turn of the loop, a budget, a breaker |
| `telemetry` | JSON logs and Prometheus metrics |
| `process` | start, health, drain, stop |
| `sentence_encoder` | sentences to vectors; shared by moderator and generator |
"""

import os

# onnxruntime reports home by default, also on Linux; it reads this when it is imported. Nothing here ever does.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
