//! Traces end to end, in sound that has rows and in sound that has none.

use super::*;
use crate::test_random::Random;
use params::Lattice;

const RATE: u32 = 44_100;

/// Noise whose level varies in time: together in all frequencies, or row by row.
fn swinging(seconds: usize, by_row: bool, pitch: f64) -> Vec<f32> {
    swinging_rows(&TraceParams::V2.lattices[0], seconds, by_row, pitch)
}

/// The same with the rows of `lattice`.
///
/// Rows are sums of sines at the centre of a row and at its edge; each row has its own slow swing, and the edge
/// has the mean of both its neighbours'. That is what interpolation between rows does.
fn swinging_rows(lattice: &Lattice, seconds: usize, by_row: bool, pitch: f64) -> Vec<f32> {
    let hz = |row: f64| {
        let (mut low, mut high) = (0.0, 24_000.0);
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            *(if lattice.place(middle) < row { &mut low } else { &mut high }) = middle;
        }
        low * pitch
    };
    let mut random = Random::new(7);
    // From 3.7 to 9.7 kHz; what is below is without signal, and is left out.
    let (first, last) = (lattice.place(3_700.0) as u32, lattice.place(9_700.0) as u32);
    // Levels of each row, ten a second, interpolated in between.
    let points = seconds * 10 + 2;
    let mut swing =
        || -> Vec<f32> { (0..points).map(|_| (4.0 * random.unit() - 2.0) as f32).collect() };
    let common = swing();
    let rows: Vec<Vec<f32>> =
        (first..=last + 1).map(|_| if by_row { swing() } else { common.clone() }).collect();
    let mut out = vec![0f32; seconds * RATE as usize];
    let mut phases = Random::new(8);
    for quarter in 0..(last - first) * 4 {
        let (row, part) = (quarter / 4, (quarter % 4) as f32 / 4.0);
        let turn =
            std::f64::consts::TAU * hz(f64::from(first + row) + f64::from(part)) / f64::from(RATE);
        let (sin, cos) = turn.sin_cos();
        let (mut re, mut im) = (phases.unit() as f32 - 0.5, phases.unit() as f32 - 0.5);
        let (sin, cos) = (sin as f32, cos as f32);
        for (i, sample) in out.iter_mut().enumerate() {
            let at = i * 10 / RATE as usize;
            let (a, b) = (&rows[row as usize], &rows[row as usize + 1]);
            let level = (1.0 - part) * a[at] + part * b[at];
            *sample += 0.01 * level.exp() * re;
            (re, im) = (re * cos - im * sin, re * sin + im * cos);
        }
    }
    out
}

fn heard(listening: Listening, rate: u32, samples: &[f32], chunk: usize) -> Heard {
    let mut meter = Meter::new(listening).unwrap();
    samples.chunks(chunk).for_each(|part| meter.push(rate, part));
    meter.finish()
}

fn close(samples: &[f32]) -> Trace {
    match heard(Listening::Close, RATE, samples, 11_025) {
        Heard::Close(trace) => *trace,
        other => panic!("{other:?}"),
    }
}

fn glance(samples: &[f32]) -> Glance {
    match heard(Listening::Glance, RATE, samples, 11_025) {
        Heard::Glance(glance) => glance,
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_that_vary_by_themselves_are_a_trace() {
    let sound = swinging(6, true, 1.0);
    assert!(glance(&sound).asks_for_more());
    let trace = close(&sound);
    assert_eq!(trace.strength, Strength::Strong, "{trace:?}");
    assert_eq!((trace.lattice.as_str(), trace.pitch_factor), ("mel_512_10k", 1.0));
    // The pattern is a hump at the centre of a row.
    let (middle, ends) = (trace.pattern.len() / 2, 0);
    assert!(trace.pattern[middle] > trace.pattern[ends] + 0.3, "{:?}", trace.pattern);
}

#[test]
fn rows_of_every_lattice_are_told_by_its_name() {
    for lattice in TraceParams::V2.lattices {
        let sound = swinging_rows(lattice, 8, true, 1.0);
        assert!(glance(&sound).asks_for_more(), "{}: {:?}", lattice.name, glance(&sound));
        let trace = close(&sound);
        let found = (trace.strength, trace.lattice.as_str(), trace.pitch_factor);
        assert_eq!(found, (Strength::Strong, lattice.name, 1.0), "{trace:?}");
    }
}

#[test]
fn what_varies_together_or_not_at_all_is_none() {
    let noise = Random::new(3).noise(8 * RATE as usize, 0.3);
    for sound in [swinging(6, false, 1.0), noise] {
        assert!(!glance(&sound).asks_for_more(), "{:?}", glance(&sound));
        let trace = close(&sound);
        assert_eq!(trace.strength, Strength::None, "{trace:?}");
    }
}

#[test]
fn a_changed_pitch_is_found_and_told() {
    // A semitone up and down, and two down: then rows end at 8.9 kHz, within the last band.
    for factor in [1.0594631, 0.9438743, 0.8908987] {
        let sound = swinging(6, true, factor);
        assert!(glance(&sound).asks_for_more(), "{factor}: {:?}", glance(&sound));
        let trace = close(&sound);
        assert_eq!(trace.strength, Strength::Strong, "{factor}: {trace:?}");
        // A row or two beside it, of which each fits nearly as well.
        assert!((trace.pitch_factor / factor - 1.0).abs() < 0.0125, "{}", trace.pitch_factor);
    }
}

#[test]
fn the_beginning_is_heard_at_once_and_the_rest_now_and_then() {
    // Rows of 5 s are enough at the beginning; of a long file they have to go on for longer.
    assert!(glance(&swinging(5, true, 0.9438743)).asks_for_more());
    let mut sound = Random::new(9).noise(30 * RATE as usize, 0.2);
    sound.extend(swinging(10, true, 1.0));
    sound.extend(Random::new(10).noise(30 * RATE as usize, 0.2));
    let seen = glance(&sound);
    assert!(seen.asks_for_more(), "{seen:?}");
    assert!(seen.scores.stretch > seen.scores.whole, "{seen:?}");
}

#[test]
fn it_is_told_where_in_a_file_the_rows_are() {
    let mut sound = Random::new(4).noise(8 * RATE as usize, 0.2);
    sound.extend(swinging(10, true, 1.0));
    sound.extend(Random::new(5).noise(8 * RATE as usize, 0.2));
    let trace = close(&sound);
    assert_eq!(trace.strength, Strength::Strong);
    let [stretch] = &trace.stretches[..] else { panic!("{:?}", trace.windows) };
    assert!(stretch.begin_ms.abs_diff(8_000) <= 4_000, "{stretch:?}");
    assert!(stretch.end_ms.abs_diff(18_000) <= 4_000, "{stretch:?}");
}

#[test]
fn what_has_nothing_to_measure_is_said_to_have_none() {
    let hum: Vec<f32> = (0..8 * RATE as usize).map(|i| 0.3 * (i as f32 * 0.03).sin()).collect();
    let short = swinging(2, true, 1.0);
    for sound in [vec![0.0; 8 * RATE as usize], hum, short, Vec::new()] {
        assert!(!glance(&sound).measurable);
        assert_eq!(close(&sound).strength, Strength::NotMeasurable);
    }
    // 8 kHz carries nothing above 4 kHz.
    let low = Random::new(6).noise(8 * 8_000, 0.3);
    let Heard::Glance(glance) = heard(Listening::Glance, 8_000, &low, 999) else { panic!() };
    assert!(!glance.measurable);
}

#[test]
fn chunks_and_rates_make_no_difference() {
    let sound = swinging(5, true, 1.0);
    for listening in [Listening::Glance, Listening::Close] {
        let whole = heard(listening, RATE, &sound, sound.len());
        assert_eq!(whole, heard(listening, RATE, &sound, 1_152));
    }
    // A stream that changes its rate goes on, and odd rates do no harm.
    for rate in [1_000, 11_025, 44_056, 48_000, 192_000, 768_000] {
        let mut meter = Meter::new(Listening::Close).unwrap();
        meter.push(RATE, &sound);
        meter.push(rate, &sound);
        assert!(matches!(meter.finish(), Heard::Close(_)));
    }
}
