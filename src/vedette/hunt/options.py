"""What a hunt is asked to do, and how it tells its progress."""

from __future__ import annotations

import dataclasses
from typing import Final, Literal

from vedette.event import Choice

#: The pack that hunts where no rules are named.
DEFAULT_PACK: Final = "linux-firewall"


@dataclasses.dataclass(frozen=True)
class Options:
    """What a hunt is asked to do.

    Attributes:
        logs: files, folders or `-`.
        rules: rule files, folders or packs; empty for the built-in pack.
        since: UTC epoch seconds; earlier events are read, for their processes, but give no findings.
        until: UTC epoch seconds; events from then on give no findings.
        level: lowest level of rules that run, or None for all.
        image: which views of the law are evaluated.
        routing: rules only see events of their log source; without it all rules see all process starts.
        show_excluded: findings that an exclusion covers are put out too.
        show_joined: matches of rules that are only part of correlations give findings too.
        raw: findings carry their records.
        filters: files or folders of further exclusions.
        exclude: whether exclusions are applied at all.
        now: UTC epoch seconds to which the expiry of exclusions is held; None for the present.
        passwd: a copy of the host's passwd file, for names in RAW logs.
        backend: which scanner runs.
        map: a map of columns for exports that no reader knows; None for none.
        input_format: name of the format that all logs are read as; None to tell it by their content.
    """

    logs: tuple[str, ...]
    rules: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None
    level: str | None = None
    image: Choice = "both"
    routing: bool = True
    show_excluded: bool = False
    show_joined: bool = False
    raw: bool = False
    filters: tuple[str, ...] = ()
    exclude: bool = True
    now: float | None = None
    passwd: str | None = None
    backend: Literal["auto", "hyperscan", "polars"] = "auto"
    map: str | None = None
    input_format: str | None = None


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a hunt is.

    Attributes:
        phase: what is going on.
        done: rules, or bytes of the logs as they lie, done.
        total: of how many; 0 where that can't be told.
        decompressed: bytes of log read after decompression.
    """

    phase: Literal["rules", "log", "ship"]
    done: int
    total: int
    decompressed: int = 0
