-- The frozen yardstick's own tables: a ledger of 12 columns in monthly partitions and 1 000 fences of 64 corners.
-- Never change this file or yardstick.sql: every ratio ever noted is a share of what they measure.
CREATE SCHEMA yardstick;

CREATE TABLE yardstick.fence (id integer PRIMARY KEY, area geometry(Polygon, 4326) NOT NULL);

-- Stars round the points of a grid, 250 m and 400 m wide by turns of their corners.
INSERT INTO yardstick.fence
SELECT n, ST_SetSRID(ST_MakePolygon(ST_MakeLine(ARRAY(
  SELECT ST_MakePoint(114.0 + (n % 40) * 0.01 + cos(radians(corner * 5.625)) * (0.0026 + corner % 2 * 0.0015),
                      30.0 + (n / 40) * 0.01 + sin(radians(corner * 5.625)) * (0.0023 + corner % 2 * 0.0013))
  FROM (SELECT corner % 64 AS corner FROM generate_series(0, 64) AS corner) AS corners))), 4326)
FROM generate_series(1, 1000) AS n;

CREATE TABLE yardstick.ledger (
  received_at timestamptz NOT NULL,
  event_id uuid NOT NULL,
  site_id integer NOT NULL,
  person_id integer NOT NULL,
  occurred_at timestamptz NOT NULL,
  kind text NOT NULL,
  lon double precision NOT NULL,
  lat double precision NOT NULL,
  accuracy_m double precision NOT NULL,
  fence_id integer NOT NULL,
  inside boolean NOT NULL,
  payload_digest bytea NOT NULL,
  PRIMARY KEY (received_at, event_id)
) PARTITION BY RANGE (received_at);
CREATE INDEX ON yardstick.ledger (site_id, received_at);
CREATE INDEX ON yardstick.ledger (person_id, received_at);

SELECT format('CREATE TABLE yardstick.ledger_%s PARTITION OF yardstick.ledger FOR VALUES FROM (%L) TO (%L)',
              to_char(month, 'YYYYMM'), month, month + interval '1 month')
FROM generate_series(date_trunc('month', now()) - interval '3 months', now() + interval '24 months', '1 month') AS month
\gexec

VACUUM ANALYZE yardstick.fence;
