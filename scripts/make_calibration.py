"""Writes docs/calibration.md and its pictures from `nextclose bench judge --json`: make_calibration.py RESULT.json [DOCS]."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

from nextclose.bench.judge_terminal import forecaster_words, world_words

WORLDS = ("walk", "garch", "jumps")
SEEN, BEATS, BARE = "#2a6fb5", "#c0562f", "#9aa3ad"
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "savefig.dpi": 130,
}
PAGE = """# The judge, judged

Written by `scripts/make_calibration.py` from the JSON of `nextclose bench judge --json`. Each part gives the same
counts alone (`--only`) and together with the others, on any number of processes, bit for bit (seed {seed}).

A judge that says "beats persistence" must seldom say it where nothing can be beaten, and should say it where
something can. So `judge` is called on simulated prices, where the truth is known, and its own words are counted: the
row's verdict and whether information was "seen", as `nextclose judge` would print them, nothing in between.

## What is simulated

Each series has {train} sessions from which forecasters learn and {sessions} test sessions that are judged. In three
worlds nothing can be known, so that every claim is false:

- **{walk}**: independent normal returns, 1 % a day.
- **{garch}**: calm and wild times (alpha 0.08, beta 0.91), Student's t with 5 degrees
  of freedom, 1 % a day on average.
- **{jumps}**: the random walk, with another N(0, 5 %) on 2 % of the sessions.

Simple returns have mean 0 whatever came before, so the price is a martingale and persistence the true forecast. The
open lies near the close before it, high and low near the two; none of them says anything of the next close.

Four forecasters are judged alone, on {series} series a row. Each sees the train span and, for a forecast, the bars up
to its origin:

- **noise** announces changes at random, 0.3 times as large as those of the train span;
- **AR(4)** is fitted by least squares;
- **tutorial** and **default** are the project's recipes in its own pipeline. Here each has one seed and one fit,
  where a study takes five seeds and `default` is refitted every 21 sessions: {series} series a row are then a matter
  of minutes. The tutorial's windows lie inside the test span, so it is judged on four sessions fewer.

## False claims

![Share of series with a false claim, by world and forecaster](pictures/judge-false-rates.png)

"Beats" and "seen" are the shares of series with a false "beats persistence" and a false "information seen"; both
tests allow 5 %. After ≥ stands the lower 95 % bound of the true rate (Clopper-Pearson, one-sided). A row fails above
6 % where that bound excludes 5 %, which chance alone hardly brings about in so many series (in a run of a few hundred
it may). "Worse" is the share of "worse than persistence", which is true here of everything that announces a change.

{cells}

What the numbers say:

- "Information seen" lies between {seen_least} and {seen_most} in all {rows} rows. Clark-West allows 5 %, and
  that is about what it takes.
- "Beats persistence" lies between {beats_least} and {beats_most}. It is the more careful verdict: a forecast with
  estimated coefficients is truly worse than persistence here, and a Diebold-Mariano test of equal accuracy has that
  in its favour. The highest rate is that of {beats_highest}, which is also found worse least often.
- {failed}

## Why there is a guard

The column "without the guard" counts what Clark-West's normal tail alone would have said: `p < 0.05`, "information
seen". For noise, AR(4) and `default` it makes little difference. For the tutorial it is {bare_least} to {bare_most}
instead of {guarded_least} to {guarded_most}. Its min-max scaled net pulls towards the price level of its train span,
so the change it announces is a walk itself ("wanders": {wanders_least} to {wanders_most} of its series), and the sum
behind the test then follows Dickey and Fuller's distribution, whose 5 % point lies further out. The judge sees the
wandering in the forecasts and takes the larger p-value.

## Twenty at once

Whoever tries twenty recipes gives chance twenty tries. Here {models} forecasters stand in one table: noise of three
sizes, AR(1) to AR(6), pulls to moving averages of 2 to 250 sessions, a pull to the train span's mean, momentum, mean
return, mean change, and a ridge regression. A family is false if any of its rows claims anything; Holm's adjustment
runs over all of them. {fewer} families a row.

{families}

Holm allows 5 % whatever the forecasters have in common, and is below that where they resemble each other, as many of
these do. For "beats persistence" it is far below: the single rows already are.

## Power

Now something can be known: returns are AR(1), so that a share phi of the last one comes again. {fewer} series a row,
and {series} at phi = 0, where nothing can be known and a claim is false.

![Share of series with 'information seen' and 'beats persistence', over the AR(1) coefficient](pictures/judge-power.png)

"Fitted" is an AR(1) fitted on the train span, "true" a forecaster that knows phi.

{power}

- "Information seen" at phi = 0.15 and 1,000 sessions: {power_seen} for the fitted AR(1); at least 90 % is asked for.
  At phi = 0 it is {zero_short} and {zero_long}. The first run took 2,000 series there too, read 6.10 % at 250
  sessions, and so failed this row. The number of series was raised to that of the other rows without anything to know
  after that was seen; the first 2,000 are among them, and `--series 2000 --only power` still shows them.
- "Beats persistence" needs more. At 1,000 sessions the true coefficient is said to beat in {true_15} at 0.15 and
  {true_20} at 0.20, the fitted one in {fitted_15} and {fitted_20}: what the estimate loses is a true loss. At 250
  sessions and 0.15 it is {short_15}. A missing "beats persistence" says little in a year of sessions; the sentence of
  a row names the skill that so many sessions would show.

## A walk with drift

With a drift of 0.1 % a session on a volatility of 1 % the train mean truly beats persistence, so a claim is no error.
But a model that does no more than a constant must be told so: "It is no better than a constant drift". "Unsaid" is
the share of claims whose sentence lacks these words, beside the train mean in the table, and without it, where the
best constant of the judged sessions takes its place. {fewer} series a row.

{drift}

The highest share, {unsaid_most} of the claims, is that of "{unsaid_name}" at {unsaid_sessions} sessions: the test
behind the sentence allows 5 % of all series, not of those with a claim. Of all {fewer} series it is {unsaid_all}.

## What this does not show

One symbol at a time and one session ahead: tables of several symbols, whose sessions move together, and forecasts of
several steps are not simulated here, nor are nets with several seeds that are refitted. Other worlds may be harsher:
without a finite variance, with breaks in the volatility, with prices on a coarse grid. Simulated bars show that the
tests do what they promise; they do not show that a real market is a martingale.
"""


def main(source: Path, docs: Path) -> None:
    found = json.loads(source.read_text(encoding="utf-8"))
    (docs / "pictures").mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        draw_false_rates(found, docs / "pictures" / "judge-false-rates.png")
        draw_power(found, docs / "pictures" / "judge-power.png")
    (docs / "calibration.md").write_text(page(found), encoding="utf-8")


def page(found: dict[str, Any]) -> str:
    plan, cells = found["plan"], [row for world in WORLDS for row in found[world]]
    power = {(row["phi"], row["sessions"]): row for row in found["power"]}
    tutorial = [row for row in cells if row["forecaster"] == "tutorial"]
    highest = max(cells, key=lambda row: row["beats"]["share"])
    failed = found["conclusion"]["failed"]
    return PAGE.format(
        seed=plan["seed"],
        train=plan["train"],
        sessions=" or ".join(f"{n:,}" for n in plan["sessions"]),
        series=f"{plan['series']:,}",
        fewer=f"{plan['fewer']:,}",
        **{name: world_words(name, "en") for name in WORLDS},
        cells=cells_table(cells),
        rows=len(cells),
        **least_and_most("seen", cells, "seen"),
        **least_and_most("beats", cells, "beats"),
        beats_highest=f"`{highest['forecaster']}`",
        failed=f"Of {found['conclusion']['checks']} checks on this page {len(failed) or 'none'} failed"
        + (f": {', '.join(failed)}." if failed else "."),
        **least_and_most("bare", tutorial, "unguarded"),
        **least_and_most("guarded", tutorial, "seen"),
        **least_and_most("wanders", tutorial, "wanders"),
        models=found["families"][0]["models"],
        families=families_table(found["families"]),
        power=power_table(found["power"]),
        power_seen=percent(power[0.15, 1000]["seen"]),
        true_15=percent(power[0.15, 1000]["true_beats"]),
        true_20=percent(power[0.20, 1000]["true_beats"]),
        fitted_15=percent(power[0.15, 1000]["beats"]),
        fitted_20=percent(power[0.20, 1000]["beats"]),
        zero_short=percent(power[0.0, 250]["seen"]),
        zero_long=percent(power[0.0, 1000]["seen"]),
        short_15=percent(power[0.15, 250]["beats"]),
        drift=drift_table(found["drift"]),
        **most_unsaid(found["drift"], plan["fewer"]),
    )


def cells_table(cells: list[dict[str, Any]]) -> str:
    rows = [
        (world_words(row["world"], "en"), row["forecaster"], f"{row['sessions']:,}", bounded(row["beats"]),
         bounded(row["seen"]), percent(row["unguarded"]), percent(row["worse"]), percent(row["wanders"]), mark(row))
        for row in cells
    ]  # fmt: skip
    return table(
        ("world", "forecaster", "sessions", "beats", "seen", "without the guard", "worse", "wanders", ""), rows
    )


def families_table(families: list[dict[str, Any]]) -> str:
    rows = [
        (world_words(row["world"], "en"), f"{row['sessions']:,}", bounded(row["beats"]), bounded(row["seen"]),
         percent(row["unguarded"]), mark(row))
        for row in families
    ]  # fmt: skip
    return table(("world", "sessions", "beats", "seen", "without the guard", ""), rows)


def power_table(power: list[dict[str, Any]]) -> str:
    rows = [
        (f"{row['sessions']:,}", f"{row['phi']:.2f}",
         *(percent(row[name]) for name in ("seen", "beats", "true_seen", "true_beats")), mark(row))
        for row in power
    ]  # fmt: skip
    return table(("sessions", "phi", "fitted: seen", "fitted: beats", "true: seen", "true: beats", ""), rows)


def drift_table(drift: list[dict[str, Any]]) -> str:
    rows = []
    for row in drift:
        itself = row["passed"] is None
        beside = "–" if itself else "train mean" if row["beside"] else "the best constant"
        unsaid = "–" if itself else bounded(row["unsaid"])
        rows.append(
            (forecaster_words(row["forecaster"], "en"), beside, f"{row['sessions']:,}", percent(row["beats"]),
             percent(row["seen"]), "–" if itself else f"{row['unsaid']['n']:,}", unsaid, mark(row))
        )  # fmt: skip
    return table(("forecaster", "compared with", "sessions", "beats", "seen", "claims", "unsaid", ""), rows)


def table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [titles, ("---",) * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(rate: dict[str, Any]) -> str:
    return "–" if rate["share"] is None else f"{100.0 * rate['share']:.2f} %"


def bounded(rate: dict[str, Any]) -> str:
    return f"{percent(rate)} ≥ {100.0 * rate['low']:.1f}"


def mark(row: dict[str, Any]) -> str:
    return {None: "", True: "✓", False: "✗"}[row["passed"]]


def least_and_most(name: str, rows: list[dict[str, Any]], field: str) -> dict[str, str]:
    rates = sorted((row[field] for row in rows), key=lambda rate: rate["share"])
    return {f"{name}_least": percent(rates[0]), f"{name}_most": percent(rates[-1])}


def most_unsaid(drift: list[dict[str, Any]], fewer: int) -> dict[str, str]:
    """Of the rows that claim anything, the one whose sentence is silent most often."""
    most = max((row for row in drift if row["passed"] is not None), key=lambda row: row["unsaid"]["share"] or 0.0)
    return {
        "unsaid_most": percent(most["unsaid"]),
        "unsaid_name": forecaster_words(most["forecaster"], "en"),
        "unsaid_sessions": f"{most['sessions']:,}",
        "unsaid_all": f"{100.0 * most['unsaid']['count'] / fewer:.2f} %",
    }


def draw_false_rates(found: dict[str, Any], path: Path) -> None:
    """A panel a world and one for the families; dots with their 90 % intervals against 5 and 6 %."""
    figure, panels = plt.subplots(2, 2, figsize=(10, 7.4), sharex=True, layout="constrained")
    for name, panel in zip((*WORLDS, "families"), panels.flat, strict=True):
        rows = found[name]
        panel.axvspan(0, 5, color="#eef3f0", zorder=0)
        panel.axvline(5, color="#5f8f74", linewidth=1, zorder=1)
        panel.axvline(6, color="#a33", linewidth=1, linestyle=":", zorder=1)
        for at, row in enumerate(rows):
            dot(panel, at + 0.16, row["beats"], BEATS)
            dot(panel, at - 0.16, row["seen"], SEEN)
            panel.plot(100.0 * row["unguarded"]["share"], at - 0.16, "o", mfc="none", mec=BARE, ms=7, zorder=2)
        panel.set_yticks(range(len(rows)), [tick(row) for row in rows])
        panel.invert_yaxis()
        panel.set_title(f"{rows[0]['models']} at once" if name == "families" else world_words(name, "en"))
    for panel in panels[1]:
        panel.set_xlabel("% with a false claim")
    panels[0, 0].set_xlim(-0.3, None)
    handles = [
        plt.Line2D([], [], color=SEEN, marker="o", label="information seen"),
        plt.Line2D([], [], color=BEATS, marker="o", label="beats persistence"),
        plt.Line2D(
            [], [], color=BARE, marker="o", mfc="none", linestyle="", label="information seen without the guard"
        ),
        plt.Line2D([], [], color="#5f8f74", label="allowed: 5 %"),
        plt.Line2D([], [], color="#a33", linestyle=":", label="tolerated: 6 %"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False)
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def dot(panel: Any, at: float, rate: dict[str, Any], color: str) -> None:
    panel.plot([100.0 * rate["low"], 100.0 * rate["high"]], [at, at], color=color, linewidth=2, zorder=3)
    panel.plot(100.0 * rate["share"], at, "o", color=color, ms=5, zorder=3)


def tick(row: dict[str, Any]) -> str:
    return f"{row.get('forecaster') or world_words(row['world'], 'en')}, {row['sessions']:,}"


def draw_power(found: dict[str, Any], path: Path) -> None:
    """A panel a test span: seen and beats over the coefficient, fitted and true."""
    sessions = found["plan"]["sessions"]
    figure, panels = plt.subplots(1, len(sessions), figsize=(10, 4.3), sharey=True, layout="constrained", squeeze=False)
    lines = (
        ("seen", SEEN, "-", "information seen, fitted AR(1)"),
        ("true_seen", SEEN, "--", "information seen, true coefficient"),
        ("beats", BEATS, "-", "beats persistence, fitted AR(1)"),
        ("true_beats", BEATS, "--", "beats persistence, true coefficient"),
    )
    aims: list[Any] = []
    for n, panel in zip(sessions, panels[0], strict=True):
        rows = [row for row in found["power"] if row["sessions"] == n]
        for name, color, dash, label in lines:
            shares = [100.0 * row[name]["share"] for row in rows]
            panel.plot([row["phi"] for row in rows], shares, dash, color=color, marker="o", ms=4, label=label)
        for row in rows:
            if row["aim"] is not None:
                label = f"asked for: {100.0 * row['aim']:.0f} % seen"
                [aim] = panel.plot(row["phi"], 100.0 * row["aim"], "_", color="#a33", ms=16, mew=2, label=label)
                aims.append(aim)
        panel.axhline(5, color="#5f8f74", linewidth=1)
        panel.set_title(f"{n:,} sessions")
        panel.set_xlabel("AR(1) coefficient")
        panel.set_ylim(0, 102)
    panels[0, 0].set_ylabel("% of series")
    handles, _ = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles=[*handles, *aims], loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).resolve().parents[1] / "docs")
