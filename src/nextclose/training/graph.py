"""A fitted recipe as an ONNX graph: raw bars in, prices out, written by PyTorch's own exporter.

bars (T, F) float32, T >= L    the rows of the recipe's features, oldest first; the last L are the window
price (K,) float32             the forecast, the mean over seeds
quantiles (K, Q) float32       where the recipe has quantiles
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch

from nextclose.models.price import PriceNet
from nextclose.training.fold import FittedFold

if TYPE_CHECKING:
    import onnx_ir

OPSET, IR_VERSION = 18, 8
"""The operators and the file format of ONNX 1.13 (2022): the exporter's own operators, so that none is converted."""
SPARE = 2
"""Rows of the example beyond the window, so that its length is taken for no constant."""

CHATTER = ("torch.onnx._internal.exporter._registration", "onnxscript.optimizer._constant_folding")


def write_graph(fold: FittedFold, path: Path, *, properties: Mapping[str, str], docs: Mapping[str, str]) -> None:
    """Write the nets of a fold with all that is around them into one file.

    Parameters
    ----------
    fold : its recipe has `close` among the features.
    path : is written over.
    properties : the file's metadata_props.
    docs : what the inputs and outputs are, by name.
    """
    graph = _graph(PriceNet(fold.recipe, fold.scaler, [fit.params for fit in fold.fits]))
    for node in graph.graph.all_nodes():
        node.metadata_props.clear()  # they hold the exporter's notes, paths of this machine among them
        node.doc_string = None
    graph.metadata_props.clear()
    graph.metadata_props.update(properties)
    graph.producer_name, graph.producer_version = "nextclose", properties["nextclose_version"]
    for value in (*graph.graph.inputs, *graph.graph.outputs):
        value.metadata_props.clear()
        value.doc_string = docs[value.name or ""]
    graph.ir_version = IR_VERSION
    _save(graph, path)


def _graph(net: PriceNet) -> onnx_ir.Model:
    """The graph of `net`, whose rows are as many as they are when it runs."""
    windows = net.windows
    example = torch.ones(windows.seq_len + SPARE, len(windows.features), dtype=torch.float32)
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            net,
            (example,),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=["bars"],
            output_names=["price", "quantiles"][: 1 + (net.heads > 1)],
            dynamic_shapes={"bars": {0: torch.export.Dim("T", min=windows.seq_len)}},
        )
    return cast("torch.onnx.ONNXProgram", program).model


def _save(graph: onnx_ir.Model, path: Path) -> None:
    import onnx
    import onnx_ir

    page = onnx_ir.to_proto(graph)
    del page.graph.value_info[:]
    onnx.checker.check_model(page, full_check=True)
    path.write_bytes(page.SerializeToString(deterministic=True))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says of itself: no torchvision to register, operators that it leaves unfolded, and a
    deprecated class of its own that it copies."""
    logs = [logging.getLogger(name) for name in CHATTER]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
            yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
