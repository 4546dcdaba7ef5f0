"""Findings without names, addresses and secrets; one value has one mask, wherever it stands.

What is masked: names of users and hosts, IP and MAC addresses, folders below `/home`, and what command lines, records
and notes show of passwords, tokens and keys; in records also where the log spells them in hexadecimal. Names of system
accounts and loopback addresses stay, since they name nobody. Rules stay too, with their authors.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from vedette.correlate.incident import Incident
from vedette.hunt.finding import Finding
from vedette.report.dossier import Dossier
from vedette.report.summary_line import SummaryLine

#: Accounts that every system has.
SYSTEM: Final = frozenset(
    [
        *("root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp", "proxy", "www-data"),
        *("backup", "list", "irc", "gnats", "nobody", "systemd-network", "systemd-resolve", "systemd-timesync"),
        *("messagebus", "sshd", "syslog", "_apt", "apache", "nginx", "mysql", "postgres", "redis", "unset", "unknown"),
        *("adm", "audit", "http", "tcpdump", "uuidd", "polkitd", "chrony", "ntp", "dbus", "localhost", "git", "?"),
    ]
)
#: Fields that say what a rule, a form or a place in a log is, and nothing of a site.
_KEPT: Final = frozenset(
    [
        *("schema", "kind", "level", "author", "license", "id", "attack", "category", "decision"),
        *("by", "field", "reading", "views", "undecided_by", "tie", "state", "backend", "family", "where", "verdict"),
        *("time", "first", "last"),
    ]
)
#: What the longest command line may hold before only its beginning is looked at, and shown.
_LONGEST: Final = 200_000
_MOST_NAMES: Final = 50_000
#: What a field by which a correlation groups has in its name, to what its values are.
_GROUPED: Final = {"user": "user", "host": "host", "computer": "host", "node": "host"}

_QUOTED: Final = r"(?:\"[^\"]*\"|'[^']*'|[^\s\"',;&|]+)"
_KEY: Final = "(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)"
_SECRETS: Final = (
    # password=X, DB_PASS: X, "api_key": "X", --token X
    re.compile(r"(?P<key>" + _KEY + r"[\"']?(?:\s*[=:]\s*|(?P<blank>\s+)))(?P<value>" + _QUOTED + ")", re.IGNORECASE),
    # Authorization: Bearer X, Cookie: X
    re.compile(
        r"(?P<key>(?:proxy-)?(?:authorization|cookie|x-[a-z-]{0,32}(?:key|token))\s*[:=]\s*(?:(?:bearer|basic|token|digest)\s+)?)"
        r"(?P<value>" + _QUOTED + ")",
        re.IGNORECASE,
    ),
    # sshpass -p X, mysql -pX, curl -u NAME:X
    re.compile(r"(?P<key>\bsshpass\s+(?:-v\s+)?-p\s*)(?P<value>" + _QUOTED + ")"),
    re.compile(
        r"(?P<key>\b(?:mysql|mysqldump|mysqladmin|mariadb|7z|zip|unzip|htpasswd)\b[^|;&]{0,300}?\s-[pP]\s?)"
        r"(?P<value>" + _QUOTED + ")"
    ),
    re.compile(
        r"(?P<key>\b(?:curl|wget)\b[^|;&]{0,600}?\s(?:-u|--user)[\s=]\s*[^\s:]{1,64}:)(?P<value>" + _QUOTED + ")"
    ),
    re.compile(r"(?P<key>\bredis-cli\b[^|;&]{0,300}?\s-a\s+)(?P<value>" + _QUOTED + ")"),
    # scheme://NAME:X@host
    re.compile(r"(?P<key>\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{1,64}:)(?P<value>[^\s@/]{1,256})(?=@)", re.IGNORECASE),
    # Keys that show what they are.
    re.compile(r"(?P<key>)(?P<value>\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,255}|xox[a-z]-[A-Za-z0-9-]{10,200}|eyJ[\w-]{10,2000}\.[\w-]{4,4000}\.[\w-]{0,1000})\b)"),
    re.compile(r"(?P<key>-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)(?P<value>[^-]{1,10000})"),
)  # fmt: skip
_MASKED: Final = re.compile(r"[\"']?(?:secret|user|host|ip|mac)-\d+[\"']?")
_FLAG: Final = re.compile(r"--?[A-Za-z]")
_IPV4: Final = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6: Final = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?![\w:])")
_MAC: Final = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])")
_HOME: Final = re.compile(r"/(?:home|Users)/([^/\s\"'\x1d:;,&|]{1,64})")
_AT: Final = re.compile(r"(?<![\w/.-])([A-Za-z_][\w.-]{0,31})@([A-Za-z0-9][A-Za-z0-9.-]{0,252})")
_LOGIN: Final = re.compile(
    r"\b(?:ssh|scp|sftp|slogin)\b[^|;&]{0,200}?\s-l\s?([A-Za-z_][\w.-]{0,31})"
    r"|\b(?:sudo|doas|runuser)\b[^|;&]{0,60}?\s-u\s?([A-Za-z_][\w.-]{0,31})"
    r"|\b(?:useradd|userdel|usermod|passwd|chage|adduser|deluser)\s(?:[^|;&]{0,200}\s)?([A-Za-z_][\w.-]{0,31})\s{0,8}$"
    r"|\bsu\s(?:-l?\s+)?([A-Za-z_][\w.-]{0,31})"
    r"|\b(?:mysql|mysqldump|mariadb|psql|curl|wget)\b[^|;&]{0,300}?\s(?:-[uU]|--user)[\s=]?\s*([A-Za-z_][\w.-]{0,31})"
)
_URL_HOST: Final = re.compile(
    r"\b[a-z][a-z0-9+.-]{0,20}://(?:[^\s/@]{1,200}@)?([A-Za-z0-9][A-Za-z0-9.-]{1,252})", re.IGNORECASE
)
_NAMED: Final = re.compile(
    r"\b(?:node|hostname|addr)=\"?([A-Za-z0-9][\w.-]{0,252})|\b(?:acct|[A-Z]{0,5}UID)=\"([^\"\s]{1,64})\""
)
#: Values of records that may be text in hexadecimal: arguments, titles, paths, addresses.
_HEX: Final = re.compile(
    r"\b(?P<field>proctitle|a\d{1,4}(?:\[\d+\])?|comm|exe|cwd|name|cmd|data|acct|saddr|key|grantors|terminal)="
    r"(?P<digits>(?:[0-9A-F]{2}){2,100000})(?![0-9A-Za-z])"
)  # fmt: skip

_Any = TypeVar("_Any", Finding, Incident, SummaryLine)


class Masks:
    """Masks that have been given out, by kind and value."""

    def __init__(self) -> None:
        self.given: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._known: re.Pattern[str] | None = None
        self._names: dict[str, str] = {}

    def of(self, kind: str, value: str) -> str:
        """The mask of a value: `user-1`, `host-2`, `ip-3`, `mac-1`, `secret-1`."""
        mask = self.given.get((kind, value))
        if mask is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            mask = self.given[kind, value] = f"{kind}-{self._counts[kind]}"
        return mask

    def name(self, kind: str, value: str | None) -> None:
        """Learn a name, so that it is masked wherever it stands."""
        if not value or value.lower() in SYSTEM or value.isdigit() or len(value) < 2 or _address(value) is not None:
            return
        if _MASKED.fullmatch(value) or len(self._names) >= _MOST_NAMES:
            return
        if value.lower() not in self._names:
            self._names[value.lower()] = self.of(kind, value.lower())
            self._known = None

    def text(self, text: str) -> str:
        """A text without anything that these masks, or the patterns, know."""
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]} ... {len(text) - _LONGEST} characters left out"
        if "=" in text:
            text = _HEX.sub(self._hex, text)
        for pattern in _SECRETS:
            text = pattern.sub(self._secret, text)
        text = _MAC.sub(lambda found: self.of("mac", found[0].lower()), text)
        text = _IPV6.sub(self._ip, text)
        text = _IPV4.sub(self._ip, text)
        if self._names:
            if self._known is None:
                longest = sorted(self._names, key=lambda name: (-len(name), name))
                # A longer word that holds a name is another word.
                among = "|".join(map(re.escape, longest))
                self._known = re.compile(rf"(?<![A-Za-z0-9_-])(?:{among})(?![A-Za-z0-9_-])", re.IGNORECASE)
            text = self._known.sub(lambda found: self._names.get(found[0].lower(), found[0]), text)
        return text

    def learn(self, text: str) -> None:
        """Learn the names that a command line or a record shows: `NAME@HOST`, `/home/NAME`, `ssh -l NAME`, URLs."""
        text = text[:_LONGEST]
        for found in _HEX.finditer(text):
            plain = _decoded(found["digits"])
            if plain is not None:
                self.learn_plain(plain)
        self.learn_plain(text)

    def learn_plain(self, text: str) -> None:
        """As `learn`, of a text in which nothing is spelled in hexadecimal."""
        for found in _HOME.finditer(text):
            self.name("user", found[1])
        for found in _AT.finditer(text):
            self.name("user", found[1])
            self.name("host", found[2].rstrip("."))
        for found in _LOGIN.finditer(text):
            self.name("user", next(filter(None, found.groups()), None))
        for found in _URL_HOST.finditer(text):
            self.name("host", found[1].rstrip("."))
        for found in _NAMED.finditer(text):
            self.name("host", found[1])
            self.name("user", found[2])

    def _secret(self, found: re.Match[str]) -> str:
        value = found["value"]
        if _MASKED.fullmatch(value) or value.lower() in ("yes", "no", "true", "false") or _FLAG.match(value):
            return found[0]
        if found.re.groupindex.get("blank") and found["blank"]:
            # Behind a blank only an option's value is a secret: `passwd ann` changes ann's.
            before = found.string[max(0, found.start() - 80) : found.start()]
            if not before[max(map(before.rfind, " \t\n\0\x1d")) + 1 :].lstrip("\"'").startswith("-"):
                return found[0]
        if found["key"].rstrip("=: ").lower().endswith("pwd") and value.lstrip("\"'").startswith("/"):
            return found[0]  # a shell's working directory
        bare = value.strip("\"'")
        return found["key"] + self.of("secret", bare) if bare else found[0]

    def _ip(self, found: re.Match[str]) -> str:
        address = _address(found[0])
        if address is None or address.is_loopback or address.is_unspecified:
            return found[0]
        return self.of("ip", str(address))

    def _hex(self, found: re.Match[str]) -> str:
        """A value in hexadecimal: an address is named, a text is masked and spelled again."""
        digits = found["digits"]
        if found["field"] == "saddr":
            address = _socket_address(digits)
            if address is None:
                # A path of a local socket, or a family of which nothing is known, may name anything.
                return f"saddr={self.of('address', digits)}"
            kept = address.is_loopback or address.is_unspecified
            return f"saddr={digits if kept else self.of('ip', str(address))}"
        plain = _decoded(digits)
        if plain is None:
            return found[0]
        masked = "\0".join(self.text(part) for part in plain.split("\0")) if "\0" in plain else self.text(plain)
        joined = plain.replace("\0", " ")
        if masked == plain and self.text(joined) != joined:
            # An option and its value are two arguments, which only together say that one is a secret.
            masked = self.text(joined).replace(" ", "\0")
        return found[0] if masked == plain else f"{found['field']}={masked.encode('utf-8', 'replace').hex().upper()}"


def redacted(dossier: Dossier) -> Dossier:
    """The same findings, incidents and accounts, masked."""
    masks = Masks()
    for finding in dossier.findings:
        _learn_finding(masks, finding)
    for incident in dossier.incidents:
        _learn_incident(masks, incident)
    for line in dossier.summaries:
        for covered in line.hosts:
            masks.name("host", covered.host)
    text = _remembering(masks.text)
    return dataclasses.replace(
        dossier,
        findings=tuple(_masked(finding, Finding, text) for finding in dossier.findings),
        incidents=tuple(_masked(incident, Incident, text) for incident in dossier.incidents),
        summaries=tuple(_masked(line, SummaryLine, text) for line in dossier.summaries),
        examples={reason: text(where) for reason, where in dossier.examples.items()},
    )


def _learn_finding(masks: Masks, finding: Finding) -> None:
    process = finding.process
    masks.name("user", finding.user)
    masks.name("user", finding.login_user)
    masks.name("host", finding.host)
    if finding.session is not None:
        masks.name("host", finding.session.node)
    joint = finding.correlation
    if joint is not None:
        for field, value in joint.group.items():
            kind = next((kind for sign, kind in _GROUPED.items() if sign in field.lower()), None)
            if kind is not None:
                masks.name(kind, value)
        for part in joint.parts:
            masks.name("host", part.host)
    texts: list[str | None] = [value for value in finding.event.values() if isinstance(value, str)]
    if process is not None:
        texts += [process.command_line, process.cwd, process.image, process.invoked, process.script]
        for ancestor in process.ancestors:
            masks.name("user", ancestor.user)
            texts += [ancestor.command_line, ancestor.image, ancestor.invoked, ancestor.script]
    for text in {*filter(None, texts), *(finding.raw or ())}:
        masks.learn(text)


def _learn_incident(masks: Masks, incident: Incident) -> None:
    for name in (incident.user, incident.login_user, *(fact.user for fact in incident.facts)):
        masks.name("user", name)
    for fact in incident.facts:
        masks.name("user", fact.login_user)
        masks.learn_plain(fact.command_line or "")
    for host in incident.hosts:
        masks.name("host", host)
    if incident.session is not None:
        masks.name("host", incident.session.node)
    if incident.decision is not None:
        masks.name("user", incident.decision.by)


def _masked(item: _Any, form: type[_Any], text: Callable[[str], str]) -> _Any:
    return msgspec.convert(_walk(msgspec.to_builtins(item), text), form)


def _walk(value: Any, text: Callable[[str], str]) -> Any:
    match value:
        case str():
            return text(value)
        case dict():
            if "author" in value and "license" in value:
                # A rule's header: its words are its author's. Only where its file lies may name somebody.
                return {**value, "source": text(value.get("source", ""))}
            named = "verdict" in value and "note" in value
            return {
                key: inner
                if key in _KEPT and isinstance(inner, str) and not (named and key == "by")
                else _walk(inner, text)
                for key, inner in value.items()
            }
        case list() | tuple():
            return [_walk(inner, text) for inner in value]
        case _:
            return value


def _remembering(mask: Callable[[str], str]) -> Callable[[str], str]:
    known: dict[str, str] = {}

    def text(value: str) -> str:
        masked = known.get(value)
        if masked is None:
            masked = mask(value)
            if len(value) < 4096:
                known[value] = masked
        return masked

    return text


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _socket_address(digits: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address in a `sockaddr` as the kernel logs it: family in the host's order, port, address."""
    content = bytes.fromhex(digits)
    if content[:2] in (b"\x02\x00", b"\x00\x02") and len(content) >= 8:
        return ipaddress.IPv4Address(content[4:8])
    if content[:2] in (b"\x0a\x00", b"\x00\x0a") and len(content) >= 24:
        return ipaddress.IPv6Address(content[8:24])
    return None


def _decoded(digits: str) -> str | None:
    """Text in hexadecimal, or None where the bytes are no text, or the digits may be a number."""
    content = bytes.fromhex(digits)
    if sum(byte < 32 and byte not in (0, 9, 10, 13) for byte in content):
        return None
    return content.decode("utf-8", "replace")
