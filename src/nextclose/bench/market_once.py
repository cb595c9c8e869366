"""One market run from its plan to its final tables, in a process of its own: market_once.py FOLDER WORKERS WISHES."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(folder: str, workers: str, wishes: str) -> None:
    """What `nextclose market run` does, without the summary that it prints in the end; `wishes` is JSON."""
    from nextclose.market.backends import LocalBackend
    from nextclose.market.plan import Wishes, make_config
    from nextclose.market.run import start

    config = make_config(Wishes(**json.loads(wishes)))
    start(config, Path(folder), LocalBackend(workers=int(workers)), threads=int(workers))


if __name__ == "__main__":
    main(*sys.argv[1:])
