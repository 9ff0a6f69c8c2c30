//! Tests of the rules, most of them through the packs: what a user sees is the verdict.

use soundalike_index::TrackMeta;

use super::*;
use crate::batch::cluster::{Cluster, IdentitySpread, Member};
use crate::catalog::declared::{AiDisclosure, AiFacet, AiLevel, Declared, DeclaredHash, Rights};
use crate::fingerprint::signal::{Repetition, Signal};
use crate::policy::observation::Fact;
use crate::policy::packset::PackSet;
use crate::policy::upload::Heard;
use crate::policy::verdict::{Verdict, judge};
use crate::scan::kind::MatchKind;

const ISRC_A: &str = "USAAA2600001";
const ISRC_A2: &str = "USAAA2600002";
const ISRC_B: &str = "GBBBB2600001";

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A complete, unsuspicious upload.
fn upload(path: &str) -> Upload {
    Upload {
        path: path.into(),
        sha256: format!("{path:0>64}"),
        duration_ms: 200_000,
        has_declaration: true,
        declared: Declared {
            title: some("Evening"),
            artists: vec!["Ann".into()],
            isrc: some(ISRC_A),
            account: some("acct-1"),
            rights: Rights::Declared,
            ai: AiDisclosure { level: AiLevel::None, ..AiDisclosure::default() },
            ..Declared::default()
        },
        signal: Signal { duration_ms: 200_000, ..Signal::default() },
        ..Upload::default()
    }
}

fn heard(kind: MatchKind, query_pct: f64, asset_pct: f64, seconds: f64) -> Heard {
    Heard {
        match_id: "m_1".into(),
        kind,
        query_match_pct: query_pct,
        asset_match_pct: asset_pct,
        score: 97.0,
        log10_evalue: -40.0,
        modified: kind == MatchKind::Modified,
        time_factor: if kind == MatchKind::Modified { 1.05 } else { 1.0 },
        pitch_cents: 0.0,
        longest_segment_s: seconds,
        matched_s: seconds,
        asset_matched_s: seconds,
        peaks_per_second: 9.0,
        first_query_ms: (12_000, 75_000),
        first_reference_ms: (3_000, 66_000),
        segments: 1,
        reference: TrackMeta {
            title: some("Original"),
            artist: some("Bob"),
            isrc: some(ISRC_B),
            owner: some("Label B"),
            path: "b.ogg".into(),
            ..TrackMeta::default()
        },
        allowed_by: None,
        blocked_by: None,
    }
}

fn same_audio() -> Heard {
    heard(MatchKind::SameAudio, 99.0, 99.0, 198.0)
}

fn member(upload: &Upload) -> Member {
    let d = &upload.declared;
    Member {
        path: upload.path.clone(),
        title: d.title.clone(),
        artists: d.artists.clone(),
        isrc: d.isrc.clone(),
        account: d.account.clone(),
        ..Member::default()
    }
}

fn cluster_of(uploads: &[Upload]) -> Cluster {
    let spread = |values: Vec<Option<String>>| {
        values.into_iter().flatten().collect::<std::collections::BTreeSet<_>>().len()
    };
    let each = |f: fn(&Declared) -> Option<String>| {
        spread(uploads.iter().map(|u| f(&u.declared)).collect())
    };
    Cluster {
        cluster_id: "c_1".into(),
        size: uploads.len(),
        members: uploads.iter().map(|u| u.path.clone()).collect(),
        member_details: uploads.iter().map(member).collect(),
        identity: IdentitySpread {
            titles: each(|d| d.title.clone()),
            artists: each(|d| d.artists.first().cloned()),
            isrcs: each(|d| d.isrc.clone()),
            accounts: each(|d| d.account.clone()),
            ..IdentitySpread::default()
        },
        ..Cluster::default()
    }
}

fn verdict_in(batch: &Batch<'_>, index: usize, policies: &str) -> (Vec<Observation>, Verdict) {
    let observations = observe(batch, index);
    let packs = PackSet::load(None).unwrap().select(policies).unwrap();
    let (_, verdict) = judge(&batch.uploads[index].path, &observations, &packs);
    (observations, verdict)
}

fn verdict(upload: Upload, policies: &str) -> (Vec<Observation>, Verdict) {
    verdict_in(&Batch::new(&[upload], &[]), 0, policies)
}

fn with_match(heard: Heard) -> Upload {
    Upload { heard: vec![heard], ..upload("a.wav") }
}

fn level_of(upload: Upload, policies: &str) -> Level {
    verdict(upload, policies).1.level
}

fn message_of(observations: &[Observation], rule: Rule) -> &str {
    let seen = observations.iter().find(|o| o.rule == rule);
    &seen.unwrap_or_else(|| panic!("{rule:?} in {observations:#?}")).message
}

#[test]
fn a_complete_upload_that_resembles_nothing_is_clear_everywhere() {
    let (_, v) = verdict(upload("a.wav"), "generic,distrokid,tunecore,cdbaby,amuse,spotify,youtube,youtube-cid,soundcloud,deezer,apple,tidal");
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
fn matches_are_ranked_by_what_they_cover() {
    use MatchKind::*;
    for (h, rule, level) in [
        (same_audio(), Rule::Audio001, Level::Hold),
        (heard(SameFile, 100.0, 100.0, 3.0), Rule::Audio001, Level::Hold),
        (heard(NearDuplicate, 90.0, 88.0, 4.0), Rule::Audio001, Level::Review),
        (heard(Modified, 98.0, 97.0, 196.0), Rule::Audio002, Level::Hold),
        (heard(Modified, 8.0, 9.0, 16.0), Rule::Audio003, Level::Review),
        (heard(ContainsReference, 30.0, 95.0, 60.0), Rule::Audio003, Level::Hold),
        (heard(ContainedInReference, 90.0, 40.0, 180.0), Rule::Audio003, Level::Hold),
        (heard(Excerpt, 25.0, 22.0, 50.0), Rule::Audio003, Level::Review),
        (heard(Excerpt, 4.0, 4.0, 8.0), Rule::Audio004, Level::Review),
        (heard(Excerpt, 1.0, 1.0, 2.0), Rule::Audio004, Level::Clear),
        (heard(LoopOfExcerpt, 90.0, 5.0, 180.0), Rule::Audio003, Level::Review),
    ] {
        let words = format!("{h:?}");
        // Of one artist: the identity matrix asks for a look at most.
        let mut u = with_match(h);
        u.heard[0].reference.artist = some("Ann");
        u.heard[0].reference.owner = None;
        let (seen, v) = verdict(u, "generic");
        assert!(seen.iter().any(|o| o.rule == rule), "{words}: {seen:#?}");
        let alone: Vec<_> = seen.into_iter().filter(|o| o.rule == rule).collect();
        let packs = PackSet::load(None).unwrap().select("generic").unwrap();
        assert_eq!(judge("a", &alone, &packs).1.level, level, "{words} {v:?}");
    }
}

#[test]
fn a_message_says_where_on_both_sides_and_how_much() {
    let (seen, _) = verdict(with_match(heard(MatchKind::Modified, 98.0, 97.0, 196.0)), "generic");
    assert_eq!(
        message_of(&seen, Rule::Audio002),
        "is, with speed or pitch changed, the same recording as \"Original\" by \"Bob\": 0:12–1:15 here runs along 0:03–1:06 there, 98 % of this file and 97 % of the reference; speed +5.0 %, pitch +0 cents"
    );
}

#[test]
fn a_whole_copy_is_rejected_where_the_policy_says_so_and_held_elsewhere() {
    assert_eq!(level_of(with_match(same_audio()), "generic"), Level::Hold);
    for pack in ["distrokid", "cdbaby", "amuse", "soundcloud"] {
        assert_eq!(level_of(with_match(same_audio()), pack), Level::Reject, "{pack}");
    }
    let most = heard(MatchKind::NearDuplicate, 94.0, 94.0, 188.0);
    assert_eq!(level_of(with_match(most), "distrokid"), Level::Hold);
}

#[test]
fn ones_own_reference_is_a_note_and_claims_that_can_be_copied_call_for_a_look() {
    let with = |change: fn(&mut Upload)| {
        let mut u = with_match(same_audio());
        change(&mut u);
        level_of(u, "distrokid")
    };
    assert_eq!(with(|u| u.heard[0].reference.owner = some("ACCT 1")), Level::Clear);
    assert_eq!(
        with(|u| {
            u.heard[0].reference.isrc = some(ISRC_A);
            u.heard[0].reference.artist = some("Ann feat. Cy");
        }),
        Level::Clear
    );
    assert_eq!(
        with(|u| {
            u.declared.label = some("label b");
            u.declared.artists = vec!["Bob".into()];
            u.declared.account = None;
        }),
        Level::Review
    );
}

#[test]
fn decisions_settle_matches() {
    let mut allowed = with_match(same_audio());
    allowed.heard[0].allowed_by = some("d_7");
    let (seen, v) = verdict(allowed, "cdbaby,distrokid");
    assert_eq!((v.level, &v.reasons[..]), (Level::Clear, &[][..]), "{seen:#?}");
    let packs = PackSet::load(None).unwrap().select("cdbaby").unwrap();
    let note = &judge("a", &seen, &packs).0[0];
    assert!(note.message.contains("allowed by decision d_7"), "{}", note.message);

    let mut blocked = with_match(same_audio());
    blocked.heard[0].blocked_by = some("d_8");
    let (seen, v) = verdict(blocked, "spotify");
    assert_eq!((v.level, &v.reasons[..]), (Level::Reject, &[Rule::Audio005][..]));
    assert!(message_of(&seen, Rule::Audio005).contains("d_8"));

    let mut hint = with_match(heard(MatchKind::Excerpt, 3.0, 3.0, 6.0));
    hint.heard[0].blocked_by = some("d_8");
    assert_eq!(level_of(hint, "generic"), Level::Review, "a hint of blocked audio rejects nothing");
}

/// The matrix of the product note, 6.2: (ISRC, artist, account) of the second against
/// (A, Ann, acct-1) of the first; rule and level under the generic pack.
#[test]
fn the_identity_matrix_holds_within_a_batch() {
    for (isrc, artist, account, cell, rule, level) in [
        (ISRC_A, "Ann", "acct-1", "same_isrc/same_artist_and_account", Rule::Meta006, Level::Clear),
        (ISRC_A, "Eve", "acct-1", "same_isrc/other_artist_same_account", Rule::Meta003, Level::Review),
        (ISRC_A, "Ann", "acct-2", "same_isrc/other_account", Rule::Meta003, Level::Hold),
        (ISRC_A2, "Ann", "acct-1", "other_isrc_same_registrant/same_artist_and_account", Rule::Meta004, Level::Review),
        (ISRC_A2, "Eve", "acct-1", "other_isrc_same_registrant/other_artist_same_account", Rule::Bulk002, Level::Hold),
        (ISRC_A2, "Eve", "acct-2", "other_isrc_same_registrant/other_account", Rule::Meta006, Level::Hold),
        (ISRC_B, "Ann", "acct-1", "other_isrc_other_registrant/same_artist_and_account", Rule::Meta004, Level::Review),
        (ISRC_B, "Eve", "acct-1", "other_isrc_other_registrant/other_artist_same_account", Rule::Audio006, Level::Hold),
        (ISRC_B, "Eve", "acct-2", "other_isrc_other_registrant/other_account", Rule::Audio006, Level::Hold),
        ("auto", "Ann", "acct-1", "no_isrc/same_artist_and_account", Rule::Meta006, Level::Review),
        ("auto", "Eve", "acct-1", "no_isrc/other_artist_same_account", Rule::Meta006, Level::Hold),
        ("auto", "Eve", "acct-2", "no_isrc/other_account", Rule::Meta006, Level::Hold),
    ] {
        let mut second = upload("b.wav");
        second.declared.isrc = some(isrc);
        second.declared.artists = vec![artist.into()];
        second.declared.account = some(account);
        let uploads = [upload("a.wav"), second];
        let clusters = [cluster_of(&uploads)];
        let batch = Batch::new(&uploads, &clusters);
        for index in 0..2 {
            let (seen, v) = verdict_in(&batch, index, "generic");
            let o = seen.iter().find(|o| o.rule == rule && o.facts.contains_key("matrix"));
            let o = o.unwrap_or_else(|| panic!("{cell}: {seen:#?}"));
            assert_eq!(o.facts["matrix"], Fact::Word(cell.into()));
            assert_eq!(o.evidence, ["c_1"]);
            assert_eq!(v.level, level, "{cell}: {v:#?}");
        }
    }
}

#[test]
fn the_identity_matrix_holds_against_references() {
    let (seen, v) = verdict(with_match(same_audio()), "generic");
    assert!(v.reasons.contains(&Rule::Audio006), "{v:#?}");
    let text = message_of(&seen, Rule::Audio006);
    assert!(text.contains("\"Original\" by \"Bob\" (GBBBB2600001)"), "{text}");
    // CD Baby asks about audio seen before under another name.
    let mut u = with_match(same_audio());
    u.heard[0].reference.isrc = None;
    assert!(verdict(u, "cdbaby").1.reasons.contains(&Rule::Meta006));
}

#[test]
fn one_recording_known_under_several_registrants_is_told() {
    let mut second = same_audio();
    second.match_id = "m_2".into();
    second.reference.isrc = some("FRCCC2600001");
    let mut u = with_match(same_audio());
    u.heard.push(second);
    let (seen, _) = verdict(u, "generic");
    let o = seen.iter().find(|o| o.facts.contains_key("registrants")).unwrap();
    assert_eq!((o.rule, o.facts["registrants"].clone()), (Rule::Audio006, Fact::Number(2.0)));
    assert_eq!(o.evidence, ["m_1", "m_2"]);
}

#[test]
fn the_declaration_can_explain_shared_audio_of_one_artist_only() {
    let pair = |change: fn(&mut Declared)| {
        let mut second = upload("b.wav");
        second.declared.isrc = some(ISRC_B);
        change(&mut second.declared);
        let uploads = [upload("a.wav"), second];
        let clusters = [cluster_of(&uploads)];
        let batch = Batch::new(&uploads, &clusters);
        [verdict_in(&batch, 0, "generic").1.level, verdict_in(&batch, 1, "generic").1.level]
    };
    assert_eq!(pair(|_| ()), [Level::Review; 2]);
    assert_eq!(pair(|d| d.version = some("2026 Remaster")), [Level::Clear; 2]);
    assert_eq!(pair(|d| d.title = some("Evening (Radio Edit)")), [Level::Clear; 2]);
    assert_eq!(pair(|d| d.is_catalog_transfer = true), [Level::Clear; 2]);
    // The words alone excuse nobody who delivers the work of others.
    let thief = pair(|d| {
        d.version = some("2026 Remaster");
        d.artists = vec!["Eve".into()];
        d.is_backfill = true;
    });
    assert_eq!(thief, [Level::Hold; 2]);
}

#[test]
fn a_recording_spread_over_names_is_held_and_versions_are_not() {
    let spread = |name: fn(usize) -> (String, String)| {
        let uploads: Vec<Upload> = (0..5)
            .map(|i| {
                let mut u = upload(&format!("{i}.wav"));
                let (title, artist) = name(i);
                u.declared.title = Some(title);
                u.declared.artists = vec![artist];
                u.declared.isrc = Some(format!("USAAA260000{i}"));
                u
            })
            .collect();
        let clusters = [cluster_of(&uploads)];
        verdict_in(&Batch::new(&uploads, &clusters), 0, "generic")
    };
    let (seen, v) = spread(|i| (format!("Tune {i}"), format!("Name {i}")));
    assert_eq!((v.level, v.reasons[0]), (Level::Hold, Rule::Bulk002));
    assert!(v.reasons.contains(&Rule::Bulk001), "{v:?}");
    assert_eq!(
        message_of(&seen, Rule::Bulk002),
        "the same audio is delivered under another title and artist with another ISRC of the same registrant, all by one account: \"Tune 1\" by \"Name 1\" (USAAA2600001), \"Tune 2\" by \"Name 2\" (USAAA2600002), \"Tune 3\" by \"Name 3\" (USAAA2600003) and 1 more"
    );
    let (_, v) = spread(|i| {
        let titles = ["Tune", "Tune (Instrumental)", "Tune - Radio Edit", "Tune (Remaster)", "Tune"];
        (titles[i].to_owned(), "Ann".to_owned())
    });
    assert_eq!(v.level, Level::Review, "{v:#?}");
}

#[test]
fn speed_of_an_account_counts_new_work_only() {
    let batch_of = |n: usize, change: fn(&mut Upload)| {
        let uploads: Vec<Upload> = (0..n)
            .map(|i| {
                let mut u = upload(&format!("{i:04}.wav"));
                u.declared.isrc = some("auto");
                u.declared.received_at = Some(format!("2026-11-02T10:{:02}:00Z", i % 60));
                change(&mut u);
                u
            })
            .collect();
        verdict_in(&Batch::new(&uploads, &[]), 0, "generic").1
    };
    assert_eq!(batch_of(99, |_| ()).level, Level::Clear);
    assert_eq!(batch_of(120, |_| ()).reasons, [Rule::Bulk003]);
    assert_eq!(batch_of(120, |u| u.declared.is_backfill = true).level, Level::Clear);
    assert_eq!(batch_of(120, |u| u.declared.received_at = some("yesterday")).level, Level::Clear);
    assert_eq!(batch_of(500, |_| ()).level, Level::Hold);
    let generated = |u: &mut Upload| {
        u.declared.ai =
            AiDisclosure { level: AiLevel::All, tool: some("T"), ..AiDisclosure::default() };
        u.declared.release_id = Some(u.path.clone());
    };
    assert_eq!(batch_of(2, generated).reasons, [Rule::Bulk003]);
    // Two tracks of one release are one release.
    assert_eq!(
        batch_of(2, |u| {
            u.declared.ai.level = AiLevel::All;
            u.declared.ai.tool = some("T");
            u.declared.release_id = some("r");
        })
        .level,
        Level::Clear
    );
}

#[test]
fn lengths_just_over_the_threshold_show_across_the_account() {
    let batch_of = |short: usize, long: usize| {
        let uploads: Vec<Upload> = (0..short + long)
            .map(|i| {
                let mut u = upload(&format!("{i}.wav"));
                u.declared.isrc = some("auto");
                u.duration_ms = if i < short { 31_000 + 100 * i as u64 } else { 180_000 };
                u
            })
            .collect();
        let batch = Batch::new(&uploads, &[]);
        (verdict_in(&batch, 0, "generic").1.level, verdict_in(&batch, 0, "spotify").1.level)
    };
    assert_eq!(batch_of(5, 0), (Level::Review, Level::Hold));
    assert_eq!(batch_of(5, 7), (Level::Review, Level::Review));
    assert_eq!(batch_of(5, 20), (Level::Clear, Level::Clear));
    assert_eq!(batch_of(4, 0), (Level::Clear, Level::Clear));
}

#[test]
fn a_release_of_one_track_repeated_is_held() {
    let mut uploads: Vec<Upload> = (0..3).map(|i| upload(&format!("{i}.wav"))).collect();
    for u in &mut uploads {
        u.declared.upc = some("036000291452");
    }
    let clusters = [cluster_of(&uploads)];
    let batch = Batch::new(&uploads, &clusters);
    assert!(verdict_in(&batch, 1, "generic").1.reasons.contains(&Rule::Bulk005));
    let mut other = upload("other.wav");
    other.declared.upc = some("036000291452");
    uploads.push(other);
    let batch = Batch::new(&uploads, &clusters);
    assert!(!verdict_in(&batch, 1, "generic").1.reasons.contains(&Rule::Bulk005));
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
        u.duration_ms = 100_000;
        u.signal.noise_ms = 95_000;
    };
    assert_eq!(level(noise, "generic"), (Level::Review, Some(Rule::Tech002)));
    assert_eq!(level(noise, "spotify"), (Level::Hold, Some(Rule::Tech002)));
    assert_eq!(level(noise, "deezer"), (Level::Reject, Some(Rule::Tech002)));
    assert_eq!(level(|u| u.signal.noise_ms = 190_000, "spotify").0, Level::Review, "two minutes");
    assert_eq!(level(|u| u.signal.silence_ms = 190_000, "generic").1, Some(Rule::Tech001));
    assert_eq!(level(|u| u.signal.silence_ms = 90_000, "generic").0, Level::Clear);
    assert_eq!(level(|u| u.truncated = true, "generic").1, Some(Rule::Tech004));
    assert_eq!(level(|u| u.declared.duration_ms = Some(205_000), "generic").1, Some(Rule::Tech005));
    assert_eq!(level(|u| u.declared.duration_ms = Some(201_000), "generic").0, Level::Clear);
    assert_eq!(level(|u| u.signal.trailing_silence_ms = 12_000, "generic").1, Some(Rule::Tech007));
    let lifted = |u: &mut Upload| {
        u.duration_ms = 31_000;
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
    assert_eq!(with("SHA-256", &format!("{:0>64}", "a.wav")), []);
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
    assert_eq!(reasons(|d| d.rights = Rights::Undeclared, "generic"), [Rule::Meta010]);
    let p_line = |d: &mut Declared| {
        d.rights = Rights::Undeclared;
        d.p_line = some("2026 Ann");
    };
    assert_eq!(reasons(p_line, "generic"), []);
    assert_eq!(reasons(p_line, "distrokid"), [Rule::Meta010]);
}

#[test]
fn one_isrc_on_two_recordings_is_held() {
    let mut second = upload("b.wav");
    second.declared.title = some("Morning");
    let uploads = [upload("a.wav"), second];
    let (seen, v) = verdict_in(&Batch::new(&uploads, &[]), 0, "generic");
    assert_eq!((v.level, &v.reasons[..]), (Level::Hold, &[Rule::Meta003][..]));
    assert!(message_of(&seen, Rule::Meta003).contains("\"b.wav\""));
    let (_, v) = verdict_in(&Batch::not_compared(&uploads), 0, "generic");
    assert_eq!(v.level, Level::Clear, "what was not compared may be the same");
}

#[test]
fn names_that_can_be_mistaken_are_shown_with_the_name_they_resemble() {
    let mut u = upload("a.wav");
    u.declared.artists = vec!["Bi11ie Eilish".into()];
    let uploads = [u];
    let batch = Batch::new(&uploads, &[]).protected_artists(["Billie Eilish"].into_iter());
    let (seen, v) = verdict_in(&batch, 0, "generic");
    assert_eq!(v.reasons, [Rule::Meta011]);
    assert!(message_of(&seen, Rule::Meta011).contains("\"Bi11ie Eilish\" resembles \"Billie Eilish\""));
    let mut u = with_match(same_audio());
    u.heard[0].reference.artist = some("Armadillo");
    u.declared.artists = vec!["Armadil1o".into()];
    assert!(verdict(u, "generic").1.reasons.contains(&Rule::Meta011));
}

#[test]
fn titles_of_the_same_words_in_new_orders_show_across_the_account() {
    let titles = ["Deep River Song", "River Deep Song", "Song River Deep"];
    let uploads: Vec<Upload> = titles
        .iter()
        .map(|t| {
            let mut u = upload(&format!("{t}.wav"));
            u.declared.title = some(t);
            u.declared.isrc = some("auto");
            u
        })
        .collect();
    let (seen, v) = verdict_in(&Batch::new(&uploads, &[]), 2, "generic");
    assert_eq!(v.reasons, [Rule::Meta011]);
    assert!(message_of(&seen, Rule::Meta011).starts_with("3 titles of account"), "{seen:#?}");
}

#[test]
fn generated_parts_are_judged_by_each_services_rule() {
    let level = |level: AiLevel, facets: &[AiFacet], pack: &str| {
        let mut u = upload("a.wav");
        let tool = some("Tool");
        u.declared.ai = AiDisclosure { level, facets: facets.to_vec(), tool, source: None };
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
    u.heard[0].reference.title = Some(format!("\u{7}{}", "x".repeat(9000)));
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
