"""The tutorial's own way: the class and the loop written by hand, then judged.

Four days of open, high, low, close in, the fifth day's close out. Nothing here but PyTorch; nextclose only reads the
bars and judges the forecasts at the end.
"""

import numpy as np
import pandas as pd
import torch
from torch import nn

import nextclose as nc


class RNN(nn.Module):
    """h_t = tanh(W_x x_t + W_h h_{t-1}), y = W_y h_L + b."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.w_x = nn.Linear(input_size, hidden_size, bias=False)
        self.w_h = nn.Linear(hidden_size, hidden_size, bias=False)
        self.w_y = nn.Linear(hidden_size, 1)

    def forward(self, X):
        h = torch.zeros(X.shape[1], self.hidden_size)
        for x_t in X:  # X is time-major (L, N, F): each x_t is one day of every window, (N, F)
            h = torch.tanh(self.w_x(x_t) + self.w_h(h))
        return self.w_y(h)


bars = nc.load_bars("sample:AAPL")
train, test = bars.between(np.datetime64("2010-01-01"), np.datetime64("2011-12-31")), bars[-61:]
low = np.min([train.open, train.high, train.low, train.close], axis=1)
high = np.max([train.open, train.high, train.low, train.close], axis=1)


def windows(span):
    X, y, dates = nc.make_windows(span, seq_len=4)
    X, y = (X - low) / (high - low), (y - low[3]) / (high[3] - low[3])
    return torch.tensor(X, dtype=torch.float32).swapaxes(0, 1), torch.tensor(y, dtype=torch.float32), dates


X_train, y_train, _ = windows(train)
X_test, y_test, dates = windows(test)
print("train", tuple(X_train.shape), "test", tuple(X_test.shape))

torch.manual_seed(0)
model = RNN(input_size=4, hidden_size=10)
optimizer = torch.optim.SGD(model.parameters(), lr=0.005)
for epoch in range(100):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(X_train), y_train)
    loss.backward()
    optimizer.step()
    if epoch % 10 == 0:
        print(f"EPOCH: {epoch} Loss: {loss.item():.6f}")

with torch.no_grad():
    yhat = model(X_test)[:, 0].numpy() * (high[3] - low[3]) + low[3]

forecasts = pd.DataFrame(
    {
        "symbol": bars.symbol,
        "model": "my RNN",
        "target_date": dates.astype("datetime64[s]"),
        "yhat": yhat.astype(float),
        "last_close": test.close[3:-1],
        "y": test.close[4:],
    }
)
for row in nc.judge(forecasts).models:
    print(row.sentence)
