//! Waveforms: how loud each stretch of a file is, for pages to draw. Decoded once and kept.

use std::path::Path;

use axum::extract::{Path as Names, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Desk;
use super::api::listing::found;
use super::media::{Silent, Sound};
use super::problem::Problem;
use super::shared::{Shared, blocking};
use crate::audio::{ANALYSIS_RATE, DecodeOptions, decode_file};
use crate::journal::Draft;

/// Stretches drawn, at most; a wide screen shows about as many.
const MAX_BINS: usize = 2_400;
/// Samples in a stretch to begin with.
const FINEST: usize = 320;

/// A waveform.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Waveform {
    /// Length of what was decoded.
    duration_ms: u64,
    /// Length of a stretch.
    bin_ms: f64,
    /// Greatest deviation from silence in each stretch, 0 to 255.
    peaks: Vec<u8>,
}

/// Gathers peaks in stretches that grow with the file, so that memory does not.
#[derive(Default)]
struct Gatherer {
    bins: Vec<f32>,
    /// Samples in a bin.
    size: usize,
    current: f32,
    filled: usize,
    samples: u64,
}

impl Gatherer {
    fn take(&mut self, samples: &[f32]) {
        self.size = self.size.max(FINEST);
        self.samples += samples.len() as u64;
        for sample in samples {
            self.current = self.current.max(sample.abs());
            self.filled += 1;
            if self.filled == self.size {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        self.bins.push(self.current);
        (self.current, self.filled) = (0.0, 0);
        if self.bins.len() >= 2 * MAX_BINS {
            self.bins =
                self.bins.chunks(2).map(|pair| pair.iter().copied().fold(0.0, f32::max)).collect();
            self.size *= 2;
        }
    }

    fn waveform(mut self) -> Waveform {
        if self.filled > 0 {
            self.close();
        }
        let loudest = self.bins.iter().copied().fold(1e-6, f32::max);
        let byte = |peak: &f32| (255.0 * peak / loudest).round().clamp(0.0, 255.0) as u8;
        Waveform {
            duration_ms: self.samples * 1000 / u64::from(ANALYSIS_RATE),
            bin_ms: self.size.max(1) as f64 * 1000.0 / f64::from(ANALYSIS_RATE),
            peaks: self.bins.iter().map(byte).collect(),
        }
    }
}

fn of_file(path: &Path) -> Result<Waveform, Problem> {
    let mut gatherer = Gatherer::default();
    decode_file(path, &DecodeOptions::default(), &mut |samples| gatherer.take(samples))
        .map_err(|e| Problem::unusable(format!("it cannot be decoded: {e}")))?;
    Ok(gatherer.waveform())
}

impl Desk {
    /// The waveform of `sound` as JSON.
    fn waveform(&self, sound: &Sound) -> Result<Vec<u8>, Problem> {
        let path = self.store.cache().join(format!("{}.peaks.json", sound.sha256));
        self.decoded(|| std::fs::read(&path).ok(), || make(sound, &path))
    }
}

fn make(sound: &Sound, path: &Path) -> Result<Vec<u8>, Problem> {
    let failed = |e: String| Problem::internal(format!("the waveform cannot be kept: {e}"));
    let json = serde_json::to_vec(&of_file(&sound.path)?).map_err(|e| failed(e.to_string()))?;
    let (draft, mut file) =
        Draft::beside(path, ".peaks-", ".part").map_err(|e| failed(e.to_string()))?;
    std::io::Write::write_all(&mut file, &json).map_err(|e| failed(e.to_string()))?;
    draft.put_in_place(file).map_err(|e| failed(e.to_string()))?;
    Ok(json)
}

fn told(json: Vec<u8>) -> Response {
    let mut response = json.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let kept = HeaderValue::from_static("private, max-age=3600");
    headers.insert(header::CACHE_CONTROL, kept);
    response
}

fn silent(why: Silent) -> Problem {
    Problem::not_found(why.words())
}

/// The waveform of an upload
#[utoipa::path(get, path = "/v1/uploads/{id}/waveform", tag = "audio",
    params(("id" = String, Path, description = "Name of the upload")),
    responses((status = 200, body = Waveform), (status = 404, body = Problem)))]
pub(super) async fn upload(
    State(desk): State<Shared>,
    Names(id): Names<String>,
) -> Result<Response, Problem> {
    blocking(&desk, move |desk| {
        let sound = desk.sound_of(&found(desk, &id)?).map_err(silent)?;
        desk.waveform(&sound).map(told)
    })
    .await
}

/// The waveform of the reference of a match
#[utoipa::path(get, path = "/v1/uploads/{id}/matches/{match}/waveform", tag = "audio",
    params(("id" = String, Path, description = "Name of the upload"),
           ("match" = String, Path, description = "Name of the match")),
    responses((status = 200, body = Waveform), (status = 404, body = Problem)))]
pub(super) async fn reference(
    State(desk): State<Shared>,
    Names((id, m)): Names<(String, String)>,
) -> Result<Response, Problem> {
    blocking(&desk, move |desk| {
        let m = desk.match_of(&found(desk, &id)?, &m)?;
        let sound = desk.reference_sound(&m).map_err(silent)?;
        desk.waveform(&sound).map(told)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_have_no_more_stretches_and_every_peak_stays() {
        let mut gatherer = Gatherer::default();
        let mut samples = vec![0.1; 16_000 * 1_200];
        samples[16_000 * 700] = -0.8;
        samples.chunks(4_096).for_each(|chunk| gatherer.take(chunk));
        let waveform = gatherer.waveform();
        assert_eq!(waveform.duration_ms, 1_200_000);
        assert!((MAX_BINS..2 * MAX_BINS).contains(&waveform.peaks.len()));
        let at = waveform.peaks.iter().position(|peak| *peak == 255).unwrap();
        assert!((at as f64 * waveform.bin_ms - 700_000.0).abs() <= waveform.bin_ms);
    }
}
