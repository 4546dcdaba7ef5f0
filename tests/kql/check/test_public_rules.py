"""Everything that converts, over all public rules: Microsoft's parser has nothing against it."""

from __future__ import annotations

import contextlib
import json

import pytest
from click.testing import CliRunner

from vedette.cli.main import main


@pytest.mark.long
@pytest.mark.parametrize("target", ["asim", "xdr", "syslog"])
def test_no_converted_query_is_wrong(checker, sigmahq, target, monkeypatch, tmp_path):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path))
    monkeypatch.setattr("vedette.kql.check.Checker", lambda: contextlib.nullcontext(checker))
    folders = sorted(str(path) for path in sigmahq.glob("rules*") if path.is_dir())
    result = CliRunner().invoke(main, ["convert", *folders, "-t", target, "--check", "-f", "json"])
    document = json.loads(result.stdout)
    assert len(document["queries"]) > 50
    assert all(query["checked"] for query in document["queries"])
    codes = {error["code"] for query in document["refused"] for error in query["errors"]}
    assert [code for code in codes if code.startswith(("KS", "VKQL"))] == []
