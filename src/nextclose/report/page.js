// Draws every figure of the page, in the colours that the page has now; nextclose.show draws one that comes later.
const nextclose = (() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const print = matchMedia("print");
  const lighter = {
    "#0072B2": "#4BA3E3", "#D55E00": "#FF8A4C", "#009E73": "#3EC79B", "#CC79A7": "#E39BC3", "#888888": "#9AA5B4",
  };
  let figures = [...document.querySelectorAll(".figure")].map((box) => ({
    box, text: document.getElementById(box.dataset.figure).textContent,
  }));
  const settings = {
    responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    displayModeBar: matchMedia("(max-width: 640px)").matches ? false : "hover",
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // The figure with colours that stand out from the page: the truth in ink, the others lighter on dark paper.
  function coloured(text) {
    const inked = text.replaceAll('"color":"truth"', `"color":"${colour("--ink")}"`)
      .replaceAll('"color":"paper"', `"color":"${colour("--paper")}"`);
    if (!dark.matches || print.matches) return JSON.parse(inked);
    return JSON.parse(inked.replace(/#[0-9A-F]{6}/g, (code) => lighter[code] ?? code));
  }

  function surroundings(layout) {
    const quiet = colour("--quiet");
    const line = colour("--line");
    const axis = { gridcolor: line, linecolor: line, zeroline: false };
    const themed = { ...layout, paper_bgcolor: "transparent", plot_bgcolor: "transparent" };
    themed.modebar = { bgcolor: "transparent", color: line, activecolor: quiet };
    themed.hoverlabel = { bgcolor: colour("--wash"), bordercolor: line, font: { color: colour("--ink") } };
    themed.font = { color: quiet, size: 12, family: getComputedStyle(document.body).fontFamily };
    for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
      themed[name] = { ...axis, ...layout[name] };
    }
    return themed;
  }

  function draw({ box, text }) {
    if (typeof Plotly === "undefined") return;
    const { data, layout } = coloured(text);
    const bar = box.closest(".multiples") ? false : settings.displayModeBar;
    Plotly.react(box, data, surroundings(layout), { ...settings, displayModeBar: bar });
  }

  function drawAll() {
    figures = figures.filter(({ box }) => box.isConnected);
    figures.forEach(draw);
  }

  function show(box, figure) {
    const own = { box, text: JSON.stringify(figure) };
    figures.push(own);
    draw(own);
  }

  drawAll();
  dark.addEventListener("change", drawAll);
  print.addEventListener("change", drawAll);
  return { show };
})();
