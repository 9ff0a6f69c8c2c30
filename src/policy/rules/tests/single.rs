//! One upload by itself: file, codes, names, generated parts.

use super::*;
use crate::trace::{Glance, Strength, Trace, Traced};

#[test]
fn a_complete_upload_that_resembles_nothing_is_clear_everywhere() {
    let (_, v) = verdict(
        upload("a.wav"),
        "generic,distrokid,tunecore,cdbaby,amuse,spotify,youtube,youtube-cid,soundcloud,deezer,apple,tidal",
    );
    assert_eq!((v.level, v.reasons), (Level::Clear, vec![]));
}

#[test]
fn a_bare_file_is_not_blamed_for_what_nobody_asked() {
    let bare = Upload { has_declaration: false, declared: Declared::default(), ..upload("a.wav") };
    assert_eq!(verdict(bare.clone(), "generic").0, []);
    let asked = [bare];
    let batch = Batch::new(&asked, &[]).policy_chosen(true);
    let (seen, v) = verdict_in(&batch, 0, "distrokid");
    assert_eq!(seen.iter().map(|o| o.rule).collect::<Vec<_>>(), [Rule::Disc001]);
    assert_eq!(v.level, Level::Review);
}

#[test]
fn the_signal_and_the_file_are_judged_by_their_numbers() {
    let level = |change: fn(&mut Upload), pack: &str| {
        let mut u = upload("a.wav");
        change(&mut u);
        let v = verdict(u, pack).1;
        (v.level, v.reasons.first().copied())
    };
    let noise = |u: &mut Upload| {
        u.track_mut().duration_ms = 100_000;
        u.signal.noise_ms = 95_000;
    };
    assert_eq!(level(noise, "generic"), (Level::Review, Some(Rule::Tech002)));
    assert_eq!(level(noise, "spotify"), (Level::Hold, Some(Rule::Tech002)));
    assert_eq!(level(noise, "deezer"), (Level::Reject, Some(Rule::Tech002)));
    assert_eq!(level(|u| u.signal.noise_ms = 190_000, "spotify").0, Level::Review, "two minutes");
    assert_eq!(level(|u| u.signal.silence_ms = 190_000, "generic").1, Some(Rule::Tech001));
    assert_eq!(level(|u| u.signal.silence_ms = 90_000, "generic").0, Level::Clear);
    assert_eq!(level(|u| u.track_mut().truncated = true, "generic").1, Some(Rule::Tech004));
    assert_eq!(level(|u| u.declared.duration_ms = Some(205_000), "generic").1, Some(Rule::Tech005));
    assert_eq!(level(|u| u.declared.duration_ms = Some(201_000), "generic").0, Level::Clear);
    assert_eq!(level(|u| u.signal.trailing_silence_ms = 12_000, "generic").1, Some(Rule::Tech007));
    let lifted = |u: &mut Upload| {
        u.track_mut().duration_ms = 31_000;
        u.signal.trailing_silence_ms = 4_000;
    };
    assert_eq!(level(lifted, "generic").1, Some(Rule::Tech007));
    let looped = |u: &mut Upload| {
        u.signal.repetition = Some(Repetition { period_ms: 8000, repeats: 24.0, share: 0.96 });
    };
    assert_eq!(level(looped, "generic"), (Level::Review, Some(Rule::Bulk006)));
    assert_eq!(level(looped, "cdbaby"), (Level::Hold, Some(Rule::Bulk006)));
}

#[test]
fn a_declared_hash_is_compared_where_it_can_be() {
    let with = |algorithm: &str, value: &str| {
        let mut u = upload("a.wav");
        u.file_hashes.md5 = some("d41d8cd98f00b204e9800998ecf8427e");
        u.declared.hash = Some(DeclaredHash { algorithm: algorithm.into(), value: value.into() });
        verdict(u, "generic").1.reasons
    };
    assert_eq!(with("MD5", "D41D8CD98F00B204E9800998ECF8427E"), []);
    assert_eq!(with("md5", "d41d8cd98f00b204e9800998ecf8427f"), [Rule::Tech006]);
    assert_eq!(with("SHA-256", &upload("a.wav").track.sha256_hex()), []);
    assert_eq!(with("SHA-1", "00"), [], "was not computed");
    assert_eq!(with("CRC", "00"), [], "not known here");
}

#[test]
fn codes_and_rights_are_asked_for_where_a_declaration_exists() {
    let reasons = |change: fn(&mut Declared), pack: &str| {
        let mut u = upload("a.wav");
        change(&mut u.declared);
        verdict(u, pack).1.reasons
    };
    assert_eq!(reasons(|d| d.isrc = None, "generic"), [Rule::Meta001]);
    assert_eq!(reasons(|d| d.isrc = some("auto"), "generic"), []);
    assert_eq!(reasons(|d| d.isrc = some("US-AAA-26-1"), "generic"), [Rule::Meta002]);
    assert_eq!(reasons(|d| d.upc = some("036000291453"), "generic"), [Rule::Meta005]);
    assert_eq!(reasons(|d| d.upc = some("12"), "generic"), [Rule::Meta002]);
    // Where a delivery states rights for no track at all, the gap is in its format, not in one upload.
    assert_eq!(reasons(|d| d.rights = Rights::Undeclared, "generic"), []);
    let mut silent = upload("a.wav");
    silent.declared.rights = Rights::Undeclared;
    let uploads = [silent, upload("b.wav")];
    assert_eq!(verdict_in(&Batch::not_compared(&uploads), 0, "generic").1.reasons, [Rule::Meta010]);
    let p_line = |d: &mut Declared| {
        d.rights = Rights::Undeclared;
        d.p_line = some("2026 Ann");
    };
    assert_eq!(reasons(p_line, "generic"), []);
    assert_eq!(reasons(p_line, "distrokid"), [Rule::Meta010]);
}

#[test]
fn names_that_can_be_mistaken_are_shown_with_the_name_they_resemble() {
    let mut u = upload("a.wav");
    u.declared.artists = vec!["Bi11ie Eilish".into()];
    let uploads = [u];
    let batch = Batch::new(&uploads, &[]).protected_artists(["Billie Eilish"].into_iter());
    let (seen, v) = verdict_in(&batch, 0, "generic");
    assert_eq!(v.reasons, [Rule::Meta011]);
    assert!(
        message_of(&seen, Rule::Meta011).contains("\"Bi11ie Eilish\" resembles \"Billie Eilish\"")
    );
    let mut u = with_match(same_audio());
    u.reference_mut(0).artists = vec!["Armadillo".into()];
    u.declared.artists = vec!["Armadil1o".into()];
    assert!(verdict(u, "generic").1.reasons.contains(&Rule::Meta011));
}

#[test]
fn generated_parts_are_judged_by_each_services_rule() {
    let level = |level: AiLevel, facets: &[AiFacet], pack: &str| {
        let mut u = upload("a.wav");
        let tool = some("Tool");
        u.declared.ai =
            AiDisclosure { level, facets: facets.to_vec(), tool, ..AiDisclosure::default() };
        verdict(u, pack).1.level
    };
    let audio = [AiFacet::Vocals, AiFacet::Instruments];
    for (pack, partly, all) in [
        ("generic", Level::Clear, Level::Clear),
        ("distrokid", Level::Clear, Level::Clear),
        ("spotify", Level::Clear, Level::Clear),
        ("tunecore", Level::Review, Level::Reject),
        ("cdbaby", Level::Reject, Level::Reject),
        ("deezer", Level::Clear, Level::Clear),
        ("tidal", Level::Clear, Level::Clear),
        ("soundcloud", Level::Clear, Level::Clear),
    ] {
        assert_eq!(level(AiLevel::Partly, &audio, pack), partly, "{pack}");
        assert_eq!(level(AiLevel::All, &audio, pack), all, "{pack}");
    }
    assert_eq!(level(AiLevel::Partly, &[AiFacet::PostProduction], "cdbaby"), Level::Clear);
    // Strictest of the chosen.
    assert_eq!(level(AiLevel::All, &audio, "spotify,cdbaby"), Level::Reject);
}

#[test]
fn saying_none_over_a_generators_tag_is_a_contradiction() {
    let mut u = upload("a.wav");
    u.tags_generator = vec![("comment".into(), "Suno".into())];
    let (seen, v) = verdict(u.clone(), "spotify");
    assert_eq!((v.level, &v.reasons[..]), (Level::Hold, &[Rule::Disc002][..]));
    assert!(message_of(&seen, Rule::Disc002).contains("\"Suno\" in the tag comment"));
    u.declared.ai.level = AiLevel::Undeclared;
    assert_eq!(verdict(u, "generic").1.reasons, [Rule::Disc001]);
}

#[test]
fn hostile_names_do_not_reach_messages_raw() {
    let mut u = with_match(same_audio());
    u.declared.title = some("a\u{1b}[2J");
    u.reference_mut(0).title = Some(format!("\u{7}{}", "x".repeat(9000)));
    for o in verdict(u, "generic").0 {
        assert!(!o.message.contains(char::is_control) && o.message.len() < 1200, "{}", o.message);
    }
}

#[test]
fn every_fact_that_is_stated_is_in_the_table() {
    let mut u = with_match(same_audio());
    u.signal.repetition = Some(Repetition { period_ms: 8000, repeats: 24.0, share: 0.96 });
    for o in verdict(u, "generic").0 {
        for name in o.facts.keys() {
            assert!(crate::policy::facts::spec(name).is_some(), "{name}");
        }
    }
}

/// What a file has whose sound has a trace of this strength.
fn traced(strength: Strength) -> Option<Traced> {
    let glance = Glance { measurable: true, ..Glance::default() };
    let lattice = "mel_512_10k".to_owned();
    let close = Trace { strength, score: 14.2, pitch_factor: 1.0, lattice, ..Trace::default() };
    Some(Traced { glance, close: Some(close), failed: None })
}

#[test]
fn a_strong_trace_against_a_declaration_is_for_a_look_and_never_more() {
    let with = |trace, level| {
        let mut upload = upload("a.wav");
        upload.declared.ai.level = level;
        Upload { trace, ..upload }
    };
    // The packs that refuse whatever names a generator do not refuse a trace.
    for policies in ["generic", "cdbaby", "generic,spotify,distrokid,cdbaby"] {
        let (observations, verdict) =
            super::verdict(with(traced(Strength::Strong), AiLevel::None), policies);
        let message = message_of(&observations, Rule::Disc002);
        assert!(message.contains("score 14.2") && message.contains("own recording"), "{message}");
        assert_eq!(verdict.level, Level::Review, "{policies}");
    }
    for harmless in [None, traced(Strength::Weak), traced(Strength::None)] {
        let (observations, verdict) = super::verdict(with(harmless, AiLevel::None), "generic");
        assert!(observations.iter().all(|o| o.rule != Rule::Disc002), "{observations:?}");
        assert_eq!(verdict.level, Level::Clear);
    }
    // Declared, so nothing contradicts it.
    let declared = with(traced(Strength::Strong), AiLevel::All);
    let (observations, _) = super::verdict(declared, "generic");
    assert!(observations.iter().all(|o| o.rule != Rule::Disc002));
}

#[test]
fn a_trace_is_named_where_nothing_is_declared() {
    let mut upload = upload("a.wav");
    upload.declared.ai.level = AiLevel::Undeclared;
    let without = super::verdict(upload.clone(), "generic").1.level;
    upload.trace = traced(Strength::Strong);
    let (observations, verdict) = super::verdict(upload, "generic");
    assert!(message_of(&observations, Rule::Disc001).contains("512-row mel spectrogram"));
    assert_eq!(verdict.level, without);
}
