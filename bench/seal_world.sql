-- Punches with their first rulings, private rows and states, a hundred a second, as phones make them.
WITH n AS (SELECT g, project_id, punch_id, key_id, digest, sealed, %(at)s::timestamptz + g*interval '10 ms' AS at,
  gen_random_uuid() AS person FROM given), v AS (INSERT INTO punch_private (project_id, received_at, punch_id, key_id,
  sealed) SELECT project_id, at, punch_id, key_id, sealed FROM n), p AS (INSERT INTO punch (project_id,
  received_at, punch_id, source, source_id, event_key, person_id, occurred_at, device_time, time_quality, direction,
  direction_source, trust, method, lane, fence_version_id, policy_version, covered, signed_distance_m, probability,
  accuracy_m, sigma_m, chainage_m, offset_m, signals, payload_digest, private_digest) SELECT project_id, at, punch_id,
  'phone', person, 'event-'||g, person, at, at::text, 'online','in','person','phone','fixes','phone', person, 1, true,
  -3.25, 0.98, 8.5, 5.1, 177.25, -2.125, '{first_of_day}', sha256(g::text::bytea), digest FROM n), r
  AS (INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version) SELECT
  project_id, at, punch_id, punch_id, 1, 'counted',
  '[{"code":"decision.inside_fence","numbers":{"accuracy_m":8,"chainage":"K0+177","chainage_m":177.2,"distance_m":0,"offset_m":-2.1,"percent":98}}]',
  1 FROM n), s AS (INSERT INTO punch_status (project_id, punch_id, received_at, ruling_id, seq, outcome, person_id,
  occurred_at, direction, source) SELECT project_id, punch_id, at, punch_id, 1, 'counted', person, at, 'in', 'phone'
  FROM n) INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at) SELECT project_id, 'punch', punch_id, at
  FROM n
