"""Datasets of the recordings that the project ships, made once."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from vedette.lake.dataset import store
from vedette.lake.ingest import Account, Ingest

EVIDENCE = Path(str(files("vedette"))) / "packs" / "linux-firewall" / "evidence"


def put(dataset: Path, *logs: Path, records: bool = True) -> Account:
    with store(str(dataset)) as opened:
        running = Ingest(opened, records=records)
        for _ in running.run([str(log) for log in logs]):
            pass
    return running.account


@pytest.fixture(scope="session")
def ingest() -> Callable[..., Account]:
    return put


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The beginning of a recording, unpacked: enough for processes, connections and firewall rules."""
    content = gzip.decompress((EVIDENCE / "gw-nft-01.audit.log.gz").read_bytes())
    log = tmp_path_factory.mktemp("logs") / "audit.log"
    log.write_bytes(content[: content.rindex(b"\n", 0, 4_000_000) + 1])
    return log


@pytest.fixture(scope="session")
def dataset(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake") / "dataset"
    put(folder, recording)
    return folder
