// Where everything of the diagram lies: strips of cells, and the arrows between them. Time runs to the right, the net
// upwards: x_t, the layers, y_t. A unit is one row through weights and states alike.

export const GUTTER = 186; // the weights, which are the same at every step
const PAD = 10;
const FOOT = 20; // dates
const RISE = 28; // between x and the lowest layer, and below y
const BETWEEN = 32; // from layer to layer, and more where gates have names
const HEAD = 24; // a y
const LEAST = { rnn: 30, mlp: 30, gru: 62, lstm: 76 }; // a column
const MOST = 150;
const START = 40; // h_0 and its arrow

export function layout(model, width, height) {
  const { hidden, layers, features } = model;
  const F = features.length;
  const L = model.dates.length;
  const gates = model.gates.length > 1 ? model.gates : [];
  const between = BETWEEN + (gates.length ? 12 : 0);
  const fixed = PAD + HEAD + RISE + RISE + FOOT + between * (layers - 1) + 14;
  const xRow = clamp((height - fixed) * 0.3 / F, 11, 21);
  const row = clamp((height - fixed - xRow * F) / (layers * hidden), clamp([60, 44, 30][layers - 1] / hidden, 2, 6), 22);
  const first = model.flat ? 14 : START;
  const column = clamp((width - first - 20) / L, LEAST[model.cell], MOST);
  const block = row * hidden;
  const top = (layer) => PAD + HEAD + RISE + 14 + (layers - 1 - layer) * (block + between);
  const xTop = top(0) + block + RISE;
  const place = {
    row, xRow, column, block, first, top, xTop,
    height: xTop + xRow * F + FOOT,
    width: Math.max(width, first + column * L + 20),
    yTop: PAD,
    gates,
  };
  place.state = stateWidths(column, gates.length, model.cell === "lstm");
  place.h = (step) => (model.flat ? (first + column * L) / 2 - place.state.total / 2 : first + column * step + column - place.state.total - 4) + place.state.before;
  place.x = (step) => (model.flat ? first + column * step + column - 8 - place.state.x : place.h(step) + place.state.h - place.state.x);
  return { ...place, strips: strips(model, place), weights: weights(model, place) };
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// Widths inside a column: thin gates, then c where there is one, then h.
function stateWidths(column, gates, cell) {
  const room = column - (gates ? 22 : column < 60 ? 12 : column < 88 ? 30 : 48);
  if (!gates) return { gate: 0, c: 0, h: clamp(room, 14, 64), x: clamp(room, 14, 64), before: 0, total: clamp(room, 14, 64) };
  const h = clamp(room * 0.38, 16, 50);
  const c = cell ? clamp(room * 0.2, 8, 30) : 0;
  const gate = clamp((room - h - c - 8) / gates - 1, 5, 14);
  const before = gates * (gate + 1) + 4 + (c ? c + 2 : 0);
  return { gate, c, h, x: h, before, total: before + h };
}

// Every strip that belongs to a step.
function strips(model, place) {
  const { features, layers, hidden, dates, flat } = model;
  const { state, row, xRow, first } = place;
  const found = [];
  const add = (kind, array, rest) => found.push({ kind, array, cols: 1, ...rest });
  dates.forEach((_, step) => add("x", "scaled", {
    step, x: place.x(step), y: place.xTop, w: state.x, rows: features.length, cell: xRow, index: (r) => step * features.length + r,
  }));
  for (let layer = 0; layer < layers; layer++) {
    const y = place.top(layer);
    for (let step = 0; step < model.flatSteps; step++) {
      const h = place.h(step);
      const common = { layer, step, y, rows: hidden, cell: row, index: (r) => step * hidden + r };
      place.gates.forEach((gate, number) => add("gate", `${layer}:${gate}`, { ...common, gate, x: h - state.before + number * (state.gate + 1), w: state.gate }));
      if (state.c) add("c", `${layer}:c`, { ...common, x: h - state.c - 2, w: state.c });
      add("h", `${layer}:h`, { ...common, x: h, w: state.h });
    }
    if (flat) continue;
    add("start", `${layer}:start_h`, { layer, step: -1, x: first - 26, y, w: 12, rows: hidden, cell: row, index: (r) => r });
    if (state.c) add("start_c", `${layer}:start_c`, { layer, step: -1, x: first - 36, y, w: 8, rows: hidden, cell: row, index: (r) => r });
  }
  return found;
}

// The weights' tiles in the gutter: rows lie where the units lie.
function weights(model, place) {
  const { hidden, layers } = model;
  const found = [];
  for (let layer = 0; layer < layers; layer++) {
    const suffix = layer ? `_l${layer}` : "";
    const parts = ["w_x", "b_x", "w_h", "b_h"].map((name) => name + suffix).filter((name) => model.has(name));
    let x = 8;
    for (const name of parts) {
      const cols = name.startsWith("w") ? model.now[name].shape[1] : 1;
      const tall = model.gates.length;
      const room = name.startsWith("b") ? 6 * tall + (tall - 1) : share(parts, name, model);
      const tile = (room - (tall - 1) * 2) / tall;
      for (let gate = 0; gate < tall; gate++) {
        found.push({
          kind: "weight", array: name, layer, gate, cols, rows: hidden, cell: place.row, y: place.top(layer), x: x + gate * (tile + 2), w: tile,
          index: (r, c) => (gate * hidden + r) * cols + c, first: gate === 0, room,
        });
      }
      x += room + 10;
    }
  }
  const cols = hidden;
  found.push({ kind: "weight", array: "w_y", layer: -1, gate: 0, cols, rows: 1, cell: 14, y: place.yTop + 5, x: 62, w: GUTTER - 90, index: (r, c) => c, first: true, room: 0 });
  if (model.has("b_y")) found.push({ kind: "weight", array: "b_y", layer: -1, gate: 0, cols: 1, rows: 1, cell: 14, y: place.yTop + 5, x: GUTTER - 24, w: 12, index: () => 0, first: true, room: 0 });
  return found;
}

// How the gutter is shared among W_x and W_h.
function share(parts, name, model) {
  const biases = parts.filter((part) => part.startsWith("b")).length;
  const tall = model.gates.length;
  const room = GUTTER - 18 - biases * (7 * tall + 9) - 10;
  if (!parts.some((part) => part.startsWith("w_h"))) return room + 10;
  const [wide, own] = ["w_x", "w_h"].map((part) => model.now[parts.find((one) => one.startsWith(part))].shape[1]);
  const forX = clamp(room * wide / (wide + own), room * 0.3, room * 0.6);
  return name.startsWith("w_x") ? forX : room - forX;
}

// The strip and cell under a point.
export function hit(strips, x, y) {
  for (const strip of strips) {
    if (x < strip.x || x >= strip.x + strip.w || y < strip.y || y >= strip.y + strip.rows * strip.cell) continue;
    return { strip, row: Math.floor((y - strip.y) / strip.cell), col: Math.floor((x - strip.x) / (strip.w / strip.cols)) };
  }
  return null;
}
