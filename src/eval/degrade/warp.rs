//! Pitch and tempo changed one without the other, and chains of such a change with other damage.
//!
//! Tempo is changed by ffmpeg's `atempo`, pitch by its `rubberband`: two algorithms, so that the
//! scanner is not measured on the artefacts of one. Where ffmpeg was built without the latter, pitch
//! is changed as samplers do it: played at another rate, then brought back to the old tempo.

use super::ffmpeg::{Attack, Process};
use super::{Change, Degradation, Scene, Take, reverb};

/// Rate that ffmpeg works at where the ratio of two rates makes the change, in Hz.
const WORK_RATE: f64 = 48_000.0;
/// Semitones; the last pair lies beyond the range that the scanner is made for.
const PITCHES: [i32; 8] = [-4, -2, -1, 1, 2, 4, -7, 7];
/// Percent; likewise.
const TEMPOS: [i32; 8] = [-20, -10, -5, 5, 10, 20, -35, 35];

/// The family's rows.
pub(super) fn rows() -> Vec<Degradation> {
    let pitches = PITCHES.map(|semitones| {
        let unit = if semitones.abs() == 1 { "semitone" } else { "semitones" };
        pitch(semitones).row("warp", &format!("pitch {semitones:+} {unit}"))
    });
    let tempos = TEMPOS.map(|percent| {
        let factor = 1.0 + f64::from(percent) / 100.0;
        let attack = Attack::new("atempo", "wav", &["-af", &format!("atempo={factor}")]);
        let process = Process::only(attack.making(Change::tempo(factor)));
        process.row("warp", &format!("tempo {percent:+} %"))
    });
    pitches.into_iter().chain(tempos).collect()
}

/// Rows of the family of chains: what people do to hide a copy is seldom one thing.
pub(super) fn chain_rows() -> Vec<Degradation> {
    vec![
        Process::only(speed_eq_mp3()).row("chain", "speed +4 %, EQ, MP3 64k"),
        Process { then: Some(Box::new(|scene: &Scene<'_>, _| in_a_room(scene))), ..pitch(1) }
            .row("chain", "pitch +1 semitone, reverb"),
        Process::only(tempo_opus()).row("chain", "tempo -5 %, Opus 32k"),
    ]
}

fn pitch(semitones: i32) -> Process {
    let ratio = (f64::from(semitones) / 12.0).exp2();
    let filter = format!("rubberband=pitch={ratio:.9}");
    let attack = Attack::new("rubberband", "wav", &["-af", &filter]);
    // Rates are whole numbers, so the ratio is a hundredth of a cent off; the truth says so.
    let rate = (WORK_RATE * ratio).round();
    let back = WORK_RATE / rate;
    let filter = format!("{},atempo={back:.12}", at_rate(rate));
    let instead = Attack::new("atempo", "wav", &["-af", &filter]);
    Process {
        attack: attack.making(Change::pitch(ratio)),
        instead: Some(instead.making(Change::pitch(rate / WORK_RATE))),
        then: None,
    }
}

/// Filters that play the sound as if it had been recorded at [`WORK_RATE`] and were played at
/// `rate`.
fn at_rate(rate: f64) -> String {
    format!("aresample={WORK_RATE},asetrate={rate},aresample={WORK_RATE}")
}

fn speed_eq_mp3() -> Attack {
    let factor = 1.04;
    let filter =
        format!("{},equalizer=f=1000:t=q:w=0.7:g=-12", at_rate((WORK_RATE * factor).round()));
    let args = ["-af", &filter, "-c:a", "libmp3lame", "-b:a", "64k"];
    Attack::new("libmp3lame", "mp3", &args).making(Change::speed(factor))
}

fn tempo_opus() -> Attack {
    let args = ["-af", "atempo=0.95", "-c:a", "libopus", "-b:a", "32k"];
    Attack::new("libopus", "opus", &args).making(Change::tempo(0.95))
}

fn in_a_room(scene: &Scene<'_>) -> Take {
    Take::aligned(scene, reverb::room(scene.signal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::How;

    /// The changes that a row's ways to be made stand for.
    fn changes(row: &Degradation) -> Vec<Change> {
        let How::Ffmpeg(process) = &row.how else { return Vec::new() };
        [Some(&process.attack), process.instead.as_ref()]
            .into_iter()
            .flatten()
            .map(|a| a.change)
            .collect()
    }

    #[test]
    fn the_truth_is_what_the_name_says() {
        for row in rows() {
            let number: f64 = row.name.split(' ').nth(1).unwrap().parse().unwrap();
            for change in changes(&row) {
                if row.name.starts_with("pitch") {
                    assert_eq!(change.factor, 1.0, "{}", row.name);
                    assert!((change.cents - 100.0 * number).abs() < 0.05, "{}", row.name);
                } else {
                    assert!((change.factor - 1.0 - number / 100.0).abs() < 1e-12, "{}", row.name);
                    assert_eq!(change.cents, 0.0, "{}", row.name);
                }
            }
        }
        let speed = changes(&chain_rows()[0])[0];
        assert!((speed.cents - 67.90).abs() < 0.01, "{speed:?}");
    }
}
