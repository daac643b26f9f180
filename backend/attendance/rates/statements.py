"""The statement that reckons many people's days at once; the same rules as `evaluation.py`, set by set.

Its parts: the rules in force and the calendar as they were given, who has the duty of which post (`stay`), what rules,
stops and leave make of it (`held`), one row for each day of it (`slot`), the punches of the day (`seen`), credits
(`credited`), what others' days bear on it (`day`), then sums.
Where days come from person-days, the ledger's states are asked (`asked`) for those days alone that person-days do not
tell apart: with punches in review, make-ups, or where directions matter. A computation reads all of them there.
A city's week is 280 000 days: what can be said once for a rule or a stay is not said for each of its days.
"""

from typing import Final

GIVEN: Final = """
WITH rule AS MATERIALIZED (
  SELECT r.*, kind = 'pro_rata' AS pro_rata, kind = 'in_and_out' AS both_ways
  FROM jsonb_to_recordset(CAST(:rules AS jsonb)) AS r (no int, kind text, min_punches int, apart_s int,
    days text, less_stop_work boolean, less_leave boolean, days_off boolean, several text, several_from int, a_week int,
    holder text, deputy text, deputy_due boolean, covers boolean)
), force AS MATERIALIZED (
  SELECT * FROM unnest(CAST(:force_projects AS uuid[]), CAST(:force_from AS date[]), CAST(:force_to AS date[]),
    CAST(:force_nos AS int[]), CAST(:due_from AS date[]), CAST(:due_to AS date[]))
    AS f (project_id, from_on, to_on, no, due_from, due_to)
), calendar AS MATERIALIZED (
  SELECT on_day, working, six_days, date_trunc('week', on_day)::date AS monday
  FROM unnest(CAST(:days AS date[]), CAST(:working AS boolean[]), CAST(:six_days AS boolean[]))
    AS c (on_day, working, six_days)
), weekday AS MATERIALIZED (
  SELECT r.no, c.on_day, c.monday,
    CASE r.days WHEN 'every' THEN true WHEN 'six_day_week' THEN c.six_days ELSE c.working END AS working
  FROM rule r CROSS JOIN calendar c
), duty AS (
  SELECT a.project_id, a.post_id, p.kind AS post_kind, p.party_id, a.person_id,
    greatest(a.from_on, CAST(:first AS date)) AS from_on,
    least(CASE WHEN a.exit_confirmed_at IS NOT NULL THEN a.to_on END, CAST(:last AS date)) AS to_on
  FROM assignment a JOIN post p ON p.project_id = a.project_id AND p.id = a.post_id
  WHERE a.from_on <= :last AND (a.to_on IS NULL OR a.exit_confirmed_at IS NULL OR a.to_on >= :first)
    AND p.kind = ANY (CAST(:post_kinds AS text[])) AND a.project_id = ANY (CAST(:projects AS uuid[]))
), stay AS MATERIALIZED (
  SELECT (row_number() OVER ())::int AS stay_no, project_id, post_id, post_kind, party_id, person_id,
    range_agg(daterange(from_on, to_on, '[]')) AS days
  FROM duty WHERE from_on <= to_on GROUP BY project_id, post_id, post_kind, party_id, person_id
), stopped AS MATERIALIZED (
  SELECT project_id, range_agg(daterange(from_on, to_on, '[]')) AS days
  FROM (
    SELECT s.project_id, s.from_on, least(s.to_on, e.last_on) AS to_on
    FROM stop_work s
    JOIN stop_work_step a ON a.project_id = s.project_id AND a.stop_work_id = s.id AND a.kind = 'approved'
    LEFT JOIN stop_work_step e ON e.project_id = s.project_id AND e.stop_work_id = s.id AND e.kind = 'ended'
    WHERE s.project_id = ANY (CAST(:projects AS uuid[]))
  ) o WHERE to_on IS NULL OR from_on <= to_on GROUP BY project_id
), away AS MATERIALIZED (
  SELECT project_id, person_id, range_agg(daterange(from_on, to_on, '[]')) AS days
  FROM unnest(CAST(:leave_projects AS uuid[]), CAST(:leave_people AS uuid[]), CAST(:leave_from AS date[]),
    CAST(:leave_to AS date[])) AS l (project_id, person_id, from_on, to_on)
  GROUP BY project_id, person_id
), held AS MATERIALIZED (
  -- What rules, stops and leave make of a stay is said once for it, not for each of its days.
  SELECT s.stay_no, s.project_id, s.party_id, s.person_id, f.due_from, f.due_to,
    w.days AS stop_days, l.days AS leave_days, greatest(lower(span), f.from_on) AS from_on,
    least(upper(span) - 1, f.to_on) AS to_on, r.no, r.pro_rata, r.both_ways, r.min_punches, r.apart_s, r.days_off,
    r.less_stop_work, r.less_leave, r.deputy_due, r.covers,
    coalesce(s.post_kind = r.holder, false) AS is_holder, coalesce(s.post_kind = r.deputy, false) AS is_deputy,
    CASE WHEN s.post_kind = r.several THEN r.several_from END AS several_from
  FROM stay s
  CROSS JOIN LATERAL unnest(s.days) AS span
  JOIN force f ON f.project_id = s.project_id AND f.from_on < upper(span) AND f.to_on >= lower(span)
  JOIN rule r ON r.no = f.no
  LEFT JOIN stopped w ON w.project_id = s.project_id
  LEFT JOIN away l ON l.project_id = s.project_id AND l.person_id = s.person_id
), several AS MATERIALIZED (
  -- On how many projects, anywhere, somebody holds such a post that day.
  SELECT a.person_id, c.on_day, r.no, count(DISTINCT a.project_id)::int AS projects
  FROM assignment a JOIN post p ON p.project_id = a.project_id AND p.id = a.post_id
  JOIN calendar c ON c.on_day >= a.from_on
    AND (a.to_on IS NULL OR a.exit_confirmed_at IS NULL OR c.on_day <= a.to_on)
  JOIN rule r ON r.several = p.kind
  WHERE a.person_id IN (SELECT h.person_id FROM held h WHERE h.several_from IS NOT NULL)
  GROUP BY a.person_id, c.on_day, r.no
), slot AS (
  SELECT h.*, c.on_day, c.monday,
    c.working AND c.on_day BETWEEN h.due_from AND h.due_to AS calendar_due,
    coalesce(c.on_day <@ h.stop_days, false) AS is_stopped, coalesce(c.on_day <@ h.leave_days, false) AS on_leave
  FROM held h JOIN weekday c ON c.no = h.no AND c.on_day BETWEEN h.from_on AND h.to_on
)"""


def _of_day(prefix: str, which: str) -> str:
    """Return the columns of what a day's punches come to: of those that fulfil `which`."""
    kept = f"FILTER (WHERE {which})"
    return f"""
    count(*) {kept}::int AS {prefix}punches,
    coalesce(extract(epoch FROM max(occurred_at) {kept} - min(occurred_at) {kept}), 0)::int AS {prefix}span_s,
    coalesce(bool_or(direction = 'in') {kept}, false) AS {prefix}goes_in,
    coalesce(bool_or(direction = 'out') {kept}, false) AS {prefix}goes_out"""


_OF_DAY: Final = ",".join(
    (
        _of_day("", "outcome = 'counted'"),
        _of_day("own_", "outcome = 'counted' AND source <> 'make_up'"),
        _of_day("likely_", "true"),
    )
)

SEEN_IN_PERSON_DAYS: Final = f""", asked AS MATERIALIZED (
  SELECT h.stay_no, d.work_on AS on_day, x.*
  FROM person_day d
  JOIN held h ON h.project_id = d.project_id AND h.person_id = d.person_id AND d.work_on BETWEEN h.from_on AND h.to_on
  CROSS JOIN LATERAL (SELECT true AS asked,{_OF_DAY}
    FROM punch_status p
    WHERE p.person_id = d.person_id AND p.project_id = d.project_id AND p.occurred_at >= d.from_at
      AND p.occurred_at < d.to_at AND p.outcome <> 'refused' AND NOT p.quarantined
    HAVING count(*) > 0
  ) x
  WHERE d.work_on BETWEEN :first AND :last AND d.project_id = ANY (CAST(:projects AS uuid[]))
    AND (d.in_review > 0 OR 'make_up' = ANY (d.sources)
      OR d.project_id IN (SELECT b.project_id FROM held b WHERE b.both_ways))
), seen AS (
  SELECT s.*,
    coalesce(d.punches, 0) AS punches, coalesce(d.span_s, 0) AS span_s,
    coalesce(x.goes_in, false) AS goes_in, coalesce(x.goes_out, false) AS goes_out,
    CASE WHEN x.asked THEN x.own_punches ELSE coalesce(d.punches, 0) END AS own_punches,
    CASE WHEN x.asked THEN x.own_span_s ELSE coalesce(d.span_s, 0) END AS own_span_s,
    coalesce(x.own_goes_in, false) AS own_goes_in, coalesce(x.own_goes_out, false) AS own_goes_out,
    CASE WHEN x.asked THEN x.likely_punches ELSE coalesce(d.punches, 0) END AS likely_punches,
    CASE WHEN x.asked THEN x.likely_span_s ELSE coalesce(d.span_s, 0) END AS likely_span_s,
    coalesce(x.likely_goes_in, false) AS likely_goes_in, coalesce(x.likely_goes_out, false) AS likely_goes_out
  FROM slot s
  LEFT JOIN person_day d
    ON d.project_id = s.project_id AND d.person_id = s.person_id AND d.work_on = s.on_day
    AND d.work_on BETWEEN :first AND :last AND d.project_id = ANY (CAST(:projects AS uuid[]))
  LEFT JOIN asked x ON x.stay_no = s.stay_no AND x.on_day = s.on_day
)"""  # noqa: S608 - our own columns

SEEN_IN_LEDGER: Final = f""", ledger_day AS MATERIALIZED (
  SELECT p.project_id, p.person_id, ((p.occurred_at AT TIME ZONE z.time_zone) - z.cutover)::date AS on_day,{_OF_DAY}
  FROM punch_status p
  JOIN unnest(CAST(:zone_projects AS uuid[]), CAST(:zones AS text[]), CAST(:cutovers AS interval[]))
    AS z (project_id, time_zone, cutover) ON z.project_id = p.project_id
  WHERE p.person_id IS NOT NULL AND p.outcome <> 'refused' AND NOT p.quarantined
    AND p.occurred_at >= CAST(:from_at AS timestamptz) AND p.occurred_at < CAST(:to_at AS timestamptz)
  GROUP BY p.project_id, p.person_id, on_day
), seen AS (
  SELECT s.*,
    coalesce(d.punches, 0) AS punches, coalesce(d.span_s, 0) AS span_s, d.goes_in, d.goes_out,
    coalesce(d.own_punches, 0) AS own_punches, coalesce(d.own_span_s, 0) AS own_span_s, d.own_goes_in, d.own_goes_out,
    coalesce(d.likely_punches, 0) AS likely_punches, coalesce(d.likely_span_s, 0) AS likely_span_s,
    d.likely_goes_in, d.likely_goes_out
  FROM slot s
  LEFT JOIN ledger_day d ON d.project_id = s.project_id AND d.person_id = s.person_id AND d.on_day = s.on_day
)"""  # noqa: S608 - our own columns


def _credit(prefix: str) -> str:
    return f"""CASE
      WHEN {prefix}punches < min_punches THEN 0
      WHEN pro_rata THEN least(1000, {prefix}span_s::bigint * 1000 / greatest(apart_s, 1))::int
      WHEN both_ways AND ({prefix}goes_in AND {prefix}goes_out) IS NOT TRUE THEN 0
      WHEN {prefix}span_s >= apart_s THEN 1000 ELSE 0 END"""


JUDGED: Final = f""", credited AS NOT MATERIALIZED (
  SELECT seen.*, {_credit("")} AS credit, {_credit("own_")} AS own_credit, {_credit("likely_")} AS likely_credit
  FROM seen
), pair AS MATERIALIZED (
  SELECT c.project_id, c.party_id, c.on_day,
    coalesce(max(c.credit) FILTER (WHERE c.is_holder), 0) AS holder_credit,
    coalesce(max(c.credit) FILTER (WHERE c.is_deputy), 0) AS deputy_credit,
    coalesce(max(c.own_credit) FILTER (WHERE c.is_deputy), 0) AS deputy_own,
    coalesce(max(c.likely_credit) FILTER (WHERE c.is_deputy), 0) AS deputy_likely
  FROM credited c
  WHERE c.is_holder OR c.is_deputy
  GROUP BY c.project_id, c.party_id, c.on_day
), day AS (
  SELECT c.*, coalesce(v.projects, 1) AS projects,
    coalesce(p.holder_credit, 0) AS holder_credit, coalesce(p.deputy_credit, 0) AS deputy_credit,
    coalesce(p.deputy_own, 0) AS deputy_own, coalesce(p.deputy_likely, 0) AS deputy_likely
  FROM credited c
  LEFT JOIN several v ON v.person_id = c.person_id AND v.on_day = c.on_day AND v.no = c.no
    AND c.several_from IS NOT NULL
  LEFT JOIN pair p ON p.project_id = c.project_id AND p.party_id = c.party_id AND p.on_day = c.on_day
    AND (c.is_holder OR c.is_deputy)
)"""  # noqa: S608 - our own columns

SUMMED: Final = """, excused AS (
  SELECT d.*, d.on_day <= :until AS passed,
    (d.is_stopped AND d.less_stop_work) OR (d.on_leave AND d.less_leave) AS is_excused,
    d.deputy_due AND d.is_deputy AND d.holder_credit > 0 AS is_represented,
    CASE WHEN d.projects >= d.several_from THEN d.monday END AS week
  FROM day d
  OFFSET 0  -- so that each of these is reckoned once a day, not in every sum that asks for it
), judged AS (
  SELECT e.*, x.due, (x.due OR e.week IS NOT NULL OR e.days_off) AS counts,
    coalesce(e.covers AND e.is_holder AND x.due, false) AS covered_by
  FROM excused e CROSS JOIN LATERAL (SELECT e.calendar_due AND NOT e.is_excused AND NOT e.is_represented AS due) x
), part AS (
  SELECT stay_no, no, week,
    count(*) AS on_duty,
    count(*) FILTER (WHERE NOT is_excused) AS days, count(*) FILTER (WHERE NOT is_excused AND passed) AS open_days,
    count(*) FILTER (WHERE due) AS due_all, count(*) FILTER (WHERE due AND passed) AS due,
    coalesce(sum(CASE WHEN covered_by AND credit = 0 THEN deputy_credit ELSE credit END)
      FILTER (WHERE counts AND passed), 0) AS valid,
    coalesce(sum(CASE WHEN covered_by AND own_credit = 0 THEN deputy_own ELSE own_credit END)
      FILTER (WHERE counts AND passed), 0) AS own,
    coalesce(sum(CASE WHEN covered_by AND likely_credit = 0 THEN deputy_likely ELSE likely_credit END)
      FILTER (WHERE counts AND passed), 0) AS likely,
    coalesce(sum(deputy_credit) FILTER (WHERE covered_by AND credit = 0 AND passed), 0) AS covered,
    count(*) FILTER (WHERE on_leave) AS leave_days, count(*) FILTER (WHERE is_stopped) AS stop_days,
    count(*) FILTER (WHERE punches > 0 AND passed) AS present_days,
    count(*) FILTER (WHERE likely_punches > punches AND passed) AS review_days,
    count(*) FILTER (WHERE own_punches < punches AND passed) AS make_up_days
  FROM judged
  GROUP BY stay_no, no, week
), owed AS (
  SELECT p.*, p.week IS NOT NULL AS weekly,
    CASE WHEN p.week IS NOT NULL THEN least(due, (2 * r.a_week * open_days + 7) / 14) ELSE due END AS owes,
    CASE WHEN p.week IS NOT NULL THEN least(due_all, (2 * r.a_week * p.days + 7) / 14) ELSE due_all END AS owes_all
  FROM part p JOIN rule r ON r.no = p.no
), total AS (
  SELECT stay_no,
    sum(on_duty)::int AS on_duty, sum(owes)::int AS due, sum(owes_all)::int AS due_all,
    sum(CASE WHEN weekly THEN least(valid, owes * 1000) ELSE valid END)::int AS valid,
    sum(CASE WHEN weekly THEN least(own, owes * 1000) ELSE own END)::int AS own,
    sum(CASE WHEN weekly THEN least(likely, owes * 1000) ELSE likely END)::int AS likely,
    sum(CASE WHEN weekly THEN least(covered, owes * 1000) ELSE covered END)::int AS covered,
    sum(leave_days)::int AS leave_days, sum(stop_days)::int AS stop_days, sum(present_days)::int AS present_days,
    sum(review_days)::int AS review_days, sum(make_up_days)::int AS make_up_days
  FROM owed
  GROUP BY stay_no
), last_rule AS (
  SELECT DISTINCT ON (stay_no) stay_no, no FROM held ORDER BY stay_no, to_on DESC
)
SELECT s.project_id, s.post_id, s.post_kind, s.party_id, s.person_id, l.no, t.on_duty, t.due, t.due_all, t.valid, t.own,
  t.likely, t.covered, t.leave_days, t.stop_days, t.present_days, t.review_days, t.make_up_days
FROM total t JOIN stay s ON s.stay_no = t.stay_no JOIN last_rule l ON l.stay_no = t.stay_no
"""

SINGLE_DAYS: Final = """
SELECT d.project_id, s.post_id, s.post_kind, d.party_id, d.person_id, no, on_day,
  calendar_due, is_stopped, on_leave, projects,
  punches, span_s, goes_in, goes_out, own_punches, own_span_s, own_goes_in, own_goes_out,
  likely_punches, likely_span_s, likely_goes_in, likely_goes_out,
  holder_credit, deputy_credit, deputy_own, deputy_likely
FROM day d JOIN stay s ON s.stay_no = d.stay_no WHERE d.person_id = :person_id
ORDER BY d.project_id, s.post_kind, s.post_id, on_day
"""
