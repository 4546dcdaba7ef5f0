"""Microsoft's parser as it is published: which package, by which digests, and how its two files are taken out of it.

Only the standard library is imported here, since the build of a wheel runs this file alone, before anything is
installed.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

NAME = "@kusto/language-service-next"
VERSION = "12.4.1"
#: Digest of the published tarball, as npm writes it.
INTEGRITY = "sha512-8Ybwi1DVxnFZ8+mnw38ruXjSGIxA2jwx1HeqjStvMa5kSHzHPtEYm5n7et1fwgn5KDUZJzsSNjuRroiI+j8brA=="
#: What is taken out of it, in the order of loading: size in bytes and SHA-512.
SCRIPTS = {
    "bridge.min.js": (
        1_024_468,
        (
            "d009d62b4356d5fabb6c3c58137adcc2a439838cb7ab75c237c327e99e571b3d"
            "51cb29ec472cf41ba89e565f4d54aa56aa9866c0a6990575ce62280838708fdf"
        ),
    ),
    "Kusto.Language.Bridge.min.js": (
        4_212_425,
        (
            "f257dbdd31c2261eac8e944c261e922da97d22ec5a595542b6631948a4a8c363"
            "83219a45104d9161a1f8caf1d8decf2d814832dd1e92f7d5177adf51f8ef0f9a"
        ),
    ),
}
#: The package's own statement of its licence.
STATEMENT = {
    "package.json": (
        506,
        (
            "39e57697f5adaed1c2e976a4c02e34db4d86bad260df76bcfe15bdb9b100a5bd"
            "4b84eb4ecc10ac30953a7bdd6cfe98b584ce273d9bd92ea4c26d0575034e4120"
        ),
    )
}
#: Largest tarball that is looked at, in bytes; the published one has 3.6 MB.
MAX_TARBALL = 16 << 20
#: How long npm may take, in seconds.
PATIENCE = 300
#: Texts of the licences, put beside the scripts.
LICENSES = Path(__file__).with_name("licenses")


class PackageError(Exception):
    """The package can't be had, or is not the one that is pinned; the message holds the remedy."""


def download() -> bytes:
    """The tarball, fetched by npm as the user has configured it.

    Raises:
        PackageError: npm is missing, fails or takes too long.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise PackageError("npm is not installed; install it, or give the package's tarball by --from FILE")
    # npm leaves the tarball where it runs; there, no package.json or .npmrc of the user's folder has a say.
    with tempfile.TemporaryDirectory(prefix="vedette-npm-") as folder:
        command = [npm, "pack", f"{NAME}@{VERSION}", "--silent", "--ignore-scripts"]
        try:
            subprocess.run(  # noqa: S603 (an argument list of constants and npm's own path)
                command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            raise PackageError(f"npm did not answer within {PATIENCE} s; give the tarball by --from FILE") from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode("utf-8", "replace").split("\n")
            cause = next((line for line in said if line.strip()), f"exit code {error.returncode}")
            raise PackageError(f"npm can't fetch {NAME}: {cause[:300]}; or give the tarball by --from FILE") from None
        found = sorted(Path(folder).glob("*.tgz"))
        if len(found) != 1:
            raise PackageError(f"npm left no tarball of {NAME}; give it by --from FILE")
        return read_tarball(found[0])


def read_tarball(path: Path) -> bytes:
    """A tarball's bytes.

    Raises:
        PackageError: it can't be read or is far too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_TARBALL + 1)
    except OSError as error:
        raise PackageError(f"can't read {path}: {error.strerror}") from None
    if len(content) > MAX_TARBALL:
        raise PackageError(f"{path} has more than {MAX_TARBALL >> 20} MiB; it is not {NAME} {VERSION}")
    return content


def unpack(tarball: bytes, folder: Path) -> None:
    """Put scripts and licences into a folder, which appears whole or not at all; what stood there is replaced.

    Args:
        tarball: as published; nothing of it is opened before its digest is right.
        folder: where to; its parents are made.

    Raises:
        PackageError: the tarball is not the one that is pinned, or the folder can't be written.
    """
    digest = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    if digest != INTEGRITY:
        raise PackageError(f"this is not {NAME} {VERSION}: its digest is {digest}, and {INTEGRITY} is asked for")
    contents = {name: _member(tarball, name, *pin) for name, pin in {**SCRIPTS, **STATEMENT}.items()}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
            fresh = Path(beside, "fresh")
            fresh.mkdir()
            for name, content in contents.items():
                (fresh / name).write_bytes(content)
            for text in sorted(LICENSES.glob("*.txt")):
                shutil.copyfile(text, fresh / text.name)
            with contextlib.suppress(FileNotFoundError):
                folder.rename(Path(beside, "old"))
            fresh.rename(folder)
    except OSError as error:
        raise PackageError(f"can't write {error.filename or folder}: {error.strerror}") from None


def intact(folder: Path) -> bool:
    """Whether a folder holds the scripts, byte for byte."""
    return all(verified(folder / name) is not None for name in SCRIPTS)


def verified(script: Path) -> bytes | None:
    """A script's bytes if they are the pinned ones, else None."""
    size, digest = SCRIPTS[script.name]
    try:
        with script.open("rb") as file:
            content = file.read(size + 1)
    except OSError:
        return None
    return content if hashlib.sha512(content).hexdigest() == digest else None


def _member(tarball: bytes, name: str, size: int, digest: str) -> bytes:
    try:
        with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
            file = archive.extractfile(f"package/{name}")
            content = file.read(size + 1) if file is not None else b""
    except (tarfile.TarError, KeyError, OSError, EOFError) as error:
        raise PackageError(f"{name} can't be read out of {NAME}: {error}") from None
    if hashlib.sha512(content).hexdigest() != digest:
        raise PackageError(f"{name} in {NAME} is not the file that is pinned")
    return content
