from backend.snapshot import openapi_document
from tools.house import ROOT


def test_the_document_in_docs_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "openapi.json").read_bytes() == openapi_document(), "run `make openapi` and commit it"


def test_the_document_is_the_same_every_time() -> None:
    assert openapi_document() == openapi_document()
