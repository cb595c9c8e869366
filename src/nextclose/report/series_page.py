"""The page of a recipe with a series of its own: left alone, one step ahead, how it learned, every number."""

from __future__ import annotations

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.series import SeriesResult
from nextclose.report.data import shape_table
from nextclose.report.document import Pictures, document, footer
from nextclose.report.figures import loss_figure
from nextclose.report.html import Markup, bullets, join, section, table, tag
from nextclose.report.series_figures import alone_figure, one_step_figure
from nextclose.report.settings import fact_list, recipe_parts
from nextclose.report.sketch import sketch
from nextclose.report.traces import BLUE
from nextclose.report.words import signed


def render_series(study: SeriesResult, lang: Lang) -> str:
    """The whole page as HTML text; the same study gives the same bytes."""
    page, pictures = _Page(study, lang), Pictures(lang)
    body = [
        page.header(),
        page.found(),
        page.alone(pictures),
        page.one_step(pictures),
        page.learning(pictures),
        page.numbers(),
        page.data(),
        page.settings(),
        footer(study.versions.get("nextclose", ""), lang),
    ]
    return document(f"{study.data.symbol} - nextclose", body, pictures)


class _Page:
    """The sections in one language."""

    def __init__(self, study: SeriesResult, lang: Lang) -> None:
        self.study, self.lang = study, lang

    def header(self) -> Markup:
        data = self.study.data
        title = say("Can a net go on with {formula}?", self.lang, formula=data.formula)
        lead = say(
            "{rows} points, t from {start} to {stop}. The net reads {seq_len} and says the next one; it is trained on all of "
            "them, then left alone with the first {seq_len}.",
            self.lang,
            rows=f"{data.rows:,}",
            start=f"{data.start:g}",
            stop=f"{data.stop:g}",
            seq_len=self.study.seq_len,
        )
        return tag("header", tag("p", "nextclose", class_="brand"), tag("h1", title), tag("p", lead, class_="lead"))

    def found(self) -> Markup:
        cards = [self._alone_card(), self._one_step_card()]
        return section(say("What was found", self.lang), "", *cards, bullets(self.study.notes), id_="found")

    def _alone_card(self) -> Markup:
        rollout, lang = self.study.rollout, self.lang
        own, held, mean = rollout.models
        steps = say("of {steps} steps", lang, steps=f"{rollout.steps:,}")
        facts = (
            (say("follows", lang), f"{own.follows_steps:,}", steps),
            (say("follows, by seed", lang), _range(own.follows_steps_by_seed), say("least to most", lang)),
            (say("last value held", lang), f"{held.follows_steps:,}", steps),
            (say("RMSE, alone", lang), f"{own.rmse:.2f}", say("over all steps", lang)),
            (say("RMSE of the mean", lang), f"{mean.rmse:.2f}", say("a constant", lang)),
        )
        kind = "beats" if own.follows_steps == rollout.steps else "even"
        return _card(say("Left alone", lang), rollout.sentence, facts, kind)

    def _one_step_card(self) -> Markup:
        lang, (own, held, mean) = self.lang, self.study.models
        seeds = [f"{rmse:.4f}" for rmse in (min(own.rmse_by_seed), max(own.rmse_by_seed))]
        facts = (
            ("RMSE", f"{own.rmse:.4f}", f"n = {own.n:,}"),
            (say("RMSE by seed", lang), " .. ".join(dict.fromkeys(seeds)), say("least to most", lang)),
            (say("error / persistence", lang), f"{own.rmse_ratio:.2f}", say("below 1 is better", lang)),
            (say("RMSE of persistence", lang), f"{held.rmse:.4f}", say("the last value again", lang)),
            (say("RMSE of the mean", lang), f"{mean.rmse:.4f}", say("a constant", lang)),
        )
        kind = "worse" if own.rmse_ratio > 1.0 else "even" if own.rmse_ratio > 0.5 else "beats"
        return _card(say("One step ahead, in sample", lang), own.sentence, facts, kind)

    def alone(self, pictures: Pictures) -> Markup:
        study, lang = self.study, self.lang
        lead = say(
            "From the first window on, each prediction becomes the next input. Above: the beginning, with the step from which "
            "the error is larger than the series' standard deviation. Below: all of it. Drag to zoom; click a name to show or "
            "hide it.",
            lang,
        )
        truth = study.y[study.seq_len :]
        still = sketch(((BLUE, np.clip(study.rolled.mean(axis=0), -4.0, 4.0)), ("currentColor", truth)))
        picture = pictures.place("alone", alone_figure(study, lang), still)
        return section(say("Left alone, against the truth", lang), lead, picture, id_="alone")

    def one_step(self, pictures: Pictures) -> Markup:
        study, lang = self.study, self.lang
        lead = say(
            "Every window holds true values, and the net was trained on these very points. Above: its predictions. Below: its "
            "error beside that of repeating the last value.",
            lang,
        )
        still = sketch(((BLUE, study.one_step.mean(axis=0)), ("currentColor", study.y[study.seq_len :])))
        picture = pictures.place("one-step", one_step_figure(study, lang), still)
        return section(say("One step ahead, in sample", lang), lead, picture, id_="one-step")

    def learning(self, pictures: Pictures) -> Markup:
        lead = say("Training losses, a line a seed; dotted lines are the held-out windows.", self.lang)
        figure = loss_figure(self.study.losses, self.lang)
        figure["layout"]["yaxis"] |= {"dtick": 1, "exponentformat": "power"}
        return section(say("Learning", self.lang), lead, pictures.place("loss", figure), id_="learning")

    def numbers(self) -> Markup:
        lang, rollout = self.lang, self.study.rollout
        head = [
            say("model", lang), "n", say("RMSE, one step", lang), say("MAE, one step", lang),
            say("ratio", lang), say("skill", lang), say("RMSE, alone", lang), say("MAE, alone", lang), say("follows", lang),
        ]  # fmt: skip
        rows = [
            (
                row.name, f"{row.n:,}", f"{row.rmse:.4f}", f"{row.mae:.4f}", f"{row.rmse_ratio:.2f}", signed(row.skill),
                f"{alone.rmse:.3f}", f"{alone.mae:.3f}", f"{alone.follows_steps:,}",
            )
            for row, alone in zip(self.study.models, rollout.models, strict=True)
        ]  # fmt: skip
        drawn = table(head, rows, quiet=[row.kind == "baseline" for row in self.study.models])
        explained = say(
            "Ratio and skill are against persistence, one step ahead. Alone, persistence holds the first window's last value. "
            "Follows: steps before the error exceeds {threshold}, the series' standard deviation.",
            lang,
            threshold=f"{rollout.threshold:.3f}",
        )
        parts = [drawn, tag("p", explained, class_="notes"), *self._by_seed(), self._lacking()]
        return section(say("Every number", lang), "", *parts, id_="table")

    def _by_seed(self) -> list[Markup]:
        lang, own, alone = self.lang, self.study.models[0], self.study.rollout.own
        if own.fits < 2:
            return []
        head = [
            say("seed", lang), say("last loss", lang), say("RMSE, one step", lang), say("ratio", lang),
            say("RMSE, alone", lang), say("follows", lang),
        ]  # fmt: skip
        columns = (
            own.final_loss_by_seed, own.rmse_by_seed, own.rmse_ratio_by_seed, alone.rmse_by_seed, alone.follows_steps_by_seed
        )  # fmt: skip
        rows = [
            (str(seed), f"{loss:.3g}", f"{rmse:.4f}", f"{ratio:.2f}", f"{rolled:.3f}", f"{steps:,}")
            for seed, (loss, rmse, ratio, rolled, steps) in enumerate(zip(*columns, strict=True))
        ]
        return [tag("h3", say("Seed by seed", lang)), table(head, rows)]

    def _lacking(self) -> Markup:
        """What a row about bars has and this one has not, once a reason."""
        grouped: dict[str, list[str]] = {}
        for name, reason in {**self.study.models[0].reasons, **self.study.reasons}.items():
            grouped.setdefault(reason, []).append(name)
        told = [f"{', '.join(names)}: {reason}" for reason, names in grouped.items()]
        return join([tag("h3", say("What this run lacks", self.lang)), bullets(told)])

    def data(self) -> Markup:
        lead = say("The series is computed, not read: there is nothing to be wrong with it.", self.lang)
        return section(say("Windows", self.lang), lead, shape_table(self.study.shapes, self.lang), id_="data")

    def settings(self) -> Markup:
        study, lang = self.study, self.lang
        facts = {
            say("engine", lang): f"{study.engine['chosen']} ({study.engine['reason']})",
            say("data, SHA-256", lang): study.data.sha256,
            **study.versions,
        }
        lead = say("Enough to compute every number here again.", lang)
        parts = [*recipe_parts(study.recipes, lang), tag("h3", say("Versions and data", lang)), fact_list(facts)]
        return section(say("Settings", lang), lead, *parts, id_="settings")


def _card(title: str, sentence: str, facts: tuple[tuple[str, str, str], ...], kind: str) -> Markup:
    listed = (tag("div", tag("dt", name), tag("dd", value), tag("small", more)) for name, value, more in facts)
    return tag("article", tag("h3", title), tag("p", sentence), tag("dl", *listed), class_=f"verdict {kind}")


def _range(values: tuple[int, ...]) -> str:
    return " .. ".join(f"{value:,}" for value in sorted({min(values), max(values)}))
