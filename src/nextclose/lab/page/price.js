// The prices over all bars: what trains, what is tested, and the quarter that is sealed. Spans are dragged or moved by keys.

import { h } from "./dom.js";
import { feet, scale, surface } from "./draw.js";
import { t } from "./words.js";

const FOOT = 22; // pixels under the chart for the years
const LEAST = 20; // sessions a span must keep
const MONTH = 21; // sessions a step with Shift
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: MONTH, PageDown: -MONTH, Home: -Infinity, End: Infinity };

export function price(root, lab) {
  const { state } = lab;
  const chart = surface(root, { label: t("Closing prices with train and test spans") }, paint);
  const seal = h("div", { id: "seal" });
  const handles = [
    handle("train_start", "start", () => t("Start of the train span")),
    handle("test_start", "test", () => t("Start of the test span")),
    handle("test_end", "test", () => t("End of the test span")),
  ];
  root.append(seal, ...handles.map(({ element }) => element));
  chart.canvas.addEventListener("click", pick);

  let x = scale(0, 1, 0, 1);

  const span = () => {
    const split = lab.picture?.split ?? [0, 0, 0, 0];
    return { train_start: split[0], test_start: split[2], test_end: split[3] };
  };

  function paint(ctx, width, height, ink) {
    const { bars } = lab;
    if (!bars) return;
    const floor = height - FOOT;
    x = scale(0, bars.rows - 1, 1, width - 1);
    const close = bars.close;
    let [low, high] = [Infinity, -Infinity];
    const behind = lab.envelope?.close ?? [];
    for (const series of [close, behind]) {
      for (const value of series) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    const y = scale(Math.log(low), Math.log(high), floor - 6, 8);
    if (lab.picture) {
      const [start, stop, first, last] = lab.picture.split;
      ctx.fillStyle = ink.faint;
      ctx.fillRect(x(start), 0, x(stop - 1) - x(start), floor);
      ctx.fillStyle = ink.accent;
      ctx.globalAlpha = 0.13;
      ctx.fillRect(x(first), 0, x(last) - x(first), floor);
      ctx.globalAlpha = 1;
    }
    ctx.strokeStyle = ink.quiet;
    ctx.lineWidth = 1.1;
    ctx.beginPath();
    const every = Math.max(1, Math.floor(close.length / (2 * width)));
    for (let row = 0; row < close.length; row += every) ctx.lineTo(x(row), y(Math.log(close[row])));
    for (let row = 0; row < behind.length; row += every) ctx.lineTo(x(bars.explored + row), y(Math.log(behind[row])));
    ctx.stroke();
    const at = lab.row(state.get("at"));
    if (at >= 0 && at < close.length) {
      ctx.fillStyle = ink.accent;
      ctx.beginPath();
      ctx.arc(x(at), y(Math.log(close[at])), 3.5, 0, 7);
      ctx.fill();
    }
    ctx.strokeStyle = ink.line;
    ctx.beginPath();
    ctx.moveTo(0, floor + 0.5);
    ctx.lineTo(width, floor + 0.5);
    ctx.stroke();
    feet(ctx, years([...bars.days, ...(lab.envelope?.days ?? [])]).map(([row, year]) => [Math.max(x(row), 16), year]), floor + 13, ink);
    seal.style.left = `${x(bars.explored)}px`;
    seal.style.width = `${width - x(bars.explored)}px`;
  }

  function place() {
    const rows = span();
    for (const { element, name } of handles) {
      element.style.left = `${x(rows[name])}px`;
      element.hidden = !lab.picture;
      element.setAttribute("aria-valuenow", rows[name]);
      element.setAttribute("aria-valuetext", lab.picture ? lab.day(rows[name]) : "");
      if (!lab.picture || !lab.bars) continue;
      const [least, most] = bounds(name, rows);
      element.setAttribute("aria-valuemin", least);
      element.setAttribute("aria-valuemax", most);
    }
  }

  function handle(name, kind, label) {
    const element = h("button", { class: `handle ${kind}`, role: "slider", id: `handle-${name}`, hidden: true });
    const name_ = () => {
      element.setAttribute("aria-label", label());
      element.title = label();
    };
    lab.on("lang", name_);
    name_();
    element.addEventListener("pointerdown", (event) => element.setPointerCapture(event.pointerId));
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) move(name, Math.round(x.back(event.clientX - root.getBoundingClientRect().left)));
    });
    element.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (!step || !lab.picture) return;
      move(name, span()[name] + step * (event.shiftKey ? MONTH : 1));
      event.preventDefault();
    });
    return { element, name };
  }

  // A span's end stops where the next one would be left with too few sessions.
  const bounds = (name, rows) => ({
    train_start: [0, rows.test_start - LEAST],
    test_start: [rows.train_start + LEAST, rows.test_end - LEAST],
    test_end: [rows.test_start + LEAST, lab.bars.explored - 1],
  })[name];

  function move(name, row) {
    const rows = span();
    const [least, most] = bounds(name, rows);
    rows[name] = Math.min(Math.max(row, least), most);
    state.set(Object.fromEntries(Object.entries(rows).map(([key, value]) => [key, lab.day(value)])));
  }

  function pick(event) {
    if (!lab.bars) return;
    const row = Math.round(x.back(event.offsetX));
    if (row >= 0 && row < lab.bars.explored) state.set({ at: lab.day(row) });
  }

  const update = () => {
    chart.repaint();
    place();
  };
  new ResizeObserver(place).observe(root);
  for (const event of ["bars", "envelope", "theme"]) lab.on(event, update);
  let drawn = null; // the spans on the chart: most pictures leave them as they are
  lab.on("picture", () => {
    const split = lab.picture.split.join();
    if (split !== drawn) update();
    drawn = split;
  });
  state.on((names) => names.has("at") && chart.repaint());
}

// The first row of each year.
function years(days) {
  const found = [];
  let before = null;
  for (let row = 0; row < days.length; row++) {
    const year = new Date(days[row] * 864e5).getUTCFullYear();
    if (year !== before && (before !== null || row === 0)) found.push([row, String(year)]);
    before = year;
  }
  return found;
}
