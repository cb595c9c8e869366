"""The engine: recurrent nets without a framework; arrays in, arrays out.

from nextclose import engine
fit = engine.fit(X, y, cell="rnn", hidden_size=10)        X (N, L, F), y (N, K); fit.params, fit.losses
fits = engine.fit_many(X, y, tasks, cell="rnn")           thousands of independent fits over windows they share
fit = engine.fit_pooled(windows, count, cell="rnn")       one net on millions of windows, all cores in one fit
engine.predict(fit.params, X, cell="rnn")                 (N, K)
engine.predict_many(X, tasks, cell="rnn")                 the same of many nets, each on its own windows of X
loss, gradients = engine.gradients(fit.params, X, y, cell="rnn")
engine.states(fit.params, X, cell="rnn")                  hidden states, gates and gradients of every step
"""

from __future__ import annotations

from nextclose.core.fit import Task
from nextclose.engine.fit import fit
from nextclose.engine.machine import unusable
from nextclose.engine.many import fit_batches, fit_many
from nextclose.engine.outputs import predict_many
from nextclose.engine.passes import gradients, predict, states
from nextclose.engine.pooled import fit_pooled
from nextclose.engine.source import Windows

__all__ = [
    "Task",
    "Windows",
    "fit",
    "fit_batches",
    "fit_many",
    "fit_pooled",
    "gradients",
    "predict",
    "predict_many",
    "states",
    "unusable",
]
