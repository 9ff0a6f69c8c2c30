//! Uploads and clusters in the database: entered, listed, searched.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params, params_from_iter};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::rows::{
    COLUMNS, ClusterRow, LineRow, NewCluster, NewUpload, Status, UploadRow, Verdict,
};
use super::{StateError, Store};
use crate::id::hex;

/// Characters from which on a search goes by groups of three.
const TRIGRAM: usize = 3;
/// Digits of a SHA-256.
const SHA256: usize = 64;

/// In which order uploads are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The gravest first, of those the oldest.
    #[default]
    Gravest,
    /// The latest first.
    Newest,
    /// The earliest first.
    Oldest,
}

/// Which uploads are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Where they stand.
    pub status: Option<Status>,
    /// What they came to.
    pub verdict: Option<Verdict>,
    /// The account.
    pub account: Option<String>,
    /// The label.
    pub label: Option<String>,
    /// The release.
    pub release: Option<String>,
    /// A part of title, artist, name of the file, ISRC or reference; or a whole SHA-256.
    pub text: Option<String>,
    /// The job.
    pub job: Option<String>,
    /// Looked at at this time or later (RFC 3339, UTC).
    pub since: Option<String>,
    /// Looked at before this time.
    pub before: Option<String>,
    /// In which order.
    pub order: Order,
}

impl Filter {
    fn conditions(&self) -> (Vec<String>, Vec<Value>) {
        let mut parts: Vec<String> = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        let mut add = |column: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                parts.push(format!("{column} = ?"));
            }
        };
        let text = |value: &Option<String>| value.clone().map(Value::Text);
        add("status", self.status.map(|s| Value::Text(s.name().to_owned())));
        add("verdict", self.verdict.map(|v| Value::Integer(v.number())));
        add("account", text(&self.account));
        add("label", text(&self.label));
        add("release", text(&self.release));
        add("job", text(&self.job));
        for (condition, moment) in [(">=", &self.since), ("<", &self.before)] {
            if let Some(moment) = moment {
                parts.push(format!("received_at {condition} ?"));
                values.push(Value::Text(moment.clone()));
            }
        }
        // The search ends texts at NUL.
        let wanted = self.text.as_ref().map(|text| text.replace('\0', " "));
        if let Some(wanted) = wanted.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
            if wanted.len() == SHA256 && wanted.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                parts.push("sha256 = ?".to_owned());
                values.push(Value::Text(wanted.to_ascii_lowercase()));
                return (parts, values);
            }
            if wanted.chars().count() >= TRIGRAM {
                // A phrase: what stands in it is looked for as it stands.
                let phrase = format!("\"{}\"", wanted.replace('"', "\"\""));
                let matching = "SELECT rowid FROM uploads_text WHERE uploads_text MATCH ?";
                parts.push(format!("n IN ({matching})"));
                values.push(Value::Text(phrase));
                return (parts, values);
            }
            let escaped = wanted.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let columns = ["title", "artists", "name", "isrc", "best"];
            let like: Vec<String> =
                columns.iter().map(|column| format!("{column} LIKE ? ESCAPE '\\'")).collect();
            parts.push(format!("({})", like.join(" OR ")));
            values.extend(columns.map(|_| Value::Text(format!("%{escaped}%"))));
        }
        (parts, values)
    }
}

fn wherever(parts: &[String]) -> String {
    if parts.is_empty() { String::new() } else { format!("WHERE {}", parts.join(" AND ")) }
}

/// How many uploads stand where, and what they came to.
#[derive(Debug, Clone, Default)]
pub struct Counts(Vec<(Status, Verdict, u64)>);

impl Counts {
    /// Uploads of this status, and of this verdict if one is given.
    pub fn of(&self, status: Option<Status>, verdict: Option<Verdict>) -> u64 {
        let counted = self.0.iter().filter(|(s, v, _)| {
            status.is_none_or(|status| status == *s) && verdict.is_none_or(|verdict| verdict == *v)
        });
        counted.map(|(_, _, n)| n).sum()
    }
}

impl Store {
    /// Uploads that `filter` lets through, those behind the one that `after` names; with what names the last of
    /// them, if there are more.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn uploads(
        &self,
        filter: &Filter,
        after: Option<&str>,
        most: u32,
    ) -> Result<(Vec<UploadRow>, Option<String>), StateError> {
        let (mut parts, mut values) = filter.conditions();
        if let Some((rank, n)) = after.and_then(cursor) {
            match filter.order {
                Order::Gravest => {
                    parts.push("rank <= ? AND (rank < ? OR n > ?)".to_owned());
                    values.extend([rank, rank, n].map(Value::Integer));
                }
                Order::Newest => {
                    parts.push("n < ?".to_owned());
                    values.push(Value::Integer(n));
                }
                Order::Oldest => {
                    parts.push("n > ?".to_owned());
                    values.push(Value::Integer(n));
                }
            }
        }
        let order = match filter.order {
            Order::Gravest => "rank DESC, n",
            Order::Newest => "n DESC",
            Order::Oldest => "n",
        };
        let query =
            format!("SELECT {COLUMNS} FROM uploads {} ORDER BY {order} LIMIT ?", wherever(&parts));
        values.push(Value::Integer(i64::from(most) + 1));
        self.read(|db| {
            let mut query = db.prepare_cached(&query)?;
            let rows = query.query_map(params_from_iter(values), UploadRow::of)?;
            let mut rows: Vec<UploadRow> = rows.collect::<rusqlite::Result<_>>()?;
            let more = rows.len() > most as usize;
            rows.truncate(most as usize);
            let next = rows.last().filter(|_| more).map(|last| format!("{}.{}", last.rank, last.n));
            Ok((rows, next))
        })
    }

    /// An upload by its name.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn upload(&self, id: &str) -> Result<Option<UploadRow>, StateError> {
        self.read(|db| {
            let query = format!("SELECT {COLUMNS} FROM uploads WHERE id = ?1");
            Ok(db.prepare_cached(&query)?.query_row([id], UploadRow::of).optional()?)
        })
    }

    /// An upload of this content whose audio may still lie somewhere: the latest.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn upload_of_content(&self, sha256: &str) -> Result<Option<UploadRow>, StateError> {
        self.read(|db| {
            let query =
                format!("SELECT {COLUMNS} FROM uploads WHERE sha256 = ?1 ORDER BY n DESC LIMIT 1");
            Ok(db.prepare_cached(&query)?.query_row([sha256], UploadRow::of).optional()?)
        })
    }

    /// The uploads before and behind `row` in the queue of those that are open, the gravest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn neighbours(&self, row: &UploadRow) -> Result<[Option<String>; 2], StateError> {
        self.read(|db| {
            let at = |condition: &str, order: &str| {
                let query = format!(
                    "SELECT id FROM uploads WHERE status = 'open' AND ({condition}) \
                     ORDER BY {order} LIMIT 1"
                );
                let mut query = db.prepare_cached(&query)?;
                query.query_row([row.rank, row.n], |r| r.get::<_, String>(0)).optional()
            };
            Ok([
                at("rank >= ?1 AND (rank > ?1 OR n < ?2)", "rank, n DESC")?,
                at("rank <= ?1 AND (rank < ?1 OR n > ?2)", "rank DESC, n")?,
            ])
        })
    }

    /// How many uploads there are, by where they stand.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn counts(&self) -> Result<Counts, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT status, verdict, count(*) FROM uploads GROUP BY status, verdict",
            )?;
            let rows = query.query_map([], |row| {
                let status: String = row.get(0)?;
                let count = row.get::<_, i64>(2)?.unsigned_abs();
                let status = Status::from_name(&status).unwrap_or(Status::Open);
                Ok((status, Verdict::of(row.get(1)?), count))
            })?;
            Ok(Counts(rows.collect::<rusqlite::Result<_>>()?))
        })
    }

    /// Accounts and labels of uploads that are open, the most frequent first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn senders(&self, most: u32) -> Result<[Vec<String>; 2], StateError> {
        self.read(|db| {
            let of = |column: &str| -> rusqlite::Result<Vec<String>> {
                let mut query = db.prepare_cached(&format!(
                    "SELECT {column} FROM uploads WHERE status = 'open' AND {column} IS NOT NULL \
                     GROUP BY {column} ORDER BY count(*) DESC, {column} LIMIT ?1"
                ))?;
                let rows = query.query_map([most], |row| row.get(0))?;
                rows.collect()
            };
            Ok([of("account")?, of("label")?])
        })
    }

    /// Where the records of an upload stand, in their order.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn lines(&self, upload: i64) -> Result<Vec<LineRow>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT kind, key, start, length FROM lines WHERE upload = ?1 ORDER BY start",
            )?;
            let rows = query.query_map([upload], line_of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The clusters of an upload, or all; the latest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn clusters(&self, upload: Option<i64>, most: u32) -> Result<Vec<ClusterRow>, StateError> {
        self.read(|db| {
            let query = format!(
                "SELECT id, job, size, score, level, says, start, length FROM clusters {} \
                 ORDER BY n DESC LIMIT ?2",
                match upload {
                    Some(_) => {
                        "WHERE n IN (SELECT cluster FROM cluster_uploads WHERE upload = ?1)"
                    }
                    None => "WHERE ?1 IS NULL",
                }
            );
            let mut query = db.prepare_cached(&query)?;
            let rows = query.query_map(params![upload, most], cluster_of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The uploads of a job that are members of a cluster, as the latest job found it.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn members(&self, cluster: &str) -> Result<Vec<UploadRow>, StateError> {
        self.read(|db| {
            let query = format!(
                "SELECT {COLUMNS} FROM uploads WHERE n IN (SELECT upload FROM cluster_uploads \
                 WHERE cluster = (SELECT max(n) FROM clusters WHERE id = ?1)) ORDER BY n"
            );
            let mut query = db.prepare_cached(&query)?;
            let rows = query.query_map([cluster], UploadRow::of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// A cluster by its name, as the latest job found it.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn cluster(&self, id: &str) -> Result<Option<ClusterRow>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT id, job, size, score, level, says, start, length FROM clusters \
                 WHERE id = ?1 ORDER BY n DESC LIMIT 1",
            )?;
            Ok(query.query_row([id], cluster_of).optional()?)
        })
    }
}

fn line_of(row: &Row<'_>) -> rusqlite::Result<LineRow> {
    Ok(LineRow {
        kind: row.get(0)?,
        key: row.get(1)?,
        start: row.get::<_, i64>(2)?.unsigned_abs(),
        length: row.get::<_, i64>(3)?.unsigned_abs(),
    })
}

pub(super) fn cluster_of(row: &Row<'_>) -> rusqlite::Result<ClusterRow> {
    let id: String = row.get(0)?;
    Ok(ClusterRow {
        job: row.get(1)?,
        size: row.get::<_, i64>(2)?.unsigned_abs(),
        score: row.get(3)?,
        level: Verdict::of(row.get(4)?),
        says: row.get(5)?,
        line: LineRow {
            kind: "cluster".to_owned(),
            key: id.clone(),
            start: row.get::<_, i64>(6)?.unsigned_abs(),
            length: row.get::<_, i64>(7)?.unsigned_abs(),
        },
        id,
    })
}

/// The place that a cursor names.
fn cursor(text: &str) -> Option<(i64, i64)> {
    let (rank, n) = text.split_once('.')?;
    Some((rank.parse().ok()?, n.parse().ok()?))
}

/// The name of the upload at this position of a job: the same if the job is looked at anew.
pub(super) fn upload_id(job: &str, at: usize) -> String {
    let digest = Sha256::digest(format!("{job}/{at}"));
    format!("u_{}", hex(digest.get(..8).unwrap_or_default()))
}

pub(super) fn insert_upload(
    db: &Transaction<'_>,
    job: &str,
    at: usize,
    upload: &NewUpload,
    now: &str,
) -> Result<i64, StateError> {
    let r = &upload.row;
    let id = upload_id(job, at);
    let places = vec!["?"; 29].join(", ");
    let columns = COLUMNS.strip_prefix("n, ").unwrap_or(COLUMNS);
    let columns = columns.strip_suffix(", erased_at IS NOT NULL").unwrap_or(columns);
    db.prepare_cached(&format!("INSERT INTO uploads ({columns}) VALUES ({places})"))?.execute(
        params![
            id,
            job,
            r.path,
            r.name,
            r.sha256,
            r.title,
            r.artists,
            r.album,
            r.release,
            r.label,
            r.account,
            r.isrc,
            r.duration_ms as i64,
            r.codec,
            now,
            r.verdict.number(),
            r.rank,
            r.result,
            r.matches as i64,
            r.best,
            r.best_pct,
            r.resemblances as i64,
            r.clusters as i64,
            r.rules,
            r.says,
            r.error,
            r.index_id,
            r.status.name(),
            r.revision,
        ],
    )?;
    let n = db.last_insert_rowid();
    if r.erased {
        db.execute(
            "UPDATE uploads SET erased_at = ?2, audio_erased_at = ?2 WHERE n = ?1",
            params![n, now],
        )?;
    }
    db.prepare_cached(
        "INSERT INTO uploads_text (rowid, title, artists, name, isrc, best) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![n, r.title, r.artists, r.name, r.isrc, r.best])?;
    let mut insert = db.prepare_cached(
        "INSERT INTO lines (upload, kind, key, start, length) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for line in &upload.lines {
        insert.execute(params![n, line.kind, line.key, line.start as i64, line.length as i64])?;
    }
    Ok(n)
}

pub(super) fn insert_cluster(
    db: &Connection,
    job: &str,
    cluster: &NewCluster,
    numbers: &[i64],
) -> Result<(), StateError> {
    let c = &cluster.row;
    db.execute(
        "INSERT OR REPLACE INTO clusters (id, job, size, score, level, says, start, length) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            c.id,
            job,
            c.size as i64,
            c.score,
            c.level.number(),
            c.says,
            c.line.start as i64,
            c.line.length as i64
        ],
    )?;
    let n = db.last_insert_rowid();
    for upload in cluster.uploads.iter().filter_map(|at| numbers.get(*at)) {
        db.execute("INSERT OR IGNORE INTO cluster_uploads VALUES (?1, ?2)", [n, *upload])?;
    }
    Ok(())
}
