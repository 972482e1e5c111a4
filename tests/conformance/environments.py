"""Environments of the clients: made once under .cache/conformance, each apart from everything of ours.

python -m tests.conformance.environments     makes those that are missing; tells which could not be had

It needs nothing but Python and pip: `.ci/run` starts it before what the tests need is installed.
"""

import shutil
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
CACHE = REPO / ".cache" / "conformance"
MINUTES = 5 * 60
AT_ONCE = 2
"""Installed at the same time: one unpacks while the other waits for its packages."""


@dataclass(frozen=True)
class Client:
    """One client of `clients.toml`."""

    name: str
    kind: str
    driver: str
    packages: list[str]
    version_of: str

    @property
    def folder(self) -> Path:
        """Where it is installed, named by what is in it: another wish is another folder."""
        wish = "_".join(self.packages)
        return CACHE / "".join(character if character.isalnum() else "-" for character in f"{self.kind}-{wish}")

    @property
    def command(self) -> list[str]:
        """How its driver is started."""
        if self.kind == "npm":
            return ["node", str(self.folder / self.driver)]
        python = sys.executable if self.kind == "here" else str(self.folder / "bin" / "python")
        return [python, str(HERE / "drivers" / self.driver)]

    @property
    def ready(self) -> bool:
        """Whether it can be run."""
        return self.kind == "here" or (self.folder / ".ready").exists()

    def prepare(self) -> None:
        """A driver for node stands beside its packages: that is where node looks for them."""
        if self.kind == "npm":
            shutil.copy(HERE / "drivers" / self.driver, self.folder / self.driver)

    def install(self) -> None:
        """Raises OSError or subprocess.SubprocessError where it cannot be had."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.kind == "npm":
            packages = ["--silent", "--no-audit", "--no-fund", "--prefix", str(self.folder), *self.packages]
            commands = [["npm", "install", *packages]]
        else:
            # One pip, ours, for all of them: to put one into each takes seconds, and nobody asks for it there.
            venv = [sys.executable, "-m", "venv", "--without-pip", str(self.folder)]
            pip = [sys.executable, "-m", "pip", "--python", str(self.folder / "bin" / "python"), "install"]
            commands = [venv, [*pip, "--quiet", "--disable-pip-version-check", *self.packages]]
        for command in commands:
            subprocess.run(command, check=True, timeout=MINUTES, capture_output=True)
        (self.folder / ".ready").touch()


def clients() -> list[Client]:
    """All of them."""
    listed = tomllib.loads((HERE / "clients.toml").read_text(encoding="utf-8"))["client"]
    return [Client(**entry) for entry in listed]


def installed(client: Client) -> str:
    """Installs one; a sentence on how it went."""
    began = time.monotonic()
    try:
        client.install()
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(client.folder, ignore_errors=True)
        return f"conformance: {client.name} is not available here ({type(error).__name__})\n"
    return f"conformance: installed {client.name} in {time.monotonic() - began:.0f} s\n"


def main() -> None:
    """Installs what is missing."""
    missing = [client for client in clients() if not client.ready]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for told in pool.map(installed, missing):
            sys.stdout.write(told)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
