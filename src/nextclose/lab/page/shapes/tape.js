// The block as it lies in memory: one row of numbers. Lit are those that share the first index with the number looked at.

import { clear, h } from "../dom.js";
import { t } from "../words.js";
import { WINDOW_COLOURS } from "./model.js";
import { range } from "./places.js";

export function tape(walk) {
  const words = h("p", { class: "words" });
  const strip = h("div", { class: "strip" });
  const root = h("div", { class: "tape" }, words, strip);
  let m = null;
  let cells = [];
  let step = "stack";

  const build = (given) => {
    m = given;
    cells = range(m.n * m.L * m.F).map((place) => {
      const [n, l, f] = [Math.floor(place / (m.L * m.F)), Math.floor(place / m.F) % m.L, place % m.F];
      const cell = h("i", { style: { "--w": WINDOW_COLOURS[n] }, class: f === 0 ? "first" : "" });
      if (f < m.f) cell.dataset.nlf = `${n},${l},${f}`;
      return { n, l, f, cell };
    });
    clear(strip, cells.map(({ cell }) => cell));
    mark();
  };

  const mark = () => {
    if (!m) return;
    const at = walk.focus();
    const axes = walk.axes();
    const first = (n, l) => (step === "stack" || step === "cut" ? n : m.stands(axes, n, l)[0]);
    const lit = first(at.n, at.l);
    for (const { n, l, f, cell } of cells) {
      cell.classList.toggle("lit", first(n, l) === lit);
      cell.classList.toggle("own", n === at.n && l === at.l && f === at.f);
    }
    const name = step === "stack" || step === "cut" ? "X" : axes;
    words.textContent = t("In memory: {count} numbers in one row. Lit: {what}. One further along each axis is {strides} further here.", {
      count: cells.length, what: name === "X" ? `X[${lit}]` : `X.${name}(...)[${lit}]`, strides: m.strides[name].join(", "),
    });
  };

  strip.addEventListener("pointerover", (event) => event.target.dataset.nlf && walk.look(at(event)));
  strip.addEventListener("pointerleave", () => walk.look(null));
  strip.addEventListener("click", (event) => event.target.dataset.nlf && walk.pin(at(event)));
  return { root, build, mark, show: (moment) => ((step = moment.step), mark()) };
}

const at = (event) => {
  const [n, l, f] = event.target.dataset.nlf.split(",").map(Number);
  return { n, l, f };
};
