"""A headless Chromium, driven through the DevTools protocol."""

import base64
import contextlib
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request

import pytest

PROGRAMS = ("chromium", "google-chrome")
WIDTH, HEIGHT = 1600, 1200
ANSWERS_WITHIN_SECONDS = 60
ANIMATED_FOR_SECONDS = 0.5
# The Projector draws with WebGL; SwiftShader does so without a GPU.
OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--remote-debugging-port=0",
    f"--window-size={WIDTH},{HEIGHT}",
]
# `elements` and `text` look into shadow roots and same-origin frames, where
# `document.querySelector` does not.
HELPERS = """
const shown = (element) => element.checkVisibility({visibilityProperty: true});
const roots = (root) => {
  const found = [root];
  for (const element of root.querySelectorAll("*")) {
    const inner = element.shadowRoot || element.contentDocument;
    if (inner) found.push(...roots(inner));
  }
  return found;
};
const elements = (selector) =>
  roots(document).flatMap((root) => [...root.querySelectorAll(selector)])
    .filter(shown);
const own = (element) => [...element.childNodes]
  .filter((node) => node.nodeType === Node.TEXT_NODE)
  .map((node) => node.data).join("").replace(/\\s+/g, " ").trim();
const texts = () => elements("*")
  .filter((element) => !["SCRIPT", "STYLE"].includes(element.tagName))
  .map((element) => [element, own(element)]).filter(([, text]) => text);
const text = () => texts().map(([, text]) => text).join("\\n");
const click = (wanted) => {
  const hits = texts().filter(([, text]) => text === wanted);
  if (hits.length) hits[0][0].click();
  return hits.length > 0;
};
"""


@contextlib.contextmanager
def chrome():
    """Starts a browser with one empty page; skips the test without one."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not program:
        pytest.skip(f"needs one of {', '.join(PROGRAMS)} in the PATH")
    websocket = pytest.importorskip("websocket")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            # Chromium takes no connection from a page of unknown origin.
            connection = websocket.create_connection(
                _page(process, pathlib.Path(profile)),
                timeout=ANSWERS_WITHIN_SECONDS,
                suppress_origin=True,
            )
            with contextlib.closing(connection):
                yield Page(connection)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Page:
    """One page of the browser.

    `errors` lists what it has logged as errors since it was last opened.
    """

    def __init__(self, connection):
        self._connection = connection
        self._number = 0
        self.errors = []
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def open(self, url):
        """Loads an address anew, even if only its `#...` differs."""
        self._call("Page.navigate", url="about:blank")
        self.wait("location.href === 'about:blank'")
        self.errors.clear()
        self._call("Page.navigate", url=url)

    def evaluate(self, expression):
        """Returns the value of JavaScript that may use the `HELPERS`."""
        answer = self._call(
            "Runtime.evaluate",
            expression=f"(() => {{ {HELPERS} return ({expression}); }})()",
            returnByValue=True,
        )
        details = answer.get("exceptionDetails")
        assert not details, f"{expression}: {json.dumps(details)[:2000]}"
        return answer["result"].get("value")

    def wait(self, condition, seconds=60):
        """Waits until JavaScript is true; returns what it then is."""
        ends = time.monotonic() + seconds
        while not (value := self._if_loaded(condition)):
            assert time.monotonic() < ends, (
                f"After {seconds} s not yet {condition}. Errors: "
                f"{self.errors}. The page reads:\n"
                f"{self._if_loaded('text()')}"
            )
            time.sleep(0.2)
        return value

    def wait_for_text(self, *wanted, seconds=60):
        """Waits until the page shows all of these texts."""
        for words in wanted:
            self.wait(f"text().includes({json.dumps(words)})", seconds)

    def click(self, words, seconds=60):
        """Clicks the first element with exactly this text of its own."""
        self.wait(f"click({json.dumps(words)})", seconds)

    def screenshot(self, file=None):
        """Returns what the page shows as PNG; writes it if given a path."""
        time.sleep(ANIMATED_FOR_SECONDS)
        answer = self._call("Page.captureScreenshot", format="png")
        png = base64.b64decode(answer["data"])
        if file:
            file = pathlib.Path(file)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(png)
        return png

    def _if_loaded(self, expression):
        """Evaluates; None while the page is on its way to another."""
        try:
            return self.evaluate(expression)
        except (AssertionError, LookupError):
            return None

    def _call(self, method, **parameters):
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters}
        self._connection.send(json.dumps(request))
        while True:
            message = json.loads(self._connection.recv())
            self._note(message)
            if message.get("id") == self._number:
                if "error" in message:
                    raise LookupError(f"{method}: {message['error']}")
                return message["result"]

    def _note(self, message):
        """Keeps what the page reports as an error between the answers."""
        method, said = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = said["exceptionDetails"]
            thrown = details.get("exception", {})
            text = thrown.get("description", details["text"])
            self.errors.append(text)
        elif method == "Log.entryAdded" and said["entry"]["level"] == "error":
            entry = said["entry"]
            self.errors.append(f"{entry['text']} ({entry.get('url', '')})")
        elif method == "Runtime.consoleAPICalled" and said["type"] == "error":
            parts = [
                str(item.get("value", item.get("description", "")))
                for item in said["args"]
            ]
            self.errors.append(" ".join(parts))


def _page(process, profile):
    """Returns the address at which the browser's only page is driven."""
    told = profile / "DevToolsActivePort"
    ends = time.monotonic() + ANSWERS_WITHIN_SECONDS
    while True:
        assert process.poll() is None, "Chromium has ended at its start."
        assert time.monotonic() < ends, "Chromium does not answer."
        lines = told.read_text().split() if told.is_file() else []
        if lines:
            url = f"http://127.0.0.1:{lines[0]}/json/list"
            with urllib.request.urlopen(url, timeout=10) as answer:
                targets = json.load(answer)
            for target in targets:
                if target["type"] == "page":
                    return target["webSocketDebuggerUrl"]
        time.sleep(0.1)
