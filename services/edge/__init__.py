"""The edge: the public gRPC and REST surface, and the conductor of every job's walk."""
