// The walk's numbers: what the lab sent, by window n, day l in the window, and feature f.

import { fixed, grouped } from "../draw.js";

const MOST_FEATURES = 4; // columns that are drawn

export const WINDOW_COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a800", "#7a8794"];

export function model(header, arrays, lab) {
  const [n, L, F] = arrays.X.shape;
  const f = Math.min(F, MOST_FEATURES);
  const first = arrays.origins[0] - L + 1; // the row of the first day of window 0
  const at = (array, i, j, k) => array[(i * array.shape[1] + j) * array.shape[2] + k];
  const pair = (array, c, r) => [0, 1].map((k) => at(array, c, r, k));
  const landed = new Map();
  for (let c = 0; c < L; c++) for (let r = 0; r < n; r++) landed.set(pair(arrays.mixed, c, r).join(), [c, r]);
  return {
    ...header, ...arrays, n, L, F, f, first, N: header.batch,
    day: (row) => lab.day(first + row),
    // Where day l of window n stands in the array that is fed: [card, row in it].
    stands: (axes, i, l) => (axes === "reshape" ? landed.get(`${i},${l}`) : [l, i]),
    // The window and the day in it that stand there.
    holds: (axes, c, r) => (axes === "reshape" ? pair(arrays.mixed, c, r) : [r, c]),
    // The day that all windows of the span together put there.
    holdsDay: (c, r) => {
      const [window, step] = pair(arrays.mixed_all, c, r);
      return lab.day(Math.min(first + window + step, lab.bars.days.length - 1));
    },
    text: (i, l, k, raw) => (raw ? price(at(arrays.raw, i, l, k)) : scaled(at(arrays.X, i, l, k))),
    price: (i, l, k) => at(arrays.raw, i, l, k),
    place: (axes, a, b, c) => [a, b, c].reduce((sum, index, k) => sum + index * header.strides[axes][k], 0),
    answer: (i, raw) => (raw ? price(arrays.y[i]) : scaled(arrays.y_scaled[i])),
  };
}

// About six signs, whatever the price.
export function price(value) {
  const size = Math.abs(value);
  if (size >= 1e9) return `${fixed(value / 1e9, 2)}B`;
  if (size >= 1e6) return `${fixed(value / 1e6, size >= 1e8 ? 0 : 1)}M`;
  return grouped(value, size >= 1e4 ? 0 : size >= 1e3 ? 1 : size >= 1 ? 2 : 3).replace("-", "−");
}

export const scaled = (value) => fixed(value, Math.abs(value) >= 10 ? 1 : 3).replace("-", "−");
