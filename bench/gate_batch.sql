-- The writes of one gate batch in plain SQL, with nothing before or after them: ledger, dedupe keys, person-days.
\set batch :batch + 1
BEGIN;
INSERT INTO punch_dedupe (project_id, source_id, bucket, event_key, payload_digest, punch_id, receipt)
SELECT project_id, source_id, bucket, event_key, payload_digest, punch_id, receipt
FROM bench.pass WHERE batch = :batch
ON CONFLICT DO NOTHING;
INSERT INTO punch (project_id, received_at, punch_id, source, source_id, event_key, person_id, section_id, occurred_at,
  device_time, time_quality, direction, direction_source, trust, method, lane, granted, policy_version, signals,
  payload_digest, private_digest)
SELECT project_id, received_at, punch_id, source, source_id, event_key, person_id, section_id, occurred_at, device_time,
  time_quality, direction, direction_source, trust, method, lane, granted, policy_version, signals, payload_digest,
  private_digest
FROM bench.pass WHERE batch = :batch;
INSERT INTO punch_private (project_id, received_at, punch_id, key_id, sealed)
SELECT project_id, received_at, punch_id, key_id, sealed FROM bench.pass WHERE batch = :batch;
INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version)
SELECT project_id, received_at, ruling_id, punch_id, 1, outcome, reasons, policy_version
FROM bench.pass WHERE batch = :batch;
INSERT INTO punch_status (project_id, punch_id, received_at, ruling_id, seq, outcome, person_id, occurred_at, direction,
  source)
SELECT project_id, punch_id, received_at, ruling_id, 1, outcome, person_id, occurred_at, direction, source
FROM bench.pass WHERE batch = :batch;
INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)
SELECT project_id, 'punch', punch_id, received_at FROM bench.pass WHERE batch = :batch;
INSERT INTO person_day AS d (project_id, person_id, work_on, from_at, to_at, span_s, punches, in_review, sources, valid,
  provisional, entries, rule, revision, computed_at)
SELECT project_id, person_id, work_on, from_at, to_at, 0, 0, 0, '{}', false, false, '{}', '', 0, from_at
FROM bench.pass WHERE batch = :batch ORDER BY person_id, work_on
ON CONFLICT (project_id, person_id, work_on) DO UPDATE SET revision = d.revision + 1;
UPDATE person_day d SET first_at = f.first_at, last_at = f.last_at, punches = f.punches, sources = '{gate}',
  span_s = extract(epoch FROM f.last_at - f.first_at)::integer, entries = f.entries, rule = 'default',
  valid = f.punches >= 2 AND f.last_at - f.first_at >= interval '4 hours', computed_at = f.last_at
FROM (
  SELECT b.project_id, b.person_id, b.work_on, min(s.occurred_at) AS first_at, max(s.occurred_at) AS last_at,
    count(*) AS punches, array_agg(s.punch_id ORDER BY s.occurred_at) AS entries
  FROM bench.pass b
  JOIN punch_status s ON s.person_id = b.person_id AND s.project_id = b.project_id AND s.outcome = 'counted'
    AND s.occurred_at >= b.from_at AND s.occurred_at < b.to_at
  WHERE b.batch = :batch
  GROUP BY b.project_id, b.person_id, b.work_on
) f
WHERE d.project_id = f.project_id AND d.person_id = f.person_id AND d.work_on = f.work_on;
COMMIT;
