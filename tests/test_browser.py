"""Pages in a browser: nothing to complain of on its console, every image shown, nothing loaded, light and dark.

Debian's package chromium is enough. Without a browser the tests are skipped, unless SKIMGCLS_REQUIRE_BROWSER=1 promises
one.
"""

import base64
import io
import json
import os
import select
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import GridSearchCV, cross_validate

from skimgcls import MLPClassifier, evaluate
from skimgcls.reports import SearchReport, evaluate_cv

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
REASON = "install a browser such as Debian's chromium"
PATIENCE = 60  # seconds until a browser that does not answer is given up
# The protocol's pipes have fixed numbers.
LAUNCH = "import os, sys; asked, answered, *command = sys.argv[1:]; os.dup2(int(asked), 3); os.dup2(int(answered), 4); "
LAUNCH += "os.execv(command[0], command)"
IMAGES = "[...document.images].map(image => [image.complete && image.naturalWidth > 0, image.alt])"
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


class Browser:
    """A headless Chromium, spoken to over two pipes by the DevTools protocol: one JSON text after the other.

    Parameters
    ----------
    path : str
        The program.
    profile : path
        Folder for its own files.
    """

    def __init__(self, path, profile):
        (asked, self._ask), (self._answer, answered) = os.pipe(), os.pipe()
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
        ]
        command = [sys.executable, "-c", LAUNCH, str(asked), str(answered), path, *options]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, pass_fds=(asked, answered), **streams)
        os.close(asked)
        os.close(answered)
        self._unread, self._n_sent = b"", 0
        self.events = []

    def open(self, path):
        """Open a file in a new tab and wait until it is loaded."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable", tab=True)
        self.events.clear()
        self.send("Page.navigate", tab=True, url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def run(self, script):
        """Run JavaScript in the page, which itself may not, and return what it gives."""
        return self.send("Runtime.evaluate", tab=True, expression=script, returnByValue=True)["result"]["value"]

    def look(self, *, scheme, width):
        """Take a picture of the top of the page: ndarray of uint8 (height, width, 3)."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", tab=True, features=features)
        self.send(
            "Emulation.setDeviceMetricsOverride", tab=True, width=width, height=1400, deviceScaleFactor=1, mobile=False
        )
        png = self.send("Page.captureScreenshot", tab=True)["data"]
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))

    def send(self, method, *, tab=False, **params):
        """Send a command and wait for its answer."""
        self._n_sent += 1
        message = {"id": self._n_sent, "method": method, "params": params}
        message |= {"sessionId": self._session} if tab else {}
        os.write(self._ask, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._n_sent:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def close(self):
        """End the browser."""
        self._process.terminate()
        self._process.wait()
        os.close(self._ask)
        os.close(self._answer)

    def complaints(self):
        """What its console has said, and errors of the page."""
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [event["params"] for event in self.events if event["method"] in kinds]

    def requests(self):
        """Addresses that were asked for, but not those that hold their own data."""
        sent = [event["params"] for event in self.events if event["method"] == "Network.requestWillBeSent"]
        urls = [each["request"]["url"] for each in sent]
        return [url for url in urls if not url.startswith("data:")]

    def _read(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._unread:
            if not select.select([self._answer], [], [], max(end - time.monotonic(), 0))[0]:
                raise TimeoutError(f"The browser has said nothing for {PATIENCE} s.")
            read = os.read(self._answer, 1 << 20)
            if not read:
                raise ConnectionError("The browser has ended.")
            self._unread += read
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)


def find_browser(environ):
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None and environ.get("SKIMGCLS_REQUIRE_BROWSER") == "1":
        pytest.fail(f"SKIMGCLS_REQUIRE_BROWSER=1, but there is none: {REASON}")
    if path is None:
        pytest.skip(REASON)
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(find_browser(os.environ), tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def mlp():
    return MLPClassifier(hidden_units=16, max_epochs=2, validation_fraction=0.2, random_state=0)


def evaluation(model, X, y):
    return evaluate(model.fit(X[:120], y[:120]), X[120:], y[120:], n_bootstrap=20)


def cross_validation(model, X, y):
    result = cross_validate(model, X, y, cv=2, return_estimator=True, return_indices=True)
    return evaluate_cv(result, X, y, n_bootstrap=20)


def search(model, X, y):
    return SearchReport(GridSearchCV(model, {"lr": [1e-3, 1e-2, 1e-1]}, cv=2).fit(X, y))


@pytest.mark.parametrize("make", [evaluation, cross_validation, search], ids=lambda make: make.__name__)
def test_a_saved_page_is_whole_by_itself(make, browser, mlp, digit_scans, tmp_path):
    page = make(mlp, *digit_scans).save(tmp_path / "report.html")
    browser.open(page)
    assert browser.complaints() == []
    assert browser.requests() == [page.as_uri()]
    images = browser.run(IMAGES)
    assert len(images) > 0
    assert [alt for is_shown, alt in images if not is_shown] == []
    assert all(alt for _, alt in images)
    for width in (500, 1100):
        light, dark = (browser.look(scheme=scheme, width=width) for scheme in ("light", "dark"))
        assert np.median(light) > 240
        assert np.median(dark) < 60
        assert not browser.run(WIDER)
    assert browser.requests() == [page.as_uri()]
    assert browser.complaints() == []


def test_a_fitted_estimator_in_a_notebook_asks_for_nothing(browser, mlp, digit_scans, tmp_path):
    page = tmp_path / "notebook.html"
    page.write_text(mlp.fit(*digit_scans)._repr_html_(), encoding="utf-8")
    browser.open(page)
    assert browser.complaints() == []
    assert browser.requests() == [page.as_uri()]


def test_a_page_that_breaks_the_promise_is_found(browser, tmp_path):
    page = tmp_path / "bad.html"
    other = (tmp_path / "other.png").as_uri()
    page.write_text(f'<img src="{other}" alt=""><script>console.error("no")</script><p style="width: 3000px">wide</p>')
    browser.open(page)
    assert len(browser.complaints()) >= 1
    assert other in browser.requests()
    assert browser.run(IMAGES) == [[False, ""]]
    assert browser.run(WIDER)


def test_a_browser_that_was_promised_must_be_there(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(pytest.skip.Exception, match="chromium"):
        find_browser({})
    with pytest.raises(pytest.fail.Exception, match="SKIMGCLS_REQUIRE_BROWSER=1"):
        find_browser({"SKIMGCLS_REQUIRE_BROWSER": "1"})
