//! Descriptive tags: what a file says about itself. Never trusted, only shown and compared.

use symphonia::core::formats::FormatReader;
use symphonia::core::meta::{MetadataRevision, RawValue, StandardTag, Tag};

/// Longest tag kept, in characters.
const MAX_CHARS: usize = 500;
/// Most tags kept that have no field of their own.
const MAX_OTHER: usize = 64;

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
    /// Settings of the encoding software.
    pub encoder_settings: Option<String>,
    /// Person or service that encoded the file.
    pub encoded_by: Option<String>,
    /// Free comment.
    pub comment: Option<String>,
    /// Free description.
    pub description: Option<String>,
    /// Where the audio was published (`WOAS` and its like).
    pub url: Option<String>,
    /// Version or subtitle.
    pub version: Option<String>,
    /// Position on the release.
    pub track_number: Option<u64>,
    /// Other tags as `(name, value)` in the order of the file: user-defined ones (`TXXX`, Vorbis and
    /// APE keys, MP4 free-form atoms) by their own name, embedded objects by their MIME type.
    pub other: Vec<(String, String)>,
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
        let Some(standard) = &tag.std else { return self.absorb_other(tag) };
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
            T::EncoderSettings(text) => fill(&mut self.encoder_settings, text),
            T::EncodedBy(text) => fill(&mut self.encoded_by, text),
            // Players write comments of their own; what follows the first is kept, too.
            T::Comment(text) if self.comment.is_some() => self.add_other("comment", text),
            T::Comment(text) => fill(&mut self.comment, text),
            T::Description(text) => fill(&mut self.description, text),
            T::UrlSource(text) | T::Url(text) | T::UrlOfficial(text) if self.url.is_some() => {
                self.add_other("url", text);
            }
            T::UrlSource(text) | T::Url(text) | T::UrlOfficial(text) => fill(&mut self.url, text),
            T::Version(text) | T::TrackSubtitle(text) => fill(&mut self.version, text),
            T::TrackNumber(number) => self.track_number = self.track_number.or(Some(*number)),
            _ => {}
        }
    }

    fn absorb_other(&mut self, tag: &Tag) {
        let value = match &tag.raw.value {
            RawValue::String(text) => text.to_string(),
            RawValue::StringList(list) => list.join("; "),
            RawValue::Boolean(value) => value.to_string(),
            RawValue::UnsignedInt(value) => value.to_string(),
            RawValue::SignedInt(value) => value.to_string(),
            RawValue::Flag => "true".to_owned(),
            // The content of an object is not looked at; that it is there says enough.
            RawValue::Binary(_) => "(binary)".to_owned(),
            _ => return,
        };
        self.add_other(&own_name(tag), &value);
    }

    fn add_other(&mut self, name: &str, value: &str) {
        let (Some(name), Some(value)) = (cleaned(name), cleaned(value)) else { return };
        let pair = (name, value);
        if self.other.len() < MAX_OTHER && !self.other.contains(&pair) {
            self.other.push(pair);
        }
    }
}

/// The name that a tag was given by who wrote it: many formats have one key for all of those.
fn own_name(tag: &Tag) -> String {
    let fields = tag.raw.sub_fields.iter().flat_map(|fields| fields.iter());
    let first = fields.filter_map(|field| match &field.value {
        RawValue::String(text) if !text.trim().is_empty() => Some(text.to_string()),
        _ => None,
    });
    match tag.raw.key.as_str() {
        "TXXX" | "TXX" | "WXXX" | "WXX" => {
            first.take(1).next().unwrap_or_else(|| tag.raw.key.clone())
        }
        "GEOB" | "GEO" | "PRIV" => {
            let details: Vec<String> = first.collect();
            format!("{}:{}", tag.raw.key, details.join(":"))
        }
        // MP4: `----:com.apple.iTunes:NAME`.
        key => key.rsplit(':').next().unwrap_or(key).to_owned(),
    }
}

fn fill(slot: &mut Option<String>, text: &str) {
    if slot.is_none() {
        *slot = cleaned(text);
    }
}

/// `text` without control characters and outer blanks, at most 500 characters long; `None` where
/// nothing is left. Everything that strangers wrote passes through here before it is shown.
pub fn cleaned(text: &str) -> Option<String> {
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

    /// A frame of ID3v2.3 with Latin-1 text.
    fn frame(id: &str, body: &[u8]) -> Vec<u8> {
        let mut frame = id.as_bytes().to_vec();
        frame.extend((body.len() as u32).to_be_bytes());
        frame.extend([0, 0]);
        frame.extend(body);
        frame
    }

    #[test]
    fn what_says_how_a_file_was_made_is_kept() {
        let frames = [
            frame("TIT2", b"\0Paper Moon"),
            frame("COMM", b"\0engiTunNORM\0 00000A"),
            frame("COMM", b"\0eng\0made with suno; id=1"),
            frame("TXXX", b"\0AI_DISCLOSURE\0all"),
            frame("WOAS", b"https://suno.com/song/1"),
            frame("GEOB", b"\0application/x-c2pa-manifest-store\0\0\0jumb"),
        ]
        .concat();
        let size = frames.len() as u32;
        let synchsafe = [size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127];
        let mut bytes = b"ID3\x03\0\0".to_vec();
        bytes.extend(synchsafe.map(|b| b as u8));
        bytes.extend(frames);
        bytes.extend(include_bytes!("../../tests/data/formats/bare.mp3"));
        let options = crate::audio::DecodeOptions::default();
        let tags = crate::audio::decode_bytes("a.mp3", bytes, &options, &mut |_| {}).unwrap().tags;
        assert_eq!(tags.title.as_deref(), Some("Paper Moon"));
        assert_eq!(tags.url.as_deref(), Some("https://suno.com/song/1"));
        let other = |name: &str| tags.other.iter().find(|(n, _)| n == name).map(|(_, v)| &v[..]);
        assert_eq!(other("AI_DISCLOSURE"), Some("all"));
        let geob = "GEOB:application/x-c2pa-manifest-store";
        assert!(tags.other.iter().any(|(name, _)| name == geob), "{tags:?}");
        let made = |text: &String| text == "made with suno; id=1";
        assert!(tags.comment.iter().chain(tags.other.iter().map(|(_, v)| v)).any(made), "{tags:?}");
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
