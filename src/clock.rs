//! Times in a recording as people write them.

/// `m:ss`, or `h:mm:ss` from an hour on.
pub fn seconds(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// `m:ss.t`, or `h:mm:ss` from an hour on.
pub fn clock(ms: u64) -> String {
    match ms {
        0..3_600_000 => format!("{}.{}", seconds(ms), ms % 1000 / 100),
        _ => seconds(ms),
    }
}

/// To the millisecond, with no more digits than it needs: `0:12`, `1:02:03.5`.
pub fn exact(ms: u64) -> String {
    let decimals = format!("{:03}", ms % 1000);
    match decimals.trim_end_matches('0') {
        "" => seconds(ms),
        decimals => format!("{}.{decimals}", seconds(ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_closely_as_is_asked() {
        assert_eq!([65_432, 3_661_000].map(seconds), ["1:05", "1:01:01"]);
        assert_eq!([65_432, 3_661_900].map(clock), ["1:05.4", "1:01:01"]);
        assert_eq!([12_000, 12_050, 3_723_500].map(exact), ["0:12", "0:12.05", "1:02:03.5"]);
    }
}
