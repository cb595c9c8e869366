"""Writes src/nextclose/serve/examples.json: what the API answers over the small ledger of its tests.

A file named on the command line is written instead.
"""

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
PLACE = ROOT / "src" / "nextclose" / "serve" / "examples.json"


def main() -> None:
    # The document is made when the application is: without a file there would be nothing to ask.
    if not PLACE.is_file():
        known = {"401": {}, "403": {}, "404": {}, "422": {}}
        PLACE.write_text(json.dumps(known), encoding="utf-8")
    from tests.serve.asking import Api, three_evenings

    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        three_evenings(run)
        api = Api(run, token="secret")
        bearer = {"authorization": "Bearer secret"}
        found = {
            "/v1/forecasts/{symbol}": api.ask("/v1/forecasts/005930?model=default&history=1", **bearer).page,
            "/v1/forecasts.csv": api.ask("/v1/forecasts.csv?model=default", **bearer).body.decode("utf-8"),
            "/v1/verdict": api.ask("/v1/verdict", **bearer).page,
            "/v1/health": api.ask("/v1/health", **bearer).page,
            "401": api.ask("/v1/verdict").page,
            "403": api.ask("/v1/verdict", host="elsewhere.example").page,
            "404": api.ask("/v1/forecasts/05930", **bearer).page,
            "422": api.ask("/v1/forecasts/005930?model=defualt", **bearer).page,
        }
    found["/v1/health"] |= {"status": "ok", "age_seconds": 1800.5, "loaded_at": "2025-10-22T09:30:01Z"}
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE
    out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
