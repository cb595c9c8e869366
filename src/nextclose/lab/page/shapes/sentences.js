// What is said of each moment: a heading and a few plain sentences.

import { t } from "../words.js";

export function sentence(m, moment, { axes, carried, raw }) {
  if (moment.step === "cut") return cut(m, moment);
  if (moment.step === "stack") return stack(m);
  if (moment.step === "swap") return axes === "reshape" ? reshaped(m) : swapped(m);
  if (m.cell === "mlp") return flat(m);
  return moment.out ? out(m) : fed(m, moment, axes, carried, raw);
}

const cut = (m, { n }) => [
  t("A frame of {L} days slides down the table", { L: m.L }),
  t("Every place of the frame is a window: {L} days with {F} numbers each. Window {n} runs from {from} to {to}; the answer to learn is the close of the day after, {answer}. The training days hold {all} windows; the first {shown} are drawn.",
    { L: m.L, F: m.F, n, from: m.day(n), to: m.day(n + m.L - 1), answer: m.day(n + m.L), all: m.windows, shown: m.n }),
];

const stack = (m) => [
  t("All windows together are one block: X of shape (N, L, F)"),
  t("Each card is a window, each row a day in it, each column a feature. `X[n, l, f]` asks for them in this order and counts from 0. One price stands in several windows, because they overlap: look at one, and the same price lights up everywhere."),
];

const swapped = (m) => [
  t("The net reads day by day, so the day comes first: X.swapaxes(0, 1) of shape (L, N, F)"),
  t("Now each card is a day, each row a window. Every row keeps its label n,l and its numbers; it stands elsewhere, and nothing else happens. In memory not one number moves."),
];

const reshaped = (m) => [
  t("reshape(L, N, F) gives the same shape, but other windows"),
  t("It deals out the rows as they lie in memory, {n} to a card. The colours mix: row 0 of the cards is no longer window 0. Some of its days even lie after the one to be forecast. Every shape is right, so nothing complains.", { n: m.n }),
];

const flat = (m) => [
  t("An MLP reads the whole window at once: (N, L·F) @ (L·F, H)"),
  t("It has no time, so no axis has to come first: the {L} days of {F} numbers are laid side by side. Choose the cell rnn, gru or lstm to see them fed a day at a time.", { L: m.L, F: m.F }),
];

const fed = (m, { t: step }, axes, carried, raw) => [
  t("Day {t} of {L}: X[{t}] of shape (N, F) goes in", { t: step, L: m.L }),
  `${axes === "reshape" ? t("These rows are not one day of each window any more.") : t("One card holds day {t} of every window.", { t: step })} ${
    step > 0 ? t("The state h comes from the day before.")
      : carried ? t("The state was not reset: row n starts with what window n - 1 left behind.")
        : t("The state h starts the same for every window.")} ${
    m.num_layers > 1 ? t("Of the {layers} layers the first is drawn; the next reads its states.", { layers: m.num_layers })
      : t("Both products have the shape of h, so they can be added. The weights are the same on every day.")}${
    raw ? ` ${t("The net reads the prices scaled.")}` : ""}`,
];

const out = (m) => [
  t("After day {t} the last state gives the answer: y of shape (N, K)", { t: m.L - 1 }),
  t("Row n is still window n: nothing on the way has mixed the rows. K = {K}, one session ahead. W_y could be applied after every day, but only the last answer is used.", { K: m.y_scaled.shape[1] }),
];
