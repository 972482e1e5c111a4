"""axe-core over the page as it stands: the rules, put into the tab by the browser's own protocol.

The page's content policy allows no script from elsewhere, and none is let in: what the protocol evaluates is not
the page's.
"""

import importlib.util
import json
from pathlib import Path
from typing import Any

from tests.e2e.page.browser import Page

GRAVE = {"serious", "critical"}


def source() -> str:
    """axe-core's text, out of the package that carries it. (The package itself would want Playwright.)"""
    found = importlib.util.find_spec("axe_playwright_python")
    assert found and found.submodule_search_locations, "axe-playwright-python is missing: make setup"
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


def grave(page: Page) -> list[str]:
    """Everything serious or critical, as "rule: what (where)"; all of axe's rules but the experimental ones."""
    if not page.run("typeof axe !== 'undefined'"):
        page.run(f"{source()}; undefined")
    still = "document.getAnimations().filter((one) => one.effect.getTiming().iterations < 99)"
    page.run(f"Promise.allSettled({still}.map((one) => one.finished)).then(() => true)")
    found: list[dict[str, Any]] = json.loads(
        page.run(
            "axe.run(document, { resultTypes: ['violations'] }).then((told) => JSON.stringify(told.violations))"
        )
    )
    assert page.run("axe.version").startswith("4."), "the rules themselves ran"
    return [
        f"{one['id']}: {one['help']} ({node['target'][0]}: {node['failureSummary']})"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]
