//! What a sweep came to, on one screen.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use soundalike_index::Reader;

use super::judge::JudgedTrack;
use super::run::Sweep;
use crate::clock::clock;
use crate::declare::text::visible;
use crate::engine::index::index_info;
use crate::level::Level;
use crate::policy::Rule;
use crate::report::decide::Commands;
use crate::report::look::{Ink, Look};
use crate::report::phrases::{count, elapsed, thousands};
use crate::report::records::{IndexInfo, MatchRecord, credit};

/// Matches that are named.
const WORST: usize = 10;
/// Characters of a name that are shown.
const NAME_CHARS: usize = 34;

/// One side of a sweep.
#[derive(Debug, Clone, Serialize)]
pub struct SideInfo {
    /// The index and its state.
    pub index: IndexInfo,
    /// Added since the run before.
    pub new: u64,
    /// Removed since the run before.
    pub removed: u64,
}

/// One of the gravest matches.
#[derive(Debug, Clone, Serialize)]
pub struct WorstMatch {
    /// How grave.
    pub level: Level,
    /// The rules behind it, gravest first.
    pub rules: Vec<Rule>,
    /// Names the match record.
    pub match_id: String,
    /// The catalogue track: title and artist, or path.
    pub track: String,
    /// The reference, likewise.
    pub reference: String,
    /// 0 to 100.
    pub score: f64,
    /// Share of the track, per cent.
    pub query_match_pct: f64,
    /// Share of the reference, per cent.
    pub asset_match_pct: f64,
    /// Begin and end of the longest segment in the track, ms.
    pub query_ms: (u64, u64),
    /// The stretch of the reference that it runs along, ms.
    pub reference_ms: (u64, u64),
    /// Segments.
    pub segments: usize,
}

/// The record of a sweep.
#[derive(Debug, Clone, Serialize)]
pub struct SweepRecord {
    r#type: &'static str,
    /// Number of the run.
    pub run: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// It was cut short before, and went on now.
    pub resumed: bool,
    /// It was cut short.
    pub interrupted: bool,
    /// Nothing had changed since the run before.
    pub unchanged: bool,
    /// The references.
    pub references: SideInfo,
    /// The catalogue.
    pub catalogue: SideInfo,
    /// References still to be compared with earlier tracks.
    pub pending_references: usize,
    /// Tracks still to be compared with all references.
    pub pending_tracks: usize,
    /// Pairs of track and reference compared.
    pub pairs: u64,
    /// Matches that were found again and had been reported before.
    pub known: u64,
    /// Tracks reported.
    pub tracks: usize,
    /// Matches reported.
    pub matches: usize,
    /// Resemblances reported.
    #[serde(skip_serializing_if = "is_zero")]
    pub resemblances: usize,
    /// Tracks among those reported that were known, and are judged otherwise by decisions made or run out since.
    pub judged_again: usize,
    #[serde(skip)]
    pub(super) matches_again: usize,
    /// Tracks reported, by verdict.
    pub verdicts: BTreeMap<Level, usize>,
    /// Findings reported, by level.
    pub findings: BTreeMap<Level, usize>,
    /// The gravest matches.
    pub worst: Vec<WorstMatch>,
    /// Wall-clock time of this process.
    pub wall_ms: u64,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl SweepRecord {
    /// What `sweep` has done, before anything is reported.
    pub fn new(sweep: &Sweep, finished: bool) -> SweepRecord {
        let (sides, counts) = (sweep.sides(), sweep.counts());
        let side =
            |index: &Arc<Reader>, new, removed| SideInfo { index: index_info(index), new, removed };
        let (pending_references, pending_tracks) = sweep.pending();
        let new_tracks = counts.tracks + pending_tracks as u64;
        SweepRecord {
            r#type: "sweep",
            run: sweep.number(),
            started_at: sweep.started_at(),
            resumed: sweep.is_resumed(),
            interrupted: !finished,
            unchanged: sweep.is_idle(),
            references: side(
                sides.references(),
                counts.new_references + pending_references as u64,
                counts.gone_references,
            ),
            catalogue: side(
                sides.catalogue(),
                new_tracks.saturating_sub(counts.again),
                counts.gone_tracks,
            ),
            pending_references,
            pending_tracks,
            pairs: counts.pairs,
            known: counts.known,
            tracks: 0,
            matches: 0,
            resemblances: 0,
            judged_again: 0,
            matches_again: 0,
            verdicts: BTreeMap::new(),
            findings: BTreeMap::new(),
            worst: Vec::new(),
            wall_ms: 0,
        }
    }

    /// Counts a track that is reported.
    pub fn count(&mut self, judged: &JudgedTrack) {
        self.tracks += 1;
        self.matches += judged.matches.len();
        self.resemblances += judged.resemblances.len();
        *self.verdicts.entry(judged.verdict.verdict).or_default() += 1;
        for finding in &judged.findings {
            *self.findings.entry(finding.level).or_default() += 1;
        }
        self.worst.extend(judged.matches.iter().map(|m| worst(m, judged)));
        let grave = |w: &WorstMatch| (std::cmp::Reverse(w.level), w.score);
        // Stable: of equals, the first reported comes first.
        self.worst.sort_by(|a, b| {
            let ((a_level, a_score), (b_level, b_score)) = (grave(a), grave(b));
            a_level.cmp(&b_level).then(b_score.total_cmp(&a_score))
        });
        self.worst.truncate(WORST);
    }

    /// The gravest verdict; none where nothing is reported.
    pub fn gravest(&self) -> Option<Level> {
        self.verdicts.keys().next_back().copied()
    }

    /// Writes it for people, in some 20 lines of a wide terminal. `all`: matches of earlier sweeps were reported,
    /// too. `commands` are those by which a person decides.
    pub fn write(
        &self,
        out: &mut dyn Write,
        look: Look,
        all: bool,
        commands: &Commands,
    ) -> io::Result<()> {
        let took = elapsed(self.wall_ms);
        let state = match (self.interrupted, self.resumed, self.unchanged) {
            (true, ..) => ", interrupted",
            (_, true, _) => ", taken up again",
            (_, _, true) if self.run == 0 => ", there is nothing to compare yet",
            (_, _, true) if self.judged_again > 0 => {
                ", no new track on either side since, but decisions"
            }
            (_, _, true) => ", nothing has changed since",
            _ => "",
        };
        let begun = self.started_at.strftime("%Y-%m-%d %H:%M UTC");
        look.line(out, (0, 2), &format!("Sweep {} of {begun}{state}; {took}", self.run))?;
        let row = |out: &mut dyn Write, name: &str, text: &str| {
            look.line(out, (2, 12), &format!("{name:<11} {text}"))
        };
        row(out, "references", &side(&self.references))?;
        row(out, "catalogue", &side(&self.catalogue))?;
        if !self.unchanged {
            let known = self.known;
            let again = if known > 0 {
                format!("; {} met again", count(known as usize, "known match", "known matches"))
            } else {
                String::new()
            };
            let pairs = count(self.pairs as usize, "pair", "pairs");
            row(out, "compared", &format!("{pairs}{again}"))?;
        }
        if self.interrupted {
            let left = format!(
                "{}, {}; the same command goes on, and reports when all is done",
                count(self.pending_references, "reference", "references"),
                count(self.pending_tracks, "track", "tracks")
            );
            return row(out, "left", &left);
        }
        let in_tracks = |matches: usize, tracks: usize| {
            format!(
                "{} in {}",
                count(matches, "match", "matches"),
                count(tracks, "track", "tracks")
            )
        };
        let levels = by_level(look, &self.verdicts);
        let told = in_tracks(self.matches, self.tracks) + &levels;
        match (all, self.judged_again) {
            (true, _) => row(out, "reported", &told)?,
            (false, 0) => row(out, "new", &told)?,
            (false, again) => {
                let new = (self.matches - self.matches_again, self.tracks - again);
                row(out, "new", &in_tracks(new.0, new.1))?;
                let by = format!(
                    "{}, judged otherwise by decisions made or run out since",
                    in_tracks(self.matches_again, again)
                );
                row(out, "told again", &by)?;
                row(out, "in all", &told)?;
            }
        }
        if self.resemblances > 0 {
            let number = count(self.resemblances, "resemblance", "resemblances");
            row(out, "played", &format!("{number} of what is played, no copies"))?;
        }
        if self.worst.is_empty() {
            return Ok(());
        }
        writeln!(out, "Gravest:")?;
        for w in &self.worst {
            look.line(out, (2, 2), &line(look, w))?;
        }
        let more = self.matches.saturating_sub(self.worst.len());
        if more > 0 {
            look.line(out, (2, 2), &format!("and {}", count(more, "more match", "more matches")))?;
        }
        look.line(out, (0, 0), "All of it again, for `soundalike report`: the same command, and")?;
        look.command(out, 2, "--all --format jsonl > sweep.jsonl")?;
        if let Some(rule) = self.worst.iter().find_map(|w| w.rules.first()) {
            look.line(out, (0, 0), "What a rule asks:")?;
            look.command(out, 2, &format!("soundalike explain {}", rule.id()))?;
        }
        let open = self.worst.first().filter(|w| w.level > Level::Clear);
        match open.and_then(|w| commands.allow_match_called(&w.match_id)) {
            Some(command) => {
                look.line(out, (0, 0), "If the first of them is licensed:")?;
                look.command(out, 2, &command)
            }
            None => Ok(()),
        }
    }
}

fn side(side: &SideInfo) -> String {
    let SideInfo { index, new, removed } = side;
    let id: String = index.id.chars().take(12).collect();
    let [tracks, new, removed] = [index.tracks as u64, *new, *removed].map(thousands);
    format!("{tracks} ({new} new, {removed} removed), index {id}")
}

fn by_level(look: Look, verdicts: &BTreeMap<Level, usize>) -> String {
    let words: Vec<String> =
        verdicts.iter().rev().map(|(level, n)| format!("{n} {}", look.level(*level))).collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}

fn line(look: Look, w: &WorstMatch) -> String {
    let rule = w.rules.first().map_or("", |rule| rule.id());
    let (q, r) = (w.query_ms, w.reference_ms);
    let more = if w.segments > 1 { format!(" +{}", w.segments - 1) } else { String::new() };
    let level = look.paint(Ink::Level(w.level), &format!("{:<6}", w.level.name()));
    format!(
        "{level} {rule:<9}  {} {} – {}  =  {} {} – {}{more}, {:.0} %",
        shown(&w.track),
        clock(q.0),
        clock(q.1),
        shown(&w.reference),
        clock(r.0),
        clock(r.1),
        w.query_match_pct
    )
}

/// A name in little space: of a path, the end tells more than the beginning.
fn shown(name: &str) -> String {
    let name = visible(name);
    let length = name.chars().count();
    if length <= NAME_CHARS {
        return name;
    }
    if name.contains('/') {
        let end: String = name.chars().skip(length - NAME_CHARS + 1).collect();
        return format!("…{end}");
    }
    let begin: String = name.chars().take(NAME_CHARS - 1).collect();
    format!("{begin}…")
}

fn worst(m: &MatchRecord, judged: &JudgedTrack) -> WorstMatch {
    let about = judged.findings.iter().filter(|f| f.evidence.contains(&m.match_id));
    let level = about.clone().map(|f| f.level).max().unwrap_or_default();
    let mut rules: Vec<Rule> = Vec::new();
    for finding in about {
        if !rules.contains(&finding.rule) {
            rules.push(finding.rule);
        }
    }
    let name = |title: &Option<String>, artist: Option<&str>, path: &str| match (title, artist) {
        (Some(title), Some(artist)) => format!("{title} – {artist}"),
        (Some(title), None) => title.clone(),
        (None, _) => path.to_owned(),
    };
    let length = |s: &&crate::report::records::SegmentRecord| {
        s.sample_end_time_offset_ms.saturating_sub(s.sample_begin_time_offset_ms)
    };
    // Of several equally long ones, the first.
    let longest = m.own_segments().rev().max_by_key(length);
    let (q, r) = (&m.query, &m.reference);
    WorstMatch {
        level,
        rules,
        match_id: m.match_id.clone(),
        track: name(&q.title, credit(&q.artists, ", ").as_deref(), &q.path),
        reference: name(&r.title, credit(&r.artists, ", ").as_deref(), &r.path),
        score: m.score,
        query_match_pct: m.query_match_pct,
        asset_match_pct: m.asset_match_pct,
        query_ms: longest
            .map_or((0, 0), |s| (s.sample_begin_time_offset_ms, s.sample_end_time_offset_ms)),
        reference_ms: longest
            .map_or((0, 0), |s| (s.db_begin_time_offset_ms, s.db_end_time_offset_ms)),
        segments: m.own_segments().count(),
    }
}
