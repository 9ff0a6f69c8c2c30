//! Sends one message once.

use std::time::Duration;

use ureq::Agent;
use ureq::unversioned::transport::DefaultConnector;

use super::guard::Guarded;
use super::receivers::Receiver;
use super::{Message, millis};

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What came of it, in words.
pub(super) enum Sent {
    /// The receiver has it.
    Taken(String),
    /// It may come another time.
    Failed(String),
    /// The receiver wants nothing more (410).
    Gone(String),
}

/// Sends `message` to `receiver`.
pub(super) fn send(receiver: &Receiver, message: &Message) -> Sent {
    let timestamp = millis() / 1000;
    let Some(signature) = receiver.secret.sign(&message.id, timestamp, &message.body) else {
        return Sent::Failed("it cannot be signed".to_owned());
    };
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(PATIENCE))
        .proxy(None)
        .user_agent(concat!("soundalike/", env!("CARGO_PKG_VERSION")))
        .build();
    let guarded = Guarded { private: receiver.private };
    let answer = Agent::with_parts(config, DefaultConnector::default(), guarded)
        .post(&receiver.url)
        .header("content-type", "application/json")
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", timestamp.to_string())
        .header("webhook-signature", signature)
        .send(message.body.as_bytes());
    match answer {
        Ok(answer) => {
            let status = answer.status().as_u16();
            let outcome = format!("the receiver answered {status}");
            match status {
                200..=299 => Sent::Taken(outcome),
                410 => Sent::Gone(outcome),
                _ => Sent::Failed(outcome),
            }
        }
        // What it says names hosts and causes, no secrets.
        Err(error) => Sent::Failed(error.to_string()),
    }
}
