"""What a ledger begins with: which run it belongs to, and that run's own test sessions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nextclose.core.errors import SavedRunError
from nextclose.market.ledger.lines import hash_of
from nextclose.market.tables import from_parquet

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST, RESULT, SESSIONS = "manifest.json", "result.json", "sessions.parquet"


def opened(run: Path) -> tuple[pa.Table, str, dict[str, Any]]:
    """The sums of a finished run's test sessions, the last of these, and the page that names the run.

    Raises SavedRunError where the run is not finished, or where its table is not the one that it finished with.
    """
    try:
        manifest, result = ((run / name).read_bytes() for name in (MANIFEST, RESULT))
        config, tables = json.loads(manifest), json.loads(result)["tables"]
        fits = hash_of((run / SESSIONS).read_bytes()) == tables[SESSIONS]
        sessions, recipes = config["spans"]["sessions"], list(config["recipes"])
        page = {"manifest": hash_of(manifest), "result": hash_of(result), "recipes": recipes}
        page |= {"source": config["source"], "versions": config["versions"]}
    except (OSError, ValueError, KeyError, TypeError):
        raise SavedRunError(
            "'{run}' is not finished: go on with nextclose market resume {run}, then open its ledger.", run=run
        ) from None
    if not fits:
        raise SavedRunError(
            "'{run}': {name} is not the one that the run finished with. Delete its result.json and go on with nextclose "
            "market resume {run}.",
            run=run,
            name=SESSIONS,
        )
    return from_parquet(run / SESSIONS), sessions[-1], page
