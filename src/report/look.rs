//! How text for people is laid out: wrapped at the width of a terminal with hanging indents, levels in colour.
//!
//! Off a terminal nothing is wrapped and nothing is coloured: programs that read text see one fact a line.
//! Colours are those of ECMA-48 (SGR) as every terminal has them; no meaning hangs on colour alone.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use textwrap::core::{Word, break_words, display_width};
use textwrap::wrap_algorithms::wrap_first_fit;
use textwrap::{WordSeparator, core};

use crate::level::Level;

/// Narrower than this nothing is laid out: the terminal breaks lines where it likes.
const NARROWEST: usize = 20;
/// Longest lines that are still easy to read.
const WIDEST: usize = 120;
/// A space that does not end a line.
const FIXED: char = '\u{a0}';

/// Width and colour of what people read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Columns to fill; none: lines are as long as they come.
    width: Option<usize>,
    color: bool,
}

/// What is said about a word by its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// How grave something is.
    Level(Level),
    /// It went wrong.
    Error,
    /// It was found.
    Found,
    /// What the lines below are about.
    Heading,
    /// Less important than what stands around it.
    Aside,
}

impl Ink {
    fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into())).bold();
        match self {
            Ink::Level(Level::Clear) => color(AnsiColor::Green),
            Ink::Level(Level::Review) => color(AnsiColor::Yellow),
            Ink::Level(Level::Hold) | Ink::Error => color(AnsiColor::Red),
            Ink::Level(Level::Reject) => color(AnsiColor::Magenta),
            Ink::Found => color(AnsiColor::Cyan),
            Ink::Heading => Style::new().bold(),
            Ink::Aside => Style::new().dimmed(),
        }
    }
}

impl Look {
    /// For files and pipes.
    pub const PLAIN: Look = Look { width: None, color: false };

    /// For a terminal of so many columns; none where it is none.
    pub fn new(columns: Option<usize>, color: bool) -> Look {
        let width = columns.filter(|&width| width >= NARROWEST).map(|width| width.min(WIDEST));
        Look { width, color }
    }

    /// Whether there are colours.
    pub fn is_colored(&self) -> bool {
        self.color
    }

    /// `text` in colour, where there is any.
    pub fn paint(&self, ink: Ink, text: &str) -> String {
        match (self.color, ink.style()) {
            (true, style) => format!("{style}{text}{style:#}"),
            (false, _) => text.to_owned(),
        }
    }

    /// The name of a level in its colour.
    pub fn level(&self, level: Level) -> String {
        self.paint(Ink::Level(level), level.name())
    }

    /// Writes `text` as a paragraph indented by `indent` columns, its further lines by `hanging` more.
    ///
    /// # Errors
    /// Whatever `out` gives.
    pub fn line(
        &self,
        out: &mut dyn Write,
        (indent, hanging): (usize, usize),
        text: &str,
    ) -> io::Result<()> {
        let Some(width) = self.width else {
            return writeln!(out, "{:indent$}{text}", "");
        };
        // Deep indents leave too little of a narrow terminal.
        let below = (indent + hanging).min(3 * width / 8);
        let (first, rest) = (width.saturating_sub(indent), width - below);
        let mut indent = indent;
        for line in wrap(text, first.max(1), rest) {
            writeln!(out, "{:indent$}{}", "", line.replace(FIXED, " "))?;
            indent = below;
        }
        Ok(())
    }

    /// Writes what is to be copied: in one line, whatever its length, so that it stays in one piece.
    ///
    /// # Errors
    /// Whatever `out` gives.
    pub fn command(&self, out: &mut dyn Write, indent: usize, text: &str) -> io::Result<()> {
        writeln!(out, "{:indent$}{text}", "")
    }
}

/// `text` in lines of at most `first` columns, and `rest` after that. Lines end between words; only a word that
/// fills more than a line is broken: after a slash or where its script allows it (UAX #14), else anywhere.
fn wrap(text: &str, first: usize, rest: usize) -> Vec<String> {
    let fixed = fixed(text);
    let narrow = first.min(rest);
    let words = WordSeparator::AsciiSpace.find_words(&fixed).flat_map(|word| parts(word, narrow));
    let words = break_words(words, narrow);
    let lines = wrap_first_fit(&words, &[first as f64, rest as f64]);
    lines.into_iter().map(joined).collect()
}

fn parts(word: Word<'_>, width: usize) -> Vec<Word<'_>> {
    if display_width(word.word) <= width {
        return vec![word];
    }
    let mut parts: Vec<Word<'_>> =
        WordSeparator::UnicodeBreakProperties.find_words(word.word).collect();
    if let Some(last) = parts.last_mut() {
        last.whitespace = word.whitespace;
    }
    parts
}

/// The words of a line, without the spaces at its end.
fn joined(words: &[core::Word<'_>]) -> String {
    let text: String = words.iter().flat_map(|w| [w.word, w.whitespace]).collect();
    text.trim_end_matches(' ').to_owned()
}

/// `text` with its numbers tied to their signs: no line begins with `%` or with the `–` of a span of time.
fn fixed(text: &str) -> String {
    let tied = text.replace(" %", "\u{a0}%").replace(" a second", "\u{a0}a\u{a0}second");
    let digits = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let mut parts = tied.split(" – ").peekable();
    let mut spans = String::new();
    while let Some(part) = parts.next() {
        spans += part;
        let Some(next) = parts.peek() else { break };
        let is_span = digits(part.chars().next_back()) && digits(next.chars().next());
        spans += if is_span { "\u{a0}–\u{a0}" } else { " – " };
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(width: usize, indents: (usize, usize), text: &str) -> Vec<String> {
        let mut out = Vec::new();
        Look::new(Some(width), false).line(&mut out, indents, text).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn lines_end_between_words_and_hang_below_the_first() {
        let lines = laid_out(24, (2, 2), "shares a part with the reference, 47 % of it");
        assert_eq!(lines, ["  shares a part with the", "    reference, 47 % of", "    it"]);
    }

    #[test]
    fn numbers_stay_with_their_signs() {
        let lines = laid_out(22, (0, 2), "it runs from here on 0:00.0 – 0:07.9, 100 %");
        assert_eq!(lines, ["it runs from here on", "  0:00.0 – 0:07.9,", "  100 %"]);
    }

    #[test]
    fn nothing_is_lost_of_a_word_longer_than_the_line() {
        for name in [
            "incoming/a-very-long-name/of-a-file/with-hyphens.mp3".to_owned(),
            "x".repeat(90),
            "長い曲の名前は空白なしで書かれることが多いので折り返す.mp3".to_owned(),
            "👩‍🎤🎸".repeat(12),
        ] {
            let lines = laid_out(30, (2, 2), &name);
            assert!(lines.len() > 1, "{lines:?}");
            assert!(lines.iter().all(|l| display_width(l) <= 30), "{lines:?}");
            let whole: String = lines.iter().map(|l| l.trim()).collect();
            assert_eq!(whole, name);
        }
        let lines = laid_out(30, (0, 2), "incoming/night-drive/of-the-year.mp3");
        assert_eq!(lines, ["incoming/night-drive/", "  of-the-year.mp3"]);
    }

    #[test]
    fn off_a_terminal_a_paragraph_is_a_line_and_plain() {
        let (mut out, text) = (Vec::new(), "words ".repeat(60));
        let look = Look::PLAIN;
        let painted = look.paint(Ink::Error, text.trim());
        look.line(&mut out, (2, 4), &painted).unwrap();
        assert_eq!(out, format!("  {}\n", text.trim()).into_bytes());
    }

    #[test]
    fn colour_takes_no_room_and_ends_with_its_word() {
        let look = Look::new(Some(24), true);
        let text = format!("{} a name of some length", look.paint(Ink::Found, "MATCH"));
        let (mut plain, mut out) = (Vec::new(), Vec::new());
        look.line(&mut out, (2, 2), &text).unwrap();
        Look::new(Some(24), false).line(&mut plain, (2, 2), "MATCH a name of some length").unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with("  \u{1b}["), "{out:?}");
        assert!(out.contains("MATCH\u{1b}[0m"), "{out:?}");
        let stripped = out.split('\u{1b}').map(|part| part.rsplit_once('m'));
        assert!(stripped.count() > 2);
        let widths = |text: &str| text.lines().map(display_width).collect::<Vec<_>>();
        assert_eq!(widths(&out), widths(&String::from_utf8(plain).unwrap()));
    }
}
