-- Makes :projects projects with 20 holders of key posts and :workers workers each, their person-days of the working days of
-- March 2026, and with :punches > 0 the ledger's states of four punches a day; else those of the first project alone.
INSERT INTO district (id, code, name, created_at)
SELECT md5('district' || n)::uuid, (990100 + n)::text, 'D' || n, '2026-01-01' FROM generate_series(1, 13) n;
INSERT INTO company (id, name, created_at)
SELECT md5('company' || n)::uuid, 'C' || n, '2026-01-01' FROM generate_series(1, 200) n;
INSERT INTO project (id, registration_no, name, district_id, category, status, site_mode, time_zone, cutover, starts_on,
  created_at)
SELECT md5('project' || n)::uuid, '990101-' || 10000 + n, 'P' || n, md5('district' || 1 + n % 13)::uuid, '02', 'building', 'either',
  'Asia/Shanghai', '04:00', '2026-01-01', '2026-01-01'
FROM generate_series(1, :projects) n;
INSERT INTO project_party (project_id, id, company_id, kind, created_at)
SELECT md5('project' || n)::uuid, md5('party' || n || k)::uuid, md5('company' || 1 + (n + length(k)) % 200)::uuid, k,
  '2026-01-01'
FROM generate_series(1, :projects) n, unnest(ARRAY['009', '007', '008']) k;
INSERT INTO post (project_id, id, party_id, kind, seats, created_at)
SELECT md5('project' || n)::uuid, md5('post' || n || kind)::uuid, md5('party' || n || party)::uuid, kind, 1, '2026-01-01'
FROM generate_series(1, :projects) n, (VALUES ('project_manager', '009'), ('technical_lead', '009'),
  ('safety_officer', '009'), ('quality_officer', '009'), ('builder', '009'), ('chief_supervisor', '007'),
  ('chief_deputy', '007'), ('specialist_supervisor', '007'), ('safety_supervisor', '007'),
  ('owner_project_leader', '008'), ('worker', '009')) k (kind, party);
INSERT INTO person (id, name, document_type, document_cipher, document_blind, document_last4_blind, created_at)
SELECT md5('person' || n || '-' || m)::uuid, 'N' || n || '-' || m, '01', ''::bytea,
  sha256(('person' || n || '-' || m)::bytea), sha256((n || 'last' || m)::bytea), '2026-01-01'
FROM generate_series(1, :projects) n, generate_series(1, 20 + :workers) m;
INSERT INTO assignment (project_id, id, post_id, person_id, from_on, created_at)
SELECT md5('project' || n)::uuid, md5('assignment' || n || '-' || m)::uuid, md5('post' || n || CASE WHEN m > 20
    THEN 'worker' ELSE (ARRAY['project_manager', 'technical_lead', 'chief_supervisor', 'chief_deputy', 'owner_project_leader',
    'safety_officer', 'quality_officer', 'builder', 'specialist_supervisor', 'safety_supervisor'])[1 + m % 10] END)::uuid,
  md5('person' || n || '-' || m)::uuid, '2026-01-01', '2026-01-01'
FROM generate_series(1, :projects) n, generate_series(1, 20 + :workers) m;
-- Nine of ten days are worked; one of twenty-five has something in review; days are from two to ten hours long.
INSERT INTO person_day (project_id, person_id, work_on, from_at, to_at, first_at, last_at, span_s, punches, in_review,
  sources, valid, provisional, entries, rule, revision, computed_at)
SELECT md5('project' || n)::uuid, md5('person' || n || '-' || m)::uuid, day, day + interval '-4 h', day + interval '20 h',
  day + interval '-1 h', day + (1 + (n + m + d) % 9) * interval '1 h', 3600 * (2 + (n + m + d) % 9), 4,
  CASE WHEN (n * 7 + m * 3 + d) % 25 = 0 THEN 1 ELSE 0 END, ARRAY['gate'], (n + m + d) % 9 >= 2, false,
  ARRAY(SELECT md5('punch' || n || '-' || m || '-' || d || '-' || i)::uuid FROM generate_series(1, 4) i), 'default-1', 0,
  '2026-03-31'
FROM generate_series(1, :projects) n, generate_series(1, 20 + :workers) m,
  (SELECT day::timestamptz, row_number() OVER (ORDER BY day)::int AS d
   FROM generate_series('2026-03-02'::date, '2026-03-31', '1 day') day WHERE extract(isodow FROM day) < 6) days
WHERE :punches > 0 OR (n + m * 3 + d) % 10 > 0
ORDER BY d, md5(n::text);
INSERT INTO punch_status (project_id, punch_id, received_at, ruling_id, seq, outcome, person_id, occurred_at, direction,
  source)
SELECT d.project_id, d.entries[i], at, md5(d.entries[i]::text)::uuid, 1,
  CASE WHEN i = 4 AND d.in_review > 0 THEN 'review' ELSE 'counted' END, d.person_id, at,
  CASE WHEN i % 2 = 1 THEN 'in' ELSE 'out' END, 'gate'
FROM person_day d, generate_series(1, 4) i, LATERAL (SELECT d.first_at + (i - 1) * d.span_s / 3 * interval '1 s' AS at) t
WHERE :punches > 0 OR d.in_review > 0 OR d.project_id = md5('project1')::uuid;
