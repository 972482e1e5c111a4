"""An ONNX graph in memory becomes a session on the best provider that really works, its inputs checked."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeAlias

import onnxruntime

from services.generator import providers
from services.generator.folder import FolderError
from services.generator.providers import Execution

log = logging.getLogger("fournil.graph")

Axes: TypeAlias = tuple[int | None, ...]
"""A shape; None is an axis that must be open."""
Profile: TypeAlias = Mapping[str, tuple[str, str, str]]
"""Smallest, usual and largest shape of every input, as in "4x3x64x64"."""

FLOAT = "tensor(float)"
_QUIET = 3


def first_line(error: Exception) -> str:
    """The first line of an error's text, for logs of one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def open_session(
    file: str, graph: bytes, weights: Path, *, execution: Execution, shapes: Profile, content: str = ""
) -> tuple[onnxruntime.InferenceSession, str]:
    """The session, and the provider it says it uses. `file` names the graph in errors, `weights` is the folder of
    weights that lie beside it, `content` their SHA-256. Raises FolderError."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = execution.threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = _QUIET
    # Threads that spin while they wait take the cores from the other services of the machine.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.add_session_config_entry("session.model_external_initializers_file_folder_path", str(weights))
    available, trouble = onnxruntime.get_available_providers(), None
    for provider in providers.order(available, execution.wanted):
        wanted = [
            (each, providers.options(each, execution, shapes, content))
            for each in providers.companions(provider, available)
        ]
        try:
            _make_folders(wanted[0][1])
            session = onnxruntime.InferenceSession(graph, settings, providers=wanted)
        except Exception as error:
            trouble = first_line(error)
            log.info("provider failed", extra={"provider": provider, "detail": trouble})
            continue
        if session.get_providers()[0] == provider:
            return session, provider
        log.info("provider not usable here", extra={"provider": provider})
    raise FolderError(f"{file} cannot be loaded: {trouble or 'no provider that may be tried works here'}")


def _make_folders(options: Mapping[str, str]) -> None:
    """Those in which a provider keeps what it built."""
    for name, value in options.items():
        if name.endswith("_cache_path"):
            Path(value).mkdir(parents=True, exist_ok=True)


def give_memory_back() -> None:
    """What sessions held that are gone, to the system. The C library keeps most of it otherwise, in case it is
    wanted again; one that has no `malloc_trim` gives it back by itself or not at all."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def check_inputs(
    session: onnxruntime.InferenceSession,
    file: str,
    expected: Mapping[str, Axes],
    types: Collection[str] = (FLOAT,),
) -> None:
    """The inputs must be these and no others: open axes where None is, and elsewhere open or of that size. Raises
    FolderError."""
    found = {entry.name: entry for entry in session.get_inputs()}
    if found.keys() != expected.keys():
        raise FolderError(f"{file}: inputs must be {sorted(expected)}, not {sorted(found)}")
    for name, axes in expected.items():
        entry = found[name]
        fits = entry.type in types and len(entry.shape) == len(axes)
        if not fits or any(
            isinstance(has, int) if wants is None else isinstance(has, int) and has != wants
            for has, wants in zip(entry.shape, axes, strict=True)
        ):
            raise FolderError(f"{file}: input {name} is {entry.type} {entry.shape}, not {axes}")
