from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.cli.moment import parse

NOW = 1795509330.0  # 2026-11-24 08:35:30 UTC


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-24", 1795478400),
        ("2026-11-24 08:35", 1795509300),
        ("2026-11-24 08:35:30", NOW),
        ("2026-11-24T08:35:30Z", NOW),
        ("2026-11-24t08:35:30z", NOW),
        ("2026-11-24 08:35:30 Z", NOW),
        ("2026-11-24T09:35:30+01:00", NOW),
        ("2026-11-24 00:35:30-08:00", NOW),
        ("2026-11-24T08:35:30.164Z", NOW + 0.164),
        ("@1795509330", NOW),
        ("@1795509330.5", NOW + 0.5),
        ("45s", NOW - 45),
        ("30m", NOW - 1800),
        ("12h", NOW - 43200),
        ("12h ago", NOW - 43200),
        ("12 H AGO", NOW - 43200),
        ("7d", NOW - 604800),
        ("2w", NOW - 1209600),
        ("  7d  ", NOW - 604800),
    ],
)
def test_times_as_users_write_them(text, seconds):
    assert parse(text, NOW) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "7", "7 years", "-7d", "2026-13-01", "2026-02-30", "2026-11-24 25:00", "24.11.2026", "08:35",
     "2026-11-24T08:35:30+99:00", "20261124", "2026-W48-2", "@x", "\u0667d", "9999999d", "2026-11-24 08"],
)  # fmt: skip
def test_what_is_no_time_is_said_with_what_would_be(text):
    with pytest.raises(ValueError, match="is no time"):
        parse(text, NOW)


@given(st.integers(0, 253402300799))
def test_every_moment_reads_back(seconds):
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    assert parse(moment.isoformat(), NOW) == moment.timestamp()
    assert parse(moment.isoformat().replace("+00:00", "Z"), NOW) == moment.timestamp()


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_an_error(text):
    with contextlib.suppress(ValueError):
        assert isinstance(parse(text, NOW), float)
