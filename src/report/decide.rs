//! The commands by which a person decides on what was found, ready to be pasted into a shell.

use std::borrow::Cow;
use std::path::Path;

use super::records::MatchRecord;
use crate::declare::text::visible;

/// What stands for the reason, which nobody else can give.
const REASON: &str = "--reason \"…\"";

/// Commands that write into one log of decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commands {
    /// Options that name the log; none where there is none to decide in.
    log: Option<String>,
}

impl Commands {
    /// For the log at `decisions`, or else the one of the `index`.
    pub fn new(index: Option<&Path>, decisions: Option<&Path>) -> Commands {
        let option = |name: &str, path: Option<&Path>| {
            path.map(|path| format!("--{name} {}", quoted(&path.to_string_lossy())))
        };
        let options: Vec<String> = [option("index", index), option("decisions", decisions)]
            .into_iter()
            .flatten()
            .collect();
        Commands { log: (!options.is_empty()).then(|| options.join(" ")) }
    }

    /// With a word in the place of the index, for those who read about it elsewhere.
    pub fn of_some_index() -> Commands {
        Commands { log: Some("--index INDEX".to_owned()) }
    }

    /// Lets the match be: it is licensed.
    pub fn allow_match(&self, m: &MatchRecord) -> Option<String> {
        self.allow_match_called(&m.match_id)
    }

    /// The same for the match of this name.
    pub fn allow_match_called(&self, match_id: &str) -> Option<String> {
        let log = self.log.as_ref()?;
        Some(format!("soundalike allow add --match {match_id} {log} {REASON}"))
    }

    /// Holds nothing against this very file.
    pub fn allow_file(&self, path: &str) -> Option<String> {
        self.of_file("allow", path)
    }

    /// Refuses this file and copies of it from now on.
    pub fn block_file(&self, path: &str) -> Option<String> {
        self.of_file("block", path)
    }

    fn of_file(&self, effect: &str, path: &str) -> Option<String> {
        // A name that cannot be shown as it is cannot be copied from what is shown.
        let log =
            self.log.as_ref().filter(|_| visible(path) == path && !path.contains('\u{fffd}'))?;
        Some(format!("soundalike {effect} add --audio {} {log} {REASON}", operand(path)))
    }
}

/// `text` as one word of a POSIX shell.
fn quoted(text: &str) -> Cow<'_, str> {
    // What a shell cannot be given (a NUL) is in no path.
    shlex::try_quote(text).unwrap_or(Cow::Borrowed("''"))
}

/// A path that is taken for no option.
fn operand(path: &str) -> String {
    match path.starts_with('-') {
        true => quoted(&format!("./{path}")).into_owned(),
        false => quoted(path).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_one_word_and_are_no_options() {
        let commands = Commands::new(Some(Path::new("my index")), None);
        let command = |path: &str| commands.allow_file(path).unwrap();
        assert_eq!(
            command("a.mp3"),
            "soundalike allow add --audio a.mp3 --index 'my index' --reason \"…\""
        );
        for name in ["it's $(rm) `x`.mp3", "a \"b\".mp3", "-q.mp3", "a;b&c.mp3", "*.mp3"] {
            let words = shlex::split(&command(name)).unwrap();
            assert_eq!(words.len(), 9, "{words:?}");
            assert_eq!(words[4].strip_prefix("./").unwrap_or(&words[4]), name);
        }
    }

    #[test]
    fn without_a_log_there_is_nothing_to_decide_in() {
        let named = Commands::new(Some(Path::new("i")), None);
        assert_eq!(named.allow_file("a\u{1b}[2J.mp3"), None, "not as it is shown");
        assert_eq!(Commands::new(None, None).block_file("a.mp3"), None);
        let both = Commands::new(Some(Path::new("i")), Some(Path::new("log")));
        assert!(both.block_file("a").unwrap().contains("--index i --decisions log "));
    }
}
