//! Who runs the program, where nobody says who decides.
//!
//! Services, cron and containers set neither `$USER` nor `$LOGNAME`; the system knows the account all the same.

/// The name of the account that runs this process, or its number where it has no name here; none where the
/// system tells neither.
#[cfg(unix)]
pub(super) fn name() -> Option<String> {
    let id = rustix::process::getuid().as_raw();
    let accounts = std::fs::read("/etc/passwd").unwrap_or_default();
    Some(named(&String::from_utf8_lossy(&accounts), id).unwrap_or_else(|| format!("uid {id}")))
}

#[cfg(not(unix))]
pub(super) fn name() -> Option<String> {
    std::env::var("USERNAME").ok().filter(|name| !name.trim().is_empty())
}

/// The account with the number `id` in the form of passwd(5).
#[cfg(unix)]
fn named(accounts: &str, id: u32) -> Option<String> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(id) && !name.trim().is_empty()).then(|| name.to_owned())
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_known_by_their_number() {
        let accounts =
            "# x\nroot:x:0:0:root:/root:/bin/sh\nana:x:1000:1000::/home/ana:\nbad:x\n:x:7:7::/:\n";
        assert_eq!(named(accounts, 1000).as_deref(), Some("ana"));
        assert_eq!(named(accounts, 0).as_deref(), Some("root"));
        assert_eq!((named(accounts, 7), named(accounts, 100)), (None, None));
    }
}
