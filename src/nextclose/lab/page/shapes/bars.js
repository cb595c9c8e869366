// The first step's scenery: the bars as a chart and as a table, and the frame that slides over both.

import { clear, h, svg } from "../dom.js";
import { grouped, scale } from "../draw.js";
import { t } from "../words.js";
import { WINDOW_COLOURS, price } from "./model.js";
import { HEIGHT, TABLE, range, tableRow } from "./places.js";

const CHART = { width: 236, top: 20, bottom: HEIGHT - 26 };

export function bars(m, walk, lab) {
  const count = m.n + m.L;
  const rowHeight = tableRow(m);
  const chart = svg("svg", { class: "chart", width: CHART.width, height: HEIGHT, role: "img" });
  const frame = h("div", { class: "frame" });
  const table = h("div", { class: "table", role: "table" });
  const root = h("div", { class: "scene cut" }, chart, table, frame);
  const column = (name) => Array.from(lab.bars[name].subarray(m.first, m.first + count));
  const prices = Object.fromEntries(["open", "high", "low", "close"].map((name) => [name, column(name)]));
  const x = scale(-0.5, count - 0.5, 4, CHART.width - 42);
  const y = scale(Math.min(...prices.low), Math.max(...prices.high), CHART.bottom - 8, CHART.top + 8);
  let band = null;
  let dot = null;
  let now = 0;
  let numbers = [];

  const candle = (row) => {
    const [open, close] = [y(prices.open[row]), y(prices.close[row])];
    const rises = prices.close[row] >= prices.open[row];
    return [
      svg("line", { class: "wick", x1: x(row), x2: x(row), y1: y(prices.high[row]), y2: y(prices.low[row]) }),
      svg("rect", { class: rises ? "body rises" : "body", x: x(row) - 4, width: 8, y: Math.min(open, close), height: Math.max(Math.abs(open - close), 1) }),
    ];
  };

  const write = () => {
    band = svg("rect", { class: "frame-band", x: 0, width: x(m.L) - x(0), y: CHART.top - 6, height: CHART.bottom - CHART.top + 8, rx: 5 });
    dot = svg("circle", { r: 5, class: "dot" });
    const marks = [Math.max(...prices.high), Math.min(...prices.low)];
    chart.setAttribute("aria-label", t("Prices of the days in the table"));
    clear(chart, band, range(count).flatMap(candle), dot,
      marks.map((mark) => svg("text", { class: "words", x: CHART.width - 36, y: y(mark) + 4 }, grouped(mark, mark < 1000 ? 2 : 0))),
      svg("text", { class: "words", x: x(0) - 4, y: HEIGHT - 8 }, m.day(0)),
      svg("text", { class: "words", x: x(count - 1) + 8, y: HEIGHT - 8, "text-anchor": "end" }, m.day(count - 1)));
    numbers = range(count).map((row) => range(m.f).map((f) => number(row, f)));
    const names = h("div", { class: "line head", role: "row" }, h("span", { class: "date", role: "columnheader" }, t("day")), m.features.slice(0, m.f).map((name) => h("span", { role: "columnheader" }, name)));
    clear(table, names, numbers.map((cells, row) => h("div", { class: "line", role: "row", style: { height: `${rowHeight}px` } }, h("span", { class: "date", role: "rowheader" }, m.day(row)), cells)));
  };

  // A day after the last window is there as an answer only.
  const number = (row, f) => {
    const n = Math.min(row, m.n - 1);
    const inside = row - n < m.L;
    const text = inside ? m.text(n, row - n, f, true) : m.features[f] in prices ? price(prices[m.features[f]][row]) : "";
    return h("span", { role: "cell", "data-row": row, "data-nlf": inside ? `${n},${row - n},${f}` : null }, text);
  };

  const show = ({ n }) => {
    now = n;
    const colour = WINDOW_COLOURS[n];
    frame.style.setProperty("--w", colour);
    frame.style.setProperty("transform", `translate(${TABLE.x - 6}px, ${TABLE.head + n * rowHeight}px)`);
    frame.style.setProperty("width", `${TABLE.date + m.f * TABLE.column + 10}px`);
    frame.style.setProperty("height", `${m.L * rowHeight}px`);
    band.style.setProperty("--w", colour);
    band.style.setProperty("transform", `translateX(${x(n) - (x(1) - x(0)) / 2}px)`);
    numbers.forEach((cells, row) => cells.forEach((one, f) => {
      one.classList.toggle("answer", row === n + m.L && m.features[f] === "close");
      one.parentNode.classList.toggle("inside", row >= n && row < n + m.L);
    }));
  };

  const mark = (at) => {
    const row = at.n + at.l;
    numbers.forEach((cells, r) => cells.forEach((one, f) => one.classList.toggle("own", r === row && f === at.f)));
    const known = prices[m.features[at.f]];
    dot.classList.toggle("none", !known);
    if (known) dot.setAttribute("cx", x(row)), dot.setAttribute("cy", y(known[row]));
  };

  write();
  return { root, write: () => (write(), show({ n: now })), show, mark };
}
