//! `soundalike policy` and `soundalike explain`: what the packs say, and whether they can be relied on.

mod diff;
mod generators;
mod matrix;
mod trial;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use soundalike::counted::count;
use soundalike::engine::day;
use soundalike::level::Level;
use soundalike::policy::wording::{LIMITS, advice, headline, meaning};
use soundalike::policy::{
    DEFAULT_PACK, Pack, PackError, PackRule, PackSet, Rule, Source, nearest_rule, pack_files,
};
use soundalike::report::look::Ink;
use soundalike::report::records::PolicyInfo;

use crate::cli::common::{Exit, Failure, warn};
use crate::cli::screen::look;

/// Environment variable that names the folder of policies.
const POLICIES_VARIABLE: &str = "SOUNDALIKE_POLICIES";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PolicyCommand {
    /// List the policies at hand
    List(ListArgs),
    /// Show every rule of a policy: condition, level, text, source, date
    Show(ShowArgs),
    /// Check that policies can be used and are not out of date
    Check(CheckArgs),
    /// Services side by side: what each makes of the same questions, with the grade of the source
    Matrix(matrix::MatrixArgs),
    /// Try a policy on saved records: which of its rules fire, on which uploads
    Test(trial::TestArgs),
    /// Say what differs between two policies, or two versions of one
    Diff(diff::DiffArgs),
    /// List the generators that are known, by all their names, and how services stand to them
    Generators(generators::GeneratorsArgs),
}

/// Where policies come from.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct PacksArg {
    /// Folder of policies (*.toml) that replace or join the built-in ones
    /// [default: $SOUNDALIKE_POLICIES]
    #[arg(long = "policy-dir", value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl PacksArg {
    /// The folder, if one is named; an empty variable names none.
    fn folder(&self) -> Option<PathBuf> {
        let variable = || std::env::var_os(POLICIES_VARIABLE).map(PathBuf::from);
        self.dir.clone().or_else(variable).filter(|d| !d.as_os_str().is_empty())
    }

    /// The built-in policies and those of the folder.
    pub(in crate::cli) fn load(&self) -> Result<PackSet, Failure> {
        Ok(PackSet::load(self.folder().as_deref())?)
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    packs: PacksArg,
    #[command(flatten)]
    day: DayArg,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// Name of the policy
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    packs: PacksArg,
    #[command(flatten)]
    day: DayArg,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    /// Files, folders of files, or names of policies [default: all at hand]
    #[arg(value_name = "FILE|DIR|ID")]
    which: Vec<String>,
    #[command(flatten)]
    packs: PacksArg,
    #[command(flatten)]
    day: DayArg,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExplainArgs {
    /// The rule, such as AUDIO-002 [default: list all rules]
    #[arg(value_name = "RULE")]
    rule: Option<String>,
    #[command(flatten)]
    packs: PacksArg,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

#[derive(Debug, Clone, Copy, Args)]
struct DayArg {
    /// Judge the age of policies as of this day [default: today]
    #[arg(long = "on", value_name = "YYYY-MM-DD")]
    day: Option<Date>,
}

impl DayArg {
    fn day(self) -> Date {
        self.day.unwrap_or_else(today)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// One JSON object a line
    Jsonl,
}

impl From<PackError> for Failure {
    fn from(error: PackError) -> Failure {
        Failure::usage(error.to_string())
    }
}

/// Longest name of a policy for which the others make room.
const WIDEST_COLUMN: usize = 40;

/// Today, in UTC.
fn today() -> Date {
    day(Timestamp::now())
}

/// Says on standard error that a policy is out of date.
pub(in crate::cli) fn warn_if_stale(pack: &Pack, today: Date) {
    if pack.is_stale(today) {
        warn(&format!(
            "policy {} was last compared with its sources on {}, {} ago: check them anew",
            pack.id,
            pack.verified_on,
            count(pack.age_days(today) as usize, "day", "days")
        ));
    }
}

/// Runs the subcommand.
pub(in crate::cli) fn run(command: PolicyCommand) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::List(args) => list(&args),
        PolicyCommand::Show(args) => show(&args),
        PolicyCommand::Check(args) => check(&args),
        PolicyCommand::Matrix(args) => matrix::run(&args),
        PolicyCommand::Test(args) => trial::run(&args),
        PolicyCommand::Diff(args) => diff::run(&args),
        PolicyCommand::Generators(args) => generators::run(&args),
    }
}

fn json(out: &mut impl Write, record: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, record).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// A policy in lists.
#[derive(Serialize)]
struct PackRecord<'a> {
    r#type: &'static str,
    #[serde(flatten)]
    info: PolicyInfo,
    aliases: &'a [String],
    expires_after_days: i64,
    stale_from: Option<String>,
    extends: Option<&'a str>,
    origin: &'a str,
    rules: usize,
    note: &'a str,
}

impl<'a> PackRecord<'a> {
    fn new(pack: &'a Pack, today: Date) -> PackRecord<'a> {
        PackRecord {
            r#type: "policy",
            info: PolicyInfo::new(pack, today),
            aliases: &pack.aliases,
            expires_after_days: pack.expires_after_days,
            stale_from: pack.stale_from().map(|d| d.to_string()),
            extends: pack.extends.as_deref(),
            origin: &pack.origin,
            rules: pack.rules.len(),
            note: &pack.note,
        }
    }
}

/// An entry of a policy.
#[derive(Serialize)]
struct RuleRecord<'a> {
    r#type: &'static str,
    policy: &'a str,
    defined_in: &'a str,
    rule: Rule,
    title: &'static str,
    level: &'static str,
    when: String,
    text: &'a str,
    source: &'a str,
    confidence: &'static str,
    date: &'a str,
    verified_on: String,
}

impl<'a> RuleRecord<'a> {
    fn new(policy: &'a Pack, owner: &'a Pack, entry: &'a PackRule) -> RuleRecord<'a> {
        RuleRecord {
            r#type: "policy_rule",
            policy: &policy.id,
            defined_in: &owner.id,
            rule: entry.rule,
            title: entry.rule.title(),
            level: entry.level.name(),
            when: entry.when.words(),
            text: &entry.text,
            source: &entry.source.publication,
            confidence: entry.source.confidence.words(),
            date: &entry.source.date,
            verified_on: owner.verified_on.to_string(),
        }
    }
}

fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let (set, day) = (args.packs.load()?, args.day.day());
    let mut out = io::stdout().lock();
    // Columns stay columns, whatever a policy of one's own is called; in characters, as most names are Latin.
    let widest = |of: fn(&Pack) -> &str| {
        let all = set.packs().map(|pack| of(pack).chars().count());
        all.max().unwrap_or(0).min(WIDEST_COLUMN)
    };
    let (id, title) = (widest(|pack| &pack.id), widest(|pack| &pack.title));
    for pack in set.packs() {
        if args.format == Form::Jsonl {
            json(&mut out, &PackRecord::new(pack, day))?;
            continue;
        }
        let stale = if pack.is_stale(day) { ", out of date" } else { "" };
        let default = if pack.id == DEFAULT_PACK { "  (default)" } else { "" };
        let text = format!(
            "{:<id$}  {:<title$}  {}, as its sources were on {}{stale}; {} of its own; {}{default}",
            pack.id,
            pack.title,
            pack.version,
            pack.verified_on,
            count(pack.rules.len(), "rule", "rules"),
            pack.origin
        );
        look().line(&mut out, (0, id + 2), &text)?;
    }
    Ok(Exit::Clean)
}

fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let (set, day) = (args.packs.load()?, args.day.day());
    let pack = set.get(&args.id)?;
    warn_if_stale(pack, day);
    let mut out = io::stdout().lock();
    if args.format == Form::Jsonl {
        json(&mut out, &PackRecord::new(pack, day))?;
        for (owner, entry) in Rule::ALL.iter().flat_map(|rule| pack.entries(*rule)) {
            json(&mut out, &RuleRecord::new(pack, owner, entry))?;
        }
        return Ok(Exit::Clean);
    }
    let look = look();
    let title = look.paint(Ink::Heading, &pack.title);
    let head = format!("{title} ({}), version {}, {}", pack.id, pack.version, pack.origin);
    look.line(&mut out, (0, 2), &head)?;
    let again = pack.stale_from().map(|d| format!("; out of date from {d} on")).unwrap_or_default();
    let compared = format!("compared with its sources on {}{again}", pack.verified_on);
    look.line(&mut out, (0, 2), &compared)?;
    if !pack.note.is_empty() {
        look.line(&mut out, (0, 0), &pack.note)?;
    }
    if let Some(base) = pack.base() {
        let base = &base.id;
        let text = format!(
            "Of a rule's entries the gravest that applies counts; those of \"{base}\" where none of its own does."
        );
        look.line(&mut out, (0, 0), &text)?;
    }
    more(&mut out, pack)?;
    for rule in Rule::ALL {
        writeln!(out)?;
        rule_line(&mut out, *rule)?;
        for (owner, entry) in pack.entries(*rule) {
            let inherited = if owner.id == pack.id { None } else { Some(owner.id.as_str()) };
            print_entry(&mut out, inherited, entry)?;
        }
    }
    Ok(Exit::Clean)
}

/// What a policy says beside its rules.
fn more(out: &mut impl Write, pack: &Pack) -> io::Result<()> {
    let look = look();
    let dated = |source: &Source| format!("[{}, {}]", source.words(), source.date);
    for c in &pack.contradictions {
        writeln!(out)?;
        look.line(out, (0, 2), &look.paint(Ink::Heading, &format!("Contradiction: {}", c.about)))?;
        for (text, source) in [&c.one, &c.other] {
            look.line(out, (2, 2), &format!("- {text} {}", dated(source)))?;
        }
    }
    if !pack.unknown.is_empty() {
        writeln!(out)?;
        look.line(out, (0, 2), &format!("Nothing was found on: {}", pack.unknown.join("; ")))?;
    }
    for g in &pack.generators {
        let names =
            if g.names.is_empty() { String::new() } else { format!(" ({})", g.names.join(", ")) };
        let text =
            format!("{}{names}: {}. {} {}", g.family, g.standing.name(), g.text, dated(&g.source));
        look.line(out, (0, 2), &text)?;
    }
    for a in &pack.asks {
        let field = a.field.as_ref().map(|f| format!("{f}: ")).unwrap_or_default();
        let when =
            if a.when.is_always() { String::new() } else { format!(" (when {})", a.when.words()) };
        let text = format!("{}: {field}{}{when} {}", a.kind.name(), a.text, dated(&a.source));
        look.line(out, (0, 2), &text)?;
    }
    for e in &pack.exclusions {
        let programs: Vec<_> = e.programs.iter().map(|p| p.name()).collect();
        let cases: Vec<_> = e.cases.iter().map(|c| c.name()).collect();
        let text = format!(
            "{}: {} to {}. {} {}",
            programs.join(", "),
            e.answer.name(),
            cases.join(", "),
            e.text,
            dated(&e.source)
        );
        look.line(out, (0, 2), &text)?;
    }
    Ok(())
}

fn print_entry(out: &mut impl Write, of: Option<&str>, entry: &PackRule) -> io::Result<()> {
    let of = of.map(|id| format!("  [{id}]")).unwrap_or_default();
    let when = if entry.when.is_always() { "" } else { "when " };
    let look = look();
    let level = look.paint(Ink::Level(entry.level), &format!("{:<7}", entry.level.name()));
    look.line(out, (2, 8), &format!("{level} {when}{}{of}", entry.when.words()))?;
    look.line(out, (10, 0), &entry.text)?;
    look.line(out, (10, 0), &format!("{}, {}", entry.source.words(), entry.source.date))
}

/// A rule by its identifier and title.
fn rule_line(out: &mut impl Write, rule: Rule) -> io::Result<()> {
    let look = look();
    let id = look.paint(Ink::Heading, rule.id());
    look.line(out, (0, 11), &format!("{id}  {}", rule.title()))
}

/// Outcome of a check.
#[derive(Serialize)]
struct CheckRecord {
    r#type: &'static str,
    policy: String,
    ok: bool,
    stale: bool,
    verified_on: Option<String>,
    message: String,
}

impl CheckRecord {
    fn new(name: &str, checked: Result<Pack, PackError>, day: Date) -> CheckRecord {
        match checked {
            Ok(pack) => {
                let stale = pack.is_stale(day);
                let message = if stale {
                    let age = pack.age_days(day);
                    format!(
                        "out of date: compared with its sources {age} days ago; check them anew"
                    )
                } else {
                    format!(
                        "{}, compared with its sources on {}",
                        count(pack.rules.len(), "rule", "rules"),
                        pack.verified_on
                    )
                };
                let verified_on = Some(pack.verified_on.to_string());
                CheckRecord {
                    r#type: "policy_check",
                    policy: pack.id,
                    ok: true,
                    stale,
                    verified_on,
                    message,
                }
            }
            Err(error) => CheckRecord {
                r#type: "policy_check",
                policy: name.to_owned(),
                ok: false,
                stale: false,
                verified_on: None,
                message: error.to_string(),
            },
        }
    }
}

fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let day = args.day.day();
    let mut out = io::stdout().lock();
    let (mut bad, mut stale) = (0, 0);
    for result in checks(args, day)? {
        bad += usize::from(!result.ok);
        stale += usize::from(result.stale);
        if args.format == Form::Jsonl {
            json(&mut out, &result)?;
        } else {
            let state = match (result.ok, result.stale) {
                (false, _) => "ERROR",
                (true, true) => "WARN",
                (true, false) => "ok",
            };
            let ink = match state {
                "ok" => Ink::Level(Level::Clear),
                "WARN" => Ink::Level(Level::Review),
                _ => Ink::Error,
            };
            let state = look().paint(ink, &format!("{state:<5}"));
            let text = format!("{state} {:<12} {}", result.policy, result.message);
            look().line(&mut out, (0, 19), &text)?;
        }
    }
    if stale > 0 {
        warn(&format!("{} out of date", count(stale, "policy is", "policies are")));
    }
    if bad > 0 {
        return Err(Failure::usage(count(bad, "policy", "policies") + " cannot be used"));
    }
    Ok(Exit::Clean)
}

/// Checks what was asked for: a file stands for itself, so that every bad one of a folder is named.
fn checks(args: &CheckArgs, day: Date) -> Result<Vec<CheckRecord>, Failure> {
    let folder = args.packs.folder();
    let files = folder.as_deref().map(pack_files).transpose()?.unwrap_or_default();
    let built_in = PackSet::load(None)?;
    let set = PackSet::load(folder.as_deref());
    let beside = set.as_ref().unwrap_or(&built_in);
    let file =
        |path: &Path| CheckRecord::new(&path.to_string_lossy(), beside.check_file(path), day);
    if args.which.is_empty() {
        let mut results: Vec<CheckRecord> = files.iter().map(|path| file(path)).collect();
        let from_files: Vec<String> = results.iter().map(|r| r.policy.clone()).collect();
        // What only shows when all are taken together.
        if let Err(error) = &set
            && results.iter().all(|r| r.ok)
        {
            return Err(Failure::usage(error.to_string()));
        }
        let rest = built_in.packs().filter(|p| !from_files.contains(&p.id));
        results.extend(rest.map(|p| CheckRecord::new(&p.id, Ok(p.clone()), day)));
        return Ok(results);
    }
    let mut results = Vec::new();
    for name in &args.which {
        let path = Path::new(name);
        if path.is_dir() {
            results.extend(pack_files(path)?.iter().map(|path| file(path)));
        } else if path.extension().is_some_and(|e| e == "toml") || path.is_file() {
            results.push(file(path));
        } else {
            results.push(CheckRecord::new(name, beside.get(name).cloned(), day));
        }
    }
    Ok(results)
}

/// `soundalike explain`.
pub(in crate::cli) fn explain(args: &ExplainArgs) -> Result<Exit, Failure> {
    let set = args.packs.load()?;
    let mut out = io::stdout().lock();
    let Some(name) = &args.rule else {
        return list_rules(&mut out, args.format);
    };
    let rule = Rule::from_id(name).ok_or_else(|| {
        let hint = nearest_rule(name).map(|r| format!("; did you mean {}?", r.id()));
        Failure::usage(format!("no such rule{}", hint.unwrap_or_default()))
    })?;
    let own: Vec<(&Pack, &PackRule)> = set
        .packs()
        .flat_map(|p| p.rules.iter().filter(|r| r.rule == rule).map(move |r| (p, r)))
        .collect();
    if args.format == Form::Jsonl {
        json(&mut out, &RuleMeaning::new(rule))?;
        for (pack, entry) in own {
            json(&mut out, &RuleRecord::new(pack, pack, entry))?;
        }
        return Ok(Exit::Clean);
    }
    rule_line(&mut out, rule)?;
    let look = look();
    look.line(&mut out, (0, 0), meaning(rule))?;
    let mut last = None;
    for (pack, entry) in own {
        if last != Some(&pack.id) {
            let rest = if pack.id == DEFAULT_PACK {
                ": what applies unless a policy says otherwise"
            } else {
                ""
            };
            writeln!(out)?;
            let title = look.paint(Ink::Heading, &pack.title);
            look.line(&mut out, (0, 2), &format!("{title}{rest}"))?;
            last = Some(&pack.id);
        }
        print_entry(&mut out, None, entry)?;
    }
    writeln!(out, "\nWhat no verdict says:")?;
    for limit in LIMITS {
        look.line(&mut out, (2, 2), limit.text)?;
    }
    Ok(Exit::Clean)
}

/// A rule and what it observes.
#[derive(Serialize)]
struct RuleMeaning {
    r#type: &'static str,
    rule: Rule,
    title: &'static str,
    meaning: &'static str,
}

impl RuleMeaning {
    fn new(rule: Rule) -> RuleMeaning {
        RuleMeaning { r#type: "rule", rule, title: rule.title(), meaning: meaning(rule) }
    }
}

fn list_rules(out: &mut impl Write, format: Form) -> Result<Exit, Failure> {
    for rule in Rule::ALL {
        match format {
            Form::Jsonl => json(out, &RuleMeaning::new(*rule))?,
            Form::Text => writeln!(out, "{:<10} {}", rule.id(), rule.title())?,
        }
    }
    if format == Form::Text {
        writeln!(out, "\nVerdicts:")?;
        for level in Level::ALL {
            let name = look().paint(Ink::Level(level), &format!("{:<10}", level.name()));
            let text = format!("{name} {} {}", headline(level), advice(level));
            look().line(out, (0, 11), &text)?;
        }
    }
    Ok(Exit::Clean)
}
