"""Reads `{"files", "target"}`, writes for each file the CPU seconds to read and to convert it, or null: by the peer.

The peer is pySigma's backend for Kusto, in an environment of its own.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

from sigma.backends.kusto import KustoBackend  # type: ignore[import-not-found]  # it lives in an environment of its own
from sigma.collection import SigmaCollection
from sigma.pipelines.microsoftxdr import microsoft_xdr_pipeline  # type: ignore[import-not-found]  # as above
from sigma.pipelines.sentinelasim import sentinel_asim_pipeline  # type: ignore[import-not-found]  # as above

PIPELINES = {"asim": sentinel_asim_pipeline, "xdr": microsoft_xdr_pipeline}


def main() -> None:
    """Measure each file once, with one backend, after one conversion that loads what there is to load."""
    logging.disable(logging.CRITICAL)
    asked = json.load(sys.stdin)
    backend = KustoBackend(processing_pipeline=PIPELINES[asked["target"]]())
    backend.convert(SigmaCollection.from_yaml(Path(asked["files"][0]).read_text(encoding="utf-8")))
    told: list[list[float] | None] = []
    for path in asked["files"]:
        start = time.process_time()
        try:
            rules = SigmaCollection.from_yaml(Path(path).read_text(encoding="utf-8"))
            middle = time.process_time()
            done = bool(backend.convert(rules))
        except Exception:  # noqa: BLE001 (whatever it raises, the file has no query)
            done = False
        stop = time.process_time()
        told.append([middle - start, stop - middle] if done else None)
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
