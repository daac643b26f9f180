"""Attestations of phones' keys, by makers of our own: what is right is believed, and nothing that somebody alters."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.identity.attestation.cbor import NotCborError, read_cbor
from backend.identity.attestation.der import NotDerError, read_all
from backend.identity.attestation.model import Evidence, Kind, NoAttestation, Subject, Verdict
from backend.identity.attestation.pinned import (
    ANDROID_REVOKED,
    ANDROID_ROOTS,
    APPS,
    PLAY_DECRYPTION,
    AttestationFolderError,
    PinnedAttestation,
)
from tests.support.attestations import (
    PACKAGE,
    TEAM_APP,
    AndroidMaker,
    AppleMaker,
    Authority,
    Makers,
    PlayMaker,
    cbor,
    encrypted,
    key_description,
    new_key,
    spki,
    whole,
)

AT = datetime(2026, 3, 16, 2, tzinfo=UTC)
KEY = new_key()
SUBJECT = Subject(spki(KEY), b"challenge", b"daogang.key.1\nchallenge\nthumbprint")
KINDS: tuple[Kind, ...] = ("android_key", "app_attest", "play_integrity")


@pytest.fixture(scope="module")
def makers(tmp_path_factory: pytest.TempPathFactory) -> Makers:
    return Makers(tmp_path_factory.mktemp("attestation"), AT)


def judged(makers: Makers, evidence: Evidence, at: datetime = AT) -> Verdict:
    return makers.judge().judge(evidence, SUBJECT, at)


def fault(makers: Makers, evidence: Evidence, at: datetime = AT) -> str | None:
    verdict = judged(makers, evidence, at)
    assert verdict.trust == "software"
    return verdict.fault


def test_what_the_platforms_attest_is_believed(makers: Makers) -> None:
    assert judged(makers, makers.android.attests(KEY, SUBJECT)) == Verdict("hardware")
    assert judged(makers, makers.android.attests(KEY, SUBJECT, level=2, keeper=2)) == Verdict("strongbox")
    assert judged(makers, makers.android.attests(KEY, SUBJECT, level=2, keeper=1)) == Verdict("hardware")
    assert judged(makers, makers.apple.attests(SUBJECT)) == Verdict("app_attest")
    assert judged(makers, makers.play.attests(SUBJECT)) == Verdict("play_integrity")
    assert all(makers.judge().can_judge(kind) for kind in KINDS)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"level": 0, "keeper": 0}, "software"),
        ({"level": 1, "keeper": 0}, "software"),
        ({"package": "cn.example.other"}, "app"),
        ({"signer": bytes(32)}, "app"),
        ({"locked": False}, "boot"),
        ({"boot": 1}, "boot"),
        ({"boot": 2}, "boot"),
        ({"origin": 2}, "origin"),
        ({"purpose": 0}, "origin"),
    ],
)
def test_an_android_key_that_is_not_what_it_should_be(
    makers: Makers, changes: dict[str, object], expected: str
) -> None:
    assert fault(makers, makers.android.attests(KEY, SUBJECT, **changes)) == expected


def test_an_android_chain_of_somebody_else(makers: Makers) -> None:
    stranger = AndroidMaker(AT)
    assert fault(makers, stranger.attests(KEY, SUBJECT)) == "root"
    # A root that only calls itself the same.
    honest = makers.android.attests(KEY, SUBJECT)
    assert fault(makers, Evidence("android_key", [*honest.parts[:2], stranger.root.der])) == "chain"
    # Without the root that it may bring along.
    assert judged(makers, Evidence("android_key", honest.parts[:2])) == Verdict("hardware")
    assert fault(makers, Evidence("android_key", honest.parts[:1])) == "root"
    assert fault(makers, Evidence("android_key", honest.parts[2:])) == "malformed"
    assert fault(makers, Evidence("android_key", [honest.parts[1], honest.parts[0]])) == "chain"
    assert fault(makers, Evidence("android_key", [])) == "malformed"
    assert fault(makers, Evidence("android_key", [honest.parts[0]] * 9)) == "malformed"


def test_an_android_attestation_of_another_key_or_challenge(makers: Makers) -> None:
    assert fault(makers, makers.android.attests(new_key(), SUBJECT)) == "key"
    other = Subject(SUBJECT.der, b"of yesterday", SUBJECT.message)
    assert fault(makers, makers.android.attests(KEY, other)) == "challenge"


def test_an_android_chain_that_is_not_good_now(makers: Makers) -> None:
    honest = makers.android.attests(KEY, SUBJECT)
    assert fault(makers, honest, AT + timedelta(days=31)) == "expired"
    assert fault(makers, honest, AT - timedelta(days=31)) == "expired"
    # The pinned root's own dates do not matter: makers issue them anew with the same key.
    old = AndroidMaker(AT)
    old.root = Authority("maker", AT, key=makers.android.root.key, life=(timedelta(days=-90), timedelta(days=-60)))
    old.middle = old.root.issues("keystores")
    assert judged(makers, old.attests(KEY, SUBJECT)) == Verdict("hardware")


def test_a_withdrawn_android_key(tmp_path: Path) -> None:
    makers = Makers(tmp_path, AT)
    honest = makers.android.attests(KEY, SUBJECT)
    assert judged(makers, honest) == Verdict("hardware")
    listed = {"entries": {f"{makers.android.middle.serial:x}": {"status": "REVOKED", "reason": "KEY_COMPROMISE"}}}
    (tmp_path / ANDROID_REVOKED).write_text(json.dumps(listed))
    assert fault(makers, honest) == "revoked"


def test_a_phone_s_own_key_certifies_nothing(makers: Makers) -> None:
    # The attack on attestation: a key that is attested in earnest signs the "attestation" of another one.
    attested = makers.android.leaf(new_key(), key_description(SUBJECT.challenge_digest))
    forged = attested.issues("Android Keystore Key", key=KEY, is_ca=False, extensions=attested.extensions)
    parts = [forged.der, attested.der, makers.android.middle.der]
    assert fault(makers, Evidence("android_key", parts)) == "chain"
    # As an authority it would still speak of itself, so that nobody below it does.
    authority = makers.android.leaf(new_key(), key_description(SUBJECT.challenge_digest), is_ca=True)
    forged = authority.issues("Android Keystore Key", key=KEY, is_ca=False, extensions=attested.extensions)
    assert fault(makers, Evidence("android_key", [forged.der, authority.der, makers.android.middle.der])) == "malformed"


def test_an_authority_with_room_for_none_below_it(makers: Makers) -> None:
    strict = makers.android.root.issues("strict", path_length=0)
    below = strict.issues("below")
    leaf = below.issues("key", key=KEY, is_ca=False)
    assert fault(makers, Evidence("android_key", [leaf.der, below.der, strict.der])) == "chain"


def test_an_android_leaf_without_or_with_a_broken_description(makers: Makers) -> None:
    for description in (b"", b"\x30\x80", whole(1), key_description(SUBJECT.challenge_digest)[:-1]):
        leaf = makers.android.leaf(KEY, description)
        assert fault(makers, Evidence("android_key", [leaf.der, makers.android.middle.der])) == "malformed"
    bare = makers.android.middle.issues("key", key=KEY, is_ca=False)
    assert fault(makers, Evidence("android_key", [bare.der, makers.android.middle.der])) == "malformed"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"app": "ABCDE12345.cn.example.other"}, "app"),
        ({"counter": 1}, "key"),
        ({"name": bytes(32)}, "key"),
        ({"maker": b"appattestdevelop"}, "device"),
        ({"maker": bytes(16)}, "device"),
        ({"digest": bytes(32)}, "challenge"),
        ({"fmt": "packed"}, "malformed"),
    ],
)
def test_an_apple_attestation_that_is_not_what_it_should_be(
    makers: Makers, changes: dict[str, object], expected: str
) -> None:
    assert fault(makers, makers.apple.attests(SUBJECT, **changes)) == expected


def test_an_apple_attestation_of_somebody_else_or_another_time(makers: Makers) -> None:
    assert fault(makers, AppleMaker(AT).attests(SUBJECT)) == "root"
    assert fault(makers, makers.apple.attests(SUBJECT), AT + timedelta(days=31)) == "expired"
    other = Subject(SUBJECT.der, SUBJECT.challenge, b"another message")
    assert fault(makers, makers.apple.attests(other)) == "challenge"
    for broken in (b"", cbor({"fmt": "apple-appattest"}), cbor({"fmt": "apple-appattest", "attStmt": {"x5c": []}})):
        assert fault(makers, Evidence("app_attest", [broken])) == "malformed"


def test_apps_that_are_being_developed_are_taken_where_that_is_said(tmp_path: Path) -> None:
    makers = Makers(tmp_path, AT)
    apps = json.loads((tmp_path / APPS).read_text())
    (tmp_path / APPS).write_text(json.dumps({**apps, "apple_development": True}))
    assert judged(makers, makers.apple.attests(SUBJECT, maker=b"appattestdevelop")) == Verdict("app_attest")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"digest": bytes(32)}, "challenge"),
        ({"package": "cn.example.other"}, "app"),
        ({"asked": "cn.example.other"}, "app"),
        ({"signer": bytes(32)}, "app"),
        ({"app": "UNRECOGNIZED_VERSION"}, "app"),
        ({"device": []}, "device"),
        ({"device": ["MEETS_BASIC_INTEGRITY"]}, "device"),
        ({"at": AT - timedelta(minutes=11)}, "expired"),
        ({"at": AT + timedelta(minutes=11)}, "expired"),
        ({"opens": bytes(32)}, "root"),
        ({"signs": new_key()}, "root"),
    ],
)
def test_a_play_token_that_is_not_what_it_should_be(makers: Makers, changes: dict[str, object], expected: str) -> None:
    assert fault(makers, makers.play.attests(SUBJECT, **changes)) == expected


def test_a_play_token_without_a_signature_or_with_a_secret_of_ours(makers: Makers) -> None:
    # The public key is no secret: nobody may use it as one.
    unsigned = makers.play.attests(SUBJECT, signs="", algorithm="none")
    assert fault(makers, unsigned) == "malformed"
    known = PlayMaker(AT, opens=makers.play.opens)
    assert fault(makers, known.attests(SUBJECT, signs="0" * 32, algorithm="HS256")) == "malformed"
    for token in ("", "a.b.c", encrypted("no token", makers.play.opens), encrypted("{}", makers.play.opens)[:-3]):
        assert fault(makers, Evidence("play_integrity", [token.encode()])) is not None
    assert fault(makers, Evidence("play_integrity", [b"\xff" * 5])) == "malformed"


def test_where_nothing_is_pinned_nothing_is_held_against_a_phone(makers: Makers, tmp_path: Path) -> None:
    everything = [makers.android.attests(KEY, SUBJECT), makers.apple.attests(SUBJECT), makers.play.attests(SUBJECT)]
    for port in (NoAttestation(), PinnedAttestation(tmp_path)):
        assert not any(port.can_judge(kind) for kind in KINDS)
        assert [port.judge(one, SUBJECT, AT) for one in everything] == [Verdict("software")] * 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (ANDROID_ROOTS, b"no certificates"),
        (ANDROID_REVOKED, b'{"entries": {"x": {}}}'),
        (APPS, json.dumps({"android": {PACKAGE: ["no digest"]}, "apple": [TEAM_APP]}).encode()),
        (APPS, b'{"androids": {}}'),
        (PLAY_DECRYPTION, b"c2hvcnQ="),
    ],
)
def test_a_mistake_in_the_folder_is_told_at_the_start(tmp_path: Path, name: str, content: bytes) -> None:
    makers = Makers(tmp_path, AT)
    port = makers.judge()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AttestationFolderError, match=name):
        PinnedAttestation(tmp_path)
    # Later on it is ours to mend: no phone is blamed.
    kinds = [makers.android.attests(KEY, SUBJECT), makers.apple.attests(SUBJECT), makers.play.attests(SUBJECT)]
    assert {port.judge(one, SUBJECT, AT).fault for one in kinds} == {None}


@pytest.fixture(scope="module")
def honest(makers: Makers) -> list[Evidence]:
    return [makers.android.attests(KEY, SUBJECT), makers.apple.attests(SUBJECT), makers.play.attests(SUBJECT)]


@given(
    which=st.integers(0, 2),
    part=st.integers(0, 1),
    place=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
)
def test_no_altered_bit_is_believed(
    makers: Makers, honest: list[Evidence], which: int, part: int, place: float, bit: int
) -> None:
    evidence = honest[which]
    parts = [bytearray(one) for one in evidence.parts]
    altered = parts[part % len(parts)]
    altered[int(place * len(altered))] ^= 1 << bit
    verdict = judged(makers, Evidence(evidence.kind, [bytes(one) for one in parts]))
    # Apple's receipt, which nobody checks, lies beside what is signed.
    beside = evidence.kind == "app_attest" and b"receiptGreceipt" not in altered
    assert verdict.fault is not None or beside


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for read, refusal in ((read_all, NotDerError), (read_cbor, NotCborError)):
        try:
            read(content)
        except refusal:
            continue


def test_numbers_lengths_and_depths_that_are_not_taken() -> None:
    assert read_all(b"\x02\x01\x07")[0].whole() == 7
    for wrong in (b"\x02\x01\x80", b"\x04\x01\x01", b"\x02\x00"):
        with pytest.raises(NotDerError):
            read_all(wrong)[0].whole()
    for wrong in (b"\x02", b"\x02\x81\x01\x07", b"\x02\x82\x00\x80", b"\xbf\x80\x80\x80\x80", b"\x02\x02\x07"):
        with pytest.raises(NotDerError):
            read_all(wrong)
    assert read_cbor(bytes.fromhex("a1616118ff")) == {"a": 255}
    for text in ("", "81" * 20 + "00", "5f", "a2616100616100", "9a7fffffff", "f6", "0000", "61ff"):
        with pytest.raises(NotCborError):
            read_cbor(bytes.fromhex(text))
