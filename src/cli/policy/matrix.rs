//! `soundalike policy matrix`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;
use soundalike::level::Level;
use soundalike::policy::Pack;
use soundalike::policy::matrix::{Cell, ProgramCell, grades, matrix, programs, questions};
use soundalike::report::look::Ink;

use super::{PacksArg, json};
use crate::cli::common::{Exit, Failure};
use crate::cli::screen::look;

#[derive(Debug, Args)]
pub(in crate::cli) struct MatrixArgs {
    /// Policies to compare, separated by commas [default: all at hand]
    #[arg(long, value_name = "ID,…")]
    policy: Option<String>,
    #[command(flatten)]
    packs: PacksArg,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = MatrixForm::Text)]
    format: MatrixForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MatrixForm {
    /// For people: one paragraph a question
    Text,
    /// One JSON object a line
    Jsonl,
    /// Tables in Markdown
    Markdown,
}

#[derive(Serialize)]
struct CellRecord<'a> {
    r#type: &'static str,
    #[serde(flatten)]
    cell: &'a Cell,
    question_text: &'static str,
}

#[derive(Serialize)]
struct ProgramRecord<'a> {
    r#type: &'static str,
    #[serde(flatten)]
    cell: &'a ProgramCell,
}

pub(super) fn run(args: &MatrixArgs) -> Result<Exit, Failure> {
    let set = args.packs.load()?;
    let packs: Vec<Pack> = match &args.policy {
        Some(list) => set.select(list)?,
        None => set.packs().cloned().collect(),
    };
    let cells = matrix(packs.iter());
    let programs = programs(packs.iter());
    let mut out = io::stdout().lock();
    match args.format {
        MatrixForm::Jsonl => {
            let questions = questions();
            for cell in &cells {
                let text = questions.iter().find(|q| q.id == cell.question).map_or("", |q| q.text);
                json(&mut out, &CellRecord { r#type: "policy_matrix", cell, question_text: text })?;
            }
            for cell in &programs {
                json(&mut out, &ProgramRecord { r#type: "policy_eligibility", cell })?;
            }
        }
        MatrixForm::Text => text(&mut out, &cells, &programs)?,
        MatrixForm::Markdown => markdown(&mut out, &packs, &cells, &programs)?,
    }
    Ok(Exit::Clean)
}

/// Answers of one question by level, the gravest first; then what common practice says of the rest.
fn text(out: &mut impl Write, cells: &[Cell], programs: &[ProgramCell]) -> io::Result<()> {
    let look = look();
    for question in questions() {
        look.line(out, (0, 2), &look.paint(Ink::Heading, question.text))?;
        let of = || cells.iter().filter(|c| c.question == question.id);
        for level in Level::ALL.iter().rev() {
            let own: Vec<String> = of()
                .filter(|c| c.own && c.level == Some(*level))
                .map(|c| format!("{} ({})", c.policy, c.grade))
                .collect();
            if !own.is_empty() {
                let name = look.paint(Ink::Level(*level), &format!("{:<7}", level.name()));
                look.line(out, (2, 8), &format!("{name} {}", own.join(", ")))?;
            }
        }
        let mut rest: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for cell in of().filter(|c| !c.own) {
            let level = cell.level.map_or("nothing follows", Level::name);
            rest.entry(level).or_default().push(&cell.policy);
        }
        for (level, policies) in rest {
            let text = format!("{level} by common practice: {}", policies.join(", "));
            look.line(out, (2, 2), &look.paint(Ink::Aside, &text))?;
        }
        writeln!(out)?;
    }
    if !programs.is_empty() {
        look.line(
            out,
            (0, 2),
            &look.paint(Ink::Heading, "As a reference on platforms of users' uploads"),
        )?;
        for cell in programs {
            let text = format!(
                "{} {}: {} ({}: {})",
                cell.program.name(),
                cell.case.name(),
                cell.answer.name(),
                cell.policy,
                cell.grade
            );
            look.line(out, (2, 2), &text)?;
        }
        writeln!(out)?;
    }
    let legend: Vec<String> =
        grades().iter().map(|(tag, words)| format!("{tag} {words}")).collect();
    look.line(out, (0, 0), &format!("Grades of sources: {}.", legend.join(", ")))
}

fn markdown(
    out: &mut impl Write,
    packs: &[Pack],
    cells: &[Cell],
    programs: &[ProgramCell],
) -> io::Result<()> {
    let questions = questions();
    let heads: Vec<&str> = questions.iter().map(|q| q.id).collect();
    writeln!(out, "| policy | {} |", heads.join(" | "))?;
    writeln!(out, "| --- |{}", " --- |".repeat(heads.len()))?;
    for pack in packs {
        let of = cells.iter().filter(|c| c.policy == pack.id);
        let row: Vec<String> = of
            .map(|c| match (c.level, c.own) {
                (None, _) => "–".to_owned(),
                (Some(level), true) => format!("**{}** {}", level.name(), c.grade),
                (Some(level), false) => level.name().to_owned(),
            })
            .collect();
        writeln!(out, "| {} | {} |", pack.title.replace('|', "\\|"), row.join(" | "))?;
    }
    writeln!(
        out,
        "\nBold: the policy says so itself, with the grade of its source; else common practice.\n"
    )?;
    for question in &questions {
        writeln!(out, "- `{}`: {} ({})", question.id, question.text, question.rule.id())?;
    }
    writeln!(
        out,
        "\n| platform | case | answer | policy | grade | date |\n| --- | --- | --- | --- | --- | --- |"
    )?;
    for c in programs {
        let (program, case, answer) = (c.program.title(), c.case.name(), c.answer.name());
        writeln!(
            out,
            "| {program} | {case} | {answer} | {} | {} | {} |",
            c.policy, c.grade, c.date
        )?;
    }
    Ok(())
}
