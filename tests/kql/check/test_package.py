from __future__ import annotations

import os
import sys

import pytest
from tests.kql.check.packaged import CONTENTS, PUBLISHED, WHOLE, npm, pins, tarball

from vedette.errors import ParserMissingError, UsageError
from vedette.kql.check import package, parser


@pytest.fixture(autouse=True)
def world(monkeypatch, tmp_path):
    """A small package in place of the published one, and folders of the test's own."""
    for name, value in pins().items():
        monkeypatch.setattr(package, name, value)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "environment"))


def test_only_what_is_pinned_is_taken_out(tmp_path):
    package.unpack(PUBLISHED, tmp_path / "here" / "parser")
    assert {path.name for path in (tmp_path / "here" / "parser").iterdir()} == WHOLE
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["parser"]
    assert not list(tmp_path.rglob("evil.js"))
    assert package.intact(tmp_path / "here" / "parser")


def test_the_licences_say_whose_it_is(tmp_path):
    package.unpack(PUBLISHED, tmp_path / "parser")
    notice = (tmp_path / "parser" / "NOTICE.txt").read_text()
    for name in ("Microsoft Corporation", "Bridge.NET", "Object.NET", "decimal.js", "long.js", "linq.js"):
        assert name in notice
    assert "Version 2.0, January 2004" in (tmp_path / "parser" / "Apache-2.0.txt").read_text()
    assert "WITHOUT WARRANTY OF ANY KIND" in (tmp_path / "parser" / "MIT.txt").read_text()


@pytest.mark.parametrize(
    "given",
    [
        PUBLISHED[:-1],
        PUBLISHED + b"\0",
        tarball({f"package/{name}": content + b" " for name, content in CONTENTS.items()}),
        b"",
    ],
    ids=["cut", "longer", "changed", "empty"],
)
def test_what_is_not_the_pinned_tarball_is_refused_and_the_old_one_stays(tmp_path, given):
    package.unpack(PUBLISHED, tmp_path / "parser")
    with pytest.raises(package.PackageError, match="its digest is"):
        package.unpack(given, tmp_path / "parser")
    assert package.intact(tmp_path / "parser")


def test_a_file_that_is_not_pinned_is_refused_even_in_the_pinned_tarball(tmp_path, monkeypatch):
    monkeypatch.setitem(package.SCRIPTS, "bridge.min.js", (3, "0" * 128))
    with pytest.raises(package.PackageError, match=r"bridge\.min\.js .* is not the file that is pinned"):
        package.unpack(PUBLISHED, tmp_path / "parser")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_missing_from_the_tarball_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(package.SCRIPTS, "other.js", (3, "0" * 128))
    with pytest.raises(package.PackageError, match=r"other\.js can't be read"):
        package.unpack(PUBLISHED, tmp_path / "parser")


def test_an_enormous_file_is_no_tarball(tmp_path):
    with (tmp_path / "big.tgz").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(package.PackageError, match="more than 16 MiB"):
        package.read_tarball(tmp_path / "big.tgz")
    with pytest.raises(package.PackageError, match="can't read"):
        package.read_tarball(tmp_path / "none.tgz")


def test_npm_is_asked_for_the_one_version_by_a_list_of_arguments(tmp_path, monkeypatch):
    (tmp_path / "published.tgz").write_bytes(PUBLISHED)
    script = (
        f"pathlib.Path('x.tgz').write_bytes(pathlib.Path({str(tmp_path / 'published.tgz')!r}).read_bytes())\n"
        f"pathlib.Path({str(tmp_path / 'asked')!r}).write_text(' '.join(sys.argv[1:4]))"
    )
    monkeypatch.setenv("PATH", npm(tmp_path / "bin", script))
    folder = parser.install()
    assert (tmp_path / "asked").read_text() == "pack @kusto/language-service-next@12.4.1 --silent"
    assert folder == tmp_path / "data" / "vedette" / "kql-parser-12.4.1"
    assert parser.find() == folder


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        ("sys.stderr.write('\\nnpm error code E404\\n'); sys.exit(1)", "npm can't fetch .*npm error code E404"),
        ("sys.exit(7)", "exit code 7"),
        ("pass", "npm left no tarball"),
        ("time.sleep(60)", "did not answer within"),
    ],
)
def test_a_failing_npm_is_an_error_with_a_remedy(tmp_path, monkeypatch, script, cause):
    monkeypatch.setattr(package, "PATIENCE", 2)
    monkeypatch.setenv("PATH", npm(tmp_path / "bin", script))
    with pytest.raises(UsageError, match=f"(?s){cause}.*--from FILE|{cause}"):
        parser.install()
    assert not (tmp_path / "data").exists()


def test_without_npm_the_tarball_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="--from FILE"):
        parser.install()


def test_a_virtual_environment_gets_it(tmp_path, monkeypatch):
    (tmp_path / "environment").mkdir()
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    (tmp_path / "published.tgz").write_bytes(PUBLISHED)
    folder = parser.install(tmp_path / "published.tgz")
    assert folder == tmp_path / "environment" / "share" / "vedette" / "kql-parser-12.4.1"
    assert parser.find() == folder
    assert parser.install(tmp_path / "published.tgz") == folder  # once more is no harm


def test_what_was_changed_afterwards_is_damaged(tmp_path, monkeypatch):
    (tmp_path / "published.tgz").write_bytes(PUBLISHED)
    folder = parser.install(tmp_path / "published.tgz")
    (folder / "bridge.min.js").write_bytes(b"eve")
    with pytest.raises(ParserMissingError, match="is damaged; get it with `vedette kql parser install`"):
        parser.find()
    parser.install(tmp_path / "published.tgz")
    assert parser.find() == folder


def test_what_is_not_installed_is_missing_with_a_remedy():
    with pytest.raises(ParserMissingError, match="not installed; get it with `vedette kql parser install`"):
        parser.find()


def test_without_the_engine_the_parser_is_missing(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", {}.get)
    with pytest.raises(ParserMissingError, match="mini-racer"):
        parser.find()


def test_a_folder_that_can_not_be_written_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "data").write_text("a file")
    (tmp_path / "published.tgz").write_bytes(PUBLISHED)
    with pytest.raises(UsageError, match="can't write"):
        parser.install(tmp_path / "published.tgz")


def test_the_build_can_run_it_alone(tmp_path):
    """The build of a wheel runs this file before anything is installed, so it may import the standard library alone."""
    code = f"import runpy; runpy.run_path({package.__file__!r})"
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-I", "-S", "-c", code]) == 0
