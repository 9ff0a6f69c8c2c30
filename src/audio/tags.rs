//! Descriptive tags: what a file says about itself. Never trusted, only shown and compared.

use symphonia::core::formats::FormatReader;
use symphonia::core::meta::{MetadataRevision, StandardTag, Tag};

/// Longest tag kept, in characters.
const MAX_CHARS: usize = 500;

/// The tags that a distributor compares with the delivered metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tags {
    /// Track title.
    pub title: Option<String>,
    /// Performing artist.
    pub artist: Option<String>,
    /// Album title.
    pub album: Option<String>,
    /// Artist of the album as a whole.
    pub album_artist: Option<String>,
    /// Composer.
    pub composer: Option<String>,
    /// International Standard Recording Code, as written in the file.
    pub isrc: Option<String>,
    /// UPC, EAN or other barcode of the release.
    pub upc: Option<String>,
    /// Record label.
    pub label: Option<String>,
    /// Copyright line.
    pub copyright: Option<String>,
    /// Genre.
    pub genre: Option<String>,
    /// Release or recording date, as written in the file.
    pub date: Option<String>,
    /// Encoding software.
    pub encoder: Option<String>,
}

impl Tags {
    /// Takes in all metadata that `format` has read so far. The first value of a tag wins.
    pub(super) fn absorb(&mut self, format: &mut dyn FormatReader) {
        let mut metadata = format.metadata();
        loop {
            if let Some(revision) = metadata.current() {
                self.absorb_revision(revision);
            }
            if metadata.pop().is_none() {
                break;
            }
        }
    }

    fn absorb_revision(&mut self, revision: &MetadataRevision) {
        let per_track = revision.per_track.iter().flat_map(|track| &track.metadata.tags);
        for tag in revision.media.tags.iter().chain(per_track) {
            self.absorb_tag(tag);
        }
    }

    fn absorb_tag(&mut self, tag: &Tag) {
        use StandardTag as T;
        let Some(standard) = &tag.std else { return };
        let year = |year: &u16| year.to_string();
        match standard {
            T::TrackTitle(text) => fill(&mut self.title, text),
            T::Artist(text) => fill(&mut self.artist, text),
            T::Album(text) => fill(&mut self.album, text),
            T::AlbumArtist(text) => fill(&mut self.album_artist, text),
            T::Composer(text) => fill(&mut self.composer, text),
            T::IdentIsrc(text) => fill(&mut self.isrc, text),
            T::IdentUpc(text) | T::IdentBarcode(text) | T::IdentEanUpn(text) => {
                fill(&mut self.upc, text);
            }
            T::Label(text) => fill(&mut self.label, text),
            T::Copyright(text) => fill(&mut self.copyright, text),
            T::Genre(text) => fill(&mut self.genre, text),
            T::ReleaseDate(text) | T::RecordingDate(text) => fill(&mut self.date, text),
            T::ReleaseYear(value) | T::RecordingYear(value) => fill(&mut self.date, &year(value)),
            T::Encoder(text) => fill(&mut self.encoder, text),
            _ => {}
        }
    }
}

fn fill(slot: &mut Option<String>, text: &str) {
    if slot.is_none() {
        *slot = cleaned(text);
    }
}

/// `text` without control characters and outer blanks, at most [`MAX_CHARS`] long.
fn cleaned(text: &str) -> Option<String> {
    let clean: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_bidi_control(*c))
        .take(4 * MAX_CHARS)
        .collect();
    let short: String = clean.trim().chars().take(MAX_CHARS).collect();
    (!short.is_empty()).then(|| short.trim_end().to_owned())
}

/// Invisible characters that reorder the text around them, a way to disguise names in a report.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_cleaned_and_capped() {
        assert_eq!(cleaned("  A\u{0}B\tC\n "), Some("AB C".to_owned()));
        assert_eq!(cleaned("\u{1b}[31mred\u{202e}"), Some("[31mred".to_owned()));
        assert_eq!(cleaned(" \u{0} "), None);
        assert_eq!(cleaned(&"ä".repeat(2_000)).map(|s| s.chars().count()), Some(MAX_CHARS));
    }

    #[test]
    fn the_first_value_wins() {
        let mut slot = None;
        fill(&mut slot, " ");
        fill(&mut slot, "one");
        fill(&mut slot, "two");
        assert_eq!(slot.as_deref(), Some("one"));
    }
}
