//! Names of jobs, and the time as the state keeps it.

use jiff::Timestamp;

use super::users::{UsersError, random};
use crate::id::hex;

/// A name for a job.
pub(super) fn job_id() -> Result<String, UsersError> {
    Ok(format!("j_{}", hex(&random::<8>()?)))
}

/// The time as the state keeps it.
pub(super) fn now() -> String {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now).to_string()
}
