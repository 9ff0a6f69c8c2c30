//! Advice for people.

use std::io::{self, Write};

use super::{Advice, Party, Word};
use crate::clock::seconds;
use crate::declare::text::visible;
use crate::level::Level;
use crate::report::look::{Ink, Look};
use crate::report::phrases;

/// Matches told in words.
const MATCHES: usize = 10;

/// Writes `advice` to `out`.
///
/// # Errors
/// It cannot be written.
pub fn write(out: &mut dyn Write, look: Look, advice: &Advice) -> io::Result<()> {
    let mut page = Page { out, look };
    page.head(advice)?;
    page.found(advice)?;
    page.routes(advice)?;
    for party in &advice.parties {
        page.party(party)?;
    }
    page.eligibility(advice)?;
    page.unknown(advice)
}

struct Page<'w> {
    out: &'w mut dyn Write,
    look: Look,
}

impl Page<'_> {
    fn line(&mut self, indent: usize, text: &str) -> io::Result<()> {
        self.look.line(self.out, (indent, 2), text)
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out)?;
        let text = self.look.paint(Ink::Heading, text);
        self.line(0, &text)
    }

    fn head(&mut self, advice: &Advice) -> io::Result<()> {
        let said = &advice.said;
        let name = self.look.paint(Ink::Heading, &visible(&advice.track));
        self.line(0, &format!("{name}, {}", seconds(advice.duration_ms)))?;
        let made = match (&said.made_with, &said.family) {
            (Some(tool), Some(line)) if line == tool => visible(tool),
            (Some(tool), Some(line)) => format!("{} ({line})", visible(tool)),
            (Some(tool), None) => format!("{} (no generator that is known here)", visible(tool)),
            (None, _) => "no generator named".to_owned(),
        };
        let parts = |parts: &[&str]| parts.join(", ");
        self.line(0, &format!("Made with: {made}; declared as generated: {}", said.level))?;
        if !said.generated.is_empty() {
            self.line(0, &format!("By the generator, then: {}", parts(&said.generated)))?;
        }
        let beside: Vec<String> = said.beside.iter().map(|b| visible(b)).collect();
        let mut human: Vec<&str> = said.human.clone();
        human.extend(beside.iter().map(String::as_str));
        if !human.is_empty() {
            self.line(0, &format!("By people, as you say: {}", parts(&human)))?;
        }
        if said.made_with.is_some() && said.generated.is_empty() {
            self.line(0, "You say that people made every part. What did the generator make?")?;
        }
        if !said.not_understood.is_empty() {
            let words: Vec<String> = said.not_understood.iter().map(|w| visible(w)).collect();
            let text = format!(
                "Not understood: {}. Parts are lyrics, vocals, instruments, composition.",
                words.join(", ")
            );
            self.line(0, &text)?;
        }
        Ok(())
    }

    fn found(&mut self, advice: &Advice) -> io::Result<()> {
        self.heading("Found in the audio")?;
        let found = &advice.found;
        match found.compared_with {
            None => self.line(
                2,
                "It was compared with nothing; give --index to look for known recordings.",
            )?,
            Some(_) if found.is_featureless => {
                self.line(2, "Nothing in it can be fingerprinted: silence, or a steady tone.")?;
            }
            Some(count) if found.matches.is_empty() => {
                let count = phrases::count(count, "reference", "references");
                self.line(2, &format!("Nothing of the {count} it was compared with."))?;
            }
            Some(count) => {
                let references = phrases::count(count, "reference", "references");
                let matches = phrases::count(found.matches.len(), "match", "matches");
                self.line(2, &format!("{matches} among {references}."))?;
            }
        }
        for (rule, message) in found.observed.iter().take(MATCHES) {
            self.line(2, &format!("- {} {}", rule.id(), visible(message)))?;
        }
        for (field, tool) in &found.tags {
            self.line(2, &format!("- the tag {} names {}", visible(field), visible(tool)))?;
        }
        for trace in &found.traces {
            self.line(2, &format!("- {}", visible(trace)))?;
        }
        if found.tags.is_empty() && found.traces.is_empty() {
            self.line(2, "The file itself names no generator. That proves nothing.")?;
        }
        Ok(())
    }

    fn routes(&mut self, advice: &Advice) -> io::Result<()> {
        self.heading("The ways")?;
        for route in &advice.routes {
            let ends: Vec<&str> =
                [&route.via, &route.to].into_iter().flatten().map(String::as_str).collect();
            let level = self.look.level(route.level);
            let what = match route.level {
                Level::Reject => {
                    format!("would be refused as it is by {}", route.refused_by.join(", "))
                }
                Level::Hold => {
                    format!("papers or answers first, for {}", route.asked_by.join(", "))
                }
                Level::Review => format!("a look first, by {}", route.asked_by.join(", ")),
                Level::Clear => "nothing found that speaks against it".to_owned(),
            };
            self.line(2, &format!("{} ({level}): {what}", ends.join(" → ")))?;
        }
        Ok(())
    }

    fn party(&mut self, party: &Party) -> io::Result<()> {
        let head =
            format!("{} ({}, sources looked at on {})", party.title, party.role, party.verified_on);
        self.heading(&head)?;
        if let Some(generator) = &party.generator {
            self.line(2, &format!("Generator: {}", said(generator)))?;
        }
        let lists: [(&str, &[Word], Ink); 5] = [
            ("Would be refused", &party.refused, Ink::Level(Level::Reject)),
            ("Is asked", &party.asked, Ink::Level(Level::Review)),
            ("To declare", &party.declare, Ink::Found),
            ("To attach or keep at hand", &party.attach, Ink::Found),
            ("To know", &party.notes, Ink::Aside),
        ];
        for (name, words, ink) in lists {
            if words.is_empty() {
                continue;
            }
            let name = self.look.paint(ink, name);
            self.line(2, &format!("{name}:"))?;
            for word in words {
                self.word(word)?;
            }
        }
        if party.declare.iter().all(|w| w.policy != party.policy) {
            self.line(2, "No field of its own for generated parts was found.")?;
        }
        for conflict in &party.contradictions {
            self.line(2, &format!("Sources contradict each other about {}:", conflict.about))?;
            self.line(4, &format!("- {}", said(&conflict.one)))?;
            self.line(4, &format!("- {}", said(&conflict.other)))?;
        }
        if !party.unknown.is_empty() {
            self.line(2, &format!("Nothing was found on: {}", party.unknown.join("; ")))?;
        }
        Ok(())
    }

    fn word(&mut self, word: &Word) -> io::Result<()> {
        let field = word.field.as_ref().map(|f| format!("{f}: ")).unwrap_or_default();
        let rule = word.rule.map(|r| format!("{} ", r.id())).unwrap_or_default();
        self.line(4, &format!("- {rule}{field}{}", said(word)))?;
        if !word.because.is_empty() {
            self.line(8, &format!("because {}", visible(&word.because)))?;
        }
        Ok(())
    }

    fn eligibility(&mut self, advice: &Advice) -> io::Result<()> {
        if advice.eligibility.is_empty() {
            return Ok(());
        }
        self.heading("As a reference on platforms of users' uploads, which is another question")?;
        for platform in &advice.eligibility {
            let answer = phrases::eligibility(platform.answer);
            self.line(2, &format!("{}: {answer}", platform.program.title()))?;
            for reason in &platform.reasons {
                let case = reason.case.name().replace('_', " ");
                self.line(4, &format!("- {case}: {}", visible(&reason.because)))?;
                let text = format!("{} [{}, {}]", reason.text, reason.source, reason.date);
                self.line(8, &text)?;
            }
        }
        Ok(())
    }

    fn unknown(&mut self, advice: &Advice) -> io::Result<()> {
        self.heading("What cannot be told here")?;
        for unknown in &advice.cannot_be_told {
            self.line(2, &format!("- {}", unknown.what))?;
            for s in &unknown.read {
                self.line(
                    6,
                    &format!("{} [{}, {}; {}]", s.text, s.source, s.date, grade(&s.grade)),
                )?;
            }
        }
        writeln!(self.out)?;
        self.line(0, "This is what services ask, as it was read. It is no legal advice.")
    }
}

/// What is said, with source, date and grade.
fn said(word: &Word) -> String {
    format!("{} [{}, {}; {}]", word.text, word.source, word.date, grade(word.grade))
}

/// How good a source is, in a word.
pub fn grade(tag: &str) -> &'static str {
    match tag {
        "P" => "primary",
        "S" => "secondary",
        "W" => "weak",
        _ => "default of this tool",
    }
}
