"""One address in front of several edges, as a load balancer is: bytes go to the one that is chosen now."""

import contextlib
import socket
import threading


class Switchboard:
    """Forwards connections on loopback. Close it."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.heard: list[tuple[int, bytes]] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def switch(self, target: int) -> None:
        """New connections go to another port; those that are open break off."""
        self.target = target
        with self._lock:
            cut, self._open = self._open, set()
        for one in cut:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def resumed_after(self, target: int) -> list[str]:
        """What readers of events asked a port to go on after."""
        requests = [head for port, head in self.heard if port == target and b"/events" in head.split(b"\r\n")[0]]
        lines = [line for head in requests for line in head.split(b"\r\n")]
        return [
            line.split(b":", 1)[1].strip().decode() for line in lines if line.lower().startswith(b"last-event-id")
        ]

    def close(self) -> None:
        """Takes no more and breaks off what is open."""
        self._listener.close()
        self.switch(0)

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return  # closed
            target = self.target
            try:
                edge = socket.create_connection(("127.0.0.1", target))
            except OSError:
                caller.close()
                continue
            with self._lock:
                self._open |= {caller, edge}
            for source, sink, port in ((caller, edge, target), (edge, caller, 0)):
                threading.Thread(target=self._pump, args=(source, sink, port), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, port: int) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(1 << 16):
                if port:
                    self.heard.append((port, chunk))
                sink.sendall(chunk)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        source.close()
