//! Whose voice it is, as far as words tell; and what platforms of users' uploads answer.

use super::*;
use crate::declare::declared::Voice;
use crate::policy::exclusion::{Answer, Case, Program};
use crate::policy::{Eligibility, eligibility};

fn seen(change: impl FnOnce(&mut Upload)) -> Option<Observation> {
    let mut u = upload("a.wav");
    change(&mut u);
    let uploads = [u];
    let batch = Batch::new(&uploads, &[]).protected_artists(["Billie Eilish", "Drake"].into_iter());
    observe(&batch, 0).into_iter().find(|o| o.rule == Rule::Disc005)
}

#[test]
fn titles_that_name_a_known_voice_are_told_and_others_are_left_alone() {
    let titled = |title: &str| seen(|u| u.declared.title = some(title));
    for title in [
        "Evening (AI Drake)",
        "Evening (Drake AI Cover)",
        "Evening - in the voice of Billie Eilish",
        "Evening [Bi11ie Eilish AI version]",
    ] {
        let found = titled(title).unwrap_or_else(|| panic!("{title}"));
        assert!(found.message.contains("whether the voice imitates a person cannot be told here"));
        assert_eq!(found.facts["voice_known"], Fact::Flag(true), "{title}");
    }
    for title in
        ["Evening", "Ai", "Evening (Ai Kotoba)", "Drake (Live)", "The Voice", "Evening (AI)"]
    {
        assert!(titled(title).is_none(), "{title}");
    }
    assert!(seen(|u| u.declared.artists = vec!["AI Drake".into()]).is_some());
    assert!(seen(|u| u.declared.artists = vec!["Ai Weiwei".into()]).is_none());
}

#[test]
fn a_declared_voice_is_judged_by_whether_the_person_agreed() {
    let level = |voice, name: &str, policies: &str| {
        let mut u = upload("a.wav");
        u.declared.ai.voice = voice;
        u.declared.ai.voice_of = some(name);
        level_of(u, policies)
    };
    assert_eq!(level(Voice::Cloned, "Drake", "generic"), Level::Hold);
    assert_eq!(level(Voice::Cloned, "", "tidal"), Level::Reject);
    assert_eq!(level(Voice::Licensed, "Drake", "generic"), Level::Clear);
    assert_eq!(
        level(Voice::Licensed, "Drake", "emastered"),
        Level::Reject,
        "no generated voice at all"
    );
    assert_eq!(level(Voice::Undeclared, "Drake", "generic"), Level::Review);
    assert_eq!(level(Voice::Nobody, "", "tidal"), Level::Clear);
    assert_eq!(level(Voice::Cloned, "Ann", "tidal"), Level::Clear, "a voice of one's own");
}

fn answers(u: Upload, policies: &str) -> Vec<Eligibility> {
    let set = PackSet::load(None).unwrap();
    let packs = set.select(policies).unwrap();
    let uploads = [u];
    let observed = observe(&Batch::new(&uploads, &[]), 0);
    eligibility(&uploads[0], &observed, set.programs(), &packs)
}

fn told(u: Upload, policies: &str, case: Case) -> Vec<(Program, Answer)> {
    let of = |e: &Eligibility| {
        let reason = e.reasons.iter().find(|r| r.case == case)?;
        assert!(!reason.source.is_empty() && reason.date.len() >= 4 && !reason.text.is_empty());
        Some((e.program, reason.answer))
    };
    answers(u, policies).iter().filter_map(of).collect()
}

#[test]
fn platforms_answer_by_the_kind_of_thing_and_beside_the_verdict() {
    use Answer::{Ask, Ineligible};
    use Program::{ContentId, Meta, TiktokUgc};
    assert!(answers(upload("a.wav"), "generic").is_empty(), "nothing speaks against it");
    let all = |answer| vec![(ContentId, answer), (Meta, answer), (TiktokUgc, answer)];
    let version = |text: &str| {
        let mut u = upload("a.wav");
        u.declared.version = some(text);
        u
    };
    let sped = version("Sped Up");
    assert_eq!(level_of(sped.clone(), "generic"), Level::Clear, "may well be distributed");
    assert_eq!(told(sped, "generic", Case::Modified), all(Ineligible));
    assert_eq!(told(version("Karaoke Version"), "generic", Case::Karaoke), all(Ineligible));
    assert_eq!(told(version("Mash-Up"), "generic", Case::Mashup), all(Ineligible));
    let mut free = upload("a.wav");
    free.declared.p_line = some("Public Domain");
    assert_eq!(told(free, "generic", Case::PublicDomain), all(Ineligible));
    let mut looped = upload("a.wav");
    looped.signal.repetition = Some(Repetition { period_ms: 8000, repeats: 24.0, share: 0.96 });
    assert_eq!(told(looped, "generic", Case::Loop), all(Ask));
    let mut generated = upload("a.wav");
    generated.declared.ai.level = AiLevel::All;
    assert_eq!(told(generated, "generic", Case::Generated), [(ContentId, Ask)]);
    // A distributor may be stricter than the platforms.
    assert_eq!(
        told(version("Remix"), "generic", Case::Remix),
        [(ContentId, Ask), (Meta, Ineligible), (TiktokUgc, Ineligible)]
    );
    let strict = answers(version("Remix"), "routenote");
    assert_eq!(strict[0].answer, Ineligible, "{strict:#?}");
}

#[test]
fn matches_make_cases_unless_they_are_ones_own_or_allowed() {
    let copy = told(with_match(same_audio()), "generic", Case::Copy);
    assert_eq!(copy.iter().map(|(_, a)| *a).collect::<Vec<_>>(), [Answer::Ineligible; 3]);
    let mut allowed = with_match(same_audio());
    allowed.matches[0].allowed_by = some("d_1");
    assert!(answers(allowed, "generic").is_empty());
    let mut own = with_match(same_audio());
    own.reference_mut(0).owner = some("acct-1");
    assert!(answers(own, "generic").is_empty());
    // A few seconds are a question, no answer.
    let short = with_match(matched(MatchKind::Excerpt, 2.0, 2.0, 4.0));
    assert!(told(short, "generic", Case::Excerpt).iter().all(|(_, a)| *a == Answer::Ask));
    // Parts of three others, each elsewhere, are a mash-up; one recording under two names is none.
    let part = |id: &str, from: u64, reference: u8| {
        let mut m = matched(MatchKind::Excerpt, 20.0, 20.0, 40.0);
        m.id = id.into();
        m.segments[0].query_ms = (from, from + 40_000);
        Arc::make_mut(&mut m.reference).sha256 = [reference; 32];
        m
    };
    let mut mixed = upload("a.wav");
    mixed.matches = vec![part("m_1", 0, 1), part("m_2", 60_000, 2), part("m_3", 120_000, 3)];
    assert_eq!(told(mixed, "generic", Case::Mashup).len(), 3);
    let mut twice = upload("a.wav");
    twice.matches = vec![part("m_1", 0, 1), part("m_2", 0, 2)];
    assert!(told(twice, "generic", Case::Mashup).is_empty());
}
