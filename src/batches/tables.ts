/** The tables of batches.db; only ever appended to. */
export const BATCH_MIGRATIONS = [
  `CREATE TABLE batches (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    creator TEXT NOT NULL,
    total INTEGER NOT NULL DEFAULT 0,
    succeeded INTEGER NOT NULL DEFAULT 0,
    errored INTEGER NOT NULL DEFAULT 0,
    canceled INTEGER NOT NULL DEFAULT 0,
    expired INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL DEFAULT 0,
    expires_at_ms INTEGER NOT NULL DEFAULT 0,
    ended_at_ms INTEGER,
    cancel_initiated_at_ms INTEGER,
    purged INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX batches_by_owner ON batches (owner, created_at_ms, seq);
  CREATE INDEX batches_by_state ON batches (state);
  CREATE TABLE items (
    seq INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL REFERENCES batches (seq),
    custom_id TEXT NOT NULL,
    state TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    due_at_ms INTEGER NOT NULL DEFAULT 0,
    request BLOB,
    result BLOB
  );
  CREATE UNIQUE INDEX items_by_custom_id ON items (batch, custom_id);
  CREATE INDEX items_of_batch ON items (batch);
  CREATE INDEX items_waiting ON items (batch, due_at_ms) WHERE state = 'pending';
  CREATE INDEX items_running ON items (batch) WHERE state = 'running';`,
  `ALTER TABLE items ADD COLUMN upstream TEXT;
  ALTER TABLE items ADD COLUMN model TEXT;
  ALTER TABLE items ADD COLUMN call BLOB;
  ALTER TABLE items ADD COLUMN errand INTEGER;
  ALTER TABLE items ADD COLUMN completion BLOB;
  ALTER TABLE items ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX items_to_hand_over ON items (batch, upstream, model) WHERE state = 'waiting' AND errand IS NULL;
  CREATE INDEX items_of_errand ON items (errand) WHERE errand IS NOT NULL;
  CREATE TABLE errands (
    seq INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL REFERENCES batches (seq),
    upstream TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    ask_at_ms INTEGER NOT NULL
  );`,
]
