"""The desk: who may ask, what is left, who is next, and which oven they get.

| file | job |
|---|---|
| `reservation` | the one state table, and a reservation as plain values |
| `limits` | from a tier's limits to windows and verdicts (core) |
| `line` | fair-queue arithmetic between classes and accounts (core) |
| `wait` | how long a ticket waits, as a range (core) |
| `ticket` | a ticket as its watcher sees it (core) |
| `policy` | tiers, weights, limits and times from a TOML file, validated |
| `policy_text` | that policy as the scripts read it |
| `store` | what the desk asks of its store, in plain values |
| `memory_store` | that, in Python: for tests and simulation |
| `memory_reservations`, `memory_ovens`, `memory_records`, `memory_office` | what it stands on |
| `redis_store`, `lua/` | that, in Redis or Valkey: one script a mutation |
| `checks` | what a caller may send |
| `office` | what the back office asks of the store |
| `accounts` | keys, tokens, and who holds them |
| `id_tokens`, `key_set` | ID tokens of a trusted issuer, and its public keys |
| `back_office` | what operators do to accounts, the surge level and the line |
| `desk` | every call of the service, over a store |
| `watch` | tickets that somebody follows |
| `rounds` | what goes on beside the calls: handing out turns, sweeping, gauges |
| `metrics` | what is counted |
| `server`, `admin_server` | gRPC messages to plain values and back |
"""
