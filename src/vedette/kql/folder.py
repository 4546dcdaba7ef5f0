"""A folder of queries: one file a rule, named after the rule's own."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

from vedette.errors import UsageError
from vedette.kql.account import queries, with_header
from vedette.kql.convert import Query


def write_folder(found: Sequence[Query], folder: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Write each query that has no error.

    Args:
        found: queries; where there is one alone, it is written without a header.
        folder: made if it is not there.

    Returns:
        The files, in the order of the queries. Rules whose files have the same name, or that stand in one file, get
        their ids added; the parts of one rule, which part they are.

    Raises:
        UsageError: a file can't be written.
    """
    place = Path(folder)
    written = []
    stems = Counter(_stem(query).lower() for query in found if query.part[0] == 1)
    try:
        place.mkdir(parents=True, exist_ok=True)
        for query in found:
            if not query.text:
                continue
            stem = _stem(query)
            which = "" if stems[stem.lower()] == 1 else f".{query.rule.id}"
            part = "" if query.part == (1, 1) else ".part{}of{}".format(*query.part)
            name = f"{stem}{which}{part}.kql"
            text = queries([query]) if len(found) == 1 else with_header(query)
            beside = place / f".{secrets.token_hex(8)}.tmp"
            beside.write_bytes(text.encode())
            written.append(beside.replace(place / name))
    except OSError as error:
        raise UsageError(f"can't write {error.filename or folder}: {error.strerror}; name another folder") from None
    return tuple(written)


def _stem(query: Query) -> str:
    return PurePath(query.rule.location.path).stem or "rule"
