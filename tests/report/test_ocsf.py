from __future__ import annotations

import io
import json

from tests.report.html.samples import make_excluded, make_incident
from tests.report.samples import make_correlation, make_finding

from vedette.correlate.incident import Decision
from vedette.report.dossier import Item, dossier
from vedette.report.ocsf import events, write

REQUIRED = {"activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "metadata", "finding_info"}


def test_every_event_is_a_detection_finding():
    items: list[Item] = [make_finding(), make_excluded(), make_correlation(), make_incident()]
    for event in events(dossier(items)):
        assert set(event) >= REQUIRED
        assert (event["class_uid"], event["type_uid"], event["metadata"]["version"]) == (2004, 200401, "1.3.0")
        assert event["finding_info"]["uid"]
        assert event["finding_info"]["title"]


def test_a_finding_tells_process_user_technique_and_author():
    (event,) = events(dossier([make_finding(raw=("a", "b"))]))
    assert (event["time"], event["severity_id"], event["status_id"]) == (1795509330164, 3, 1)
    (evidence,) = event["evidences"]
    assert evidence["process"]["cmd_line"] == "iptables -F ufw-logging-deny"
    assert evidence["process"]["file"]["path"] == "/usr/sbin/iptables"
    assert evidence["process"]["parent_process"]["pid"] == 4712
    assert evidence["actor"] == {"user": {"name": "ops"}, "session": {"uid": "343"}}
    # The old number and the new one are one technique.
    (attack,) = event["finding_info"]["attacks"]
    assert attack["technique"] == {"uid": "T1686", "name": "Disable or Modify System Firewall"}
    assert event["unmapped"]["rule_author"].startswith("Joseliyo")
    assert event["raw_data"] == "a\nb"


def test_what_is_excluded_is_suppressed_and_what_is_decided_is_resolved():
    decided = make_incident(decision=Decision("benign"))
    found = list(events(dossier([make_excluded(), make_incident(id="x"), decided])))
    assert [event["status_id"] for event in found] == [3, 1, 4]


def test_an_incident_tells_its_facts():
    (event,) = events(dossier([make_incident()]))
    assert event["severity_id"] == 5
    assert event["evidences"][-1]["dst_endpoint"] == {"ip": "10.77.0.12", "port": 22}
    assert event["start_time"] < event["end_time"]


def test_lines_are_json():
    out = io.BytesIO()
    write(dossier([make_finding(), make_incident()]), out)
    assert [json.loads(line)["class_uid"] for line in out.getvalue().splitlines()] == [2004, 2004]
