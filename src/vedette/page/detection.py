"""What stands below `detection:` of a flat rule: detections, their fields and lists, and the condition.

A detection and a field without a value on its line look alike. The condition tells them apart: it names the detections.
(One that no condition uses is an error to Sigma's validators; it is refused where its name shows what it is.)
"""

from __future__ import annotations

from typing import Final

from vedette.page.condition import CONVENTIONAL, Names, names_of
from vedette.page.indentation import Indentation
from vedette.page.line import TOP, RuleLine

#: Keys of the rule itself that never name a field of a log.
_NO_FIELDS: Final = frozenset({"references", "falsepositives", "related", "logsource", "detection", "taxonomy"})


class Detection:
    """The state below `detection:`.

    Attributes:
        found: name of each detection, `condition` and `timeframe` to the line on which it stands.
    """

    def __init__(self, lines: tuple[RuleLine, ...], out: Indentation) -> None:
        self.found: dict[str, RuleLine] = {}
        self._lines = lines
        self._out = out
        self._names: Names = _names(lines)
        self._last_condition = max((line.number for line in lines if line.name == "condition"), default=0)
        self._current = ""
        # Of the current detection: nothing yet, `fields`, `words`, `maps`; `value` below a condition.
        self._body = ""
        self._fields: dict[str, int] = {}
        self._waiting: RuleLine | None = None  # the key whose items are being read
        self._items = 0

    def take(self, line: RuleLine) -> bool:
        """Place one line; false if it is none of the detection's, which then is whole.

        Raises:
            PageError: the line can be read in more than one way, or in none.
        """
        if line.item:
            self._item(line)
        elif line.name in ("condition", "timeframe"):
            self._condition(line)
        elif line.name in TOP and self._ends(line):
            self.close()
            return False
        elif line.opens and line.plain and self._begins(line):
            self._begin(line)
        else:
            self._field(line)
        return True

    def close(self) -> None:
        """End the current detection.

        Raises:
            PageError: nothing stands in it.
        """
        if self._current and not self._body:
            self._out.refuse(
                self.found[self._current], f"nothing stands under {self._current!r}", "fill it or take it out"
            )
        self._close_key()
        self._current = self._body = ""

    def _close_key(self) -> None:
        if self._waiting is not None and not self._items:
            self._out.refuse(
                self._waiting,
                f"{self._waiting.name!r} has neither value nor items",
                f"write {self._waiting.name}: null if an absent field is meant",
            )
        self._waiting = None

    def _condition(self, line: RuleLine) -> None:
        self.close()
        self._enter(line)
        self._body, self._items = "value", 0
        self._waiting = line if line.opens else None
        self._out.write(1, line)

    def _enter(self, line: RuleLine) -> None:
        if line.name in self.found:
            self._out.refuse(
                line,
                f"{line.name!r} stands twice, first in line {self.found[line.name].number}",
                "keep one of them, or rename one",
            )
        self.found[line.name] = line

    def _ends(self, line: RuleLine) -> bool:
        """Whether a key of the rule's own ends the detection; a log may have a field of the same name."""
        if line.number > self._last_condition and self._body == "value":
            return True
        if line.name in _NO_FIELDS:
            return True
        if line.number > self._last_condition:
            self._out.refuse(
                line,
                f"{line.name!r} may be the rule's own or a field of {self._current!r}",
                "put the condition last in the detection",
            )
        # As the rule's own key it would leave the condition outside of the detection.
        return False

    def _begins(self, line: RuleLine) -> bool:
        """Whether a key without value begins a detection, or is a field whose values follow."""
        name, conventional = line.name, CONVENTIONAL.fullmatch(line.name) is not None
        named = self._names.cover(name)
        if not self._current:
            return True
        if not self._body:
            if named or conventional:
                self._out.refuse(
                    line,
                    f"{name!r} may be a detection, which leaves {self._current!r} empty, or a field of it",
                    "fill the empty one, or take it out",
                )
            return False
        if named or (conventional and self._names.them) or self._body == "words":
            return True
        if conventional:
            self._out.refuse(
                line,
                f"{name!r} looks like a detection, but the condition doesn't use it",
                "use it in the condition, or take it out",
            )
        if self._names.them:
            self._out.refuse(
                line,
                f"{name!r} may be a field of {self._current!r} or a detection of its own (the condition says 'them')",
                "give the rule its indentation, or name the detection selection_...",
            )
        if not self._value_follows(line):
            self._out.refuse(
                line,
                f"{name!r} may be a field without a value or a detection that the condition doesn't use",
                f"write {name}: null, or take it out",
            )
        return False

    def _value_follows(self, line: RuleLine) -> bool:
        following = self._lines[line.number - self._lines[0].number + 1 :][:50]
        after = next((other for other in following if other.kind not in ("blank", "comment")), None)
        return after is not None and after.item and not after.name

    def _begin(self, line: RuleLine) -> None:
        self.close()
        self._enter(line)
        self._current, self._fields = line.name, {}
        self._out.write(1, line)

    def _field(self, line: RuleLine) -> None:
        if not self._current or self._body in ("value", "words"):
            self._out.refuse(
                line,
                f"{line.name!r} belongs to no detection",
                "name the detection before its fields, as in selection:",
            )
        self._close_key()
        self._body = self._body or "fields"
        if line.name in self._fields:
            self._out.refuse(
                line,
                f"the field {line.name!r} stands twice in {self._current!r}, first in line {self._fields[line.name]}; "
                "they may have been alternatives",
                "give the rule its indentation, or begin each alternative with a dash",
            )
        self._wait(line)
        self._out.write(2, line, extra=2 if self._body == "maps" else 0)

    def _wait(self, line: RuleLine) -> None:
        self._fields[line.name] = line.number
        self._waiting, self._items = (line, 0) if line.opens else (None, 0)

    def _item(self, line: RuleLine) -> None:
        if line.name:
            self._map(line)
        elif line.value == "":
            self._out.refuse(line, "the list item is empty", "write null, or take it out")
        elif self._waiting is not None:
            self._items += 1
            self._out.write(2 if self._body == "value" else 3, line, extra=2 if self._body == "maps" else 0)
        elif self._current and self._body in ("", "words"):
            self._body = "words"
            self._out.write(2, line)
        else:
            self._out.refuse(
                line,
                "the list item belongs to no key: the one before it has a value",
                "give the rule its indentation, or put the item under its key",
            )

    def _map(self, line: RuleLine) -> None:
        """An item that opens a map: one of several alternatives."""
        if not self._current or self._body in ("fields", "value", "words"):
            self._out.refuse(
                line,
                "the item reads as a key and its value where only values can stand",
                "put it in quotes if it is a value",
            )
        self._close_key()
        self._body, self._fields = "maps", {}
        self._wait(line)
        self._out.write(2, line)


def _names(lines: tuple[RuleLine, ...]) -> Names:
    texts: list[str] = []
    for index, line in enumerate(lines):
        if line.name != "condition" or line.item:
            continue
        texts.append(line.value)
        for item in lines[index + 1 :] if line.opens else ():
            if item.item and not item.name:
                texts.append(item.value)
            elif item.kind not in ("blank", "comment"):
                break
    return names_of(tuple(text.partition(" #")[0].strip("'\" ") for text in texts))
