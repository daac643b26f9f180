-- Takes what the gate of one project wrote since the last time as the batches that plain SQL writes next.
-- People get ids of their own, as another site's people have, so that nobody's day has twice as many punches.
TRUNCATE bench.pass;
INSERT INTO bench.pass
SELECT dense_rank() OVER (ORDER BY p.received_at), :'mirror'::uuid, p.received_at, p.punch_id, p.source, p.source_id,
  p.event_key, md5(p.person_id::text)::uuid, p.section_id, p.occurred_at, p.device_time, p.time_quality, p.direction,
  p.direction_source, p.trust, p.method, p.lane, p.granted, p.policy_version, p.signals, p.payload_digest,
  p.private_digest, v.key_id, v.sealed, r.ruling_id, r.outcome, r.reasons, d.bucket, d.receipt,
  day.from_at, day.to_at, day.work_on
FROM punch p
JOIN punch_private v USING (project_id, received_at, punch_id)
JOIN ruling r USING (project_id, punch_id)
JOIN punch_dedupe d USING (project_id, punch_id)
JOIN person_day day ON day.project_id = p.project_id AND day.person_id = p.person_id
  AND p.occurred_at >= day.from_at AND p.occurred_at < day.to_at
WHERE p.project_id = :'gate'::uuid AND p.received_at > :'since'::timestamptz;
VACUUM ANALYZE bench.pass;
-- Plain SQL gets the best plans there are: without fresh figures it looked through whole projects.
ANALYZE punch_status;
ANALYZE person_day;
SELECT count(*) FROM bench.pass;
