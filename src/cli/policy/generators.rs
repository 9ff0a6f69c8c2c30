//! `soundalike policy generators`.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;
use soundalike::declare::generators::{Family, families, family_in};
use soundalike::policy::Pack;
use soundalike::policy::asked::GeneratorStanding;
use soundalike::report::look::Ink;

use super::{Form, PacksArg, json};
use crate::cli::common::{Exit, Failure};
use crate::cli::screen::look;

#[derive(Debug, Args)]
pub(in crate::cli) struct GeneratorsArgs {
    /// Only the family that this names, by any of its names
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    packs: PacksArg,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

#[derive(Serialize)]
struct NameRecord<'a> {
    name: &'a str,
    since: Option<&'a str>,
    source: Option<&'a str>,
    source_date: Option<&'a str>,
}

#[derive(Serialize)]
struct StandingRecord<'a> {
    policy: &'a str,
    names: &'a [String],
    standing: &'static str,
    text: &'a str,
    source: &'a str,
    confidence: &'static str,
    date: &'a str,
    verified_on: String,
}

#[derive(Serialize)]
struct FamilyRecord<'a> {
    r#type: &'static str,
    family: &'a str,
    title: &'a str,
    names: Vec<NameRecord<'a>>,
    note: &'a str,
    source: Option<&'a str>,
    source_date: Option<&'a str>,
    verified_on: &'a str,
    services: Vec<StandingRecord<'a>>,
}

pub(super) fn run(args: &GeneratorsArgs) -> Result<Exit, Failure> {
    let set = args.packs.load()?;
    let chosen = match &args.name {
        Some(name) => {
            let found = family_in(name).ok_or_else(|| {
                Failure::usage(format!("no generator is known by that name: {name}"))
            })?;
            vec![found.0]
        }
        None => families().all.iter().collect(),
    };
    let mut out = io::stdout().lock();
    for family in chosen {
        let of = |pack: &'_ Pack| {
            let each = pack.generators.iter().filter(|g| g.family == family.id);
            each.cloned().map(|g| (pack.clone(), g)).collect::<Vec<_>>()
        };
        let standings: Vec<(Pack, GeneratorStanding)> = set.packs().flat_map(of).collect();
        match args.format {
            Form::Jsonl => json(&mut out, &record(family, &standings))?,
            Form::Text => text(&mut out, family, &standings)?,
        }
    }
    if args.format == Form::Text {
        let text = format!(
            "Names were last looked at on {}. Where no service is listed, none was found to speak of it.",
            families().verified_on
        );
        look().line(&mut out, (0, 0), &text)?;
    }
    Ok(Exit::Clean)
}

fn record<'a>(family: &'a Family, standings: &'a [(Pack, GeneratorStanding)]) -> FamilyRecord<'a> {
    let names = family.names.iter().map(|n| NameRecord {
        name: &n.name,
        since: n.since.as_deref(),
        source: n.source.as_ref().map(|s| s.publication.as_str()),
        source_date: n.source.as_ref().map(|s| s.date.as_str()),
    });
    let services = standings.iter().map(|(pack, g)| StandingRecord {
        policy: &pack.id,
        names: &g.names,
        standing: g.standing.name(),
        text: &g.text,
        source: &g.source.publication,
        confidence: g.source.confidence.words(),
        date: &g.source.date,
        verified_on: pack.verified_on.to_string(),
    });
    FamilyRecord {
        r#type: "generator",
        family: &family.id,
        title: &family.title,
        names: names.collect(),
        note: &family.note,
        source: family.source.as_ref().map(|s| s.publication.as_str()),
        source_date: family.source.as_ref().map(|s| s.date.as_str()),
        verified_on: &families().verified_on,
        services: services.collect(),
    }
}

fn text(
    out: &mut impl Write,
    family: &Family,
    standings: &[(Pack, GeneratorStanding)],
) -> io::Result<()> {
    let look = look();
    let head = look.paint(Ink::Heading, &family.line());
    look.line(out, (0, 2), &format!("{head} ({})", family.id))?;
    for name in family.names.iter().filter(|n| n.since.is_some()) {
        let (since, source) = (name.since.as_deref().unwrap_or(""), name.source.as_ref());
        let source =
            source.map(|s| format!(" [{}, {}]", s.publication, s.date)).unwrap_or_default();
        look.line(out, (2, 2), &format!("{} since {since}{source}", name.name))?;
    }
    if !family.note.is_empty() {
        let source = family.source.as_ref();
        let source =
            source.map(|s| format!(" [{}, {}]", s.publication, s.date)).unwrap_or_default();
        look.line(out, (2, 2), &format!("{}{source}", family.note))?;
    }
    for (pack, g) in standings {
        let names =
            if g.names.is_empty() { String::new() } else { format!(" as {}", g.names.join(", ")) };
        let text = format!(
            "{}: {}{names}. {} [{}, {}]",
            pack.id,
            g.standing.name(),
            g.text,
            g.source.words(),
            g.source.date
        );
        look.line(out, (2, 2), &text)?;
    }
    writeln!(out)
}
