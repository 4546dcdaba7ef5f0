"""The checkpoint: which log a file holds, whatever became of it, and a file that is only ever seen whole."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest
from tests.sentinel.shipping.logs import commands, rows_of, written

from vedette.errors import UsageError
from vedette.sentinel.shipping.checkpoint import Checkpoint, Destination, Log, locked
from vedette.sentinel.shipping.identity import HEAD

TO = Destination("dcr-1", {"process_creation": "Custom-P"})


def marked(checkpoint: Checkpoint, log: Path, number: int) -> Log:
    """The log, acknowledged up to its row of that number."""
    row = rows_of([log])[number]
    known = checkpoint.log(str(log))
    known.offset, known.event = row.offset, row.event
    checkpoint.save()
    return known


@pytest.fixture
def checkpoint(tmp_path):
    return Checkpoint(tmp_path / "ship.json", TO)


@pytest.fixture
def log(tmp_path):
    return written(tmp_path / "audit.log", commands(30))


def again(checkpoint: Checkpoint) -> Checkpoint:
    assert checkpoint.path is not None
    return Checkpoint(checkpoint.path, TO)


def test_what_is_saved_is_read_again(checkpoint, log):
    known = marked(checkpoint, log, 3)
    checkpoint.state.rows = 4
    checkpoint.save()
    read = again(checkpoint)
    assert (read.state.rows, read.log(str(log)).offset) == (4, known.offset)
    assert sorted(path.name for path in log.parent.iterdir()) == ["audit.log", "ship.json"]


def test_only_the_owner_may_read_it(checkpoint, log):
    marked(checkpoint, log, 3)
    assert checkpoint.path.stat().st_mode & 0o777 == 0o600


def test_a_log_that_is_rotated_goes_on_under_its_new_name(checkpoint, log):
    known = marked(checkpoint, log, 3)
    log.rename(log.with_name("audit.log.1"))
    written(log, commands(30, first=31))
    read = again(checkpoint)
    assert read.log(str(log.with_name("audit.log.1"))).offset == known.offset
    assert read.log(str(log)).offset == -1


def test_a_log_that_is_copied_and_truncated_is_told_from_its_copy(checkpoint, log):
    known = marked(checkpoint, log, 3)
    shutil.copy(log, log.with_name("audit.log.1"))
    inode = log.stat().st_ino
    written(log, commands(30, first=31))
    assert log.stat().st_ino == inode
    read = again(checkpoint)
    assert read.log(str(log)).offset == -1
    assert read.log(str(log.with_name("audit.log.1"))).offset == known.offset


def test_a_log_that_is_packed_goes_on(checkpoint, log):
    known = marked(checkpoint, log, 20)
    packed = log.with_name("audit.log.1.gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    assert again(checkpoint).log(str(packed)).offset == known.offset


def test_a_log_with_the_same_beginning_and_another_end_is_another_log(checkpoint, log):
    marked(checkpoint, log, 20)
    text = log.read_text()
    assert text.find("n20") > HEAD
    other = written(log.with_name("other.log"), text[:HEAD] + text[HEAD:].replace(":201)", ":901)"))
    shorter = written(log.with_name("short.log"), text[: text.find("n15")])
    read = again(checkpoint)
    assert (read.log(str(other)).offset, read.log(str(shorter)).offset) == (-1, -1)


def test_a_log_that_lost_its_end_is_sent_again(checkpoint, log):
    marked(checkpoint, log, 20)
    os.truncate(log, HEAD + 10)
    assert again(checkpoint).log(str(log)).offset == -1


def test_a_short_log_that_grows_is_known(checkpoint, tmp_path):
    log = written(tmp_path / "audit.log", commands(1))
    known = marked(checkpoint, log, 1)
    assert known.identity.length < HEAD
    written(log, commands(40))
    read = again(checkpoint)
    assert read.log(str(log)).offset == known.offset
    assert read.log(str(log)).identity.length == HEAD


def test_an_empty_log_stands_for_no_other(checkpoint, tmp_path):
    empty = written(tmp_path / "a.log", "")
    checkpoint.log(str(empty))
    checkpoint.save()
    assert again(checkpoint).log(str(written(tmp_path / "b.log", commands(2)))).offset == -1


def test_a_checkpoint_of_another_destination_is_refused(checkpoint, log):
    marked(checkpoint, log, 1)
    with pytest.raises(UsageError, match="another destination"):
        Checkpoint(checkpoint.path, Destination("dcr-2", TO.streams))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"form": 1}'])
def test_what_is_no_checkpoint_is_refused(checkpoint, text):
    checkpoint.path.write_text(text)
    with pytest.raises(UsageError, match="no checkpoint"):
        again(checkpoint)


def test_a_checkpoint_of_another_version_is_refused(checkpoint, log):
    marked(checkpoint, log, 1)
    checkpoint.path.write_text(checkpoint.path.read_text().replace("vedette.ship/1", "vedette.ship/9"))
    with pytest.raises(UsageError, match=r"vedette\.ship/9"):
        again(checkpoint)


def test_a_checkpoint_that_can_t_be_written_is_told(tmp_path):
    checkpoint = Checkpoint(tmp_path / "nowhere" / "ship.json", TO)
    with pytest.raises(UsageError, match="can't write the checkpoint"):
        checkpoint.save()


def test_two_shippers_don_t_share_a_checkpoint(checkpoint):
    with locked(checkpoint.path), pytest.raises(UsageError, match="another shipper"), locked(checkpoint.path):
        pytest.fail("both hold it")
    with locked(checkpoint.path):
        pass
