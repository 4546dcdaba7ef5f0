"""A hunt page written as a hunt pack: the rule, the query, the scenarios, and an account of what was read."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Any, Final

import msgspec

from vedette.errors import UsageError
from vedette.page.dialect import Reading, candidates, file_names, filter_document
from vedette.page.document import read_mapping
from vedette.page.naming import rule_stem, slug
from vedette.page.page import HuntPage
from vedette.page.reading import read_page
from vedette.page.readme import readme
from vedette.page.source import read_bytes
from vedette.sigma.dumper import dump

#: Licence of a published Sigma rule that names none.
DEFAULT_LICENSE: Final = "DRL-1.1"
_LICENSE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")
_MARK: Final = "imported_from"


class Imported(msgspec.Struct, frozen=True):
    """What an import made.

    Attributes:
        page: the page as read.
        pack: the pack's folder.
        files: the files written, relative to the folder, in order.
        license: the rule's licence as the pack states it.
        assumed: the licence was not on the page.
        readings: every exclusion text of the page, read or not.
        candidates: for each reading the file of its filter, relative to the folder; empty where there is none.
    """

    page: HuntPage
    pack: Path
    files: tuple[str, ...]
    license: str
    assumed: bool
    readings: tuple[Reading, ...] = ()
    candidates: tuple[str, ...] = ()


def import_page(path: str, out: str, *, force: bool = False, license_id: str = DEFAULT_LICENSE) -> Imported:
    """Read a hunt page and write it as a pack.

    A new pack appears whole or not at all. With `force` the files of an earlier import are replaced one by one; other
    files of the folder stay as they are.

    Args:
        path: the page, or `-` for standard input.
        out: the pack's folder.
        force: write into a folder that an earlier import made.
        license_id: SPDX identifier for a rule that states no licence.

    Raises:
        PageError: the page can't be read in exactly one way.
        UsageError: the folder exists, can't be written, or the licence is no identifier.
    """
    if not _LICENSE.fullmatch(license_id):
        raise UsageError(f"{license_id!r} is no SPDX licence identifier, such as DRL-1.1 or Apache-2.0")
    pack = Path(out)
    _check_place(pack, out, force=force)
    page = read_page(read_bytes(path), path)
    rule, _ = read_mapping(page.rule, path, page.rule_line)
    stated = rule.get("license")
    licence = stated if isinstance(stated, str) and stated else license_id
    readings = candidates(page)
    named = file_names(readings, rule)
    filters = {
        name: dump(filter_document(reading, rule), indent=4)
        for name, reading in zip(named, readings, strict=True)
        if name
    }
    files = _files(page, rule, licence, _pack_name(pack, page), filters, assumed=licence is not stated)
    files["README.md"] = readme(
        page,
        rule,
        rule_stem(rule),
        licence,
        assumed=licence is not stated,
        readings=readings,
        candidates=named,
    )
    try:
        if pack.is_dir() and any(pack.iterdir()):
            _replace(pack, files)
        else:
            _create(pack, files)
    except OSError as error:
        raise UsageError(f"the pack can't be written to {out}: {error.strerror}") from None
    return Imported(page, pack, tuple(files), licence, licence is not stated, readings, named)


def _pack_name(pack: Path, page: HuntPage) -> str:
    return slug(pack.resolve().name, "-") or slug(page.title, "-") or "hunt"


def _check_place(pack: Path, out: str, *, force: bool) -> None:
    """Before the page is read: whether the pack may be written there at all."""
    try:
        if not os.path.lexists(pack):
            return
        if not pack.is_dir():
            raise UsageError(f"{out} is no folder")
        if not any(pack.iterdir()):
            return
        made = pack / "pack.yml"
        ours = made.is_file() and _MARK in made.read_text(encoding="utf-8", errors="replace")[:65536]
    except OSError as error:
        raise UsageError(f"{out} can't be looked into: {error.strerror}") from None
    if not ours:
        raise UsageError(f"{out} is not empty and no pack of an earlier import; name a new folder")
    if not force:
        raise UsageError(f"{out} holds an imported pack already; --force writes over its files")


def _files(
    page: HuntPage, rule: dict[str, Any], licence: str, name: str, filters: dict[str, str], *, assumed: bool
) -> dict[str, str]:
    """Path below the pack to text, for all but the account."""
    stem = rule_stem(rule)
    files = {f"rules/{stem}.yml": _rule_text(page, licence, assumed=assumed)}
    if page.kql:
        files[f"kql/{stem}.kql"] = page.kql + "\n"
    files["scenarios.yml"] = dump(
        {"scenarios": [msgspec.to_builtins(scenario) for scenario in page.scenarios]}, indent=4
    )
    files |= filters
    files["pack.yml"] = dump(
        {
            "name": name,
            "title": page.title,
            "version": "0.1.0",
            "description": page.prose or str(rule.get("description") or page.title),
            "license": licence,
            "rules": "rules",
            **({"queries": "kql"} if page.kql else {}),
            "scenarios": "scenarios.yml",
            _MARK: {"page": page.name, "sha256": page.digest, "rule_line": page.rule_line, "kql_line": page.kql_line},
        },
        indent=4,
    )
    return files


def _rule_text(page: HuntPage, licence: str, *, assumed: bool) -> str:
    """The rule with its licence below its author, where the page has none; nothing else is changed."""
    if not assumed:
        return page.rule
    lines = page.rule.splitlines()
    top = [index for index, line in enumerate(lines) if re.match(r"[A-Za-z'\"]", line)]
    after = next((index for index in top if lines[index].startswith("author")), None)
    # A value may run over several lines, so the licence goes before the next key.
    at = len(lines) if after is None else next((index for index in top if index > after), len(lines))
    return "\n".join([*lines[:at], f"license: {licence}", *lines[at:]]) + "\n"


def _create(pack: Path, files: dict[str, str]) -> None:
    """Write beside the place and rename, so that nobody sees half a pack."""
    target = Path(os.path.realpath(pack))
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        for name, text in files.items():
            file = beside / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        # rename(2) takes an empty folder's place.
        beside.rename(target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _replace(pack: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = pack / name
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(file)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
