"""A wheel carries Microsoft's parser where npm can fetch it, and is built all the same where it can't."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.kql.check.packaged import PUBLISHED, WHOLE, npm, pins

ROOT = Path(__file__).parents[3]


@pytest.fixture
def source(tmp_path) -> Path:
    """A copy of what is built, in which a small package is pinned in place of the published one."""
    folder: Path = tmp_path / "source"
    folder.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(
        ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__", "evidence")
    )
    module = folder / "src" / "vedette" / "kql" / "check" / "package.py"
    pinned = "".join(f"{name} = {value!r}\n" for name, value in pins().items())
    module.write_text(f"{module.read_text()}\n{pinned}")
    return folder


def wheel(source: Path, tmp_path: Path, **environment: str) -> tuple[set[str], str]:
    """Names in `vedette/kql/parser/` of the wheel, and what the build said."""
    command = [sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*command, "-w", str(tmp_path / "dist"), str(source)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    (built,) = (tmp_path / "dist").glob("*.whl")
    names = zipfile.ZipFile(built).namelist()
    assert {"vedette/kql/check/analysis.js", "vedette/kql/check/schemas.toml"} <= set(names)
    assert not (source / "src" / "vedette" / "kql" / "parser").exists()
    return {Path(name).name for name in names if name.startswith("vedette/kql/parser/")}, done.stdout + done.stderr


@pytest.mark.long
def test_the_parser_and_its_licences_are_carried(source, tmp_path):
    (tmp_path / "published.tgz").write_bytes(PUBLISHED)
    script = f"pathlib.Path('x.tgz').write_bytes(pathlib.Path({str(tmp_path / 'published.tgz')!r}).read_bytes())"
    path = npm(tmp_path / "bin", script) + os.pathsep + os.environ["PATH"]
    assert wheel(source, tmp_path, PATH=path)[0] == WHOLE


@pytest.mark.long
def test_a_wheel_is_built_without_what_npm_can_not_fetch(source, tmp_path):
    path = npm(tmp_path / "bin", "sys.exit('no network')") + os.pathsep + os.environ["PATH"]
    names, said = wheel(source, tmp_path, PATH=path)
    assert names == set()
    assert "built without Microsoft's parser of KQL: npm can't fetch" in said


@pytest.mark.long
def test_a_wheel_is_built_without_the_parser_where_that_is_asked_for(source, tmp_path):
    names, said = wheel(source, tmp_path, VEDETTE_NO_PARSER="1")
    assert names == set()
    assert "VEDETTE_NO_PARSER is set" in said
