"""A process start that the seed's rule matches, with variants, and what operators make of them."""

from __future__ import annotations

from vedette.audit.mutate import mutants
from vedette.predicate import Value

FLUSH: dict[str, Value] = {
    "Image.resolved": "/usr/sbin/xtables-nft-multi",
    "Image.invoked": "/usr/sbin/iptables",
    "CommandLine": "iptables -F ufw-logging-deny",
    "CurrentDirectory": "/root",
    "ParentImage.resolved": "/usr/bin/bash",
    "ParentImage.invoked": "/bin/bash",
    "ParentCommandLine": "-bash",
    "User": "root",
    "UserId": 0,
    "LoginUser": "deploy",
    "LoginUserId": 1001,
    "LogonId": "376",
    "ProcessName": "iptables",
    "Tty": "pts1",
    "ProcessId": 11594,
}


def like(**changes):
    return {**FLUSH, **{name.replace("__", "."): value for name, value in changes.items()}}


def legacy():
    return like(Image__resolved="/usr/sbin/xtables-legacy-multi")


def lines(operator, values=FLUSH):
    return [mutant.values["CommandLine"] for mutant in mutants(values) if mutant.operator == operator]


def changes(operator, values=FLUSH, claims=()):
    """What the first mutant of an operator changes; None for what it leaves out."""
    mutant = next(mutant for mutant in mutants(values, claims) if mutant.operator == operator)
    names = {*values, *mutant.values}
    return {name: mutant.values.get(name) for name in names if mutant.values.get(name) != values.get(name)}
