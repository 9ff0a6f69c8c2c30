//! Standard output as people see it: its width, its colours, and never through the progress bar.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use clap::{ArgAction, Args};
use soundalike::report::look::{Ink, Look};
use terminal_size::{Width, terminal_size_of};

use super::bar;
use super::out::Out;

/// Heading of the options that all commands have.
pub(super) const GLOBAL: &str = "Global options";

/// What every command takes.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = GLOBAL)]
pub(super) struct GlobalArgs {
    /// Colour text: `auto` on terminals, as NO_COLOR, CLICOLOR_FORCE and TERM say
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = clap::ColorChoice::Auto)]
    color: clap::ColorChoice,
    /// Print help, in more words and with examples as `--help`
    #[arg(long, short, global = true, action = ArgAction::Help)]
    help: Option<bool>,
}

impl GlobalArgs {
    /// Takes effect for all that is written from here on.
    pub fn apply(self) {
        choice(self.color).write_global();
    }
}

fn choice(color: clap::ColorChoice) -> ColorChoice {
    match color {
        clap::ColorChoice::Auto => ColorChoice::Auto,
        clap::ColorChoice::Always => ColorChoice::Always,
        clap::ColorChoice::Never => ColorChoice::Never,
    }
}

/// Colours from here on as `--color` among `args` says: help is written before arguments are understood.
pub(super) fn choose_color(args: impl IntoIterator<Item = std::ffi::OsString>) {
    choice(color_of_help(args)).write_global();
}

fn color_of_help(args: impl IntoIterator<Item = std::ffi::OsString>) -> clap::ColorChoice {
    let mut words = args.into_iter().map(|word| word.to_string_lossy().into_owned());
    let mut color = None;
    while let Some(word) = words.next().filter(|word| word != "--") {
        match word.strip_prefix("--color") {
            Some("") => color = words.next(),
            Some(rest) => color = rest.strip_prefix('=').map(str::to_owned).or(color),
            None => {}
        }
    }
    match color.as_deref() {
        Some("always") => clap::ColorChoice::Always,
        Some("never") => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    }
}

/// How text on standard output is laid out.
pub(super) fn look() -> Look {
    let out = io::stdout();
    let columns = out.is_terminal().then(|| terminal_size_of(&out)).flatten();
    // A terminal that does not say how wide it is has the width of the oldest.
    let columns = columns.map_or(80, |(Width(columns), _)| usize::from(columns));
    let colored = AutoStream::choice(&out) != ColorChoice::Never;
    Look::new(out.is_terminal().then_some(columns), colored)
}

/// How text on standard error is laid out.
pub(super) fn look_of_errors() -> Look {
    let out = io::stderr();
    let columns = out.is_terminal().then(|| terminal_size_of(&out)).flatten();
    let colored = AutoStream::choice(&out) != ColorChoice::Never;
    Look::new(columns.map(|(Width(columns), _)| usize::from(columns)), colored)
}

/// Writes a line on standard error, with the name of the program in front of it.
pub(super) fn tell(ink: Ink, message: &str) {
    let look = look_of_errors();
    let mut text = Vec::new();
    let name = look.paint(ink, "soundalike:");
    // Nothing is left to tell of a failure of standard error.
    let _ = look.line(&mut text, (0, 2), &format!("{name} {message}"));
    tell_as_is(&text);
}

/// Writes what is laid out already on standard error.
pub(super) fn tell_as_is(text: &[u8]) {
    bar::aside(|| {
        let _ = io::stderr().lock().write_all(text);
    });
}

/// Standard output, line by line: what was written appears at [`flush`](Write::flush), as a whole, while no
/// progress bar is in the way.
#[derive(Debug)]
pub(super) struct Screen {
    out: Out<io::Stdout>,
    pending: Vec<u8>,
}

impl Default for Screen {
    fn default() -> Screen {
        Screen { out: Out::new(io::stdout()), pending: Vec::new() }
    }
}

/// Bytes that are kept back at most.
const MOST_PENDING: usize = 1 << 16;

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        // Only whole lines: a bar would be drawn at the end of a half one.
        if self.pending.len() > MOST_PENDING && bytes.ends_with(b"\n") {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let out = &mut self.out;
        let mut write = || {
            out.write_all(&pending)?;
            out.flush()
        };
        match io::stdout().is_terminal() {
            true => bar::aside(write),
            false => write(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_coloured_as_the_command_line_says() {
        let of = |line: &str| color_of_help(line.split(' ').map(Into::into));
        assert_eq!(of("scan --color never --help"), clap::ColorChoice::Never);
        assert_eq!(of("scan --color=always -h"), clap::ColorChoice::Always);
        assert_eq!(of("scan -- --color=always"), clap::ColorChoice::Auto);
        assert_eq!(of("scan --colors --help"), clap::ColorChoice::Auto);
    }
}
