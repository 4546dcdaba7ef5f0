from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from vedette.engine.cache import MAGIC, Cache, default_folder


def test_what_was_put_is_got(tmp_path):
    cache = Cache(tmp_path / "new" / "folder")
    assert cache.get("plan", "key") is None
    cache.put("plan", "key", b"content")
    assert cache.get("plan", "key") == b"content"
    assert cache.get("plan", "other") is None
    assert cache.get("hyperscan", "key") is None
    assert cache.folder.stat().st_mode & 0o777 == 0o700


def test_entries_can_be_empty_and_replaced(tmp_path):
    cache = Cache(tmp_path)
    cache.put("plan", "key", b"")
    assert cache.get("plan", "key") == b""
    cache.put("plan", "key", b"new")
    assert cache.get("plan", "key") == b"new"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_missing_is_made_once(tmp_path):
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"made"

    assert [Cache(tmp_path).fetch("plan", "key", make) for _ in range(3)] == [b"made"] * 3
    assert len(made) == 1


@pytest.mark.parametrize("damage", [b"", b"x", MAGIC, MAGIC + b"\0" * 32 + b"content"])
def test_a_damaged_entry_is_missing(tmp_path, damage):
    cache = Cache(tmp_path)
    cache.put("plan", "key", b"content")
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(damage)
    assert cache.get("plan", "key") is None


def test_an_entry_of_another_user_is_missing(tmp_path, monkeypatch):
    cache = Cache(tmp_path)
    cache.put("plan", "key", b"content")
    (entry,) = tmp_path.iterdir()
    owner = entry.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert (cache.get("plan", "key") is None) == (owner != 0)


def test_a_folder_in_place_of_an_entry_hurts_nobody(tmp_path):
    cache = Cache(tmp_path)
    cache.put("plan", "key", b"content")
    (entry,) = tmp_path.iterdir()
    entry.unlink()
    entry.mkdir()
    assert cache.get("plan", "key") is None
    cache.put("plan", "key", b"content")
    assert cache.get("plan", "key") is None
    assert [path.name for path in tmp_path.iterdir()] == [entry.name]


def test_only_the_newest_entries_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("vedette.engine.cache.MAX_ENTRIES", 3)
    cache = Cache(tmp_path)
    for number in range(6):
        cache.put("plan", str(number), b"content")
        for age, path in enumerate(sorted(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)):
            os.utime(path, (1000 - age, 1000 - age))
    assert len(list(tmp_path.iterdir())) == 3
    assert cache.get("plan", "5") == b"content"


def test_concurrent_runs_never_see_half_an_entry(tmp_path):
    contents = [bytes([number]) * 100_000 for number in range(4)]
    seen: set[bytes | None] = set()

    def write(content: bytes) -> None:
        for _ in range(20):
            Cache(tmp_path).put("plan", "key", content)

    def read() -> None:
        for _ in range(200):
            seen.add(Cache(tmp_path).get("plan", "key"))

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    threads.append(threading.Thread(target=read))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen <= {None, *contents}
    assert len(list(tmp_path.iterdir())) == 1


def test_the_default_folder(monkeypatch):
    monkeypatch.setenv("VEDETTE_CACHE", "/somewhere")
    assert default_folder() == Path("/somewhere/engine")
    monkeypatch.delenv("VEDETTE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert default_folder() == Path("/xdg/vedette/engine")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/someone")
    assert default_folder() == Path("/home/someone/.cache/vedette/engine")
