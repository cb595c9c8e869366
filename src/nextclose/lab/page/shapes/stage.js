// The stage: rows of numbers that go from place to place, and the scenery of each step around them.

import { clear, h } from "../dom.js";
import { t } from "../words.js";
import { axes as axisLines } from "./axes.js";
import { bars } from "./bars.js";
import { feeding } from "./feed.js";
import { WINDOW_COLOURS } from "./model.js";
import { CELL, HEIGHT, ROW, WIDTH, arrange, range, stick } from "./places.js";
import { reading } from "./reading.js";

// walk: {focus, pin, look, raw(), axes(), net()}; what is under the pointer is the same on every stage.
export function stage(walk, lab) {
  const inner = h("div", { class: "stage" });
  const corner = h("div", { class: "corner" });
  const root = h("div", { class: "stage-place" }, inner);
  let m = null;
  let moment = { step: "cut", n: 0 };
  let parts = null;
  let raised = null;

  const fit = () => {
    const scale = Math.min(root.clientWidth / WIDTH, 1.5);
    if (!scale) return;
    inner.style.setProperty("transform", `scale(${scale})`);
    root.style.setProperty("height", `${Math.ceil(HEIGHT * scale)}px`);
  };
  new ResizeObserver(fit).observe(root);

  const build = (given) => {
    m = given;
    const cards = range(Math.max(m.n, m.L)).map(() => h("div", { class: "card" }, h("span", {}), h("span", { class: "answer" })));
    const rows = range(m.n).map((n) => range(m.L).map((l) => row(m, n, l)));
    const scenes = { cut: bars(m, walk, lab), stack: axisLines(m), swap: axisLines(m), feed: feeding(m, walk) };
    const read = reading(m, walk);
    clear(inner, Object.values(scenes).map((scene) => scene.root), read.root, corner, cards, rows.flat().map((one) => one.root));
    parts = { cards, rows, scenes, read };
    write();
  };

  // Numbers, colours and words: whenever what is shown of the same windows changes.
  const write = () => {
    for (const line of parts.rows) for (const one of line) one.write(walk.raw());
    for (const scene of Object.values(parts.scenes)) scene.write?.();
    move();
  };

  const move = () => {
    const axes = walk.axes();
    const set = arrange(m, moment, axes);
    inner.dataset.step = moment.step;
    for (const [name, scene] of Object.entries(parts.scenes)) {
      scene.root.classList.toggle("here", name === moment.step);
      if (name === moment.step) scene.show?.(moment, set);
    }
    parts.read.root.classList.toggle("here", moment.step === "swap");
    parts.cards.forEach((card, k) => placeCard(card, set.cards[k], k === raised, (n) => m.answer(n, walk.raw())));
    parts.rows.forEach((line, n) => line.forEach((one, l) => one.go(set.rows(n, l), raised)));
    mark();
  };

  const mark = () => {
    if (!parts) return;
    const at = walk.focus();
    parts.rows.forEach((line, n) => line.forEach((one, l) => one.mark(at)));
    for (const scene of Object.values(parts.scenes)) scene.mark?.(at);
    parts.read.mark(at);
  };

  const found = (target) => {
    const known = target.closest?.("[data-nlf]");
    if (!known) return null;
    const [n, l, f] = known.dataset.nlf.split(",").map(Number);
    return { n, l, f };
  };
  const raise = (card) => {
    if (card === raised || moment.step === "cut" || moment.step === "feed") return;
    raised = card;
    move();
  };
  inner.addEventListener("pointerover", (event) => {
    const at = found(event.target);
    if (at) walk.look(at);
    const card = event.target.closest?.("[data-card]");
    if (card) raise(Number(card.dataset.card));
  });
  inner.addEventListener("pointerleave", () => (walk.look(null), raise(null)));
  inner.addEventListener("click", (event) => {
    const at = found(event.target);
    if (at) walk.pin(at);
  });
  inner.addEventListener("keydown", (event) => {
    const at = found(event.target);
    const to = at && step(m, at, event.key);
    if (!to) return;
    walk.pin(to);
    const [card] = [arrange(m, moment, walk.axes()).rows(to.n, to.l).card];
    if (card !== undefined) raise(card);
    parts.rows[to.n][to.l].cells[to.f].focus();
    event.preventDefault();
    event.stopPropagation();
  });

  return { root, corner, build, write: () => m && write(), mark, show: (next) => {
    if (next.step !== moment.step) raised = null;
    moment = next;
    if (m) move();
  } };
}

// One day of one window.
function row(m, n, l) {
  const tag = h("span", { class: "tag" }, `${n},${l}`);
  const cells = range(m.f).map((f) => h("span", { class: "number", "data-nlf": `${n},${l},${f}`, style: { width: `${CELL}px` } }));
  const root = h("div", { class: "row", style: { "--w": WINDOW_COLOURS[n], width: `${stick(m)}px`, height: `${ROW}px`, "--d": `${n * 26 + l * 16}ms` } }, tag, cells);
  return {
    root, cells,
    write: (raw) => cells.forEach((one, f) => {
      one.textContent = m.text(n, l, f, raw);
      one.setAttribute("aria-label", t("{feature} of {day}: {value}, X[{n}, {l}, {f}]", { feature: m.features[f], day: m.day(n + l), value: one.textContent, n, l, f }));
    }),
    go: ({ x, y, s, z, o, card }, raised) => {
      root.style.setProperty("transform", `translate(${x}px, ${y}px) scale(${s})`);
      root.style.setProperty("opacity", o);
      root.style.setProperty("z-index", card !== undefined && card === raised ? 900 : z);
      root.style.setProperty("visibility", o ? "visible" : "hidden");
      if (card === undefined) delete root.dataset.card;
      else root.dataset.card = card;
    },
    mark: (at) => cells.forEach((one, f) => {
      const own = at.n === n && at.l === l && at.f === f;
      one.classList.toggle("own", own);
      one.classList.toggle("same", !own && at.f === f && at.n + at.l === n + l);
      one.tabIndex = own ? 0 : -1;
    }),
  };
}

function placeCard(card, place, up, answer) {
  card.hidden = !place;
  if (!place) return;
  card.firstChild.textContent = `${place.name} = ${place.index}`;
  card.lastChild.textContent = place.answer ? `y = ${answer(place.index)}` : "";
  card.dataset.card = place.index;
  for (const [name, value] of [["transform", `translate(${place.x}px, ${place.y - 17}px)`], ["width", `${place.w}px`], ["height", `${place.h + 17}px`],
    ["z-index", up ? 899 : place.z], ["opacity", place.o]]) card.style.setProperty(name, value);
}

// Arrows go through the numbers: sideways the features, up and down the days, a page the windows.
function step(m, { n, l, f }, key) {
  const move = { ArrowLeft: [0, 0, -1], ArrowRight: [0, 0, 1], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0], PageUp: [-1, 0, 0], PageDown: [1, 0, 0] }[key];
  if (!move) return null;
  const [a, b, c] = [n + move[0], l + move[1], f + move[2]];
  return a < 0 || b < 0 || c < 0 || a >= m.n || b >= m.L || c >= m.f ? { n, l, f } : { n: a, l: b, f: c };
}
