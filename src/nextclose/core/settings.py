"""What a recipe is made of: three frozen groups of settings, checked when made.

Every field name is unique across the groups, so `--set hidden_size=32` needs no prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

from nextclose.core.cells import CELLS, TRANSFORMER
from nextclose.core.errors import SettingsError
from nextclose.core.lang import Joined, Text
from nextclose.core.suggest import did_you_mean

FEATURES = ("open", "high", "low", "close", "volume", "change", "adj_close")
"""Features that all bars have: the bar's own columns, change = close / previous close - 1, and the source's adjusted
close (the close where it has none). Any further column of numbers that the bars hold is a feature too."""

Scaling = Literal["min-max", "standard", "log-ratio", "log-ratio-volatility", "log1p-ratio", "none"]
Target = Literal["price", "log-return", "volatility-return", "log1p-return"]
Context = Literal["before", "inside"]
Strategy = Literal["direct", "recursive"]
Decoder = Literal["none", "recurrent", "attention"]
Head = Literal["linear", "batchnorm", "every-step"]
Activation = Literal["tanh", "relu", "identity"]
Optimizer = Literal["sgd", "rmsprop", "adam", "adamw"]
Loss = Literal["mse", "pinball"]
Dtype = Literal["float32", "float64"]

RECURSIVE_FEATURES = frozenset({"close", "change"})
"""What a forecast close is enough to fill in."""

MASK_SHARE = 0.15
"""Devlin et al. 2019 mask that many words."""
MEDIAN = 0.5
"""The quantile that is a forecast."""


@dataclass(frozen=True, kw_only=True)
class WindowSettings:
    """How bars become windows X (N, L, F) and targets y (N, K)."""

    features: tuple[str, ...] = ("open", "high", "low", "close")
    """Columns of a step, in order: open, high, low, close, volume, change, adj_close, or any column of numbers in the bars."""
    seq_len: int = 4
    """Sessions in a window (L)."""
    horizon: int = 1
    """Sessions forecast (K)."""
    scaling: Scaling = "min-max"
    """min-max or standard: fitted on the train span, a column at a time. log-ratio: log(price / last close)
    within each window. log-ratio-volatility: that, divided by the volatility known at the origin. In both of these a
    column of the user's own is standardised on the train span instead. log1p-ratio: log(x + 1) - log(x_last + 1)
    within each window, a column at a time."""
    target: Target = "price"
    """price: the close, scaled as the close column is. log-return: log(close / last close), standardised on the
    train span. volatility-return: that divided by the volatility known at the origin, so that 0 is persistence.
    log1p-return: log(close + 1) - log(last close + 1)."""
    strategy: Strategy = "direct"
    """How a horizon above 1 is reached. direct: an output a session. recursive: one output, and each forecast close
    becomes the last bar of the next window; only `close` and `change` can be features then."""
    context: Context = "before"
    """Whether a test window may look back before the test's first session, or must lie inside it."""

    def __post_init__(self) -> None:
        problems = Problems()
        problems.columns("features", self.features)
        problems.at_least("seq_len", self.seq_len, 1)
        problems.at_least("horizon", self.horizon, 1)
        problems.one_of("scaling", self.scaling, _args(Scaling))
        problems.one_of("target", self.target, _args(Target))
        problems.one_of("context", self.context, _args(Context))
        problems.one_of("strategy", self.strategy, _args(Strategy))
        if self.target == "price" and self.scaling not in ("min-max", "standard", "none"):
            problems.add("target=price needs scaling min-max, standard or none, got {scaling}", scaling=self.scaling)
        if self.target == "price" and "close" not in self.features:
            problems.add("target=price needs 'close' among the features, since it is scaled as that column is")
        if self.strategy == "recursive" and (odd := set(self.features) - RECURSIVE_FEATURES):
            problems.add(
                "strategy=recursive forecasts closes alone, so its features can be close and change, not {odd}",
                odd=", ".join(sorted(odd)),
            )
        if self.strategy == "recursive" and "close" not in self.features:
            problems.add("strategy=recursive needs 'close' among the features")
        problems.raise_any()

    @property
    def outputs(self) -> int:
        """Sessions that the net itself forecasts: the horizon, or one where it is reached by recursion."""
        return 1 if self.strategy == "recursive" else self.horizon


@dataclass(frozen=True, kw_only=True)
class NetSettings:
    """The net: a cell, its size, its start, and what makes forecasts of its states."""

    cell: str = "rnn"
    """rnn (Elman), gru, lstm, mlp (the Elman cell with L = 1 on the flattened window), or transformer (an encoder)."""
    hidden_size: int = 10
    """Hidden units (H)."""
    num_layers: int = 1
    """Stacked layers."""
    bidirectional: bool = False
    """A second net a layer walks the window backwards; the head sees the last state of both."""
    decoder: Decoder = "none"
    """recurrent: a second net of the same cell starts from the last state and writes one session after the other
    (seq2seq). attention: that, looking back at every state of the window at each step."""
    head: Head = "linear"
    """linear: on the last state. batchnorm: batch normalisation, dropout, then two layers, H to H/2 to K. every-step:
    linear on the state of every step, each taught the close after it (many-to-many)."""
    dropout: float = 0.0
    """Share of states that the head batchnorm drops in training."""
    num_heads: int = 1
    """Attention heads of the transformer."""
    causal: bool = True
    """Whether a step of the transformer sees only the steps before it and itself."""
    bias: bool = False
    """Biases b_x and b_h in the cell."""
    output_bias: bool = True
    """Bias b_y in the head."""
    activation: Activation = "tanh"
    """Of the rnn and mlp cells and between the transformer's two layers; gated cells have their own."""
    memory: bool = True
    """False holds W_h at zero: each step forgets the one before."""
    h0: Literal["zero", "random"] = "zero"
    """The state before the first step: zero, or drawn once per seed and kept with the weights."""
    init: str = "linear"
    """Initial weights: linear (nn.Linear's bounds), rnn (nn.RNN's), or a .json file that holds them."""
    zero_head: bool = False
    """Start with W_y = b_y = 0, so that an untrained net says 0."""

    def __post_init__(self) -> None:
        problems = Problems()
        problems.one_of("cell", self.cell, (*CELLS, TRANSFORMER))
        problems.at_least("hidden_size", self.hidden_size, 1)
        problems.at_least("num_layers", self.num_layers, 1)
        problems.one_of("decoder", self.decoder, _args(Decoder))
        problems.one_of("head", self.head, _args(Head))
        problems.within("dropout", self.dropout, 0.0, 0.9)
        problems.at_least("num_heads", self.num_heads, 1)
        problems.one_of("activation", self.activation, _args(Activation))
        problems.one_of("h0", self.h0, ("zero", "random"))
        if self.init not in ("linear", "rnn") and not self.init.endswith(".json"):
            problems.add("init: expected linear, rnn or a .json file of weights, got '{got}'", got=self.init)
        if self.cell == "mlp" and self.num_layers != 1:
            problems.add("cell=mlp has one hidden layer, got num_layers={got}", got=self.num_layers)
        self._check_parts(problems)
        problems.raise_any()

    def _check_parts(self, problems: Problems) -> None:
        """Which parts go together."""
        if self.cell in ("mlp", TRANSFORMER):
            asked = {"bidirectional": self.bidirectional, "decoder": self.decoder != "none"}
            asked |= (
                {"h0=random": self.h0 == "random", "memory=off": not self.memory} if self.cell == TRANSFORMER else {}
            )
            for part in (name for name, wanted in asked.items() if wanted):
                problems.add(
                    "{part} belongs to the cells rnn, gru and lstm, got cell={cell}", part=part, cell=self.cell
                )
        if self.cell != TRANSFORMER and (self.num_heads != 1 or not self.causal):
            problems.add("num_heads and causal belong to cell=transformer, got cell={cell}", cell=self.cell)
        if self.cell == TRANSFORMER and not self.bias:
            problems.add("cell=transformer has biases, so bias=off cannot be had")
        if self.cell == TRANSFORMER and _is_number(self.num_heads) and self.hidden_size % max(self.num_heads, 1):
            problems.add(
                "num_heads must divide hidden_size, got {heads} and {size}", heads=self.num_heads, size=self.hidden_size
            )
        if self.decoder != "none" and (self.bidirectional or self.head != "linear"):
            problems.add("decoder={decoder} goes with head=linear and without bidirectional", decoder=self.decoder)
        if self.decoder != "none" and not self.memory:
            problems.add("memory=off cuts a decoder off from the window, got decoder={decoder}", decoder=self.decoder)
        if self.head == "every-step" and (self.bidirectional or self.cell == "mlp" or not self.causal):
            problems.add("head=every-step needs a net whose steps see only what lies before them, such as cell=rnn")
        if self.head == "batchnorm" and self.hidden_size < 2:
            problems.add("head=batchnorm halves the hidden units, so it needs at least 2, got 1")
        if _is_number(self.dropout) and self.dropout > 0.0 and self.head != "batchnorm":
            problems.add("dropout belongs to head=batchnorm, got head={head}", head=self.head)

    @property
    def start_rows(self) -> int:
        """States before the first step: one a layer and direction."""
        return self.num_layers * (2 if self.bidirectional else 1)


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How the net is fitted."""

    optimizer: Optimizer = "sgd"
    """sgd, rmsprop, adam or adamw, with PyTorch's defaults where no setting says otherwise."""
    lr: float = 0.005
    """Learning rate."""
    lr_step: int | None = None
    """Epochs after which lr is multiplied by lr_gamma, again and again; none keeps it."""
    lr_gamma: float = 0.1
    """What lr is multiplied by."""
    momentum: float = 0.0
    """Of sgd and rmsprop."""
    weight_decay: float = 0.0
    """L2 penalty as PyTorch's optimisers apply it (decoupled in adamw)."""
    epochs: int = 100
    """Passes over the train windows, at most."""
    batch_size: int | None = None
    """Windows an update; none is the full batch."""
    shuffle: bool = False
    """A new order every epoch, from the seed."""
    drop_last: bool = False
    """Leave out the windows that fill no whole batch."""
    loss: Loss = "mse"
    """mse: squared error, mean over the batch and the horizon. pinball: the loss whose least value lies at a quantile,
    mean over the batch, the horizon and the quantiles; the net then has an output for each."""
    quantiles: tuple[float, ...] = ()
    """Levels of the outputs under loss=pinball, such as 0.05, 0.5, 0.95; that of 0.5 is the forecast. Empty for mse."""
    clip_norm: float | None = None
    """Largest norm of all gradients together; larger ones are scaled down."""
    validation: float = 0.0
    """Share of the train windows, the latest, that is held out to stop early; 0 trains on all."""
    patience: int | None = None
    """Epochs without a better validation loss before training stops."""
    restore_best: bool = True
    """Take the weights of the epoch with the best validation loss; off takes the last epoch's."""
    teacher_forcing: float = 1.0
    """Of a decoder in training: the share of steps that are given the true session before, not the forecast one."""
    pretrain_epochs: int = 0
    """Epochs that a transformer first learns to fill in masked bars, on the first fold's train span; 0 for none. Optimiser,
    lr and batch_size are the fit's; the order is new every epoch, and nothing is clipped."""
    mask_share: float = MASK_SHARE
    """Share of bars that are masked then."""
    pretrain_bars: str = ""
    """A file of many symbols' bars for it, used up to the first fold's last train session; empty takes the run's own."""
    warm_start: bool = False
    """Start the nets of a fold from the weights of the fold before, instead of anew."""
    warm_epochs: int | None = None
    """Epochs of a fold that starts warm, at most; none takes `epochs`."""
    dtype: Dtype = "float32"
    """The numbers that the fit is computed in."""

    def __post_init__(self) -> None:
        problems = Problems()
        problems.one_of("optimizer", self.optimizer, _args(Optimizer))
        problems.one_of("loss", self.loss, _args(Loss))
        problems.quantiles(self.loss, self.quantiles)
        problems.one_of("dtype", self.dtype, _args(Dtype))
        problems.positive("lr", self.lr)
        if self.lr_step is not None:
            problems.at_least("lr_step", self.lr_step, 1)
        problems.positive("lr_gamma", self.lr_gamma)
        problems.at_least("epochs", self.epochs, 1)
        problems.within("momentum", self.momentum, 0.0, 1.0)
        problems.within("weight_decay", self.weight_decay, 0.0, float("inf"))
        problems.within("validation", self.validation, 0.0, 0.9)
        if self.warm_epochs is not None:
            problems.at_least("warm_epochs", self.warm_epochs, 1)
            if not self.warm_start:
                problems.add("warm_epochs needs warm_start: without it every fold starts anew")
        if self.batch_size is not None:
            problems.at_least("batch_size", self.batch_size, 1)
        problems.within("teacher_forcing", self.teacher_forcing, 0.0, 1.0)
        problems.at_least("pretrain_epochs", self.pretrain_epochs, 0)
        problems.within("mask_share", self.mask_share, 0.01, 0.9)
        if self.drop_last and self.batch_size is None:
            problems.add("drop_last needs a batch_size: the full batch has nothing to drop")
        if not self.restore_best and self.validation == 0.0:
            problems.add("restore_best=off needs validation > 0: without held-out windows no epoch is the best")
        if self.patience is not None and not self.restore_best:
            problems.add("patience stops at the best epoch, so it needs restore_best=on")
        if self.clip_norm is not None:
            problems.positive("clip_norm", self.clip_norm)
        if self.patience is not None:
            problems.at_least("patience", self.patience, 1)
            if self.validation == 0.0:
                problems.add("patience needs validation > 0: without held-out windows nothing can stop early")
        problems.raise_any()

    @property
    def heads(self) -> int:
        """Outputs of the net for each session forecast (Q): one a quantile, or one."""
        return max(len(self.quantiles), 1)

    @property
    def median(self) -> int:
        """Which of them is the forecast."""
        return self.quantiles.index(MEDIAN) if self.quantiles else 0

    def held_out(self, windows: int) -> int:
        """How many of a number of train windows, the latest, validate; at least one trains."""
        return min(round(windows * self.validation), windows - 1)


class Problems:
    """Collects everything that is wrong with a group of settings, to say it all at once."""

    def __init__(self) -> None:
        self.found: list[Text] = []

    def add(self, template: str, **values: object) -> None:
        """One more problem."""
        self.found.append(Text(template, **values))

    def one_of(self, field: str, got: str, known: Sequence[str]) -> None:
        """`got` must be one of `known`."""
        if got not in known:
            hint = did_you_mean(str(got), known)
            listed = ", ".join(known)
            self.add(
                "{field}: expected one of {known}, got '{got}'.{hint}", field=field, known=listed, got=got, hint=hint
            )

    def columns(self, field: str, got: Sequence[str]) -> None:
        """`got` must be one or more names of columns, each of them once; which ones there are, only bars can say."""
        names = [] if isinstance(got, str) else [str(name).strip() for name in got]
        if not names or "" in names:
            known = ", ".join(FEATURES)
            self.add("{field}: expected one or more names of columns, such as {known}", field=field, known=known)
        folded = [name.casefold() for name in names]
        for twice in dict.fromkeys(name for name, key in zip(names, folded, strict=True) if folded.count(key) > 1):
            self.add("{field}: '{name}' stands twice", field=field, name=twice)

    def at_least(self, field: str, got: int, least: int) -> None:
        """`got` must be a whole number of at least `least`."""
        if not isinstance(got, int) or isinstance(got, bool) or got < least:
            self.add(
                "{field}: expected a whole number of at least {least}, got {got}", field=field, least=least, got=got
            )

    def positive(self, field: str, got: float) -> None:
        """`got` must be above 0 and finite."""
        if not _is_number(got) or not 0.0 < got < float("inf"):
            self.add("{field}: expected a number above 0, got {got}", field=field, got=got)

    def within(self, field: str, got: float, low: float, high: float) -> None:
        """`got` must lie in [low, high]."""
        if not _is_number(got) or not low <= got <= high:
            self.add("{field}: expected {low} to {high}, got {got}", field=field, low=low, high=high, got=got)

    def quantiles(self, loss: str, got: Sequence[float]) -> None:
        """`got` must be levels between 0 and 1, increasing, 0.5 among them, if `loss` is pinball; else there are none."""
        shown = ", ".join(map(str, got))
        if loss != "pinball":
            if got:
                self.add("quantiles belong to loss=pinball; loss={loss} has none, got {got}", loss=loss, got=shown)
            return
        if MEDIAN not in got:
            self.add("quantiles: expected 0.5 among them, which is the forecast, got {got}", got=shown or Text("none"))
        if not all(0.0 < level < 1.0 for level in got):
            self.add("quantiles: expected numbers between 0 and 1, got {got}", got=shown)
        if any(after <= before for before, after in pairwise(got)):
            self.add("quantiles: expected each above the one before, got {got}", got=shown)

    def raise_any(self) -> None:
        """Raise SettingsError with every problem found, if there is any."""
        if self.found:
            raise SettingsError("{problems}", problems=Joined(self.found))


def _is_number(got: Any) -> bool:
    return isinstance(got, int | float) and not isinstance(got, bool)


def _args(literal: Any) -> tuple[str, ...]:
    return get_args(literal)
