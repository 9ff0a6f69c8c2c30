//! Messages to receivers: entered with what they tell of, kept until they are sent or given up.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::{StateError, Store, locked};
use crate::id::hex;
use crate::serve::users::random;

/// What there is to be told of.
pub const EVENTS: &[&str] = &["job.done", "job.failed", "decision.made", "ping"];

/// What a receiver is told of; all, where nothing is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wants {
    /// Its name.
    pub receiver: String,
    /// Events.
    pub events: Vec<String>,
}

/// A message.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// Its name, the same however often it is sent.
    pub id: String,
    /// Who is told.
    pub receiver: String,
    /// Of what.
    pub event: String,
    /// What is sent.
    #[serde(skip)]
    pub body: String,
    /// `waiting`, `sent`, `dead`.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was entered.
    pub created_at: String,
    /// What came of the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// When it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<String>,
}

const COLUMNS: &str = "id, receiver, event, body, state, attempts, created_at, outcome, sent_at";

impl Message {
    fn of(row: &Row<'_>) -> rusqlite::Result<Message> {
        Ok(Message {
            id: row.get(0)?,
            receiver: row.get(1)?,
            event: row.get(2)?,
            body: row.get(3)?,
            state: row.get(4)?,
            attempts: row.get(5)?,
            created_at: row.get(6)?,
            outcome: row.get(7)?,
            sent_at: row.get(8)?,
        })
    }
}

impl Store {
    /// Says who is told of what from now on.
    pub fn set_wants(&self, wants: Vec<Wants>) {
        *locked(&self.wants) = wants;
    }

    /// Enters a message to those who want to know of `event`, with the change that it tells of.
    pub(super) fn tell(
        &self,
        db: &Transaction<'_>,
        event: &str,
        data: impl FnOnce() -> Value,
    ) -> Result<(), StateError> {
        let wants = locked(&self.wants).clone();
        let wanted = |w: &&Wants| w.events.is_empty() || w.events.iter().any(|e| e == event);
        let receivers: Vec<&Wants> = wants.iter().filter(wanted).collect();
        if receivers.is_empty() {
            return Ok(());
        }
        let now = Timestamp::now();
        let body = json!({"type": event, "timestamp": now.to_string(), "data": data()}).to_string();
        for wants in receivers {
            enter(db, &wants.receiver, event, &body, now)?;
        }
        Ok(())
    }

    /// Enters a message to one receiver that tells of nothing, to see whether it arrives.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn ping(&self, receiver: &str) -> Result<String, StateError> {
        let now = Timestamp::now();
        let body = json!({"type": "ping", "timestamp": now.to_string(), "data": {}}).to_string();
        self.write(|db| enter(db, receiver, "ping", &body, now))
    }

    /// Messages to `receiver` that are due at `now` (milliseconds since 1970), the oldest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn due(&self, receiver: &str, now: i64, most: u32) -> Result<Vec<Message>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM messages WHERE state = 'waiting' AND due <= ?1 \
                 AND receiver = ?2 ORDER BY due, n LIMIT ?3"
            ))?;
            let rows = query.query_map(params![now, receiver, most], Message::of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Notes that a message was taken.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn sent(&self, id: &str, outcome: &str, now: &str) -> Result<(), StateError> {
        self.write(|db| {
            db.execute(
                "UPDATE messages SET state = 'sent', attempts = attempts + 1, outcome = ?2, \
                 sent_at = ?3 WHERE id = ?1",
                [id, outcome, now],
            )?;
            Ok(())
        })
    }

    /// Notes that a message was not taken: it is tried again at `due`, or never.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn put_off(&self, id: &str, outcome: &str, due: Option<i64>) -> Result<(), StateError> {
        self.write(|db| {
            db.execute(
                "UPDATE messages SET attempts = attempts + 1, outcome = ?2, \
                 due = coalesce(?3, due), state = CASE WHEN ?3 IS NULL THEN 'dead' ELSE state END \
                 WHERE id = ?1",
                params![id, outcome, due],
            )?;
            Ok(())
        })
    }

    /// Lets a message that was given up, or waits for its next attempt, be sent now; false where there is none.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn send_again(&self, id: &str) -> Result<bool, StateError> {
        self.write(|db| {
            let changed = db.execute(
                "UPDATE messages SET state = 'waiting', attempts = 0, due = 0 \
                 WHERE id = ?1 AND state <> 'sent'",
                [id],
            )?;
            Ok(changed > 0)
        })
    }

    /// Messages in `state`, or all; the latest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn messages(&self, state: Option<&str>, most: u32) -> Result<Vec<Message>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM messages WHERE ?1 IS NULL OR state = ?1 \
                 ORDER BY n DESC LIMIT ?2"
            ))?;
            let rows = query.query_map(params![state, most], Message::of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// A message by its name.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn message(&self, id: &str) -> Result<Option<Message>, StateError> {
        self.read(|db| {
            let query = format!("SELECT {COLUMNS} FROM messages WHERE id = ?1");
            Ok(db.query_row(&query, [id], Message::of).optional()?)
        })
    }

    /// Forgets messages that were taken before `moment`.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn forget_sent(&self, moment: &str) -> Result<usize, StateError> {
        self.write(|db| {
            Ok(db.execute("DELETE FROM messages WHERE state = 'sent' AND sent_at < ?1", [moment])?)
        })
    }
}

fn enter(
    db: &Transaction<'_>,
    receiver: &str,
    event: &str,
    body: &str,
    now: Timestamp,
) -> Result<String, StateError> {
    let name = random::<12>().map_err(|e| StateError::Random(e.to_string()))?;
    let id = format!("msg_{}", hex(&name));
    db.execute(
        "INSERT INTO messages (id, receiver, event, body, created_at, state, due) \
         VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?6)",
        params![id, receiver, event, body, now.to_string(), now.as_millisecond()],
    )?;
    Ok(id)
}
