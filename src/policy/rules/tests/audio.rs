//! Matches with references.

use super::*;

#[test]
fn matches_are_ranked_by_what_they_cover() {
    use MatchKind::*;
    for (h, rule, level) in [
        (same_audio(), Rule::Audio001, Level::Hold),
        (matched(SameFile, 100.0, 100.0, 3.0), Rule::Audio001, Level::Hold),
        (matched(NearDuplicate, 90.0, 88.0, 4.0), Rule::Audio001, Level::Review),
        (matched(Modified, 98.0, 97.0, 196.0), Rule::Audio002, Level::Hold),
        (matched(Modified, 8.0, 9.0, 16.0), Rule::Audio003, Level::Review),
        (matched(ContainsReference, 30.0, 95.0, 60.0), Rule::Audio003, Level::Hold),
        (matched(ContainedInReference, 90.0, 40.0, 180.0), Rule::Audio003, Level::Hold),
        (matched(Excerpt, 25.0, 22.0, 50.0), Rule::Audio003, Level::Review),
        (matched(Excerpt, 4.0, 4.0, 8.0), Rule::Audio004, Level::Review),
        (matched(Excerpt, 1.0, 1.0, 2.0), Rule::Audio004, Level::Clear),
        (matched(LoopOfExcerpt, 90.0, 5.0, 180.0), Rule::Audio003, Level::Review),
        (matched(Version, 99.0, 99.0, 198.0), Rule::Audio007, Level::Review),
    ] {
        let words = format!("{h:?}");
        // Of one artist: the identity matrix asks for a look at most.
        let mut u = with_match(h);
        u.reference_mut(0).artists = vec!["Ann".into()];
        u.reference_mut(0).owner = None;
        let (seen, v) = verdict(u, "generic");
        assert!(seen.iter().any(|o| o.rule == rule), "{words}: {seen:#?}");
        let alone: Vec<_> = seen.into_iter().filter(|o| o.rule == rule).collect();
        let packs = PackSet::load(None).unwrap().select("generic").unwrap();
        assert_eq!(judge("a", &alone, &packs).1.level, level, "{words} {v:?}");
    }
}

#[test]
fn a_message_says_where_on_both_sides_and_how_much() {
    let (seen, _) = verdict(with_match(matched(MatchKind::Modified, 98.0, 97.0, 196.0)), "generic");
    assert_eq!(
        message_of(&seen, Rule::Audio002),
        "is, with speed or pitch changed, the same recording as \"Original\" by \"Bob\": 0:12–3:28 here runs along 0:03–3:19 there, 98 % of this file and 97 % of the reference; speed +5.0 %, pitch +0 cents"
    );
}

#[test]
fn a_whole_copy_is_rejected_where_the_policy_says_so_and_held_elsewhere() {
    assert_eq!(level_of(with_match(same_audio()), "generic"), Level::Hold);
    for pack in ["distrokid", "cdbaby", "amuse"] {
        assert_eq!(level_of(with_match(same_audio()), pack), Level::Reject, "{pack}");
    }
    // What was read of SoundCloud is hearsay, which rejects nothing.
    assert_eq!(level_of(with_match(same_audio()), "soundcloud"), Level::Hold);
    let most = matched(MatchKind::NearDuplicate, 94.0, 94.0, 188.0);
    assert_eq!(level_of(with_match(most), "distrokid"), Level::Hold);
}

#[test]
fn ones_own_reference_is_a_note_and_claims_that_can_be_copied_call_for_a_look() {
    let with = |change: fn(&mut Upload)| {
        let mut u = with_match(same_audio());
        change(&mut u);
        level_of(u, "distrokid")
    };
    assert_eq!(with(|u| u.reference_mut(0).owner = some("ACCT 1")), Level::Clear);
    assert_eq!(
        with(|u| {
            u.reference_mut(0).isrc = some(ISRC_A);
            u.reference_mut(0).artists = vec!["Ann feat. Cy".into()];
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
    allowed.matches[0].allowed_by = some("d_7");
    let (seen, v) = verdict(allowed, "cdbaby,distrokid");
    assert_eq!((v.level, &v.reasons[..]), (Level::Clear, &[][..]), "{seen:#?}");
    let packs = PackSet::load(None).unwrap().select("cdbaby").unwrap();
    let note = &judge("a", &seen, &packs).0[0];
    assert!(note.message.contains("allowed by decision d_7"), "{}", note.message);

    let mut blocked = with_match(same_audio());
    blocked.matches[0].blocked_by = some("d_8");
    let (seen, v) = verdict(blocked, "spotify");
    assert_eq!((v.level, &v.reasons[..]), (Level::Reject, &[Rule::Audio005][..]));
    assert!(message_of(&seen, Rule::Audio005).contains("d_8"));

    let mut hint = with_match(matched(MatchKind::Excerpt, 3.0, 3.0, 6.0));
    hint.matches[0].blocked_by = some("d_8");
    assert_eq!(level_of(hint, "generic"), Level::Review, "a hint of blocked audio rejects nothing");
}

#[test]
fn the_identity_matrix_holds_against_references() {
    let (seen, v) = verdict(with_match(same_audio()), "generic");
    assert!(v.reasons.contains(&Rule::Audio006), "{v:#?}");
    let text = message_of(&seen, Rule::Audio006);
    assert!(text.contains("\"Original\" by \"Bob\" (GBBBB2600001)"), "{text}");
    // CD Baby asks about audio seen before under another name.
    let mut u = with_match(same_audio());
    u.reference_mut(0).isrc = None;
    assert!(verdict(u, "cdbaby").1.reasons.contains(&Rule::Meta006));
}

#[test]
fn one_recording_known_under_several_registrants_is_told() {
    let mut second = same_audio();
    second.id = "m_2".into();
    Arc::make_mut(&mut second.reference).isrc = some("FRCCC2600001");
    let mut u = with_match(same_audio());
    u.matches.push(second);
    let (seen, _) = verdict(u, "generic");
    let o = seen.iter().find(|o| o.facts.contains_key("registrants")).unwrap();
    assert_eq!((o.rule, o.facts["registrants"].clone()), (Rule::Audio006, Fact::Number(2.0)));
    assert_eq!(o.evidence, ["m_1", "m_2"]);
}

#[test]
fn another_version_is_for_a_look_in_every_policy_and_no_copy_in_any_rule() {
    let packs = PackSet::load(None).unwrap();
    for pack in packs.packs().map(|pack| pack.id.as_str()) {
        let mut version = matched(MatchKind::Version, 99.0, 99.0, 198.0);
        version.modified = true;
        let (seen, v) = verdict(with_match(version), pack);
        let by_match = seen.iter().filter(|o| o.evidence.contains(&"m_1".to_owned()));
        let rules: Vec<Rule> = by_match.map(|o| o.rule).collect();
        assert_eq!(rules, [Rule::Audio007], "{pack}: {v:#?}");
        assert!(message_of(&seen, Rule::Audio007).contains("may be another version"), "{pack}");
        assert!(v.level <= Level::Review || !v.reasons.contains(&Rule::Audio007), "{pack}: {v:#?}");
    }
}
