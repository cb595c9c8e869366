// What the pictures share: columns by step, scales by powers of ten, and how numbers are written.

import { fixed, scale, short } from "../draw.js";
import { t } from "../words.js";

export const LEFT = 58;
export const RIGHT = 10;
export const FOOT = 20;
const FAINTEST = 1e-12; // what is below is not drawn

export const money = (value) => (Number.isFinite(value) ? value.toLocaleString("en-US", Math.abs(value) < 10000 ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : { maximumFractionDigits: 0 }) : "–");

export const digits = (array) => {
  const most = Math.max(...Array.from(array, Math.abs));
  return most >= 1000 ? 0 : most >= 1 ? 2 : most >= 0.01 ? 4 : 6;
};

export const largest = (seen) => Math.max(...seen.radii.flat(), 0);

// The trained radii: one, or from the smallest to the largest of the gates and layers.
export const radii = (seen) => {
  const all = seen.radii.flat();
  const [low, high] = [Math.min(...all), Math.max(...all)].map((value) => fixed(value, 2));
  return low === high ? low : `${low}–${high}`;
};

export const dayName = (seen, place) => (seen.days ? seen.days[place] : t("step {step}", { step: place + 1 }));

// Steps 0 (h_0) to L, a column each: the two pictures on the left stand under one another.
export const column = (seen, width) => {
  const L = seen.change.length;
  const each = (width - LEFT - RIGHT) / (L + 1);
  return scale(0, L, LEFT + each / 2, width - RIGHT - each / 2);
};

export const along = (seen, width) => scale(0, seen.reach, LEFT, width - RIGHT);

// A word under every step, or under some of a long window's, the last of them always.
export const stepFeet = (seen, x, first) => {
  const L = seen.change.length;
  const every = Math.ceil((L + 1) / 8);
  const text = (at) => (at === 0 ? "h₀" : seen.days ? seen.days[at - 1].slice(5) : String(at));
  return Array.from({ length: L + 1 }, (_, at) => at).filter((at) => at >= first && (L - at) % every === 0).map((at) => [x(at), text(at)]);
};

export const power = (value) => {
  const raised = Math.round(Math.log10(value));
  return raised >= -2 && raised <= 3 ? short(value) : `10${String(raised).replace(/./g, (mark) => RAISED[mark])}`;
};

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

// Whole powers of ten around positive numbers, so that the picture stands still while they move a little.
export function decades(values, most = 1) {
  const there = values.filter((value) => value > FAINTEST && Number.isFinite(value));
  const low = Math.min(...there, most) * 0.999;
  const high = Math.max(...there, most);
  return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high) - 1e-9) * 1.6];
}

export const relative = (array, row) => {
  const [, columns] = array.shape;
  const own = Array.from(array.subarray(row * columns, (row + 1) * columns));
  const last = own[columns - 1];
  return own.map((value) => value / last);
};

export const power10 = (value) => {
  const raised = Math.floor(Math.log10(value));
  return `${fixed(value / 10 ** raised, 1)}·${power(10 ** raised)}`;
};

export const sub = (number) => String(number).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);

export function rings(ctx, xs, ys, colour, paper, size) {
  dots(ctx, xs, ys, colour, size);
  dots(ctx, xs, ys, paper, size - 1.1);
}

export function dots(ctx, xs, ys, colour, size = 3) {
  ctx.fillStyle = colour;
  xs.forEach((x, place) => {
    if (!Number.isFinite(ys[place])) return;
    ctx.beginPath();
    ctx.arc(x, ys[place], size, 0, 7);
    ctx.fill();
  });
}
