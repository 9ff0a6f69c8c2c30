//! The command line: one file per subcommand, clap types stay in here.

mod audit;
mod bar;
mod cluster;
mod common;
mod compare;
mod decide;
mod eval;
mod index;
mod named;
mod out;
mod policy;
mod report;
mod review;
mod scan;
mod shell;
mod sweep;
mod watch;
pub mod worker;

use clap::{Parser, Subcommand};
use soundalike::decisions::Effect;

pub use common::{Exit, Failure, warn};

/// Finds out whether audio resembles existing recordings, and shows where.
///
/// Exit status: 0 nothing found, 1 matches found, 2 usage error, 3 some files could not be read,
/// 4 index or decision log missing or damaged, 5 index in use by another writer, 70 internal error,
/// 74 what is to be written cannot be written, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "soundalike", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build and look after an index of reference recordings
    #[command(subcommand)]
    Index(index::IndexCommand),
    /// Compare files with the references of an index
    Scan(scan::ScanArgs),
    /// Look into deliveries as they come into a folder
    Watch(watch::WatchArgs),
    /// Find clusters of near-duplicates within a batch or an index
    Cluster(cluster::ClusterArgs),
    /// Compare two files, without an index
    Compare(compare::CompareArgs),
    /// Decide what is not to be held against uploads
    #[command(subcommand)]
    Allow(decide::DecideCommand),
    /// Decide what is never to come in again
    #[command(subcommand)]
    Block(decide::DecideCommand),
    /// Read and check the log of decisions and verdicts
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Look at the policies that verdicts rest on
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Say what a rule means and what each policy makes of it
    Explain(policy::ExplainArgs),
    /// Compare what is new in the catalogue or among the references since the last sweep
    Sweep(sweep::SweepArgs),
    /// Make one self-contained HTML page of saved records
    Report(report::ReportArgs),
    /// Measure recall and false alarms on your own audio
    Eval(eval::EvalArgs),
    /// Write completions for a shell
    Completions(shell::CompletionsArgs),
    /// Write man pages
    Man(shell::ManArgs),
}

/// Runs the command given.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Index(command) => index::run(command),
        Command::Scan(args) => scan::run(args),
        Command::Watch(args) => watch::run(args),
        Command::Cluster(args) => cluster::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Allow(command) => decide::run(Effect::Allow, command),
        Command::Block(command) => decide::run(Effect::Block, command),
        Command::Audit(command) => audit::run(command),
        Command::Policy(command) => policy::run(command),
        Command::Explain(args) => policy::explain(&args),
        Command::Sweep(args) => sweep::run(&args),
        Command::Report(args) => report::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    }
}
