/* SPDX-License-Identifier: Apache-2.0 */
/* What all pages do: put into each in the place of @SCRIPT@. */
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const main = document.getElementById("main");
const svgNames = "http://www.w3.org/2000/svg";
let unique = 0;
/* Of a table: more make the page slow, and nobody reads them. */
const rowsMost = 5000;

/* An element; what it holds is text or elements, never markup. */
function make(name, attributes, ...content) {
	const node = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {}))
		if (value !== null && value !== false)
			node.setAttribute(key, value === true ? "" : value);
	node.append(...content.filter((c) => c !== null && c !== undefined));
	return node;
}

function draw(name, attributes, ...content) {
	const node = document.createElementNS(svgNames, name);
	for (const [key, value] of Object.entries(attributes || {}))
		node.setAttribute(key, value);
	node.append(...content);
	return node;
}

/* Foreign text may turn the direction of what follows, or hide: show such characters. */
function shown(text) {
	return String(text ?? "").replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
		(c) => "\\u" + c.codePointAt(0).toString(16).padStart(4, "0"));
}

const whole = new Intl.NumberFormat("en");
const number = (n) => whole.format(n ?? 0);
const time = (t) => t ? shown(t).replace("T", " ").replace(/\.\d+Z$/, "Z") : "";
const badge = (word) => make("span", { class: "badge " + String(word).replace(/[^a-z-]/g, "") }, shown(word));

function section(title, id) {
	const heading = make("h2", { id: id + "-title" }, title);
	const node = make("section", { id: id, "aria-labelledby": id + "-title" }, heading);
	main.append(node);
	return node;
}

/* A table that sorts by its headings and is filtered by a word. columns: label, value of a row for
 * sorting and filtering, maybe what is shown, maybe that it is a number. Gives a function that puts
 * other rows in. */
function table(parent, caption, columns, rows, choices) {
	const id = "table" + ++unique;
	const said = make("span", { role: "status", class: "soft" });
	const body = make("tbody");
	const heads = columns.map((c, i) => {
		const button = make("button", { type: "button" }, c.label);
		const th = make("th", { scope: "col", class: c.number ? "number" : null }, button);
		button.addEventListener("click", () => sort(i));
		return th;
	});
	let order = rows.slice(), by = -1, down = false, word = "", choice = "";

	function text(row) {
		return columns.map((c) => String(c.value(row) ?? "")).join(" ").toLowerCase();
	}
	function fill() {
		const seen = order.filter((row) => text(row).includes(word) &&
			(!choice || choices.value(row) === choice));
		body.replaceChildren(...seen.slice(0, rowsMost).map((row) => make("tr", {}, ...columns.map((c, i) =>
			make(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, class: c.number ? "number" : c.wide ? "breakable wide" : "breakable" },
				c.show ? c.show(row) : c.number ? number(c.value(row)) : shown(c.value(row)))))));
		said.textContent = seen.length === rows.length ? number(rows.length) + " rows"
			: number(seen.length) + " of " + number(rows.length) + " rows";
		if (seen.length > rowsMost)
			said.textContent += ", of which " + number(rowsMost) + " are shown";
	}
	function sort(i) {
		down = by === i ? !down : false;
		by = i;
		const value = columns[i].value;
		order.sort((a, b) => {
			const x = value(a), y = value(b);
			const c = columns[i].number ? x - y
				: String(x).localeCompare(String(y), "en", { numeric: true });
			return down ? -c : c;
		});
		heads.forEach((th, k) => k === i ? th.setAttribute("aria-sort", down ? "descending" : "ascending")
			: th.removeAttribute("aria-sort"));
		fill();
	}
	const input = make("input", { type: "search", id: id + "-filter", "aria-controls": id });
	input.addEventListener("input", () => { word = input.value.trim().toLowerCase(); fill(); });
	const tools = make("div", { class: "filter" }, make("label", { for: id + "-filter" }, "Filter"), input);
	if (choices) {
		const select = make("select", { id: id + "-choice" }, make("option", { value: "" }, "all"),
			...[...new Set(rows.map(choices.value))].sort().map((v) => make("option", { value: v }, shown(v))));
		select.addEventListener("change", () => { choice = select.value; fill(); });
		tools.append(make("label", { for: id + "-choice" }, choices.label), select);
	}
	tools.append(said);
	parent.append(make("div", { class: "sheet" }, rows.length > 3 ? tools : make("span", { hidden: true }, said),
		make("table", { id: id }, make("caption", {}, caption), make("thead", {}, make("tr", {}, ...heads)), body)));
	fill();
	return (others) => {
		rows = others;
		order = rows.slice();
		if (by >= 0) {
			down = !down;
			sort(by);
		} else {
			fill();
		}
	};
}

function plainTable(caption, labels, rows) {
	return make("table", { class: "hidden" }, make("caption", {}, caption),
		make("thead", {}, make("tr", {}, ...labels.map((l) => make("th", { scope: "col" }, l)))),
		make("tbody", {}, ...rows.map((r) => make("tr", {}, ...r.map((v) => make("td", {}, String(v)))))));
}

function tools() {
	const root = document.documentElement, button = document.getElementById("theme");
	const dark = () => root.dataset.theme ? root.dataset.theme === "dark"
		: matchMedia("(prefers-color-scheme: dark)").matches;
	const say = () => { button.textContent = dark() ? "Light" : "Dark"; };
	button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; say(); });
	say();
	document.getElementById("print").addEventListener("click", () => print());
	let closed = [];
	addEventListener("beforeprint", () => {
		closed = [...document.querySelectorAll("details:not([open])")];
		closed.forEach((d) => { d.open = true; });
	});
	addEventListener("afterprint", () => closed.forEach((d) => { d.open = false; }));
}
