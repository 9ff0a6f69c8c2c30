//! What signed credentials make of declarations: they are told, compared, and never more than a reason to look.

use super::*;
use crate::credentials::{Action, Claim, Credential, Origin, State};

/// A credential in this state that names this kind of source.
pub(super) fn claiming(state: State, source: Option<(&str, Origin)>) -> Credential {
    let actions = source.iter().map(|(name, _)| Action {
        action: "c2pa.created".into(),
        source_type: some(name),
        ..Action::default()
    });
    let claim = Claim {
        signer: some("Example Maker"),
        actions: actions.collect(),
        origin: source.map_or(Origin::NotSaid, |(_, origin)| origin),
        ..Claim::default()
    };
    let claim = (state >= State::Broken).then_some(claim);
    Credential { state, claim, place: "a chunk".into(), ..Credential::default() }
}

/// A credential in this state that says this.
pub(super) fn signed(state: State, origin: Origin) -> Credential {
    let source = match origin {
        Origin::Generated => "trainedAlgorithmicMedia",
        Origin::PartlyGenerated => "compositeWithTrainedAlgorithmicMedia",
        Origin::Human => "digitalCapture",
        Origin::NotSaid => return claiming(state, None),
    };
    claiming(state, Some((source, origin)))
}

fn with(level: AiLevel, credential: Credential) -> Upload {
    let mut u = upload("a.wav");
    u.declared.ai.level = level;
    u.credential = Some(credential);
    u
}

fn has(seen: &[Observation], rule: Rule) -> bool {
    seen.iter().any(|o| o.rule == rule)
}

#[test]
fn an_intact_credential_against_a_declaration_is_for_a_look_and_never_more() {
    for state in [State::Intact, State::Trusted] {
        for origin in [Origin::Generated, Origin::PartlyGenerated] {
            // The packs that refuse whatever names a generator do not refuse a signer's word.
            for policies in ["generic", "cdbaby", "generic,spotify,distrokid,cdbaby"] {
                let (seen, v) = verdict(with(AiLevel::None, signed(state, origin)), policies);
                assert_eq!((v.level, &v.reasons[..]), (Level::Review, &[Rule::Disc002][..]));
                let message = message_of(&seen, Rule::Disc002);
                assert!(message.contains("says otherwise") && message.contains("Example Maker"));
                assert!(message.contains("trained model"), "{message}");
            }
        }
    }
}

#[test]
fn a_tag_that_names_a_generator_is_graver_than_the_credential_beside_it() {
    let mut u = with(AiLevel::None, signed(State::Trusted, Origin::Generated));
    u.tags_generator = vec![("comment".into(), "Suno".into())];
    let (seen, v) = verdict(u, "generic");
    assert_eq!(v.level, Level::Hold);
    let message = message_of(&seen, Rule::Disc002);
    assert!(message.contains("\"Suno\"") && message.contains("signed credential"), "{message}");
}

#[test]
fn what_contradicts_nothing_fires_nothing() {
    let silent = [
        (AiLevel::None, State::None, Origin::NotSaid),
        (AiLevel::None, State::Trusted, Origin::Human),
        (AiLevel::None, State::Trusted, Origin::NotSaid),
        (AiLevel::None, State::Remote, Origin::NotSaid),
        (AiLevel::None, State::NotRead, Origin::NotSaid),
        (AiLevel::None, State::Broken, Origin::Human),
        // Declared, so it contradicts nothing.
        (AiLevel::All, State::Trusted, Origin::Generated),
        (AiLevel::Partly, State::Intact, Origin::PartlyGenerated),
    ];
    for (level, state, origin) in silent {
        let (seen, _) = verdict(with(level, signed(state, origin)), "generic");
        let rules = [Rule::Disc001, Rule::Disc002, Rule::Disc006, Rule::Disc007];
        assert!(!rules.iter().any(|rule| has(&seen, *rule)), "{level:?} {state:?} {origin:?}");
    }
}

#[test]
fn a_credential_of_people_clears_nothing() {
    let mut u = with(AiLevel::None, signed(State::Trusted, Origin::Human));
    u.matches = vec![same_audio()];
    let level = verdict(u.clone(), "generic").1.level;
    u.credential = None;
    assert_eq!(verdict(u, "generic").1.level, level);
    assert_eq!(level, Level::Hold);
}

#[test]
fn an_intact_credential_is_named_where_nothing_is_declared() {
    let u = with(AiLevel::Undeclared, signed(State::Intact, Origin::Generated));
    let (seen, v) = verdict(u.clone(), "generic");
    assert_eq!((v.level, &v.reasons[..]), (Level::Review, &[Rule::Disc001][..]));
    assert!(message_of(&seen, Rule::Disc001).contains("signed credential"));
    // Also of a bare file, of which nobody declared anything.
    let bare = Upload { has_declaration: false, ..u };
    assert!(has(&observe(&Batch::new(&[bare], &[]), 0), Rule::Disc001));
    let broken = with(AiLevel::Undeclared, signed(State::Broken, Origin::Generated));
    let (seen, _) = verdict(broken, "generic");
    assert!(!message_of(&seen, Rule::Disc001).contains("signed"), "it counts for nothing");
}

#[test]
fn a_broken_credential_is_a_look_only_where_it_speaks_of_something_generated() {
    let mut broken = signed(State::Broken, Origin::Generated);
    broken.altered = true;
    broken.reasons = vec!["the file was changed after it was signed".into()];
    let (seen, v) = verdict(with(AiLevel::None, broken.clone()), "generic");
    assert_eq!((v.level, &v.reasons[..]), (Level::Review, &[Rule::Disc006][..]));
    let message = message_of(&seen, Rule::Disc006);
    assert!(message.contains("changed after it was signed") && message.contains("trained model"));
    // Declared as generated, or signed by a studio: editing is what studios do.
    let (seen, v) = verdict(with(AiLevel::All, broken), "generic");
    assert!(has(&seen, Rule::Disc006) && !v.reasons.contains(&Rule::Disc006));
    let mut edited = signed(State::Broken, Origin::Human);
    edited.altered = true;
    let (seen, v) = verdict(with(AiLevel::None, edited), "generic");
    assert!(has(&seen, Rule::Disc006));
    assert_eq!(v.level, Level::Clear);
}

/// Two uploads of a batch: the first has no credential.
fn two(theirs: Credential, change: impl Fn(&mut Upload)) -> Vec<Upload> {
    let mut own = with(AiLevel::None, claiming(State::None, None));
    change(&mut own);
    let mut other = upload("b.wav");
    other.credential = Some(theirs);
    other.declared.ai.level = AiLevel::All;
    vec![own, other]
}

#[test]
fn a_credential_of_the_same_recording_is_missed_in_the_derivative() {
    let uploads = two(signed(State::Trusted, Origin::Generated), |_| ());
    let clusters = [cluster_of(&uploads)];
    let seen = observe(&Batch::new(&uploads, &clusters), 0);
    let missed = seen.iter().find(|o| o.rule == Rule::Disc007).unwrap();
    assert!(missed.message.contains("present in the delivery, absent in the derivative"));
    assert!(missed.message.contains("\"b.wav\" (trusted)"), "{}", missed.message);
    assert_eq!(missed.evidence, ["c_1"]);
    assert_eq!(missed.ceiling.as_ref().unwrap().level, Level::Review);
    // The one that has it misses nothing.
    assert!(!has(&observe(&Batch::new(&uploads, &clusters), 1), Rule::Disc007));
}

#[test]
fn the_same_isrc_says_so_too_and_another_recording_does_not() {
    let uploads = two(signed(State::Intact, Origin::Human), |_| ());
    let seen = observe(&Batch::new(&uploads, &[]), 0);
    let missed = seen.iter().find(|o| o.rule == Rule::Disc007).unwrap();
    assert!(missed.message.contains("by its ISRC"), "{}", missed.message);
    assert!(missed.ceiling.as_ref().unwrap().reason.contains("ISRC alone"));

    let uploads = two(signed(State::Intact, Origin::Human), |u| u.declared.isrc = some(ISRC_A2));
    assert!(!has(&observe(&Batch::new(&uploads, &[]), 0), Rule::Disc007));
    // Nobody looked: absence is not known.
    let uploads = two(signed(State::Intact, Origin::Human), |u| u.credential = None);
    assert!(!has(&observe(&Batch::new(&uploads, &[]), 0), Rule::Disc007));
}
