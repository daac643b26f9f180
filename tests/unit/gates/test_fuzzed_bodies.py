"""Whatever bytes a device sends, what reads them answers with an error of ours or a value."""

from contextlib import suppress

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.heartbeats import BODY_LIMIT
from backend.gates.schemas import Heartbeat
from backend.gates.signature import KEY_HEADER, NONCE_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, read_signature
from backend.kit.errors import DaogangError
from backend.kit.wire import decode

_decoder = msgspec.json.Decoder(Heartbeat, strict=True)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(Heartbeat.__struct_fields__), inner),
    max_leaves=20,
)


@given(st.binary(max_size=2 * BODY_LIMIT) | st.text().map(str.encode))
def test_no_bytes_break_the_heartbeats_reader(body: bytes) -> None:
    with suppress(DaogangError):
        decode(body, _decoder, BODY_LIMIT)


@given(
    st.fixed_dictionaries(
        {"clock_now": st.just("2026-03-16T09:30:00+08:00") | st.text() | _json, "backlog": st.integers() | _json},
        optional={name: _json for name in Heartbeat.__struct_fields__ if name not in {"clock_now", "backlog"}},
    )
)
def test_no_json_breaks_the_heartbeats_reader(body: object) -> None:
    with suppress(DaogangError):
        told = decode(msgspec.json.encode(body), _decoder, BODY_LIMIT)
        assert told.backlog >= 0


@given(
    st.dictionaries(
        st.sampled_from((KEY_HEADER, TIMESTAMP_HEADER, NONCE_HEADER, SIGNATURE_HEADER)), st.text(max_size=80)
    )
)
def test_no_headers_break_the_signatures_reader(headers: dict[str, str]) -> None:
    with suppress(DaogangError):
        assert read_signature(headers).key_id
