"""The one step of the build that pyproject.toml can't say: a wheel carries Microsoft's parser of KQL.

npm fetches it into the folder of the build, never into the source. Without npm, or with VEDETTE_NO_PARSER set, the
wheel is built without it, and `vedette kql parser install` gets it later.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PACKAGE = Path(__file__).parent / "src" / "vedette" / "kql" / "check" / "package.py"


class WithParser(build_py):
    """Copies the modules, and puts the parser beside them."""

    def run(self) -> None:
        """Build."""
        super().run()
        if self.editable_mode:
            return  # the modules stay where they are, and the source gets nothing that was fetched
        if os.environ.get("VEDETTE_NO_PARSER"):
            sys.stderr.write("VEDETTE_NO_PARSER is set: the wheel is built without Microsoft's parser of KQL\n")
            return
        package = runpy.run_path(str(PACKAGE))  # alone, since nothing is installed yet
        try:
            package["unpack"](package["download"](), Path(self.build_lib, "vedette", "kql", "parser"))
        except package["PackageError"] as error:
            sys.stderr.write(f"the wheel is built without Microsoft's parser of KQL: {error}\n")


setup(cmdclass={"build_py": WithParser})
