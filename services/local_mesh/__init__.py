"""The whole mesh on one machine: a store, four supervised services, demo keys. For trying and for tests."""
