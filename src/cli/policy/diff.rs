//! `soundalike policy diff`.

use std::io::{self, Write};
use std::path::Path;

use clap::Args;
use serde::Serialize;
use soundalike::level::Level;
use soundalike::policy::{Difference, Pack, PackSet, difference};
use soundalike::report::look::Ink;

use super::{Form, PacksArg, json};
use crate::cli::common::{Exit, Failure};
use crate::cli::screen::look;

#[derive(Debug, Args)]
pub(in crate::cli) struct DiffArgs {
    /// The one: a name, or a file (*.toml)
    #[arg(value_name = "ID|FILE")]
    old: String,
    /// The other; a file may be another version of the one
    #[arg(value_name = "ID|FILE")]
    new: String,
    #[command(flatten)]
    packs: PacksArg,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

#[derive(Serialize)]
struct DifferenceRecord<'a> {
    r#type: &'static str,
    #[serde(flatten)]
    difference: &'a Difference,
}

pub(super) fn run(args: &DiffArgs) -> Result<Exit, Failure> {
    let set = args.packs.load()?;
    let pack = |name: &str| -> Result<Pack, Failure> {
        let path = Path::new(name);
        if path.extension().is_some_and(|e| e == "toml") || path.is_file() {
            // Read by itself: beside the set it would be refused where both have a name in common.
            let beside = PackSet::load(None)?;
            return Ok(beside.check_file(path)?);
        }
        Ok(set.get(name)?.clone())
    };
    let (old, new) = (pack(&args.old)?, pack(&args.new)?);
    let all = difference(&old, &new);
    let mut out = io::stdout().lock();
    for one in &all {
        match args.format {
            Form::Jsonl => {
                json(&mut out, &DifferenceRecord { r#type: "policy_difference", difference: one })?
            }
            Form::Text => text(&mut out, one)?,
        }
    }
    if all.is_empty() && args.format == Form::Text {
        writeln!(out, "no difference")?;
    }
    Ok(Exit::Clean)
}

fn text(out: &mut impl Write, one: &Difference) -> io::Result<()> {
    let look = look();
    let (sign, ink) = match one.change {
        "added" => ("+", Ink::Found),
        "removed" => ("-", Ink::Error),
        _ => ("~", Ink::Level(Level::Review)),
    };
    let level = |level: Option<Level>| level.map_or("nothing", Level::name);
    let levels = match one.levels {
        Some((before, after)) if before != after => {
            format!(": {} → {}", level(before), level(after))
        }
        _ => String::new(),
    };
    let head = format!("{} {} {}{levels}", look.paint(ink, sign), one.about, one.name);
    look.line(out, (0, 2), &head)?;
    for (sign, said) in [("-", &one.before), ("+", &one.after)] {
        if let Some(said) = said.as_ref().filter(|s| !s.is_empty()) {
            look.line(out, (4, 2), &format!("{sign} {said}"))?;
        }
    }
    Ok(())
}
