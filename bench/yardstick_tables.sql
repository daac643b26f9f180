-- The frozen yardstick's own tables: a ledger of 12 columns with four indexes in monthly partitions, 2 000 fences of 10
-- to 500 corners, and 100 000 people at places near a fence's edge. Never change this file or yardstick.sql: every ratio
-- ever noted is a share of what they measure.
CREATE SCHEMA yardstick;

CREATE TABLE yardstick.fence (id uuid PRIMARY KEY, area geometry(MultiPolygon, 4326) NOT NULL);

-- Stars round the points of a grid, some 300 to 700 m wide.
INSERT INTO yardstick.fence
SELECT md5(format('fence %s', n))::uuid, ST_Multi(ST_SetSRID(ST_MakePolygon(ST_MakeLine(ARRAY(
  SELECT ST_MakePoint(114.0 + (n % 40) * 0.01 + cos(2 * pi() * corner / corners) * (0.0026 + corner % 2 * 0.001),
                      30.0 + (n / 40) * 0.01 + sin(2 * pi() * corner / corners) * (0.0023 + corner % 2 * 0.001))
  FROM (SELECT (step % corners)::integer AS corner FROM generate_series(0, corners) AS step) AS steps))), 4326))
FROM (SELECT n, 2 * (5 + (245 * ((n * 37 % 246) / 246.0) ^ 2)::integer) AS corners FROM generate_series(1, 2000) AS n) AS sizes;

CREATE TABLE yardstick.probe (
  id integer PRIMARY KEY,
  fence_id uuid NOT NULL,
  site_id uuid NOT NULL,
  person_id uuid NOT NULL,
  lon double precision NOT NULL,
  lat double precision NOT NULL
);
INSERT INTO yardstick.probe
SELECT id, md5(format('fence %s', n))::uuid, md5(format('site %s', n))::uuid, md5(format('person %s', id))::uuid,
  114.0 + (n % 40) * 0.01 + cos(id) * 0.0028, 30.0 + (n / 40) * 0.01 + sin(id) * 0.0025
FROM (SELECT id, 1 + id * 7919 % 2000 AS n FROM generate_series(1, 100000) AS id) AS ids;

CREATE TABLE yardstick.ledger (
  id bigint GENERATED ALWAYS AS IDENTITY,
  event_id uuid NOT NULL,
  site_id uuid NOT NULL,
  person_id uuid NOT NULL,
  received_at timestamptz NOT NULL,
  occurred_at timestamptz NOT NULL,
  kind text NOT NULL,
  lon double precision NOT NULL,
  lat double precision NOT NULL,
  accuracy_m double precision NOT NULL,
  inside boolean NOT NULL,
  payload_digest bytea NOT NULL,
  PRIMARY KEY (id, received_at),
  UNIQUE (event_id, received_at)
) PARTITION BY RANGE (received_at);
CREATE INDEX ON yardstick.ledger (site_id, received_at);
CREATE INDEX ON yardstick.ledger (person_id, received_at);

SELECT format('CREATE TABLE yardstick.ledger_%s PARTITION OF yardstick.ledger FOR VALUES FROM (%L) TO (%L)',
              to_char(month, 'YYYYMM'), month, month + interval '1 month')
FROM generate_series(date_trunc('month', now()) - interval '3 months', now() + interval '24 months', '1 month') AS month
\gexec

VACUUM ANALYZE yardstick.fence;
VACUUM ANALYZE yardstick.probe;
