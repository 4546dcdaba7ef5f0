from __future__ import annotations

import io
import json

from msgspec.structs import replace
from tests.report.html.samples import HOSTILE, make_excluded
from tests.report.samples import FLUSH, make_finding

from vedette.report.navigator import layer, write


def test_a_layer_of_format_4_5():
    made = layer([make_finding(), make_finding(rule=replace(FLUSH, level="high")), make_excluded()], "Hunt")
    assert made["versions"]["layer"] == "4.5"
    assert (made["name"], made["domain"]) == ("Hunt", "enterprise-attack")
    # Under both numbers, so that it shows whichever version is loaded.
    assert [(one["techniqueID"], one["score"]) for one in made["techniques"]] == [("T1686", 2), ("T1562.004", 2)]
    assert made["techniques"][1]["comment"] == "Flush Iptables Ufw Chain (now T1686)"
    assert {"name": "excluded", "value": "1"} in made["techniques"][0]["metadata"]
    assert made["gradient"]["maxValue"] == 2


def test_the_file_is_json_and_hostile_titles_are_spelled_out():
    out = io.BytesIO()
    write([make_finding(rule=replace(FLUSH, title=HOSTILE))], "Hunt", out)
    made = json.loads(out.getvalue())
    assert "\u202e" not in made["techniques"][0]["comment"]
    assert "\\u202e" in made["techniques"][0]["comment"]


def test_nothing_found_is_an_empty_layer():
    made = layer([], "Hunt")
    assert made["techniques"] == []
    assert made["gradient"]["maxValue"] == 1
