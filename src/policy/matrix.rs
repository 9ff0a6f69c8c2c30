//! Services side by side: what each pack makes of the same questions.
//!
//! A question is an observation as a rule would make it; the answer is what the pack makes of it, by the same way
//! that uploads are judged. So the matrix cannot say other than a verdict would.

use serde::Serialize;

use super::asked::Role;
use super::exclusion::{Answer, Case, Program};
use super::facts::FactsBuilder;
use super::observation::{Facts, Rule};
use super::pack::Pack;
use super::source::Confidence;
use crate::level::Level;

/// A question to all services.
#[derive(Debug, Clone)]
pub struct Question {
    /// Name in records.
    pub id: &'static str,
    /// In words.
    pub text: &'static str,
    /// What would be observed.
    pub rule: Rule,
    /// What it would rest on.
    pub facts: Facts,
}

/// The answer of one pack to one question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The pack.
    pub policy: String,
    /// What people call the service.
    pub title: String,
    /// What kind of party it is.
    pub role: &'static str,
    /// The question.
    pub question: &'static str,
    /// How grave; none where nothing follows.
    pub level: Option<Level>,
    /// The pack says so itself; else common practice does.
    pub own: bool,
    /// What is asked.
    pub text: String,
    /// How good the source is: `P`, `S`, `W`, `D`.
    pub grade: &'static str,
    /// Where that was read.
    pub source: String,
    /// Date of the source.
    pub date: String,
    /// When somebody last looked there.
    pub verified_on: String,
}

fn generated(level: &str, tool: bool) -> FactsBuilder {
    FactsBuilder::default()
        .word("ai_level", level)
        .flag("has_declaration", true)
        .flag("tool_named", tool)
        .flag("only_post_production", false)
        .flag("ai_audio", true)
        .flag("ai_vocals", true)
        .flag("ai_instruments", true)
        .flag("ai_composition", true)
        .flag("ai_tune", true)
        .flag("ai_lyrics", true)
        .word("voice", "undeclared")
}

fn by(family: &str, name: &str, level: &str) -> Facts {
    generated(level, true)
        .word("tool", name)
        .word("generator", family)
        .word("generator_name", name)
        .done()
}

fn of_others() -> FactsBuilder {
    FactsBuilder::default()
        .flag("same_party", false)
        .word("side", "reference")
        .word("ai_level", "undeclared")
        .number("peaks_per_second", 9.0)
        .number("duration_s", 200.0)
}

/// The questions, in order.
pub fn questions() -> Vec<Question> {
    let mut all = of_generators();
    all.extend(of_recordings());
    all
}

fn of_generators() -> Vec<Question> {
    let question = |id, text, rule, facts| Question { id, text, rule, facts };
    let undeclared = FactsBuilder::default()
        .word("ai_level", "undeclared")
        .flag("has_declaration", true)
        .flag("generator_in_tags", false);
    let voice = |voice| {
        FactsBuilder::default()
            .word("voice", voice)
            .flag("voice_named", true)
            .flag("voice_known", true)
    };
    vec![
        question(
            "generated_all",
            "Made by a generator throughout, and declared so",
            Rule::Disc003,
            by("other", "", "all"),
        ),
        question(
            "generated_partly",
            "Made in part by a generator (vocals, instruments, composition, lyrics), and declared so",
            Rule::Disc003,
            by("other", "", "partly"),
        ),
        question(
            "generator_not_named",
            "Generated in part, and the generator is not named",
            Rule::Disc003,
            generated("partly", false).done(),
        ),
        question("suno_all", "Made by Suno throughout", Rule::Disc003, by("suno", "Suno", "all")),
        question(
            "riffusion_all",
            "Made by Riffusion (under that name) throughout",
            Rule::Disc003,
            by("riffusion", "Riffusion", "all"),
        ),
        question(
            "flow_music_all",
            "Made by Flow Music, as Riffusion is called now, throughout",
            Rule::Disc003,
            by("riffusion", "Flow Music", "all"),
        ),
        question(
            "not_declared",
            "Nothing is declared about generators",
            Rule::Disc001,
            undeclared.done(),
        ),
        question(
            "voice_cloned",
            "A voice is declared to imitate a person, without consent",
            Rule::Disc005,
            voice("cloned").done(),
        ),
        question(
            "voice_licensed",
            "A voice is declared to imitate a person, with consent",
            Rule::Disc005,
            voice("licensed").done(),
        ),
    ]
}

fn of_recordings() -> Vec<Question> {
    let question = |id, text, rule, facts| Question { id, text, rule, facts };
    let shares = |query: f64, asset: f64, seconds: f64| {
        of_others()
            .number("query_match_pct", query)
            .number("asset_match_pct", asset)
            .number("matched_s", seconds)
            .number("asset_matched_s", seconds)
    };
    vec![
        question(
            "copy",
            "The recording of another party, from end to end",
            Rule::Audio001,
            shares(99.0, 99.0, 198.0).flag("modified", false).word("kind", "same_audio").done(),
        ),
        question(
            "modified",
            "The recording of another party, sped up or slowed",
            Rule::Audio002,
            shares(99.0, 99.0, 198.0).flag("modified", true).word("kind", "modified").done(),
        ),
        question(
            "sample",
            "20 seconds of another party's recording in it",
            Rule::Audio003,
            shares(10.0, 10.0, 20.0).flag("modified", false).word("kind", "excerpt").done(),
        ),
        question(
            "loop",
            "One loop, repeated, makes up the track",
            Rule::Bulk006,
            FactsBuilder::default().number("share_pct", 95.0).number("repeats", 20.0).done(),
        ),
        question(
            "other_name",
            "Delivered before under another name by another account",
            Rule::Meta006,
            FactsBuilder::default().word("party_relation", "other_account").done(),
        ),
        question(
            "two_a_week",
            "The second release with generated parts within a week",
            Rule::Bulk003,
            FactsBuilder::default().count("ai_releases_7d", 2).word("ai_level", "all").done(),
        ),
        question(
            "titles_for_search",
            "A title that strings keywords together",
            Rule::Meta011,
            FactsBuilder::default()
                .flag("keywords", true)
                .flag("lookalike", false)
                .flag("type_beat", false)
                .done(),
        ),
        question(
            "rights_not_stated",
            "No statement that the uploader holds the rights",
            Rule::Meta010,
            FactsBuilder::default()
                .word("rights", "undeclared")
                .flag("p_line", false)
                .flag("rights_asked", true)
                .done(),
        ),
    ]
}

/// What `packs` answer to the questions, by pack and question.
pub fn matrix<'p>(packs: impl Iterator<Item = &'p Pack>) -> Vec<Cell> {
    let questions = questions();
    packs.flat_map(|pack| questions.iter().map(|q| cell(pack, q)).collect::<Vec<_>>()).collect()
}

fn cell(pack: &Pack, question: &Question) -> Cell {
    let found = pack.assess(question.rule, &question.facts);
    Cell {
        policy: pack.id.clone(),
        title: pack.title.clone(),
        role: pack.role.name(),
        question: question.id,
        level: found.map(|(_, entry)| entry.level),
        own: found.is_some_and(|(owner, _)| owner.id == pack.id),
        text: found.map(|(_, entry)| entry.text.clone()).unwrap_or_default(),
        grade: found.map_or("", |(_, entry)| entry.source.confidence.tag()),
        source: found.map(|(_, e)| e.source.publication.clone()).unwrap_or_default(),
        date: found.map(|(_, e)| e.source.date.clone()).unwrap_or_default(),
        verified_on: found.map(|(owner, _)| owner.verified_on.to_string()).unwrap_or_default(),
    }
}

/// What platforms of users' uploads answer to a case, and in which pack that stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProgramCell {
    /// The platform.
    pub program: Program,
    /// The case.
    pub case: Case,
    /// The answer.
    pub answer: Answer,
    /// What it says.
    pub text: String,
    /// The pack.
    pub policy: String,
    /// How good the source is.
    pub grade: &'static str,
    /// Where that was read.
    pub source: String,
    /// Date of the source.
    pub date: String,
}

/// What `packs` say of cases on platforms of users' uploads; distributors' own rules come after the platforms'.
pub fn programs<'p>(packs: impl Iterator<Item = &'p Pack>) -> Vec<ProgramCell> {
    let mut cells: Vec<(bool, ProgramCell)> = Vec::new();
    for pack in packs {
        for entry in &pack.exclusions {
            for (program, case) in
                entry.programs.iter().flat_map(|p| entry.cases.iter().map(move |c| (*p, *c)))
            {
                let cell = ProgramCell {
                    program,
                    case,
                    answer: entry.answer,
                    text: entry.text.clone(),
                    policy: pack.id.clone(),
                    grade: entry.source.confidence.tag(),
                    source: entry.source.publication.clone(),
                    date: entry.source.date.clone(),
                };
                cells.push((pack.role != Role::Program, cell));
            }
        }
    }
    cells.sort_by(|(a_other, a), (b_other, b)| {
        (a.program, a.case, a_other, &a.policy).cmp(&(b.program, b.case, b_other, &b.policy))
    });
    cells.into_iter().map(|(_, cell)| cell).collect()
}

/// The legend of grades.
pub fn grades() -> [(&'static str, &'static str); 4] {
    [Confidence::Primary, Confidence::Secondary, Confidence::Weak, Confidence::Design]
        .map(|c| (c.tag(), c.words()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PackSet;

    fn level(policy: &str, question: &str) -> Option<Level> {
        let set = PackSet::load(None).unwrap();
        let cells = matrix(set.packs());
        cells.iter().find(|c| c.policy == policy && c.question == question).unwrap().level
    }

    #[test]
    fn the_questions_of_the_day_are_answered_as_read() {
        for (policy, question, wanted) in [
            ("cdbaby", "generated_partly", Level::Reject),
            ("emastered", "generated_partly", Level::Reject),
            ("distrokid", "generated_all", Level::Clear),
            ("tunecore", "suno_all", Level::Reject),
            ("tunecore", "flow_music_all", Level::Hold),
            ("tunecore", "riffusion_all", Level::Reject),
            ("rapchat", "riffusion_all", Level::Clear),
            ("rapchat", "suno_all", Level::Hold),
            ("bandcamp", "generated_all", Level::Reject),
            ("spotify", "generated_all", Level::Clear),
            ("spotify", "not_declared", Level::Clear),
            ("tidal", "voice_cloned", Level::Reject),
            ("beatchain", "two_a_week", Level::Hold),
        ] {
            assert_eq!(level(policy, question), Some(wanted), "{policy} {question}");
        }
    }

    #[test]
    fn every_cell_that_says_something_has_source_and_date() {
        let set = PackSet::load(None).unwrap();
        for cell in matrix(set.packs()).iter().filter(|c| c.level.is_some()) {
            assert!(!cell.source.is_empty() && cell.date.len() >= 4, "{cell:?}");
        }
        let programs = programs(set.packs());
        for program in Program::ALL {
            for case in
                [Case::Modified, Case::Loop, Case::Mashup, Case::Karaoke, Case::PublicDomain]
            {
                assert!(
                    programs.iter().any(|c| c.program == *program && c.case == case),
                    "{program:?} {case:?}"
                );
            }
        }
    }
}
