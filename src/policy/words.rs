//! Small pieces of wording: times, names, lists, near misses.

use crate::clock::seconds;
pub(super) use crate::declare::text::visible;
use crate::track::Track;

/// Longest name put into a message, in characters.
const MAX_NAME: usize = 80;

/// A name as it stands in a message: in quotes, cleaned, not too long.
pub(super) fn quoted(name: &str) -> String {
    let mut short: String = visible(name).chars().take(MAX_NAME).collect();
    if name.chars().nth(MAX_NAME).is_some() {
        short.push('…');
    }
    format!("\"{short}\"")
}

/// A track in words.
pub(super) fn name_of(track: &Track) -> String {
    match (&track.title, track.credit()) {
        (Some(title), Some(artist)) => format!("{} by {}", quoted(title), quoted(&artist)),
        (Some(title), None) => quoted(title),
        (None, _) => quoted(&track.path),
    }
}

/// A time to the nearest second: a stretch that ends at 11.9 s ends at 0:12.
pub(super) fn to_second(ms: u64) -> String {
    seconds(ms.saturating_add(500))
}

/// "1 title", "3 titles".
pub(super) fn count(n: usize, one: &str) -> String {
    crate::counted::count(n, one, &format!("{one}s"))
}

/// The first `max` of `items` and how many there are besides.
pub(super) fn some_of(items: &[String], max: usize) -> String {
    let shown = items.iter().take(max).cloned().collect::<Vec<_>>().join(", ");
    match items.len().checked_sub(max + 1) {
        Some(more) => format!("{shown} and {} more", more + 1),
        None => shown,
    }
}

/// The one of `known` that `name` is most probably meant to be.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name: String = name.chars().take(64).flat_map(char::to_lowercase).collect();
    known
        .map(|k| (strsim::jaro_winkler(&name, &k.to_lowercase()), k))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_lists_stay_short_and_harmless() {
        assert_eq!(quoted("a\u{1b}[2J"), "\"a\u{fffd}[2J\"");
        assert!(quoted(&"x".repeat(500)).chars().count() < 90);
        let items: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        assert_eq!(some_of(&items, 2), "a, b and 1 more");
        assert_eq!(some_of(&items, 3), "a, b, c");
    }

    #[test]
    fn typing_errors_find_their_word() {
        let known = ["spotify", "soundcloud", "cdbaby"];
        assert_eq!(nearest("spotfy", known.into_iter()), Some("spotify"));
        assert_eq!(nearest("zzz", known.into_iter()), None);
    }
}
