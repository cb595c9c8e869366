// The table of symbols: search, filter by verdict, sort, pages, and a chart under the row that is opened.
(() => {
  const byId = (id) => document.getElementById(id);
  const words = JSON.parse(byId("market-words").textContent);
  const rows = byId("symbol-rows");
  if (!rows) return;

  const PAGE = 25;
  const order = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;
  const state = { query: "", filter: "", key: "value", down: true, page: 0 };
  let table = null;
  let recipes = [];
  let found = [];

  // Text and numbers as the rest of the page writes them.
  const fill = (template, ...values) => template.replace(/%(\d)/g, (_, i) => values[i - 1]);
  const grouped = (value, digits = 0) => (
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })
  );
  const dash = (write) => (value) => (value === null || value === undefined ? "—" : write(value));
  const signed = dash((value) => (value < 0 ? "" : "+") + (Math.abs(value) < 100 ? value.toFixed(3) : grouped(value)));
  const percent = dash((value) => `${(100 * value).toFixed(1)} %`);
  const price = dash((value) => (Math.abs(value) >= 1000 ? grouped(value) : Math.abs(value) >= 1 ? grouped(value, 2) : value.toFixed(4)));
  const interval = (lo, hi) => (lo === null || hi === null ? "—" : `${signed(lo)} .. ${signed(hi)}`);
  const money = dash((value) => {
    const [size, unit] = words.money.find(([least]) => Math.abs(value) >= least) ?? [1, ""];
    const shown = value / size;
    return (Math.abs(shown) >= 99.95 ? grouped(shown) : String(Number(shown.toPrecision(3)))) + unit;
  });

  function element(name, settings = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(settings)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function mark(code) {
    const verdict = words.verdicts[code];
    if (!verdict) return "";
    return element("span", { class: `mark ${verdict.kind}`, role: "img", "aria-label": verdict.word, title: verdict.word }, verdict.mark);
  }

  // The values of a column, for sorting.
  function column(key) {
    if (key === "symbol") return table.symbols;
    if (key === "n") return recipes.length ? recipes[0].n : table.value;
    const [name, number] = key.split("/");
    return name === "skill" ? recipes[number].skill : table[name];
  }

  function sort() {
    const values = column(state.key);
    const turn = state.down ? -1 : 1;
    const compare = state.key === "symbol" ? order : (a, b) => a - b;
    found.sort((i, j) => {
      const [a, b] = [values[i], values[j]];
      if (a === null || b === null) return (a === null) - (b === null) || i - j;
      return turn * compare(a, b) || i - j;
    });
  }

  function search() {
    const query = state.query.trim().toLowerCase();
    const [number, code] = state.filter.split("/").map(Number);
    const fits = (i) => (
      (!query || table.symbols[i].toLowerCase().includes(query))
      && (!state.filter || recipes[number].verdict[i] === code)
    );
    found = [...table.symbols.keys()].filter(fits);
    sort();
    tell(query);
  }

  // How many there are, and what was left out of what is looked for.
  function tell(query) {
    const whole = found.length === table.symbols.length;
    const said = [found.length ? (whole ? words.all : fill(words.some, grouped(found.length))) : words.nothing];
    const out = query ? table.leftOut.filter(([symbol]) => symbol.toLowerCase().includes(query)).slice(0, 3) : [];
    said.push(...out.map(([symbol, reason]) => fill(words.leftOut, symbol, reason)));
    byId("symbol-status").textContent = said.join(" · ");
  }

  function row(i) {
    const button = element("button", { type: "button", class: "open", "aria-expanded": "false", "data-row": i }, table.symbols[i]);
    const skills = recipes.map((own) => element(
      "td", { class: "num" }, mark(own.verdict[i]), ` ${signed(own.skill[i])}`, element("small", {}, interval(own.lo[i], own.hi[i])),
    ));
    const n = recipes.length ? grouped(recipes[0].n[i]) : "—";
    const rest = [n, money(table.value[i]), percent(table.volatility[i])].map((text) => element("td", { class: "num" }, text));
    return element("tr", {}, element("th", { class: "word", scope: "row" }, button), ...skills, ...rest);
  }

  function show() {
    const pages = Math.max(Math.ceil(found.length / PAGE), 1);
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const first = state.page * PAGE;
    const shown = found.slice(first, first + PAGE);
    rows.replaceChildren(...shown.map(row));
    byId("symbol-page").textContent = found.length
      ? fill(words.page, grouped(first + 1), grouped(first + shown.length), grouped(found.length)) : "";
    byId("symbol-previous").disabled = state.page === 0;
    byId("symbol-next").disabled = state.page === pages - 1;
    for (const button of document.querySelectorAll("[data-sort]")) {
      const own = button.dataset.sort === state.key;
      button.parentElement.setAttribute("aria-sort", own ? (state.down ? "descending" : "ascending") : "none");
    }
  }

  // Every model's numbers for one symbol.
  function numbers(i) {
    const head = words.head.map((title, c) => element("th", { scope: "col", class: c === 0 || c === 3 ? "word" : "num" }, title));
    const lines = table.models.filter((own) => own.n[i] > 0).map((own) => {
      const verdict = words.verdicts[own.verdict[i]];
      const cells = [
        signed(own.skill[i]), interval(own.lo[i], own.hi[i]), verdict ? `${verdict.mark} ${verdict.word}` : "—", grouped(own.n[i]),
        price(own.rmse[i]), percent(own.direction[i]), percent(own.coverage[i]),
      ];
      return element(
        "tr", { class: own.recipe ? "own" : "quiet" }, element("th", { class: "word", scope: "row" }, own.name),
        ...cells.map((text, c) => element("td", { class: c === 2 ? "word" : "num" }, text)),
      );
    });
    return element("table", { class: "board" }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...lines));
  }

  async function draw(i, inside) {
    const number = table.chart[i];
    const note = element("p", { class: "notes" }, number < 0 ? words.noChart : words.loading);
    inside.append(note, element("div", { class: "scroll" }, numbers(i)));
    if (number < 0) return;
    const file = `charts/${String(Math.floor(number / words.group)).padStart(5, "0")}`;
    let group = null;
    try {
      group = await nextclose.load(file);
    } catch {
      note.textContent = fill(words.missing, `${file}.js`);
      return;
    }
    const chart = group.charts[number % words.group];
    const box = element("div", { class: "chart" });
    note.textContent = chart.folds.length > 1 ? words.folds : "";
    note.before(box);
    if (box.isConnected) nextclose.show(box, nextclose.chart(chart, group.dates[chart.dates], words));
  }

  function close(button) {
    button.setAttribute("aria-expanded", "false");
    button.closest("tr").nextElementSibling.remove();
  }

  function open(button) {
    const inside = element("div", { class: "inside" });
    const wide = rows.parentElement.tHead.rows[0].cells.length;
    button.setAttribute("aria-expanded", "true");
    button.closest("tr").after(element("tr", { class: "detail" }, element("td", { colspan: wide }, inside)));
    return draw(Number(button.dataset.row), inside);
  }

  function toggle(button) {
    return button.getAttribute("aria-expanded") === "true" ? close(button) : open(button);
  }

  function renew(change) {
    Object.assign(state, { page: 0 }, change);
    search();
    show();
  }

  function turn(pages) {
    state.page += pages;
    show();
    rows.closest("section").scrollIntoView({ block: "start" });
  }

  // Up and down walk through the symbols, Escape closes the chart of the one that has the focus.
  function walk(event) {
    const button = event.target.closest(".open");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!button) return;
    if (event.key === "Escape" && button.getAttribute("aria-expanded") === "true") close(button);
    if (!step) return;
    event.preventDefault();
    const all = [...rows.querySelectorAll(".open")];
    all[all.indexOf(button) + step]?.focus();
  }

  function start(columns) {
    table = columns;
    recipes = table.models.filter((own) => own.recipe);
    if (!table.value.some((value) => value !== null)) Object.assign(state, { key: "symbol", down: false });
    byId("symbol-search").addEventListener("input", (event) => renew({ query: event.target.value }));
    byId("symbol-filter").addEventListener("change", (event) => renew({ filter: event.target.value }));
    byId("symbol-previous").addEventListener("click", () => turn(-1));
    byId("symbol-next").addEventListener("click", () => turn(1));
    for (const button of document.querySelectorAll("[data-sort]")) {
      const key = button.dataset.sort;
      button.addEventListener("click", () => renew({ key, down: state.key === key ? !state.down : key !== "symbol" }));
    }
    rows.addEventListener("keydown", walk);
    rows.addEventListener("click", (event) => {
      const line = event.target.closest("tr");
      if (line && !line.classList.contains("detail") && !line.closest(".detail")) toggle(line.querySelector(".open"));
    });
    renew({});
  }

  if (typeof Plotly === "undefined") {
    for (const box of document.querySelectorAll(".figure")) {
      box.replaceChildren(element("p", { class: "notes" }, fill(words.missing, "plotly.js")));
    }
  }
  nextclose.load("symbols").then(start, () => { byId("symbol-status").textContent = fill(words.missing, "symbols.js"); });
})();
