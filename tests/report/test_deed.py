from __future__ import annotations

import msgspec
import pytest
from tests.report.samples import make_finding

from vedette.report.deed import deed


def test_a_process_start_is_its_command_line():
    assert deed(make_finding("iptables -F")) == "iptables -F"


def test_a_connection_names_its_peer_first():
    four = {"DestinationIp": "203.0.113.7", "DestinationPort": 443}
    six = {"DestinationIp": "2001:db8::1", "DestinationPort": 443}
    assert deed(make_finding("nc", category="network_connection", event=four)) == "to 203.0.113.7:443 · nc"
    assert deed(make_finding("nc", category="network_failed", event=six)) == "to [2001:db8::1]:443 · nc"
    assert deed(make_finding("nc", category="network_listen", event={"SourceIp": "0.0.0.0"})) == "on 0.0.0.0 · nc"


def test_other_events_list_their_fields():
    event = {"type": "USER_LOGIN", "res": "failed"}
    assert deed(make_finding("sshd", category="auditd", event=event)) == "type=USER_LOGIN res=failed · sshd"
    many = {f"f{number}": number for number in range(9)}
    assert deed(make_finding(category="auditd", process=None, event=many)) == "f0=0 f1=1 f2=2 f3=3 f4=4 f5=5 …"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"EntriesNet": -154, "EntriesBefore": 158, "EntriesAfter": 4}, "ipv4 filter: 158 to 4 entries"),
        ({"EntriesNet": -83, "RulesNet": -82}, "ipv4 filter: -82 rules"),
        ({"EntriesNet": 119}, "ipv4 filter: +119 entries"),
        ({"Operation": "nft_register_rule", "Entries": 3}, "ipv4 filter: nft_register_rule, 3 entries"),
        ({"Outcome": "undeterminable"}, "ipv4 filter: undeterminable"),
    ],
)
def test_a_packet_filter_event_says_what_became_of_the_table(event, said):
    event = {"Table": "filter", "Family": "ipv4"} | event
    assert deed(make_finding(process=None, category="netfilter_change", event=event)) == said


def test_what_is_known_stands_for_a_missing_command_line():
    process = make_finding().process
    assert process is not None
    replace = msgspec.structs.replace
    assert deed(make_finding(process=replace(process, command_line=None))) == "/usr/sbin/iptables"
    assert deed(make_finding(process=replace(process, command_line=None, script="/x.sh"))) == "/x.sh"
    bare = replace(process, command_line=None, invoked=None, image=None)
    assert deed(make_finding(process=bare)) == "pid 4720"
    assert deed(make_finding(process=None)) == ""
