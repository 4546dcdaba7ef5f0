"""The locks hold what pyproject.toml asks for, pinned, with everything that it pulls in, and name no host."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUN = PROJECT["project"]["dependencies"]
OPTIONAL = PROJECT["project"]["optional-dependencies"]
#: Spark has a lock of its own: it is big, and few tests need it.
EXTRAS = [need for name, needs in OPTIONAL.items() if name != "spark" for need in needs]
SPARK = OPTIONAL["spark"]
DEV = PROJECT["dependency-groups"]["dev"]
LOCKS = ("build.txt", "run.txt", "dev.txt")
#: The Pythons and machines that a lock must serve.
PLATFORMS = [
    {"python_version": python, "python_full_version": f"{python}.0", "platform_machine": machine}
    for python in ("3.11", "3.12", "3.13", "3.14")
    for machine in ("x86_64", "aarch64")
]


def lock(name: str) -> dict[str, Requirement]:
    """The requirements of a lock by canonical name."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    needs = [Requirement(line) for line in text.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(need.name): need for need in needs}


def closure(needs: list[str]) -> set[str]:
    """Canonical names of `needs` and all that they pull in on this machine."""
    seen: set[tuple[str, str]] = set()
    todo = [(Requirement(need), "") for need in needs]
    while todo:
        need, asked_by = todo.pop()
        if need.marker and not need.marker.evaluate({"extra": asked_by}):
            continue
        name = canonicalize_name(need.name)
        for extra in ("", *need.extras):
            if (name, extra) not in seen:
                seen.add((name, extra))
                todo += [(Requirement(text), extra) for text in requires(name) or []]
    return {name for name, _ in seen}


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("build.txt", PROJECT["build-system"]["requires"]),
        ("run.txt", RUN),
        ("dev.txt", [*RUN, *EXTRAS, *DEV]),
        ("spark.txt", [*RUN, *SPARK]),
    ],
)
def test_a_lock_pins_what_the_project_asks_for(name, needs):
    pins = lock(name)
    for text in needs:
        need = Requirement(text)
        pin = pins[canonicalize_name(need.name)]
        (specifier,) = pin.specifier
        assert need.specifier.contains(specifier.version), f"{name}: {pin} does not satisfy {need}"
        for platform in PLATFORMS:
            wanted = need.marker is None or need.marker.evaluate(platform)
            assert wanted == (pin.marker is None or pin.marker.evaluate(platform)), f"{name}: {pin} on {platform}"


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_one_exact_version(name):
    for need in lock(name).values():
        assert [specifier.operator for specifier in need.specifier] == ["=="]
        assert not need.url


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host_and_no_path(name):
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert not re.search(r"://|^-|/", re.sub(r"^#.*", "", text, flags=re.MULTILINE), re.MULTILINE)


@pytest.mark.parametrize("name", ["dev.txt", "spark.txt"])
def test_a_bigger_lock_holds_the_hunt_lock(name):
    run, bigger = lock("run.txt"), lock(name)
    assert {need: str(pin) for need, pin in run.items()} == {need: str(bigger[need]) for need in run}


def test_locks_of_one_environment_agree():
    dev, spark = lock("dev.txt"), lock("spark.txt")
    assert {name: str(dev[name]) for name in dev.keys() & spark} == {
        name: str(spark[name]) for name in dev.keys() & spark
    }


@pytest.mark.parametrize(
    ("name", "needs"),
    [("run.txt", RUN), ("dev.txt", [*RUN, *EXTRAS, *DEV]), ("spark.txt", [*RUN, *SPARK])],
)
def test_a_lock_holds_all_that_is_pulled_in_and_nothing_else(name, needs):
    try:
        pulled = closure(needs)
    except PackageNotFoundError as missing:
        pytest.skip(f"{missing} is not installed, so the lock's closure can't be seen")
    elsewhere = {name for name, pin in lock(name).items() if pin.marker and not pin.marker.evaluate()}
    assert set(lock(name)) - elsewhere == pulled


def test_this_environment_is_the_locked_one():
    pins = {
        name: str(pin.specifier) for name, pin in lock("dev.txt").items() if not pin.marker or pin.marker.evaluate()
    }
    assert {name: f"=={version(name)}" for name in pins} == pins
