"""Ports that are free: parts of a mesh that start at the same time must not be given the same one."""

from services.local_mesh.store import free_port


def test_a_port_is_not_given_again_while_its_owner_may_still_be_starting() -> None:
    given = [free_port() for _ in range(400)]
    assert len(set(given)) == len(given)
