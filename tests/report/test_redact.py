from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.report.html.samples import make_fact, make_incident, make_summary
from tests.report.samples import FLUSH, ancestor, make_correlation, make_finding

from vedette.correlate.incident import Decision
from vedette.hunt.finding import Session
from vedette.report.dossier import dossier
from vedette.report.redact import Masks, redacted


def masked(text: str) -> str:
    masks = Masks()
    masks.learn(text)
    return masks.text(text)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("mysql -u root -pHunter2 db", "mysql -u root -psecret-1 db"),
        ("mysqldump -p Hunter2", "mysqldump -p secret-1"),
        ("sshpass -p Hunter2 ssh x", "sshpass -p secret-1 ssh x"),
        ("tool --password=Hunter2 --password=Hunter2", "tool --password=secret-1 --password=secret-1"),
        ("tool --password 'Hunter 2' next", "tool --password secret-1 next"),
        ("DB_PASSWORD=Hunter2 run", "DB_PASSWORD=secret-1 run"),
        ("tool --api-key k1 --token t2", "tool --api-key secret-1 --token secret-2"),
        ('curl -H "Authorization: Bearer abc.def" x', 'curl -H "Authorization: Bearer secret-1" x'),
        ("curl -u ann:Hunter2 x", "curl -u user-1:secret-1 x"),
        ("git clone https://ann:Hunter2@git.example/x", "git clone https://ann:secret-1@host-1/x"),
        ("redis-cli -h x -a Hunter2", "redis-cli -h x -a secret-1"),
        ("aws AKIAABCDEFGHIJKLMNOP", "aws secret-1"),
        ("ssh ann@db-01.example uname", "ssh user-1@host-1 uname"),
        ("passwd Ann; ssh -l ann db", "passwd user-1; ssh -l user-1 db"),
        ("ssh -l ann db", "ssh -l user-1 db"),
        ("sudo -u ann id; ls /home/ann/x", "sudo -u user-1 id; ls /home/user-1/x"),
        ("ping 10.0.0.7; ping 10.0.0.7; ping 10.0.0.8", "ping ip-1; ping ip-1; ping ip-2"),
        ("nc 2001:db8::7 80", "nc ip-1 80"),
        ("ip addr add 10.0.0.7/24", "ip addr add ip-1/24"),
        ("arp 00:16:3e:aa:bb:cc", "arp mac-1"),
        # What names nobody stays.
        ("curl 127.0.0.1:80 ::1 0.0.0.0", "curl 127.0.0.1:80 ::1 0.0.0.0"),
        ("at 08:35:30.164 version 1.2.3", "at 08:35:30.164 version 1.2.3"),
        ("su - root; ssh root@db", "su - root; ssh root@host-1"),
        ("cat /etc/passwd /etc/shadow; PWD=/root", "cat /etc/passwd /etc/shadow; PWD=/root"),
        ("passwd --help --password --force", "passwd --help --password --force"),
    ],
)
def test_secrets_names_and_addresses_are_masked(given, expected):
    assert masked(given) == expected


def hexed(text: str) -> str:
    return text.encode().hex().upper()


def test_text_in_hexadecimal_is_masked_in_hexadecimal():
    line = f"type=PROCTITLE proctitle={hexed('ssh' + chr(0) + 'ann@db-01')} a1={hexed('--password=Hunter2')}"
    shown = masked(line)
    digits = re.findall(r"=([0-9A-F]+)", shown)
    assert [bytes.fromhex(one).decode() for one in digits] == ["ssh\0user-1@host-1", "--password=secret-1"]


def test_an_option_and_its_value_are_one_secret_in_a_title():
    shown = masked(f"proctitle={hexed('tool' + chr(0) + '--password' + chr(0) + 'Hunter2')}")
    assert bytes.fromhex(shown.partition("=")[2]).decode() == "tool\0--password\0secret-1"


def test_addresses_of_sockets_agree_with_those_in_text():
    masks = Masks()
    assert masks.text("nc 10.0.0.7") == "nc ip-1"
    assert masks.text("saddr=020001BB0A0000070000000000000000") == "saddr=ip-1"
    assert masks.text("saddr=0A0001BB0000000020010DB8000000000000000000000007 x") == "saddr=ip-2 x"
    assert masks.text("saddr=020001BB7F0000010000000000000000") == "saddr=020001BB7F0000010000000000000000"


def everything() -> bytes:
    raw = (
        'node=gw-nft-01 type=SYSCALL msg=audit(1.0:1): auid=1000 exe="/home/deploy/x" AUID="deploy" addr=203.0.113.77',
        f"node=gw-nft-01 type=PROCTITLE proctitle={hexed('/home/deploy/x')}",
    )
    finding = make_finding(
        "ssh deploy@10.77.0.12 --token abc",
        login_user="deploy",
        raw=raw,
        event={"DestinationIp": "10.77.0.12", "DestinationPort": 22},
        ancestors=(ancestor(7, "/home/deploy/job.sh", user="deploy"),),
        session=Session("gw-nft-01", 0, 3),
        rule=replace(FLUSH, source="/home/deploy/rules/x.yml"),
    )
    incident = make_incident(decision=Decision("benign", "deploy told me", "deploy"), facts=(make_fact(),))
    found = redacted(dossier([finding, incident, make_summary()]))
    return msgspec.json.encode([*found.findings, *found.incidents, *found.summaries])


def test_nothing_is_left_anywhere_and_the_author_stays():
    shown = everything().decode()
    for secret in ("deploy", "gw-nft-01", "10.77.0.12", "203.0.113.77", "abc", hexed("deploy")):
        assert secret not in shown, secret
    assert "Joseliyo Sanchez, @Joseliyo_Jstnk" in shown
    assert "T1562.004" in shown


def test_one_value_has_one_mask_throughout():
    found = redacted(dossier([make_finding("ssh ops@10.77.0.12"), make_incident(login_user="ops")]))
    (finding,), (incident,) = found.findings, found.incidents
    assert finding.process is not None
    assert finding.process.command_line is not None
    mask = finding.login_user
    assert mask is not None
    assert re.fullmatch(r"user-\d+", mask)
    assert incident.login_user == mask
    assert f"{mask}@" in finding.process.command_line
    ((address,),) = {tuple(re.findall(r"ip-\d+", finding.process.command_line))}
    assert any(fact.address == address for fact in incident.facts)


def test_what_a_correlation_groups_by_is_masked_and_its_rules_keep_their_authors():
    joint = make_correlation(group={"User": "mallory", "Computer": "gw-nft-01", "Image": "/usr/sbin/iptables"})
    (found,) = redacted(dossier([joint])).findings
    assert found.correlation is not None
    group = found.correlation.group
    assert (group["User"][:5], group["Computer"][:5], group["Image"]) == ("user-", "host-", "/usr/sbin/iptables")
    assert {part.host for part in found.correlation.parts} == {group["Computer"]}
    assert found.correlation.rules[0].rule.author.startswith("Joseliyo")


def test_numbers_times_and_system_accounts_stay():
    before = make_finding()
    (after,) = redacted(dossier([before])).findings
    assert (after.user, after.time, after.origin.offset, after.views) == ("root", before.time, 123456, before.views)


@given(st.text(max_size=300))
def test_masking_twice_changes_nothing_more(text):
    once = masked(text)
    assert masked(once) == once


@given(st.text(alphabet="a=@:/-.1f \"'\x00", max_size=2000))
def test_any_text_is_masked_without_an_error(text):
    assert isinstance(masked(text), str)
