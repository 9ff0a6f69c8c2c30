//! The tables, and how they came to be what they are: each version is a step from the one before.

use rusqlite::Connection;

/// Steps, the first from an empty file to version 1. A step that was released is never edited.
const STEPS: &[&str] = &[V1, V2, super::checks::TABLES, super::quality::TABLES];

const V1: &str = "
CREATE TABLE jobs (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  -- What the sender called it, and a digest of what was sent with that name.
  idempotency_key TEXT,
  request TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
  -- What is looked at: paths and tables beside them, as JSON.
  source TEXT NOT NULL,
  sent_by TEXT,
  created_at TEXT NOT NULL,
  started_at TEXT,
  finished_at TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  message TEXT,
  begin_record TEXT,
  summary TEXT,
  -- Each sender has names of his own.
  UNIQUE (sent_by, idempotency_key)
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, n);

CREATE TABLE uploads (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  job TEXT NOT NULL REFERENCES jobs (id),
  path TEXT NOT NULL,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  title TEXT,
  artists TEXT,
  album TEXT,
  release TEXT,
  label TEXT,
  account TEXT,
  isrc TEXT,
  duration_ms INTEGER NOT NULL,
  codec TEXT NOT NULL,
  received_at TEXT NOT NULL,
  -- clear 0, review 1, hold 2, reject 3; -1 where the file could not be read.
  verdict INTEGER NOT NULL,
  -- How grave, for the queue: the verdict, then the surest match.
  rank INTEGER NOT NULL,
  result TEXT,
  matches INTEGER NOT NULL,
  best TEXT,
  best_pct REAL,
  resemblances INTEGER NOT NULL,
  clusters INTEGER NOT NULL,
  rules TEXT NOT NULL,
  says TEXT NOT NULL,
  error TEXT,
  index_id TEXT,
  -- open, passed, held, rejected, parked, clear
  status TEXT NOT NULL,
  -- Number of the last review in the log; what a reviewer has seen, so that nobody overwrites another.
  revision INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX uploads_by_rank ON uploads (status, rank DESC, n);
CREATE INDEX uploads_by_time ON uploads (status, n);
CREATE INDEX uploads_by_verdict ON uploads (status, verdict);
CREATE INDEX uploads_by_job ON uploads (job, n);
CREATE INDEX uploads_by_account ON uploads (account, status, rank DESC, n);
CREATE INDEX uploads_by_label ON uploads (label, status, rank DESC, n);
CREATE INDEX uploads_by_release ON uploads (release, status, rank DESC, n);
CREATE INDEX accounts_by_status ON uploads (status, account);
CREATE INDEX labels_by_status ON uploads (status, label);
CREATE INDEX uploads_by_content ON uploads (sha256);

-- What is searched for parts of words, by the numbers of uploads.
CREATE VIRTUAL TABLE uploads_text USING fts5 (
  title, artists, name, isrc, best, content = '', tokenize = 'trigram'
);

-- Where the records of an upload stand in the file of its job.
CREATE TABLE lines (
  upload INTEGER NOT NULL REFERENCES uploads (n),
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL
) STRICT;
CREATE INDEX lines_by_upload ON lines (upload, start);

CREATE TABLE clusters (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  job TEXT NOT NULL REFERENCES jobs (id),
  size INTEGER NOT NULL,
  score REAL NOT NULL,
  level INTEGER NOT NULL,
  says TEXT NOT NULL,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  UNIQUE (job, id)
) STRICT;
CREATE INDEX clusters_by_id ON clusters (id, n);
CREATE TABLE cluster_uploads (
  cluster INTEGER NOT NULL REFERENCES clusters (n),
  upload INTEGER NOT NULL REFERENCES uploads (n),
  PRIMARY KEY (cluster, upload)
) STRICT, WITHOUT ROWID;
CREATE INDEX clusters_by_upload ON cluster_uploads (upload);

-- Reviews as the log of decisions has them: a copy, made anew from it whenever they differ.
CREATE TABLE reviews (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  upload TEXT NOT NULL,
  action TEXT NOT NULL,
  reason TEXT NOT NULL,
  who TEXT NOT NULL,
  at TEXT NOT NULL,
  until TEXT,
  rulings TEXT NOT NULL,
  undoes TEXT
) STRICT;
CREATE INDEX reviews_by_upload ON reviews (upload, seq);

CREATE TABLE notes (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  upload TEXT NOT NULL,
  who TEXT NOT NULL,
  at TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX notes_by_upload ON notes (upload, n);

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

const V2: &str = "
-- The verdicts of a job may be in the log of decisions already.
ALTER TABLE jobs ADD COLUMN audited INTEGER NOT NULL DEFAULT 0;
-- When what it says of people was taken out of it.
ALTER TABLE uploads ADD COLUMN erased_at TEXT;
ALTER TABLE uploads ADD COLUMN audio_erased_at TEXT;
CREATE INDEX uploads_by_received ON uploads (received_at);
-- Filters that name no status.
CREATE INDEX uploads_by_verdict_alone ON uploads (verdict, rank DESC, n);

-- Deliveries of watched folders that are taken, in which state of their contents, and as which job.
CREATE TABLE deliveries (
  folder TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  -- How it looked, where the same look means the same content.
  glance TEXT,
  job TEXT NOT NULL REFERENCES jobs (id),
  PRIMARY KEY (folder, name)
) STRICT, WITHOUT ROWID;

-- What receivers are to be told: entered with what it tells of, so that neither is there without the other.
CREATE TABLE messages (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  receiver TEXT NOT NULL,
  event TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'dead')),
  attempts INTEGER NOT NULL DEFAULT 0,
  -- When it is tried next, in milliseconds since 1970.
  due INTEGER NOT NULL,
  -- What came of the last attempt.
  outcome TEXT,
  sent_at TEXT
) STRICT;
CREATE INDEX messages_by_due ON messages (state, due);
CREATE INDEX messages_by_state ON messages (state, n);

-- What was erased, without saying of whom.
CREATE TABLE erasures (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  uploads INTEGER NOT NULL
) STRICT;
";

/// Brings the tables up to date; false where they are of a later version than this program knows.
pub fn migrate(db: &mut Connection) -> rusqlite::Result<bool> {
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let Ok(found) = usize::try_from(found) else { return Ok(false) };
    if found > STEPS.len() {
        return Ok(false);
    }
    for (at, step) in STEPS.iter().enumerate().skip(found) {
        let change = db.transaction()?;
        change.execute_batch(step)?;
        change.pragma_update(None, "user_version", (at + 1) as i64)?;
        change.commit()?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_made_once_and_a_later_version_is_left_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        assert!(migrate(&mut db).unwrap());
        db.execute("INSERT INTO meta VALUES ('a', 'b')", []).unwrap();
        assert!(migrate(&mut db).unwrap(), "nothing is done twice");
        let kept: i64 = db.query_row("SELECT count(*) FROM meta", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 1);
        db.pragma_update(None, "user_version", STEPS.len() as i64 + 1).unwrap();
        assert!(!migrate(&mut db).unwrap());
    }
}
