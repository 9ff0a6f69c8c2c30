//! `soundalike advise`: what each way to a service asks of one track.

use std::io;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use serde::Serialize;
use soundalike::advise::{Advice, AdviseError, Question, Said, advise, jurisdictions, write_text};
use soundalike::declare::declared::{Declared, Rights, Voice};
use soundalike::declare::inputs;
use soundalike::declare::metadata::Metadata;
use soundalike::engine::{Engine, Index, Item, Options, day};
use soundalike::indexer::AddOptions;
use soundalike::level::Level;
use soundalike::params::FingerprintParams;
use soundalike::policy::PackSet;

use super::bar::Bar;
use super::common::{
    COMPARISON, Exit, Failure, OUTPUT, TimeArg, TrustArg, VERDICTS, WorkArgs, cancel_on_interrupt,
    warn,
};
use super::policy::{PacksArg, warn_if_stale};
use super::scan::index_from_environment;
use super::screen::look;

const WAY: &str = "Way";
const MADE: &str = "How it was made";

#[derive(Debug, Args)]
pub(super) struct AdviseArgs {
    /// The track
    #[arg(value_name = "TRACK")]
    track: PathBuf,
    /// Services it should go to, separated by commas (`soundalike policy list`)
    #[arg(long, value_name = "ID,…", value_delimiter = ',', help_heading = WAY)]
    to: Vec<String>,
    /// Distributors to compare, separated by commas
    #[arg(long, value_name = "ID,…", value_delimiter = ',', help_heading = WAY)]
    via: Vec<String>,
    /// The generator, by any of its names (`soundalike policy generators`)
    #[arg(long, value_name = "NAME", help_heading = MADE)]
    made_with: Option<String>,
    /// The parts that people made: lyrics, vocals, instruments, composition, arrangement
    #[arg(long, value_name = "PARTS", help_heading = MADE)]
    human: Option<String>,
    /// Whether a voice imitates a person
    #[arg(long, value_enum, value_name = "HOW", help_heading = MADE)]
    voice: Option<VoiceArg>,
    /// The person whose voice it is
    #[arg(long, value_name = "NAME", help_heading = MADE)]
    voice_of: Option<String>,
    /// Title it will go under
    #[arg(long, value_name = "TITLE", help_heading = MADE)]
    title: Option<String>,
    /// Artist it will go under
    #[arg(long, value_name = "NAME", help_heading = MADE)]
    artist: Option<String>,
    /// You state that you hold the rights
    #[arg(long, help_heading = MADE)]
    rights: bool,
    /// Tell what was read on copyright in this jurisdiction
    #[arg(long, value_name = "CODE", help_heading = MADE)]
    jurisdiction: Option<String>,
    /// Folder of an index to compare it with [default: $SOUNDALIKE_INDEX, or nothing]
    #[arg(long, value_name = "DIR", help_heading = COMPARISON, conflicts_with = "references")]
    index: Option<PathBuf>,
    /// Compare with this file or folder, without keeping an index; may be given several times
    #[arg(long, value_name = "PATH", help_heading = COMPARISON)]
    references: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArg,
    #[command(flatten)]
    packs: PacksArg,
    /// Exit with 1 if some way is as grave as this
    #[arg(long, value_name = "LEVEL", default_value = "reject", value_parser = level_parser(), help_heading = VERDICTS)]
    fail_on: Level,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = AdviseForm::Text, help_heading = OUTPUT)]
    format: AdviseForm,
    #[command(flatten)]
    time: TimeArg,
    #[command(flatten)]
    work: WorkArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AdviseForm {
    /// For people
    Text,
    /// One JSON object
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum VoiceArg {
    /// It imitates nobody
    Nobody,
    /// It imitates a person who agreed
    Licensed,
    /// It imitates a person; that the person agreed is not said
    Cloned,
}

impl VoiceArg {
    fn voice(self) -> Voice {
        match self {
            VoiceArg::Nobody => Voice::Nobody,
            VoiceArg::Licensed => Voice::Licensed,
            VoiceArg::Cloned => Voice::Cloned,
        }
    }
}

fn level_parser() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::name))
        .map(|name| Level::from_name(&name).unwrap_or_default())
}

impl From<AdviseError> for Failure {
    fn from(error: AdviseError) -> Failure {
        match error {
            AdviseError::Engine(error) => error.into(),
            AdviseError::Policy(error) => error.into(),
            error => Failure::usage(format!("{error}: --to, --via")),
        }
    }
}

#[derive(Serialize)]
struct AdviceRecord<'a> {
    r#type: &'static str,
    #[serde(flatten)]
    advice: &'a Advice,
}

/// Runs the command.
pub(super) fn run(args: &AdviseArgs) -> Result<Exit, Failure> {
    args.work.start_threads()?;
    let set = args.packs.load()?;
    let question = question(args);
    warn_of_age(args, &set, &question)?;
    let mut options = Options::default();
    options.decode = args.work.decode_options();
    options.trust = args.trust.list()?;
    let engine = with_references(args, Engine::new(options))?;
    let advice = advise(&engine, &set, &Item::bare(&args.track), &question)?;
    match args.format {
        AdviseForm::Text => write_text(&mut io::stdout().lock(), look(), &advice)?,
        AdviseForm::Json => {
            let record = AdviceRecord { r#type: "advice", advice: &advice };
            let mut out = io::stdout().lock();
            serde_json::to_writer_pretty(&mut out, &record).map_err(io::Error::from)?;
            io::Write::write_all(&mut out, b"\n")?;
        }
    }
    let grave = advice.routes.iter().any(|route| route.level >= args.fail_on);
    Ok(if grave { Exit::Found } else { Exit::Clean })
}

fn question(args: &AdviseArgs) -> Question {
    let names = |list: &[String]| {
        list.iter().map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect()
    };
    Question {
        to: names(&args.to),
        via: names(&args.via),
        said: Said {
            made_with: args.made_with.clone(),
            human: args.human.clone(),
            voice: args.voice.map_or(Voice::Undeclared, VoiceArg::voice),
            voice_of: args.voice_of.clone(),
        },
        declared: Declared {
            title: args.title.clone(),
            artists: args.artist.iter().cloned().collect(),
            rights: if args.rights { Rights::Declared } else { Rights::Undeclared },
            ..Declared::default()
        },
        jurisdiction: args.jurisdiction.clone(),
    }
}

/// Says which policies are out of date, and which jurisdictions are known where this one is not.
fn warn_of_age(args: &AdviseArgs, set: &PackSet, question: &Question) -> Result<(), Failure> {
    for name in question.via.iter().chain(&question.to) {
        warn_if_stale(set.get(name)?, day(args.time.now()));
    }
    if let Some(j) = &question.jurisdiction
        && !jurisdictions().iter().any(|known| known.eq_ignore_ascii_case(j.trim()))
    {
        warn(&format!(
            "nothing was read on jurisdiction {j}; known: {}",
            jurisdictions().join(", ")
        ));
    }
    Ok(())
}

fn with_references(args: &AdviseArgs, engine: Engine) -> Result<Engine, Failure> {
    if args.references.is_empty() {
        let dir = args.index.clone().or_else(index_from_environment);
        return match dir {
            Some(dir) => Ok(engine.with_references(Index::open(dir)?)),
            None => Ok(engine),
        };
    }
    let references = inputs::collect(&args.references);
    let (params, metadata) = (FingerprintParams::V2, Metadata::default());
    let decode = args.work.decode_options();
    let options = AddOptions { decode, ..AddOptions::new(&params, &metadata) };
    let (bar, cancel) = (Bar::new(args.work.quiet), cancel_on_interrupt());
    let (index, added) = Index::temporary(&references.files, &options, &bar, cancel)?;
    let unusable = references.errors.iter().map(ToString::to_string);
    for error in unusable.chain(added.errors.iter().map(ToString::to_string)) {
        warn(&format!("reference not used: {error}"));
    }
    match index.is_empty() {
        true => Err(Failure::usage("none of the references could be used")),
        false => Ok(engine.with_references(index)),
    }
}
