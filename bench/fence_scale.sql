-- Time inside the database of reading a known site's fences, and of finding what lies at a position; milliseconds each.
-- A search goes through the small pieces of the areas, then asks what is in force. Both loops run on plans made once, as
-- a connection of the server has them after some requests.
SET search_path = fence_scale, public;
SET plan_cache_mode = force_generic_plan;

CREATE OR REPLACE FUNCTION time_reads(sites uuid[], moment timestamptz) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
  site uuid;
  begun timestamptz;
  took float8[] := '{}';
BEGIN
  FOREACH site IN ARRAY sites LOOP
    begun := clock_timestamp();
    :load;
    took := took || extract(epoch FROM clock_timestamp() - begun) * 1000;
  END LOOP;
  RETURN took;
END $$;

CREATE OR REPLACE FUNCTION time_searches(lons float8[], lats float8[], moment timestamptz) RETURNS float8[]
LANGUAGE plpgsql AS $$
DECLARE
  place geometry;
  found bigint;
  begun timestamptz;
  took float8[] := '{}';
BEGIN
  FOR number IN 1 .. cardinality(lons) LOOP
    place := ST_SetSRID(ST_MakePoint(lons[number], lats[number]), 4326);
    begun := clock_timestamp();
    WITH here AS MATERIALIZED (
      SELECT DISTINCT p.project_id, p.version_id FROM fence_part p WHERE ST_Covers(p.area, place))
    SELECT count(*) INTO found FROM here
    WHERE EXISTS (
      SELECT FROM fence_period f
      WHERE f.project_id = here.project_id AND f.version_id = here.version_id
        AND upper_inf(f.known_during) AND f.valid_during @> moment);
    took := took || extract(epoch FROM clock_timestamp() - begun) * 1000;
  END LOOP;
  RETURN took;
END $$;
