//! Examples at the end of a command's `--help`. Each line that is indented is a command that works.

pub(super) const SOUNDALIKE: &str = "\
Examples:
  soundalike index add masters --index catalogue.index
  soundalike scan incoming --index catalogue.index --report incoming.html
  soundalike compare upload.mp3 master.wav

Exit status: 0 nothing found, 1 matches found, 2 usage error, 3 some files could not be read, 4 index or \
decision log missing or damaged, 5 index in use by another writer, 70 internal error, 74 what is to be \
written cannot be written, 130 interrupted.";

pub(super) const INDEX_ADD: &str = "\
Examples:
  soundalike index add masters --index catalogue.index
  soundalike index add masters --index catalogue.index --metadata masters.csv --owner 'Label A'
  find masters -name '*.wav' -print0 | soundalike index add --files-from - -0 --index my.index";

pub(super) const SCAN: &str = "\
Examples:
  soundalike scan upload.mp3 --index catalogue.index
  soundalike scan incoming --index catalogue.index --policy spotify,deezer --report incoming.html
  soundalike scan incoming --references masters --format csv > incoming.csv
  soundalike scan delivery.csv --index catalogue.index --format jsonl > delivery.jsonl";

pub(super) const ADVISE: &str = "\
Examples:
  soundalike advise track.wav --to spotify --via distrokid,tunecore,cdbaby,amuse --made-with riffusion
  soundalike advise track.wav --via routenote --made-with 'Flow Music' --human 'lyrics, vocals' --jurisdiction us
  soundalike advise track.wav --to spotify,deezer --index catalogue.index --format json > advice.json";

pub(super) const CLUSTER: &str = "\
Examples:
  soundalike cluster incoming --manifest incoming.csv
  soundalike cluster incoming --index earlier.index --min-score 40
  soundalike cluster --index earlier.index --format jsonl > clusters.jsonl";

pub(super) const COMPARE: &str = "\
Examples:
  soundalike compare upload.mp3 master.wav
  soundalike compare upload.mp3 master.wav --format jsonl | soundalike report - > page.html";

pub(super) const WATCH: &str = "\
Examples:
  soundalike watch queue --index catalogue.index --out results --report
  soundalike watch queue --index catalogue.index --out results --keep earlier.index --audit";

pub(super) const SWEEP: &str = "\
Examples:
  soundalike sweep --index references.index --catalogue own.index --state sweeps
  soundalike sweep new --index references.index --catalogue own.index --state sweeps --all";

pub(super) const REPORT: &str = "\
Examples:
  soundalike report delivery.jsonl
  soundalike report delivery.jsonl --out page.html --title 'Delivery 4711' --limit 50";

pub(super) const EVAL: &str = "\
Examples:
  soundalike eval masters
  soundalike eval masters --queries 200 --lengths 5,30 --only codec,speed --format jsonl";

pub(super) const DECIDE: &str = "\
Examples:
  soundalike allow add --pair upload.mp3 song.wav --index catalogue.index --reason 'licence 17'
  soundalike block add --audio bad.mp3 --index catalogue.index --reason 'taken down'
  soundalike allow list --index catalogue.index
  soundalike allow remove d_7c93a967d6ee2a64 --index catalogue.index --reason 'licence over'";

pub(super) const AUDIT: &str = "\
Examples:
  soundalike audit list --index catalogue.index --kind verdict --about upload.mp3
  soundalike audit verify --index catalogue.index";

pub(super) const EXPLAIN: &str = "\
Examples:
  soundalike explain
  soundalike explain AUDIO-003";

pub(super) const POLICY: &str = "\
Examples:
  soundalike policy list
  soundalike policy show spotify
  soundalike policy check policies/own.toml";

#[cfg(feature = "serve")]
pub(super) const SERVE: &str = "\
Examples:
  soundalike serve --index catalogue.index --state desk --media-root masters
  soundalike serve --index catalogue.index --keep earlier.index --state desk --allow-root incoming";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::Cli;
    use super::*;

    #[test]
    fn every_example_is_understood() {
        let all = [
            SOUNDALIKE,
            INDEX_ADD,
            SCAN,
            CLUSTER,
            COMPARE,
            WATCH,
            SWEEP,
            REPORT,
            EVAL,
            DECIDE,
            AUDIT,
            EXPLAIN,
            POLICY,
            #[cfg(feature = "serve")]
            SERVE,
        ];
        for line in all.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("  ")) {
            assert!(line.len() <= 100, "{line}");
            for command in line.split(" | ") {
                let command = command.split(" > ").next().unwrap_or_default().trim();
                let words = shlex::split(command).unwrap();
                if words[0] == "soundalike" {
                    Cli::try_parse_from(&words).unwrap_or_else(|e| panic!("{line}: {e}"));
                }
            }
        }
    }
}
