"""One window looked at backwards: the same forecast as the picture's, the engine's own gradients, and sentences that are true."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.core.cells import initial_state
from nextclose.core.errors import SettingsError
from nextclose.engine import predict
from nextclose.engine.carried import predict_carried
from nextclose.engine.through_time import (
    State,
    gradient_back,
    jacobians,
    spectral_radii,
    state_memory,
    with_spectral_radius,
)
from nextclose.lab.backwards import arriving
from nextclose.lab.backwards_words import crossing, money, number, percent
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import experiment
from nextclose.lab.frames import pack, unpack
from nextclose.lab.job import Job, StaleError
from nextclose.lab.looked_at import look_at
from nextclose.lab.topics import TOPICS
from nextclose.lab.window import Window

FEW = {"epochs": "12", "seeds": "2"}


@pytest.fixture(scope="module")
def desk():
    return Desk(walk_bars(420, seed=3))


def yes() -> bool:
    return True


def asked(desk, choices, lang="en", alive=yes, **ask):
    """{part: (header, arrays)} as a page gets them."""
    frames = TOPICS["backwards"](desk, read_choices(FEW | choices), ask, Job(alive, yes, lang))
    got = [unpack(pack(frame)) for frame in frames]
    return {header["part"]: (header, arrays) for header, arrays in got}


def looked(desk, choices, **ask):
    choices = read_choices(FEW | choices)
    return Window(desk=desk, choices=choices, look=look_at(desk, choices, ask, lambda: None))


CHOICES = [
    {},
    {"h0": "random"},
    {"h0": "carried"},
    {"cell": "lstm", "h0": "carried", "bias": "true"},
    {"recipe": "gru", "num_layers": "2"},
    {"recipe": "default", "seq_len": "11"},
    {"cell": "mlp"},
    {"memory": "false"},
    {"seq_len": "1"},
    {"leak": "on"},
    {"split": "shuffled"},
    {"axes": "reshape"},
    {"days": "shuffled"},
]


@pytest.mark.parametrize("choices", CHOICES, ids=str)
@pytest.mark.parametrize("net", [0, 1])
def test_its_forecast_is_the_one_of_the_picture(desk, choices, net):
    found = experiment(desk, read_choices(FEW | choices))
    for place in (0, 7, -1):
        day = str(desk.bars.dates[found.walked.origins[place] + 1])
        header, _ = asked(desk, choices, at=day, net=net)["back"]
        assert header["day"] == day
        assert header["price"] == pytest.approx(found.prices[net, place], rel=2e-5)
        assert header["price"] == header["trained_price"]
        assert header["truth"] == found.y[place]
        assert header["last_close"] == found.last_close[place]


@pytest.mark.parametrize("rho", [None, "1.3", "0"])
@pytest.mark.parametrize("choices", [{}, {"cell": "lstm", "seq_len": "9"}, {"cell": "gru", "num_layers": "2"}], ids=str)
def test_its_numbers_are_the_engine_s(desk, choices, rho):
    window = looked(desk, choices)
    params = window.params if rho is None else with_spectral_radius(window.params, float(rho))
    back = gradient_back(params, window.x, **window.call)
    parts = asked(desk, choices, rho=rho, sweep=True)
    header, arrays = parts["back"]
    np.testing.assert_array_equal(arrays["state_norm"], back.state_norm)
    np.testing.assert_array_equal(
        arrays["trained_norm"], gradient_back(window.params, window.x, **window.call).state_norm
    )
    assert header["price"] == window.closes(back.yhat)[0]
    np.testing.assert_allclose(header["radii"], spectral_radii(window.params), rtol=1e-12)
    steps = jacobians(params, window.x, **window.call)
    for name in ("norm", "radius", "kept"):
        np.testing.assert_array_equal(parts["jacobians"][1][name], getattr(steps, name)[-1])
    sweep = parts["sweep"][1]
    assert sweep["grid"][-1] == header["reach"] >= 2.0
    for place in (0, 20, -1):
        scaled = with_spectral_radius(window.params, float(sweep["grid"][place]))
        assert sweep["left"][place] == arriving(gradient_back(scaled, window.x, **window.call))


@pytest.mark.parametrize("instead", ["mean", "before"])
@pytest.mark.parametrize("choices", [{}, {"cell": "mlp"}, {"recipe": "default"}], ids=str)
def test_a_day_s_effect_is_the_price_with_it_minus_the_price_without(desk, choices, instead):
    window = looked(desk, choices)
    other = window.average if instead == "mean" else np.vstack([window.lead, window.x[:-1]])
    header, arrays = asked(desk, choices, instead=instead)["back"]
    for t in range(len(window.x)):
        without = window.x.copy()
        without[t] = other[t]
        price = window.closes(predict(window.params, without[None], **window.call))[0]
        assert arrays["change"][t] == pytest.approx(header["price"] - price, rel=1e-6, abs=1e-9)
    split, scaler = window.look.split, window.look.whole.scaler
    train = window.data.X[window.data.train_windows(split.train_start, split.train_stop)]
    np.testing.assert_allclose(window.average, scaler.x.forward(train).mean(axis=0), rtol=1e-12, atol=1e-15)
    assert np.sign(arrays["tangent"][-1]) == np.sign(arrays["change"][-1])


@pytest.mark.parametrize("recipe", ["tutorial", "default"])
def test_the_session_before_the_window_is_read_as_its_first_step_would_be(desk, recipe):
    window = looked(desk, {"recipe": recipe})
    L = window.data.settings.seq_len
    longer = looked(desk, {"recipe": recipe, "seq_len": str(L + 1)})
    assert longer.look.origin == window.look.origin
    np.testing.assert_allclose(window.lead, longer.x[0], rtol=1e-12)
    assert looked(desk, {"recipe": recipe, "leak": "on"}).lead is None


def test_starts_are_held_against_zero(desk):
    choices = {"cell": "lstm", "seq_len": "6"}
    header, arrays = asked(desk, choices)["back"]
    window = looked(desk, choices)
    assert header["starts"] == ["random", "carried"]
    drawn = State(initial_state(0, 1, window.params["w_h"].shape[1]))
    random = state_memory(window.params, window.x, drawn, **window.call)
    np.testing.assert_array_equal(arrays["distance"][0], random.distance[-1])
    assert arrays["distance"][0, 0] == pytest.approx(np.linalg.norm(drawn.h), rel=1e-12)
    both = window.look.whole.scaler.x.forward(window.data.X[window.look.window - 1 : window.look.window + 1])
    carried = window.closes(predict_carried(window.params, both, cell="lstm")[-1])[0]
    assert header["start_prices"][1] == pytest.approx(carried - header["price"], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("h0", ["zero", "random", "carried"])
@pytest.mark.parametrize("recipe", ["tutorial", "tutorial-return"])
def test_what_a_start_does_to_the_price_is_told_from_zero_wherever_the_net_starts(desk, h0, recipe):
    header, _ = asked(desk, {"h0": h0, "recipe": recipe})["back"]
    window = looked(desk, {"h0": h0, "recipe": recipe})
    starts = {
        "random": window.params.get("h_0", initial_state(0, 1, 10)),
        "carried": window.left_behind(window.params).h,
    }
    prices = {
        name: window.closes(gradient_back(window.params, window.x, start=State(h)).yhat)[0]
        for name, h in (starts | {"zero": np.zeros((1, 10))}).items()
    }
    for name, moved in zip(header["starts"], header["start_prices"], strict=True):
        assert moved == pytest.approx(prices[name] - prices["zero"], rel=1e-9, abs=1e-12)


def test_a_net_that_was_trained_from_a_random_start_is_asked_about_that_one(desk):
    window = looked(desk, {"h0": "random"})
    _, arrays = asked(desk, {"h0": "random"})["back"]
    assert arrays["distance"][0, 0] == pytest.approx(np.linalg.norm(window.params["h_0"]), rel=1e-12)


def test_what_a_net_lacks_is_not_sent(desk):
    assert list(asked(desk, {}, sweep=True)) == ["back", "jacobians", "sweep"]
    assert list(asked(desk, {})) == ["back", "jacobians"]
    assert list(asked(desk, {"cell": "mlp"}, sweep=True, rho="1.5")) == ["back"]
    assert list(asked(desk, {"seq_len": "1"}, sweep=True)) == ["back", "jacobians"]
    parts = asked(desk, {"memory": "false"}, sweep=True, rho="1.5")
    assert list(parts) == ["back", "jacobians"]
    header, arrays = parts["back"]
    assert (header["movable"], header["rho"]) == (False, None)
    np.testing.assert_array_equal(arrays["state_norm"][0, :-1], 0.0)
    np.testing.assert_array_equal(arrays["distance"][:, 1:], 0.0)
    mlp, arrays = asked(desk, {"cell": "mlp"})["back"]
    assert (mlp["time"], mlp["starts"], mlp["radii"]) == (False, [], [])
    assert arrays["x_norm"].shape == (4,)


def test_steps_are_named_by_the_days_that_they_read(desk):
    rows, day = desk.bars.dates, str(desk.bars.dates[250])
    assert asked(desk, {}, at=day)["back"][0]["days"] == [str(one) for one in rows[246:250]]
    assert asked(desk, {"leak": "on"}, at=day)["back"][0]["days"] == [str(one) for one in rows[247:251]]
    shuffled = asked(desk, {"days": "shuffled"}, at=day)["back"][0]["days"]
    assert sorted(shuffled) == [str(one) for one in rows[246:250]]
    assert any(
        asked(desk, {"days": "shuffled"}, at=str(rows[row]))["back"][0]["days"][-1] != str(rows[row - 1])
        for row in (250, 251, 252)
    )


def test_the_net_may_be_looked_at_after_any_epoch(desk):
    epochs = [asked(desk, {}, epoch=epoch)["back"][1]["state_norm"] for epoch in (0, 5, 12)]
    assert not np.array_equal(epochs[0], epochs[1])
    np.testing.assert_array_equal(epochs[2], asked(desk, {})["back"][1]["state_norm"])


@pytest.mark.parametrize(
    ("choices", "ask", "message"),
    [
        ({}, {"rho": "-1"}, "rho: expected a spectral radius from 0 to 10"),
        ({}, {"rho": "nan"}, "rho: expected"),
        ({}, {"rho": "much"}, "rho: expected .* got 'much'"),
        ({}, {"rho": [1]}, "rho: expected"),
        ({}, {"instead": "nothing"}, "instead: expected one of mean, before, got 'nothing'"),
        ({}, {"net": -1}, "net: expected a whole number"),
        ({}, {"net": "1"}, "net: expected a whole number"),
        ({}, {"at": "soon"}, "expected a date"),
        ({"h0": "carried", "activation": "identity", "seq_len": "30"}, {"rho": "9"}, "grows beyond all numbers"),
    ],
    ids=str,
)
def test_what_cannot_be_looked_at_is_refused(desk, choices, ask, message):
    with pytest.raises(SettingsError, match=message):
        asked(desk, choices, **ask)


def test_a_page_that_has_gone_stops_the_sweep(desk):
    alive = iter([True] * 8)
    with pytest.raises(StaleError):
        asked(desk, {}, sweep=True, alive=lambda: next(alive, False))


def words(desk, choices, **ask):
    parts = asked(desk, choices, sweep=True, **ask)
    return parts["back"][0]["words"] | {"sweep": parts["sweep"][0]["words"] if "sweep" in parts else ""}


def test_sentences_say_what_the_numbers_say(desk):
    linear = {"activation": "identity", "seq_len": "40"}
    small, large = words(desk, linear, rho="0.3"), words(desk, linear, rho="1.3")
    assert small["gradient"].startswith("The gradient vanishes: 39 steps back ")
    assert large["gradient"].startswith("The gradient grows: 39 steps back it is ")
    gone, grows = re.fullmatch(
        r"Below (\S+) less than a thousandth of the gradient reaches the first day. Above (\S+) it explodes.*",
        large["sweep"],
    ).groups()
    assert 0.5 < float(gone) < float(grows) < 1.3
    assert "grows to" in large["start"]
    assert "forgotten after step 1." in words(desk, {"memory": "false"})["start"]
    header, arrays = asked(desk, {})["back"]
    place = int(np.abs(arrays["change"]).argmax())
    told = header["words"]["days"]
    assert header["days"][place] in told
    assert money(abs(arrays["change"][place])) + (" lower" if arrays["change"][place] > 0 else " higher") in told


@pytest.mark.parametrize("choices", [*CHOICES, {"activation": "identity", "seq_len": "50"}], ids=str)
@pytest.mark.parametrize("rho", [None, "2"])
def test_every_sentence_is_whole_in_both_languages(desk, choices, rho):
    english, korean = (words(desk, choices, lang=lang, rho=rho) for lang in ("en", "ko"))
    assert english.keys() == korean.keys()
    for name, text in english.items():
        assert not re.search(r"[{}]|nan|None", text + korean[name])
        assert bool(text) == bool(korean[name])
        if text:
            assert re.search("[가-힣]", korean[name])
            assert not re.search("[가-힣]", text)


@pytest.mark.parametrize(
    ("L", "price", "told"),
    [("55", None, "The forecast is beyond all numbers."), ("58", 0.0, "No day moves this forecast.")],
)
def test_a_forecast_beyond_all_numbers_is_told(desk, L, price, told):
    choices = {"recipe": "tutorial-return", "activation": "identity", "seq_len": L}
    header, _ = asked(desk, choices, rho="10")["back"]
    assert header["price"] == price
    assert header["words"]["days"] == told
    assert "nan" not in " ".join(header["words"].values())


def test_where_a_curve_crosses_a_level_is_found_between_the_grid_s_points():
    grid = np.linspace(0.0, 2.0, 41)[1:]
    assert crossing(grid, grid**5, 1.0) == pytest.approx(1.0, abs=1e-12)
    assert crossing(grid, np.exp(7.0 * (grid - 0.73)), 1.0) == pytest.approx(0.73, abs=1e-12)
    assert crossing(grid, np.zeros(40), 1.0) is None
    assert crossing(grid, np.where(grid > 1.0, 2.0, 0.0), 1.0) == pytest.approx(1.05)


def test_numbers_are_told_in_as_many_digits_as_they_take():
    told = [number(value) for value in (0.0, 0.0541, 1234.5, 2.3456e-9, -4.2e58, np.inf)]
    assert told == ["0", "0.0541", "1,234", "2.3·10⁻⁹", "-4.2·10⁵⁸", "∞"]
    assert [percent(share) for share in (0.0, 1e-6, 0.0239, 1.0)] == ["0 %", "< 0.01 %", "2.4 %", "100 %"]
    assert [money(value) for value in (0.0, 0.0019, 145.567, 1e12)] == ["0.00", "0.0019", "145.57", "1.0·10¹²"]
