"""What a correlation found, in words."""

from __future__ import annotations

import datetime as dt

from vedette.hunt.finding import JoinedRule, Joint


def joint_deed(joint: Joint) -> str:
    """`12 events in 48 s · LogonId=343`; holds text of the log, so it must pass `printable` before it is shown."""
    events = "1 event" if joint.count == 1 else f"{joint.count:,} events"
    some = f" ({joint.excluded:,} excluded)" if joint.excluded else ""
    group = " ".join(f"{field}={value}" for field, value in joint.group.items())
    text = f"{events}{some} in {lasting(joint)}"
    return f"{text} · {group}" if group else text


def lasting(joint: Joint) -> str:
    """The time from the first event to the end of the last window."""
    try:
        first, last = (dt.datetime.fromisoformat(time) for time in (joint.first, joint.last))
    except ValueError:
        return "an unknown time"
    seconds = (last - first).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else "under 1 s"


def joined(part: JoinedRule) -> str:
    """`12 of Flush Iptables Ufw Chain by Joseliyo Sanchez`: a joined rule, with its author."""
    author = f" by {part.rule.author}" if part.rule.author else ""
    count = "" if part.count is None else f"{part.count:,} of "
    some = f" ({part.excluded:,} excluded)" if part.excluded else ""
    return f"{count}{part.rule.title}{some}{author}"
