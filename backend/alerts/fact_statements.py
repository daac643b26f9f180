"""The statements that read the facts which rules look at; `fact_queries.py` turns their rows into facts."""

from typing import Final

_SITE: Final = "p.id, p.name, p.district_id, s.name, p.time_zone, p.cutover"
_FROM_SITE: Final = "FROM project p JOIN district s ON s.id = p.district_id"

SETTINGS = "SELECT id, kind, district_id, project_id, valid_from, set_at, body FROM alert_rule WHERE valid_from <= :at"

CALENDAR = "SELECT DISTINCT ON (on_day) on_day, working FROM calendar_day ORDER BY on_day, set_at DESC"

# Sites whose presence is due: building, and within their dates.
SITES = f"""
SELECT {_SITE} {_FROM_SITE}
WHERE p.status = 'building' AND (p.starts_on IS NULL OR p.starts_on <= :on) AND (p.ends_on IS NULL OR p.ends_on >= :on)
  AND (CAST(:district_id AS uuid) IS NULL OR p.district_id = :district_id)
  AND (CAST(:project_id AS uuid) IS NULL OR p.id = :project_id)
ORDER BY p.id
"""

# Behind the cursor those alone that were written by transactions which were not there at its mark.
_SINCE: Final = """
f.id > :after - :look_back AND f.id <= :upto AND (f.id > :after OR f.xid >= CAST(CAST(:xid AS text) AS xid8))
AND (CAST(:only AS bigint[]) IS NULL OR f.id = ANY(CAST(:only AS bigint[])))
"""

NUMBERS: Final = {
    "gate_fact": f"SELECT f.id FROM gate_fact f WHERE {_SINCE} ORDER BY f.id",
    "announced_fact": f"SELECT f.id FROM announced_fact f WHERE {_SINCE} ORDER BY f.id",
    "ledger_outbox": f"SELECT f.id FROM ledger_outbox f WHERE {_SINCE} ORDER BY f.id",
}

_OUTAGE: Final = f"""
SELECT {_SITE}, o.id, o.device_id, d.name, o.kind, o.from_at, o.recorded_at, o.reason, e.recorded_at, e.cause
FROM gate_outage o
JOIN gate_device d ON d.project_id = o.project_id AND d.id = o.device_id
JOIN project p ON p.id = o.project_id JOIN district s ON s.id = p.district_id
LEFT JOIN gate_outage_end e ON e.project_id = o.project_id AND e.outage_id = o.id
"""

OUTAGES_TOLD = f"""
{_OUTAGE}
WHERE (o.project_id, o.id) IN (
  SELECT f.project_id, f.subject_id FROM gate_fact f WHERE f.kind IN ('outage_opened', 'outage_ended') AND {_SINCE})
ORDER BY o.id
"""

# Open ones, and those whose end may have come since an alert about them was opened.
OUTAGES_OPEN = f"""
{_OUTAGE}
WHERE (e.outage_id IS NULL AND o.from_at < :before)
  OR (o.project_id, o.id) IN (
    SELECT a.project_id, CAST(substr(a.fact_key, 8) AS uuid) FROM alert a
    JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id
    WHERE a.kind = 'outage_long' AND t.state <> 'resolved')
ORDER BY o.id
"""

OUTAGES_BETWEEN = f"""
{_OUTAGE}
WHERE o.recorded_at >= :since AND o.recorded_at < :until
  AND (CAST(:district_id AS uuid) IS NULL OR p.district_id = :district_id)
  AND (CAST(:project_id AS uuid) IS NULL OR p.id = :project_id)
ORDER BY o.id
LIMIT 20000
"""

ANNOUNCED = f"""
SELECT f.id, f.kind, f.subject, f.occurred_at, f.detail, p.id IS NOT NULL, {_SITE}
FROM announced_fact f LEFT JOIN project p ON p.id = f.project_id LEFT JOIN district s ON s.id = p.district_id
WHERE {_SINCE} ORDER BY f.id
"""

ANNOUNCED_BETWEEN = f"""
SELECT f.id, f.kind, f.subject, f.occurred_at, f.detail, p.id IS NOT NULL, {_SITE}
FROM announced_fact f LEFT JOIN project p ON p.id = f.project_id LEFT JOIN district s ON s.id = p.district_id
WHERE f.recorded_at >= :since AND f.recorded_at < :until
  AND (CAST(:district_id AS uuid) IS NULL OR p.district_id = :district_id)
  AND (CAST(:project_id AS uuid) IS NULL OR p.id = :project_id)
ORDER BY f.id
LIMIT 20000
"""

# By which office somebody acts on a project: the first of those that he holds over it.
_OFFICE: Final = """
LEFT JOIN LATERAL (
  SELECT g.role FROM role_grant g
  WHERE g.account_id = {of} AND g.revoked_at IS NULL
    AND (g.project_id = p.id OR g.district_id = p.district_id OR (g.project_id IS NULL AND g.district_id IS NULL))
  ORDER BY array_position(CAST(:offices AS text[]), g.role) LIMIT 1
) o ON true
"""

# The step of a request that was announced, with the office of who took it, and where the request stands by now.
_REQUEST: Final = f"""
SELECT {_SITE}, i.id, i.kind, t.kind, f.detail ->> 'state', CAST(f.detail ->> 'level' AS integer), t.seq, s2.seq,
  s2.due_on, t.at, i.person_id, i.party_id, y.kind, i.deputy_id,
  CASE WHEN t.account_id IS NOT NULL THEN coalesce(o.role, 'other') END, t.note,
  coalesce(t.account_id = i.filed_by, false), t.last_on
FROM announced_fact f
JOIN project p ON p.id = f.project_id JOIN district s ON s.id = p.district_id
JOIN request_filing i ON i.project_id = p.id
  AND i.id = CASE WHEN f.kind IN ('requests.filed', 'requests.moved') THEN CAST(f.subject AS uuid) END
JOIN request_step t ON t.project_id = i.project_id AND t.request_id = i.id
  AND t.seq = CAST(f.detail ->> 'seq' AS integer)
JOIN request_state s2 ON s2.project_id = i.project_id AND s2.request_id = i.id
JOIN project_party y ON y.project_id = i.project_id AND y.id = i.party_id
{_OFFICE.format(of="t.account_id")}
"""

REQUESTS_TOLD = f"{_REQUEST} WHERE f.kind IN ('requests.filed', 'requests.moved') AND {_SINCE} ORDER BY f.id"

REQUESTS_BETWEEN = f"""
{_REQUEST}
WHERE f.kind IN ('requests.filed', 'requests.moved') AND f.recorded_at >= :since AND f.recorded_at < :until
  AND (CAST(:district_id AS uuid) IS NULL OR p.district_id = :district_id)
  AND (CAST(:project_id AS uuid) IS NULL OR p.id = :project_id)
ORDER BY f.id
LIMIT 20000
"""

# The party by which a person is on a project: the one of his latest assignment there.
_PARTY: Final = """
LEFT JOIN LATERAL (
  SELECT po.party_id FROM assignment a JOIN post po ON po.project_id = a.project_id AND po.id = a.post_id
  WHERE a.project_id = {of}.project_id AND a.person_id = {of}.person_id ORDER BY a.from_on DESC, a.id LIMIT 1
) party ON true
"""

# What a named person ruled on a punch, or what counts because nobody did in time; each ruling by its keys.
_RULING: Final = f"""
SELECT {_SITE}, r.punch_id, t.occurred_at, t.quarantined, r.seq, t.seq, r.outcome, r.reasons -> 0 ->> 'code', r.note,
  r.ruled_at, t.person_id, party.party_id, CASE WHEN r.ruled_by IS NOT NULL THEN coalesce(o.role, 'other') END
FROM {{told}}
JOIN punch_status t ON t.project_id = r.project_id AND t.punch_id = r.punch_id
JOIN project p ON p.id = r.project_id JOIN district s ON s.id = p.district_id
{_PARTY.format(of="t")}
{_OFFICE.format(of="r.ruled_by")}
WHERE t.person_id IS NOT NULL
  AND (r.ruled_by IS NOT NULL OR r.reasons -> 0 ->> 'code' = 'attendance.review_undecided')
"""

RULINGS_TOLD = (
    _RULING.format(
        told="""ledger_outbox f
JOIN ruling r ON r.project_id = f.project_id AND r.ruled_at = f.recorded_at AND r.ruling_id = f.entry_id"""
    )
    + f" AND f.kind = 'ruling' AND {_SINCE} ORDER BY f.id"
)

RULINGS_BETWEEN = (
    _RULING.format(told="ruling r")
    + """
  AND r.ruled_at >= :since AND r.ruled_at < :until AND r.seq > 1
  AND (CAST(:district_id AS uuid) IS NULL OR p.district_id = :district_id)
  AND (CAST(:project_id AS uuid) IS NULL OR p.id = :project_id)
ORDER BY r.ruled_at, r.ruling_id LIMIT 20000
"""
)

_SIGNAL: Final = f"""
SELECT {_SITE}, g.kind, g.to_at, g.found_at, g.device_id, d.name, g.person_id, pe.name, party.party_id
FROM gate_signal g
JOIN gate_device d ON d.project_id = g.project_id AND d.id = g.device_id
JOIN project p ON p.id = g.project_id JOIN district s ON s.id = p.district_id
LEFT JOIN person pe ON pe.id = g.person_id
{_PARTY.format(of="g")}
"""

SIGNALS_FOUND = f"{_SIGNAL} WHERE g.found_at > :since AND g.found_at <= :until ORDER BY g.found_at, g.id"

SIGNALS_BETWEEN = f"""
{_SIGNAL}
WHERE g.found_at >= :since AND g.found_at < :until
  AND (CAST(:district_id AS uuid) IS NULL OR p.district_id = :district_id)
  AND (CAST(:project_id AS uuid) IS NULL OR p.id = :project_id)
ORDER BY g.found_at LIMIT 20000
"""

# Each punch by its keys: punch_status knows in which month it was received.
_PUNCH: Final = f"""
SELECT {_SITE}, u.signals, u.occurred_at, u.received_at, u.person_id, pe.name, party.party_id, u.punch_id
FROM {{told}}
JOIN project p ON p.id = u.project_id JOIN district s ON s.id = p.district_id
LEFT JOIN person pe ON pe.id = u.person_id
{_PARTY.format(of="u")}
"""

PUNCHES_TOLD = (
    _PUNCH.format(
        told="""ledger_outbox f
JOIN punch_status t ON t.project_id = f.project_id AND t.punch_id = f.entry_id
JOIN punch u ON u.project_id = t.project_id AND u.received_at = t.received_at AND u.punch_id = t.punch_id"""
    )
    + f"""
WHERE f.kind = 'punch' AND {_SINCE} AND u.signals <> '{{}}' AND u.source = 'phone' AND u.person_id IS NOT NULL
ORDER BY f.id
"""
)

PUNCHES_BETWEEN = (
    _PUNCH.format(told="punch u")
    + """
WHERE u.received_at >= :since AND u.received_at < :until AND u.signals <> '{}' AND u.source = 'phone'
  AND u.person_id IS NOT NULL
  AND (CAST(:district_id AS uuid) IS NULL OR p.district_id = :district_id)
  AND (CAST(:project_id AS uuid) IS NULL OR p.id = :project_id)
ORDER BY u.received_at LIMIT 20000
"""
)

# Posts with those who hold them on a day, and what is known of these by now.
POSTS = """
SELECT po.project_id, po.id, po.kind, po.party_id, c.name, a.person_id, pe.name, d.first_at,
  coalesce(d.in_review, 0) > 0,
  EXISTS (SELECT FROM person_day o WHERE o.person_id = a.person_id AND o.work_on = :on AND o.project_id <> po.project_id
    AND o.punches > 0)
FROM post po
JOIN project_party pp ON pp.project_id = po.project_id AND pp.id = po.party_id
JOIN company c ON c.id = pp.company_id
LEFT JOIN assignment a ON a.project_id = po.project_id AND a.post_id = po.id AND a.from_on <= :on
  AND (a.to_on IS NULL OR a.exit_confirmed_at IS NULL OR a.to_on >= :on)
LEFT JOIN person pe ON pe.id = a.person_id
LEFT JOIN person_day d ON d.project_id = po.project_id AND d.person_id = a.person_id AND d.work_on = :on
WHERE po.project_id = ANY(CAST(:projects AS uuid[])) AND po.kind = ANY(CAST(:posts AS text[]))
ORDER BY po.project_id, po.id, a.from_on, a.person_id
"""

DUTIES = """
SELECT a.project_id, a.id, po.kind, po.party_id, c.name, a.person_id, pe.name, a.from_on, d.present, d.valid
FROM assignment a
JOIN post po ON po.project_id = a.project_id AND po.id = a.post_id
JOIN project_party pp ON pp.project_id = po.project_id AND pp.id = po.party_id
JOIN company c ON c.id = pp.company_id
JOIN person pe ON pe.id = a.person_id
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(w.work_on) FILTER (WHERE w.punches + w.in_review > 0), '{}') AS present,
    coalesce(array_agg(w.work_on) FILTER (WHERE w.valid AND w.project_id = a.project_id), '{}') AS valid
  FROM person_day w WHERE w.person_id = a.person_id AND w.work_on BETWEEN :first AND :on) d
WHERE a.project_id = ANY(CAST(:projects AS uuid[])) AND po.kind = ANY(CAST(:posts AS text[])) AND a.from_on <= :on
  AND (a.to_on IS NULL OR a.exit_confirmed_at IS NULL OR a.to_on >= :on)
ORDER BY a.project_id, a.id
"""

QUEUES = """
SELECT project_id, work_on, sum(in_review), max(to_at) FROM person_day
WHERE project_id = ANY(CAST(:projects AS uuid[])) AND work_on BETWEEN :first AND :on AND in_review > 0
GROUP BY project_id, work_on ORDER BY project_id, work_on
"""
