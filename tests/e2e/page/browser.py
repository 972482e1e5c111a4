"""Debian's Chromium, headless, spoken to over its own pipe: no driver, no web socket, nothing to install.

Chromium reads commands of the DevTools protocol on file descriptor 3 and writes answers and events on 4, each
ended by a zero byte.
"""

import base64
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
ANSWER_SECONDS = 30.0

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe",
)  # fmt: skip

_TRAMPOLINE = (
    "import fcntl, os, sys\n"
    "read, write = (fcntl.fcntl(int(fd), fcntl.F_DUPFD, 20) for fd in sys.argv[1:3])\n"
    "os.dup2(read, 3); os.dup2(write, 4)\n"
    "os.execv(sys.argv[3], sys.argv[3:])\n"
)

_HURRIED = """
    for (const name of ["setTimeout", "setInterval"]) {
      const real = window[name];
      window[name] = (action, ms = 0, ...more) => real(action, ms / %d, ...more);
    }
"""


class BrowserError(Exception):
    """The browser said no, or nothing, or the page never came to what was waited for."""


class Browser:
    """One Chromium process. Close it."""

    def __init__(self, folder: Path) -> None:
        to_child, self._write = os.pipe()
        self._read, from_child = os.pipe()
        command = [str(CHROMIUM), *_FLAGS, f"--user-data-dir={folder}", "about:blank"]
        environment = {**os.environ, "HOME": str(folder)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TRAMPOLINE, str(to_child), str(from_child), *command],
            pass_fds=(to_child, from_child),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_child)
        os.close(from_child)
        self._ids = itertools.count(1)
        self._answers: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}
        self._listener = threading.Thread(target=self._listen, name="browser", daemon=True)
        self._listener.start()

    def close(self) -> None:
        """Ends the process."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._listener.join(10)
        os.close(self._write)
        os.close(self._read)

    def open(
        self,
        url: str,
        *,
        language: str = "en-CA",
        size: tuple[int, int] = (1280, 900),
        dark: bool = False,
        phone: bool = False,
        hurry: int = 1,
    ) -> "Page":
        """A page in a profile of its own. Its clocks run `hurry` times as fast as they do for people."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, target)
        self._pages[session] = page
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        agent = self.call("Browser.getVersion")["userAgent"]
        page.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)
        page.call("Emulation.setLocaleOverride", locale=language.replace("-", "_"))
        page.call("Emulation.setTimezoneOverride", timezoneId="America/Toronto")
        page.resize(size, phone=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.call("Emulation.setEmulatedMedia", features=[scheme])
        if hurry != 1:
            page.call("Page.addScriptToEvaluateOnNewDocument", source=_HURRIED % hurry)
        page.goto(url)
        return page

    def close_pages(self) -> None:
        """Closes every tab."""
        for page in list(self._pages.values()):
            page.close()
        self._pages.clear()

    def call(self, method: str, session: str = "", /, **params: Any) -> dict[str, Any]:
        """One command and its result. Raises BrowserError."""
        number = next(self._ids)
        answer: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._answers[number] = answer
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]
        try:
            result = answer.get(timeout=ANSWER_SECONDS)
        except queue.Empty:
            raise BrowserError(f"no answer to {method}") from None
        finally:
            del self._answers[number]
        if "error" in result:
            raise BrowserError(f"{method}: {result['error']['message']}")
        return dict(result["result"])

    def _listen(self) -> None:
        rest = b""
        while chunk := os.read(self._read, 1 << 16):
            *messages, rest = (rest + chunk).split(b"\0")
            for raw in messages:
                message = json.loads(raw)
                if answer := self._answers.get(message.get("id", 0)):
                    answer.put(message)
                elif page := self._pages.get(message.get("sessionId", "")):
                    page.heard(message["method"], message["params"])


@dataclass
class Page:
    """One tab. `complaints` gathers exceptions, console errors and breaches of the content policy."""

    browser: Browser
    session: str
    target: str
    complaints: list[str] = field(default_factory=list)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command to this tab."""
        return self.browser.call(method, self.session, **params)

    def heard(self, method: str, params: dict[str, Any]) -> None:
        """Takes an event of this tab."""
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            entry = params["entry"]
            if entry["source"] != "network":
                self.complaints.append(entry["text"])

    def goto(self, url: str) -> None:
        """Loads a page and waits until it has started."""
        self.call("Page.navigate", url=url)
        self.wait("document.documentElement?.dataset.ready !== undefined")

    def reload(self) -> None:
        """Loads the same page again."""
        self.run("delete document.documentElement.dataset.ready")
        self.call("Page.reload")
        self.wait("document.documentElement?.dataset.ready !== undefined")

    def resize(self, size: tuple[int, int], *, phone: bool = False) -> None:
        """Sets the size of the window, in CSS pixels."""
        width, height = size
        scale = 2 if phone else 1
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone
        )

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        result = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in result:
            raise BrowserError(result["exceptionDetails"].get("exception", {}).get("description", script))
        return result["result"].get("value")

    def wait(self, script: str, seconds: float = 15.0) -> Any:
        """Waits until an expression is true and returns its value. Raises BrowserError."""
        plain = f"(() => {{ const found = ({script}); return found instanceof Node ? true : found; }})()"
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if value := self.run(plain):
                    return value
            except BrowserError as error:
                if not any(word in str(error).lower() for word in ("context", "navigated")):
                    raise
            time.sleep(0.03)
        raise BrowserError(f"never true: {script}\n{self.text()[:2000]}\n{self.complaints}")

    def text(self) -> str:
        """What a person can read on the page."""
        return str(self.run("document.body.innerText"))

    def wait_text(self, text: str, seconds: float = 15.0) -> None:
        """Waits until the page shows `text`; any space stands for any other."""
        self.wait(f"document.body.innerText.replace(/\\s+/g, ' ').includes({json.dumps(text)})", seconds)

    def click(self, selector: str, text: str = "") -> None:
        """Clicks the first visible element that matches, with `text` in it."""
        found = (
            f"[...document.querySelectorAll({json.dumps(selector)})].find((node) => node.checkVisibility()"
            f" && node.textContent.includes({json.dumps(text)}))"
        )
        self.wait(f"Boolean({found})")
        self.run(f"{found}.click()")

    def fill(self, selector: str, value: str) -> None:
        """Types a value into a field, in place of what was there."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{found}.focus(); {found}.select?.()")
        self.call("Input.insertText", text=value)

    def press(self, key: str, code: int, modifiers: int = 0) -> None:
        """Presses a key; `modifiers` 2 is Control."""
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", type="rawKeyDown", **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Writes a PNG of the window, or of the whole page."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        """Closes the tab."""
        self.browser.call("Target.closeTarget", targetId=self.target)
