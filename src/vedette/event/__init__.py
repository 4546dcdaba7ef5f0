"""Events: the field registry, views, log sources, single events and dictionary-encoded columns."""

from vedette.event.columns import ABSENT, Shapes, Vocabulary
from vedette.event.event import Event, Origin, matching_views, single_valued
from vedette.event.logsource import LogSource
from vedette.event.registry import FIELDS, REGISTRY, Field
from vedette.event.view import INVOKED, READ_FIELDS, RESOLVED, VIEWS, Choice, View, views

__all__ = [
    "ABSENT",
    "FIELDS",
    "INVOKED",
    "READ_FIELDS",
    "REGISTRY",
    "RESOLVED",
    "VIEWS",
    "Choice",
    "Event",
    "Field",
    "LogSource",
    "Origin",
    "Shapes",
    "View",
    "Vocabulary",
    "matching_views",
    "single_valued",
    "views",
]
