-- bench.rows artifacts of the people and projects that seed.py made.
-- Person and project of each artifact by its number; a conversation for every twenty.
CREATE UNLOGGED TABLE bench AS
SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS version, n / 20 AS thread,
    now() - (current_setting('bench.rows')::int - n) * interval '1 minute' AS at,
    CASE WHEN (n / 20) % 100 < 40 THEN 0 ELSE 1 + (n / 20) % 9 END AS person,
    CASE WHEN (n / 20) % 100 < 40 THEN (n / 20) % 2 ELSE (n / 20 / 100) % 4 END AS project,
    n % 100 >= 80 AS shared,
    (ARRAY['image', 'html', 'code', 'file', 'file'])[1 + n % 5] AS type
FROM generate_series(0, current_setting('bench.rows')::int - 1) n;

CREATE UNLOGGED TABLE bench_thread AS
SELECT thread, gen_random_uuid() AS id, min(at) AS at, min(person) AS person, min(project) AS project
FROM bench GROUP BY thread;

INSERT INTO conversations_conversation (id, title, started_from, created_at, updated_at, owner_id, project_id)
SELECT t.id, 'Conversation ' || t.thread, NULL, t.at, t.at, u.id, p.id
FROM bench_thread t
JOIN accounts_user u ON u.username = CASE t.person WHEN 0 THEN 'viewer' ELSE 'colleague' || t.person END
JOIN projects_project p ON p.slug = 'project-' || t.project;

INSERT INTO artifacts_artifact (id, name, output_name, kind, gallery_type, saved_at, description, visibility,
    latest_number, created_at, updated_at, conversation_id, owner_id, project_id, current_id, name_terms)
SELECT b.id, (ARRAY['Report', 'Sales', 'Plot', 'Notes', 'Forecast', 'Survey', 'Budget'])[1 + b.n % 7] || ' ' || b.n
    || (ARRAY['.png', '.html', '.py', '.csv', '.txt'])[1 + b.n % 5], 'out' || b.n, 'file', b.type,
    CASE WHEN b.shared THEN b.at END, '', CASE WHEN b.shared THEN 'project' ELSE 'private' END,
    1, b.at, b.at, c.id, c.owner_id, c.project_id, NULL, ''
FROM bench b JOIN bench_thread t USING (thread) JOIN conversations_conversation c ON c.id = t.id;

INSERT INTO artifacts_version (id, number, file, media_type, size, sha256, preview, table_index, tool, created_at,
    artifact_id, message_id)
SELECT b.version, 1, 'uploads/' || b.n, 'text/plain', 1000 + b.n % 5000, md5(b.n::text) || md5(b.n::text),
    '{"excerpt": "First lines of it"}', NULL, 'python_exec', b.at, b.id, NULL
FROM bench b;

UPDATE artifacts_artifact a SET current_id = b.version FROM bench b WHERE b.id = a.id;

-- Words by how often they come: in all, in a third, in a hundredth, in twenty, in one.
INSERT INTO artifacts_searchentry (artifact_id, name, description, body, text)
SELECT a.id, lower(replace(a.name, '.', ' ')), '', w.words, w.words
FROM bench b JOIN artifacts_artifact a ON a.id = b.id
CROSS JOIN LATERAL (SELECT 'everywhere content of number ' || b.n
    || CASE WHEN b.n % 3 = 0 THEN ' third annual report' ELSE '' END
    || CASE WHEN b.n % 100 = 0 THEN ' hundredth' ELSE '' END
    || CASE WHEN b.n % (current_setting('bench.rows')::int / 20) = 0 THEN ' seldom' ELSE '' END
    || ' ' || (SELECT string_agg('w' || ((b.n::bigint * k * 7919) % 50000), ' ') FROM generate_series(1, 15) k)
    AS words) w;

DROP TABLE bench, bench_thread;
