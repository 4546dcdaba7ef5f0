"""The views of an event: which reading each image field takes.

`resolved` is the kernel's `exe`, `invoked` the path that was executed. A view picks one for `Image` and one for
`ParentImage`; `both`, the default everywhere, is the union of all four.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

Reading: TypeAlias = Literal["resolved", "invoked"]
Choice: TypeAlias = Literal["both", "resolved", "invoked"]


class View(msgspec.Struct, frozen=True, order=True):
    """One reading for each image field."""

    image: Reading
    parent: Reading

    def column(self, field: str) -> str:
        """The column that holds `field` in this view.

        >>> View("resolved", "invoked").column("ParentImage")
        'ParentImage.invoked'
        """
        if field == "Image":
            return f"Image.{self.image}"
        if field == "ParentImage":
            return f"ParentImage.{self.parent}"
        return field

    def __str__(self) -> str:
        """`resolved` or `invoked` for the uniform views, else `image/parent`."""
        return self.image if self.image == self.parent else f"{self.image}/{self.parent}"


RESOLVED: Final = View("resolved", "resolved")
INVOKED: Final = View("invoked", "invoked")
#: All four, in the order in which findings name them.
VIEWS: Final = (RESOLVED, INVOKED, View("resolved", "invoked"), View("invoked", "resolved"))
#: The fields that have two readings.
READ_FIELDS: Final = frozenset({"Image", "ParentImage"})
#: The columns of their readings; other names with a dot are fields of formats that nest.
READING_COLUMNS: Final = frozenset(f"{field}.{reading}" for field in READ_FIELDS for reading in ("resolved", "invoked"))


def views(choice: Choice) -> tuple[View, ...]:
    """The views that a user's choice stands for."""
    return {"both": VIEWS, "resolved": (RESOLVED,), "invoked": (INVOKED,)}[choice]
