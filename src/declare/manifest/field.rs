//! What a column of a manifest can say.

use crate::declare::declared::AiFacet;
use crate::declare::text::TimeUnit;

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Which file the row is about.
    File,
    /// Track title.
    Title,
    /// Version of the track.
    Version,
    /// Main artists.
    Artist,
    /// Another contributor, with the role given.
    Contributor(&'static str),
    /// Release title.
    Album,
    /// Artist of the release.
    AlbumArtist,
    /// Label.
    Label,
    /// Catalogue of a reference.
    Catalogue,
    /// Owner of a reference.
    Owner,
    /// Pack that a loop or sample is of.
    Pack,
    /// Licence of a loop or sample.
    Licence,
    /// Whether one licensee alone may use a loop or sample.
    Exclusive,
    /// Recording code.
    Isrc,
    /// Work code.
    Iswc,
    /// Product code.
    Upc,
    /// Release identifier.
    Grid,
    /// The sender's name of the release.
    ReleaseId,
    /// Delivery batch.
    Batch,
    /// Account.
    Account,
    /// Position on the release.
    TrackNumber,
    /// Title or position: both are called "track".
    Track,
    /// Genre.
    Genre,
    /// Release date.
    ReleaseDate,
    /// Rights in the recording.
    PLine,
    /// Rights in the release.
    CLine,
    /// Length.
    Duration(TimeUnit),
    /// Hash of the file; `None` where another column or its length tells the algorithm.
    Hash(Option<&'static str>),
    /// Algorithm of the hash.
    HashAlgorithm,
    /// Time of arrival.
    ReceivedAt,
    /// Statement about rights.
    Rights,
    /// How much was generated; `true` where a bare "yes" means all of it.
    Ai(bool),
    /// Whether a part was generated.
    AiFacet(AiFacet),
    /// Parts that were generated, as a list of words.
    AiParts,
    /// The generator.
    AiTool,
    /// Whether a voice imitates a person.
    Voice,
    /// Whose voice it imitates.
    VoiceOf,
    /// Explicit or clean.
    Parental,
    /// Backfill of an existing catalogue.
    Backfill,
    /// Transfer from another distributor.
    Transfer,
    /// Update of an earlier delivery.
    Update,
}

impl Field {
    /// What the column declares, in a word or two.
    pub fn name(self) -> &'static str {
        match self {
            Field::File => "file",
            Field::Title => "title",
            Field::Version => "version",
            Field::Artist => "artist",
            Field::Contributor(role) => role,
            Field::Album => "album",
            Field::AlbumArtist => "album_artist",
            Field::Label => "label",
            Field::Catalogue => "catalogue",
            Field::Owner => "owner",
            Field::Pack => "pack",
            Field::Licence => "licence",
            Field::Exclusive => "exclusive",
            Field::Isrc => "isrc",
            Field::Iswc => "iswc",
            Field::Upc => "upc",
            Field::Grid => "grid",
            Field::ReleaseId => "release_id",
            Field::Batch => "batch_id",
            Field::Account => "account",
            Field::TrackNumber => "track_number",
            Field::Track => "track_number or title",
            Field::Genre => "genre",
            Field::ReleaseDate => "release_date",
            Field::PLine => "p_line",
            Field::CLine => "c_line",
            Field::Duration(TimeUnit::Milliseconds) => "duration in ms",
            Field::Duration(TimeUnit::Seconds) => "duration in s",
            Field::Duration(TimeUnit::Unknown) => "duration",
            Field::Hash(Some(algorithm)) => algorithm,
            Field::Hash(None) => "hash",
            Field::HashAlgorithm => "hash_algorithm",
            Field::ReceivedAt => "received_at",
            Field::Rights => "rights",
            Field::Ai(false) => "ai",
            Field::Ai(true) => "ai (yes: all of it)",
            Field::AiFacet(AiFacet::Vocals) => "ai_vocals",
            Field::AiFacet(AiFacet::Instruments) => "ai_instruments",
            Field::AiFacet(AiFacet::Composition) => "ai_composition",
            Field::AiFacet(AiFacet::Lyrics) => "ai_lyrics",
            Field::AiFacet(AiFacet::PostProduction) => "ai_post_production",
            Field::AiFacet(AiFacet::Artwork) => "ai_artwork",
            Field::AiFacet(AiFacet::Video) => "ai_video",
            Field::AiParts => "ai_parts",
            Field::AiTool => "ai_tool",
            Field::Voice => "voice_clone",
            Field::VoiceOf => "voice_of",
            Field::Parental => "parental",
            Field::Backfill => "is_backfill",
            Field::Transfer => "is_catalog_transfer",
            Field::Update => "is_update",
        }
    }

    /// Whether it says something of references alone, of which `index add --metadata` takes note.
    pub fn is_of_references(self) -> bool {
        matches!(self, Field::Catalogue | Field::Owner) || self.is_of_library()
    }

    /// Whether it says something of the loops and samples of a library alone.
    pub fn is_of_library(self) -> bool {
        matches!(self, Field::Pack | Field::Licence | Field::Exclusive)
    }

    /// Whether a row has one value of it, so that a second column of the same kind only fills gaps.
    pub fn is_single(self) -> bool {
        !matches!(
            self,
            Field::Artist
                | Field::Contributor(_)
                | Field::ReceivedAt
                | Field::Ai(_)
                | Field::AiFacet(_)
                | Field::AiParts
                | Field::Track
        )
    }
}
