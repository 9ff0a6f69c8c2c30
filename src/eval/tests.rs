//! The whole way, on music made here.

use super::degrade::tests::music;
use super::*;
use crate::progress::Silent;

fn songs(dir: &Path, count: u64) -> Vec<PathBuf> {
    (0..count)
        .map(|i| {
            let path = dir.join(format!("song{i}.wav"));
            wav::write_pcm(&path, &[music(100 + i, 24.0)]).unwrap();
            path
        })
        .collect()
}

fn options(only: &[&str]) -> EvalOptions {
    EvalOptions {
        queries: 8,
        lengths_s: vec![5],
        only: only.iter().map(|f| (*f).to_owned()).collect(),
        ..EvalOptions::default()
    }
}

fn run(files: &[PathBuf], options: &EvalOptions) -> Result<EvalReport, EvalError> {
    run_eval(files, options, &Silent, &Cancel::new())
}

#[test]
fn clean_excerpts_are_all_found_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let report = run(&songs(dir.path(), 6), &options(&["clean", "arrange", "speed"])).unwrap();
    assert_eq!((report.material.references, report.material.unknown_tracks), (5, 1));
    let row = |name: &str| report.rows.iter().find(|r| r.degradation == name).unwrap();
    let clean = row(degrade::CLEAN);
    assert_eq!((clean.queries, clean.first, clean.accepted), (8, 8, 8));
    assert!(clean.offset_p95_ms.unwrap() < 50.0, "{clean:?}");
    let padded = row("silence around");
    assert_eq!(padded.accepted, 8);
    assert!(padded.offset_p95_ms.unwrap() < 50.0, "{padded:?}");
    // Two excerpts of 5 s fit the held out track at the least; false alarms are not asserted, as
    // they measure the scanner and not the measuring.
    assert!(report.unknowns.iter().all(|r| r.queries >= 2), "{:?}", report.unknowns);
    assert!(report.speed.index_cpu_ratio > 0.0);
}

#[test]
fn a_query_of_two_tracks_counts_for_each_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let report = run(&songs(dir.path(), 6), &options(&["arrange"])).unwrap();
    let row = |name: &str| report.rows.iter().find(|r| r.degradation == name).unwrap();
    for name in ["two tracks joined", "two tracks cross-faded"] {
        let row = row(name);
        assert_eq!((row.queries, row.parts, row.accepted), (8, 16, 16), "{row:?}");
        assert_eq!(row.accepted_by_part, [8, 8]);
        assert!(row.offset_p95_ms.unwrap() < 50.0, "{row:?}");
    }
    let amid = row("amid unknown, a third");
    assert_eq!((amid.parts, amid.accepted), (8, 8), "{amid:?}");
    assert!(amid.offset_p95_ms.unwrap() < 50.0, "{amid:?}");
    // Nothing that 5 s do not suffice for, and that is said.
    assert!(report.rows.iter().all(|r| r.degradation != "loop of 8 s, for 30 s"));
    assert!(report.notes.iter().any(|n| n.contains("loop of 8 s")), "{:?}", report.notes);
}

#[test]
fn a_loop_is_measured_once_whatever_the_lengths() {
    let rows = degrade::all();
    let lengths =
        |name: &str, asked: &[u32]| rows.iter().find(|r| r.name == name).unwrap().lengths(asked);
    assert_eq!(lengths("loop of 5 s, for 30 s", &[3, 10, 5]), [5]);
    assert_eq!(lengths("loop of 8 s, for 30 s", &[5, 10]), [10]);
    assert_eq!(lengths(degrade::CLEAN, &[5, 10]), [5, 10]);
}

#[test]
fn changed_copies_are_held_against_the_change_that_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let options = EvalOptions { lengths_s: vec![10], ..options(&["clean", "speed"]) };
    let report = run(&songs(dir.path(), 6), &options).unwrap();
    let clean = &report.rows[0];
    assert_eq!((clean.tempo_right, clean.pitch_right), (None, None));
    // Whether a copy is found measures the scanner; what is found of a clear one must be right.
    let changed: Vec<_> = report.rows[1..].iter().filter(|r| r.accepted > 0).collect();
    assert!(!changed.is_empty());
    for row in changed {
        assert_eq!(row.tempo_right, Some(row.accepted), "{row:?}");
        assert_eq!(row.pitch_right, Some(row.accepted), "{row:?}");
        assert!(row.offset_median_ms.unwrap() < 50.0, "{row:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_table_on_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = songs(dir.path(), 4);
    let only = ["noise", "mix", "arrange", "speed"];
    let options = EvalOptions { queries: 4, ..options(&only) };
    let table = |files: &[PathBuf], threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let report = pool.install(|| run(files, &options)).unwrap();
        (report.rows, report.unknowns)
    };
    let first = table(&files, 1);
    files.reverse();
    assert_eq!(table(&files, 3), first);
}

#[test]
fn copies_of_a_file_are_not_held_out_and_indexed_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = songs(dir.path(), 3);
    let copy = dir.path().join("copy.wav");
    std::fs::copy(&files[0], &copy).unwrap();
    files.push(copy);
    let report = run(&files, &options(&["clean"])).unwrap();
    assert_eq!(report.skipped.len(), 1);
    assert_eq!(report.material.references + report.material.unknown_tracks, 3);
}

#[test]
fn too_little_material_and_wrong_options_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let files = songs(dir.path(), 1);
    assert!(matches!(run(&files, &options(&[])), Err(EvalError::TooLittle { .. })));
    assert!(matches!(run(&[], &options(&[])), Err(EvalError::TooLittle { .. })));
    let wrong = run(&files, &options(&["nonsense"]));
    assert!(matches!(wrong, Err(EvalError::Option(_))));
    let none = EvalOptions { lengths_s: vec![], ..EvalOptions::default() };
    assert!(matches!(run(&files, &none), Err(EvalError::Option(_))));
}

#[test]
fn clean_excerpts_of_real_music_are_all_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/demo/references");
    let inputs = crate::declare::inputs::collect(&[folder]);
    // The clips are not part of the published package.
    if inputs.files.len() < 2 {
        return;
    }
    let report = run(&inputs.files, &options(&["clean"])).unwrap();
    let clean = &report.rows[0];
    assert!(clean.queries > 0);
    assert_eq!((clean.first, clean.accepted), (clean.queries, clean.queries), "{clean:?}");
}
