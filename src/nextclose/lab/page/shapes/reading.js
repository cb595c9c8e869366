// Beside the swapped cards: what the net reads, day by day, as one window.

import { clear, h } from "../dom.js";
import { t } from "../words.js";
import { WINDOW_COLOURS } from "./model.js";
import { range } from "./places.js";

export function reading(m, walk) {
  const root = h("div", { class: "scene reading" });

  const mark = ({ n }) => {
    const axes = walk.axes();
    const lines = range(m.L).map((c) => {
      const [window, step] = m.holds(axes, c, n);
      return h("div", { class: "line", style: { "--w": WINDOW_COLOURS[window] } },
        h("span", {}, `t = ${c}`), h("b", {}, m.day(window + step)), h("span", { class: "tag" }, `${window},${step}`));
    });
    const wrong = axes === "reshape";
    clear(root,
      h("p", {}, t("Row {n} of every card: what the net reads as window {n}", { n })), lines,
      h("p", { class: wrong ? "verdict bad" : "verdict good" }, wrong ? t("days of several windows") : t("{L} days in a row, all of window {n}", { L: m.L, n })),
      wrong ? h("p", { class: "words" }, t("With all {N} windows: {days}", { N: m.in_span, days: range(m.L).map((c) => m.holdsDay(c, n)).join(", ") })) : null);
  };

  return { root, mark };
}
