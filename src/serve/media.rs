//! Audio to listen to: what was uploaded, and what it matched, as far as that lies where it may be played from.
//!
//! A file is played only if it is the one that the records are about, by its hash. What browsers cannot play, and
//! what they fail at (`?form=wav`), comes as WAV, decoded as it is for comparing: mono, 16 kHz.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use axum::extract::{Path as Names, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::Desk;
use super::extract::Asked;
use super::problem::Problem;
use super::roots::{below, candidates};
use super::shared::{Shared, blocking};
use super::state::UploadRow;
use crate::audio::{ANALYSIS_RATE, DecodeOptions, decode_file};
use crate::dedup::cluster::{Cluster, Member};
use crate::engine::sha256_of;
use crate::id::{hex, path_of_text};
use crate::journal::Draft;
use crate::report::records::{MatchRecord, Record};
use crate::report::wave;

/// In which form it is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    form: Option<String>,
}

/// Audio that may be played.
#[derive(Debug, Clone)]
pub(super) struct Sound {
    /// The file.
    pub(super) path: PathBuf,
    /// SHA-256 of it, in hexadecimal.
    pub(super) sha256: String,
}

/// Why something cannot be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silent {
    /// No root is named that it could lie below.
    NoRoot,
    /// It does not lie where it lay, nor below a root.
    Missing,
    /// Another file lies there.
    Changed,
}

impl Silent {
    /// For people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Silent::NoRoot => {
                "The service was not told where reference audio lies (--media-root), so it cannot be played."
            }
            Silent::Missing => {
                "The audio is not at the place it was indexed from, nor below a media root. The match was \
                 made on its fingerprint."
            }
            Silent::Changed => {
                "Another file lies where the audio was indexed from, so it is not played."
            }
        }
    }
}

/// Hashes of files that were looked at, by size and time of change.
type Known = BTreeMap<PathBuf, (u64, SystemTime, String)>;
static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
/// Hashes that are remembered.
const MAX_KNOWN: usize = 100_000;
/// Requests that wait for something to be decoded; those are threads that answer nothing else.
const MAX_DECODING: usize = 16;

/// Somebody who waits, until it is dropped.
struct Waits<'a>(&'a AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// SHA-256 of the file at `path`.
fn hash_of(path: &Path) -> Option<String> {
    let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let stamp = (meta.len(), meta.modified().ok()?);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((len, time, hash)) = known().get(path)
        && (*len, *time) == stamp
    {
        return Some(hash.clone());
    }
    let hash = hex(&sha256_of(path).ok()?);
    let mut all = known();
    if all.len() >= MAX_KNOWN {
        all.clear();
    }
    all.insert(path.to_owned(), (stamp.0, stamp.1, hash.clone()));
    Some(hash)
}

impl Desk {
    /// The audio of an upload.
    pub(super) fn sound_of(&self, upload: &UploadRow) -> Result<Sound, Silent> {
        let mut roots = self.settings.allow_roots.clone();
        roots.extend(self.settings.watched.iter().map(|folder| folder.dir.clone()));
        roots.push(self.store.dir().join("uploads"));
        let path = below(&path_of_text(&upload.path), &roots).ok_or(Silent::Missing)?;
        match hash_of(&path) {
            Some(sha256) if sha256 == upload.sha256 => Ok(Sound { path, sha256 }),
            Some(_) => Err(Silent::Changed),
            None => Err(Silent::Missing),
        }
    }

    /// The audio of the reference of a match.
    pub(super) fn reference_sound(&self, m: &MatchRecord) -> Result<Sound, Silent> {
        let is_it = |sha256: &str| {
            sha256.get(..16).is_some_and(|begin| m.reference.ref_id == format!("r_{begin}"))
        };
        self.sound_at(&path_of_text(&m.reference.path), is_it)
    }

    /// The audio of a member of a cluster: it may have been an upload here.
    pub(super) fn member_sound(&self, member: &Member) -> Result<Sound, Silent> {
        let upload = self.store.upload_of_content(&member.sha256).ok().flatten();
        if let Some(sound) = upload.and_then(|upload| self.sound_of(&upload).ok()) {
            return Ok(sound);
        }
        self.sound_at(&path_of_text(&member.path), |sha256| sha256 == member.sha256)
    }

    fn sound_at(&self, path: &Path, is_it: impl Fn(&str) -> bool) -> Result<Sound, Silent> {
        let roots = &self.settings.media_roots;
        if roots.is_empty() {
            return Err(Silent::NoRoot);
        }
        let found = candidates(path, roots);
        let is_other = !found.is_empty();
        for path in found {
            if let Some(sha256) = hash_of(&path).filter(|sha256| is_it(sha256)) {
                return Ok(Sound { path, sha256 });
            }
        }
        Err(if is_other { Silent::Changed } else { Silent::Missing })
    }

    /// The match of this name.
    pub(super) fn match_of(&self, upload: &UploadRow, id: &str) -> Result<MatchRecord, Problem> {
        let matches = self.matches_of(upload)?;
        let found = matches.into_iter().find(|m| m.match_id == id);
        found.ok_or_else(|| Problem::not_found("no such match"))
    }

    /// The cluster of this name, as the latest job found it.
    pub(super) fn cluster_of(&self, id: &str) -> Result<Box<Cluster>, Problem> {
        let row = self.store.cluster(id)?;
        let row = row.ok_or_else(|| Problem::not_found("no such cluster"))?;
        let line = self.read_lines(&row.job, &[row.line])?;
        match serde_json::from_slice(&line) {
            Ok(Record::Cluster(cluster)) => Ok(cluster),
            _ => Err(Problem::internal("the record of the cluster cannot be read")),
        }
    }

    /// What is kept, or what decoding makes of it: one file at a time, since whoever pages through a queue asks for many,
    /// and each once, since whoever waited for the same finds it made.
    pub(super) fn decoded<T>(
        &self,
        kept: impl Fn() -> Option<T>,
        make: impl FnOnce() -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        if let Some(kept) = kept() {
            return Ok(kept);
        }
        let (one, waiting) = &self.decoding;
        let before = waiting.fetch_add(1, Ordering::SeqCst);
        let _waits = Waits(waiting);
        if before >= MAX_DECODING {
            return Err(Problem::busy());
        }
        let _one = one.lock().unwrap_or_else(PoisonError::into_inner);
        kept().map_or_else(make, Ok)
    }

    /// `sound` as WAV, decoded once and kept.
    fn wav(&self, sound: &Sound) -> Result<PathBuf, Problem> {
        let path = self.store.cache().join(format!("{}.wav", sound.sha256));
        let kept = || path.is_file().then(|| path.clone());
        let wav = self.decoded(kept, || self.make_wav(sound, &path))?;
        super::room::used(&wav);
        Ok(wav)
    }

    fn make_wav(&self, sound: &Sound, path: &Path) -> Result<PathBuf, Problem> {
        let failed = |e: String| Problem::unusable(format!("it cannot be decoded: {e}"));
        self.room_for(0)?;
        let (draft, mut file) =
            Draft::beside(path, ".wav-", ".part").map_err(|e| failed(e.to_string()))?;
        transcode(&sound.path, &mut file).map_err(failed)?;
        draft.put_in_place(file).map_err(|e| failed(e.to_string()))?;
        self.trim_cache();
        Ok(path.to_owned())
    }
}

/// Decodes the file at `path` to 16-bit WAV.
fn transcode(path: &Path, file: &mut File) -> Result<(), String> {
    let mut out = io::BufWriter::with_capacity(1 << 16, &mut *file);
    let io = |e: io::Error| e.to_string();
    out.write_all(&[0; 44]).map_err(io)?;
    let (mut samples, mut written) = (0u64, Ok(()));
    let mut sink = |chunk: &[f32]| {
        samples += chunk.len() as u64;
        let bytes: Vec<u8> =
            chunk.iter().flat_map(|value| wave::sample(*value).to_le_bytes()).collect();
        if written.is_ok() {
            written = out.write_all(&bytes);
        }
    };
    decode_file(path, &DecodeOptions::default(), &mut sink).map_err(|e| e.to_string())?;
    written.map_err(io)?;
    out.flush().map_err(io)?;
    drop(out);
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    file.write_all(&wave::header(1, ANALYSIS_RATE, samples)).map_err(io)
}

/// The media type of a file that every browser of today plays as it is; none otherwise.
fn playable(path: &Path) -> Option<&'static str> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(4096).read_to_end(&mut head).ok()?;
    let at = |from: usize, what: &[u8]| head.get(from..from + what.len()) == Some(what);
    if at(0, b"fLaC") {
        return Some("audio/flac");
    }
    if at(0, b"OggS") {
        return Some("audio/ogg");
    }
    if at(4, b"ftyp") {
        return (!head.windows(4).any(|w| w == b"alac")).then_some("audio/mp4");
    }
    if at(0, b"RIFF") && at(8, b"WAVE") {
        let fmt = head.windows(4).position(|w| w == b"fmt ")?;
        let tag = head.get(fmt + 8..fmt + 10)?;
        let bits = u16::from_le_bytes([*head.get(fmt + 22)?, *head.get(fmt + 23)?]);
        return (tag == [1, 0] && matches!(bits, 16 | 24)).then_some("audio/wav");
    }
    let layer3 = |bytes: &[u8]| bytes[0] == 0xff && bytes[1] & 0xe6 == 0xe2;
    if at(0, b"ID3") || head.get(..2).is_some_and(layer3) {
        return Some("audio/mpeg");
    }
    None
}

/// The audio of an upload
#[utoipa::path(get, path = "/v1/uploads/{id}/audio", tag = "audio",
    params(("id" = String, Path, description = "Name of the upload"),
           ("form" = Option<String>, Query, description = "`wav`: decoded, mono, 16 kHz")),
    responses((status = 200, content_type = "audio/*", body = Vec<u8>), (status = 206), (status = 404, body = Problem)))]
pub(super) async fn upload(
    State(desk): State<Shared>,
    Names(id): Names<String>,
    Asked(wanted): Asked<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sound = move |desk: &Desk| {
        let upload = super::api::listing::found(desk, &id)?;
        desk.sound_of(&upload).map_err(|why| Problem::not_found(why.words()))
    };
    play(&desk, sound, wanted, &headers).await
}

/// The audio of the reference of a match
#[utoipa::path(get, path = "/v1/uploads/{id}/matches/{match}/audio", tag = "audio",
    params(("id" = String, Path, description = "Name of the upload"),
           ("match" = String, Path, description = "Name of the match"),
           ("form" = Option<String>, Query, description = "`wav`: decoded, mono, 16 kHz")),
    responses((status = 200, content_type = "audio/*", body = Vec<u8>), (status = 206), (status = 404, body = Problem)))]
pub(super) async fn reference(
    State(desk): State<Shared>,
    Names((id, m)): Names<(String, String)>,
    Asked(wanted): Asked<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sound = move |desk: &Desk| {
        let upload = super::api::listing::found(desk, &id)?;
        let m = desk.match_of(&upload, &m)?;
        desk.reference_sound(&m).map_err(|why| Problem::not_found(why.words()))
    };
    play(&desk, sound, wanted, &headers).await
}

/// The audio of a member of a cluster
#[utoipa::path(get, path = "/v1/clusters/{id}/members/{member}/audio", tag = "audio",
    params(("id" = String, Path, description = "Name of the cluster"),
           ("member" = usize, Path, description = "Position of the member in `member_details`"),
           ("form" = Option<String>, Query, description = "`wav`: decoded, mono, 16 kHz")),
    responses((status = 200, content_type = "audio/*", body = Vec<u8>), (status = 206), (status = 404, body = Problem)))]
pub(super) async fn member(
    State(desk): State<Shared>,
    Names((id, member)): Names<(String, usize)>,
    Asked(wanted): Asked<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sound = move |desk: &Desk| {
        let cluster = desk.cluster_of(&id)?;
        let member = cluster.member_details.get(member);
        let member = member.ok_or_else(|| Problem::not_found("no such member"))?;
        desk.member_sound(member).map_err(|why| Problem::not_found(why.words()))
    };
    play(&desk, sound, wanted, &headers).await
}

async fn play(
    desk: &Shared,
    sound: impl FnOnce(&Desk) -> Result<Sound, Problem> + Send + 'static,
    wanted: Wanted,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let wav = wanted.form.as_deref() == Some("wav");
    let (path, kind, tag) = blocking(desk, move |desk| {
        let sound = sound(desk)?;
        match playable(&sound.path).filter(|_| !wav) {
            Some(kind) => Ok((sound.path.clone(), kind, sound.sha256)),
            None => Ok((desk.wav(&sound)?, "audio/wav", format!("{}-wav", sound.sha256))),
        }
    })
    .await?;
    let file = tokio::fs::File::open(&path).await;
    let file = file.map_err(|_| Problem::not_found(Silent::Missing.words()))?;
    let length = file.metadata().await.map_err(|e| Problem::internal(e.to_string()))?.len();
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let part = range.map(|range| part_of(range, length)).transpose()?.flatten();
    answer(file, part, length, (kind, &tag)).await
}

/// Answers with `bytes`, or the part of them that was asked for.
pub(super) fn answer_bytes(
    bytes: Vec<u8>,
    kind: &'static str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let length = bytes.len() as u64;
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let part = range.map(|range| part_of(range, length)).transpose()?.flatten();
    let (from, to) = part.unwrap_or((0, length));
    let body = bytes.get(from as usize..to as usize).unwrap_or_default().to_vec();
    let status = if part.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    let named = part.and_then(|_| format!("bytes {from}-{}/{length}", to - 1).parse().ok());
    if let Some(named) = named {
        headers.insert(header::CONTENT_RANGE, named);
    }
    Ok(response)
}

async fn answer(
    mut file: tokio::fs::File,
    part: Option<(u64, u64)>,
    length: u64,
    (kind, tag): (&'static str, &str),
) -> Result<Response, Problem> {
    let (from, to) = part.unwrap_or((0, length));
    let failed = |e: io::Error| Problem::internal(e.to_string());
    file.seek(SeekFrom::Start(from)).await.map_err(failed)?;
    let stream = tokio_util::io::ReaderStream::with_capacity(file.take(to - from), 1 << 16);
    let body = axum::body::Body::from_stream(stream);
    let status = if part.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(to - from));
    let mut put = |name, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    put(header::ETAG, format!("\"{tag}\""));
    put(header::CACHE_CONTROL, "private, max-age=3600".to_owned());
    if part.is_some() {
        put(header::CONTENT_RANGE, format!("bytes {from}-{}/{length}", to - 1));
    }
    Ok(response)
}

/// The part of a file that a `Range` asks for (RFC 9110, section 14); none where all of it is to be sent.
fn part_of(range: &str, length: u64) -> Result<Option<(u64, u64)>, Problem> {
    // Of several parts, and of other units, all is sent: that is allowed.
    let Some(spec) = range.strip_prefix("bytes=").filter(|spec| !spec.contains(',')) else {
        return Ok(None);
    };
    let Some((from, to)) = spec.trim().split_once('-') else { return Ok(None) };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (from, to) = match (from.trim(), to.trim()) {
        ("", last) => match number(last) {
            Some(last) => (length.saturating_sub(last), length),
            None => return Ok(None),
        },
        (from, "") => match number(from) {
            Some(from) => (from, length),
            None => return Ok(None),
        },
        (from, to) => match (number(from), number(to)) {
            (Some(from), Some(to)) if from <= to => (from, to.saturating_add(1).min(length)),
            _ => return Ok(None),
        },
    };
    if from >= to { Err(Problem::range()) } else { Ok(Some((from, to))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_that_were_asked_for() {
        let part = |range| part_of(range, 100).ok().flatten();
        assert_eq!(part("bytes=0-9"), Some((0, 10)));
        assert_eq!(part("bytes=90-"), Some((90, 100)));
        assert_eq!(part("bytes=-10"), Some((90, 100)));
        assert_eq!(part("bytes=50-1000"), Some((50, 100)));
        for all in ["bytes=0-1,5-6", "items=0-1", "bytes=x-", "bytes=9-1", "bytes"] {
            assert!(matches!(part_of(all, 100), Ok(None)), "{all}");
        }
        for none in ["bytes=100-", "bytes=200-300", "bytes=-0"] {
            assert!(part_of(none, 100).is_err(), "{none}");
        }
    }

    #[test]
    fn a_transcoded_file_is_a_wav_of_the_same_length() {
        let clip =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/demo/references/main-theme.ogg");
        let mut file = tempfile::tempfile().unwrap();
        transcode(&clip, &mut file).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let wav = hound::WavReader::new(&mut file).unwrap();
        assert_eq!((wav.spec().sample_rate, wav.spec().channels), (ANALYSIS_RATE, 1));
        assert!(wav.duration() > 10 * ANALYSIS_RATE);
        assert_eq!(playable(&clip), Some("audio/ogg"));
    }
}
