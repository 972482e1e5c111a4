"""JSON logs on stderr, one line an event, each with the service, the request id and UTC time; metrics over
HTTP for Prometheus."""

import logging
import sys
from typing import Any

import prometheus_client
from pythonjsonlogger.json import JsonFormatter

from services.runtime import call_context
from services.runtime.settings import split_address


class _CallFields(logging.Filter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def filter(self, record: logging.LogRecord) -> bool:
        record.service = self._service
        record.request_id = call_context.request_id.get()
        return True


def start_logging(service: str) -> None:
    """Sends every logger of the process to stderr as JSON, from INFO on. Called once, first."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_CallFields(service))
    formatter = JsonFormatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s %(service)s %(request_id)s",
        rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        json_ensure_ascii=False,
    )
    formatter.default_time_format = "%Y-%m-%dT%H:%M:%S"
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def start_metrics(listen: str) -> Any:
    """Serves /metrics on host:port from a thread of its own; returns the HTTP server."""
    host, port = split_address(listen)
    server, _ = prometheus_client.start_http_server(port, addr=host)
    return server
