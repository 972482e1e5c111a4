"""Fournil's client package: committed gRPC stubs, a small friendly client and the `fournil` command."""
