// Draws every figure of the page, in the colours that the page has now.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const figures = [...document.querySelectorAll(".figure")].map((box) => ({
    box, ...JSON.parse(document.getElementById(box.dataset.figure).textContent),
  }));

  function surroundings(layout) {
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--quiet").trim();
    const line = style.getPropertyValue("--line").trim();
    const axis = { gridcolor: line, linecolor: line, zeroline: false };
    const themed = { ...layout, paper_bgcolor: "transparent", plot_bgcolor: "transparent" };
    themed.modebar = { bgcolor: "transparent", color: line, activecolor: ink };
    themed.font = { color: ink, size: 12, family: getComputedStyle(document.body).fontFamily };
    for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
      themed[name] = { ...axis, ...layout[name] };
    }
    return themed;
  }

  function draw() {
    const truth = getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
    for (const { box, data, layout } of figures) {
      const traces = data.map((trace) =>
        trace.line?.color === "truth" ? { ...trace, line: { ...trace.line, color: truth } } : trace);
      Plotly.react(box, traces, surroundings(layout), { responsive: true, displaylogo: false });
    }
  }

  draw();
  dark.addEventListener("change", draw);
  addEventListener("beforeprint", () => figures.forEach(({ box }) => Plotly.Plots.resize(box)));
})();
