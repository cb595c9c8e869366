"""Whether some windows can be cut into the batches that a training asks for."""

from __future__ import annotations

from nextclose.core import fit
from nextclose.core.settings import NetSettings, TrainingSettings


def check_batches(net: NetSettings, training: TrainingSettings, windows: int) -> None:
    """Raise SettingsError where no batch would be whole, or a normalisation would see a batch of one window."""
    fit.check_batches(windows, training.batch_size, drop_last=training.drop_last, normalises=net.head == "batchnorm")
