"""A small package in place of the one that is published, and a program in place of npm."""

from __future__ import annotations

import base64
import hashlib
import io
import stat
import sys
import tarfile
from pathlib import Path
from typing import Any

CONTENTS = {"bridge.min.js": b"one", "Kusto.Language.Bridge.min.js": b"two", "package.json": b"{}"}
WHOLE = {*CONTENTS, "NOTICE.txt", "MIT.txt", "Apache-2.0.txt"}


def tarball(contents: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


PUBLISHED = tarball(
    {**{f"package/{name}": content for name, content in CONTENTS.items()}, "package/../../evil.js": b"evil"}
)


def pins() -> dict[str, Any]:
    """The constants of `vedette.kql.check.package` for the small package."""
    digest = base64.b64encode(hashlib.sha512(PUBLISHED).digest()).decode()
    each = {name: (len(content), hashlib.sha512(content).hexdigest()) for name, content in CONTENTS.items()}
    return {"INTEGRITY": f"sha512-{digest}", "STATEMENT": {"package.json": each.pop("package.json")}, "SCRIPTS": each}


def npm(folder: Path, script: str) -> str:
    folder.mkdir()
    program = folder / "npm"
    program.write_text(f"#!{sys.executable}\nimport pathlib, sys, time\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(folder)
