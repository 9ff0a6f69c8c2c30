//! What each service and distributor asks about a track, for whoever made it.

use maud::{Markup, html};

use super::layout::level_badge;
use crate::advise::{Party, Word, grade};
use crate::level::Level;
use crate::report::html::fragments::{Name, Text};

/// Parties, each in a card of its own; the gravest stands open.
pub(super) fn advice(parties: &[Party]) -> Markup {
    let gravest = parties.iter().map(|party| party.level).max();
    html! {
        @if !parties.is_empty() {
            section.advice aria-labelledby="advice" {
                h2 #advice { "What each of them asks" }
                p.note {
                    "As it was read, with source and date. It is no legal advice. What nobody can tell here stands below."
                }
                @for party in parties {
                    (card(party, parties.len() == 1 || Some(party.level) == gravest && party.level > Level::Clear))
                }
            }
        }
    }
}

fn card(party: &Party, is_open: bool) -> Markup {
    let has_field = party.declare.iter().any(|word| word.policy == party.policy);
    html! {
        details.card.party open[is_open] {
            summary { h3 { (Name::of(&party.title)) } " " (level_badge(party.level)) }
            @if let Some(generator) = &party.generator {
                h4 { "The generator" }
                ul { (said(generator)) }
            }
            (list("It would refuse", &party.refused))
            (list("It asks first", &party.asked))
            (list("To declare, and where", &party.declare))
            @if !has_field { p.note { "No field of its own for generated parts was found." } }
            (list("To attach or keep at hand", &party.attach))
            (list("Good to know", &party.notes))
            @for conflict in &party.contradictions {
                h4 { "Its sources contradict each other about " (Text::of(&conflict.about)) }
                ul { (said(&conflict.one)) (said(&conflict.other)) }
            }
            @if !party.unknown.is_empty() {
                p.note { "Nothing was found on: " (Text::whole(party.unknown.join("; "))) "." }
            }
            p.note { "Sources last looked at on " (party.verified_on) "." }
        }
    }
}

fn list(heading: &str, words: &[Word]) -> Markup {
    html! {
        @if !words.is_empty() {
            h4 { (heading) }
            ul { @for word in words { (said(word)) } }
        }
    }
}

fn said(word: &Word) -> Markup {
    html! {
        li {
            @if let Some(field) = &word.field { strong { (Text::of(field)) ": " } }
            (Text::whole(&word.text))
            @if !word.because.is_empty() {
                " " span.because { "Because " (Text::whole(&word.because)) "." }
            }
            " " small.muted { (Text::of(&word.source)) ", " (word.date) " (" (grade(word.grade)) ")" }
        }
    }
}
