// Drawing on a canvas: sharp on any screen, in the page's colours.

const NAMES = ["paper", "ink", "quiet", "line", "faint", "wash", "accent", "beats", "worse", "reach"];

let colours = null;

export function ink() {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    colours = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    colours.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  }
  return colours;
}

export const forgetInk = () => (colours = null);

const surfaces = new Set();

// A canvas as wide as its place; paint(ctx, width, height, ink) in CSS pixels. The second value asks for a new picture.
export function surface(place, { height, label }, paint) {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  if (height) canvas.style.height = `${height}px`;
  place.append(canvas);
  let [width, tall] = [0, 0]; // as last observed: asking the page for them would lay it out at every repaint
  const repaint = () => {
    if (!width || !tall) return;
    const ratio = devicePixelRatio || 1;
    const [w, t] = [Math.round(width * ratio), Math.round(tall * ratio)];
    if (canvas.width !== w || canvas.height !== t) [canvas.width, canvas.height] = [w, t];
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, tall);
    ctx.font = ink().font;
    ctx.textBaseline = "middle";
    paint(ctx, width, tall, ink());
  };
  new ResizeObserver(() => {
    [width, tall] = [canvas.clientWidth, canvas.clientHeight];
    repaint();
  }).observe(canvas);
  surfaces.add(repaint);
  return { canvas, repaint };
}

export const repaintAll = () => surfaces.forEach((repaint) => repaint());

// Numbers to pixels; .back turns pixels to numbers.
export function scale(from, to, start, stop) {
  const factor = (stop - start) / (to - from || 1);
  const map = (value) => start + (value - from) * factor;
  map.back = (pixel) => from + (pixel - start) / factor;
  map.from = from;
  map.to = to;
  return map;
}

export function logScale(from, to, start, stop) {
  const inner = scale(Math.log10(from), Math.log10(to), start, stop);
  const map = (value) => inner(Math.log10(Math.max(value, 1e-300)));
  map.back = (pixel) => 10 ** inner.back(pixel);
  map.from = from;
  map.to = to;
  return map;
}

// Round numbers between two, about so many.
export function ticks(from, to, count = 4) {
  const span = to - from;
  if (!(span > 0) || !Number.isFinite(span)) return [from];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((size) => size * power >= rough) * power;
  const found = [];
  for (let at = Math.ceil(from / step) * step; at <= to + step * 1e-9; at += step) found.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return found;
}

// Powers of ten between two.
export function powers(from, to) {
  const found = [];
  for (let power = Math.ceil(Math.log10(from) - 1e-9); power <= Math.log10(to) + 1e-9; power++) found.push(10 ** power);
  const every = Math.ceil(found.length / 5);
  return found.filter((_, place) => place % every === 0);
}

export function line(ctx, xs, ys, colour, width = 1.5, dash = []) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.lineJoin = "round";
  ctx.setLineDash(dash);
  ctx.beginPath();
  let pen = false;
  for (let i = 0; i < xs.length; i++) {
    if (!Number.isFinite(ys[i])) pen = false;
    else if (pen) ctx.lineTo(xs[i], ys[i]);
    else {
      ctx.moveTo(xs[i], ys[i]);
      pen = true;
    }
  }
  ctx.stroke();
  ctx.setLineDash([]);
}

export function band(ctx, xs, low, high, colour, alpha = 0.18) {
  ctx.fillStyle = colour;
  ctx.globalAlpha = alpha;
  ctx.beginPath();
  for (let i = 0; i < xs.length; i++) ctx.lineTo(xs[i], low[i]);
  for (let i = xs.length - 1; i >= 0; i--) ctx.lineTo(xs[i], high[i]);
  ctx.fill();
  ctx.globalAlpha = 1;
}

// Level lines with their numbers on the left.
export function levels(ctx, y, marks, left, right, colours, text = short) {
  ctx.strokeStyle = colours.faint;
  ctx.lineWidth = 1;
  ctx.fillStyle = colours.quiet;
  ctx.textAlign = "right";
  for (const mark of marks) {
    const at = Math.round(y(mark)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(left, at);
    ctx.lineTo(right, at);
    ctx.stroke();
    ctx.fillText(text(mark), left - 8, at);
  }
}

// Words under marks on the horizontal axis, inside the picture; those that would overlap are left out.
export function feet(ctx, marks, at, colours) {
  ctx.fillStyle = colours.quiet;
  ctx.textAlign = "center";
  const width = ctx.canvas.width / (devicePixelRatio || 1);
  let free = -Infinity;
  for (const [place, text] of marks) {
    const half = ctx.measureText(text).width / 2;
    const x = Math.min(Math.max(place, half), width - half);
    if (x - half < free) continue;
    ctx.fillText(text, x, at);
    free = x + half + 12;
  }
}

// -1 (orange) over 0 (paper) to 1 (blue): signs told apart without red and green.
export function diverging(value) {
  const dark = isDark();
  const [zero, plus, minus] = dark
    ? [[34, 40, 47], [86, 180, 233], [230, 145, 56]]
    : [[244, 246, 248], [0, 114, 178], [213, 94, 0]];
  const share = Math.min(Math.abs(Number.isFinite(value) ? value : 0), 1);
  const end = value < 0 ? minus : plus;
  const part = zero.map((channel, i) => Math.round(channel + (end[i] - channel) * share));
  return `rgb(${part.join(",")})`;
}

export const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
};

export const fixed = (value, digits = 3) => (Number.isFinite(value) ? value.toFixed(digits) : "–");

// With thousands told apart.
export const grouped = (value, digits = 0) => value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

// What rounds to nothing keeps its sign, as in Python.
export const signed = (value, digits = 3) => {
  if (!Number.isFinite(value)) return fixed(value, digits);
  return (value < 0 || Object.is(value, -0) ? "−" : "+") + fixed(Math.abs(value), digits);
};

// A number in as few digits as tell it.
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 10000) return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
  if (size >= 1 || size === 0) return String(Number(value.toPrecision(4)));
  return size < 1e-3 ? value.toExponential(0).replace("e-", "e−") : String(Number(value.toPrecision(2)));
}
