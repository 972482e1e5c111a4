"""A small TCP proxy before the edge: counts the attempts of a client, and may cut its first connection."""

import contextlib
import re
import socket
import threading
import time

_REQUEST = re.compile(rb"^(?:POST|GET) (/\S*) HTTP/1\.1\r\n", re.M)


class RecordingProxy:
    """Listens on loopback until it is closed. With `cut_after` the first connection on which a POST was sent is
    reset so many seconds later, in both directions: its client never hears an answer."""

    def __init__(self, upstream: int, *, cut_after: float | None = None) -> None:
        self.attempts: list[str] = []
        """Paths of the requests, in order."""
        self.cut = 0
        self._upstream = upstream
        self._cut_after = cut_after
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Takes no more connections and ends those that are open."""
        with contextlib.suppress(OSError):
            # Closing alone does not wake a thread that accepts.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in list(self._open):
            _reset(one)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._upstream))
            self._open |= {near, far}
            threading.Thread(target=self._pump, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, asking: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
                if asking:
                    self._note(data, source, sink)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self._open.discard(one)

    def _note(self, data: bytes, near: socket.socket, far: socket.socket) -> None:
        paths = [path.decode() for path in _REQUEST.findall(data)]
        with self._lock:
            self.attempts += paths
            cut = self._cut_after is not None and not self.cut and data.startswith(b"POST")
            self.cut += cut
        if cut:
            time.sleep(self._cut_after or 0.0)
            _reset(near)
            _reset(far)


def _reset(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
