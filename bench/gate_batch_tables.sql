-- What a gate's batches wrote, as rows to be written once more in plain SQL: batch by batch, for another project.
CREATE SCHEMA IF NOT EXISTS bench;

CREATE TABLE bench.pass AS
SELECT 0 AS batch, :'mirror'::uuid AS project_id, p.received_at, p.punch_id, p.source, p.source_id, p.event_key,
  p.person_id, p.section_id, p.occurred_at, p.device_time, p.time_quality, p.direction, p.direction_source, p.trust,
  p.method, p.lane, p.granted, p.policy_version, p.signals, p.payload_digest, p.private_digest, v.key_id, v.sealed,
  r.ruling_id, r.outcome, r.reasons, d.bucket, d.receipt, p.received_at AS from_at, p.received_at AS to_at,
  current_date AS work_on
FROM punch p
JOIN punch_private v USING (project_id, received_at, punch_id)
JOIN ruling r USING (project_id, punch_id)
JOIN punch_dedupe d USING (project_id, punch_id)
WITH NO DATA;
CREATE INDEX ON bench.pass (batch);
