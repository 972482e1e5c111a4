"""Shows that a killed run goes on to the same weights: `python -m models.text2image.check_resume`.

Trains a few steps in one go; then again, with SIGKILL in the middle and a new start; compares the last grids.
A few steps only: what is checked is the run, not the pictures.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

STEPS = 48
LONGEST = 600.0
"""Seconds that one run, and the wait for a checkpoint, may take."""


def main() -> None:
    """Prints the largest difference of a pixel, 0..255; exit code 1 when it is above 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(".cache/pictures"))
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = Path(folder) / "whole", Path(folder) / "killed"
        command = [
            sys.executable,
            "-m",
            "models.text2image.train",
            "--steps",
            str(STEPS),
            "--save-minutes",
            "0.02",
        ]
        command += ["--cache", str(arguments.cache), "--encoder", str(arguments.encoder), "--out"]
        subprocess.run([*command, str(whole)], check=True, timeout=LONGEST)
        victim = subprocess.Popen([*command, str(killed)])
        limit = time.monotonic() + LONGEST
        while not (killed / "latest.pt").exists():
            if victim.poll() is not None or time.monotonic() > limit:
                victim.kill()
                raise SystemExit("no checkpoint was written")
            time.sleep(0.05)
        time.sleep(1.0)
        victim.send_signal(signal.SIGKILL)
        print(f"killed after its first checkpoint, exit code {victim.wait()}", flush=True)
        subprocess.run([*command, str(killed)], check=True, timeout=LONGEST)
        first, second = (np.asarray(Image.open(out / "grid-final.png"), int) for out in (whole, killed))
    difference = int(np.abs(first - second).max())
    print(f"largest difference of a pixel: {difference} of 255")
    sys.exit(difference > 2)


if __name__ == "__main__":
    main()
