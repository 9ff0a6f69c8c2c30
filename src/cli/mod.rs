//! The command line: one file per subcommand, clap types stay in here.

mod account;
mod advise;
mod audit;
mod bar;
mod cluster;
mod columns;
mod common;
mod compare;
mod decide;
#[cfg(feature = "serve")]
mod desk;
mod eval;
mod examples;
mod help;
mod index;
mod named;
mod out;
mod page;
mod policy;
mod report;
mod review;
mod scan;
mod screen;
#[cfg(feature = "serve")]
mod serve;
mod shell;
mod standing;
mod sweep;
mod watch;
pub mod worker;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};
use soundalike::decisions::Effect;

pub use common::{Exit, Failure, fail};

/// Finds out whether audio resembles existing recordings, and shows where.
#[derive(Debug, Parser)]
#[command(name = "soundalike", version, max_term_width = 100)]
#[command(disable_help_flag = true, disable_version_flag = true)]
#[command(after_long_help = examples::SOUNDALIKE)]
pub struct Cli {
    #[command(flatten)]
    global: screen::GlobalArgs,
    /// Print the version
    #[arg(long, short = 'V', action = ArgAction::Version, help_heading = screen::GLOBAL)]
    version: Option<bool>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build and look after an index of reference recordings
    #[command(subcommand)]
    Index(index::IndexCommand),
    /// Compare files with the references of an index
    #[command(after_long_help = examples::SCAN)]
    Scan(scan::ScanArgs),
    /// Ask what each distributor and service would want of one track made with a generator
    #[command(after_long_help = examples::ADVISE)]
    Advise(advise::AdviseArgs),
    /// Look into deliveries as they come into a folder
    #[command(after_long_help = examples::WATCH)]
    Watch(watch::WatchArgs),
    /// Take uploads over HTTP, and show them to reviewers: a service and a desk
    #[cfg(feature = "serve")]
    #[command(after_long_help = examples::SERVE)]
    Serve(serve::ServeArgs),
    /// Make a token by which somebody may use `serve`
    #[cfg(feature = "serve")]
    Token(serve::TokenArgs),
    /// Make a receiver of messages for `soundalike serve --webhooks`
    #[cfg(feature = "serve")]
    Webhook(serve::WebhookArgs),
    /// Look after the state of `serve`: copy it, make its tables anew, erase data
    #[cfg(feature = "serve")]
    Desk(desk::DeskArgs),
    /// Find clusters of near-duplicates within a batch or an index
    #[command(after_long_help = examples::CLUSTER)]
    Cluster(cluster::ClusterArgs),
    /// Compare two files, without an index
    #[command(after_long_help = examples::COMPARE)]
    Compare(compare::CompareArgs),
    /// Decide what is not to be held against uploads
    #[command(subcommand, after_long_help = examples::DECIDE)]
    Allow(decide::DecideCommand),
    /// Decide what is never to come in again
    #[command(subcommand, after_long_help = examples::DECIDE)]
    Block(decide::DecideCommand),
    /// Read and check the log of decisions and verdicts
    #[command(subcommand, after_long_help = examples::AUDIT)]
    Audit(audit::AuditCommand),
    /// Look at the policies that verdicts rest on
    #[command(subcommand, after_long_help = examples::POLICY)]
    Policy(policy::PolicyCommand),
    /// Say what a rule means and what each policy makes of it
    #[command(after_long_help = examples::EXPLAIN)]
    Explain(policy::ExplainArgs),
    /// List what columns of manifests are called
    Columns(columns::ColumnsArgs),
    /// Compare what is new in the catalogue or among the references since the last sweep
    #[command(after_long_help = examples::SWEEP)]
    Sweep(sweep::SweepArgs),
    /// Make one self-contained HTML page of saved records
    #[command(after_long_help = examples::REPORT)]
    Report(report::ReportArgs),
    /// Measure recall and false alarms on your own audio
    #[command(after_long_help = examples::EVAL)]
    Eval(eval::EvalArgs),
    /// Write completions for a shell
    Completions(shell::CompletionsArgs),
    /// Write man pages
    Man(shell::ManArgs),
}

/// What the command line says. Where it says nothing that is to be run, that was told: help, or a mistake.
pub fn parse() -> Result<Cli, Failure> {
    screen::choose_color(std::env::args_os());
    let matches = Cli::command().try_get_matches();
    matches.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| help::say(&error))
}

/// Runs the command given.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    cli.global.apply();
    soundalike_index::on_lost_file(Exit::Index as u8);
    match cli.command {
        Command::Index(command) => index::run(command),
        Command::Scan(args) => scan::run(args),
        Command::Advise(args) => advise::run(&args),
        Command::Watch(args) => watch::run(args),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(args),
        #[cfg(feature = "serve")]
        Command::Token(args) => serve::token(&args),
        #[cfg(feature = "serve")]
        Command::Webhook(args) => serve::webhook(&args),
        #[cfg(feature = "serve")]
        Command::Desk(args) => desk::run(&args),
        Command::Cluster(args) => cluster::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Allow(command) => decide::run(Effect::Allow, command),
        Command::Block(command) => decide::run(Effect::Block, command),
        Command::Audit(command) => audit::run(command),
        Command::Policy(command) => policy::run(command),
        Command::Explain(args) => policy::explain(&args),
        Command::Columns(args) => columns::run(&args),
        Command::Sweep(args) => sweep::run(&args),
        Command::Report(args) => report::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All commands, with their path.
    fn commands(command: &clap::Command, path: &str) -> Vec<(String, clap::Command)> {
        let path = format!("{path} {}", command.get_name());
        let mut all = vec![(path.clone(), command.clone())];
        for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
            all.extend(commands(sub, &path));
        }
        all
    }

    #[test]
    fn options_stand_under_the_heading_they_belong_to() {
        let mut whole = Cli::command();
        whole.build();
        for (path, command) in commands(&whole, "") {
            let heading = |id: &str| {
                let arg = command.get_arguments().find(|a| a.get_id() == id);
                arg.map(|a| a.get_help_heading().unwrap_or("Options").to_owned())
            };
            for id in ["help", "color", "quiet"] {
                let found = heading(id).unwrap_or(screen::GLOBAL.to_owned());
                assert_eq!(found, screen::GLOBAL, "{path} {id}");
            }
            assert!(heading("help").is_some() && heading("color").is_some(), "{path}");
            let declared = ["ai", "ai_tool", "account", "rights"];
            for arg in command.get_arguments() {
                let id = arg.get_id().as_str();
                assert!(arg.get_help().is_some(), "{path} {id}: no help");
                if arg.get_help_heading() == Some("Declarations about all files") {
                    assert!(declared.contains(&id), "{path} {id}");
                }
                if arg.get_help_heading() == Some("Limits") {
                    assert!(
                        ["threads", "timeout_per_file", "max_minutes"].contains(&id),
                        "{path} {id}"
                    );
                }
                if arg.is_positional() {
                    assert_eq!(arg.get_help_heading(), None, "{path} {id}");
                }
            }
        }
    }
}
