#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Open a report in headless Chromium, and hold it against its JSON.

usage: browser.py PAGE.html REPORT.json DIRECTORY

Screenshots in light, in dark and as printed go into DIRECTORY. Prints what is wrong, a line each;
exit status 1 where something is.
"""

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

CHROMIUM = os.environ.get("CHROMIUM", "chromium")


class Browser:
    """The DevTools protocol over a pipe: messages of JSON, each with a NUL after it."""

    def __init__(self, profile):
        to_child, self.out = os.pipe()
        self.inp, from_child = os.pipe()

        def pipes():
            a, b = os.dup(to_child), os.dup(from_child)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--remote-debugging-pipe", "--user-data-dir=" + profile,
             "--window-size=1300,2000", "about:blank"],
            pass_fds=(3, 4), preexec_fn=pipes, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_child)
        os.close(from_child)
        self.rest, self.number, self.events, self.session = b"", 0, [], None

    def read(self):
        while b"\0" not in self.rest:
            data = os.read(self.inp, 1 << 16)
            if not data:
                raise EOFError("the browser went away")
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def open(self, path):
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        for _ in range(200):
            if self.evaluate("document.readyState") == "complete":
                return
            time.sleep(0.05)
        raise TimeoutError("the page does not load")

    def evaluate(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def save(self, name, data):
        with open(name, "wb") as f:
            f.write(base64.b64decode(data))

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


ROWS = "[...document.querySelectorAll('#controls tbody tr')]"


def texts(column):
    return f"{ROWS}.map((r) => r.children[{column}].innerText.trim())"


def number(text):
    return int(text.replace(",", ""))


def check_figures(b, report, wrong):
    cards = dict((label, number(n)) for n, label in b.evaluate(
        "[...document.querySelectorAll('.cards li')].map((l) => [l.firstChild.textContent, l.lastChild.textContent])"))
    for label, key in (("containers", "containers"), ("admitted", "admit"), ("refused", "deny"),
                       ("evidenced", "evidenced"), ("configured", "configured"), ("exempt", "exempt"),
                       ("without an admission", "withoutAdmission"), ("drifted", "drift"), ("gaps", "gap")):
        if cards.get(label) != report["totals"][key]:
            wrong.append(f"{label}: the page has {cards.get(label)}, the report {report['totals'][key]}")
    seen = b.evaluate(f"{ROWS}.map((r) => [...r.children].map((c) => c.innerText.trim()))")
    keys = ("evidenced", "configured", "failed", "waived", "exempt", "notCovered")
    for control, row in zip(report["controls"], seen):
        want = [control["id"], control["status"], control["evidence"]] + [
            control["containers"][k] for k in keys]
        if [row[0], row[2], row[3]] + [number(c) for c in row[4:10]] != want:
            wrong.append(f"control {control['id']}: the page has {row}, the report {want}")
    if len(seen) != len(report["controls"]):
        wrong.append(f"{len(seen)} controls, not {len(report['controls'])}")
    hosts = b.evaluate("document.querySelectorAll('#hosts tbody tr').length")
    if hosts != len(report["hosts"]):
        wrong.append(f"{hosts} hosts, not {len(report['hosts'])}")
    bars = b.evaluate("document.querySelectorAll('#trend rect').length")
    want = sum(1 for k in report["trend"]["buckets"] for s in ("admit", "deny", "wouldRefuse", "exempt") if k[s])
    if bars != want:
        wrong.append(f"{bars} parts of bars, not {want}")


def check_sorting(b, wrong):
    head = "document.querySelectorAll('#controls thead th button')"
    for column, key in ((6, number), (4, number)):
        b.evaluate(f"{head}[{column}].click()")
        up = [key(t) for t in b.evaluate(texts(column))]
        b.evaluate(f"{head}[{column}].click()")
        down = [key(t) for t in b.evaluate(texts(column))]
        if up != sorted(up) or down != sorted(down, reverse=True) or (up == down and len(set(up)) > 1):
            wrong.append(f"column {column} does not sort: {up} {down}")
        if b.evaluate(f"{head}[{column}].parentElement.getAttribute('aria-sort')") != "descending":
            wrong.append("it is not said how it is sorted")
    b.evaluate(f"{head}[0].click()")


def check_filter(b, report, wrong):
    def type_word(word):
        b.evaluate("(() => { const i = document.querySelector('#controls input'); i.value = %s;"
                   "i.dispatchEvent(new Event('input')); })()" % json.dumps(word))
        return b.evaluate(f"{ROWS}.length")

    if type_word("no such word") != 0 or type_word("") != len(report["controls"]):
        wrong.append("the filter does not filter")
    first = report["controls"][0]["id"]
    if not 0 < type_word(first) < len(report["controls"]):
        wrong.append(f"the filter does not find {first}")
    type_word("")
    status = report["controls"][0]["status"]
    n = sum(1 for c in report["controls"] if c["status"] == status)
    b.evaluate("(() => { const s = document.querySelector('#controls select'); s.value = %s;"
               "s.dispatchEvent(new Event('change')); })()" % json.dumps(status))
    if b.evaluate(f"{ROWS}.length") != n:
        wrong.append("the choice of a status does not narrow")
    b.evaluate("(() => { const s = document.querySelector('#controls select'); s.value = '';"
               "s.dispatchEvent(new Event('change')); })()")


def check_reading(b, wrong):
    """What a screen reader needs, and that nothing of the data became markup."""
    for what, script in (
            ("a language", "document.documentElement.lang === 'en'"),
            ("one main heading", "document.querySelectorAll('h1').length === 1"),
            ("captions", "[...document.querySelectorAll('table')].every((t) => t.caption && t.caption.innerText)"),
            ("scopes", "[...document.querySelectorAll('thead th')].every((t) => t.scope === 'col')"),
            ("names of charts", "[...document.querySelectorAll('svg')].every((s) => s.querySelector('title'))"),
            ("labels", "[...document.querySelectorAll('input, select')].every((i) => i.labels.length === 1)"),
            ("no foreign markup", "document.querySelectorAll('main script, main img, main iframe').length === 0"),
            ("unique ids", "new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size"
                           " === document.querySelectorAll('[id]').length")):
        if not b.evaluate(script):
            wrong.append(f"the page is without {what}")


def shoot(b, directory, wrong):
    sizes = {}
    for theme in ("light", "dark"):
        b.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        sizes[theme] = b.evaluate("getComputedStyle(document.body).backgroundColor")
        data = b.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        b.save(os.path.join(directory, theme + ".png"), data)
        if len(data) < 20000:
            wrong.append(f"the screenshot in {theme} is empty")
    if sizes["light"] == sizes["dark"]:
        wrong.append("dark is as light")
    b.call("Emulation.setEmulatedMedia", media="print",
           features=[{"name": "prefers-color-scheme", "value": "dark"}])
    if b.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)":
        wrong.append("it is printed on dark paper")
    b.call("Emulation.setEmulatedMedia", media="",
           features=[{"name": "prefers-color-scheme", "value": "dark"}])
    b.evaluate("document.getElementById('theme').click()")
    if b.evaluate("getComputedStyle(document.body).backgroundColor") != sizes["light"]:
        wrong.append("the button does not change the theme")
    data = b.call("Page.printToPDF", printBackground=True)["data"]
    b.save(os.path.join(directory, "print.pdf"), data)
    if len(data) < 20000 or not base64.b64decode(data[:8]).startswith(b"%PDF"):
        wrong.append("nothing is printed")


def check_events(b, wrong):
    for event in b.events:
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            wrong.append("exception: " + params["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            wrong.append(f"console: {params['args']}")
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            wrong.append("log: " + params["entry"]["text"])
        elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith("file:"):
            wrong.append("it asks for " + params["request"]["url"])


def main():
    page, report_name, directory = sys.argv[1:]
    report, wrong = json.load(open(report_name, encoding="utf-8")), []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        b = Browser(profile)
        try:
            b.attach()
            b.open(page)
            check_reading(b, wrong)
            check_figures(b, report, wrong)
            check_sorting(b, wrong)
            check_filter(b, report, wrong)
            shoot(b, directory, wrong)
            check_events(b, wrong)
        finally:
            b.close()
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
