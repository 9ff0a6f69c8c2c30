//! Descriptive tags: what a file says about itself. Never trusted, only shown and compared.

use serde::{Deserialize, Serialize};
use symphonia::core::formats::FormatReader;
use symphonia::core::meta::{MetadataRevision, RawValue, StandardTag, Tag};

/// Longest tag kept, in characters.
const MAX_CHARS: usize = 500;
/// Most tags kept that have no field of their own.
const MAX_OTHER: usize = 64;

/// Most artists kept.
const MAX_ARTISTS: usize = 64;

/// The tags that a distributor compares with the delivered metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Tags {
    /// Track title.
    pub title: Option<String>,
    /// Performing artists, one each as far as the file tells them apart.
    pub artists: Vec<String>,
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
    /// Library that encoded the stream, as it signs the stream's head (MediaInfo's word).
    pub writing_library: Option<String>,
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

/// What a tag is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Title,
    Artist,
    Album,
    AlbumArtist,
    Composer,
    Isrc,
    Upc,
    Label,
    Copyright,
    Genre,
    Date,
    Encoder,
    EncoderSettings,
    EncodedBy,
    Comment,
    Description,
    Url,
    Version,
    TrackNumber,
    /// Has no field of its own; the name is that of the file.
    Other(String),
}

impl Tags {
    /// Takes the values of one tag. What a field has already stays.
    pub(super) fn put(&mut self, field: &Field, values: Vec<String>) {
        let slot = match field {
            Field::Title => &mut self.title,
            Field::Album => &mut self.album,
            Field::AlbumArtist => &mut self.album_artist,
            Field::Composer => &mut self.composer,
            Field::Isrc => &mut self.isrc,
            Field::Upc => &mut self.upc,
            Field::Label => &mut self.label,
            Field::Copyright => &mut self.copyright,
            Field::Genre => &mut self.genre,
            Field::Date => &mut self.date,
            Field::Encoder => &mut self.encoder,
            Field::EncoderSettings => &mut self.encoder_settings,
            Field::EncodedBy => &mut self.encoded_by,
            Field::Description => &mut self.description,
            Field::Version => &mut self.version,
            Field::Artist => return values.iter().for_each(|name| self.add_artist(name)),
            // Players write comments of their own; what follows the first is kept, too.
            Field::Comment | Field::Url => return self.put_remarks(field, values),
            Field::TrackNumber => {
                let number = values.first().and_then(|text| leading_number(text));
                self.track_number = self.track_number.or(number);
                return;
            }
            Field::Other(name) => return self.add_other(name, &values.join("; ")),
        };
        match field {
            Field::AlbumArtist | Field::Composer | Field::Label | Field::Genre => {
                fill(slot, &values.join(", "));
            }
            _ => values.iter().for_each(|value| fill(slot, value)),
        }
    }

    fn put_remarks(&mut self, field: &Field, values: Vec<String>) {
        for value in values {
            let (slot, name) = match field {
                Field::Comment => (&mut self.comment, "comment"),
                _ => (&mut self.url, "url"),
            };
            match slot {
                Some(_) => self.add_other(name, &value),
                None => fill(slot, &value),
            }
        }
    }

    fn add_artist(&mut self, name: &str) {
        let name = cleaned(name).filter(|name| !self.artists.contains(name));
        if self.artists.len() < MAX_ARTISTS {
            self.artists.extend(name);
        }
    }

    /// Fills gaps from tags that are believed less.
    pub(super) fn complete(&mut self, less: Tags) {
        macro_rules! fill {
            ($($field:ident)*) => { $( self.$field = self.$field.take().or(less.$field); )* };
        }
        for (field, value) in [(Field::Comment, &less.comment), (Field::Url, &less.url)] {
            let value = value.iter().filter(|value| !self.has_remark(value)).cloned();
            self.put(&field, value.collect());
        }
        fill!(title album album_artist composer isrc upc label copyright genre date encoder);
        fill!(encoder_settings writing_library encoded_by description version track_number);
        if self.artists.is_empty() {
            self.artists = less.artists;
        }
        less.other.iter().for_each(|(name, value)| self.add_other(name, value));
    }

    /// Is `text` the comment or the address, or how one of them begins, as ID3v1 has it?
    fn has_remark(&self, text: &str) -> bool {
        self.comment.iter().chain(&self.url).any(|known| known.starts_with(text))
    }

    /// Fills title and artist from those of the file as a whole, called `title`: what is written without a level is
    /// about an album by the letter of Matroska, and about the one track where programs write it.
    pub(super) fn take_from_whole(&mut self, title: Option<String>) {
        if let Some(title) = title.or_else(|| self.album.clone()) {
            fill(&mut self.title, &title);
        }
        if self.artists.is_empty() {
            self.artists.extend(self.album_artist.clone());
        }
    }

    /// Programs write the artists of a joint credit one by one under a name of their own (`ARTISTS`).
    pub(super) fn with_separate_artists(mut self) -> Tags {
        let separate = self.other.iter().filter(|(name, _)| is_list_of_artists(name));
        let names = separate.flat_map(|(_, names)| names.split(';')).map(str::trim);
        let mut separate: Vec<String> = Vec::new();
        for name in names.filter(|name| !name.is_empty()) {
            if !separate.iter().any(|known| known == name) {
                separate.push(name.to_owned());
            }
        }
        if let ([all], [credit]) = (&separate[..], &self.artists[..]) {
            separate = split_by_slash(all, credit).unwrap_or_default();
        }
        let is_longer = self.artists.len() > separate.len()
            && separate.iter().all(|name| self.artists.contains(name))
            && !self.artists.iter().any(|credit| is_joint(credit, &separate));
        if separate.len() > 1 && !is_longer {
            separate.truncate(MAX_ARTISTS);
            self.artists = separate;
        }
        self
    }

    /// Takes in all metadata that `format` has read so far. The first to name artists names them all.
    pub(super) fn absorb(&mut self, format: &mut dyn FormatReader) {
        let mut metadata = format.metadata();
        loop {
            if let Some(revision) = metadata.current() {
                let mut tags = Tags::default();
                tags.absorb_revision(revision);
                self.complete(tags);
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
        // The list of artists is no further artist.
        if is_list_of_artists(&tag.raw.key) {
            return self.absorb_other(tag);
        }
        let Some(standard) = &tag.std else { return self.absorb_other(tag) };
        let (field, value) = match standard {
            T::TrackTitle(text) => (Field::Title, text.to_string()),
            T::Artist(text) => (Field::Artist, text.to_string()),
            T::Album(text) => (Field::Album, text.to_string()),
            T::AlbumArtist(text) => (Field::AlbumArtist, text.to_string()),
            T::Composer(text) => (Field::Composer, text.to_string()),
            T::IdentIsrc(text) => (Field::Isrc, text.to_string()),
            T::IdentUpc(text) | T::IdentBarcode(text) | T::IdentEanUpn(text) => {
                (Field::Upc, text.to_string())
            }
            T::Label(text) => (Field::Label, text.to_string()),
            T::Copyright(text) => (Field::Copyright, text.to_string()),
            T::Genre(text) => (Field::Genre, text.to_string()),
            T::ReleaseDate(text) | T::RecordingDate(text) => (Field::Date, text.to_string()),
            T::ReleaseYear(year) | T::RecordingYear(year) => (Field::Date, year.to_string()),
            T::Encoder(text) => (Field::Encoder, text.to_string()),
            T::EncoderSettings(text) => (Field::EncoderSettings, text.to_string()),
            T::EncodedBy(text) => (Field::EncodedBy, text.to_string()),
            T::Comment(text) => (Field::Comment, text.to_string()),
            T::Description(text) => (Field::Description, text.to_string()),
            T::UrlSource(text) | T::Url(text) | T::UrlOfficial(text) => {
                (Field::Url, text.to_string())
            }
            T::Version(text) | T::TrackSubtitle(text) => (Field::Version, text.to_string()),
            T::TrackNumber(number) => (Field::TrackNumber, number.to_string()),
            _ => return,
        };
        self.put(&field, vec![value]);
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
        // MP4: `----:com.apple.iTunes:NAME`.
        let key = tag.raw.key.as_str();
        self.add_other(key.rsplit(':').next().unwrap_or(key), &value);
    }

    fn add_other(&mut self, name: &str, value: &str) {
        let (Some(name), Some(value)) = (cleaned(name), cleaned(value)) else { return };
        let pair = (name, value);
        if self.other.len() < MAX_OTHER && !self.other.contains(&pair) {
            self.other.push(pair);
        }
    }
}

/// Is `name`, as a file has it, that of the list in which each artist stands by itself? MP4 puts a domain in front
/// (`----:com.apple.iTunes:ARTISTS`), Matroska a level (`ALBUM@ARTISTS`).
fn is_list_of_artists(name: &str) -> bool {
    name.rsplit([':', '@']).next().is_some_and(|name| name.eq_ignore_ascii_case("artists"))
}

/// Does `credit` name several of `names` at once?
fn is_joint(credit: &str, names: &[String]) -> bool {
    names.iter().filter(|name| credit.contains(name.as_str())).count() > 1
}

/// The names in `all`, which ID3v2.3 cuts by slashes: only if `credit` names each of them without a slash, which may be
/// part of a name.
fn split_by_slash(all: &str, credit: &str) -> Option<Vec<String>> {
    let names: Vec<String> = all.split('/').map(|name| name.trim().to_owned()).collect();
    let are_names = names.iter().all(|name| !name.is_empty() && credit.contains(name.as_str()));
    (names.len() > 1 && are_names && !credit.contains('/')).then_some(names)
}

/// The number that `text` begins with: `3/12` is the third of twelve.
fn leading_number(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
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

    #[test]
    fn what_is_said_of_the_whole_file_names_its_track_where_nothing_else_does() {
        let whole = Tags {
            album: Some("Night".to_owned()),
            album_artist: Some("Ann".to_owned()),
            ..Tags::default()
        };
        let mut tags = whole.clone();
        tags.take_from_whole(None);
        assert_eq!(
            (tags.title.as_deref(), &tags.artists[..]),
            (Some("Night"), &["Ann".to_owned()][..])
        );
        let mut called = whole.clone();
        called.take_from_whole(Some("Tram".to_owned()));
        assert_eq!(called.title.as_deref(), Some("Tram"));
        let mut own =
            Tags { title: Some("Day".to_owned()), artists: vec!["Bob".to_owned()], ..whole };
        own.take_from_whole(Some("Tram".to_owned()));
        assert_eq!(
            (own.title.as_deref(), &own.artists[..]),
            (Some("Day"), &["Bob".to_owned()][..])
        );
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
