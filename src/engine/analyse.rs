//! One file: decoded, fingerprinted, and what is known and declared about it.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use md5::Md5;
use sha1::Sha1;
use sha2::Digest;

use super::Item;
use super::tracing::traced;
use crate::audio::{AudioError, DecodeOptions};
use crate::declare::declared::{Declared, DeclaredIn};
use crate::declare::generators::generator_mentions;
use crate::declare::identifiers::Isrc;
use crate::fingerprint::Constellation;
use crate::fingerprint::file::{Analysis, analyse};
use crate::fingerprint::signal::Signal;
use crate::id::{digest_of, hex};
use crate::loops::listen::{Heard, Listener, Loops};
use crate::params::FingerprintParams;
use crate::policy::{FileHashes, Upload};
use crate::track::Track;
use crate::works::channel::Listening;
use crate::works::params::WorkParams;
use crate::works::work::{Work, WorkMeter};

/// Share of a track that one loop, silence or noise must make up for it to have little content.
const LOW_CONTENT: f64 = 0.8;
/// Repeats from which a loop is one.
const LOOP_REPEATS: f64 = 4.0;

/// A file as it was analysed.
pub(crate) struct Analysed {
    /// What rules look at; no matches yet.
    pub upload: Upload,
    /// Its peaks, `density` times those of a reference.
    pub constellation: Constellation,
    /// What it plays, where that was listened to.
    pub work: Option<Work>,
    /// Loops of a library that sound in it, where they were listened for.
    pub loops: Vec<Heard>,
    density: f32,
}

impl Analysed {
    /// Reads the file of `item`, keeping `density` times the peaks of a reference; `works`: what is listened for besides.
    pub fn new(
        item: &Item,
        params: &FingerprintParams,
        density: f32,
        decode: &DecodeOptions,
        works: Listening,
        loops: Option<&Arc<Loops>>,
    ) -> Result<Analysed, AudioError> {
        let mut meter = WorkMeter::new(works, &WorkParams::V1);
        let mut listener = loops.map(Loops::listener);
        let mut hear = |samples: &[f32]| {
            if let Some(listener) = &mut listener {
                listener.push(samples);
            }
            if let Some(meter) = &mut meter {
                meter.push(samples);
            }
        };
        let analysis = analyse(&item.path, params, density, decode, &mut hear)?;
        let mut upload = upload(item, &analysis);
        upload.trace = traced(&item.path, analysis.info.heard.as_ref(), decode)?;
        let work = meter.map(WorkMeter::finish);
        let loops = listener.map(Listener::finish).unwrap_or_default();
        Ok(Analysed { upload, constellation: analysis.constellation, work, loops, density })
    }

    /// Its peaks at the density of a reference.
    pub fn as_reference(&self, params: &FingerprintParams) -> Cow<'_, Constellation> {
        match self.density > 1.0 {
            true => Cow::Owned(self.constellation.thinned(params)),
            false => Cow::Borrowed(&self.constellation),
        }
    }
}

/// Whether there is little in it besides one loop, silence or noise.
pub(super) fn is_low_content(signal: &Signal) -> bool {
    let share = |ms: u64| ms as f64 / signal.duration_ms.max(1) as f64;
    let looped = signal
        .repetition
        .as_ref()
        .is_some_and(|r| r.share >= LOW_CONTENT && r.repeats >= LOOP_REPEATS);
    looped || share(signal.silence_ms) >= LOW_CONTENT || share(signal.noise_ms) >= LOW_CONTENT
}

fn upload(item: &Item, analysis: &Analysis) -> Upload {
    let info = &analysis.info;
    let tags = (DeclaredIn::Tag, Declared::from_tags(&info.tags));
    let declared = Declared::merged(item.declared.iter().cloned().chain([tags]));
    let mentions = generator_mentions(&info.tags).into_iter().filter(|m| m.names_generator());
    let track = Track::of_file(&item.path, analysis.sha256, info).described(&declared);
    Upload {
        track: Arc::new(track),
        has_declaration: item.declared.iter().any(|(source, _)| *source != DeclaredIn::Cli),
        tags_generator: mentions.map(|m| (m.field.to_string(), m.tool.to_string())).collect(),
        signal: analysis.signal.clone(),
        not_asked: item.not_asked,
        isrcs: isrcs(item),
        file_hashes: hashes(&item.path, &declared, &analysis.sha256),
        declared,
        ..Upload::default()
    }
}

/// The recording codes that tables and messages give it, where they give several.
fn isrcs(item: &Item) -> Vec<String> {
    let told = item.declared.iter().filter_map(|(_, declared)| declared.isrc.as_deref());
    let told = told.chain(item.other_isrcs.iter().map(String::as_str));
    let mut codes: Vec<String> =
        told.filter_map(|isrc| Some(Isrc::parse(isrc).ok()?.as_str().to_owned())).collect();
    codes.sort_unstable();
    codes.dedup();
    if codes.len() > 1 { codes } else { Vec::new() }
}

/// The hashes that a declaration can be checked against; MD5 and SHA-1 only where it names them.
fn hashes(path: &Path, declared: &Declared, sha256: &[u8; 32]) -> FileHashes {
    let wanted = declared.hash.as_ref().map(|h| h.algorithm.to_lowercase().replace('-', ""));
    FileHashes {
        md5: (wanted.as_deref() == Some("md5")).then(|| hash_of::<Md5>(path)).flatten(),
        sha1: (wanted.as_deref() == Some("sha1")).then(|| hash_of::<Sha1>(path)).flatten(),
        sha256: Some(hex(sha256)),
    }
}

/// Digest of a file; none if it cannot be read any more.
fn hash_of<D: Digest>(path: &Path) -> Option<String> {
    let hash = digest_of::<D>(File::open(path).ok()?).ok()?;
    Some(hex(&hash.finalize()))
}
