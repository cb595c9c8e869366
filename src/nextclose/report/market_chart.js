// One symbol's chart: truth, last close and forecasts with their intervals; below, the errors.
nextclose.chart = (chart, dates, words) => {
  const style = new Map(words.colours.map((own) => [own.name, own]));
  const percent = (value, last) => (value === null || last === null ? null : 100 * (value / last - 1));

  // Prices from whole units of the last close.
  const prices = (units) => units.map((unit, i) => (
    unit === null || chart.last[i] === null ? null : Number((chart.last[i] * (1 + unit * words.unit)).toPrecision(6))
  ));

  function line(values, name, colour, more = {}) {
    return {
      type: "scatter", mode: "lines", x: dates, y: values, name, legendgroup: name,
      line: { color: colour, width: more.width ?? 1.5, dash: more.dash ?? "solid" }, visible: more.visible ?? true,
    };
  }

  function band(model, own) {
    if (!model.lo) return [];
    const edge = {
      type: "scatter", mode: "lines", x: dates, line: { width: 0 }, legendgroup: model.name, showlegend: false,
      hoverinfo: "skip", visible: own.visible,
    };
    return [
      { ...edge, y: prices(model.lo) },
      { ...edge, y: prices(model.hi), fill: "tonexty", fillcolor: `${own.colour}26` },
    ];
  }

  function errors(values, name, colour, visible = true) {
    const missed = chart.y.map((y, i) => (
      values[i] === null || y === null ? null : Number((percent(y, chart.last[i]) - percent(values[i], chart.last[i])).toFixed(3))
    ));
    return { ...line(missed, name, colour, { width: 1, visible }), yaxis: "y2", showlegend: false };
  }

  function traces() {
    const made = [errors(chart.last, words.persistence, words.naive)];
    for (const model of chart.models) {
      const own = style.get(model.name);
      if (!own) continue;
      const forecast = prices(model.yhat);
      made.push(...band(model, own), line(forecast, model.name, own.colour, { visible: own.visible }));
      made.push(errors(forecast, model.name, own.colour, own.visible));
    }
    made.push(line(chart.last, words.last, words.naive, { dash: "dot" }), line(chart.y, words.truth, "truth", { width: 2 }));
    return made;
  }

  const upright = (date) => ({
    type: "line", xref: "x", yref: "paper", x0: date, x1: date, y0: 0, y1: 1, layer: "below",
    line: { color: words.naive, width: 1, dash: "dot" }, opacity: 0.3,
  });
  const layout = {
    height: 460, margin: { l: 60, r: 16, t: 44, b: 40 }, hovermode: "x unified",
    xaxis: { type: "date", anchor: "y2", showgrid: false },
    yaxis: { title: { text: words.price }, automargin: true, domain: [0.4, 1] },
    yaxis2: { title: { text: words.error }, domain: [0, 0.3] },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
    shapes: chart.folds.map(upright),
  };
  return { data: traces(), layout };
};
