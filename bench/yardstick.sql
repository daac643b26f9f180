-- The frozen yardstick: one ledger row of 12 columns and one fence test by id, durable, nothing else.
\set fence random(1, 1000)
\set person random(1, 5000)
\set lon 114.0 + (:fence % 40) * 0.01 + random(-4000, 4000) / 1000000.0
\set lat 30.0 + (:fence / 40) * 0.01 + random(-4000, 4000) / 1000000.0
\set accuracy random(3, 60)
INSERT INTO yardstick.ledger (received_at, event_id, site_id, person_id, occurred_at, kind, lon, lat, accuracy_m,
  fence_id, inside, payload_digest)
SELECT clock_timestamp(), gen_random_uuid(), :fence, :person, clock_timestamp() - interval '1 second', 'check_in',
  :lon, :lat, :accuracy, f.id, ST_Covers(f.area, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)),
  '\x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'::bytea
FROM yardstick.fence f WHERE f.id = :fence;
