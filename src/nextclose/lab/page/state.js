// Every choice, kept in the page's address. What is not named there is as the recipe has it.

const PAGE = { view: "train", lang: "en", theme: "auto", source: "", at: "", epoch: "", net: "0", rho: "", instead: "mean", plot: "price" };
const SETTLE = 150; // ms before the address is rewritten: browsers refuse hundreds of rewrites a minute
const LEAVES = ["view", "recipe", "source"]; // a change of these is a step that the browser's Back button takes back

export class State {
  constructor(spec) {
    this.spec = spec;
    this.own = { ...PAGE, lang: spec.lang, source: spec.source };
    this.names = ["recipe", ...Object.keys(spec.settings), ...spec.spans, ...Object.keys(spec.switches)];
    this.listeners = [];
    this.values = this.read();
    addEventListener("popstate", () => this.restore(this.read()));
  }

  read() {
    const known = new Set([...this.names, ...Object.keys(PAGE)]);
    return Object.fromEntries([...new URLSearchParams(location.search)].filter(([name]) => known.has(name)));
  }

  // What a name has unless it was changed: the recipe's setting, a switch at rest, the default span.
  plain(name) {
    if (name === "recipe") return "tutorial";
    if (name in this.own) return this.own[name];
    if (name in this.spec.switches) return this.spec.switches[name][0];
    return this.spec.recipes[this.get("recipe")]?.[name] ?? "";
  }

  get(name) {
    return this.values[name] ?? this.plain(name);
  }

  changed(name) {
    return name in this.values;
  }

  // Null takes a name back to what it is by itself.
  set(changes) {
    const before = { ...this.values };
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) delete this.values[name];
      else this.values[name] = String(value);
    }
    for (const name of Object.keys(changes)) if (this.values[name] === this.plain(name)) delete this.values[name];
    this.tell(before);
  }

  // Start from a recipe: its own settings, on the spans and bars chosen, no switch moved.
  start(recipe, kept = [...this.spec.spans, ...Object.keys(PAGE)]) {
    const before = this.values;
    this.values = Object.fromEntries(Object.entries(before).filter(([name]) => kept.includes(name)));
    if (recipe !== "tutorial") this.values.recipe = recipe;
    this.tell(before, true);
  }

  // Nothing moved, the spans neither; the recipe and the bars stay.
  undo() {
    this.start(this.get("recipe"), Object.keys(PAGE));
  }

  replace(values) {
    const before = this.values;
    this.values = values;
    this.tell(before, true);
  }

  // What the address holds after Back or Forward.
  restore(values) {
    const names = moved(this.values, values);
    clearTimeout(this.timer);
    this.values = values;
    this.say(names);
  }

  choices() {
    return Object.fromEntries(Object.entries(this.values).filter(([name]) => this.names.includes(name)));
  }

  address() {
    return address(this.values);
  }

  on(listener) {
    this.listeners.push(listener);
  }

  tell(before, leaves = false) {
    const names = moved(before, this.values);
    if (!names.size) return;
    clearTimeout(this.timer);
    if (leaves || LEAVES.some((name) => names.has(name))) {
      history.replaceState(null, "", address(before));
      history.pushState(null, "", address(this.values));
    } else this.timer = setTimeout(() => history.replaceState(null, "", address(this.values)), SETTLE);
    this.say(names);
  }

  say(names) {
    if (names.size) for (const listener of this.listeners) listener(names);
  }
}

const moved = (before, after) => new Set(Object.keys({ ...before, ...after }).filter((name) => before[name] !== after[name]));

function address(values) {
  const query = new URLSearchParams(values).toString();
  return location.pathname + (query ? `?${query}` : "") + location.hash;
}
