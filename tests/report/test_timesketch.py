from __future__ import annotations

import io
import json

from tests.report.html.samples import HOSTILE, make_excluded, make_incident
from tests.report.samples import make_finding

from vedette.report.dossier import dossier
from vedette.report.timesketch import events, write


def test_every_event_has_what_timesketch_asks_for():
    found = list(events(dossier([make_finding(), make_excluded(), make_incident()])))
    assert len(found) == 2 + 5
    assert all({"message", "datetime", "timestamp_desc"} <= set(event) for event in found)
    assert found[0]["message"] == "Flush Iptables Ufw Chain: iptables -F ufw-logging-deny"
    assert found[0]["rule_author"].startswith("Joseliyo")
    assert [event["timestamp_desc"] for event in found[:2]] == ["Sigma rule matched", "Sigma match excluded"]
    assert found[-1]["message"] == "ssh: ssh to a new host"
    assert (found[-1]["address"], found[-1]["port"], found[-1]["incident"]) == ("10.77.0.12", 22, "i-4d2f9a1c07b3")


def test_lines_are_json_with_nothing_hidden():
    out = io.BytesIO()
    write(dossier([make_finding(HOSTILE)]), out)
    (line,) = out.getvalue().splitlines()
    assert "\\u202egnp" in json.loads(line)["command_line"]
    assert "\u202e" not in json.loads(line)["command_line"]
