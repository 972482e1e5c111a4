"""Our generator's process as it ships, with no desk to report to: `python -m bench.serving.generator PORT`."""

from __future__ import annotations

import os
import sys

from services.generator.__main__ import main

if __name__ == "__main__":
    nobody = "127.0.0.1:9"
    os.environ |= {"FOURNIL_LISTEN": f"127.0.0.1:{sys.argv[1]}", "FOURNIL_METRICS_LISTEN": "127.0.0.1:0"}
    os.environ |= {"FOURNIL_QUOTA": nobody, "FOURNIL_DRAIN_SECONDS": "0", "FOURNIL_GRACE_SECONDS": "1"}
    os.environ |= {"FOURNIL_OVEN_WAIT": "3600"}
    main()
