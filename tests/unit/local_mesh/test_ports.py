"""Ports that are free: parts of a mesh that start at the same time must not be given the same one, and one that
somebody else has is named before anything starts."""

import socket
import threading
from pathlib import Path

import pytest

from services.local_mesh import mesh as mesh_module
from services.local_mesh.mesh import LocalMesh, MeshError
from services.local_mesh.ports import Ports, free_port

MODELS = Path("none")


def test_a_port_is_not_given_again_while_its_owner_may_still_be_starting() -> None:
    given = [free_port() for _ in range(400)]
    assert len(set(given)) == len(given)


def test_a_port_that_a_server_listens_on_is_told_with_its_part() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert Ports(0, port, 0, 0, 0, 0).taken(0.0) == {"edge_http": port}
    assert not Ports(0, port, 0, 0, 0, 0).taken(0.0)


def test_a_port_lent_to_a_connection_that_ends_is_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = socket.create_connection(server.getsockname())
        lent = Ports(connection.getsockname()[1], 0, 0, 0, 0, 0)
        assert lent.taken(0.0)
        server.accept()[0].close()
        threading.Timer(0.3, connection.close).start()
        assert not lent.taken(30.0)


def test_a_mesh_says_which_port_is_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh_module, "PORT_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        local = LocalMesh(tmp_path, Ports(port, 0, 0, 0, 0, 0), MODELS)
        with pytest.raises(MeshError, match=rf"port {port} \(edge_grpc\).*--any-ports"):
            local.start()
        local.stop()
    assert not local.children


def test_a_second_mesh_in_one_folder_is_turned_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh_module, "PORT_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        busy = Ports(server.getsockname()[1], 0, 0, 0, 0, 0)
        first, second = LocalMesh(tmp_path, busy, MODELS), LocalMesh(tmp_path, busy, MODELS)
        with pytest.raises(MeshError, match="port"):
            first.start()
        with pytest.raises(MeshError, match="another mesh runs in"):
            second.start()
        first.stop()
        with pytest.raises(MeshError, match="port"):
            second.start()
        second.stop()
