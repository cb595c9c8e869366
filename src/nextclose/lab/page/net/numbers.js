// Numbers as `nextclose explain` prints them, to the last digit.

const SMALL = "₀₁₂₃₄₅₆₇₈₉";

// A number of the net's, signed, to six places.
export const number = (value) => (value < 0 || Object.is(value, -0) ? "-" : "+") + rounded(Math.abs(value), 6);

// A price: whole where it is, else to two places, or four below 10.
export const priceText = (value) => (value < 0 ? "-" : "") + grouped(Number.isInteger(value) ? String(Math.abs(value)) : rounded(Math.abs(value), Math.abs(value) < 10 ? 4 : 2));

const grouped = (text) => text.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));

// Halves go to the even digit, as in Python; toFixed takes them up.
function rounded(size, places) {
  const exact = size.toFixed(places + 40);
  const [kept, rest] = [exact.slice(0, -40), exact.slice(-40)];
  return /^50*$/.test(rest) && /[02468]$/.test(kept) ? kept : size.toFixed(places);
}

// What fits into a cell: two places.
export const brief = (value) => value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2).replace("-", "−");

export const small = (count) => [...String(count)].map((digit) => SMALL[digit]).join("");
