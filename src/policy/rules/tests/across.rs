//! What only shows across the uploads of a batch.

use super::*;

/// The matrix of the product note, 6.2: (ISRC, artist, account) of the second against
/// (A, Ann, acct-1) of the first; rule and level under the generic pack.
#[test]
fn the_identity_matrix_holds_within_a_batch() {
    for (isrc, artist, account, cell, rule, level) in [
        (ISRC_A, "Ann", "acct-1", "same_isrc/same_artist_and_account", Rule::Meta006, Level::Clear),
        (
            ISRC_A,
            "Eve",
            "acct-1",
            "same_isrc/other_artist_same_account",
            Rule::Meta003,
            Level::Review,
        ),
        (ISRC_A, "Ann", "acct-2", "same_isrc/other_account", Rule::Meta003, Level::Hold),
        (
            ISRC_A2,
            "Ann",
            "acct-1",
            "other_isrc_same_registrant/same_artist_and_account",
            Rule::Meta004,
            Level::Review,
        ),
        (
            ISRC_A2,
            "Eve",
            "acct-1",
            "other_isrc_same_registrant/other_artist_same_account",
            Rule::Bulk002,
            Level::Hold,
        ),
        (
            ISRC_A2,
            "Eve",
            "acct-2",
            "other_isrc_same_registrant/other_account",
            Rule::Meta006,
            Level::Hold,
        ),
        (
            ISRC_B,
            "Ann",
            "acct-1",
            "other_isrc_other_registrant/same_artist_and_account",
            Rule::Meta004,
            Level::Review,
        ),
        (
            ISRC_B,
            "Eve",
            "acct-1",
            "other_isrc_other_registrant/other_artist_same_account",
            Rule::Audio006,
            Level::Hold,
        ),
        (
            ISRC_B,
            "Eve",
            "acct-2",
            "other_isrc_other_registrant/other_account",
            Rule::Audio006,
            Level::Hold,
        ),
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
        let titles =
            ["Tune", "Tune (Instrumental)", "Tune - Radio Edit", "Tune (Remaster)", "Tune"];
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
        u.declared.release_id = Some(u.track.path.clone());
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
                u.track_mut().duration_ms =
                    if i < short { 31_000 + 100 * i as u64 } else { 180_000 };
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
fn versions_in_a_group_are_no_one_recording_under_two_registrants() {
    let level = |kind: MatchKind| {
        let mut other = upload("b.wav");
        other.declared.isrc = some(ISRC_B);
        other.declared.artists = vec!["Bob".into()];
        let uploads = [upload("a.wav"), other];
        let mut cluster = cluster_of(&uploads);
        cluster.edges = vec![Edge { a: 0, b: 1, kind, ..Edge::default() }];
        let clusters = [cluster];
        let seen = observe(&Batch::new(&uploads, &clusters), 0);
        let one = seen.iter().find(|o| o.rule == Rule::Audio006).cloned().unwrap();
        let packs = PackSet::load(None).unwrap().select("generic").unwrap();
        judge("a", &[one], &packs).1.level
    };
    assert_eq!(level(MatchKind::SameAudio), Level::Hold);
    assert_eq!(level(MatchKind::Version), Level::Review);
}

#[test]
fn what_other_uploads_play_is_for_a_look_where_several_artists_sign_it() {
    let by = |path: &str, artist: &str| {
        let mut upload = upload(path);
        upload.declared.artists = vec![artist.to_owned()];
        upload
    };
    let family = |uploads: &[Upload]| {
        let details = |u: &Upload| FamilyMember {
            path: u.track.path.clone(),
            artists: u.declared.artists.clone(),
            ..FamilyMember::default()
        };
        let artists: std::collections::BTreeSet<&String> =
            uploads.iter().flat_map(|u| &u.declared.artists).collect();
        Family {
            family_id: "f_1".into(),
            members: uploads.iter().map(|u| u.track.path.clone()).collect(),
            member_details: uploads.iter().map(details).collect(),
            identity: IdentitySpread { artists: artists.len(), ..IdentitySpread::default() },
            ..Family::default()
        }
    };
    let judged = |uploads: &[Upload]| {
        let families = [family(uploads)];
        let (seen, verdict) =
            verdict_in(&Batch::new(uploads, &[]).families(&families), 0, "generic");
        let seen = seen.into_iter().find(|o| o.rule == Rule::Work002).unwrap();
        (seen, verdict)
    };
    let (seen, verdict) = judged(&[by("a.wav", "Ann"), by("b.wav", "Bob")]);
    assert_eq!(seen.evidence, ["f_1"]);
    assert_eq!(seen.ceiling.unwrap().level, Level::Review, "never more than a look");
    assert!(verdict.reasons.contains(&Rule::Work002));
    // One artist's own versions and transfers are no concern.
    let (seen, verdict) = judged(&[by("a.wav", "Ann"), by("b.wav", "Ann")]);
    assert_eq!(seen.ceiling.unwrap().level, Level::Clear);
    assert!(!verdict.reasons.contains(&Rule::Work002));
    let mut moved = by("a.wav", "Ann");
    moved.declared.is_catalog_transfer = true;
    let (_, verdict) = judged(&[moved, by("b.wav", "Bob")]);
    assert!(!verdict.reasons.contains(&Rule::Work002));
}
