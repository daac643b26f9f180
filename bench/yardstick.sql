-- The frozen yardstick: one ledger row of 12 columns and one fence test by id, durable, nothing else.
\set probe random(1, 100000)
\set accuracy random(3, 60)
INSERT INTO yardstick.ledger (event_id, site_id, person_id, received_at, occurred_at, kind, lon, lat, accuracy_m, inside,
  payload_digest)
SELECT gen_random_uuid(), p.site_id, p.person_id, clock_timestamp(), clock_timestamp() - interval '1 second', 'check_in',
  p.lon, p.lat, :accuracy, ST_Covers(f.area, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326)),
  '\x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'::bytea
FROM yardstick.probe p JOIN yardstick.fence f ON f.id = p.fence_id
WHERE p.id = :probe;
