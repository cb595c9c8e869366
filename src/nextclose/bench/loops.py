"""The contenders in PyTorch, as a competent user writes them: no logging, no copies, no framework around them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nextclose.bench.plan import Size, Update
from nextclose.core.types import Floats


class LoopNet(nn.Module):
    """The tutorial's net, its cell written by hand: h_t = tanh(W_x x_t + W_h h_{t-1}), yhat = W_y h_L + b_y."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.hidden_size = size.hidden_size
        self.w_x = nn.Linear(size.input_size, size.hidden_size, bias=False)
        self.w_h = nn.Linear(size.hidden_size, size.hidden_size, bias=False)
        self.w_y = nn.Linear(size.hidden_size, size.output_size)

    def forward(self, x: Tensor) -> Tensor:
        """x (L, N, F) -> (N, K)."""
        h = x.new_zeros(x.shape[1], self.hidden_size)  # (N, H)
        for x_t in x:  # (N, F)
            h = torch.tanh(self.w_x(x_t) + self.w_h(h))
        return self.w_y(h)  # type: ignore[no-any-return]


class LibraryNet(nn.Module):
    """nn.RNN, nn.GRU or nn.LSTM with a linear head on the last state."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        kind = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[size.cell]
        self.rnn = kind(size.input_size, size.hidden_size, bias=size.bias)
        self.head = nn.Linear(size.hidden_size, size.output_size)

    def forward(self, x: Tensor) -> Tensor:
        """x (L, N, F) -> (N, K)."""
        hidden, _ = self.rnn(x)  # (L, N, H)
        return self.head(hidden[-1])  # type: ignore[no-any-return]


def train(make: Callable[[Size], nn.Module], size: Size, update: Update, epochs: int, X: Floats, y: Floats) -> None:
    """One fit from new weights: X (N, L, F) is turned time-major once, then every batch is a slice."""
    net = make(size)
    optimizer = OPTIMIZERS[update.optimizer](net.parameters(), lr=update.lr)
    inputs = torch.from_numpy(X).swapaxes(0, 1).contiguous()  # (L, N, F)
    targets = torch.from_numpy(y)  # (N, K)
    step = update.batch_size or len(X)
    batches = [(inputs[:, at : at + step], targets[at : at + step]) for at in range(0, len(X), step)]
    for _ in range(epochs):
        for x, wanted in batches:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(x), wanted)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
