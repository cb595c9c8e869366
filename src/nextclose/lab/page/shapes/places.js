// Where every row of numbers stands at each moment of the walk, in the stage's own units.

export const WIDTH = 940;
export const HEIGHT = 300;
export const ROW = 19;
export const HEAD = 17; // a card's label
const LABEL = 104; // the narrowest card that has room for its number and its answer
export const TAG = 30;
export const TABLE = { x: 262, date: 78, column: 49, head: 20 };
const SLOTS = { x: 560, columns: 2, rows: 3 };
const BLOCK = { x: 122, dy: 27, room: 640 };
export const FEED = { x: 4, y: 92, wait: 74 };

export const CELL = 42;
export const stick = (m) => TAG + m.f * CELL;
export const tableRow = (m) => Math.min(25, (HEIGHT - TABLE.head - 8) / (m.n + m.L));

// {rows: (n, l) -> place, cards: [{x, y, w, h, z, label, o}]}
export function arrange(m, moment, axes) {
  if (moment.step === "cut") return cut(m, moment.n);
  if (moment.step === "stack") return stack(m);
  if (moment.step === "swap") return swap(m, axes);
  return feed(m, moment.t, axes);
}

function cut(m, last) {
  const scale = Math.min(1, (HEIGHT / SLOTS.rows - HEAD - 8) / (m.L * ROW), (WIDTH - SLOTS.x - 12) / SLOTS.columns / stick(m));
  const width = Math.max(stick(m) * scale, LABEL);
  const row = tableRow(m);
  const slot = (n) => ({
    x: SLOTS.x + Math.floor(n / Math.ceil(m.n / SLOTS.columns)) * (width + 12),
    y: HEAD + (n % Math.ceil(m.n / SLOTS.columns)) * (HEIGHT / Math.max(Math.ceil(m.n / SLOTS.columns), SLOTS.rows)),
  });
  return {
    rows: (n, l) => {
      if (n > last) return { x: TABLE.x + TABLE.date - TAG, y: TABLE.head + (n + l) * row + 2, s: 1, z: 500, o: 0 };
      const { x, y } = slot(n);
      return { x, y: y + l * ROW * scale, s: scale, z: 510, o: 1 };
    },
    cards: range(m.n).map((n) => ({ ...slot(n), w: width, h: m.L * ROW * scale, z: 1, name: "n", index: n, answer: n <= last, o: n <= last ? 1 : 0.45 })),
  };
}

function stack(m) {
  const place = layers(m, m.n, m.L);
  return {
    rows: (n, l) => ({ x: place(n).x, y: place(n).y + l * ROW, s: 1, z: place(n).z + 1, o: 1, card: n }),
    cards: range(m.n).map((n) => ({ ...place(n), w: stick(m), h: m.L * ROW, name: "n", index: n, o: 1 })),
    corner: place(0),
    back: place(m.n - 1),
  };
}

function swap(m, axes) {
  const place = layers(m, m.L, m.n, 520);
  return {
    rows: (n, l) => {
      const [c, r] = m.stands(axes, n, l);
      return { x: place(c).x, y: place(c).y + r * ROW, s: 1, z: place(c).z + 1, o: 1, card: c };
    },
    cards: range(m.L).map((c) => ({ ...place(c), w: stick(m), h: m.n * ROW, name: "t", index: c, o: 1 })),
    corner: place(0),
    back: place(m.L - 1),
  };
}

function feed(m, t, axes) {
  const place = (c) => {
    const wait = c - t;
    if (wait < 0) return { x: FEED.x, y: FEED.y + 60, z: 10, o: 0 };
    const dy = Math.min(19, FEED.wait / Math.max(m.L - 1, 1));
    return { x: FEED.x + wait * 7, y: FEED.y - wait * dy, z: 500 - 10 * wait, o: 1 };
  };
  return {
    rows: (n, l) => {
      const [c, r] = m.stands(axes, n, l);
      const { x, y, z, o } = place(c);
      return { x, y: y + r * ROW, s: 1, z: z + 1, o, card: c };
    },
    cards: range(m.L).map((c) => ({ ...place(c), w: stick(m), h: m.n * ROW, name: "t", index: c })),
  };
}

// Cards one behind the other, the first in front; the lower left corner of the first is where the axes meet.
function layers(m, count, rows, room = BLOCK.room) {
  const dx = Math.min(104, (room - stick(m)) / Math.max(count - 1, 1));
  const dy = Math.min(BLOCK.dy, (HEIGHT - 54 - rows * ROW) / Math.max(count - 1, 1));
  return (k) => ({ x: BLOCK.x + k * dx, y: HEIGHT - 34 - rows * ROW - k * dy, z: 500 - 10 * k });
}

export const range = (count) => Array.from({ length: count }, (_, i) => i);
