// A switch between the right way and a mistake, and the error of the same nets either way.

import { clear, h, svg } from "../dom.js";
import { fixed, logScale } from "../draw.js";
import { t } from "../words.js";

const STRIP = { width: 132, height: 22 };

// way: "axes" or "h0"; ends(): what the right way and the wrong one are called; wrong() says which is on, set(wrong) moves it.
export function errors(way, { ends, wrong, set }) {
  const root = h("div", { class: "errors" });
  let known = {};

  const isWrong = (one) => (way === "axes" ? one.axes === "reshape" : one.carried);
  const show = (found) => {
    known = found;
    draw();
  };
  const draw = () => {
    const told = [known.chosen, known[way]].filter((one) => one && !one.reason);
    const pair = [false, true].map((bad) => told.find((one) => isWrong(one) === bad));
    const all = pair.flatMap((one) => one?.ratios ?? []).filter((ratio) => ratio > 0);
    const x = logScale(Math.min(0.9, ...all) / 1.1, Math.max(1.2, ...all) * 1.1, 6, STRIP.width - 6);
    clear(root,
      h("div", { class: "ways", role: "radiogroup", "aria-label": t("The right way and a mistake") },
        ends().map((name, bad) => line(name, pair[bad], Boolean(bad), x))),
      h("p", { class: "words" }, known[way]?.reason ?? t("Error on the test days over that of repeating the last close, {seeds} seeds at L = {L}; the line is 1.", { seeds: known.chosen?.ratios.length ?? "–", L: known.L ?? "–" })));
  };

  const line = (name, found, bad, x) => {
    const on = wrong() === bad;
    return h("div", { class: on ? "way on" : "way" },
      h("button", { role: "radio", "aria-checked": String(on), onclick: () => set(bad) }, name), 
      h("b", {}, found ? `${fixed(found.ratio, found.ratio >= 100 ? 0 : 2)} ×` : "–"),
      svg("svg", { width: STRIP.width, height: STRIP.height, "aria-hidden": "true" },
        svg("line", { class: "base", x1: 6, x2: STRIP.width - 6, y1: 11, y2: 11 }), svg("line", { class: "one", x1: x(1), x2: x(1), y1: 1, y2: 21 }),
        (found?.ratios ?? []).map((ratio) => svg("circle", { class: bad ? "seed bad" : "seed", cx: x(ratio), cy: 11, r: 4 }))));
  };
  return { root, show, draw };
}
