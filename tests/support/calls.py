"""One call for every route that takes a body: what a caller who may would send."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec

from backend.decision.policy import DEFAULT_POLICY
from backend.identity.roles import Role
from backend.kit.ids import new_id
from tests.support.factories import draw_code, draw_phone
from tests.support.forms import form
from tests.support.liveness import as_answered, frames_form, picture
from tests.support.phones import CENTRE, fix, tap
from tests.support.photos import upload_metadata
from tests.support.pictures import photo_of
from tests.support.queues import Signing
from tests.support.rosters import csv_roster, roster_line
from tests.support.town import AXIS, CIRCLE, PASSWORD, PHOTO, THEIRS, Town, fresh_company, fresh_name, fresh_person

PROJECT = "/admin/v1/projects/{project_id}"
PRESENCE = "/mobile/v1/presence"
DRAWING = {"crs": "wgs84", "shape": CIRCLE}
LINE: dict[str, Any] = {"crs": "wgs84", "coordinates": AXIS, "prefix": "K", "start": "K0+000"}
PERIOD = {"from_on": "2026-01-01", "to_on": "2026-12-31"}
FACE = {"name": "1号作业面", "begin": "K0+000", "end": "K0+100", "from_on": "2026-03-01"}


@dataclass
class Call:
    """The body, query and path values of a request; `ids` replace those of the town."""

    json: Any = None
    content: bytes | None = None
    media_type: str = "application/json"
    params: dict[str, Any] = field(default_factory=dict[str, Any])
    ids: dict[str, str] = field(default_factory=dict[str, str])
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def body(self) -> bytes | None:
        """Return the bytes of the body."""
        return self.content if self.json is None else msgspec.json.encode(self.json)


Maker = Callable[[Town], Call]
PUSHED = ("cdata", "fdata", "querydata", "getrequest", "devicecmd", "registry", "push", "rtdata", "ping", "exchange")


def told(**body: Any) -> Maker:
    """Make a call whose body is the same in every town."""
    return lambda _: Call(json=body)


def _feature(_: Town) -> Call:
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": list(CENTRE)}}
    content = msgspec.json.encode({"type": "FeatureCollection", "features": [feature]})
    return Call(
        content=content, media_type="application/geo+json", params={"crs": "wgs84", "radius_m": 50, "name": "导入"}
    )


def _file(town: Town) -> Call:
    call = _feature(town)
    return Call(content=call.content, media_type="application/octet-stream", params={"crs": "wgs84", "radius_m": 50})


CALLS: dict[tuple[str, str], Maker] = {
    ("POST", "/admin/v1/session"): told(username="nobody", password=PASSWORD),
    ("POST", "/admin/v1/session/refresh"): told(refresh_token="x" * 43),
    ("PUT", "/admin/v1/me/password"): told(current=PASSWORD, new=PASSWORD + "-new"),
    ("PUT", "/admin/v1/me/push-address"): told(kind="fcm_installation", installation_id="c8VQ1gYtT0qZ"),
    ("PUT", "/mobile/v1/me/push-address"): told(kind="fcm_token", token="d1:APA91b"),
    ("POST", "/admin/v1/accounts/{account_id}/delivery-addresses"): lambda _: Call(
        json={"kind": "email", "email": f"{fresh_name()}@daogang.test", "label": "办公室"}
    ),
    ("GET", "/admin/v1/live"): lambda _: Call(params={"for_s": 0}),
    ("POST", "/admin/v1/accounts"): lambda _: Call(json={"username": fresh_name(), "display_name": "新账号"}),
    ("POST", "/admin/v1/accounts/{account_id}/grants"): lambda town: Call(
        json={"role": "project_admin", "project_id": town.ids["project_id"]}
    ),
    ("POST", "/admin/v1/accounts/{account_id}/disable"): lambda _: Call(),
    ("POST", "/admin/v1/accounts/{account_id}/enable"): lambda _: Call(),
    ("POST", "/admin/v1/accounts/{account_id}/password"): lambda _: Call(),
    ("PUT", "/admin/v1/accounts/{account_id}/phone-number"): lambda town: Call(
        json={"phone_number": draw_phone()}, ids={"account_id": str(town.site.accounts["project_manager"])}
    ),
    ("POST", "/admin/v1/districts"): lambda _: Call(json={"code": draw_code(), "name": "试验区"}),
    ("PATCH", "/admin/v1/districts/{district_id}"): told(name="改名区"),
    ("POST", "/admin/v1/companies"): lambda _: Call(json=fresh_company()),
    ("POST", "/admin/v1/rule-sets"): lambda town: Call(
        json={
            "name": "新规则",
            "valid_from": "2026-04-01",
            "preset": "wuhan",
            "project_id": town.ids["project_id"],
        }
    ),
    ("POST", "/admin/v1/rule-sets/{rule_set_id}/versions"): told(valid_from="2026-04-01", preset="jilin", based_on=1),
    ("POST", "/admin/v1/rule-sets/{rule_set_id}/publications"): told(version=1),
    ("POST", "/admin/v1/rate-computations"): lambda town: Call(
        json={"month": "2026-02", "reason": "复核", "project_id": town.ids["project_id"]}
    ),
    ("POST", "/admin/v1/rate-computations/{computation_id}/publication"): told(note="核对无误"),
    ("POST", f"{PROJECT}/stop-work"): told(from_on="2026-03-01", cause="weather", reason="暴雨"),
    ("POST", f"{PROJECT}/stop-work/{{stop_work_id}}/decision"): told(approved=True),
    ("POST", f"{PROJECT}/stop-work/{{stop_work_id}}/end"): lambda town: Call(
        json={"last_on": "2026-03-03"}, ids={"stop_work_id": town.ids["approved_stop_id"]}
    ),
    ("POST", "/admin/v1/projects"): lambda town: Call(
        json={
            "registration_no": f"990101-{draw_code(12)}",
            "name": "新工程",
            "district_id": town.ids["district_id"],
        }
    ),
    ("PATCH", PROJECT): told(name="改名工程"),
    ("POST", f"{PROJECT}/sections"): lambda _: Call(json={"code": draw_code(4), "name": "二标段"}),
    ("PATCH", f"{PROJECT}/sections/{{section_id}}"): told(name="改名标段"),
    ("POST", f"{PROJECT}/parties"): lambda town: Call(json={"company_id": str(town.company_id), "kind": "009"}),
    ("POST", "/admin/v1/people"): lambda _: Call(json=fresh_person()),
    ("POST", "/admin/v1/people/search"): lambda town: Call(json={"name": town.site.people["project_manager"].name}),
    ("PATCH", "/admin/v1/people/{person_id}"): told(name="改名"),
    ("POST", "/admin/v1/people/{person_id}/reveal"): told(purpose="核对证件"),
    ("POST", f"{PROJECT}/posts"): lambda town: Call(
        json={"party_id": town.ids["party_id"], "kind": "technical_lead", "seats": 1}
    ),
    ("PATCH", f"{PROJECT}/posts/{{post_id}}"): told(seats=3),
    ("POST", f"{PROJECT}/assignments"): lambda town: Call(
        json={
            "post_id": town.ids["post_id"],
            "person_id": town.ids["person_id"],
            "from_on": "2025-01-01",
            "to_on": "2025-02-01",
        }
    ),
    ("POST", f"{PROJECT}/assignments/{{assignment_id}}/end"): told(to_on="2026-03-20", confirm_exit=True),
    ("POST", f"{PROJECT}/roster-imports"): lambda _: Call(content=csv_roster([roster_line()]), media_type="text/csv"),
    ("PUT", f"{PROJECT}/policy"): lambda _: Call(json={"policy": msgspec.to_builtins(DEFAULT_POLICY)}),
    ("POST", f"{PROJECT}/punches/{{punch_id}}/photos/{{photo_id}}/view"): told(purpose="核对本人"),
    ("POST", f"{PROJECT}/photo-holds"): told(reason="调查需要"),
    ("POST", f"{PROJECT}/photo-holds/{{hold_id}}/lift"): told(reason="调查结束"),
    ("PUT", "/admin/v1/photo-retention/{photo_class}"): told(keep_days=730, original_days=0, reason="按制度"),
    ("POST", f"{PROJECT}/punches/{{punch_id}}/rulings"): told(outcome="counted", note="现场核实", seq=1),
    ("POST", f"{PROJECT}/gates"): lambda _: Call(
        json={
            "serial_no": f"SN{draw_code(12)}",
            "name": "2号门",
            "entrance": "西门",
            "lane": "1",
            "place": {"lon": CENTRE.lon, "lat": CENTRE.lat, "crs": "wgs84"},
        }
    ),
    ("PATCH", f"{PROJECT}/gates/{{gate_id}}"): told(name="改名门"),
    ("POST", f"{PROJECT}/gates/{{gate_id}}/keys"): told(),
    ("PUT", f"{PROJECT}/gates/{{gate_id}}/access-token"): told(),
    ("POST", f"{PROJECT}/gates/{{gate_id}}/broker-login"): lambda town: Call(ids={"gate_id": town.ids["terminal_id"]}),
    ("POST", f"{PROJECT}/gates/{{gate_id}}/commands"): lambda town: Call(
        json={"kind": "info", "reason": "核对存量"}, ids={"gate_id": town.ids["push_terminal_id"]}
    ),
    ("POST", f"{PROJECT}/gate-tasks/{{task_id}}/request"): lambda town: Call(
        json={"reason": "补传"}, ids={"task_id": town.ids["day_task_id"]}
    ),
    ("POST", f"{PROJECT}/gate-tasks/{{task_id}}/done"): told(note="已到现场补传"),
    ("POST", f"{PROJECT}/gates/{{gate_id}}/keys/{{key_id}}/revocation"): told(reason="设备遗失"),
    ("POST", f"{PROJECT}/gates/{{gate_id}}/key-applications"): told(reason="新装闸机"),
    ("POST", f"{PROJECT}/key-applications/{{application_id}}/approval"): told(reason="同意"),
    ("POST", f"{PROJECT}/key-applications/{{application_id}}/rejection"): told(reason="资料不全"),
    ("POST", f"{PROJECT}/key-applications/{{application_id}}/withdrawal"): lambda town: Call(
        json={"reason": "不再需要"}, ids={"application_id": town.ids["own_application_id"]}
    ),
    ("POST", f"{PROJECT}/key-applications/{{application_id}}/issue"): lambda town: Call(
        json={"reason": "现场领取"}, ids={"application_id": town.ids["approved_id"]}
    ),
    ("POST", f"{PROJECT}/gates/{{gate_id}}/self-tests"): lambda _: Call(),
    ("POST", f"{PROJECT}/site-codes"): told(name="西门"),
    ("PUT", f"{PRESENCE}/choice"): told(way="witness"),
    ("PUT", f"{PRESENCE}/consents/{{purpose}}"): told(text_version=1),
    ("POST", f"{PRESENCE}/consents/{{purpose}}/withdrawal"): lambda _: Call(ids={"purpose": "face_reference"}),
    ("POST", f"{PRESENCE}/passkeys/challenges"): lambda _: Call(),
    ("POST", f"{PRESENCE}/passkeys"): lambda town: Call(json=town.ways.registering),
    ("POST", f"{PRESENCE}/passkey-challenges"): lambda town: Call(json={"project_id": town.ids["project_id"]}),
    ("POST", f"{PRESENCE}/passkey-proofs"): lambda town: Call(json=town.ways.showing),
    ("POST", f"{PRESENCE}/site-code-proofs"): lambda town: Call(
        json={"project_id": town.ids["project_id"], "code": town.ways.scan}
    ),
    ("POST", f"{PRESENCE}/witness-requests"): lambda town: Call(
        json={"project_id": town.ids["project_id"], "fixes": [fix()]}
    ),
    ("POST", f"{PRESENCE}/witness-looks"): lambda town: Call(json={"code": town.ways.witness_code}),
    ("POST", f"{PRESENCE}/witness-statements"): lambda town: Call(
        json={"code": town.ways.witness_code, "fixes": [fix()]}
    ),
    ("GET", "/admin/v1/gate-key-register/csv"): lambda _: Call(params=PERIOD),
    ("GET", "/admin/v1/gate-key-register/xlsx"): lambda _: Call(params=PERIOD),
    ("GET", "/admin/v1/gate-key-report"): lambda _: Call(params={"year": 2026}),
    ("GET", "/admin/v1/gate-key-report/xlsx"): lambda _: Call(params={"year": 2026}),
    ("POST", f"{PROJECT}/gate-pairing-windows"): told(vendor="zkteco", reason="新装闸机"),
    ("POST", f"{PROJECT}/gate-outages"): lambda town: Call(
        json={
            "gate_ids": [town.ids["gate_id"]],
            "reason": "断电",
            "expires_at": (town.clock.now() + timedelta(hours=4)).isoformat(),
        }
    ),
    ("POST", f"{PROJECT}/outage-declarations/{{declaration_id}}/photos"): lambda _: Call(
        content=photo_of(2), media_type="image/jpeg"
    ),
    ("GET", f"{PROJECT}/outage-declarations/{{declaration_id}}/photos/{{digest}}"): lambda town: Call(
        ids={"digest": town.ids["outage_digest"]}
    ),
    ("POST", f"{PROJECT}/gate-outages/{{outage_id}}/withdrawal"): told(reason="已恢复供电"),
    ("POST", f"{PROJECT}/punches/{{punch_id}}/redatings"): lambda town: Call(
        json={"occurred_at": (town.clock.now() - timedelta(hours=2)).isoformat(), "reason": "停电后时钟回零"},
        ids={"punch_id": town.ids["misdated_id"]},
    ),
    ("POST", f"{PROJECT}/person-bindings"): lambda town: Call(
        json={"bindings": [{"kind": "card", "value": draw_code(), "person_id": town.ids["person_id"]}]}
    ),
    ("POST", f"{PROJECT}/person-bindings/end"): told(kind="pin", value="1001"),
    ("POST", f"{PROJECT}/fences"): lambda _: Call(json={"name": draw_code(), **DRAWING}),
    ("POST", f"{PROJECT}/fence-previews"): told(**DRAWING),
    ("POST", f"{PROJECT}/fence-imports"): _feature,
    ("POST", f"{PROJECT}/fence-file-previews"): _file,
    ("POST", f"{PROJECT}/fence-evaluations"): told(crs="wgs84", x=CENTRE.lon, y=CENTRE.lat, accuracy_m=8.0),
    ("POST", f"{PROJECT}/fences/{{fence_id}}/versions"): told(**DRAWING),
    ("POST", f"{PROJECT}/fences/{{fence_id}}/corrections"): lambda town: Call(
        json={
            "number": 1,
            "valid_from": (town.clock.now() - timedelta(days=3)).isoformat(),
            "valid_until": (town.clock.now() - timedelta(days=2)).isoformat(),
            "reason": "围栏位置有误",
        }
    ),
    ("POST", f"{PROJECT}/fence-corrections/{{correction_id}}/approval"): told(changes=0),
    ("POST", f"{PROJECT}/fence-corrections/{{correction_id}}/withdrawal"): lambda _: Call(),
    ("POST", f"{PROJECT}/fences/{{fence_id}}/versions/{{number}}/simulation"): told(days=7),
    ("POST", f"{PROJECT}/fences/{{fence_id}}/versions/{{number}}/submission"): lambda _: Call(ids={"number": "2"}),
    ("POST", f"{PROJECT}/fences/{{fence_id}}/versions/{{number}}/publication"): lambda _: Call(
        json={}, ids={"number": "2"}
    ),
    ("POST", f"{PROJECT}/fences/{{fence_id}}/versions/{{number}}/withdrawal"): lambda _: Call(ids={"number": "2"}),
    ("POST", f"{PROJECT}/alignments"): lambda _: Call(json={"name": draw_code(), **LINE}),
    ("POST", f"{PROJECT}/alignment-previews"): told(**LINE),
    ("POST", f"{PROJECT}/alignments/{{alignment_id}}/versions"): lambda town: Call(
        json={
            **{name: LINE[name] for name in ("crs", "coordinates", "start")},
            "valid_from": town.clock.now().isoformat(),
        }
    ),
    ("GET", f"{PROJECT}/alignments/{{alignment_id}}/places"): lambda _: Call(
        params={"crs": "wgs84", "x": CENTRE.lon, "y": CENTRE.lat}
    ),
    ("GET", f"{PROJECT}/chainages"): lambda town: Call(
        params={"label": "K0+100", "alignment_id": town.ids["alignment_id"]}
    ),
    ("PUT", f"{PROJECT}/sections/{{section_id}}/ranges"): lambda town: Call(
        json={"ranges": [{"alignment_id": town.ids["alignment_id"], "begin": "K0+000", "end": "K0+200"}]}
    ),
    ("POST", f"{PROJECT}/fences/{{fence_id}}/work-faces"): lambda town: Call(
        json=FACE, ids={"fence_id": town.ids["corridor_id"]}
    ),
    ("PUT", f"{PROJECT}/fences/{{fence_id}}/work-faces/{{face_id}}"): lambda town: Call(
        json=FACE, ids={"fence_id": town.ids["corridor_id"]}
    ),
    ("GET", "/admin/v1/fence-map"): lambda _: Call(
        params={"bbox": f"{CENTRE.lon - 0.1},{CENTRE.lat - 0.1},{CENTRE.lon + 0.1},{CENTRE.lat + 0.1}", "zoom": 14}
    ),
    ("GET", "/admin/v1/fences-at"): lambda _: Call(params={"crs": "wgs84", "x": CENTRE.lon, "y": CENTRE.lat}),
    ("POST", "/gates/v1/events"): lambda town: Call(
        json={"clock_now": town.clock.now().isoformat(), "items": [_event(town)]}
    ),
    ("PUT", "/gates/v1/photos/{digest}"): lambda _: Call(content=PHOTO, media_type="image/jpeg"),
    ("POST", "/gates/v1/heartbeat"): lambda town: Call(json={"clock_now": town.clock.now().isoformat(), "backlog": 0}),
    **{("POST", f"/iclock/{name}{end}"): lambda _: _attlog() for name in PUSHED for end in ("", ".aspx")},
    ("POST", "/iclock/{rest}"): lambda _: replace(_attlog(), ids={"rest": "unheard/of"}),
    **{(method, "/gates/hikvision/{token}"): lambda _: _alert() for method in ("POST", "PUT")},
    ("POST", "/mobile/v1/session/code"): lambda town: Call(
        json={"phone_number": town.site.people["project_manager"].phone}
    ),
    ("POST", "/mobile/v1/session"): told(
        phone_number="19900000000",
        code="123456",
        phone={"install_id": "0195a0b0-0000-4000-8000-000000000001", "platform": "android"},
    ),
    ("POST", "/mobile/v1/session/refresh"): told(refresh_token="x" * 43),
    ("POST", "/mobile/v1/phone/key-challenges"): lambda _: Call(),
    ("POST", "/mobile/v1/phone/keys"): lambda town: Call(
        json=Signing().prove(town.anchors.challenge(town.families[Role.KEY_PERSON], town.clock.now()))
    ),
    ("POST", f"{PROJECT}/people/{{person_id}}/phones/{{phone_id}}/confirmation"): lambda town: Call(
        ids={"person_id": str(town.site.people[THEIRS].id), "phone_id": str(town.awaiting[0])}
    ),
    ("POST", f"{PROJECT}/people/{{person_id}}/phones/{{phone_id}}/lock"): told(reason="手机遗失"),
    ("POST", f"{PROJECT}/people/{{person_id}}/phones/{{phone_id}}/unlock"): lambda _: Call(),
    ("POST", f"{PROJECT}/phone-queues"): lambda town: Call(json=_exported(town)),
    ("POST", "/mobile/v1/phone/witness-codes"): lambda _: Call(),
    ("POST", "/mobile/v1/phone/confirmations"): lambda town: Call(
        json={"code": town.anchors.witness_code(town.awaiting[1], town.clock.now())}
    ),
    ("POST", "/mobile/v1/sync"): lambda town: Call(content=_queue(town)),
    ("POST", "/mobile/v1/uploads"): lambda _: Call(
        headers={"Tus-Resumable": "1.0.0", "Upload-Length": "100", "Upload-Metadata": upload_metadata(b"\x00" * 32)}
    ),
    ("HEAD", "/mobile/v1/uploads/{upload_id}"): lambda _: Call(headers={"Tus-Resumable": "1.0.0"}),
    ("DELETE", "/mobile/v1/uploads/{upload_id}"): lambda _: Call(headers={"Tus-Resumable": "1.0.0"}),
    ("PATCH", "/mobile/v1/uploads/{upload_id}"): lambda _: Call(
        content=b"part",
        media_type="application/offset+octet-stream",
        headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"},
    ),
    ("POST", f"{PROJECT}/requests/{{filing_id}}/endorsement"): lambda town: Call(
        json={"endorse": True, "seq": 1}, ids={"filing_id": town.ids["make_up_id"]}
    ),
    ("POST", f"{PROJECT}/requests/{{filing_id}}/decision"): told(approve=True, seq=1, note="同意"),
    ("POST", f"{PROJECT}/requests/{{filing_id}}/ending"): lambda town: Call(
        json={"last_on": None, "seq": 1, "note": "通知返岗"}, ids={"filing_id": town.ids["granted_id"]}
    ),
    ("POST", "/admin/v1/request-rules/{kind}"): lambda town: Call(
        json={"project_id": town.ids["project_id"], "settings": {"per_month": 3}}, ids={"kind": "make_up"}
    ),
    ("POST", "/admin/v1/leave-black-outs"): lambda town: Call(
        json={
            "first_on": "2026-10-01",
            "last_on": "2026-10-07",
            "name": "国庆值守",
            "posts": ["project_manager"],
            "project_id": town.ids["project_id"],
        }
    ),
    ("POST", "/admin/v1/leave-black-outs/{black_out_id}/lifting"): lambda _: Call(),
    ("POST", "/admin/v1/reviews/rulings"): lambda town: Call(
        json={
            "outcome": "counted",
            "note": "现场核实",
            "items": [{"project_id": town.ids["project_id"], "punch_id": town.ids["punch_id"], "seq": 1}],
        }
    ),
    ("POST", "/mobile/v1/requests/make-ups"): lambda town: _request(
        town, reason="gate_fault", direction="in", at=(town.clock.now() - timedelta(hours=2)).isoformat()
    ),
    ("POST", "/mobile/v1/requests/appeals"): lambda town: _request(
        town,
        reason="was_present",
        against="day",
        claims=[{"direction": "out", "at": (town.clock.now() - timedelta(hours=1)).isoformat()}],
    ),
    ("POST", "/mobile/v1/requests/leave"): lambda town: _request(
        town, kind="sick", first_on=town.clock.now().date().isoformat(), last_on=town.clock.now().date().isoformat()
    ),
    ("POST", "/mobile/v1/requests/{filing_id}/withdrawal"): lambda _: Call(),
    ("POST", "/mobile/v1/requests/{filing_id}/ending"): lambda town: Call(
        json={"last_on": None}, ids={"filing_id": town.ids["granted_id"]}
    ),
    ("POST", "/mobile/v1/requests/{filing_id}/deputy-answer"): lambda town: Call(
        json={"confirm": True}, ids={"filing_id": town.others["filing_id"]}
    ),
    ("GET", "/mobile/v1/projects/{project_id}/leave-deputies"): lambda _: Call(
        params={"first_on": "2026-03-20", "last_on": "2026-03-21"}
    ),
    ("PUT", "/admin/v1/calendar-days/{on}"): told(working=False, name="市级停工日"),
    ("POST", "/admin/v1/alerts/{group_id}/reading"): lambda _: Call(),
    ("POST", "/mobile/v1/alerts/{group_id}/reading"): lambda _: Call(),
    ("POST", "/admin/v1/alerts/{group_id}/acknowledgement"): told(),
    ("POST", "/admin/v1/alerts/{group_id}/snooze"): lambda town: Call(
        json={"until_at": (town.clock.now() + timedelta(hours=2)).isoformat()}
    ),
    ("POST", "/admin/v1/alerts/{group_id}/resolution"): told(note="已致电项目经理"),
    ("POST", f"{PROJECT}/people/{{person_id}}/evidence-packs"): lambda town: Call(
        json={"month": f"{town.clock.now():%Y-%m}", "purpose": "劳动争议举证"}
    ),
    ("POST", "/mobile/v1/my-month/evidence-pack"): lambda town: Call(
        json={"project_id": town.ids["project_id"], "month": f"{town.clock.now():%Y-%m}"}
    ),
    ("GET", f"{PROJECT}/service-record"): lambda _: Call(params={"year": 2026}),
    ("GET", f"{PROJECT}/service-record/xlsx"): lambda _: Call(params={"year": 2026}),
    ("POST", "/admin/v1/bulletins"): lambda town: Call(
        json={
            "kind": "daily",
            "on": f"{town.clock.now().date() - timedelta(days=2):%Y-%m-%d}",
            "district_id": town.ids["district_id"],
        }
    ),
    ("GET", "/admin/v1/bulletin-draft"): lambda town: Call(
        params={
            "kind": "daily",
            "on": f"{town.clock.now().date() - timedelta(days=2):%Y-%m-%d}",
            "district_id": town.ids["district_id"],
        }
    ),
    ("GET", "/admin/v1/bulletins/{bulletin_id}/differences"): lambda _: Call(params={"edition": 2}),
    ("POST", "/admin/v1/bulletins/{bulletin_id}/editions"): told(reason="补录闸机数据"),
    ("PUT", "/admin/v1/bulletin-settings"): lambda town: Call(
        json={"district_id": town.ids["district_id"], "issuer": "示例区建设局"}
    ),
    ("GET", "/admin/v1/bulletin-settings"): lambda town: Call(params={"district_id": town.ids["district_id"]}),
    ("POST", "/admin/v1/alert-rules/{kind}"): lambda town: Call(
        json={"project_id": town.ids["project_id"], "settings": {"severity": "info"}}
    ),
    ("POST", "/admin/v1/alert-rules/{kind}/preview"): lambda town: Call(
        json={
            "project_id": town.ids["project_id"],
            "since": (town.clock.now() - timedelta(days=30)).isoformat(),
            "until": town.clock.now().isoformat(),
        }
    ),
    ("PUT", "/admin/v1/me/alert-preferences"): told(quiet_from="21:00:00", muted=["gate_declared"]),
    ("PUT", "/mobile/v1/alert-preferences"): told(quiet_from="21:00:00"),
    ("POST", "/admin/v1/me/alert-delegations"): lambda town: Call(
        json={"username": town.colleague, "until_at": (town.clock.now() + timedelta(days=3)).isoformat()}
    ),
    ("POST", "/admin/v1/me/alert-delegations/{delegation_id}/end"): lambda _: Call(),
    ("POST", "/mobile/v1/uploads/{upload_id}"): lambda _: Call(
        headers={"Tus-Resumable": "1.0.0", "X-HTTP-Method-Override": "HEAD"}
    ),
    ("POST", f"{PROJECT}/people/{{person_id}}/face-references"): lambda _: _photos(),
    ("POST", f"{PROJECT}/people/{{person_id}}/face-references/{{reference_id}}/approval"): told(reason="符合"),
    ("POST", f"{PROJECT}/people/{{person_id}}/face-references/{{reference_id}}/rejection"): told(reason="模糊"),
    ("POST", "/mobile/v1/liveness/challenges"): lambda town: Call(json={"project_id": town.ids["project_id"]}),
    ("POST", "/mobile/v1/liveness/challenges-ahead"): lambda town: Call(json={"project_id": town.ids["project_id"]}),
    ("POST", "/mobile/v1/liveness/challenges/{challenge_id}/frames"): lambda town: _frames(town),  # noqa: PLW0108 - it stands further down
    **{
        ("POST", f"/mobile/v1/face-references/{act}"): lambda town: Call(
            json={"reference_id": town.ids["approved_reference_id"], "reason": "不像本人"}
        )
        for act in ("dispute", "renewal")
    },
    ("POST", "/mobile/v1/check-ins"): lambda town: Call(json=tap(town.clock.now(), town.site.project.id)),
}


def _queue(town: Town) -> bytes:
    town.phone.punches(town.site.project.id)
    return town.phone.body()


def _photos() -> Call:
    media_type, body = form([("photo", picture())])
    return Call(content=body, media_type=media_type)


def _frames(town: Town) -> Call:
    media_type, body = frames_form(as_answered(town.challenge), [picture() for _ in town.challenge.steps])
    return Call(content=body, media_type=media_type)


def _attlog() -> Call:
    row = b"7\t2026-03-16 09:29:00\t0\t1\t\t0\t0\t\r\n"
    return Call(content=row, media_type="text/plain", params={"SN": "SN0000000001", "table": "ATTLOG"})


def _alert() -> Call:
    return Call(json={"eventType": "heartBeat", "eventState": "active"}, ids={"token": "x" * 43})


def _exported(town: Town) -> dict[str, str]:
    body = _queue(town)
    signed = town.phone.headers(body)
    return {
        "key": signed["X-Daogang-Phone-Key"],
        "signature": signed["X-Daogang-Phone-Signature"],
        "body": body.decode(),
    }


def _event(town: Town) -> dict[str, Any]:
    return {
        "device_event_id": draw_code(12),
        "seq": 1,
        "occurred_at": town.clock.now().isoformat(),
        "person": {"kind": "pin", "value": "1001"},
        "direction": "in",
        "granted": True,
        "method": "face",
        "live": True,
    }


def call_of(method: str, template: str, town: Town) -> Call:
    """Return the call of a route; KeyError for a route with a body of which nobody said what to send."""
    maker = CALLS.get((method, template))
    if maker is None:
        if method in {"POST", "PUT", "PATCH"}:
            raise KeyError((method, template))
        return Call()
    return maker(town)


def _request(town: Town, **body: Any) -> Call:
    """Return what a phone files: each call under an id of its own."""
    return Call(json={"request_id": str(new_id(town.clock.now())), "project_id": town.ids["project_id"], **body})
