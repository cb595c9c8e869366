"""Whether some windows can be cut into the batches that a training asks for."""

from __future__ import annotations

from nextclose.core.errors import SettingsError
from nextclose.core.settings import NetSettings, TrainingSettings


def check_batches(net: NetSettings, training: TrainingSettings, windows: int) -> None:
    """Raise SettingsError where no batch would be whole, or a normalisation would see a batch of one window."""
    size = training.batch_size or windows
    if training.drop_last and windows < size:
        raise SettingsError(
            "{windows} train windows fill no batch of {size}, and drop_last leaves out what fills none. Lower the "
            "batch_size, or train on more.",
            windows=windows,
            size=size,
        )
    last = size if training.drop_last or windows % size == 0 else windows % size
    if net.head == "batchnorm" and last < 2:
        raise SettingsError(
            "head=batchnorm takes a mean over each batch, and with {windows} train windows in batches of {size} the last "
            "has one. Change the batch_size, or set drop_last=on.",
            windows=windows,
            size=size,
        )
