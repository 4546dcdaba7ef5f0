"""What a rendering wants, object by object."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sentinel.deployment.test_apply import FILTER, RULE, wish

from vedette.sentinel.deployment.plan import touched
from vedette.sentinel.deployment.service import _origin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = RULE.format(title="[concat('x')]", number=1, user="eve").replace("Somebody.", "long " * 1500)
    (tmp_path / "eve.yml").write_text(text.replace("title: [concat('x')]", "title: \"[concat('x')]\""))
    (tmp_path / "job.yml").write_text(FILTER)
    return tmp_path


def test_a_description_that_is_too_long_loses_neither_its_author_nor_its_mark(folder):
    for one in wish(folder):
        assert not touched(one)
        assert one.mark is not None
        if one.kind == "rule":
            text = one.body["description"]
            assert len(text) <= 5000
            assert text.endswith(str(one.mark))
            assert "Author: A. Nother\nSigma rule: 11111111-1111-4111-8111-111111111111" in text


def test_text_that_a_template_would_compute_is_plain_here(folder):
    assert {one.title for one in wish(folder) if one.kind != "watchlist"} == {"[concat('x')]"}


def test_a_list_comes_before_what_reads_it(folder):
    first, *others = wish(folder)
    assert first.kind == "watchlist"
    assert all(one.needs == (first.name,) for one in others)


def test_a_link_to_a_further_page_may_name_the_port_and_no_other_host():
    base = _origin("https://management.azure.com")
    assert _origin("https://management.azure.com:443/subscriptions?x") == base
    for other in (
        "http://management.azure.com",
        "https://management.azure.com.evil.example",
        "https://x:y@evil",
        "https://a:b",
    ):
        assert _origin(other) != base
