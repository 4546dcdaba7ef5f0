"""File names as Sigma's conventions have them: category, product, words of the title."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

_CATEGORIES: Final = {
    "process_creation": "proc_creation",
    "network_connection": "net_connection",
    "dns_query": "dns_query",
    "image_load": "image_load",
    "registry_set": "registry_set",
    "create_remote_thread": "create_remote_thread",
    "ps_script": "posh_ps",
}
_PRODUCTS: Final = {"windows": "win", "linux": "lnx", "macos": "macos"}
#: Longest stem: with `.yml` well below what every file system takes.
MAX_STEM: Final = 90


def slug(text: str, separator: str = "_") -> str:
    """ASCII words of a text joined by `separator`; empty if it has none.

    >>> slug("Flush Iptables & Ufw Chain")
    'flush_iptables_ufw_chain'
    """
    plain = unicodedata.normalize("NFKD", text[:1000]).encode("ascii", "ignore").decode("ascii").lower()
    return separator.join(re.findall(r"[a-z0-9]+", plain))[:MAX_STEM].rstrip(separator)


def rule_stem(rule: dict[str, Any]) -> str:
    """The file name of a rule without its ending.

    Args:
        rule: the rule's mapping, with `title` and `logsource`.
    """
    logsource = rule["logsource"]
    category, product, service = (str(logsource.get(key) or "") for key in ("category", "product", "service"))
    parts = (
        _CATEGORIES.get(category, slug(category)),
        _PRODUCTS.get(product, slug(product)),
        slug(service),
        slug(str(rule["title"])) or "rule",
    )
    return "_".join(part for part in parts if part)[:MAX_STEM].rstrip("_")
