//! Tells receivers what happened: a job is done, a decision was made.
//!
//! ```text
//! change of the state + message      (one transaction)
//!                         └► due ─► signed, sent ─► sent
//!                              ▲       │ refused: again later, with growing pauses
//!                              └───────┴► dead: listed, to be sent again by hand
//! ```
//!
//! Messages are as [Standard Webhooks](https://www.standardwebhooks.com/) has them: an id that stays the same however
//! often it is sent, the time, and a signature of both with the body (HMAC-SHA256). A receiver may get a message twice,
//! and never one too few: what is entered is sent, whenever the service is killed.

mod guard;
mod receivers;
mod send;
mod sign;

pub use receivers::{ReceiverError, Receivers, new_receiver};

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Desk;
use super::state::Message;
use super::users::random;
use crate::progress::Cancel;
use crate::watch::sleep;

/// Pauses after each attempt, in seconds, as the standard proposes them.
const PAUSES: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// How often it is looked for messages that are due.
const LOOK: Duration = Duration::from_millis(500);
/// Messages of one receiver that are sent in a row.
const IN_A_ROW: u32 = 50;

/// Now, in milliseconds since 1970.
pub(super) fn millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Sends what is due, until `cancel`.
pub(super) fn work(desk: &Desk, cancel: &Cancel) {
    let Some(receivers) = &desk.settings.receivers else { return };
    while !cancel.is_cancelled() {
        if let Some(remark) = receivers.refresh() {
            desk.say(&remark);
        }
        desk.store.set_wants(receivers.wants());
        let all = receivers.all();
        // One that is slow keeps no other waiting.
        std::thread::scope(|scope| {
            for receiver in all.iter() {
                scope.spawn(|| round(desk, receiver, cancel));
            }
        });
        sleep(LOOK, cancel);
    }
}

/// Sends what is due to `receiver`, until it fails.
fn round(desk: &Desk, receiver: &receivers::Receiver, cancel: &Cancel) {
    let due = match desk.store.due(&receiver.name, millis(), IN_A_ROW) {
        Ok(due) => due,
        // Told where it matters: whoever works on jobs cannot read the state either.
        Err(_) => return,
    };
    for message in due {
        if cancel.is_cancelled() {
            return;
        }
        let sent = send::send(receiver, &message);
        let was_sent = matches!(sent, send::Sent::Taken(_));
        // What cannot be noted is sent again: the receiver knows it by its id.
        if note(desk, &message, sent).is_err() || !was_sent {
            return;
        }
    }
}

fn note(desk: &Desk, message: &Message, sent: send::Sent) -> Result<(), super::state::StateError> {
    match sent {
        send::Sent::Taken(outcome) => desk.store.sent(&message.id, &outcome, &super::stamp::now()),
        send::Sent::Gone(outcome) => {
            desk.say(&format!("webhook {}: {outcome}; nothing more is tried", message.id));
            desk.store.put_off(&message.id, &outcome, None)
        }
        send::Sent::Failed(outcome) => {
            let pause = PAUSES.get(message.attempts as usize).map(|pause| jittered(*pause));
            if pause.is_none() {
                desk.say(&format!("webhook {}: {outcome}; nothing more is tried", message.id));
            }
            desk.store.put_off(&message.id, &outcome, pause.map(|pause| millis() + pause))
        }
    }
}

/// A pause in milliseconds, up to a fifth longer: whatever failed together does not come back together.
fn jittered(seconds: u64) -> i64 {
    let most = seconds * 200;
    let random = random::<4>().map_or(0, u32::from_le_bytes);
    let more = u64::from(random) * most / u64::from(u32::MAX);
    i64::try_from(seconds * 1000 + more).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_never_shorter_and_at_most_a_fifth_longer() {
        for seconds in PAUSES {
            let pauses: Vec<i64> = (0..50).map(|_| jittered(seconds)).collect();
            let (least, most) = (seconds as i64 * 1000, seconds as i64 * 1200);
            assert!(pauses.iter().all(|p| (least..=most).contains(p)), "{pauses:?}");
            assert!(pauses.iter().any(|p| *p != pauses[0]), "not all at once");
        }
    }
}
