//! `soundalike policy test`: a policy tried on saved records.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use soundalike::counted::count;
use soundalike::level::Level;
use soundalike::policy::{Pack, PackSet, Rule, Trial, nearest_rule, try_pack};
use soundalike::report::look::Ink;
use soundalike::report::records::{Record, VerdictRecord};

use super::{Form, PacksArg, json};
use crate::cli::common::{Exit, Failure, warn};
use crate::cli::screen::look;

/// Uploads named for a rule in text.
const SHOWN: usize = 3;

#[derive(Debug, Args)]
pub(in crate::cli) struct TestArgs {
    /// Saved records (`scan --format jsonl`); `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    records: Vec<PathBuf>,
    /// The policy to try: a name, or a file (*.toml)
    #[arg(long, value_name = "ID|FILE", required = true)]
    policy: String,
    #[command(flatten)]
    packs: PacksArg,
    /// Only this rule; may be given several times
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Exit with 1 if a rule fires that is as grave as this; `clear`: if any fires
    #[arg(long, value_name = "LEVEL", default_value = "hold", value_parser = level_parser())]
    fail_on: Level,
    /// Exit with 0 whatever fires
    #[arg(long)]
    exit_zero: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

fn level_parser() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::name))
        .map(|name| Level::from_name(&name).unwrap_or_default())
}

/// What became of one entry.
#[derive(Serialize)]
struct TrialRecord<'a> {
    r#type: &'static str,
    policy: &'a str,
    defined_in: &'a str,
    rule: Rule,
    level: &'static str,
    when: String,
    fires: bool,
    uploads: usize,
    gravest: Option<&'static str>,
    subjects: &'a [String],
}

/// Levels of the uploads under the policy, and as they were recorded.
#[derive(Serialize)]
struct TotalRecord<'a> {
    r#type: &'static str,
    policy: &'a str,
    uploads: usize,
    without_observations: usize,
    verdicts: Vec<(&'static str, usize)>,
    recorded: Vec<(&'static str, usize)>,
    changed: usize,
}

pub(super) fn run(args: &TestArgs) -> Result<Exit, Failure> {
    let set = args.packs.load()?;
    let pack = pack(&set, &args.policy)?;
    let rules = rules(&args.rule)?;
    let mut verdicts: Vec<VerdictRecord> = Vec::new();
    for path in &args.records {
        read(path, &mut verdicts)?;
    }
    if verdicts.is_empty() {
        return Err(Failure::usage(
            "no verdicts in these records; save some with `soundalike scan --format jsonl`",
        ));
    }
    let without = verdicts.iter().filter(|v| v.observed.is_empty()).count();
    if without == verdicts.len() && verdicts.iter().any(|v| !v.reasons.is_empty()) {
        return Err(Failure {
            exit: Exit::Unreadable,
            message: "these records do not keep what was observed: they were written by an earlier version; scan again"
                .to_owned(),
        });
    }
    let (mut trials, levels) =
        try_pack(&pack, verdicts.iter().map(|v| (v.subject.as_str(), v.observed.as_slice())));
    trials.retain(|t| rules.is_empty() || rules.contains(&t.entry.rule));
    let changed = levels.iter().zip(&verdicts).filter(|(now, v)| **now != v.verdict).count();
    let total = TotalRecord {
        r#type: "policy_test_summary",
        policy: &pack.id,
        uploads: verdicts.len(),
        without_observations: without,
        verdicts: tally(levels.iter().copied()),
        recorded: tally(verdicts.iter().map(|v| v.verdict)),
        changed,
    };
    let mut out = io::stdout().lock();
    match args.format {
        Form::Jsonl => {
            for trial in &trials {
                json(&mut out, &record(&pack, trial))?;
            }
            json(&mut out, &total)?;
        }
        Form::Text => text(&mut out, &pack, &trials, &total)?,
    }
    let found = trials.iter().any(|t| t.fires() && t.level >= args.fail_on);
    Ok(if found && !args.exit_zero { Exit::Found } else { Exit::Clean })
}

fn pack(set: &PackSet, name: &str) -> Result<Pack, Failure> {
    let path = Path::new(name);
    if path.extension().is_some_and(|e| e == "toml") || path.is_file() {
        return Ok(set.check_file(path)?);
    }
    Ok(set.get(name)?.clone())
}

fn rules(names: &[String]) -> Result<Vec<Rule>, Failure> {
    let rule = |name: &String| {
        Rule::from_id(name).ok_or_else(|| {
            let hint = nearest_rule(name).map(|r| format!("; did you mean {}?", r.id()));
            Failure::usage(format!("no such rule{}", hint.unwrap_or_default()))
        })
    };
    names.iter().map(rule).collect()
}

/// Adds the verdicts of a file of records; a line that cannot be read is a warning with its number.
fn read(path: &Path, verdicts: &mut Vec<VerdictRecord>) -> Result<(), Failure> {
    let failed = |e: io::Error| Failure {
        exit: Exit::Unreadable,
        message: format!("cannot read {}: {e}", path.display()),
    };
    let file: Box<dyn BufRead> = match path == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(File::open(path).map_err(failed)?)),
    };
    let mut bad = 0;
    for (at, line) in file.split(b'\n').enumerate() {
        let line = line.map_err(failed)?;
        if line.iter().all(u8::is_ascii_whitespace) || !is_verdict(&line) {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(Record::Verdict(verdict)) => verdicts.push(*verdict),
            Ok(_) => {}
            Err(error) => {
                bad += 1;
                if bad <= 5 {
                    warn(&format!("{}: line {}: {error}", path.display(), at + 1));
                }
            }
        }
    }
    Ok(())
}

/// Lines of other records are not parsed: evidence is large.
fn is_verdict(line: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Kind {
        r#type: Option<String>,
    }
    // What is no JSON is told by whoever parses it in full.
    serde_json::from_slice::<Kind>(line)
        .map_or(true, |kind| kind.r#type.as_deref() == Some("verdict"))
}

fn tally(levels: impl Iterator<Item = Level>) -> Vec<(&'static str, usize)> {
    let mut counts = Level::ALL.map(|level| (level.name(), 0));
    for level in levels {
        for count in counts.iter_mut().filter(|(name, _)| *name == level.name()) {
            count.1 += 1;
        }
    }
    counts.to_vec()
}

fn record<'a>(pack: &'a Pack, trial: &'a Trial<'_>) -> TrialRecord<'a> {
    TrialRecord {
        r#type: "policy_test",
        policy: &pack.id,
        defined_in: &trial.owner.id,
        rule: trial.entry.rule,
        level: trial.entry.level.name(),
        when: trial.entry.when.words(),
        fires: trial.fires(),
        uploads: trial.subjects.len(),
        gravest: trial.fires().then(|| trial.level.name()),
        subjects: &trial.subjects,
    }
}

fn text(
    out: &mut impl Write,
    pack: &Pack,
    trials: &[Trial<'_>],
    total: &TotalRecord<'_>,
) -> io::Result<()> {
    let look = look();
    for trial in trials {
        let entry = trial.entry;
        let of = if trial.owner.id == pack.id {
            String::new()
        } else {
            format!("  [{}]", trial.owner.id)
        };
        let (ink, state) = match trial.fires() {
            true => (
                Ink::Level(trial.level),
                format!("fires on {} of {}", trial.subjects.len(), total.uploads),
            ),
            false => (Ink::Aside, "does not fire".to_owned()),
        };
        let lowered = match trial.fires() && trial.level < entry.level {
            true => format!(", no more than {}", trial.level.name()),
            false => String::new(),
        };
        let line = format!(
            "{} {} when {}: {}{lowered}{of}",
            entry.rule.id(),
            entry.level.name(),
            entry.when.words(),
            look.paint(ink, &state)
        );
        look.line(out, (0, 11), &line)?;
        let names: Vec<&str> = trial.subjects.iter().take(SHOWN).map(String::as_str).collect();
        if !names.is_empty() {
            let more = trial.subjects.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            look.line(
                out,
                (11, 2),
                &soundalike::declare::text::visible(&format!("{}{more}", names.join(", "))),
            )?;
        }
    }
    let all = |tally: &[(&str, usize)]| {
        tally.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ")
    };
    writeln!(out)?;
    look.line(out, (0, 2), &format!("{}: {}", pack.id, all(&total.verdicts)))?;
    look.line(
        out,
        (0, 2),
        &format!("as recorded: {}; {} changed", all(&total.recorded), total.changed),
    )?;
    if total.without_observations > 0 {
        let text = format!(
            "{} without observations: nothing was the case, or an earlier version wrote them",
            count(total.without_observations, "upload", "uploads")
        );
        look.line(out, (0, 2), &text)?;
    }
    Ok(())
}
