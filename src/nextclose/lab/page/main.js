// Puts the page together: choices from the address, one wire to the lab, the views over them.

import { controls } from "./controls.js";
import { data, tail } from "./data.js";
import { clear, h, prose } from "./dom.js";
import { forgetInk, isDark, repaintAll } from "./draw.js";
import { envelope } from "./envelope.js";
import { faults } from "./faults.js";
import { price } from "./price.js";
import { State } from "./state.js";
import { own } from "./token.js";
import { VIEWS } from "./views/index.js";
import { Wire } from "./wire.js";
import { language, speak, t } from "./words.js";

const CHECKED = "train"; // the topic that runs whatever view is shown: its picture is everywhere
const PATIENCE = 300; // ms of training until the page says that it waits

const listeners = {};
const lab = {
  on: (event, listener) => (listeners[event] ??= []).push(listener),
  tell: (event) => (listeners[event] ?? []).forEach((listener) => listener()),
  choices: () => lab.state.choices(),
  day: (row) => new Date(lab.bars.days[row] * 864e5).toISOString().slice(0, 10),
  row: (day) => lab.bars.days.indexOf(Math.round(Date.parse(`${day}T00:00:00Z`) / 864e5)),
  bars: null,
  since: 0, // the first request on these bars
  picture: null,
  tally: null, // of the tries on these bars
  lost: false, // whether the bars asked for cannot be had
  diverged: null, // the losses of the settings on screen, where training diverged
  verdict: null,
  problem: null, // what stands over the views
  unsaid: (text) => (text === lab.problem ? "" : text ?? ""), // a view need not say it again
};
window.lab = lab; // for measurements and tests

start();

async function start() {
  const answer = await fetch(own("/spec.json"));
  const spec = await answer.json();
  if (!answer.ok) return problem(spec.error);
  lab.state = new State(spec);
  await speak(lab.state.get("lang"));
  dress();
  lab.wire = new Wire(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${own("/ws")}`, {
    opened: askBars,
    lost: (reason) => problem(reason ? t(reason) : t("The connection to the lab is lost; trying again ...")),
  });
  lab.wire.common = () => ({ source: lab.state.get("source"), lang: lab.state.get("lang") });
  lab.wire.on("bars", takeBars);
  lab.wire.on(CHECKED, take);
  look();
  data(lab);
  faults(document.getElementById("faults"), lab);
  controls(document.getElementById("settings"), lab);
  price(document.getElementById("price"), lab);
  envelope(lab);
  views();
  lab.state.on(moved);
  lab.on("lang", label);
  label();
}

function moved(names) {
  if (names.has("lang")) speak(lab.state.get("lang")).then(() => (lab.tell("lang"), askBars()));
  if (names.has("theme")) dress();
  if (names.has("source")) askBars();
  else if ([...names].some((name) => lab.state.names.includes(name))) train();
}

const askBars = () => lab.wire.ask("bars", {});

export function train() {
  lab.asked = lab.wire.ask(CHECKED, { choices: lab.choices() });
  clearTimeout(lab.waiting);
  lab.waiting = setTimeout(() => document.body.classList.add("busy"), PATIENCE);
}

function answered() {
  clearTimeout(lab.waiting);
  document.body.classList.remove("busy");
}

function takeBars(header, arrays) {
  lab.lost = Boolean(header.error);
  if (header.error) return problem(header.error);
  const others = lab.bars && (lab.bars.symbol !== header.symbol || lab.bars.name !== header.name);
  if (others) lab.picture = lab.diverged = lab.verdict = lab.tally = null;
  lab.bars = { ...header, ...arrays };
  lab.tell("bars");
  train();
  if (others) lab.since = lab.asked;
}

// What is drawn is of earlier choices: it must not be read as the answer to these.
function refuse(error, diverged = null) {
  problem(error);
  document.body.classList.add("stale");
  lab.diverged = diverged;
  lab.tell("diverged");
}

function take(header, arrays) {
  if (header.newest) answered();
  if (header.id < lab.since) return; // of other bars
  if (header.error) {
    if (header.newest) refuse(header.error);
    return;
  }
  if (header.part === "diverged") return refuse(header.problem, { ...header, ...arrays });
  if (header.part === "verdict") {
    lab.verdict = header;
    lab.tell("verdict");
    return;
  }
  problem(null);
  document.body.classList.remove("stale");
  lab.diverged = null;
  lab.picture = { ...header, ...arrays };
  lab.tell("picture");
}

export function problem(text) {
  const place = document.getElementById("problem");
  place.hidden = !text;
  if (text) clear(place, prose(text), lab.lost ? instead() : null);
  if (text === lab.problem) return;
  lab.problem = text;
  lab.tell("problem");
}

// Away from bars that cannot be had: to those that the lab was started with, or to a sample where it is those.
function instead() {
  const { spec } = lab.state;
  const source = lab.state.get("source") === spec.source ? Object.keys(spec.samples)[0] : spec.source;
  const spans = Object.fromEntries(spec.spans.map((name) => [name, null]));
  return h("button", { class: "button", id: "instead-bars", onclick: () => lab.state.set({ source, at: null, ...spans }) },
    t("Open {name} instead", { name: tail(source) || t("The bars that the lab was started with") }));
}

// Language and light are the page's, not the net's.
function look() {
  const draw = () => {
    const [other, name] = language() === "ko" ? ["en", "English"] : ["ko", "한국어"];
    const dark = isDark();
    clear(
      document.getElementById("look"),
      h("button", { lang: other, id: "language", onclick: () => lab.state.set({ lang: other }) }, name),
      h("button", { id: "theme", onclick: () => lab.state.set({ theme: dark ? "light" : "dark" }) }, dark ? t("Light") : t("Dark")),
    );
  };
  lab.on("lang", draw);
  lab.on("theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);
  draw();
}

function dress() {
  const theme = lab.state.get("theme");
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  forgetInk();
  repaintAll();
  lab.tell("theme");
}

function label() {
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
  repaintAll();
}

// One tab a view; a view is made when it is first shown.
function views() {
  const tabs = document.getElementById("tabs");
  const place = document.getElementById("views");
  const made = {};
  const shown = () => VIEWS.find((view) => view.id === lab.state.get("view")) ?? VIEWS[0];
  let current = null;

  const show = () => {
    const view = shown();
    if (current && current !== view.id) made[current].live?.hide?.();
    for (const { root } of Object.values(made)) root.hidden = true;
    if (!made[view.id]) {
      const root = h("div", { class: "view", id: `view-${view.id}`, role: "tabpanel", "aria-labelledby": `tab-${view.id}`, tabindex: -1 });
      place.append(root);
      made[view.id] = { root, live: view.mount(root, lab) };
    }
    made[view.id].root.hidden = false;
    current = view.id;
    made[view.id].live?.show?.();
    for (const tab of tabs.children) {
      const selected = tab.id === `tab-${view.id}`;
      tab.setAttribute("aria-selected", selected);
      tab.tabIndex = selected ? 0 : -1;
    }
  };

  const draw = () => {
    const button = (view) => h("button", {
      role: "tab", id: `tab-${view.id}`, "aria-controls": `view-${view.id}`,
      onclick: () => lab.state.set({ view: view.id }),
    }, t(view.title));
    clear(tabs, VIEWS.map(button));
    show();
  };

  document.getElementById("skip").addEventListener("click", () => tabs.querySelector("[aria-selected=true]").focus());
  tabs.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = VIEWS.indexOf(shown());
    lab.state.set({ view: VIEWS[(at + step + VIEWS.length) % VIEWS.length].id });
    document.getElementById(`tab-${shown().id}`).focus();
    event.preventDefault();
  });
  addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea, [role=slider], [role=tablist], dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (made[current]?.live?.key?.(event)) event.preventDefault();
  });
  lab.state.on((names) => names.has("view") && show());
  lab.on("lang", draw);
  draw();
}
