//! Spectrograms in tiles, and the peaks to draw over them; and the sound of the peaks. Decoded once and kept.
//!
//! A kept file is a line of JSON, which says where each tile stands, and behind it the tiles as PNG.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use axum::Json;
use axum::extract::{Path as Names, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::Desk;
use super::api::listing::found;
use super::media::{Silent, Sound, answer_bytes};
use super::problem::Problem;
use super::shared::{Shared, blocking};
use super::state::UploadRow;
use crate::audio::DecodeOptions;
use crate::fingerprint::tiles::{self, TILE};
use crate::journal::Draft;
use crate::params::FingerprintParams;
use crate::report::evidence::EvidenceRecord;
use crate::report::picture::png;
use crate::report::records::{MatchRecord, Record};
use crate::report::sonify::sonify;

/// Longest first line of a kept file, in bytes.
const MAX_INDEX: u64 = 1 << 20;

/// The tiles of a spectrogram.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct Spectrogram {
    /// Length of a column of the finest scale, ms; of the next, twice that.
    column_ms: f64,
    /// Columns of each scale, the finest first.
    columns: Vec<usize>,
    /// Columns of a tile.
    tile: usize,
    /// Log-frequency bins: rows of a tile, the highest first.
    height: usize,
    /// Log-frequency span, in cents above 150 Hz.
    cents: u32,
    /// Where each tile stands behind the first line, by scale: first byte, bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(ignore)]
    places: Vec<Vec<[u64; 2]>>,
}

impl Desk {
    fn kept_tiles(&self, sound: &Sound) -> Result<PathBuf, Problem> {
        let path = self.store.cache().join(format!("{}.tiles", sound.sha256));
        let kept = || path.is_file().then(|| path.clone());
        self.decoded(kept, || make(sound, &path).map(|()| path.clone()))
    }

    fn spectrogram(&self, sound: &Sound) -> Result<Spectrogram, Problem> {
        let (mut index, ..) = open(&self.kept_tiles(sound)?)?;
        index.places.clear();
        Ok(index)
    }

    fn tile(&self, sound: &Sound, scale: usize, at: usize) -> Result<Vec<u8>, Problem> {
        let (index, mut file, begin) = open(&self.kept_tiles(sound)?)?;
        let place = index.places.get(scale).and_then(|scale| scale.get(at));
        let [from, length] = *place.ok_or_else(|| Problem::not_found("there is no such tile"))?;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(begin + from))
            .and_then(|_| file.take(length).read_to_end(&mut bytes))
            .map_err(unreadable)?;
        Ok(bytes)
    }

    /// What a match rests on, if that was recorded.
    pub(super) fn evidence_of(
        &self,
        upload: &UploadRow,
        m: &MatchRecord,
    ) -> Result<Option<Box<EvidenceRecord>>, Problem> {
        let mut lines = self.store.lines(upload.n)?;
        lines.retain(|line| line.kind == "evidence" && line.key == m.match_id);
        lines.truncate(1);
        match serde_json::from_slice(&self.read_lines(&upload.job, &lines)?) {
            Ok(Record::Evidence(evidence)) => Ok(Some(evidence)),
            _ => Ok(None),
        }
    }
}

fn unreadable(error: std::io::Error) -> Problem {
    Problem::internal(format!("the spectrogram cannot be kept or read: {error}"))
}

fn open(path: &Path) -> Result<(Spectrogram, File, u64), Problem> {
    let file = File::open(path).map_err(unreadable)?;
    let mut line = Vec::new();
    let read = BufReader::new(&file).take(MAX_INDEX).read_until(b'\n', &mut line);
    let begin = read.map_err(unreadable)? as u64;
    let index = serde_json::from_slice(&line).map_err(|e| unreadable(e.into()))?;
    Ok((index, file, begin))
}

fn make(sound: &Sound, path: &Path) -> Result<(), Problem> {
    let params = FingerprintParams::V2;
    let all = tiles::of_file(&sound.path, &params, &DecodeOptions::default())
        .map_err(|e| Problem::unusable(format!("it cannot be decoded: {e}")))?;
    let columns = all.columns();
    let (mut bytes, mut places) = (Vec::new(), Vec::new());
    for (scale, columns) in columns.iter().enumerate() {
        let mut row = Vec::new();
        for at in 0..columns.div_ceil(TILE) {
            let picture = all.tile(scale, at).as_ref().and_then(png).unwrap_or_default();
            row.push([bytes.len() as u64, picture.len() as u64]);
            bytes.extend(picture);
        }
        places.push(row);
    }
    let cents = (params.bins as f64 * 1200.0 / params.bins_per_octave as f64).round() as u32;
    let height = all.bins;
    let index =
        Spectrogram { column_ms: all.column_ms, columns, tile: TILE, height, cents, places };
    let failed = |e: String| Problem::internal(format!("the spectrogram cannot be kept: {e}"));
    let mut line = serde_json::to_vec(&index).map_err(|e| failed(e.to_string()))?;
    line.push(b'\n');
    let (draft, mut file) =
        Draft::beside(path, ".tiles-", ".part").map_err(|e| failed(e.to_string()))?;
    file.write_all(&line).and_then(|()| file.write_all(&bytes)).map_err(unreadable)?;
    draft.put_in_place(file).map_err(|e| failed(e.to_string()))
}

fn silent(why: Silent) -> Problem {
    Problem::not_found(why.words())
}

fn picture(bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    let kept = HeaderValue::from_static("private, max-age=3600");
    headers.insert(header::CACHE_CONTROL, kept);
    response
}

/// The tiles of the spectrogram of an upload
#[utoipa::path(get, path = "/v1/uploads/{id}/spectrogram", tag = "audio",
    params(("id" = String, Path, description = "Name of the upload")),
    responses((status = 200, body = Spectrogram), (status = 404, body = Problem)))]
pub(super) async fn upload(
    State(desk): State<Shared>,
    Names(id): Names<String>,
) -> Result<Json<Spectrogram>, Problem> {
    blocking(&desk, move |desk| {
        let sound = desk.sound_of(&found(desk, &id)?).map_err(silent)?;
        desk.spectrogram(&sound).map(Json)
    })
    .await
}

/// A tile of the spectrogram of an upload: 16 greys, loud is dark
#[utoipa::path(get, path = "/v1/uploads/{id}/spectrogram/{scale}/{tile}", tag = "audio",
    params(("id" = String, Path, description = "Name of the upload"),
           ("scale" = usize, Path, description = "0: the finest"),
           ("tile" = usize, Path, description = "Position of the tile")),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 404, body = Problem)))]
pub(super) async fn upload_tile(
    State(desk): State<Shared>,
    Names((id, scale, tile)): Names<(String, usize, usize)>,
) -> Result<Response, Problem> {
    blocking(&desk, move |desk| {
        let sound = desk.sound_of(&found(desk, &id)?).map_err(silent)?;
        desk.tile(&sound, scale, tile).map(picture)
    })
    .await
}

/// The tiles of the spectrogram of the reference of a match
#[utoipa::path(get, path = "/v1/uploads/{id}/matches/{match}/spectrogram", tag = "audio",
    params(("id" = String, Path, description = "Name of the upload"),
           ("match" = String, Path, description = "Name of the match")),
    responses((status = 200, body = Spectrogram), (status = 404, body = Problem)))]
pub(super) async fn reference(
    State(desk): State<Shared>,
    Names((id, m)): Names<(String, String)>,
) -> Result<Json<Spectrogram>, Problem> {
    blocking(&desk, move |desk| {
        let m = desk.match_of(&found(desk, &id)?, &m)?;
        let sound = desk.reference_sound(&m).map_err(silent)?;
        desk.spectrogram(&sound).map(Json)
    })
    .await
}

/// A tile of the spectrogram of the reference of a match
#[utoipa::path(get, path = "/v1/uploads/{id}/matches/{match}/spectrogram/{scale}/{tile}", tag = "audio",
    params(("id" = String, Path, description = "Name of the upload"),
           ("match" = String, Path, description = "Name of the match"),
           ("scale" = usize, Path, description = "0: the finest"),
           ("tile" = usize, Path, description = "Position of the tile")),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 404, body = Problem)))]
pub(super) async fn reference_tile(
    State(desk): State<Shared>,
    Names((id, m, scale, tile)): Names<(String, String, usize, usize)>,
) -> Result<Response, Problem> {
    blocking(&desk, move |desk| {
        let m = desk.match_of(&found(desk, &id)?, &m)?;
        let sound = desk.reference_sound(&m).map_err(silent)?;
        desk.tile(&sound, scale, tile).map(picture)
    })
    .await
}

fn evidence(desk: &Desk, id: &str, m: &str) -> Result<(MatchRecord, Box<EvidenceRecord>), Problem> {
    let upload = found(desk, id)?;
    let m = desk.match_of(&upload, m)?;
    let evidence = desk.evidence_of(&upload, &m)?;
    let evidence = evidence.ok_or_else(|| Problem::not_found("no peaks of it were recorded"))?;
    Ok((m, evidence))
}

/// The peaks that a match rests on: those of both sides, and which of them coincide
#[utoipa::path(get, path = "/v1/uploads/{id}/matches/{match}/peaks", tag = "audio",
    params(("id" = String, Path, description = "Name of the upload"),
           ("match" = String, Path, description = "Name of the match")),
    responses((status = 200, content_type = "application/json", body = Object), (status = 404, body = Problem)))]
pub(super) async fn peaks(
    State(desk): State<Shared>,
    Names((id, m)): Names<(String, String)>,
) -> Result<Json<Box<EvidenceRecord>>, Problem> {
    blocking(&desk, move |desk| {
        let (_, mut evidence) = evidence(desk, &id, &m)?;
        evidence.query.spectrogram_png = None;
        evidence.reference.spectrogram_png = None;
        Ok(Json(evidence))
    })
    .await
}

/// The peaks of a match as sound: coinciding ones in the middle, those of the upload left, those of the reference right
#[utoipa::path(get, path = "/v1/uploads/{id}/matches/{match}/peaks.wav", tag = "audio",
    params(("id" = String, Path, description = "Name of the upload"),
           ("match" = String, Path, description = "Name of the match")),
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>), (status = 206), (status = 404, body = Problem)))]
pub(super) async fn heard(
    State(desk): State<Shared>,
    Names((id, m)): Names<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (begin, wav) = blocking(&desk, move |desk| {
        let (m, evidence) = evidence(desk, &id, &m)?;
        let sound = sonify(&evidence, &m.segments);
        Ok((sound.begin_ms, sound.wav()))
    })
    .await?;
    let mut response = answer_bytes(wav, "audio/wav", &headers)?;
    // Where it begins in the time of the upload, ms.
    if let Ok(begin) = HeaderValue::from_str(&begin.to_string()) {
        response.headers_mut().insert("soundalike-begin", begin);
    }
    Ok(response)
}
