//! Every rule: an upload on which it fires, and one like it on which it does not. The table fails where a rule has no
//! such pair.

use soundalike_index::Library;

use super::credential::{claiming, signed};
use super::*;
use crate::credentials::{Origin, State};
use crate::declare::declared::Voice;
use crate::policy::Pack;
use crate::resemblance::{Channel, Resemblance};

/// The first of these uploads is looked at; the groups and families that they form.
struct Scene {
    uploads: Vec<Upload>,
    clusters: Vec<Cluster>,
    families: Vec<Family>,
}

impl Scene {
    fn alone(change: impl FnOnce(&mut Upload)) -> Scene {
        let mut first = upload("a.wav");
        change(&mut first);
        Scene { uploads: vec![first], clusters: Vec::new(), families: Vec::new() }
    }

    fn of(uploads: Vec<Upload>, grouped: bool) -> Scene {
        let clusters = if grouped { vec![cluster_of(&uploads)] } else { Vec::new() };
        Scene { uploads, clusters, families: Vec::new() }
    }
}

/// Uploads `a.wav`, `b.wav` … of the same account, changed one by one.
fn several(count: usize, change: impl Fn(usize, &mut Upload)) -> Vec<Upload> {
    let one = |i: usize| {
        let mut u = upload(&format!(
            "{}.wav",
            char::from(b'a' + (i % 26) as u8).to_string().repeat(1 + i / 26)
        ));
        change(i, &mut u);
        u
    };
    (0..count).map(one).collect()
}

fn with(m: Match) -> Scene {
    Scene::alone(|u| u.matches = vec![m])
}

fn modified(query: f64) -> Match {
    let mut m = matched(MatchKind::Modified, query, 99.0, 2.0 * query);
    m.modified = true;
    m
}

fn resembling(accepted: bool) -> Scene {
    Scene::alone(|u| {
        if accepted {
            u.resemblances = vec![Resemblance {
                id: "w_1".into(),
                channel: Channel::Harmony,
                query: Arc::default(),
                reference: Arc::default(),
                query_ms: (0, 60_000),
                reference_ms: (0, 60_000),
                transposition: 0,
                time_factor: 1.0,
                agreement: 0.8,
                z: 9.0,
                harmony_z: Some(9.0),
                melody_z: None,
                in_bulk: false,
                log10_evalue: -9.0,
                common_pct: 0.0,
                works: 1000,
                can_tell: true,
                next_best: Vec::new(),
                allowed_by: None,
            }];
        }
    })
}

fn family(artists: usize) -> Scene {
    let uploads =
        several(2, |i, u| u.declared.artists = vec![["Ann", "Bob"][i % artists].to_owned()]);
    let details = |u: &Upload| FamilyMember {
        path: u.track.path.clone(),
        artists: u.declared.artists.clone(),
        ..FamilyMember::default()
    };
    let family = Family {
        family_id: "f_1".into(),
        members: uploads.iter().map(|u| u.track.path.clone()).collect(),
        member_details: uploads.iter().map(details).collect(),
        identity: IdentitySpread { artists, ..IdentitySpread::default() },
        ..Family::default()
    };
    Scene { uploads, clusters: Vec::new(), families: vec![family] }
}

/// A scene on which `rule` fires (`true`), or one like it on which it does not.
fn scene(rule: Rule, fires: bool) -> Scene {
    audio(rule, fires)
        .or_else(|| bulk(rule, fires))
        .or_else(|| tech(rule, fires))
        .or_else(|| meta(rule, fires))
        .or_else(|| disclosure(rule, fires))
        .unwrap_or_else(|| {
            panic!("{}: no pair of uploads on which it fires and does not", rule.id())
        })
}

fn audio(rule: Rule, fires: bool) -> Option<Scene> {
    let half = |kind, yes: f64, no: f64| {
        let share = if fires { yes } else { no };
        with(matched(kind, share, share, 2.0 * share))
    };
    Some(match rule {
        Rule::Audio001 if fires => with(same_audio()),
        Rule::Audio001 => with(matched(MatchKind::Excerpt, 20.0, 20.0, 40.0)),
        Rule::Audio002 if fires => with(modified(99.0)),
        Rule::Audio002 => with(same_audio()),
        Rule::Audio003 => half(MatchKind::Excerpt, 20.0, 2.0),
        Rule::Audio004 => half(MatchKind::Excerpt, 2.0, 20.0),
        Rule::Audio005 => Scene::alone(|u| {
            let mut m = same_audio();
            m.blocked_by = fires.then(|| "d_1".to_owned());
            u.matches = vec![m];
        }),
        Rule::Audio006 => Scene::alone(|u| {
            let mut second = same_audio();
            second.id = "m_2".into();
            Arc::make_mut(&mut second.reference).isrc = some("FRCCC2600001");
            let mut first = same_audio();
            if !fires {
                // One registrant on all sides.
                Arc::make_mut(&mut first.reference).isrc = some(ISRC_A2);
                Arc::make_mut(&mut second.reference).isrc = some(ISRC_A2);
            }
            u.matches = vec![first, second];
        }),
        Rule::Audio007 if fires => with(matched(MatchKind::Version, 99.0, 99.0, 198.0)),
        Rule::Audio007 => with(same_audio()),
        Rule::Audio008 => Scene::alone(|u| {
            let mut m = matched(MatchKind::ContainsReference, 20.0, 99.0, 8.0);
            Arc::make_mut(&mut m.reference).library = fires.then(Library::default);
            u.matches = vec![m];
        }),
        Rule::Work001 => resembling(fires),
        Rule::Work002 => family(if fires { 2 } else { 1 }),
        _ => return None,
    })
}

fn bulk(rule: Rule, fires: bool) -> Option<Scene> {
    Some(match rule {
        Rule::Bulk001 => Scene::of(several(if fires { 5 } else { 2 }, |_, _| ()), true),
        Rule::Bulk002 => Scene::of(
            several(5, |i, u| {
                if fires {
                    u.declared.title = Some(format!("Tune {i}"));
                    u.declared.artists = vec![format!("Name {i}")];
                    u.declared.isrc = Some(format!("USAAA260000{i}"));
                }
            }),
            true,
        ),
        Rule::Bulk003 => Scene::of(
            several(if fires { 120 } else { 99 }, |i, u| {
                u.declared.isrc = some("auto");
                u.declared.received_at = Some(format!("2026-11-02T10:{:02}:00Z", i % 60));
            }),
            false,
        ),
        Rule::Bulk004 => Scene::of(
            several(if fires { 5 } else { 4 }, |i, u| {
                u.declared.isrc = some("auto");
                u.track_mut().duration_ms = 31_000 + 100 * i as u64;
            }),
            false,
        ),
        Rule::Bulk005 => Scene::of(
            several(if fires { 3 } else { 2 }, |_, u| u.declared.upc = some("036000291452")),
            true,
        ),
        Rule::Bulk006 => Scene::alone(|u| {
            let share = if fires { 0.96 } else { 0.3 };
            u.signal.repetition = Some(Repetition { period_ms: 8000, repeats: 24.0, share });
        }),
        _ => return None,
    })
}

fn tech(rule: Rule, fires: bool) -> Option<Scene> {
    let ms = |yes: u64, no: u64| if fires { yes } else { no };
    Some(match rule {
        Rule::Tech001 => Scene::alone(|u| u.signal.silence_ms = ms(190_000, 90_000)),
        Rule::Tech002 => Scene::alone(|u| u.signal.noise_ms = ms(190_000, 90_000)),
        Rule::Tech004 => Scene::alone(|u| u.track_mut().truncated = fires),
        Rule::Tech005 => Scene::alone(|u| u.declared.duration_ms = Some(ms(205_000, 201_000))),
        Rule::Tech006 => Scene::alone(|u| {
            u.file_hashes.md5 = some("d41d8cd98f00b204e9800998ecf8427e");
            let last = if fires { "f" } else { "e" };
            let value = format!("d41d8cd98f00b204e9800998ecf8427{last}");
            u.declared.hash = Some(DeclaredHash { algorithm: "MD5".into(), value });
        }),
        Rule::Tech007 => Scene::alone(|u| u.signal.trailing_silence_ms = ms(12_000, 3_000)),
        Rule::Tech008 => Scene::alone(|u| u.track_mut().capped = fires),
        _ => return None,
    })
}

fn meta(rule: Rule, fires: bool) -> Option<Scene> {
    let code = |yes: &str, no: &str| some(if fires { yes } else { no });
    Some(match rule {
        Rule::Meta001 => Scene::alone(|u| u.declared.isrc = code("", "auto")),
        Rule::Meta002 => Scene::alone(|u| u.declared.isrc = code("US-AAA-26-1", ISRC_A)),
        Rule::Meta003 => Scene::of(
            several(2, |i, u| {
                u.declared.title = some(["Evening", "Morning"][i]);
                if i == 1 && !fires {
                    u.declared.isrc = some(ISRC_A2);
                }
            }),
            false,
        ),
        Rule::Meta004 => Scene::of(
            several(2, |i, u| {
                if i == 1 && fires {
                    u.declared.isrc = some(ISRC_A2);
                }
            }),
            true,
        ),
        Rule::Meta005 => Scene::alone(|u| u.declared.upc = code("036000291453", "036000291452")),
        Rule::Meta006 => Scene::alone(|u| {
            let mut m = same_audio();
            let reference = Arc::make_mut(&mut m.reference);
            reference.isrc = some(if fires { "" } else { ISRC_B });
            u.matches = vec![m];
        }),
        Rule::Meta010 => Scene::of(
            several(2, |i, u| {
                if i == 0 && fires {
                    u.declared.rights = Rights::Undeclared;
                }
            }),
            false,
        ),
        Rule::Meta011 => Scene::alone(|u| {
            let mut m = same_audio();
            Arc::make_mut(&mut m.reference).artists = vec!["Armadillo".into()];
            u.declared.artists = vec![if fires { "Armadil1o" } else { "Armadillo" }.into()];
            u.matches = vec![m];
        }),
        Rule::Meta012 => Scene::alone(|u| {
            if fires {
                u.isrcs = vec![ISRC_A.into(), ISRC_B.into()];
            }
        }),
        _ => return None,
    })
}

fn disclosure(rule: Rule, fires: bool) -> Option<Scene> {
    let level = |yes, no| if fires { yes } else { no };
    Some(match rule {
        Rule::Disc001 => {
            Scene::alone(|u| u.declared.ai.level = level(AiLevel::Undeclared, AiLevel::None))
        }
        Rule::Disc002 => Scene::alone(|u| {
            if fires {
                u.tags_generator = vec![("comment".into(), "Suno".into())];
            }
        }),
        Rule::Disc003 => {
            Scene::alone(|u| u.declared.ai.level = level(AiLevel::Partly, AiLevel::None))
        }
        Rule::Disc005 => Scene::alone(|u| {
            u.declared.ai.voice = if fires { Voice::Cloned } else { Voice::Nobody }
        }),
        Rule::Disc006 => Scene::alone(|u| {
            u.credential = Some(signed(State::Broken, Origin::Human));
            u.credential.as_mut().unwrap().altered = fires;
        }),
        Rule::Disc007 => Scene::of(
            several(2, |i, u| {
                let state = if i == 1 && fires { State::Trusted } else { State::None };
                u.credential = Some(claiming(state, None));
            }),
            true,
        ),
        _ => return None,
    })
}

/// Whether common practice says something of it.
fn fires_in(scene: &Scene, rule: Rule, pack: &Pack) -> bool {
    let batch = Batch::new(&scene.uploads, &scene.clusters).families(&scene.families);
    let seen = observe(&batch, 0);
    seen.iter().any(|o| o.rule == rule && pack.assess(rule, &o.facts).is_some())
}

#[test]
fn every_rule_fires_on_one_upload_and_not_on_another_like_it() {
    let set = PackSet::load(None).unwrap();
    let pack = set.get("generic").unwrap();
    let mut wrong = Vec::new();
    for rule in Rule::ALL {
        for fires in [true, false] {
            if fires_in(&scene(*rule, fires), *rule, pack) != fires {
                wrong.push(format!("{} should{} fire", rule.id(), if fires { "" } else { " not" }));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
