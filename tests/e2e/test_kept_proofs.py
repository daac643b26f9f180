"""Proofs of presence that wait on a phone, in a real Chromium: what is sent when, what is told, what is forgotten."""

import json
from typing import Any
from uuid import UUID

from tests.support.browsers import Browser

FRAMES = "/mobile/v1/liveness/challenges/challenge/frames"
SCANS = "/mobile/v1/presence/site-code-proofs"


async def test_proofs_are_kept_sent_once_told_of_and_forgotten(browser: Browser) -> None:
    """One journey shows all of it; what must be so of each part has a name of its own."""
    seen = await browser.play("library.proofs", {})
    they_wait_in_the_order_in_which_they_were_made(seen)
    a_scan_and_the_frames_of_a_challenge_are_sent_as_they_were_taken(seen)
    for name, status in (("portal", 404), ("login", 401)):
        what_is_no_word_of_the_server_on_the_proof_ends_none(seen[name], status)
    what_was_judged_leaves_the_phone_and_what_comes_after_a_busy_server_waits(seen["busy"])
    one_that_is_refused_keeps_its_words_and_holds_up_no_other(seen)
    two_pages_at_once_send_each_proof_once(seen)
    answers_are_forgotten_after_three_days_and_what_waits_never_is(seen)
    who_no_longer_agrees_to_face_checks_has_no_frames_left(seen)


def they_wait_in_the_order_in_which_they_were_made(seen: dict[str, Any]) -> None:
    assert seen["order"] == [seen["first"], "challenge", seen["second"]]
    scan = UUID(seen["first"])
    assert (scan.version, scan.int >> 80) == (7, 1_773_600_000_000)
    assert seen["offline"]["told"] == {"error": "TypeError", "status": None}
    assert [one["isShown"] for one in seen["offline"]["kept"]] == [True] * 3


def a_scan_and_the_frames_of_a_challenge_are_sent_as_they_were_taken(seen: dict[str, Any]) -> None:
    scan = next(one for one in seen["asked"] if one["path"] == SCANS)
    assert (scan["authorization"], scan["type"]) == ("Bearer token", "application/json")
    assert json.loads(scan["body"]) == {"project_id": "project", "code": "code 1", "proof_id": seen["first"]}
    form = next(one for one in seen["asked"] if one["path"] == FRAMES)
    assert form["type"].startswith("multipart/form-data; boundary=")
    parts = form["body"].split("--" + form["type"].partition("boundary=")[2])[1:-1]
    about, *pictures = (part.partition("\r\n\r\n") for part in parts)
    assert 'name="about"' in about[0]
    assert json.loads(about[2]) == {
        "nonce": "nonce",
        "frames": [{"step": "front", "at_ms": 5}, {"step": "left", "at_ms": 1800}],
        "made_at": "2026-03-15T18:40:01.000Z",
    }
    assert [part[2].strip() for part in pictures] == ["first", "second"]
    assert [f'filename="{place}.jpg"' in part[0] for place, part in enumerate(pictures)] == [True, True]


def what_is_no_word_of_the_server_on_the_proof_ends_none(seen: dict[str, Any], status: int) -> None:
    assert seen["told"] == {"error": "Refused", "status": status}
    assert seen["paths"] == [SCANS]
    assert [(one["isShown"], one["refusal"]) for one in seen["kept"]] == [(True, None)] * 3


def what_was_judged_leaves_the_phone_and_what_comes_after_a_busy_server_waits(seen: dict[str, Any]) -> None:
    assert seen["told"] == {"error": "Refused", "status": 503}
    assert seen["paths"] == [SCANS, FRAMES]
    first, *others = seen["kept"]
    assert not first["isShown"]
    assert first["answer"] == {"outcome": "passed", "title": "passed", "advice": ""}
    assert [one["isShown"] for one in others] == [True, True]


def one_that_is_refused_keeps_its_words_and_holds_up_no_other(seen: dict[str, Any]) -> None:
    assert seen["ended"]["told"] == 1
    assert seen["ended"]["paths"] == [FRAMES, SCANS]
    refused, passed = seen["ended"]["kept"][1:]
    code = "liveness.challenge_expired"
    assert refused["refusal"] == {"code": code, "title": f"title of {code}", "advice": f"advice of {code}"}
    assert (refused["isShown"], refused["answer"]) == (False, None), "no picture stays on the phone"
    assert (passed["isShown"], passed["refusal"]) == (False, None)
    assert (seen["nothing"]["told"], seen["nothing"]["paths"]) == (0, [])


def two_pages_at_once_send_each_proof_once(seen: dict[str, Any]) -> None:
    assert sorted(seen["both"]) == [0, 1]
    assert seen["bothAsked"] == 1


def answers_are_forgotten_after_three_days_and_what_waits_never_is(seen: dict[str, Any]) -> None:
    assert seen["later"]["told"] == {"error": "TypeError", "status": None}
    assert [(one["id"], one["isShown"]) for one in seen["later"]["kept"]] == [(seen["fourth"], True)]


def who_no_longer_agrees_to_face_checks_has_no_frames_left(seen: dict[str, Any]) -> None:
    assert [(one["id"], one["way"]) for one in seen["dropped"]] == [(seen["fourth"], "site_qr")]
