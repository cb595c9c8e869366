// The last step's scenery: one product after the other, each array with its shape.

import { clear, h, svg } from "../dom.js";
import { diverging } from "../draw.js";
import { t } from "../words.js";
import { WINDOW_COLOURS, scaled } from "./model.js";
import { FEED, HEAD, HEIGHT, ROW, WIDTH, range, stick } from "./places.js";

const WIDE = 94;
const LABEL = 34; // what stands under an array

export function feeding(m, walk) {
  const root = h("div", { class: "scene feed" });
  let now = { t: 0 };

  const draw = () => {
    const net = walk.net();
    clear(root, net ? equation(m, net, now, walk) : h("p", { class: "waiting" }, t("The net is being trained ...")));
    mark(walk.focus());
  };
  const mark = (at) => {
    const [, row] = m.stands(walk.axes(), at.n, at.l);
    for (const line of root.querySelectorAll("[data-line]")) line.classList.toggle("own", Number(line.dataset.line) === row);
  };
  return { root, write: draw, mark, show: (moment) => ((now = moment), draw()) };
}

function equation(m, net, { t: step, out }, walk) {
  const H = net.h.shape[2];
  const wide = net.gates.length > 1 ? `${net.gates.length}H` : "H";
  const columns = net.gates.length * H;
  const tall = m.n * ROW;
  const from = net.recurrent ? step : 0;
  const of = (array, k) => (i, j) => array[(i * array.shape[1] + k) * array.shape[2] + j];
  const turned = (array) => (i, j) => array[j * array.shape[1] + i];
  const memory = net.w_h && net.recurrent;
  let x = FEED.x + stick(m) + 14;
  const pieces = [shape(FEED.x, stick(m), tall, net.recurrent ? ["N", "F"] : ["N", "L·F"], net.recurrent ? [m.N, m.F] : [m.N, m.L * m.F])];
  const sign = (text, gap = 26, carries = null) => {
    pieces.push(h("span", { class: "sign", style: { left: `${x}px`, top: `${FEED.y + tall / 2 - 12}px`, width: `${gap}px` } }, text, carries ? h("b", {}, carries) : null));
    x += gap;
  };
  const colour = (i) => (walk.axes() === "reshape" ? "var(--reach)" : WINDOW_COLOURS[i]);
  const array = (name, symbols, sizes, value, rows, cols, { width = WIDE, height = tall, faint = false, lines = false, numbers = false } = {}) => {
    pieces.push(...drawn({ x, colour, name, symbols, sizes, value, rows, cols, width, height, faint, lines, numbers }));
    x += width + 4;
  };
  const state = net.recurrent ? (step === 0 ? t("h before") : `h (t = ${step - 1})`) : "h";
  sign("@");
  array("W_x", [net.recurrent ? "F" : "L·F", wide], [net.recurrent ? m.F : m.L * m.F, columns], turned(net.w_x), net.w_x.shape[1], columns, { height: Math.min(net.w_x.shape[1] * ROW, tall) });
  if (memory) {
    sign("+");
    array(state, ["N", "H"], [m.N, H], of(net.h, from), m.n, H, { lines: true });
    sign("@");
    array("W_h", ["H", wide], [H, columns], turned(net.w_h), H, columns, { height: Math.min(WIDE, tall) });
  }
  sign(net.gates.length > 1 ? t("gates →") : `${net.activation === "identity" ? "" : net.activation} →`, 58, `(N, ${wide})`);
  const left = x;
  array(net.recurrent ? `h (t = ${step})` : "h", ["N", "H"], [m.N, H], of(net.h, from + 1), m.n, H, { lines: true });
  const faint = !out;
  if (memory) pieces.push(loop(left + WIDE / 2, FEED.x + stick(m) + 14 + 26 * 2 + WIDE * 1.5 + 4, tall));
  sign("@");
  array("W_y", ["H", "K"], [H, net.w_y.shape[0]], turned(net.w_y), H, net.w_y.shape[0], { width: 16, height: Math.min(WIDE, tall), faint });
  sign("→", 46, "(N, K)");
  array("y", ["N", "K"], [m.N, net.w_y.shape[0]], (i) => net.y[i * net.y.shape[1]], m.n, 1, { width: 44, faint, lines: true, numbers: true });
  return pieces;
}

function drawn({ x, colour, name, symbols, sizes, value, rows, cols, width, height, faint, lines, numbers }) {
  const top = FEED.y;
  const style = { left: `${x}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` };
  const body = numbers
    ? h("div", { class: "column" }, range(rows).map((i) => h("span", { style: { height: `${ROW}px` } }, faint ? "" : scaled(value(i, 0)))))
    : heat(value, rows, cols, width, height);
  return [
    h("div", { class: faint ? "array faint" : "array", style }, h("b", { style: { top: `${-HEAD - 2}px` } }, name), body,
      lines ? range(rows).map((i) => h("i", { "data-line": i, style: { "--w": colour(i), top: `${i * ROW}px`, height: `${ROW}px` } })) : null),
    shape(x, width, height, symbols, sizes, faint),
  ];
}

function heat(value, rows, cols, width, height) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const sharp = 3;
  [canvas.width, canvas.height] = [width * sharp, height * sharp];
  const ctx = canvas.getContext("2d");
  const values = range(rows).map((i) => range(cols).map((j) => value(i, j)));
  const most = Math.max(...values.flat().map(Math.abs)) || 1;
  const [w, tall] = [canvas.width / cols, canvas.height / rows];
  values.forEach((line, i) => line.forEach((one, j) => {
    ctx.fillStyle = diverging(one / most);
    ctx.fillRect(Math.round(j * w), Math.round(i * tall), Math.ceil(w) - (w > 12 ? 1 : 0), Math.ceil(tall) - (tall > 12 ? 1 : 0));
  }));
  return canvas;
}

const shape = (x, width, height, symbols, sizes, faint = false) =>
  h("div", { class: faint ? "shape faint" : "shape", style: { left: `${x + width / 2}px`, top: `${FEED.y + height + 6}px`, height: `${LABEL}px` } },
    h("b", {}, `(${symbols.join(", ")})`), h("span", {}, `(${sizes.join(", ")})`));

// The new state goes back in as the old one of the next step.
function loop(from, to, tall) {
  const [top, floor] = [FEED.y - HEAD - 6, FEED.y - HEAD - 46];
  return svg("svg", { class: "loop", width: WIDTH, height: HEIGHT, "aria-hidden": "true" },
    svg("path", { d: `M${from} ${top}C${from} ${floor},${to} ${floor},${to} ${top}M${to - 4} ${top - 8}L${to} ${top}L${to + 5} ${top - 7}` }),
    svg("text", { x: (from + to) / 2, y: floor + 6 }, t("(N, H) for the next day")));
}
