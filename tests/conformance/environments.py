"""Environments of the clients: made once under .cache/conformance, each apart from everything of ours.

python -m tests.conformance.environments     makes those that are missing; tells which could not be had
"""

import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
CACHE = REPO / ".cache" / "conformance"
MINUTES = 5 * 60


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
            pip = [str(self.folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
            commands = [[sys.executable, "-m", "venv", str(self.folder)], [*pip, *self.packages]]
        for command in commands:
            subprocess.run(command, check=True, timeout=MINUTES, capture_output=True)
        (self.folder / ".ready").touch()


def clients() -> list[Client]:
    """All of them."""
    listed = tomllib.loads((HERE / "clients.toml").read_text(encoding="utf-8"))["client"]
    return [Client(**entry) for entry in listed]


def main() -> None:
    """Installs what is missing."""
    for client in clients():
        if client.ready:
            continue
        sys.stdout.write(f"conformance: installing {client.name} ...\n")
        try:
            client.install()
        except (OSError, subprocess.SubprocessError) as error:
            shutil.rmtree(client.folder, ignore_errors=True)
            sys.stdout.write(f"conformance: {client.name} is not available here ({type(error).__name__})\n")


if __name__ == "__main__":
    main()
