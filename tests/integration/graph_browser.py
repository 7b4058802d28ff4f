#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Open a graph's page in headless Chromium, and hold it against its JSON.

usage: graph_browser.py PAGE.html GRAPH.json DIRECTORY

Screenshots in light, in dark and as printed go into DIRECTORY. Prints what is wrong, a line each;
exit status 1 where something is.
"""

import json
import sys
import tempfile

from browser import Browser, check_events, number, shoot

ROWS = "[...document.querySelectorAll('#lines tbody tr')]"
CELLS = f"{ROWS}.map((r) => [...r.children].map((c) => c.innerText.trim()))"
BOXES = "[...document.querySelectorAll('.box')]"
TIES = "[...document.querySelectorAll('.tie[tabindex]')]"
FOCUS = "document.activeElement"
OUTSIDE = ("zone", "block", "anywhere")
WORDS = {"used": "used", "unused": "never seen", "withdrawn": "no longer allowed",
         "refused": "refused", "unconfined": "not confined"}
REFUSED = ("refused", "withdrawn")


def kind(line):
    return "unconfined" if line["unconfined"] and line["state"] == "unused" else line["state"]


def wanted_lines(graph, kinds=("used", "unused", "withdrawn", "refused")):
    names = {n["id"]: n["name"] for n in graph["nodes"]}
    return sorted([names[e["from"]], names[e["to"]], l["what"], WORDS[kind(l)], l["connections"],
                   l["refusedPackets"], l["refusedBy"] or ""]
                  for e in graph["edges"] for l in e["lines"] if kind(l) in kinds)


def shown(text):
    return text.replace("\u202e", "\\u202e")


def check_table(b, graph, wrong, kinds=("used", "unused", "withdrawn", "refused")):
    seen = sorted([r[0], r[1], r[2], r[3], number(r[4]), number(r[5]), r[8]]
                  for r in b.evaluate(CELLS))
    want = sorted([shown(x) if isinstance(x, str) else x for x in l]
                  for l in wanted_lines(graph, kinds))
    if seen != want:
        wrong.append(f"the table has {seen}, the graph {want}")


def check_cards(b, graph, wrong):
    cards = {label: number(n) for n, label in b.evaluate(
        "[...document.querySelectorAll('.cards li')].map((l) => "
        "[l.firstChild.textContent, l.lastChild.textContent])")}
    for label, key in (("containers", "containers"), ("groups and places", "nodes"),
                       ("used", "used"), ("never seen", "unused"),
                       ("no longer allowed", "withdrawn"), ("refused", "refused"),
                       ("not confined", "unconfined"), ("connections", "connections"),
                       ("refused packets", "refusedPackets")):
        if cards.get(label) != graph["totals"][key]:
            wrong.append(f"{label}: {cards.get(label)}, not {graph['totals'][key]}")
    lines = [l for e in graph["edges"] for l in e["lines"]]
    for key in WORDS:
        if sum(1 for l in lines if kind(l) == key) != graph["totals"][key]:
            wrong.append(f"the document counts {key} otherwise than it lists it")
    for key in ("connections", "refusedPackets"):
        if sum(l[key] for l in lines) != graph["totals"][key]:
            wrong.append(f"the document adds up {key} otherwise")


def wanted_ties(graph):
    """An arrow for what is allowed and one for what is not, of each edge."""
    return sorted({(e["from"] + " " + e["to"], kind(l) in REFUSED)
                   for e in graph["edges"] for l in e["lines"] if kind(l) != "unconfined"})


TIES_MOST = 500
ROWS_MOST = 5000


def check_too_many(b, graph, wrong):
    """It says so, and draws what the filters leave."""
    if b.evaluate(f"{BOXES}.length") or "too many" not in b.evaluate(
            "document.querySelector('.nothing').innerText"):
        wrong.append("too many arrows are drawn")
    rows = b.evaluate(f"{ROWS}.length")
    if rows != min(ROWS_MOST, len(wanted_lines(graph))):
        wrong.append(f"{rows} rows of the table")
    choose(b, "name", "pay-db", "input")
    b.evaluate("document.getElementById('kind-unused').click()")
    kept = [e for e in graph["edges"] if "containers:pay-db" in (e["from"], e["to"])]
    if b.evaluate(f"{BOXES}.length") < 3 or not b.evaluate(
            "document.querySelector('.nothing').hidden"):
        wrong.append("what the filters leave is not drawn")
    check_table(b, {**graph, "edges": kept}, wrong, ("used", "withdrawn", "refused"))


def check_picture(b, graph, wrong):
    ties = b.evaluate(f"{TIES}.map((t) => [t.dataset.edge, "
                      "/refused|withdrawn/.test(t.getAttribute('class'))])")
    if sorted(map(tuple, ties)) != wanted_ties(graph):
        wrong.append(f"the arrows are {sorted(ties)}, not {wanted_ties(graph)}")
    boxes = b.evaluate(f"{BOXES}.map((t) => t.dataset.node)")
    nodes = {n["id"]: n for n in graph["nodes"]}
    ends = {x for pair, _ in wanted_ties(graph) for x in pair_ends(pair, graph)}
    want = {i for i, n in nodes.items() if n["kind"] not in OUTSIDE or i in ends}
    found = {x.removesuffix(" in").removesuffix(" out") if x not in nodes else x for x in boxes}
    if found != want:
        wrong.append(f"the boxes are {sorted(found)}, not {sorted(want)}")
    if len(set(boxes)) != len(boxes):
        wrong.append("a box is drawn twice")


def pair_ends(pair, graph):
    for e in graph["edges"]:
        if e["from"] + " " + e["to"] == pair:
            return e["from"], e["to"]
    return ()


OVERLAPS = """(() => {
	const boxes = [...document.querySelectorAll('.box rect')].map((r) => r.getBBox());
	const texts = [...document.querySelectorAll('.tie text')].map((t) => t.getBBox());
	const meet = (a, b, by) => a.x + by < b.x + b.width && b.x + by < a.x + a.width &&
		a.y + by < b.y + b.height && b.y + by < a.y + a.height;
	let n = 0;
	boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => { n += meet(a, b, 0); }));
	texts.forEach((a, i) => texts.slice(i + 1).forEach((b) => { n += meet(a, b, 1); }));
	texts.forEach((a) => boxes.forEach((b) => { n += meet(a, b, 1); }));
	for (const g of document.querySelectorAll('.box')) {
		const r = g.querySelector('rect').getBBox();
		for (const t of g.querySelectorAll('text')) {
			const b = t.getBBox();
			n += b.x < r.x || b.x + b.width > r.x + r.width || b.y < r.y || b.y + b.height > r.y + r.height;
		}
	}
	return n;
})()"""

# What is drawn over a box that is none of its own arrows, or leaves the picture.
CROSSINGS = """(() => {
	const boxes = [...document.querySelectorAll('.box rect')].map((r) => r.getBBox());
	let n = 0;
	for (const path of document.querySelectorAll('.tie path.line')) {
		if (!path.ownerSVGElement.querySelector('.box'))
			continue;
		const length = path.getTotalLength();
		for (let at = 5; at < length - 5; at += 4) {
			const p = path.getPointAtLength(at);
			n += boxes.some((b) => p.x > b.x + 1 && p.x < b.x + b.width - 1 && p.y > b.y + 1 && p.y < b.y + b.height - 1);
		}
	}
	return n;
})()"""


def check_layout(b, graph, wrong):
    if b.evaluate(OVERLAPS) != 0:
        wrong.append(f"{b.evaluate(OVERLAPS)} boxes or texts overlap")
    if b.evaluate(CROSSINGS) != 0:
        wrong.append(f"{b.evaluate(CROSSINGS)} points of arrows lie on boxes")
    outside = b.evaluate("""(() => {
        const v = document.querySelector('.stage > svg').viewBox.baseVal;
        return [...document.querySelectorAll('.box rect, .tie text')].map((r) => r.getBBox())
            .filter((r) => r.x < v.x || r.y < v.y || r.x + r.width > v.x + v.width || r.y + r.height > v.y + v.height).length;
    })()""")
    if outside != 0:
        wrong.append(f"{outside} things are not within the picture at first")


def check_direction(b, graph, wrong):
    """What is allowed goes from left to right, but where it closes a circle."""
    places = dict(b.evaluate(f"{BOXES}.map((g) => [g.dataset.node, g.querySelector('rect').getBBox().x])"))
    outside = {n["id"] for n in graph["nodes"] if n["kind"] in OUTSIDE}
    allowed = {(e["from"], e["to"]) for e in graph["edges"] for l in e["lines"]
               if kind(l) in ("used", "unused") and e["from"] != e["to"]}
    after = {}
    for a, c in allowed:
        if a not in outside and c not in outside:
            after.setdefault(a, set()).add(c)

    def leads(a, c):
        seen, todo = set(), [a]
        while todo:
            for x in after.get(todo.pop(), ()):
                if x not in seen:
                    seen.add(x)
                    todo.append(x)
        return c in seen

    for a, c in allowed:
        left = places[a + " out" if a in outside else a]
        right = places[c + " in" if c in outside else c]
        if left >= right and not (a not in outside and c not in outside and leads(c, a)):
            wrong.append(f"the arrow from {a} to {c} goes back")


def choose(b, element, value, event="change"):
    b.evaluate("(() => { const i = document.getElementById(%s); i.value = %s;"
               "i.dispatchEvent(new Event(%s)); })()" % (json.dumps(element), json.dumps(value),
                                                         json.dumps(event)))


def check_states(b, graph, wrong):
    b.evaluate("document.getElementById('kind-unconfined').click()")
    check_table(b, graph, wrong, tuple(WORDS))
    b.evaluate("document.getElementById('kind-unconfined').click()")
    for name in ("used", "unused"):
        b.evaluate(f"document.getElementById('kind-{name}').click()")
    check_table(b, graph, wrong, REFUSED)
    for name in ("used", "unused"):
        b.evaluate(f"document.getElementById('kind-{name}').click()")
    check_table(b, graph, wrong)


def check_labels(b, graph, wrong):
    key, value = "region", "eu"
    choose(b, "label-key", key)
    choose(b, "label-value", value)
    kept = {n["id"] for n in graph["nodes"]
            if any(c["labels"].get(key) == value for c in n["containers"])}
    part = {**graph, "edges": [e for e in graph["edges"] if e["from"] in kept or e["to"] in kept]}
    check_table(b, part, wrong)
    if kept and len(part["edges"]) in (0, len(graph["edges"])):
        wrong.append("the label chooses all or nothing: nothing is tested")
    others = b.evaluate("document.querySelectorAll('.box.other').length")
    if kept and others == 0:
        wrong.append("those without the label look like the others")
    choose(b, "label-key", "")
    name = graph["nodes"][0]["name"] if graph["nodes"] else ""
    choose(b, "name", name.upper(), "input")
    kept = {n["id"] for n in graph["nodes"] if name.lower() in n["name"].lower()}
    check_table(b, {**graph, "edges": [e for e in graph["edges"]
                                       if e["from"] in kept or e["to"] in kept]}, wrong)
    choose(b, "name", "", "input")
    check_table(b, graph, wrong)


def check_time(b, graph, wrong):
    """Nothing was seen after all that was seen: what is allowed stays, as never seen."""
    if not b.evaluate("!!document.getElementById('time-from')"):
        return
    last = max(l["last"] for e in graph["edges"] for l in e["lines"] if l["last"])
    choose(b, "time-from", "1000", "input")
    words = {r[3] for r in b.evaluate(CELLS)}
    want = sorted(l["last"] for e in graph["edges"] for l in e["lines"]
                  if l["last"] == last and kind(l) != "unconfined")
    seen = [r for r in b.evaluate(CELLS) if r[3] != "never seen"]
    if len(seen) != len(want) or ("used" in words) != any(
            l["state"] == "used" for e in graph["edges"] for l in e["lines"] if l["last"] == last):
        wrong.append(f"at {last} it shows {seen}")
    if b.evaluate("document.getElementById('time-from').getAttribute('aria-valuetext')") != (
            last[:16].replace("T", " ") + "Z"):
        wrong.append("the time is not said")
    choose(b, "time-from", "0", "input")
    check_table(b, graph, wrong)


def check_zoom(b, wrong):
    def width():
        return b.evaluate("document.querySelector('.stage > svg').viewBox.baseVal.width")

    whole = width()
    b.evaluate("document.querySelector('[aria-label=\"Zoom in\"]').click()")
    if not width() < whole:
        wrong.append("it does not zoom in")
    b.evaluate("document.querySelector('[aria-label=\"Zoom out\"]').click()")
    b.evaluate("document.querySelector('[aria-label=\"Zoom out\"]').click()")
    if not width() > whole:
        wrong.append("it does not zoom out")
    b.evaluate("document.querySelector('[aria-label=\"Show all of it\"]').click()")
    if abs(width() - whole) > 1:
        wrong.append("it does not fit again")


KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38,
        "ArrowRight": 39, "ArrowDown": 40}


def press(b, key, shift=False):
    """As the keyboard does, so that Tab moves the focus."""
    more = {"modifiers": 8 if shift else 0, "key": key, "code": key,
            "windowsVirtualKeyCode": KEYS.get(key, ord(key[0]))}
    if key == "Enter":
        more["text"] = "\r"
    elif len(key) == 1:
        more["text"] = key
    b.call("Input.dispatchKeyEvent", type="keyDown", **more)
    b.call("Input.dispatchKeyEvent", type="keyUp", **more)


def check_keyboard(b, graph, wrong):
    b.evaluate("document.querySelector('[aria-label=\"Show all of it\"]').focus()")
    press(b, "Tab")
    if not b.evaluate(f"{FOCUS}.matches('.box')"):
        wrong.append("Tab does not lead into the picture")
        return
    press(b, "Home")
    before = b.evaluate(f"{FOCUS}.id")
    press(b, "End")
    if len(graph["nodes"]) > 1 and b.evaluate(f"{FOCUS}.id") == before:
        wrong.append("End is Home")
    # To one with connections, along these, to the details of one, and back.
    b.evaluate("document.querySelector('.box[aria-label*=\"connects to\"]:not([aria-label*="
               "\"connects to 0, from 0\"])').focus()")
    press(b, "ArrowRight", shift=True)
    if not b.evaluate(f"{FOCUS}.matches('.tie')"):
        wrong.append("Shift and an arrow key do not lead to a connection")
    label = b.evaluate(f"{FOCUS}.getAttribute('aria-label')")
    press(b, "Enter")
    if not b.evaluate(f"{FOCUS}.matches('#details h3')"):
        wrong.append("Enter does not lead to the details")
    details = b.evaluate("document.getElementById('details').innerText")
    if not details or details.split(" \u2192 ")[0].strip() not in label:
        wrong.append(f"the details of {label} are {details}")
    if b.evaluate("document.querySelectorAll('.tie.chosen').length") != 1:
        wrong.append("what was chosen is not marked")
    press(b, "Escape")
    if not b.evaluate(f"{FOCUS}.matches('.tie')") or b.evaluate(
            "document.querySelectorAll('.chosen, .dim').length") != 0:
        wrong.append("Escape does not lead back")
    width = b.evaluate("document.querySelector('.stage > svg').viewBox.baseVal.width")
    press(b, "+")
    if not b.evaluate("document.querySelector('.stage > svg').viewBox.baseVal.width") < width:
        wrong.append("+ does not zoom")
    press(b, "0")
    if b.evaluate("document.querySelectorAll('.stage [tabindex=\"0\"]').length") != 1:
        wrong.append("the picture is not one stop of Tab")


def check_reach(b, wrong):
    """From any box, arrow keys lead to every other one."""
    missing = b.evaluate("""(() => {
        const next = (g, key) => {
            g.focus();
            g.dispatchEvent(new KeyboardEvent('keydown', { key: key, bubbles: true, cancelable: true }));
            return document.activeElement;
        };
        const boxes = [...document.querySelectorAll('.box')];
        if (!boxes.length)
            return 0;
        const found = new Set([boxes[0]]), todo = [boxes[0]];
        while (todo.length) {
            const g = todo.pop();
            for (const key of ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight']) {
                const to = next(g, key);
                if (to.matches('.box') && !found.has(to)) {
                    found.add(to);
                    todo.push(to);
                }
            }
        }
        return boxes.length - found.size;
    })()""")
    if missing:
        wrong.append(f"{missing} boxes are not reached by arrow keys")
    b.evaluate("document.activeElement.blur()")


def check_details(b, graph, wrong):
    """Each group's details have all its containers, profiles and labels."""
    for node in graph["nodes"]:
        text = b.evaluate("""(() => {
            const g = [...document.querySelectorAll('.box')].find((x) => x.dataset.node === %s);
            g?.dispatchEvent(new Event('click'));
            return g ? document.getElementById('details').innerText : null;
        })()""" % json.dumps(node["id"]))
        for c in node["containers"] if text is not None else []:
            words = [c["name"]] + c["profiles"] + c["addresses"] + [
                k + "=" + v for k, v in c["labels"].items()]
            missing = [w for w in words if shown(w) not in text]
            if missing:
                wrong.append(f"{node['name']}: its details lack {missing}")
    b.evaluate("document.getElementById('close')?.click(); document.activeElement.blur()")


def check_reading(b, wrong):
    """What a screen reader needs, and that nothing of the data became markup."""
    for what, script in (
            ("a language", "document.documentElement.lang === 'en'"),
            ("one main heading", "document.querySelectorAll('h1').length === 1"),
            ("captions", "[...document.querySelectorAll('table')].every((t) => t.caption && t.caption.innerText)"),
            ("scopes", "[...document.querySelectorAll('thead th')].every((t) => t.scope === 'col')"),
            ("a name of the picture", "!!document.querySelector('.stage > svg > title')"),
            ("one stop of Tab in the picture", "document.querySelectorAll('.stage [tabindex=\"0\"]').length"
                                               " <= 1"),
            ("labels", "[...document.querySelectorAll('input, select')].every((i) => i.labels.length === 1)"),
            ("names in the picture", "[...document.querySelectorAll('.stage [role=button]')].every((g) => g.getAttribute('aria-label'))"),
            ("no foreign markup", "document.querySelectorAll('main script, main img, main iframe').length === 0"),
            ("unique ids", "new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size"
                           " === document.querySelectorAll('[id]').length")):
        if not b.evaluate(script):
            wrong.append(f"the page is without {what}")


def check_narrow(b, wrong):
    """On a telephone nothing is cut, and the details are there."""
    b.call("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=True)
    if b.evaluate("document.documentElement.scrollWidth > innerWidth"):
        wrong.append("a narrow page is wider than its window")
    b.evaluate("document.querySelector('.box').dispatchEvent(new Event('click'))")
    if b.evaluate("document.getElementById('details').clientHeight") < 100:
        wrong.append("a narrow page has no room for details")
    b.evaluate("document.getElementById('close').click(); document.activeElement.blur()")
    b.call("Emulation.clearDeviceMetricsOverride")


def check_again(b, page, wrong):
    """The same graph is drawn the same each time."""
    first = b.evaluate("document.querySelector('.stage > svg').innerHTML")
    b.open(page)
    if b.evaluate("document.querySelector('.stage > svg').innerHTML") != first:
        wrong.append("it is drawn otherwise the second time")


def main():
    page, graph_name, directory = sys.argv[1:]
    with open(graph_name, encoding="utf-8") as f:
        graph = json.load(f)
    wrong = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        b = Browser(profile)
        try:
            b.attach()
            b.open(page)
            check_again(b, page, wrong)
            check_reading(b, wrong)
            check_cards(b, graph, wrong)
            too_many = len(wanted_ties(graph)) > TIES_MOST
            if too_many:
                check_too_many(b, graph, wrong)
            else:
                check_picture(b, graph, wrong)
                check_layout(b, graph, wrong)
                check_direction(b, graph, wrong)
                check_table(b, graph, wrong)
            if graph["edges"] and not too_many:
                check_states(b, graph, wrong)
                check_labels(b, graph, wrong)
                check_time(b, graph, wrong)
                check_zoom(b, wrong)
                check_keyboard(b, graph, wrong)
                check_reach(b, wrong)
                check_details(b, graph, wrong)
                check_narrow(b, wrong)
            shoot(b, directory, wrong)
            check_events(b, wrong)
        finally:
            b.close()
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()
