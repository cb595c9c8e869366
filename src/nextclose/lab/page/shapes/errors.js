// A switch between the right way and a mistake, and the error of the same nets either way.

import { clear, h, svg } from "../dom.js";
import { fixed, logScale } from "../draw.js";
import { t } from "../words.js";
import { radio, radios } from "./radios.js";

const STRIP = { width: 132, height: 22 };

// way: "axes" or "h0"; known: what the lab has measured; ends(): what the right way and the wrong one are called; wrong() says which is on, set(wrong) moves it.
export function errors(way, known, { ends, wrong, set }) {
  const root = h("div", { class: "errors" });

  const draw = () => {
    const pair = [false, true].map((bad) => known.of(way, bad));
    const all = pair.flatMap((one) => one?.ratios ?? []).filter((ratio) => ratio > 0);
    const x = logScale(Math.min(0.9, ...all) / 1.1, Math.max(1.2, ...all) * 1.1, 6, STRIP.width - 6);
    clear(root,
      radios({ class: "ways", "aria-label": t("The right way and a mistake") }, [false, true], wrong(), set,
        ends().map((name, bad) => line(name, pair[bad], Boolean(bad), x))),
      h("p", { class: "words" }, known.reason(way) ?? said(pair.find(Boolean))));
  };

  const said = (one) => (one ? t("Error on the test days over that of repeating the last close, {seeds} seeds at L = {L}; the line is 1.", { seeds: one.ratios.length, L: known.days() }) : "");
  const line = (name, found, bad, x) => {
    const on = wrong() === bad;
    return h("div", { class: on ? "way on" : "way" },
      radio(way, on, () => set(bad), name),
      h("b", {}, found ? `${fixed(found.ratio, found.ratio >= 100 ? 0 : 2)} ×` : "–"),
      svg("svg", { width: STRIP.width, height: STRIP.height, "aria-hidden": "true" },
        svg("line", { class: "base", x1: 6, x2: STRIP.width - 6, y1: 11, y2: 11 }), svg("line", { class: "one", x1: x(1), x2: x(1), y1: 1, y2: 21 }),
        (found?.ratios ?? []).filter((ratio) => ratio > 0).map((ratio) => svg("circle", { class: bad ? "seed bad" : "seed", cx: x(ratio), cy: 11, r: 4 }))));
  };
  return { root, draw };
}

// What was measured, by the axes and whether the state is carried over; choices() says which of these are on.
export function measured(choices) {
  const found = new Map();
  const reasons = {};
  const key = (axes, carried) => `${axes},${carried}`;
  let days = "–";
  const take = (header) => {
    reasons[header.way] = header.reason;
    if (header.reason) return;
    found.set(key(header.axes, header.carried), header);
    if (header.way === "chosen") found.delete(key(header.axes === "reshape" ? "swapaxes" : "reshape", !header.carried));
  };
  return {
    take, reason: (way) => reasons[way], days: () => days, of: (way, bad) => {
      const { axes, carried } = choices();
      return way === "axes" ? found.get(key(bad ? "reshape" : "swapaxes", carried)) : found.get(key(axes, bad));
    }, at: (L) => (days = L),
  };
}
