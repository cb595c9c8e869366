"""One window through the net, drawn on the terminal."""

from __future__ import annotations

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text as Rich

from nextclose.core.explanation import ExplainedStep, Explanation
from nextclose.core.lang import Lang, say
from nextclose.core.types import Float64s

UNITS = 16
"""Hidden units that are shown; a larger net shows its first ones."""
SMALL = "₀₁₂₃₄₅₆₇₈₉"
ACCENT, QUIET = "bold cyan", "dim"


def print_explanation(explained: Explanation, console: Console, lang: Lang) -> None:
    """Print the window, its shapes, every step of the net, the head's sum and the price it means."""
    console.print(_heading(explained, lang))
    console.print(_shapes(explained, lang))
    steps = explained.steps[:1] if explained.flat else explained.steps
    for t, step in enumerate(steps, start=1):
        console.print(_step(explained, t, step, lang))
    console.print(_head(explained, lang))
    console.print(_price(explained, lang))


def _heading(explained: Explanation, lang: Lang) -> Rich:
    day = explained.target_date or say("the session after the last bar", lang)
    title = say(
        "{symbol}: one window through '{recipe}' to the close of {day}",
        lang,
        symbol=explained.symbol,
        recipe=explained.recipe,
        day=day,
    )
    if explained.epoch is not None:
        title += "  " + say("(after {epoch} epochs of training)", lang, epoch=explained.epoch)
    return Rich(title, style="bold")


def _shapes(explained: Explanation, lang: Lang) -> Group:
    """The shapes as the loop sees them, and the products as matrices and as nn.Linear writes them."""
    N, H = explained.train_windows, len(explained.steps[0].layers[0]["h"])
    L, F = len(explained.steps), len(explained.features)
    rows = len(explained.weights["w_x"])
    wide = L * F if explained.flat else F
    lines = [say("train windows (N, L, F) = ({N}, {L}, {F})", lang, N=N, L=L, F=F)]
    if explained.flat:
        lines.append(say("flattened to ({N}, {wide}): one step, no time", lang, N=N, wide=wide))
    else:
        lines.append(
            say("time-major (L, N, F) = ({L}, {N}, {F}): a loop of {L} batches ({N}, {F})", lang, L=L, N=N, F=F)
        )
    memory = (
        ("", "") if explained.flat else (f"  +  W_h ({rows},{H}) @ h_{{t-1}} ({H},)", f"  +  ({N},{H}) @ ({H},{rows})")
    )
    lines.append(say("as matrices", lang) + f"    W_x ({rows},{wide}) @ x_t ({wide},){memory[0]}  ->  ({rows},)")
    lines.append(say("as nn.Linear", lang) + f"   ({N},{wide}) @ ({wide},{rows}){memory[1]}  ->  ({N},{rows})")
    return Group(*(Rich(line, style=QUIET) for line in lines), Rich(""))


def _step(explained: Explanation, t: int, step: ExplainedStep, lang: Lang) -> Group:
    last = explained.flat or t == len(explained.steps)
    parts: list[RenderableType] = [_inputs(explained, t, step, lang)]
    parts += [_layer(explained, layer, t, lang) for layer in range(len(step.layers))]
    y = ", ".join(_named(explained, k, number(value)) for k, value in enumerate(step.y))
    if last:
        parts.append(
            Rich.assemble(
                (f"y{_small(t)} = W_y h{_small(t)} + b_y = {y}", ACCENT), "  " + say("this one is the forecast", lang)
            )
        )
    else:
        parts.append(
            Rich(f"y{_small(t)} = W_y h{_small(t)} + b_y = {y}  " + say("computed, not used", lang), style=QUIET)
        )
    return Group(*parts, Rich(""))


def _inputs(explained: Explanation, t: int, step: ExplainedStep, lang: Lang) -> Group:
    """The step's features as they are and as the net reads them; all sessions for a net without time."""
    if not explained.flat:
        title = say("step {t} of {steps}   {date}", lang, t=t, steps=len(explained.steps), date=step.date)
        return Group(Rich(title, style=ACCENT), _features(explained, step, lang))
    lines: list[RenderableType] = [
        Rich(say("all {count} sessions at once", lang, count=len(explained.steps)), style=ACCENT)
    ]
    for session in explained.steps:
        lines += [Rich(session.date, style=QUIET), _features(explained, session, lang)]
    return Group(*lines)


def _features(explained: Explanation, session: ExplainedStep, lang: Lang) -> Table:
    """One session: features across, the value over what the net reads of it."""
    table = Table.grid(padding=(0, 3))
    table.add_column(style=QUIET)
    for _ in explained.features:
        table.add_column(justify="right")
    table.add_row("", *(Rich(feature, style=QUIET) for feature in explained.features))
    table.add_row("  " + say("as it is", lang), *map(price_text, session.raw))
    table.add_row("  " + say("scaled", lang), *map(number, session.scaled))
    return table


def _layer(explained: Explanation, layer: int, t: int, lang: Lang) -> RenderableType:
    """A table of the layer's terms, one row a hidden unit."""
    terms = explained.steps[t - 1].layers[layer]
    hidden = len(terms["h"])
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2))
    table.add_column(say("unit", lang), justify="right", style=QUIET)
    shown = {name: values for name, values in terms.items() if len(values) == hidden}
    for name in shown:
        table.add_column(_title(explained, name, t), justify="right", style=ACCENT if name == "h" else None)
    for unit in range(min(hidden, UNITS)):
        table.add_row(str(unit), *(number(values[unit]) for values in shown.values()))
    parts: list[RenderableType] = []
    if len(explained.steps[0].layers) > 1:
        parts.append(Rich(say("layer {layer}", lang, layer=layer + 1), style=QUIET))
    parts.append(table)
    if hidden > UNITS:
        parts.append(Rich(say("... and {count} more units", lang, count=hidden - UNITS), style=QUIET))
    return Group(*parts)


def _title(explained: Explanation, name: str, t: int) -> str:
    now, before = _small(t), _small(t - 1)
    titles = {
        "w_x x": "W_x x" if explained.flat else f"W_x x{now}",
        "w_h h": f"W_h h{before}",
        "sum": "sum",
        "h": f"h{now} = {explained.activation}(sum)" if explained.cell in ("rnn", "mlp") else f"h{now}",
        "c": f"c{now}",
    }
    return titles.get(name, f"{name}{now}")


def _head(explained: Explanation, lang: Lang) -> Group:
    """W_y h_L + b_y with every product written out, for each output."""
    h = explained.steps[-1].layers[-1]["h"]
    L = 1 if explained.flat else len(explained.steps)
    parts: list[RenderableType] = [Rich(say("the head: y = W_y h{L} + b_y", lang, L=_small(L)), style="bold")]
    for k, weights in enumerate(explained.weights["w_y"]):
        bias = float(explained.weights["b_y"][k]) if "b_y" in explained.weights else None
        if explained.quantiles:
            parts.append(Rich(_output(explained, k, lang), style=QUIET))
        parts.append(_products(weights, h, bias, float(explained.output[k])))
    return Group(*parts, Rich(""))


def _products(weights: Float64s, h: Float64s, bias: float | None, total: float) -> Rich:
    shown = [f"({number(w)} × {number(value)})" for w, value in zip(weights[:UNITS], h[:UNITS], strict=True)]
    if len(weights) > UNITS:
        rest = float(weights[UNITS:] @ h[UNITS:])
        shown.append(f"[{len(weights) - UNITS}: {number(rest)}]")
    if bias is not None:
        shown.append(number(bias))
    lines = ["   " + " + ".join(shown[i : i + 3]) for i in range(0, len(shown), 3)]
    return Rich.assemble(" +\n".join(lines), "\n   = ", (number(total), ACCENT))


def _output(explained: Explanation, k: int, lang: Lang) -> str:
    """What an output stands for: its quantile, the session where there are several, and whether it is the forecast."""
    session, quantile = divmod(k, len(explained.quantiles))
    parts = [f"   q{explained.quantiles[quantile]:g}"]
    if len(explained.closes) > 1:
        parts.append(say("session {session} ahead", lang, session=session + 1))
    if quantile == explained.median:
        parts.append(say("the forecast", lang))
    return ", ".join(parts)


def _named(explained: Explanation, k: int, text: str) -> str:
    """An output's text behind the name of its quantile, where it has one."""
    if not explained.quantiles:
        return text
    return f"q{explained.quantiles[k % len(explained.quantiles)]:g} {text}"


def _price(explained: Explanation, lang: Lang) -> Group:
    """How the outputs of the next session become prices, and how the forecast compares."""
    lines: list[RenderableType] = [Rich(say("the price it means", lang), style="bold")]
    for q in range(explained.closes.shape[1]):
        style = "" if q == explained.median else QUIET
        name = f"q{explained.quantiles[q]:g}".ljust(7) if explained.quantiles else ""
        lines.append(Rich("   " + name + price_sum(explained, q), style=style))
    lines.append(Rich("   " + say("last close {last}", lang, last=price_text(explained.last_close))))
    if np.isfinite(explained.y):
        naive, missed = explained.y - explained.last_close, explained.y - float(explained.yhat[0])
        lines.append(
            Rich(
                "   "
                + say(
                    "the close that came {y}: the net missed by {missed}, repeating the last close by {naive}",
                    lang,
                    y=price_text(explained.y),
                    missed=f"{missed:+,.2f}",
                    naive=f"{naive:+,.2f}",
                )
            )
        )
    return Group(*lines)


def price_sum(explained: Explanation, q: int) -> str:
    """From an output of the next session to its price."""
    value, last_close = float(explained.output[q]), price_text(explained.last_close)
    price = price_text(float(explained.closes[0, q]))
    if explained.target == "price":
        return f"{value:+.9f} × {explained.y_scale:,.10g} + {explained.y_shift:,.10g} = {price}"
    if explained.target == "log-return":
        unscaled = value * explained.y_scale + explained.y_shift
        r = f"r = {value:+.9f} × {explained.y_scale:.9f} + {explained.y_shift:.9f} = {unscaled:+.9f}"
    else:
        r = f"r = {value:+.9f} × {explained.volatility:.9f} = {value * explained.volatility:+.9f}"
    return f"{r}     {last_close} × exp(r) = {price}"


def number(value: float) -> str:
    """A number of the net's, signed, to six places."""
    return f"{value:+.6f}"


def price_text(value: float) -> str:
    """A price: whole where it is, else to two places, or four below 10."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4f}" if abs(value) < 10 else f"{value:,.2f}"


def _small(t: int) -> str:
    return "".join(SMALL[int(digit)] for digit in str(t))
