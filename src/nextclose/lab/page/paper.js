// The envelope as a drawing, and a look's skill with its interval as a strip.

import { svg } from "./dom.js";

const EDGE = 1.5;

// Closed, its flap comes down to the seal; open, the flap stands up and a letter looks out.
export function drawn(width, height, open = false) {
  const top = open ? height * 0.42 : EDGE;
  const [left, right, bottom, middle] = [EDGE, width - EDGE, height - EDGE, width / 2];
  const deep = bottom - top;
  const tip = open ? EDGE : top + deep * 0.58;
  const fold = `M${left} ${bottom} L${middle} ${top + deep * 0.45} L${right} ${bottom}`;
  const flap = `M${left + 3} ${top} L${middle - 6} ${tip + (open ? 2 : -2)} Q${middle} ${tip + (open ? -1 : 2)} ${middle + 6} ${tip + (open ? 2 : -2)} L${right - 3} ${top}`;
  const radius = Math.min(width, height) * 0.13;
  return svg("svg", { class: open ? "paper open" : "paper", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" },
    open && svg("path", { class: "flap", d: `${flap} Z` }),
    open && svg("rect", { class: "sheet", x: width * 0.12, y: height * 0.14, width: width * 0.76, height: height * 0.6, rx: 3 }),
    open && [0.26, 0.36].map((at, place) => svg("line", { class: "ink", x1: width * 0.2, x2: width * (place ? 0.62 : 0.8), y1: height * at, y2: height * at })),
    svg("rect", { class: "body", x: left, y: top, width: right - left, height: deep, rx: 5 }),
    svg("path", { class: "fold", d: fold }),
    !open && svg("path", { class: "flap", d: flap }),
    !open && wax(middle, tip, radius));
}

const wax = (x, y, radius) => svg("g", { class: "wax" },
  svg("circle", { cx: x, cy: y, r: radius }),
  svg("circle", { class: "ring", cx: x, cy: y, r: radius * 0.72 }),
  svg("path", { class: "sign", d: `M${x - radius * 0.4} ${y + radius * 0.18} l${radius * 0.26} ${-radius * 0.3} l${radius * 0.2} ${radius * 0.16} l${radius * 0.34} ${-radius * 0.42}` }));

// A dot and its interval between two skills, with a line at 0.
export function strip(look, [low, high], width = 120, height = 16) {
  const at = (skill) => 5 + ((Math.min(Math.max(skill, low), high) - low) / (high - low || 1)) * (width - 10);
  const middle = height / 2;
  const known = look.skill_lo !== null && look.skill_hi !== null;
  return svg("svg", { class: "interval-strip", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" },
    svg("line", { class: "zero", x1: at(0), x2: at(0), y1: 0, y2: height }),
    known && svg("line", { class: "reach", x1: at(look.skill_lo), x2: at(look.skill_hi), y1: middle, y2: middle }),
    look.skill !== null && svg("circle", { class: "dot", cx: at(look.skill), cy: middle, r: 3.5 }));
}
