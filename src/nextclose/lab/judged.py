"""What the judge says of an experiment: the same sentences as `nextclose run`'s."""

from __future__ import annotations

from dataclasses import replace

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang
from nextclose.core.results import Kind, ModelRow
from nextclose.judging.judge import judge
from nextclose.judging.splits import Split
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import Experiment
from nextclose.study.tables import forecast_table


def verdict(desk: Desk, found: Experiment, lang: Lang) -> tuple[ModelRow, ...]:
    """The net's row, then those of the plainer forecasts, on the sessions that all of them forecast."""
    recipe, walked = found.choices.recipe, found.walked
    everyone = (walked, *desk.baselines(recipe.windows.seq_len, _asked(found)))
    tables = [forecast_table(model, desk.bars, desk.scale, intervals=False) for model in everyone]
    kinds: dict[str, Kind] = dict.fromkeys((model.name for model in everyone), "baseline")
    kinds[recipe.name] = "recipe"
    seeds = {recipe.name: walked.prices[:, :, 0]}
    judged = judge(Forecasts.concat(tables), kinds=kinds, seed_forecasts=seeds, contests=False, lang=lang)
    return judged.models


def _asked(found: Experiment) -> Split:
    """What the plainer forecasts are fitted on and asked for: of windows drawn at random from both spans, all at once."""
    split = found.split
    if found.choices.switches["split"] == "time":
        return split
    return replace(
        split, train_stop=split.test_last + 1, test_first=split.train_start + found.choices.recipe.windows.seq_len
    )
