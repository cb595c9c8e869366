"""The net unrolled: its numbers are `nextclose explain`'s, for any net, any window, any epoch."""

from __future__ import annotations

from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from tests.conftest import walk_bars

from nextclose.core.errors import SettingsError
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.diverged import DivergedError
from nextclose.lab.experiment import experiment
from nextclose.lab.frames import pack, unpack
from nextclose.lab.job import Job
from nextclose.lab.topics import TOPICS
from nextclose.lab.unrolled import answer
from nextclose.report.explanation import number, print_explanation
from nextclose.study.explain import explain

FEW = {"epochs": "5", "seeds": "2", "hidden_size": "3"}
NETS = [
    {},
    {"cell": "gru", "bias": "true", "num_layers": "2"},
    {"cell": "lstm", "num_layers": "2", "h0": "random"},
    {"cell": "lstm"},
    {"cell": "mlp", "activation": "relu"},
    {"h0": "random", "num_layers": "2", "activation": "identity"},
    {"recipe": "default", "validation": "0.2", "patience": "2"},
]


@pytest.fixture
def desk(bars):
    return Desk(bars)


def asked(desk, choices, *, topic="net", **ask):
    """Header and arrays of the one frame of an answer."""
    frames = TOPICS[topic](desk, read_choices(FEW | choices), ask, Job(lambda: True, lambda: True, "en"))
    (message,) = [pack(frame) for frame in frames]
    return unpack(message)


def explained(desk, choices, **more):
    """What `nextclose explain` says on the explored bars; the lab must train on all of them for the same."""
    settings = {name: value for name, value in (FEW | choices).items() if name not in ("recipe", "train_start")}
    recipe = read_choices(choices | settings).recipe
    given = {name: recipe.settings()[name] for name in settings}
    return explain(desk.bars, recipe=choices.get("recipe", "tutorial"), settings=given, **more)


@pytest.mark.parametrize("epoch", [None, 0, 2])
@pytest.mark.parametrize("net", NETS, ids=lambda net: " ".join(f"{name}={value}" for name, value in net.items()))
def test_every_number_is_explains(desk, net, epoch):
    net = net | {"train_start": str(desk.bars.dates[0])}
    header, arrays = asked(desk, net, epoch=epoch)
    told = explained(desk, net, epoch=epoch)
    for name, weights in told.weights.items():
        np.testing.assert_array_equal(arrays[name], weights)
    np.testing.assert_array_equal(arrays["scaled"], [step.scaled for step in told.steps])
    np.testing.assert_array_equal(arrays["raw"], [step.raw for step in told.steps])
    steps = told.steps[:1] if told.flat else told.steps
    np.testing.assert_array_equal(arrays["y"], [step.y for step in steps])
    for layer, terms in enumerate(steps[0].layers):
        for name in terms:
            np.testing.assert_array_equal(arrays[f"{layer}:{name}"], [step.layers[layer][name] for step in steps])
    for layer, start in enumerate(told.start):
        np.testing.assert_array_equal(arrays[f"{layer}:start_h"], start["h"])
    assert (header["yhat"], header["y"], header["last_close"]) == (told.yhat[0], told.y, told.last_close)
    assert (header["at"], header["epoch"]) == (told.target_date, epoch)
    assert header["dates"] == [step.date for step in told.steps]
    page = Console(file=StringIO(), width=160)
    print_explanation(told, page, "en")
    assert header["price"] in page.file.getvalue()


@pytest.mark.parametrize("net", NETS, ids=lambda net: " ".join(f"{name}={value}" for name, value in net.items()))
def test_a_units_digits_are_those_that_explain_prints(desk, net):
    net = net | {"train_start": str(desk.bars.dates[0])}
    told = explained(desk, net)
    page = Console(file=StringIO(), width=400)
    print_explanation(told, page, "en")
    printed = " ".join(page.file.getvalue().split())
    header, arrays = asked(desk, net, topic="unit", unit=2, layer=9, step=1)
    assert header["layer"] == len(told.steps[0].layers) - 1
    row = [number(gate["value"]) for gate in header["gates"] if gate["name"] != "h"]
    if told.cell in ("rnn", "mlp"):
        (gate,) = header["gates"]
        row = [number(gate[name]) for name in ("x_total", "h_total", "sum") if name in gate]
    row += [number(header[name]) for name in ("c", "h") if header[name] is not None]
    assert " ".join(["2", *row]) in printed
    said, arrays = asked(desk, net, topic="unit", part="output")
    weights, values, _ = arrays["h"]
    assert f"({number(weights[0])} × {number(values[0])}) + ({number(weights[1])}" in printed
    assert f"= {number(said['h_total'])}" in printed


def test_the_epochs_end_where_training_ended(desk):
    net = {"recipe": "default", "epochs": "60", "lr": "0.3", "validation": "0.3", "patience": "3"}
    last, arrays = asked(desk, net, net=1)
    assert 0 < last["taken"] < last["ran"] < 60
    assert arrays["losses"].shape == arrays["val_losses"].shape == (last["ran"],)
    best, same = asked(desk, net, net=1, epoch=last["taken"])
    np.testing.assert_array_equal(same["w_h"], arrays["w_h"])
    assert asked(desk, net, net=1, epoch=1000)[0]["epoch"] == last["ran"]
    assert best["yhat"] == last["yhat"]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"days": "shuffled"},
        {"axes": "reshape"},
        {"leak": "on"},
        {"scaler": "everything"},
        {"split": "shuffled"},
        {"h0": "carried"},
        {"h0": "carried", "cell": "lstm", "num_layers": "2"},
        {"h0": "carried", "axes": "reshape", "cell": "gru"},
    ],
    ids=lambda more: " ".join(f"{name}={value}" for name, value in more.items()),
)
def test_the_price_is_the_experiments(desk, more):
    """Whatever switch is moved, and whichever day of the test span is looked at."""
    choices = read_choices(FEW | {"dtype": "float64", "seq_len": "5"} | more)
    found = experiment(desk, choices)
    for place in (0, 1, len(found.y) - 1):
        day = str(desk.bars.dates[found.walked.origins[place] + 1])
        header, arrays = asked(desk, choices.values, at=day, net=1)
        assert header["at"] == day
        assert header["role"] == "test"
        assert header["yhat"] == pytest.approx(found.prices[1, place], rel=1e-9)
        assert (header["y"], header["last_close"]) == (found.y[place], found.last_close[place])
        columns = desk.dataset(choices.recipe.windows).columns
        rows, places = arrays["rows"].astype(int), arrays["columns"].astype(int)
        np.testing.assert_array_equal(arrays["raw"], columns[rows, places])
        assert header["foreseen"] == ("scaler" in more or "split" in more)
        np.testing.assert_array_equal(arrays["x_shift"], found.fold.scaler.x.shift)
        np.testing.assert_array_equal(arrays["scaled"], (arrays["raw"] - arrays["x_shift"]) / arrays["x_scale"])


def test_a_carried_state_comes_from_the_window_before(desk):
    net, split = {"h0": "carried", "cell": "lstm", "context": "inside"}, desk.split(read_choices(FEW))
    first = split.test_first + 4  # the first target whose window lies inside the test span
    days = [str(day) for day in desk.bars.dates[first : first + 2]]
    (before, left), (after, taken) = (asked(desk, net, at=day) for day in days)
    assert (before["h0"], after["h0"]) == ("carried", "carried")
    assert not left["0:start_h"].any()
    np.testing.assert_array_equal(taken["0:start_h"], left["0:h"][-1])
    np.testing.assert_array_equal(taken["0:start_c"], left["0:c"][-1])
    assert asked(desk, net, at=str(desk.bars.dates[30]))[0]["h0"] == "zero"


def test_where_bent_numbers_come_from(desk):
    day = str(desk.bars.dates[150])
    plain, straight = asked(desk, {}, at=day)
    leaked = asked(desk, {"leak": "on"}, at=day)[1]
    np.testing.assert_array_equal(leaked["rows"], straight["rows"] + 1)
    mixed = asked(desk, {"days": "shuffled", "seq_len": "9"}, at=day)[1]["rows"]
    assert sorted(mixed[:, 0]) == list(range(141, 150)) != list(mixed[:, 0])
    reshaped = asked(desk, {"axes": "reshape"}, at=day)[1]
    assert np.ptp(reshaped["rows"]) > 4
    assert plain["role"] == "train"


def test_a_day_without_a_window_means_the_nearest(desk):
    header, _ = asked(desk, {}, at="1990-01-01")
    assert header["at"] == header["first_at"] == str(desk.bars.dates[4])
    assert asked(desk, {}, at="2090-01-01")[0]["at"] == str(desk.bars.dates[-1])
    assert asked(desk, {})[0]["at"] == str(desk.bars.dates[-1])


@pytest.mark.parametrize("ask", [{"net": -1}, {"epoch": 1.5}, {"epoch": True}, {"net": "1"}, {"at": "soon"}])
def test_what_is_no_number_or_date_is_refused(desk, ask):
    with pytest.raises(SettingsError):
        asked(desk, {}, **ask)
    with pytest.raises(SettingsError, match="unit or output"):
        asked(desk, {}, topic="unit", part="window")


def test_a_page_that_has_gone_stops_the_fit(desk):
    class GoneError(Exception):
        pass

    class Gone(Job):
        def check(self):
            raise GoneError

    with pytest.raises(GoneError):
        next(answer(desk, read_choices(FEW), {}, Gone(lambda: True, lambda: True, "en")))


def test_nets_are_fitted_once(desk, monkeypatch):
    asked(desk, {}, epoch=2)
    monkeypatch.setattr("nextclose.lab.looked_at.fit_epochs", lambda *_, **__: pytest.fail("known already"))
    asked(desk, {}, epoch=2)
    asked(desk, {}, topic="unit", epoch=2, unit=1)


def test_a_net_that_diverges_is_told_as_in_live_training():
    desk, choices = Desk(walk_bars(420, seed=3)), read_choices({"epochs": "40", "seeds": "3", "lr": "3"})
    with pytest.raises(DivergedError) as trained:
        experiment(desk, choices)
    with pytest.raises(DivergedError) as looked:
        next(answer(desk, choices, {}, Job(lambda: True, lambda: True, "en")))
    assert str(looked.value) == str(trained.value)
    with pytest.raises(DivergedError, match=r"^seed 2: training diverged"):
        next(answer(desk, choices, {"net": 2}, Job(lambda: True, lambda: True, "en")))
