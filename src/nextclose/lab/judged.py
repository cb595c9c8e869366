"""What the judge says of an experiment: the same sentences as `nextclose run`'s."""

from __future__ import annotations

from dataclasses import replace

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang
from nextclose.core.results import Kind, ModelRow
from nextclose.judging.judge import judge
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import Experiment
from nextclose.study.tables import forecast_table
from nextclose.study.walk import Walked


def verdict(desk: Desk, found: Experiment, lang: Lang) -> tuple[ModelRow, ...]:
    """The rows of the net and of the plainer forecasts, on the sessions that all of them forecast.

    Of windows drawn at random from both spans only persistence stands beside the net: the others, fitted on bars in a row,
    would have been fitted on sessions that they are asked for.
    """
    recipe, walked = found.choices.recipe, found.walked
    everyone = (walked, *_plainer(desk, found))
    tables = [forecast_table(model, desk.bars, desk.scale, intervals=False) for model in everyone]
    kinds: dict[str, Kind] = dict.fromkeys((model.name for model in everyone), "baseline")
    kinds[recipe.name] = "recipe"
    seeds = {recipe.name: walked.prices[:, :, 0]}
    judged = judge(Forecasts.concat(tables), kinds=kinds, seed_forecasts=seeds, contests=False, lang=lang)
    return judged.models


def _plainer(desk: Desk, found: Experiment) -> tuple[Walked, ...]:
    seq_len, split = found.choices.recipe.windows.seq_len, found.split
    if found.choices.switches["split"] == "time":
        return desk.baselines(seq_len, split)
    everything = replace(split, train_stop=split.test_last + 1, test_first=split.train_start + seq_len)
    return tuple(walked for walked in desk.baselines(seq_len, everything) if walked.name == "persistence")
