-- 2 000 projects in 13 districts, 20 holders of key posts each, their person-days of the week of 16 March 2026.
INSERT INTO district (id, code, name, created_at)
SELECT md5('district' || n)::uuid, (990100 + n)::text, '示例' || n || '区', '2026-01-01' FROM generate_series(1, 13) n;
INSERT INTO company (id, name, created_at)
SELECT md5('company' || n)::uuid, '示例建设集团' || n || '公司', '2026-01-01' FROM generate_series(1, 200) n;
INSERT INTO project (id, registration_no, name, district_id, category, status, site_mode, time_zone, cutover, starts_on,
  created_at)
SELECT md5('project' || n)::uuid, '990101-' || 10000 + n, '示例工程' || n || '号地块', md5('district' || 1 + n % 13)::uuid,
  '02', 'building', 'either', 'Asia/Shanghai', '04:00', '2026-01-01', '2026-01-01'
FROM generate_series(1, 2000) n;
INSERT INTO project_party (project_id, id, company_id, kind, created_at)
SELECT md5('project' || n)::uuid, md5('party' || n || k)::uuid, md5('company' || 1 + (n + k::int) % 200)::uuid, k, '2026-01-01'
FROM generate_series(1, 2000) n, unnest(ARRAY['009', '007']) k;
INSERT INTO post (project_id, id, party_id, kind, seats, created_at)
SELECT md5('project' || n)::uuid, md5('post' || n || kind)::uuid, md5('party' || n || party)::uuid, kind, 3, '2026-01-01'
FROM generate_series(1, 2000) n, (VALUES ('project_manager', '009'), ('technical_lead', '009'), ('safety_officer', '009'),
  ('quality_officer', '009'), ('builder', '009'), ('chief_supervisor', '007'), ('specialist_supervisor', '007'))
  k (kind, party);
INSERT INTO person (id, name, document_type, document_cipher, document_blind, document_last4_blind, created_at)
SELECT md5('person' || n || '-' || m)::uuid, 'N' || n || '-' || m, '01', ''::bytea,
  sha256(('person' || n || '-' || m)::bytea), sha256((n || 'last' || m)::bytea), '2026-01-01'
FROM generate_series(1, 2000) n, generate_series(1, 20) m;
INSERT INTO assignment (project_id, id, post_id, person_id, from_on, created_at)
SELECT md5('project' || n)::uuid, md5('assignment' || n || '-' || m)::uuid, md5('post' || n || (ARRAY['project_manager',
    'technical_lead', 'chief_supervisor', 'safety_officer', 'quality_officer', 'builder', 'specialist_supervisor'])[1 + m % 7])::uuid,
  md5('person' || n || '-' || m)::uuid, '2026-01-01', '2026-01-01'
FROM generate_series(1, 2000) n, generate_series(1, 20) m;
INSERT INTO person_day (project_id, person_id, work_on, from_at, to_at, first_at, last_at, span_s, punches, in_review,
  sources, valid, provisional, entries, rule, revision, computed_at)
SELECT md5('project' || n)::uuid, md5('person' || n || '-' || m)::uuid, day, day + interval '-4 h', day + interval '20 h',
  day, day + (1 + (n + m + d) % 9) * interval '1 h', 3600 * (1 + (n + m + d) % 9), 2, 0, ARRAY['gate'],
  (n + m + d) % 9 >= 3, false, ARRAY[md5('a' || n || m || d)::uuid, md5('b' || n || m || d)::uuid], 'default-1', 0, '2026-03-23'
FROM generate_series(1, 2000) n, generate_series(1, 20) m,
  (SELECT day::timestamptz AS day, row_number() OVER (ORDER BY day)::int AS d
   FROM generate_series('2026-03-16'::date, '2026-03-22', '1 day') day) days;
