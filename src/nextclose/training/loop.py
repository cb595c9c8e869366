"""The training loop: one net, or several of one shape side by side, each as if it were alone.

Nets side by side share no number: a loss each, summed, gives each its own gradient, and every optimiser here works
elementwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from nextclose.core.fit import Fit, OnEpoch
from nextclose.core.lang import Text
from nextclose.core.seeds import permutation, uniform
from nextclose.core.settings import NetSettings, TrainingSettings
from nextclose.core.types import Floats
from nextclose.models.net import Lesson, Net


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Scaled windows with their targets: X (N, L, F), or (S, N, L, F) where each net has its own; y alike."""

    X: Tensor
    y: Tensor

    @property
    def count(self) -> int:
        """N."""
        return self.X.shape[-3]

    def ordered(self, orders: Tensor | None, nets: int | None) -> Windows:
        """In an order of its own for each net, (N,) or (S, N); as they are without one."""
        if orders is None:
            if nets is None or self.X.dim() == 4:
                return self
            return Windows(X=self.X.expand(nets, *self.X.shape), y=self.y.expand(nets, *self.y.shape))
        if nets is None or self.X.dim() == 3:
            return Windows(X=self.X[orders], y=self.y[orders])
        own = torch.arange(nets)[:, None]
        return Windows(X=self.X[own, orders], y=self.y[own, orders])

    def batches(self, size: int, *, whole: bool) -> Iterator[tuple[Tensor, Tensor]]:
        """Of `size` windows each; `whole` leaves out a last one that is smaller."""
        stop = self.count - size + 1 if whole else self.count
        axis = self.X.dim() - 3
        for first in range(0, stop, size):
            width = min(size, self.count - first)
            yield self.X.narrow(axis, first, width), self.y.narrow(axis, first, width)


@dataclass(kw_only=True, eq=False)
class _Record:
    """What one net has come to."""

    losses: list[float] = field(default_factory=list)
    val_losses: list[float] = field(default_factory=list)
    best: dict[str, Floats] = field(default_factory=dict)
    best_epoch: int = -1
    best_val: float = np.inf
    problem: Text | None = None
    done: bool = False

    def fit(self) -> Fit:
        """As a result."""
        if self.problem is not None:
            return Fit(params={}, losses=np.empty(0), val_losses=np.empty(0), best_epoch=-1, problem=self.problem)
        losses, val_losses = np.array(self.losses), np.array(self.val_losses)
        return Fit(params=self.best, losses=losses, val_losses=val_losses, best_epoch=self.best_epoch)


def train(
    net: Net,
    windows: Windows,
    training: TrainingSettings,
    seeds: Sequence[int],
    *,
    held_out: Windows | None = None,
    on_epoch: OnEpoch | None = None,
) -> list[Fit]:
    """Fit `net`, or the nets that stand in it side by side, a seed each; one that failed has `problem` set."""
    nets = len(net.h_0) if net.h_0.dim() == 3 else None
    weights = [weight for weight in net.weights().values() if weight.requires_grad]
    optimizer = make_optimizer(weights, training)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, training.lr_step or training.epochs, training.lr_gamma)
    records = [_Record() for _ in seeds]
    for epoch in range(training.epochs):
        losses = _epoch(net, windows, weights, optimizer, training, seeds, epoch)
        schedule.step()
        val = None if held_out is None else _validate(net, held_out, training, nets)
        for number, record in enumerate(records):
            if not record.done:
                own = None if val is None else val[number]
                _take(record, net, None if nets is None else number, epoch, losses[number], own, training)
        if on_epoch is not None and records[0].problem is None:
            on_epoch(epoch, losses[0])
        if all(record.done for record in records):
            break
    for number, record in enumerate(records):
        if record.problem is None and (held_out is None or not training.restore_best):
            record.best = net.params(None if nets is None else number)
            record.best_epoch = len(record.losses) - 1
    return [record.fit() for record in records]


def _take(
    record: _Record,
    net: Net,
    number: int | None,
    epoch: int,
    loss: float,
    val: float | None,
    training: TrainingSettings,
) -> None:
    """One net's epoch."""
    record.losses.append(loss)
    if not np.isfinite(loss):
        record.done = True
        record.problem = Text(
            "training diverged: the loss of epoch {epoch} is {loss}. Lower the learning rate (lr is {lr}).",
            epoch=epoch,
            loss=loss,
            lr=training.lr,
        )
        return
    if val is None:
        return
    record.val_losses.append(val)
    if not training.restore_best:
        return
    if val <= record.best_val or not record.best:
        record.best, record.best_epoch = net.params(number), epoch
        record.best_val = val if np.isfinite(val) else np.inf
    record.done = training.patience is not None and epoch - record.best_epoch >= training.patience


def _epoch(
    net: Net,
    windows: Windows,
    weights: Sequence[torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    training: TrainingSettings,
    seeds: Sequence[int],
    epoch: int,
) -> list[float]:
    """One pass over all windows; each net's sample-weighted mean of the batch losses, each taken before its update."""
    nets = len(seeds) if net.h_0.dim() == 3 else None
    orders = _orders(seeds, epoch, windows.count, nets) if training.shuffle else None
    total, seen = torch.zeros(len(seeds), dtype=torch.float64), 0
    size = training.batch_size or windows.count
    epoch_windows = windows.ordered(orders, nets)
    for number, (X, y) in enumerate(epoch_windows.batches(size, whole=training.drop_last)):
        optimizer.zero_grad()
        lesson = make_lesson(net.settings, training, y, seeds, f"{epoch} {number}", nets)
        losses = loss_of(net.outputs(X, lesson), y, training)
        losses.sum().backward()  # type: ignore[no-untyped-call]
        if training.clip_norm is not None:
            _clip(weights, training.clip_norm, nets)
        optimizer.step()
        total += losses.detach().double().reshape(-1) * y.shape[-2]
        seen += y.shape[-2]
    return (total / seen).tolist()


def _validate(net: Net, held_out: Windows, training: TrainingSettings, nets: int | None) -> list[float]:
    with torch.no_grad():
        shown = held_out.ordered(None, nets)
        return loss_of(net.outputs(shown.X), shown.y, training).double().reshape(-1).tolist()


def loss_of(yhat: Tensor, y: Tensor, training: TrainingSettings) -> Tensor:
    """The mean loss, one a net, of outputs (..., N, K * Q), ordered by session, then quantile, against y (..., N, K).

    Pinball (Koenker & Bassett 1978) is max(q d, (q - 1) d), d = y - yhat; its slope at d = 0 is q - 1.
    """
    if training.loss == "mse":
        return (yhat - y).square().mean(dim=(-2, -1))
    q = torch.tensor(training.quantiles, dtype=y.dtype)
    d = y[..., None] - yhat.reshape(*y.shape, len(q))  # (..., N, K, Q)
    return (torch.where(d > 0.0, q, q - 1.0) * d).mean(dim=(-3, -2, -1))


def make_lesson(
    net: NetSettings, training: TrainingSettings, y: Tensor, seeds: Sequence[int], batch: str, nets: int | None
) -> Lesson:
    """What a batch's nets are told: the truth for a decoder and where it is fed, and the states that dropout leaves."""
    forced = kept = None
    if net.decoder != "none":
        forced = _below(training.teacher_forcing, f"teacher {batch}", y.shape[-2:], seeds, nets)
    if net.dropout > 0.0:
        states = y.shape[-2], net.hidden_size * (2 if net.bidirectional else 1)
        kept = _below(1.0 - net.dropout, f"dropout {batch}", states, seeds, nets).to(y.dtype)
    return Lesson(truth=y, forced=forced, kept=kept)


def _below(share: float, purpose: str, shape: Sequence[int], seeds: Sequence[int], nets: int | None) -> Tensor:
    """True for about `share` of the places, drawn from each net's own stream."""
    if share >= 1.0:
        return torch.ones(*(() if nets is None else (nets,)), *shape, dtype=torch.bool)
    drawn = [torch.from_numpy(uniform(seed, purpose, tuple(shape))) < 2.0 * share - 1.0 for seed in seeds]
    return drawn[0] if nets is None else torch.stack(drawn)


def _orders(seeds: Sequence[int], epoch: int, count: int, nets: int | None) -> Tensor:
    orders = [torch.from_numpy(permutation(seed, epoch, count)) for seed in seeds]
    return orders[0] if nets is None else torch.stack(orders)


def _clip(weights: Sequence[torch.nn.Parameter], largest: float, nets: int | None) -> None:
    """Scale each net's gradients down to a norm of `largest` together, as torch.nn.utils.clip_grad_norm_ does."""
    if nets is None:
        torch.nn.utils.clip_grad_norm_(weights, largest)
        return
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    norm = torch.stack([gradient.flatten(1).square().sum(dim=1) for gradient in gradients]).sum(dim=0).sqrt()
    factor = (largest / (norm + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factor.view(-1, *(1,) * (gradient.dim() - 1)))


def make_optimizer(weights: Sequence[torch.nn.Parameter], training: TrainingSettings) -> torch.optim.Optimizer:
    """PyTorch's optimiser of these settings."""
    lr, decay = training.lr, training.weight_decay
    if training.optimizer == "sgd":
        return torch.optim.SGD(weights, lr=lr, momentum=training.momentum, weight_decay=decay)
    if training.optimizer == "rmsprop":
        return torch.optim.RMSprop(weights, lr=lr, momentum=training.momentum, weight_decay=decay)
    if training.optimizer == "adamw":
        return torch.optim.AdamW(weights, lr=lr, weight_decay=decay)
    return torch.optim.Adam(weights, lr=lr, weight_decay=decay)
