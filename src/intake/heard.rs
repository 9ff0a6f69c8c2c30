//! One file: decoded, fingerprinted, compared with the references, and described.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use md5::Md5;
use sha1::Sha1;
use sha2::Digest;
use soundalike_index::{Reader, TrackMeta, TrackRecord};

use super::{Item, Settings};
use crate::audio::generators::generator_mentions;
use crate::batch::Track;
use crate::catalog::declared::{Declared, Source};
use crate::decisions::Effect;
use crate::fingerprint::Constellation;
use crate::fingerprint::file::{Analysis, analyse};
use crate::fingerprint::signal::Signal;
use crate::indexer::{FLAG_PARTIAL, hex, ref_id, windows};
use crate::policy::{FileHashes, Heard as HeardMatch, Upload};
use crate::report::evidence::EvidenceRecord;
use crate::report::records::{
    ErrorRecord, MatchRecord, Name, QueryInfo, Record, ReferenceInfo, Scanned,
};
use crate::report::tracklist::tracklist;
use crate::scan::matcher::MatchParams;
use crate::scan::scanner::{Scanner, TrackMatch};

/// Share of a track that one loop, silence or noise must make up for it to be hollow.
const HOLLOW: f64 = 0.8;
/// Repeats from which a loop is one.
const LOOP_REPEATS: f64 = 4.0;

/// What became of a file.
pub(super) enum Outcome {
    Heard(Box<Heard>),
    Failed(ErrorRecord),
}

impl Outcome {
    pub(super) fn audio_ms(&self) -> u64 {
        match self {
            Outcome::Heard(heard) => heard.upload.duration_ms,
            Outcome::Failed(_) => 0,
        }
    }
}

/// A file that was heard.
pub(super) struct Heard {
    /// Its records, in order.
    pub(super) records: Vec<Record>,
    /// What rules look at.
    pub(super) upload: Upload,
    /// What the batch knows of it.
    pub(super) track: Track,
    /// What the batch compares.
    pub(super) record: TrackRecord,
}

/// Listens to files.
pub(super) struct Listener<'a> {
    settings: &'a Settings<'a>,
    references: Option<(&'a Reader, Scanner<'a>)>,
    matching: MatchParams,
}

impl<'a> Listener<'a> {
    pub(super) fn new(settings: &'a Settings<'a>) -> Listener<'a> {
        let scanner = |index| (index, Scanner::new(index, settings.params, settings.search));
        Listener {
            settings,
            references: settings.references.map(scanner),
            matching: MatchParams::default(),
        }
    }

    /// Everything about one file. Without references only what the batch needs is worked out.
    pub(super) fn listen(&self, item: &Item) -> Outcome {
        let params = self.settings.params;
        let density = if self.references.is_some() { params.query_density } else { 1.0 };
        let path = &item.path;
        let analysis = match analyse(path, params, density, &self.settings.decode) {
            Ok(analysis) => analysis,
            Err(error) => return Outcome::Failed(ErrorRecord::audio(path, &error)),
        };
        let mut upload = upload(item, &analysis);
        let query = query_info(path, &analysis, &upload.declared);
        let mut records = Vec::new();
        if let Some((index, scanner)) = &self.references {
            let found = scanner.scan(&analysis.constellation, self.settings.depth);
            let shown = found.iter().filter(|m| m.found.accepted() || self.settings.candidates);
            let mut matches = Vec::new();
            for (number, one) in shown.enumerate() {
                let Some(meta) = index.meta(one.track) else { continue };
                let record = self.matched(one, meta, &query, &mut upload);
                matches.push(record.clone());
                if number < self.settings.limit {
                    let evidence = self.evidence(one, index, &analysis, &record.match_id);
                    records.push(Record::Match(Box::new(record)));
                    records.extend(evidence.map(|e| Record::Evidence(Box::new(e))));
                }
            }
            let result = match upload.heard.len() {
                0 if scanner.is_featureless(&analysis.constellation) => "no_features",
                0 => "no_match",
                _ => "matched",
            };
            let tracklist = tracklist(&matches);
            let matches = upload.heard.len();
            let signal = Some(analysis.signal.clone());
            records.push(Record::Scanned(Scanned {
                query,
                result: result.into(),
                matches,
                tracklist,
                signal,
            }));
        }
        if let Some(decisions) = self.settings.decisions {
            let d = &upload.declared;
            let blocked =
                decisions.upload_blocked(&upload.sha256, d.account.as_deref(), d.isrc.as_deref());
            upload.blocked_by = blocked.map(|decision| decision.id.clone());
        }
        let track = self.track(&analysis, &upload);
        let record = self.track_record(&analysis, &upload, density);
        Outcome::Heard(Box::new(Heard { records, upload, track, record }))
    }

    /// The record of a match, which is noted if it is accepted.
    fn matched(
        &self,
        one: &TrackMatch,
        meta: &TrackMeta,
        query: &QueryInfo,
        upload: &mut Upload,
    ) -> MatchRecord {
        let params = self.settings.params;
        let same_bytes = hex(&meta.sha256) == upload.sha256;
        let reference = ReferenceInfo::of_track(meta);
        let mut record = MatchRecord::new(query.clone(), reference, &one.found, same_bytes, params);
        if one.found.accepted() {
            let id = record.match_id.clone();
            let mut heard = HeardMatch::new(id, &one.found, same_bytes, meta.clone(), params);
            self.rule(&mut heard, &record, upload);
            record.allowed_by = heard.allowed_by.clone();
            upload.heard.push(heard);
        }
        record
    }

    /// Applies standing decisions to a match.
    fn rule(&self, heard: &mut HeardMatch, record: &MatchRecord, upload: &Upload) {
        let Some(decisions) = self.settings.decisions else { return };
        let segments = record.own_segments();
        let there: Vec<(u64, u64)> =
            segments.map(|s| (s.db_begin_time_offset_ms, s.db_end_time_offset_ms)).collect();
        let d = &upload.declared;
        let ruling = decisions.match_ruling(
            &upload.sha256,
            &record.reference.ref_id,
            d.account.as_deref(),
            d.isrc.as_deref(),
            &there,
        );
        let Some(decision) = ruling else { return };
        let id = Some(decision.id.clone());
        match decision.effect {
            Effect::Allow => heard.allowed_by = id,
            Effect::Block => heard.blocked_by = id,
        }
    }

    /// What an accepted match rests on, if that is wanted.
    fn evidence(
        &self,
        one: &TrackMatch,
        index: &Reader,
        analysis: &Analysis,
        match_id: &str,
    ) -> Option<EvidenceRecord> {
        if !self.settings.evidence || !one.found.accepted() {
            return None;
        }
        let reference = Constellation::from_bytes(index.constellation(one.track)?).ok()?;
        Some(EvidenceRecord::new(
            match_id,
            &analysis.constellation,
            &reference,
            &one.found,
            self.settings.params,
            &self.matching.verify,
        ))
    }

    fn track(&self, analysis: &Analysis, upload: &Upload) -> Track {
        let d = &upload.declared;
        let allowed = self.settings.decisions.is_some_and(|decisions| {
            let isrc = d.isrc.as_deref();
            decisions.upload_allowed(&upload.sha256, d.account.as_deref(), isrc).is_some()
        });
        Track {
            path: upload.path.clone(),
            sha256: analysis.sha256,
            duration_ms: upload.duration_ms,
            codec: analysis.info.codec.clone(),
            declared: upload.declared.clone(),
            earlier: false,
            hollow: is_hollow(&upload.signal),
            reference_hit: upload.heard.iter().any(|h| h.allowed_by.is_none()),
            generator: !upload.tags_generator.is_empty(),
            allowed,
        }
    }

    fn track_record(&self, analysis: &Analysis, upload: &Upload, density: f32) -> TrackRecord {
        let params = self.settings.params;
        let d = &upload.declared;
        let meta = TrackMeta {
            ref_id: ref_id(&analysis.sha256),
            path: upload.path.clone(),
            title: d.title.clone(),
            artist: (!d.artists.is_empty()).then(|| d.artists.join(", ")),
            album: d.album.clone(),
            isrc: d.isrc.clone(),
            upc: d.upc.clone(),
            label: d.label.clone(),
            catalogue: None,
            owner: d.account.clone(),
            duration_ms: upload.duration_ms,
            sha256: analysis.sha256,
            flags: if upload.truncated || upload.damaged_packets > 0 { FLAG_PARTIAL } else { 0 },
        };
        if !self.settings.cluster {
            return TrackRecord { meta, ..TrackRecord::default() };
        }
        let thinned = (density > 1.0).then(|| analysis.constellation.thinned(params));
        let track = thinned.as_ref().unwrap_or(&analysis.constellation);
        TrackRecord { meta, constellation: track.to_bytes(), windows: windows(track, params) }
    }
}

/// Whether there is little in a track besides one loop, silence or noise.
fn is_hollow(signal: &Signal) -> bool {
    let share = |ms: u64| ms as f64 / signal.duration_ms.max(1) as f64;
    let looped =
        signal.repetition.as_ref().is_some_and(|r| r.share >= HOLLOW && r.repeats >= LOOP_REPEATS);
    looped || share(signal.silence_ms) >= HOLLOW || share(signal.noise_ms) >= HOLLOW
}

fn upload(item: &Item, analysis: &Analysis) -> Upload {
    let info = &analysis.info;
    let tags = (Source::Tag, Declared::from_tags(&info.tags));
    let declared = Declared::merged(item.declared.iter().cloned().chain([tags]));
    let mentions = generator_mentions(&info.tags).into_iter().filter(|m| m.names_generator());
    Upload {
        path: item.path.to_string_lossy().into_owned(),
        sha256: hex(&analysis.sha256),
        duration_ms: info.duration_ms,
        truncated: info.truncated,
        damaged_packets: info.damaged_packets,
        has_declaration: item.declared.iter().any(|(source, _)| *source != Source::Cli),
        tags_generator: mentions.map(|m| (m.field.to_string(), m.tool.to_string())).collect(),
        signal: analysis.signal.clone(),
        file_hashes: hashes(&item.path, &declared, &analysis.sha256),
        declared,
        ..Upload::default()
    }
}

/// The hashes that a declaration can be checked against; MD5 and SHA-1 only where it names them.
fn hashes(path: &Path, declared: &Declared, sha256: &[u8; 32]) -> FileHashes {
    let wanted = declared.hash.as_ref().map(|h| h.algorithm.to_lowercase().replace('-', ""));
    FileHashes {
        md5: (wanted.as_deref() == Some("md5")).then(|| digest_of::<Md5>(path)).flatten(),
        sha1: (wanted.as_deref() == Some("sha1")).then(|| digest_of::<Sha1>(path)).flatten(),
        sha256: Some(hex(sha256)),
    }
}

/// Digest of a file; none if it cannot be read any more.
fn digest_of<D: Digest>(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let mut hash = D::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Some(hex(&hash.finalize())),
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// Describes the file, what is declared about it before what its tags say.
fn query_info(path: &Path, analysis: &Analysis, declared: &Declared) -> QueryInfo {
    let mut info = QueryInfo::new(path, analysis);
    info.title = declared.title.clone();
    info.artists = declared.artists.iter().map(|name| Name { name: name.clone() }).collect();
    info.album = declared.album.clone();
    info.label = declared.label.clone();
    info.external_ids.isrc = declared.isrc.clone();
    info.external_ids.upc = declared.upc.clone();
    info.account_id = declared.account.clone();
    info.release_id = declared.release_id.clone();
    info.batch_id = declared.batch_id.clone();
    info.received_at = declared.received_at.clone();
    info
}
