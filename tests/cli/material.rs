//! Copies of the demo's clips as copyists make them: faster, louder, cut, encoded anew, spliced.
//!
//! Made once per test run in the build folder; each test copies what it needs into its own place.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hound::{SampleFormat, WavSpec, WavWriter};
use soundalike::audio::{ANALYSIS_RATE, DecodeOptions, decode_file};

use crate::place::{Place, demo};

/// The copies of `references/main-theme.ogg` (25 s), and how each differs.
pub const COPIES: [&str; 4] = ["anew.wav", "exact.ogg", "faster.wav", "trimmed.wav"];
/// Tracks that have nothing to do with these or each other.
pub const STRANGERS: [&str; 2] = ["geoscape.ogg", "zalek.ogg"];
/// How much faster `faster.wav` plays.
pub const SPEED: f64 = 1.04;
/// What `trimmed.wav` lacks at its beginning, in seconds.
pub const TRIM_S: f64 = 2.0;

/// Mono samples of a clip of the demo at [`ANALYSIS_RATE`].
fn samples(clip: &str) -> Vec<f32> {
    let mut all = Vec::new();
    let mut keep = |chunk: &[f32]| all.extend_from_slice(chunk);
    decode_file(&demo(clip), &DecodeOptions::default(), &mut keep).unwrap();
    all
}

/// A place for `seconds` in a list of samples.
fn at(seconds: f64) -> usize {
    (seconds * f64::from(ANALYSIS_RATE)) as usize
}

/// `samples` played `factor` times as fast, by linear interpolation.
fn faster(samples: &[f32], factor: f64) -> Vec<f32> {
    let length = (samples.len() as f64 / factor) as usize - 1;
    let value = |i: usize| {
        let position = i as f64 * factor;
        let (index, part) = (position as usize, position.fract() as f32);
        samples[index] * (1.0 - part) + samples[index + 1] * part
    };
    (0..length).map(value).collect()
}

/// Writes a mono 16-bit WAV file; whoever looks meanwhile sees no half of it.
fn write_wav(path: &Path, samples: &[f32]) {
    let new = path.with_extension(format!("{}.tmp", std::process::id()));
    let spec = WavSpec {
        channels: 1,
        sample_rate: ANALYSIS_RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(&new, spec).unwrap();
    for sample in samples {
        writer.write_sample((sample * 32_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
    fs::rename(new, path).unwrap();
}

/// The folder with all that is made.
fn made() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("copies");
        fs::create_dir_all(&folder).unwrap();
        let theme = samples("references/main-theme.ogg");
        write_wav(&folder.join("anew.wav"), &theme);
        write_wav(&folder.join("faster.wav"), &faster(&theme, SPEED));
        let quiet: Vec<f32> = theme[at(TRIM_S)..].iter().map(|s| 0.5 * s).collect();
        write_wav(&folder.join("trimmed.wav"), &quiet);
        // Two strangers with the same three seconds in the middle.
        for (name, clip) in
            [("loop-a.wav", "references/geoscape.ogg"), ("loop-b.wav", "references/zalek.ogg")]
        {
            let clip = samples(clip);
            let parts = [&clip[..at(8.0)], &theme[at(10.0)..at(13.0)], &clip[at(8.0)..at(17.0)]];
            write_wav(&folder.join(name), &parts.concat());
        }
        write_wav(&folder.join("silence.wav"), &vec![0.0; at(12.0)]);
        write_loops(&folder, &theme);
        write_users(&folder, &theme);
        write_series(&folder, &theme);
        write_clips(&folder, &theme, &samples("references/geoscape.ogg"));
        folder
    })
}

/// The sound of `loop.wav`: four seconds of the theme.
fn sound(theme: &[f32]) -> &[f32] {
    &theme[at(10.0)..at(14.0)]
}

fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32).sqrt()
}

/// `clip` with `sound` again and again in the samples `there`, `gain` times as loud as the clip is there.
fn planted(mut clip: Vec<f32>, sound: &[f32], there: Range<usize>, gain: f32) -> Vec<f32> {
    let gain = gain * rms(&clip[there.clone()]) / rms(sound);
    let all = 0.9 / (1.0 + gain.max(1.0));
    for (sample, more) in clip[there].iter_mut().zip(sound.iter().cycle()) {
        *sample = all * (*sample + gain * more);
    }
    clip
}

/// A loop of four seconds, and strangers in which it plays four times in a row from [`LOOP_AT`], or once and quietly.
fn write_loops(folder: &Path, theme: &[f32]) {
    let sound = sound(theme);
    write_wav(&folder.join("loop.wav"), sound);
    let planted = |clip: &str, times: usize, gain: f32| {
        let clip = samples(clip);
        let there = at(LOOP_AT)..(at(LOOP_AT) + times * sound.len()).min(clip.len());
        planted(clip, sound, there, gain)
    };
    write_wav(&folder.join("song.wav"), &planted("references/geoscape.ogg", 4, 1.0));
    write_wav(&folder.join("user.wav"), &planted("references/zalek.ogg", 4, 1.0));
    write_wav(&folder.join("quiet-user.wav"), &planted("references/typing-to-jazz.ogg", 1, 0.25));
}

/// Strangers that are long enough for a loop.
fn strangers() -> [Vec<f32>; 4] {
    let [geoscape, jazz, zalek] = ["geoscape", "typing-to-jazz", "zalek"]
        .map(|name| samples(&format!("references/{name}.ogg")));
    [geoscape, jazz, zalek, samples("incoming/funky-sax.mp3").repeat(4)]
}

/// Strangers, each with the loop of `loop.wav` throughout and louder than all else ([`LOUD`]), or for some time
/// ([`USERS`]).
fn write_users(folder: &Path, theme: &[f32]) {
    for (n, clip) in strangers().into_iter().enumerate() {
        let throughout = 0..clip.len();
        write_wav(&folder.join(LOUD[n]), &planted(clip.clone(), sound(theme), throughout, 2.5));
        let begin = 2.0 + n as f64;
        let twice = at(begin)..at(begin + 8.0);
        write_wav(&folder.join(USERS[n]), &planted(clip, sound(theme), twice, 2.0));
    }
}

/// Strangers with one loud loop throughout.
pub const LOUD: [&str; 4] = ["loud-1.wav", "loud-2.wav", "loud-3.wav", "loud-4.wav"];

/// Strangers that use one loop for some time.
pub const USERS: [&str; 4] = ["user-1.wav", "user-2.wav", "user-3.wav", "user-4.wav"];

/// One clip at three levels, each as long and as large as the others, and made of parts of 5.146 s with gaps between.
fn write_series(folder: &Path, theme: &[f32]) {
    let part = (5.1461 * f64::from(ANALYSIS_RATE)) as usize;
    let mut joined = theme[..4 * part].to_vec();
    for seam in joined.chunks_mut(part) {
        let end = seam.len();
        seam[end - 800..].fill(0.0);
    }
    for (name, gain) in SERIES.iter().zip([1.0, 0.8, 0.6]) {
        let clip: Vec<f32> = joined.iter().map(|s| gain * s).collect();
        write_wav(&folder.join(name), &clip);
    }
}

/// Three files made in one way.
pub const SERIES: [&str; 3] = ["series-1.wav", "series-2.wav", "series-3.wav"];

/// Where the loop begins in tracks that use it, in seconds.
pub const LOOP_AT: f64 = 3.0;

/// Clips of five seconds of which some are another one again: [`CLIPS`].
fn write_clips(folder: &Path, theme: &[f32], other: &[f32]) {
    let quieter = |clip: &[f32]| clip.iter().map(|s| 0.6 * s).collect::<Vec<f32>>();
    let clip = &theme[at(6.0)..at(11.0)];
    let stranger = &other[at(5.0)..at(10.0)];
    write_wav(&folder.join("clip.wav"), clip);
    write_wav(&folder.join("clip-again.wav"), &quieter(&clip[at(0.15)..]));
    write_wav(&folder.join("stranger.wav"), stranger);
    write_wav(&folder.join("stranger-again.wav"), &quieter(&stranger[..at(4.9)]));
    let end = [&stranger[..at(2.5)], &clip[at(2.5)..]].concat();
    write_wav(&folder.join("stranger-with-an-end.wav"), &end);
    let under = stranger.iter().zip(clip).map(|(a, b)| 0.6 * a + 0.4 * b);
    write_wav(&folder.join("stranger-over-clip.wav"), &under.collect::<Vec<f32>>());
}

/// `clip.wav` is from `references/main-theme.ogg`, `stranger.wav` from `references/geoscape.ogg`; each is there again,
/// and the second also with the other one at its end and under it.
pub const CLIPS: [&str; 6] = [
    "clip.wav",
    "clip-again.wav",
    "stranger.wav",
    "stranger-again.wav",
    "stranger-with-an-end.wav",
    "stranger-over-clip.wav",
];

/// Copies something made to `to`.
pub fn put(place: &Place, name: &str, to: &str) {
    fs::copy(made().join(name), place.path(to)).unwrap();
}

/// A folder `batch/` with the theme as `theme.ogg`, [`COPIES`] and [`STRANGERS`].
pub fn batch() -> Place {
    let place = Place::empty();
    fs::create_dir(place.path("batch")).unwrap();
    for name in ["theme.ogg", "exact.ogg"] {
        place.copy("references/main-theme.ogg", &format!("batch/{name}"));
    }
    for name in ["anew.wav", "faster.wav", "trimmed.wav"] {
        put(&place, name, &format!("batch/{name}"));
    }
    for name in STRANGERS {
        place.copy(&format!("references/{name}"), &format!("batch/{name}"));
    }
    place
}
