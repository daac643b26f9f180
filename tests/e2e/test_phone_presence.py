"""Journeys of docs/journeys.md with presence shown by scan and without network, in Chromium against a real server."""

from typing import Any

import psycopg

from tests.support.asking import face_without_network, scans
from tests.support.browsers import Browser, DemoHouse, is_sound


def proofs_of(house: DemoHouse, about: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """Return somebody's proofs, those with a network first: way, trust, outcome, and whether a punch took it."""
    with psycopg.connect(house.url) as connection:
        return connection.execute(
            "SELECT q.way, q.trust, q.outcome, EXISTS (SELECT FROM presence_proof_use u"
            " WHERE (u.project_id, u.proof_id) = (q.project_id, q.id)) FROM presence_proof q WHERE q.person_id ="
            " (SELECT a.person_id FROM account a JOIN phone f ON f.account_id = a.id WHERE f.install_id = %s)"
            " ORDER BY q.trust DESC",
            (about["install_id"],),
        ).fetchall()


async def test_a_site_code_is_scanned_and_a_scan_without_network_goes_before_its_tap(
    browser: Browser, demo_house: DemoHouse
) -> None:
    about = scans(demo_house)
    seen = await browser.play("presence.byScan", about)
    assert seen["ready"].startswith("现场二维码")
    assert seen["came"].startswith("已计入")
    assert "已存本机，尚未核验" in seen["kept"]
    assert "待上传核验" in seen["waiting"]
    assert proofs_of(demo_house, about) == [
        ("site_qr", "online", "passed", True),
        ("site_qr", "offline", "passed", True),
    ]
    is_sound(seen)


async def test_a_face_check_without_network_is_kept_told_as_unchecked_and_sent_with_its_tap(
    browser: Browser, demo_house: DemoHouse
) -> None:
    """The demo's server has no models: what it says of the frames is that nothing was evaluated."""
    about = face_without_network(demo_house)
    seen = await browser.play("presence.faceWithoutNetwork", about)
    assert "现在不核验" in seen["told"]
    assert seen["state"] == "无网络", "nobody was reached, and nothing says otherwise"
    assert seen["steps"][0] == "正对镜头"
    assert len(set(seen["steps"])) > 2
    assert "尚未核验" in seen["kept"]
    assert seen["isWhole"], "the note pushes the button below the tabs"
    assert "未作核验" in seen["judged"]
    assert proofs_of(demo_house, about) == [("face", "offline", "not_evaluated", True)]
    is_sound(seen)
