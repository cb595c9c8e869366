"""Learning to fill in masked bars: what is hidden is hidden, and nothing after the first fold's train span is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from tests.conftest import walk_bars

from nextclose.core.errors import FitError, SettingsError
from nextclose.core.settings import NetSettings, TrainingSettings
from nextclose.models.masked import MaskedBars
from nextclose.models.net import build_net, side_by_side
from nextclose.recipes import load_recipe, with_settings
from nextclose.training.fit import fit
from nextclose.training.fold import fit_folds, learning_windows
from nextclose.training.masked_windows import masked_windows
from nextclose.training.pretrain import pretrain
from nextclose.training.resolve import resolve_engine
from nextclose.windows import fit_scaler, make_dataset

L, F, H = 6, 3, 4
NET = NetSettings(cell="transformer", bias=True, hidden_size=H, num_heads=2, activation="relu", causal=False)
TRAINING = TrainingSettings(
    optimizer="adam", lr=0.01, pretrain_epochs=15, batch_size=32, dtype="float64", mask_share=0.3
)
BARS = walk_bars(220, seed=5)


def waves(n=200, seed=0):
    """Windows whose bars follow from those around them."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(0.0, 6.0, (n, 1)) + np.arange(L)
    return np.stack([np.sin(t), np.cos(t), np.sin(t + 1.0)], axis=-1)


def model(seeds=(0, 1)):
    nets = [build_net(NET, input_size=F, seq_len=L, output_size=1, seed=seed, dtype=torch.float64) for seed in seeds]
    rng = torch.Generator().manual_seed(0)
    w_mask, w_r = (torch.randn(len(seeds), *shape, dtype=torch.float64, generator=rng) for shape in ((H,), (F, H)))
    return MaskedBars(side_by_side(nets), w_mask, w_r)


def test_what_is_masked_is_hidden(monkeypatch):
    """The bars that are masked reach neither the encoder nor, but as the truth, the loss."""
    own, X = model(), torch.tensor(waves(10)).expand(2, 10, L, F).clone()
    masked = torch.rand(2, 10, L, generator=torch.Generator().manual_seed(1)) < 0.4
    seen, encode = [], own.encoder.encode
    monkeypatch.setattr(own.encoder, "encode", lambda z: seen.append(encode(z)) or seen[-1])
    changed = torch.where(masked[..., None], X + 7.0, X)
    before, after = own(X, masked), own(changed, masked)
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(before, after)
    own(X + 7.0, masked)
    assert not torch.equal(seen[0], seen[2])


def test_the_loss_is_of_the_masked_bars_alone():
    own, X = model((0,)), torch.tensor(waves(10))[None]
    masked = torch.zeros(1, 10, L, dtype=torch.bool)
    masked[0, 3, 2] = masked[0, 7, 5] = True
    z = own.encoder.embed(X)
    z[0, 3, 2] = z[0, 7, 5] = own.w_mask[0]
    xhat = own.encoder.encode(z) @ own.w_r[0].mT + own.b_r[0]
    error = (xhat - X).square()
    expected = torch.stack([error[0, 3, 2], error[0, 7, 5]]).mean()
    assert own(X, masked).item() == pytest.approx(expected.item(), rel=1e-12)
    assert own(X, torch.zeros_like(masked)).item() == 0.0


def test_the_loss_falls_and_the_encoder_learns_while_the_head_stays():
    learned, losses = pretrain(waves(), net=NET, training=TRAINING, seeds=(0, 1), outputs=2)
    losses = np.array(losses)
    assert losses.shape == (15, 2)
    assert (losses[-3:].mean(axis=0) < 0.5 * losses[0]).all()
    for seed, params in enumerate(learned):
        drawn = build_net(NET, input_size=F, seq_len=L, output_size=2, seed=seed, dtype=torch.float64).params()
        assert params.keys() == drawn.keys()
        same = {name for name, array in params.items() if np.array_equal(array, drawn[name])}
        assert {"w_y", "b_y"} <= same
        assert not {"w_in", "b_in", "w_q", "w_k", "w_v", "w_o", "w_ff1", "w_ff2", "gain_1"} & same
    assert not np.array_equal(learned[0]["w_in"], learned[1]["w_in"])


def test_nets_side_by_side_learn_as_each_alone():
    together, losses = pretrain(waves(), net=NET, training=TRAINING, seeds=(0, 1, 2), outputs=1)
    for number in range(3):
        (alone,), own = pretrain(waves(), net=NET, training=TRAINING, seeds=(number,), outputs=1)
        np.testing.assert_allclose(np.array(losses)[:, number], np.array(own)[:, 0], rtol=1e-9)
        for name, array in alone.items():
            np.testing.assert_allclose(together[number][name], array, rtol=0.0, atol=1e-9)


def test_about_the_share_that_was_asked_for_is_masked(monkeypatch):
    counted, forward = [], MaskedBars.forward

    def counting(self, X, masked):
        counted.append(masked.double().mean().item())
        return forward(self, X, masked)

    monkeypatch.setattr(MaskedBars, "forward", counting)
    pretrain(waves(640), net=NET, training=replace(TRAINING, pretrain_epochs=2), seeds=(0,), outputs=1)
    assert len(counted) == 40
    assert len(set(counted)) > 10
    assert np.mean(counted) == pytest.approx(0.3, abs=0.02)


def test_a_loss_that_is_no_number_says_so():
    wild = replace(TRAINING, optimizer="sgd", lr=1e200)
    with pytest.raises(FitError, match=r"pre-training diverged.*Lower the learning rate"):
        pretrain(waves(), net=NET, training=wild, seeds=(0,), outputs=1)


def bert(**changes):
    own = {"seeds": 2, "epochs": 2, "pretrain_epochs": 2, "refit_every": 0, "hidden_size": 4, "seq_len": 5}
    return with_settings(load_recipe("bert"), own | changes)


def fits(recipe, bars=BARS, spans=((0, 150),)):
    return fit_folds(recipe, make_dataset(bars, recipe.windows), spans, resolve_engine("torch", recipe))


def changed(row, bars=BARS):
    later = np.where(np.arange(len(bars)) < row, 1.0, 1.7)
    return replace(bars, **{name: getattr(bars, name) * later for name in ("open", "high", "low", "close")})


def test_only_windows_that_train_are_filled_in():
    recipe = bert()
    data = make_dataset(BARS, recipe.windows)
    train, held_out = learning_windows(recipe, data, (0, 150))
    scaler = fit_scaler(data, 0, 150)
    X = masked_windows(recipe, data, train, scaler)
    np.testing.assert_array_equal(X, scaler.x.forward(data.X[train]))
    assert held_out.start == train.stop < held_out.stop


def test_every_fold_starts_from_what_the_first_folds_windows_taught(monkeypatch):
    """Bars behind the first span's train windows are altered: the weights that the folds start from keep their bits."""
    recipe, seen = bert(mask_share=0.6), []
    engine = resolve_engine("torch", recipe)

    def spying(*given, **more):
        seen.append(engine.pretrain(*given, **more))
        return seen[-1]

    spied = replace(engine, pretrain=spying)
    train, _ = learning_windows(recipe, make_dataset(BARS, recipe.windows), (0, 150))
    stop = make_dataset(BARS, recipe.windows).origins(train).stop
    for bars in (BARS, changed(stop), changed(stop - 1)):
        fit_folds(recipe, make_dataset(bars, recipe.windows), [(0, 150), (0, 170), (0, 190)], spied)
    assert len(seen) == 3
    first, again, other = (weights for weights, _ in seen)
    for own, same, moved in zip(first, again, other, strict=True):
        for name, array in own.items():
            np.testing.assert_array_equal(array, same[name])
        assert not np.array_equal(own["w_in"], moved["w_in"])


def test_a_fit_starts_from_the_learned_weights():
    recipe = bert()
    data, (fold,) = make_dataset(BARS, recipe.windows), fits(recipe)
    train, held_out = learning_windows(recipe, data, (0, 150))
    x, y = (
        [side.forward(given[part]) for part in (train, held_out)]
        for side, given in ((fold.scaler.x, data.X), (fold.scaler.y, data.y))
    )
    learned, _ = pretrain(x[0], net=recipe.net, training=recipe.training, seeds=(0, 1), outputs=1)
    (scratch,) = fits(bert(pretrain_epochs=0))
    for seed, init in enumerate(learned):
        asked = {"net": recipe.net, "training": recipe.training, "seed": seed, "validation": (x[1], y[1])}
        expected = fit(x[0], y[0], init=init, **asked)
        np.testing.assert_allclose(fold.fits[seed].losses, expected.losses, rtol=1e-5)
        assert np.abs(init["w_in"] - fold.fits[seed].params["w_in"]).max() < 0.02
        assert np.abs(fold.fits[seed].params["w_in"] - scratch.fits[seed].params["w_in"]).max() > 0.002


def write(path, *every):
    parts = [
        pa.table(
            {"symbol": [bars.symbol] * len(bars), "date": pa.array(bars.dates)}
            | {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
        )
        for bars in every
    ]
    pq.write_table(pa.concat_tables(parts), path)
    return str(path)


def others(**more):
    return [walk_bars(220, seed=seed, symbol=name, **more) for seed, name in ((11, "A"), (12, "B"))]


def test_a_file_gives_every_symbols_windows_up_to_then(tmp_path):
    short, late = walk_bars(3, seed=1, symbol="C"), walk_bars(100, seed=1, symbol="D", start="2022-01-03")
    recipe = bert(pretrain_bars=write(tmp_path / "all.parquet", *others(), short, late))
    data = make_dataset(BARS, recipe.windows)
    train, _ = learning_windows(recipe, data, (0, 150))
    stop = data.origins(train).stop
    X = masked_windows(recipe, data, train, fit_scaler(data, 0, 150))
    expected = [make_dataset(bars[:stop], recipe.windows).X for bars in others()]
    np.testing.assert_allclose(X, np.concatenate(expected), rtol=1e-12, atol=1e-12)
    assert len(X) == 2 * (stop - 4)


def test_each_symbol_is_scaled_by_what_it_was_until_then(tmp_path):
    path = write(tmp_path / "all.parquet", *(changed(150, bars) for bars in others()))
    recipe = bert(pretrain_bars=path, scaling="min-max", target="log-return")
    data = make_dataset(BARS, recipe.windows)
    train, _ = learning_windows(recipe, data, (0, 150))
    X = masked_windows(recipe, data, train, fit_scaler(data, 0, 150))
    assert X.min() == pytest.approx(0.0, abs=1e-12)
    assert X.max() == pytest.approx(1.0, abs=1e-12)


def test_later_bars_of_the_file_change_nothing(tmp_path):
    stop = make_dataset(BARS, bert().windows)
    train, _ = learning_windows(bert(), stop, (0, 150))
    row = stop.origins(train).stop
    fitted = []
    for number, cut in enumerate((220, row, row - 1)):
        path = write(tmp_path / f"{number}.parquet", *(changed(cut, bars) for bars in others()))
        fitted.append(fits(bert(pretrain_bars=path, mask_share=0.6))[0].fits[0].params)
    for name, array in fitted[0].items():
        np.testing.assert_array_equal(array, fitted[1][name])
    assert not np.array_equal(fitted[0]["w_in"], fitted[2]["w_in"])


def test_a_file_without_such_windows_is_refused(tmp_path):
    path = write(tmp_path / "late.parquet", walk_bars(100, seed=1, symbol="D", start="2022-01-03"))
    with pytest.raises(SettingsError, match="no symbol of .* has windows of 5 sessions up to"):
        fits(bert(pretrain_bars=path))


def test_bars_are_masked_for_a_transformer_alone():
    with pytest.raises(SettingsError, match="pretrain_epochs belongs to cell=transformer, got cell=rnn"):
        with_settings(load_recipe("default"), {"pretrain_epochs": 3})
