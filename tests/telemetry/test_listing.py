from __future__ import annotations

import gzip
import os
from collections import Counter
from pathlib import Path

import pytest

from vedette.telemetry.listing import expand


def log(path, *records, compress=False):
    """Write a log: each record is (node, seconds)."""
    lines = [
        f'{f"node={node} " if node else ""}type=CWD msg=audit({seconds}.000:{serial}): cwd="/"\n'.encode()
        for serial, (node, seconds) in enumerate(records)
    ]
    path.write_bytes(gzip.compress(b"".join(lines)) if compress else b"".join(lines))
    return str(path)


def codes(listing):
    return {Path(problem.location.path).name: problem.code for problem in listing.problems}


def paths(listing):
    return [file.path for file in listing.files]


def test_rotated_files_are_sorted_by_their_first_record(tmp_path):
    newest = log(tmp_path / "audit.log", ("gw", 300))
    oldest = log(tmp_path / "audit.log.2", ("gw", 100), compress=True)
    middle = log(tmp_path / "audit.log.1", ("gw", 200))
    listing = expand([newest, oldest, middle])
    assert paths(listing) == [oldest, middle, newest]
    assert [(file.node, file.time) for file in listing.files] == [("gw", 100.0), ("gw", 200.0), ("gw", 300.0)]
    assert listing.problems == ()


def test_hosts_are_grouped(tmp_path):
    b2 = log(tmp_path / "1", ("b", 20))
    a1 = log(tmp_path / "2", ("a", 10))
    b1 = log(tmp_path / "3", ("b", 5))
    a2 = log(tmp_path / "4", ("a", 15))
    assert paths(expand([b2, a1, b1, a2])) == [b1, b2, a1, a2]


def test_a_folder_is_searched_and_what_is_no_log_is_left_out_and_told(tmp_path):
    (tmp_path / "deep").mkdir()
    second = log(tmp_path / "audit.log", ("", 2))
    first = log(tmp_path / "deep" / "old.gz", ("", 1), compress=True)
    (tmp_path / "README").write_text("no log\n" * 9)
    (tmp_path / "empty").touch()
    (tmp_path / "picture").write_bytes(bytes(range(256)) * 9)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "to-deep").symlink_to("deep", target_is_directory=True)
    listing = expand([tmp_path])
    assert paths(listing) == [first, second]
    assert codes(listing) == {
        "README": "not-a-log",
        "empty": "not-a-log",
        "picture": "not-a-log",
        "fifo": "not-a-log",
        "dangling": "not-found",
    }


def test_a_named_file_is_read_whatever_it_holds(tmp_path):
    path = tmp_path / "README"
    path.write_text("no log\n")
    listing = expand([path])
    assert paths(listing) == [str(path)]
    assert listing.files[0].time is None


def test_a_file_that_is_named_twice_is_read_once(tmp_path):
    path = log(tmp_path / "audit.log", ("gw", 1))
    (tmp_path / "link").symlink_to("audit.log")
    os.link(path, tmp_path / "hard")
    listing = expand([path, tmp_path])
    assert paths(listing) == [path]
    assert codes(listing) == {"audit.log": "named-twice", "link": "named-twice", "hard": "named-twice"}


def test_a_copy_of_a_log_is_told(tmp_path):
    path = log(tmp_path / "audit.log.1", ("gw", 1), ("gw", 2), ("gw", 3), ("gw", 4))
    copy = log(tmp_path / "audit.log.1.gz", ("gw", 1), ("gw", 2), ("gw", 3), compress=True)
    listing = expand([path, copy])
    assert len(listing.files) == 2
    assert codes(listing) == {"audit.log.1.gz": "same-beginning"}


def test_a_broken_first_line_is_passed_over(tmp_path):
    path = tmp_path / "audit.log"
    path.write_bytes(b'uid=0 exe="/bin/x"\ntype=CWD msg=audit(7.500:1): cwd="/"\n')
    assert expand([path]).files[0].time == 7.5


def test_missing_files_are_collected_and_the_others_are_listed(tmp_path):
    path = log(tmp_path / "audit.log", ("gw", 1))
    listing = expand([tmp_path / "absent", path, "nul\0byte"])
    assert paths(listing) == [path]
    assert [problem.code for problem in listing.problems] == ["not-found", "bad-name"]


def test_pipes_come_last_and_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    path = log(tmp_path / "audit.log", ("gw", 1))
    fifo = str(tmp_path / "fifo")
    # Opening a FIFO without a writer would wait for ever.
    assert paths(expand([fifo, "-", path])) == [path, fifo, "-"]


def test_a_folder_without_permission_is_told(tmp_path, monkeypatch):
    def refuse(_path):
        raise PermissionError(13, "Permission denied", str(tmp_path / "closed"))

    monkeypatch.setattr(os, "scandir", refuse)  # root may read everything
    listing = expand([tmp_path])
    assert listing.files == ()
    assert codes(listing) == {"closed": "permission"}


def test_an_endless_line_is_peeked_at_in_bounded_memory(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(50 << 20)))
    assert expand([tmp_path]).files == ()


def test_the_recordings(shared):
    listing = expand([shared / "data" / "linux-firewall"])
    assert [(file.node, file.format) for file in listing.files] == [
        ("gw-legacy-01", "auditd"),
        ("gw-nft-01", "auditd"),
        ("gw-nft-01", "journal"),
        ("gw-nft-01", "laurel"),
        ("gw-nft-01", "syslog"),
    ]
    told = Counter(problem.code for problem in listing.problems)
    assert told["same-beginning"] == 3, "the same activity, carried in four ways, is counted four times unless told"
    assert set(told) == {"same-beginning", "not-a-log"}


@pytest.mark.parametrize("given", [[], [os.devnull]])
def test_nothing_to_read(given):
    assert expand(given).files == ()
