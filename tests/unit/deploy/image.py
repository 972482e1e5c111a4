"""What deploy/Dockerfile puts into the image of one service, read from its text."""

import fnmatch
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.deploy.rendering import REPO

DOCKERFILE = REPO / "deploy" / "Dockerfile"


@dataclass
class Stage:
    """One FROM. Copies are (sources, target), in order, from the build context only."""

    name: str
    parent: str
    copies: list[tuple[list[str], str]] = field(default_factory=list)
    workdir: str = ""
    entrypoint: list[str] = field(default_factory=list)
    user: str = ""
    exposed: set[int] = field(default_factory=set)


def instructions(text: str) -> list[tuple[str, str]]:
    """(instruction, rest) of a Dockerfile, continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(line.split(None, 1)[0].upper(), line.split(None, 1)[1].strip()) for line in joined]


def stages() -> list[Stage]:
    """The stages in order; the last, unnamed one is what is built."""
    found: list[Stage] = []
    for word, rest in instructions(DOCKERFILE.read_text(encoding="utf-8")):
        if word == "FROM":
            parent, _, name = rest.partition(" AS ")
            found.append(Stage(name, parent))
        elif word == "COPY" and not rest.startswith("--from="):
            *sources, target = rest.split()
            found[-1].copies.append((sources, target))
        elif word == "WORKDIR":
            found[-1].workdir = rest
        elif word == "ENTRYPOINT":
            found[-1].entrypoint = json.loads(rest)
        elif word == "USER":
            found[-1].user = rest
        elif word == "EXPOSE":
            found[-1].exposed = {int(port) for port in rest.split()}
    return found


def lineage(service: str) -> list[Stage]:
    """The stages whose files are in the service's image, oldest first."""
    by_name = {stage.name: stage for stage in stages()}
    chain = [by_name[""]]
    parent = service
    while parent in by_name:
        chain.insert(0, by_name[parent])
        parent = by_name[parent].parent
    return chain


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path of the repository from the builder; the last matching line decides."""
    verdict = False
    for line in (REPO / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern, hides = line.removeprefix("!"), not line.startswith("!")
        parts = path.split("/")
        prefixes = ["/".join(parts[: length + 1]) for length in range(len(parts))]
        tails = parts if pattern.startswith("**/") else prefixes
        if any(fnmatch.fnmatchcase(entry, pattern.removeprefix("**/")) for entry in tails):
            verdict = hides
    return verdict


def assemble(service: str, root: Path) -> Path:
    """Makes the image's working folder below `root` from the COPY lines alone and returns it; model files are
    linked, not copied."""
    folder = root
    for stage in lineage(service):
        if stage.workdir:
            folder = root / stage.workdir.lstrip("/")
            folder.mkdir(parents=True)
        for sources, target in stage.copies:
            for source in sources:
                _copy(REPO / source, folder / target / (source if target.endswith("/") else ""))
    return folder


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_relative_to(REPO / "models"):
        target.symlink_to(source)
    elif source.is_dir():
        shutil.copytree(source, target, ignore=_hidden)
    else:
        shutil.copyfile(source, target)


def _hidden(folder: str, names: list[str]) -> set[str]:
    base = Path(folder).relative_to(REPO)
    return {name for name in names if ignored((base / name).as_posix())}
