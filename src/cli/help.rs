//! Help, version and mistakes, as clap words them: laid out and written as all other output is.
//!
//! clap wraps help at the width of the terminal, but not its errors, and not what it puts into columns; and it
//! drops what happens when it writes. Here no line leaves it to the terminal where a word is broken, a closed pipe
//! is quiet, and a full disk is an error.

use std::io::{self, Write};

use clap::error::{Error, ErrorKind};
use soundalike::report::look::Look;

use super::common::{Exit, Failure};
use super::screen::{Screen, look, look_of_errors, tell_as_is};

/// Says what `error` says; how the program ends.
pub(super) fn say(error: &Error) -> Failure {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let look = if asked { look() } else { look_of_errors() };
    let text = error.render();
    let text = if look.is_colored() { text.ansi().to_string() } else { text.to_string() };
    let mut out = Vec::new();
    // Into memory nothing fails.
    let _ = laid_out(&mut out, look, &text);
    if !asked {
        tell_as_is(&out);
        return Failure { exit: Exit::Usage, message: String::new() };
    }
    match print(&out) {
        Ok(()) => Failure { exit: Exit::Clean, message: String::new() },
        Err(error) => error.into(),
    }
}

/// Writes to standard output what is in memory as a whole.
pub(super) fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = Screen::default();
    out.write_all(bytes)?;
    out.flush()
}

fn laid_out(out: &mut dyn Write, look: Look, text: &str) -> io::Result<()> {
    for line in text.lines() {
        let bare = line.trim_start_matches(' ');
        let indent = line.len() - bare.len();
        // What is to be copied stays in one piece.
        match indent > 0 && bare.starts_with("soundalike ") {
            true => look.command(out, indent, bare)?,
            false => look.line(out, (indent, 2), bare)?,
        }
    }
    Ok(())
}
