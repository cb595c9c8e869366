// Which bars lie on the table: a sample, a symbol of the set that the lab was started with, or a file dropped on the page.

import { clear, h } from "./dom.js";
import { own } from "./token.js";
import { language, t } from "./words.js";

const SHOWN = 200; // entries of a list; the others come up when one types
const DROPPED = "upload:"; // what the lab calls a file that was dropped on a page
const FEW = 12; // entries that need no filter
const MIB = 1024 * 1024;
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

export function data(lab) {
  const { state } = lab;
  const { spec } = state;
  const opened = []; // files of this page: { source, name, note }
  let asked = null; // a file of several symbols, of which one has to be chosen
  let trouble = null; // what the lab said of a file: { error, drop, again }
  let reading = "";

  const button = h("button", { class: "button", id: "bars", "aria-haspopup": "dialog", onclick: () => show() });
  const dialog = h("dialog", { id: "sources", "aria-labelledby": "sources-title" });
  const picker = h("input", { type: "file", id: "file", accept: ".csv,.txt,.tsv,.parquet,.pq", hidden: true, onchange: () => picked() });
  const target = h("div", { id: "drop", hidden: true });
  document.getElementById("data").append(button, picker);
  document.body.append(dialog, target);

  const entries = () => {
    if (asked) return asked.symbols.map((symbol) => ({ name: symbol, choose: () => send(asked.file, { symbol }) }));
    const known = new Set([...Object.keys(spec.samples), ...spec.symbols.map((symbol) => `${spec.file}#${symbol}`)]);
    return [
      ...opened.map(({ source, name, note }) => plain(source, name, note)),
      ...(known.has(spec.source) ? [] : [plain(spec.source, tail(spec.source) || t("The bars that the lab was started with"))]),
      ...spec.symbols.map((symbol) => plain(`${spec.file}#${symbol}`, symbol)),
      ...(spec.symbols.length ? [] : samples()),
    ];
  };

  const plain = (source, name, note = "") => ({ source, name, note, choose: () => take(source) });

  const samples = () => [
    ...Object.entries(spec.samples).map(([source, [what, first, last]]) => plain(source, tail(source), t("{what}, {first} to {last}", { what, first, last }))),
    plain("walk:1", "walk:1", t("a simulated random walk, which nothing can forecast")),
  ];

  // Beside a set's many symbols, the samples lie in a row of their own.
  const chips = () => h("div", { class: "chips" }, h("span", { class: "quiet" }, t("Samples")),
    samples().map(({ source, name, note, choose }) => h("button", { "aria-pressed": String(source === state.get("source")), title: note, onclick: choose }, name)));

  const title = () => {
    if (asked) return t("{name} holds {count} symbols: choose one", { name: asked.file.name, count: asked.symbols.length });
    return spec.symbols.length ? t("{count} symbols of {name}", { name: tail(spec.file), count: spec.symbols.length }) : t("Bars");
  };

  const take = (source) => {
    dialog.close();
    state.set({ source, at: null, ...Object.fromEntries(spec.spans.map((name) => [name, null])) });
  };

  const show = () => {
    asked = trouble = null;
    fill();
    if (!dialog.open) dialog.showModal();
  };

  const fill = () => {
    const list = listOf(entries(), state.get("source"));
    clear(dialog,
      h("h2", { id: "sources-title" }, title()),
      trouble ? complaint() : null,
      reading ? h("p", { role: "status", class: "quiet" }, reading) : null,
      list,
      spec.symbols.length && !asked ? chips() : null,
      h("div", { class: "answers" },
        h("p", { class: "quiet" }, t("Or drop a CSV or Parquet file anywhere on this page.")),
        h("button", { class: "button", id: "open-file", onclick: () => picker.click() }, t("Open a file ...")),
        h("button", { class: "button", onclick: () => dialog.close() }, t("Close"))));
    dialog.querySelector("input, [role=listbox]").focus();
  };

  const complaint = () => h("div", { role: "alert", class: "warn", id: "file-problem" },
    h("p", {}, trouble.error),
    trouble.drop ? h("button", { class: "button", id: "leave-out", onclick: trouble.again }, t("Leave the faulty rows out")) : null);

  const picked = () => {
    const [file] = picker.files;
    picker.value = "";
    if (file) send(file);
  };

  // A file goes to the lab as it is; the lab answers with what pages call its bars, or with its symbols.
  const send = async (file, more = {}) => {
    trouble = null;
    reading = t("Reading {name} ...", { name: file.name });
    if (!more.symbol) asked = null;
    fill();
    if (!dialog.open) dialog.showModal();
    const said = file.size > spec.most_bytes ? tooLarge(file) : await post(file, more);
    reading = "";
    if (said.source) {
      asked = null;
      remember(said, file, more);
      take(said.source);
      return;
    }
    if (said.symbols) asked = { file, symbols: said.symbols };
    else trouble = { ...said, again: () => send(file, { ...more, faults: "drop" }) };
    fill();
  };

  const post = async (file, more) => {
    try {
      const answer = await fetch(own("/bars", { name: file.name, lang: language(), ...more }), { method: "POST", body: file });
      return await answer.json();
    } catch {
      return { error: t("The file did not reach the lab: is it still running?") };
    }
  };

  const tooLarge = (file) => ({ error: t("{name} has {size} MiB, and the lab takes at most {most}. Write a file with fewer symbols, or start the lab with it: nextclose lab FILE", {
    name: file.name, size: Math.ceil(file.size / MIB), most: Math.floor(spec.most_bytes / MIB),
  }) });

  const remember = ({ source, symbol }, file) => {
    const at = opened.findIndex((one) => one.source === source);
    if (at >= 0) opened.splice(at, 1);
    opened.unshift({ source, name: symbol, note: file.name });
  };

  const label = () => {
    const asked = state.get("source");
    const name = lab.bars ? lab.bars.symbol : asked.startsWith(DROPPED) ? t("no bars") : tail(asked);
    clear(button, h("b", {}, name), h("span", { class: "caret", "aria-hidden": "true" }));
    button.setAttribute("aria-label", t("Bars: {name}. Choose others", { name }));
    button.title = lab.bars ? t("{rows} sessions, {first} to {last}", { rows: lab.bars.rows, first: lab.bars.first, last: lab.bars.last }) : "";
    target.textContent = t("Drop a CSV or Parquet file of daily bars");
  };

  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    target.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) target.hidden = true;
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    target.hidden = true;
    const [file] = event.dataTransfer.files;
    if (!file) return;
    for (const open of document.querySelectorAll("dialog[open]")) open.close();
    send(file);
  });
  lab.on("bars", label);
  lab.on("lang", label);
  label();
}

export const tail = (source) => source.split(/[/\\]/).pop().replace(/^sample:/, "");

// A list with a filter over it; arrows move, Enter chooses, and the focus stays where one types.
function listOf(all, current) {
  const list = h("ul", { role: "listbox", id: "source-list", "aria-label": t("Bars"), tabindex: all.length > FEW ? -1 : 0 });
  const rest = h("p", { class: "quiet", "aria-live": "polite" });
  const filter = all.length > FEW
    ? h("input", { type: "search", role: "combobox", "aria-expanded": "true", "aria-controls": "source-list", "aria-label": t("Filter"), placeholder: t("Filter {count} symbols", { count: all.length }), autocomplete: "off", spellcheck: false })
    : null;
  const typing = filter ?? list;
  let [shown, at] = [[], 0];

  const draw = () => {
    clear(list, shown.map((entry, place) => h("li", {
      role: "option", id: `source-${place}`, "aria-selected": String(place === at), class: entry.source === current ? "current" : null,
      onclick: entry.choose,
    }, h("span", {}, entry.name), h("small", { class: "quiet" }, entry.note ?? ""))));
    typing.setAttribute("aria-activedescendant", shown.length ? `source-${at}` : "");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };

  const look = () => {
    const wanted = (filter?.value ?? "").trim().toLowerCase();
    const found = all.filter((entry) => entry.name.toLowerCase().includes(wanted));
    found.sort((a, b) => b.name.toLowerCase().startsWith(wanted) - a.name.toLowerCase().startsWith(wanted));
    shown = found.slice(0, SHOWN);
    at = wanted ? 0 : Math.max(shown.findIndex((entry) => entry.source === current), 0);
    rest.textContent = found.length > shown.length ? t("{count} more: type to find them", { count: found.length - shown.length }) : found.length ? "" : t("none of that name");
    draw();
  };

  const keys = (event) => {
    if (event.key === "Enter" && shown[at]) shown[at].choose();
    else if (event.key in STEPS && !(filter && ["Home", "End"].includes(event.key))) {
      at = Math.min(Math.max(at + STEPS[event.key], 0), shown.length - 1);
      draw();
    } else return;
    event.preventDefault();
  };

  typing.addEventListener("keydown", keys);
  filter?.addEventListener("input", look);
  look();
  return h("div", { class: "choose" }, filter, list, rest);
}
