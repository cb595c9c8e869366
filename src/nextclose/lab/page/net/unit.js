// The arithmetic of the chosen cell in full, as the lab computes it: every product, the sum, the point on the curve.

import { clear, h, svg } from "../dom.js";
import { scale } from "../draw.js";
import { t } from "../words.js";
import { number, priceText, small } from "./numbers.js";

export function unitPanel(root) {
  root.classList.add("net-unit");
  root.tabIndex = -1;
  return {
    // `told` is the lab's answer to what is chosen; a number read needs none.
    show: (model, chosen, told) => {
      if (chosen.part === "x") return clear(root, input(model, chosen));
      if (!told) return;
      const [header, arrays] = told;
      clear(root, header.part === "output" ? output(model, header, arrays) : unit(model, header, arrays));
    },
  };
}

function input(model, chosen) {
  const { step, unit } = chosen;
  const at = step * model.features.length + unit;
  const { date, feature } = model.source(step, unit);
  const odd = date !== model.dates[step] || feature !== model.features[unit];
  return [
    h("h4", {}, `x${small(step + 1)}`, h("small", {}, model.features[unit])),
    equation(`${feature} ${date}`, priceText(model.now.raw[at])),
    equation(t("as the net reads it"), number(model.now.scaled[at]), true, map(model, at)),
    odd ? h("p", { class: "odd" }, t("This place should hold {feature} of {date}.", { feature: model.features[unit], date: model.dates[step] })) : null,
    h("p", { class: model.foreseen ? "odd" : "quiet" }, scaled(model)),
  ];
}

// How a column of the train span scales a number, where it does.
function map(model, at) {
  const f = at % model.features.length;
  const [shift, scale] = [model.now.x_shift[f], model.now.x_scale[f]];
  return shift === 0 && scale === 1 ? null : `(${priceText(model.now.raw[at])} − ${figure(shift)}) / ${figure(scale)}`;
}

const figure = (value) => Number(value.toPrecision(10)).toLocaleString("en-US", { maximumFractionDigits: 10 });

function scaled(model) {
  if (model.scaling === "none") return t("Not scaled.");
  if (model.scaling.startsWith("log")) return t("Relative to the last close of the window.");
  if (model.foreseen) return t("Scaled by all rows, those of the test span among them.");
  return t("Scaled by the train span's own rows, a column at a time.");
}

function unit(model, header, arrays) {
  const { layer, step, unit: number_, gates } = header;
  const now = model.flat ? small(1) : small(step + 1);
  const name = `h${now}[${number_}]`;
  const where = model.layers > 1 ? t("layer {layer}", { layer: layer + 1 }) : "";
  const date = model.flat ? null : model.dateOf(step);
  const title = h("h4", {}, name, h("small", {}, [where, date].filter(Boolean).join(" · ")), h("output", { id: "unit-value" }, number(header.h)));
  if (gates.length === 1) return [title, h("p", { class: "quiet" }, formula(model)), gateSums(model, gates[0], arrays, layer, step), activation(gates[0], arrays, name)];
  const opened = gates.map((gate, place) => h("details", { open: place === 0, name: "gate" },
    h("summary", {}, h("b", {}, gate.name + now), h("span", {}, `${gate.curve === "tanh" ? "tanh" : "σ"}(${number(gate.sum)})`), h("output", {}, number(gate.value))),
    gateSums(model, gate, arrays, layer, step, gates), activation(gate, arrays, gate.name + now)));
  return [title, h("div", { class: "state" }, model.cell === "lstm" ? lstm(header, gates, now, step) : gru(header, gates, now, step)), ...opened];
}

const formula = (model) => {
  const [curve, bias] = [model.activation === "identity" ? "" : model.activation, model.has("b_x") ? " + b" : ""];
  return `h${model.flat ? "" : "ₜ"} = ${curve}(W_x x${model.flat ? "" : "ₜ + W_h hₜ₋₁"}${bias})`;
};

function lstm(header, gates, now, step) {
  const [i, f, g, o] = gates.map((gate) => number(gate.value));
  return [
    equation(`c${now} = f · c${small(step)} + i · g`, number(header.c), false, `${f} × ${number(header.c_before)} + ${i} × ${g}`),
    equation(`h${now} = o · tanh(c${now})`, number(header.h), true, `${o} × tanh(${number(header.c)})`),
  ];
}

function gru(header, gates, now, step) {
  const [, z, n] = gates.map((gate) => number(gate.value));
  return [equation(`h${now} = n + z · (h${small(step)} − n)`, number(header.h), true, `${n} + ${z} × (${number(header.h_before)} − ${n})`)];
}

function output(model, header, arrays) {
  const { step } = header;
  const now = small(step + 1);
  const date = model.flat ? null : model.dateOf(step);
  const last = step === model.flatSteps - 1;
  return [
    h("h4", {}, `y${now}`, h("small", {}, date ?? ""), h("output", { id: "unit-value" }, number(header.h_total))),
    h("p", { class: "quiet" }, last ? t("The forecast: the last step's output.") : t("Computed at every step; only the last one is used.")),
    products(`W_y h${now}`, arrays.h, (at) => `h${now}[${at}]`, header.h_bias, "b_y", null),
    equation(`y${now}`, number(header.h_total), true),
  ];
}

// W_x x + W_h h: both lists of products, and the sum.
function gateSums(model, gate, arrays, layer, step, gates = []) {
  const [now, before] = [small(step + 1), small(step)];
  const fed = layer ? (at) => `h${now}[${at}]` : model.flat ? (at) => `${model.features[at % model.features.length]} ${small(Math.floor(at / model.features.length) + 1)}` : (at) => model.features[at];
  const of = layer ? `h${now}` : model.flat ? "x" : `x${now}`;
  const suffix = layer ? ` (${t("layer {layer}", { layer })})` : "";
  const r = gate.name === "n" && gates.find((other) => other.name === "r");
  return h("div", { class: "sums" },
    products(`W_x ${of}${suffix}`, arrays[`${gate.name}:x`], fed, gate.x_bias, "b_x", gate.x_total),
    arrays[`${gate.name}:h`] ? products(`W_h h${before}`, arrays[`${gate.name}:h`], (at) => `h${before}[${at}]`, gate.h_bias, "b_h", gate.h_total) : null,
    equation(r ? `W_x ${of} + r · W_h h${before}` : t("sum"), number(gate.sum), false, r ? `${number(gate.x_total)} + ${number(r.value)} × ${number(gate.h_total)}` : null));
}

// A row a product; a bar behind it shows its sign and size.
function products(title, stacked, name, bias, biasName, total) {
  const n = stacked.shape[1];
  const [weights, values, made] = [0, 1, 2].map((row) => stacked.subarray(row * n, (row + 1) * n));
  const most = Math.max(...Array.from(made, Math.abs), Math.abs(bias ?? 0), 1e-12);
  const row = (label, weight, value, product) => h("tr", {},
    h("th", { scope: "row" }, label), h("td", {}, weight), h("td", { class: "times" }, value ? "×" : ""), h("td", {}, value),
    h("td", { class: "product", style: { "--share": `${(100 * Math.abs(product)) / most}%` }, "data-sign": product < 0 ? "minus" : "plus" }, number(product)));
  return h("table", {},
    h("caption", {}, h("span", {}, title), total === null ? null : h("output", {}, number(total))),
    h("tbody", {}, Array.from(made, (product, at) => row(name(at), number(weights[at]), number(values[at]), product)),
      bias === null || bias === undefined ? null : row(biasName, "", "", bias)));
}

const equation = (text, value, lit = false, how = null) => h("p", { class: lit ? "equation lit" : "equation" }, h("span", {}, text), how ? h("small", {}, how) : null, h("output", {}, value));

// The activation's curve with the point of this sum.
function activation(gate, arrays, name) {
  const points = arrays[`${gate.name}:curve`];
  const n = points.shape[1];
  const [xs, ys] = [points.subarray(0, n), points.subarray(n)];
  const [wide, tall] = [284, 54];
  const [low, high] = [Math.min(...ys, 0), Math.max(...ys, 0)];
  const x = scale(xs[0], xs[n - 1], 8, wide - 8);
  const y = scale(low, high, tall - 10, 8);
  const path = Array.from(xs, (at, i) => `${i ? "L" : "M"}${x(at).toFixed(1)} ${y(ys[i]).toFixed(1)}`).join("");
  const [px, py] = [x(gate.sum), y(gate.value)];
  const label = gate.curve === "sigmoid" ? "σ" : gate.curve;
  return h("figure", {},
    svg("svg", { viewBox: `0 0 ${wide} ${tall}`, role: "img", "aria-label": `${label}(${number(gate.sum)}) = ${number(gate.value)}` },
      svg("path", { class: "axis", d: `M8 ${y(0)}H${wide - 8}M${x(0)} 8V${tall - 10}` }),
      svg("path", { class: "guide", d: `M${px} ${y(0)}V${py}H${x(0)}` }),
      svg("path", { class: "curve", d: path }),
      svg("circle", { class: "point", cx: px, cy: py, r: 4.5 })),
    h("figcaption", {}, h("span", {}, `${name} = ${label}(${number(gate.sum)})`), h("output", {}, number(gate.value))));
}
