"""When a consent holds, and by which words."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from backend.identity.consents.model import PURPOSES, TEXT_VERSIONS, Act, holds, text_of

AT = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
acts = st.lists(
    st.builds(Act, st.sampled_from(["given", "withdrawn"]), st.integers(1, 3), st.just(AT)),
    max_size=6,
)


@given(acts=acts, version=st.integers(1, 3))
def test_the_last_act_decides_and_a_new_text_is_asked_anew(acts: list[Act], version: int) -> None:
    expected = bool(acts) and acts[-1] == Act("given", version, AT)
    assert holds(acts, version) == expected
    assert not holds([*acts, Act("withdrawn", version, AT)], version)
    assert not holds([*acts, Act("given", version + 1, AT)], version)
    assert holds([*acts, Act("given", version, AT)], version)


def test_every_purpose_has_its_own_words_and_says_what_else_one_can_do() -> None:
    languages = ("zh-CN", "en")
    said = {(purpose, language): text_of(purpose, language) for purpose in PURPOSES for language in languages}
    assert len({one.text for one in said.values()}) == len(said)
    for (purpose, language), one in said.items():
        # The digest is that of the words in all languages: whoever agreed in one has agreed to the same.
        assert one.digest == said[purpose, "en"].digest
        assert ("见证" if language == "zh-CN" else "witness") in one.text
        assert ("撤回" if language == "zh-CN" else "withdraw") in one.text
    assert {purpose: said[purpose, "en"].version for purpose in PURPOSES} == TEXT_VERSIONS
    assert len({one.digest for one in said.values()}) == len(PURPOSES)
