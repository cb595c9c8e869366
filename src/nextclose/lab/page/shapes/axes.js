// The three axes of a block of cards, each with its name and size.

import { clear, svg } from "../dom.js";
import { t } from "../words.js";
import { CELL, HEIGHT, ROW, TAG, WIDTH, stick } from "./places.js";

export function axes(m) {
  const root = svg("svg", { class: "scene axes", width: WIDTH, height: HEIGHT, "aria-hidden": "true" });
  let last = null;

  const draw = () => {
    if (!last) return;
    const { step, corner, back } = last;
    const rows = step === "stack" ? m.L : m.n;
    const [x, y, w, tall] = [corner.x, corner.y, stick(m), rows * ROW];
    const floor = y + tall;
    const downwards = step === "stack" ? dayAxis(m) : windowAxis(m);
    const backwards = step === "stack" ? windowAxis(m) : dayAxis(m);
    const far = [back.x + w + 10, back.y + tall + 6];
    clear(root,
      [[0, -17], [w, -17], [w, tall]].map(([dx, dy]) => svg("line", { class: "edge", x1: x + dx, y1: y + dy, x2: back.x + dx, y2: back.y + dy })),
      arrow(x - 12, y, x - 12, floor), label(x - 20, (y + floor) / 2, downwards, "end"),
      arrow(x + TAG, floor + 6, x + w, floor + 6),
      m.features.slice(0, m.f).map((name, f) => svg("text", { class: "feature", x: x + TAG + (f + 0.5) * CELL, y: floor + 18 }, name)),
      label(x - 20, floor + 14, [`F = ${m.F}`, m.f < m.F ? t("{shown} drawn", { shown: m.f }) : ""], "end"),
      arrow(x + w + 10, floor + 4, ...far), label((x + w + far[0]) / 2 + 26, (floor + far[1]) / 2 + 8, backwards, "start"));
  };

  return { root, write: draw, show: (moment, set) => ((last = { step: moment.step, ...set }), draw()) };
}

const dayAxis = (m) => [`L = ${m.L}`, t("days in a window")];
const windowAxis = (m) => [`N = ${m.N}`, t("windows, {shown} drawn", { shown: m.n })];

const arrow = (x1, y1, x2, y2) => {
  const turn = Math.atan2(y2 - y1, x2 - x1);
  const wing = (side) => `${x2 - 6 * Math.cos(turn + side)} ${y2 - 6 * Math.sin(turn + side)}`;
  return svg("path", { class: "axis", d: `M${x1} ${y1}L${x2} ${y2}M${wing(0.45)}L${x2} ${y2}L${wing(-0.45)}` });
};

const label = (x, y, [size, words], anchor) => [
  svg("text", { class: "size", x, y: y + (words ? -2 : 4), "text-anchor": anchor }, size),
  words ? svg("text", { class: "words", x, y: y + 12, "text-anchor": anchor }, words) : null,
];
