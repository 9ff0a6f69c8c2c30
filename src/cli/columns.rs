//! `soundalike columns`: what columns of manifests and tables of metadata are called.

use clap::Args;
use soundalike::declare::manifest::columns;

use super::common::{Exit, Failure};
use super::index::say;

#[derive(Debug, Args)]
pub(super) struct ColumnsArgs {
    /// Tell only what the column with this header would be taken for
    #[arg(value_name = "HEADER")]
    header: Option<String>,
}

/// Lists the names, or tells what one means.
pub(super) fn run(args: &ColumnsArgs) -> Result<Exit, Failure> {
    let Some(header) = &args.header else {
        say(columns::overview().trim_end())?;
        return Ok(Exit::Clean);
    };
    match columns::field(header) {
        Some(field) => say(field.name())?,
        None => say("not known: the column would be passed over")?,
    }
    Ok(Exit::Clean)
}
