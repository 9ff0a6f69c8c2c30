//! `soundalike completions` and `soundalike man`: what a shell and `man` are to know of the program.
//!
//! Both are made from the definition of the command line, so that they cannot fall behind it. Everything
//! is made in memory and written at once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::common::{Exit, Failure};
use super::{Cli, help};

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell to write for
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write the pages of all subcommands, too, one file each, into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Writes completions to standard output.
pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "soundalike", &mut script);
    print(&script)
}

/// Writes the page of the program to standard output, or all pages into a folder.
pub(super) fn man(args: &ManArgs) -> Result<Exit, Failure> {
    match &args.dir {
        None => print(&page(Cli::command())?),
        Some(dir) => {
            write_pages(dir)
                .map_err(|e| Failure::usage(format!("cannot write {}: {e}", dir.display())))?;
            Ok(Exit::Clean)
        }
    }
}

fn write_pages(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    clap_mangen::generate_to(Cli::command(), dir)
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}

fn print(bytes: &[u8]) -> Result<Exit, Failure> {
    help::print(bytes)?;
    Ok(Exit::Clean)
}
