// The settings on the left, each bound to one name of the address.

import { clear, h } from "./dom.js";
import { t } from "./words.js";

const PRICE_SCALINGS = ["min-max", "standard", "none"];
const STATEFUL = ["h0", "memory"]; // settings that an MLP has no use for
const LR = [-4.5, 0.5]; // powers of ten
const BATCHES = ["none", "16", "32", "64", "128", "256", "512"];
const EPOCHS = [1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 150, 200, 250, 300, 400, 500, 600, 700, 800, 900, 1000, 1200, 1500, 2000];

export function controls(root, lab) {
  const { state } = lab;
  const most = state.spec.most;
  let fields = [];

  const idle = (name) => STATEFUL.includes(name) && state.get("cell") === "mlp";

  const field = (name, label, control, value) => {
    const id = `set-${name}`;
    const output = value ? h("output", { for: id }) : null;
    const element = h("div", { class: control.wide ? "field wide" : "field", "data-name": name }, h("label", { for: id, id: `${id}-label` }, label), output, control.element);
    fields.push(() => {
      control.show(state.get(name));
      if (output) output.textContent = value(state.get(name));
      element.classList.toggle("moved", state.changed(name));
    });
    return element;
  };

  // Values on a slider: `to` turns a text into a place, `from` back.
  const slider = (name, { min, max, step = 1, to = Number, from = String }) => {
    const element = h("input", { type: "range", id: `set-${name}`, min, max, step, oninput: () => set(name, from(Number(element.value))) });
    return { element, show: (text) => {
      element.value = to(text);
      element.setAttribute("aria-valuetext", text);
    } };
  };

  const choice = (name, values) => {
    const element = h("select", { id: `set-${name}`, onchange: () => set(name, element.value) }, values.map(([value, text]) => h("option", { value }, text)));
    return { element, show: (text) => (element.value = text) };
  };

  const segments = (name, values) => {
    const move = (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step || idle(name)) return;
      const at = values.findIndex(([value]) => value === state.get(name));
      set(name, values[(at + step + values.length) % values.length][0]);
      element.querySelector("[aria-checked=true]").focus();
      event.preventDefault();
    };
    const element = h("div", { class: "segments", role: "radiogroup", id: `set-${name}`, "aria-labelledby": `set-${name}-label`, onkeydown: move },
      values.map(([value, text]) => h("button", { role: "radio", "data-value": value, onclick: () => idle(name) || set(name, value) }, text)));
    return { element, wide: values.length > 2, show: (text) => {
      element.setAttribute("aria-disabled", idle(name));
      element.title = idle(name) ? t("An MLP has no state to start from or to remember.") : "";
      for (const button of element.children) {
        button.setAttribute("aria-checked", button.dataset.value === text);
        button.tabIndex = button.dataset.value === text ? 0 : -1;
      }
    } };
  };

  const chips = (name, values) => {
    const press = (value) => {
      const now = state.get(name).split(",");
      const next = now.includes(value) ? now.filter((one) => one !== value) : values.filter((one) => one === value || now.includes(one));
      if (next.length) set(name, next.join(","));
    };
    const element = h("div", { class: "chips", role: "group", id: `set-${name}`, "aria-labelledby": `set-${name}-label` },
      values.map((value) => h("button", { "data-value": value, onclick: () => press(value) }, value)));
    return { element, wide: true, show: (text) => {
      for (const button of element.children) button.setAttribute("aria-pressed", text.split(",").includes(button.dataset.value));
    } };
  };

  const onOff = (name, on, off, words) => segments(name, [[on, words[0]], [off, words[1]]]);

  // Choices that go together are moved together.
  const set = (name, value) => {
    const changes = { [name]: value };
    const will = (other) => (other === name ? value : state.get(other));
    if (name === "target" && value === "price" && !PRICE_SCALINGS.includes(state.get("scaling"))) changes.scaling = "min-max";
    if (name === "scaling" && !PRICE_SCALINGS.includes(value) && state.get("target") === "price") changes.target = "log-return";
    if (will("target") === "price" && !will("features").split(",").includes("close")) {
      if (name === "features") changes.target = "log-return";
      else changes.features = `${state.get("features")},close`;
    }
    if (will("cell") === "mlp") {
      changes.num_layers = "1";
      if (state.get("h0") !== "zero") changes.h0 = "zero";
    }
    if (name === "h0" && value === "carried" && state.get("split") === "shuffled") changes.split = null;
    if (name === "num_layers" && value !== "1" && state.get("cell") === "mlp") changes.cell = "rnn";
    if (name === "patience" && value !== "none" && Number(state.get("validation")) === 0) changes.validation = "0.2";
    if (name === "validation" && Number(value) === 0) changes.patience = "none";
    state.set(changes);
  };

  const draw = () => {
    fields = [];
    const group = (title, ...content) => h("section", {}, h("h3", {}, title), content);
    const recipes = Object.keys(state.spec.recipes).map((name) => [name, name]);
    const from = h("select", { id: "set-recipe", onchange: () => state.start(from.value) }, recipes.map(([value, text]) => h("option", { value }, text)));
    const back = h("button", { class: "link", id: "back", onclick: () => state.undo() }, t("Undo all changes"));
    fields.push(() => {
      from.value = state.get("recipe");
      back.disabled = !state.names.some((name) => name !== "recipe" && state.changed(name));
    });
    clear(root,
      h("section", {}, h("div", { class: "field" }, h("label", { for: "set-recipe" }, t("Start from")), from, h("div", {}, back))),
      group(t("Net"),
        field("cell", t("Cell"), segments("cell", [["rnn", "RNN"], ["gru", "GRU"], ["lstm", "LSTM"], ["mlp", "MLP"]])),
        field("hidden_size", t("Hidden units (H)"), slider("hidden_size", { min: 1, max: most.hidden_size }), String),
        field("num_layers", t("Layers"), slider("num_layers", { min: 1, max: most.num_layers }), String),
        field("activation", t("Activation"), segments("activation", [["tanh", "tanh"], ["relu", "relu"], ["identity", t("none")]])),
        field("h0", "h₀", segments("h0", [["zero", t("zero")], ["random", t("random")], ["carried", t("carried over")]])),
        field("memory", t("Memory (W_h)"), onOff("memory", "true", "false", [t("on"), t("off")])),
        field("bias", t("Biases in the cell"), onOff("bias", "true", "false", [t("on"), t("off")])),
      ),
      group(t("Window"),
        field("seq_len", t("Days (L)"), slider("seq_len", { min: 1, max: most.seq_len }), String),
        field("days", t("Order of the days"), segments("days", [["in-order", t("as they are")], ["shuffled", t("shuffled")]])),
        field("features", t("Features (F)"), chips("features", lab.bars?.columns ?? ["open", "high", "low", "close", "volume"])),
        field("target", t("Target"), segments("target", [["price", t("price")], ["log-return", t("return")], ["volatility-return", t("return / volatility")]])),
        field("scaling", t("Scaling"), choice("scaling", state.spec.settings.scaling.map((value) => [value, value]))),
      ),
      group(t("Training"),
        field("optimizer", t("Optimiser"), segments("optimizer", [["sgd", "SGD"], ["rmsprop", "RMSprop"], ["adam", "Adam"], ["adamw", "AdamW"]])),
        field("lr", t("Learning rate"), slider("lr", {
          min: LR[0], max: LR[1], step: 0.02, to: (text) => Math.log10(Number(text)), from: (place) => String(Number((10 ** place).toPrecision(3))),
        }), String),
        field("epochs", t("Epochs"), slider("epochs", {
          min: 0, max: EPOCHS.length - 1, to: (text) => nearest(EPOCHS, Number(text)), from: (place) => String(EPOCHS[place]),
        }), String),
        field("batch_size", t("Batch"), choice("batch_size", BATCHES.map((size) => [size, size === "none" ? t("all windows") : size]))),
        field("shuffle", t("Order of the batches"), onOff("shuffle", "false", "true", [t("as they are"), t("shuffled")])),
        field("validation", t("Held out to stop early"), slider("validation", { min: 0, max: 0.5, step: 0.05 }), (text) => `${Math.round(100 * Number(text))} %`),
        field("seeds", t("Seeds"), slider("seeds", { min: 1, max: most.seeds }), String),
      ),
    );
    show();
  };

  const show = () => fields.forEach((update) => update());
  state.on(show);
  lab.on("bars", draw);
  lab.on("lang", draw);
  draw();
}

const nearest = (values, wanted) => values.reduce((best, value, place) => (Math.abs(Math.log(value / wanted)) < Math.abs(Math.log(values[best] / wanted)) ? place : best), 0);
