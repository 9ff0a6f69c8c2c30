//! Tags of an audio file as a declaration.

use super::declared::{Declared, DeclaredIn};
use super::manifest::columns::{self, Field};
use super::manifest::row::RowBuilder;
use crate::audio::Tags;

impl Declared {
    /// What the tags of a file declare. Of user-defined tags, those are taken that a manifest could
    /// hold under the same name and that speak of generators, rights or codes.
    #[doc(hidden)]
    pub fn from_tags(tags: &Tags) -> Declared {
        let mut row = RowBuilder::default();
        let taken = |field: &Field| {
            use Field::{Ai, AiFacet, AiParts, AiTool, Grid, Iswc, Rights, Voice, VoiceOf};
            matches!(
                field,
                Ai(_) | AiFacet(_) | AiParts | AiTool | Rights | Iswc | Grid | Voice | VoiceOf
            )
        };
        for (name, value) in &tags.other {
            if let Some(field) = columns::field(name).filter(taken) {
                row.add(field, 0, value);
            }
        }
        let declared = row.finish(DeclaredIn::Tag).declared;
        let number = tags.track_number.and_then(|number| u32::try_from(number).ok());
        Declared {
            title: tags.title.clone(),
            version: tags.version.clone(),
            artists: tags.artists.clone(),
            contributors: tags.composer.iter().map(|c| (c.clone(), "composer".into())).collect(),
            album: tags.album.clone(),
            album_artist: tags.album_artist.clone(),
            label: tags.label.clone(),
            isrc: tags.isrc.clone(),
            upc: tags.upc.clone(),
            track_number: number,
            genre: tags.genre.clone(),
            release_date: tags.date.clone(),
            c_line: tags.copyright.clone(),
            ..declared
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare::declared::{AiFacet, AiLevel};

    #[test]
    fn user_defined_tags_declare_generators() {
        let tags = Tags {
            title: Some("T".into()),
            other: vec![
                ("AI_DISCLOSURE".into(), "partly".into()),
                ("ai_vocals".into(), "yes".into()),
                ("AI Tool".into(), "Udio".into()),
                ("mood".into(), "all".into()),
            ],
            ..Tags::default()
        };
        let declared = Declared::from_tags(&tags);
        assert_eq!(declared.ai.level, AiLevel::Partly);
        assert_eq!(declared.ai.facets, [AiFacet::Vocals]);
        assert_eq!(declared.ai.tool.as_deref(), Some("Udio"));
        assert_eq!(declared.ai.source, Some(DeclaredIn::Tag));
        assert_eq!(declared.title.as_deref(), Some("T"));
    }
}
