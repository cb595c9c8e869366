// Elements from a tag, attributes and children; functions among the attributes are listeners ("onclick").

import { told } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [rule, set] of Object.entries(value)) element.style.setProperty(rule, set);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// A sentence of Python's as the page writes it: one minus, and dates that do not break at their hyphens.
export const prose = (text) => told(text).split(/(\d{4}-\d\d(?:-\d\d)?)/).map((part, at) => (at % 2 ? h("span", { class: "date" }, part) : part));

export const clear = (element, ...children) => {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};
