"""Parameter names and shapes of what stands beside the cells: attention, the larger head, the transformer.

    attention       w_q (H, H)   w_k (H, H)   w_e (1, H)
    head batchnorm  gain_y, shift_y, mean_y, var_y (H,)   w_z (H/2, H)   b_z (H/2,)
    transformer     w_in (H, F)   b_in (H,), then a layer
                    w_q w_k w_v w_o (H, H)   gain_1 shift_1 (H,)   w_ff1 (4H, H)   w_ff2 (H, 4H)   gain_2 shift_2 (H,)

with a bias b_ beside every w_ of the transformer, and the suffix `_l1` for its second layer.
"""

from __future__ import annotations

Shapes = dict[str, tuple[int, ...]]
WIDER = 4
"""The transformer's inner layer over its states."""


def attention_shapes(hidden_size: int) -> Shapes:
    """Of additive attention: what makes scores of a decoder's state and an encoder's."""
    H = hidden_size
    return {"w_q": (H, H), "w_k": (H, H), "w_e": (1, H)}


def batchnorm_shapes(states: int) -> tuple[Shapes, int]:
    """Of the larger head in front of w_y, and the columns that w_y has behind it."""
    norm: Shapes = {f"{part}_y": (states,) for part in ("gain", "shift", "mean", "var")}
    return norm | {"w_z": (states // 2, states), "b_z": (states // 2,)}, states // 2


def transformer_shapes(input_size: int, hidden_size: int, num_layers: int) -> Shapes:
    """Of the whole encoder."""
    H = hidden_size
    shapes: Shapes = {"w_in": (H, input_size), "b_in": (H,)}
    for layer in range(num_layers):
        suffix = "" if layer == 0 else f"_l{layer}"
        for part, rows, columns in (("q", H, H), ("k", H, H), ("v", H, H), ("o", H, H)):
            shapes |= _affine(part + suffix, rows, columns)
        shapes |= _norm("1" + suffix, H)
        shapes |= _affine("ff1" + suffix, WIDER * H, H) | _affine("ff2" + suffix, H, WIDER * H)
        shapes |= _norm("2" + suffix, H)
    return shapes


def _affine(name: str, rows: int, columns: int) -> Shapes:
    return {f"w_{name}": (rows, columns), f"b_{name}": (rows,)}


def _norm(name: str, size: int) -> Shapes:
    return {f"gain_{name}": (size,), f"shift_{name}": (size,)}
