"""Passwords: Argon2id, renewed parameters, the same work for nobody, and what is too weak."""

import pytest
from argon2 import PasswordHasher

from backend.identity.errors import PasswordTooWeak
from backend.identity.passwords import LONGEST, SHORTEST, Passwords, draw_password, require_strong

# Small parameters keep the tests quick; the rules are the same.
FAST = {"memory_kib": 64, "passes": 1}


async def test_a_password_checks_against_its_own_hash_only() -> None:
    passwords = Passwords(**FAST)
    stored = await passwords.hash("正确 horse battery")
    assert stored.startswith("$argon2id$")
    assert stored != await passwords.hash("正确 horse battery")
    assert (await passwords.check(stored, "正确 horse battery")).right
    assert not (await passwords.check(stored, "正确 horse batterz")).right


async def test_a_hash_of_older_parameters_is_renewed_on_success_only() -> None:
    stored = await Passwords(**FAST).hash("correct horse")
    stronger = Passwords(memory_kib=128, passes=1)
    outcome = await stronger.check(stored, "correct horse")
    assert outcome.right
    assert outcome.new_hash is not None
    assert "m=128" in outcome.new_hash
    assert (await stronger.check(outcome.new_hash, "correct horse")).new_hash is None
    assert (await stronger.check(stored, "wrong horse")).new_hash is None


async def test_nobody_costs_the_same_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    verify = PasswordHasher.verify

    def counting(self: PasswordHasher, stored: str, password: bytes) -> bool:
        verified.append(stored)
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    passwords = Passwords(**FAST)
    stored = await passwords.hash("correct horse")
    assert not (await passwords.check(stored, "wrong")).right
    assert not (await passwords.check(None, "wrong")).right
    assert len(verified) == 2
    parameters = [hashed.split("$")[1:4] for hashed in verified]
    assert parameters[0] == parameters[1]


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$v=19$m=64,t=1,p=1$broken"])
async def test_a_broken_hash_is_wrong_not_a_fault(stored: str) -> None:
    assert not (await Passwords(**FAST).check(stored or "x", "anything")).right


async def test_an_over_long_password_is_wrong_even_when_its_start_is_right() -> None:
    passwords = Passwords(**FAST)
    stored = await passwords.hash("a" * LONGEST)
    assert not (await passwords.check(stored, "a" * (LONGEST + 1))).right


@pytest.mark.parametrize("weak", ["", "short", "aaaaaaaaaaaaaaa", "abababababab", "Li.Supervisor-1", "x1y2z3" * 30])
def test_weak_passwords_are_refused_with_the_bounds(weak: str) -> None:
    with pytest.raises(PasswordTooWeak) as caught:
        require_strong(weak, "li.supervisor")
    assert caught.value.detail == {"shortest": SHORTEST, "longest": LONGEST}


def test_a_phrase_is_strong_enough_and_so_is_a_drawn_one() -> None:
    require_strong("四号线 施工 现场 平安", "li.supervisor")
    first, second = draw_password(), draw_password()
    assert first != second
    require_strong(first, "li.supervisor")
