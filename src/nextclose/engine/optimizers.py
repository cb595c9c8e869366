"""One update of the weights, as PyTorch's optimisers do it; g is the gradient, p a weight, d the weight decay.

    sgd        g += d p;   b = momentum b + g (at first b = g);   p -= lr b
    rmsprop    g += d p;   v = 0.99 v + 0.01 g^2;   u = g / (sqrt(v) + 1e-8);   b = momentum b + u;   p -= lr b
    adam       g += d p;   m += 0.1 (g - m);   v = 0.999 v + 0.001 g^2
               p -= lr / (1 - 0.9^s) * m / (sqrt(v) / sqrt(1 - 0.999^s) + 1e-8)          s counts updates from 1
    adamw      p *= 1 - lr d, then adam without decay

Kingma & Ba 2015, "Adam"; Loshchilov & Hutter 2019, "Decoupled weight decay regularization"; Hinton 2012 (rmsprop).
All arrays are padded to whole vectors.
"""

from __future__ import annotations

from math import sqrt as root

from nextclose.engine.compile import jit
from nextclose.engine.layout import ADAMW, RMSPROP, SGD
from nextclose.engine.vectors import fill, fma, lanes_of, load, sqrt, store

_BETA_1, _BETA_2, _ALPHA, _EPSILON = 0.9, 0.999, 0.99, 1e-8


@jit
def power(base, exponent):
    """base ** exponent by squaring: the same bits on every machine, which a library's pow does not promise."""
    result = 1.0
    while exponent > 0:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result


@jit
def update(optimizer, theta, grad, first, second, count, step, lr, momentum, decay):
    """Move theta (count,) against grad; `first` and `second` are the optimiser's own state, step counts from 1."""
    if optimizer == SGD:
        _sgd(theta, grad, first, count, step, lr, momentum, decay)
    elif optimizer == RMSPROP:
        _rmsprop(theta, grad, first, second, count, lr, momentum, decay)
    else:
        _adam(optimizer == ADAMW, theta, grad, first, second, count, step, lr, decay)


@jit
def _sgd(theta, grad, velocity, count, step, lr, momentum, decay):
    for at in range(0, count, lanes_of(theta)):
        p = load(theta, at)
        g = fma(fill(theta, decay), p, load(grad, at))
        if momentum != 0.0:
            if step > 1:
                g = fma(fill(theta, momentum), load(velocity, at), g)
            store(g, velocity, at)
        store(fma(fill(theta, -lr), g, p), theta, at)


@jit
def _rmsprop(theta, grad, velocity, square, count, lr, momentum, decay):
    for at in range(0, count, lanes_of(theta)):
        p = load(theta, at)
        g = fma(fill(theta, decay), p, load(grad, at))
        v = fma(fill(theta, 1.0 - _ALPHA) * g, g, fill(theta, _ALPHA) * load(square, at))
        move = g / (sqrt(v) + fill(theta, _EPSILON))
        if momentum != 0.0:
            move = fma(fill(theta, momentum), load(velocity, at), move)
            store(move, velocity, at)
        store(v, square, at)
        store(fma(fill(theta, -lr), move, p), theta, at)


@jit
def _adam(decoupled, theta, grad, mean, square, count, step, lr, decay):
    size = lr / (1.0 - power(_BETA_1, step))
    correction = root(1.0 - power(_BETA_2, step))
    shrink, coupled = (1.0 - lr * decay, 0.0) if decoupled else (1.0, decay)
    for at in range(0, count, lanes_of(theta)):
        p = load(theta, at) * fill(theta, shrink)
        g = fma(fill(theta, coupled), p, load(grad, at))
        m = load(mean, at)
        m = fma(g - m, fill(theta, 1.0 - _BETA_1), m)
        v = fma(fill(theta, 1.0 - _BETA_2) * g, g, fill(theta, _BETA_2) * load(square, at))
        store(m, mean, at)
        store(v, square, at)
        store(fma(fill(theta, -size), m / (sqrt(v) / fill(theta, correction) + fill(theta, _EPSILON)), p), theta, at)
