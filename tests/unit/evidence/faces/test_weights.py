"""No model file is loaded that is not the one that was reviewed."""

import hashlib
from pathlib import Path

import pytest

from backend.evidence.faces.process import open_engine
from backend.evidence.faces.weights import WeightsMissing, checked, find_weights, read_anti_spoof
from tools import models
from tools.say import Trouble


def test_a_missing_file_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="make models"):
        find_weights(tmp_path)


def test_another_file_of_the_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "face_detection_back.tflite").write_bytes(b"another")
    with pytest.raises(WeightsMissing, match="SHA-256"):
        find_weights(tmp_path)


def test_the_right_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"right")
    assert checked(tmp_path / "model", hashlib.sha256(b"right").hexdigest()).path == tmp_path / "model"


def test_a_process_without_models_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine, missing = open_engine(tmp_path, None)
    assert engine.networks is None
    assert "make models" in str(missing)
    assert "not measured" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["", "path = 'x'", "not toml at all [", "path='x'\nsha256='y'\ncrop='wide'\nlive=1\nleast=0"]
)
def test_a_description_that_lacks_something_is_refused(tmp_path: Path, text: str) -> None:
    description = tmp_path / "spoof.toml"
    description.write_text(text)
    with pytest.raises(WeightsMissing):
        read_anti_spoof(description)


def test_a_description_names_a_file_beside_it(tmp_path: Path) -> None:
    description = tmp_path / "spoof.toml"
    description.write_text('path = "m.onnx"\nsha256 = "ab"\ncrop = 2.7\nlive = 1\nleast = 0.4\n')
    found = read_anti_spoof(description)
    assert (found.path, found.crop, found.live, found.rgb) == (tmp_path / "m.onnx", 2.7, 1, False)


def test_an_archive_that_cannot_be_had_is_no_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(package: dict[str, object], folder: str) -> None:
        del folder
        raise Trouble(f"{package['name']} could not be fetched", "check the network.")

    monkeypatch.setattr(models, "MODELS", tmp_path / "models")
    monkeypatch.setattr(models, "LOCAL", tmp_path)
    monkeypatch.setattr(models, "_download", away)
    models.ensure_or_go_on()
    assert "faces will not be evaluated" in capsys.readouterr().err


def test_an_archive_of_other_bytes_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def other(package: dict[str, str], folder: str) -> None:
        (Path(folder) / package["archive"]).write_bytes(b"PK other bytes")

    monkeypatch.setattr(models, "MODELS", tmp_path / "models")
    monkeypatch.setattr(models, "LOCAL", tmp_path)
    monkeypatch.setattr(models, "_download", other)
    with pytest.raises(Trouble, match="not the archive that was reviewed"):
        models.ensure()
    assert list((tmp_path / "models").iterdir()) == []
