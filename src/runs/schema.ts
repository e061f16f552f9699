/** SQL that leads from one version of the tables to the next; only ever appended to. */
export const RUNS_MIGRATIONS = [
  `CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL,
    duration_ms REAL NOT NULL,
    first_event_ms REAL,
    status INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    key TEXT NOT NULL,
    conversation TEXT,
    agent TEXT,
    batch TEXT,
    model TEXT,
    upstream_model TEXT,
    upstream TEXT,
    provider TEXT,
    input_tokens INTEGER,
    cached_tokens INTEGER,
    output_tokens INTEGER,
    cost_usd REAL,
    saved_usd REAL,
    cache TEXT,
    error_type TEXT,
    error TEXT,
    details TEXT NOT NULL
  );
  CREATE INDEX runs_by_id ON runs (id);
  CREATE INDEX runs_by_time ON runs (started_at_ms);
  CREATE TABLE recordings (
    seq INTEGER PRIMARY KEY REFERENCES runs (seq) ON DELETE CASCADE,
    bytes INTEGER NOT NULL,
    packed BLOB NOT NULL
  );`,
  // Ids are random: their index cost more than all the rest of storing a run, and is asked when a person clicks.
  `DROP INDEX runs_by_id;`,
]
