//! Which column of a manifest means what.
//!
//! Names follow common delivery templates (Mixbank, Believe, Toolost, UMW, and the exports of
//! do-it-yourself distributors); case, blanks, hyphens and underscores make no difference.

use std::collections::HashMap;
use std::sync::LazyLock;

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
    /// Explicit or clean.
    Parental,
    /// Backfill of an existing catalogue.
    Backfill,
    /// Transfer from another distributor.
    Transfer,
    /// Update of an earlier delivery.
    Update,
}

/// Names in the form that [`key`] makes of them, by what they mean.
const COLUMNS: &[(Field, &str)] = &[
    (
        Field::File,
        "path file filename filepath trackfilename trackfile audiofile audiofilename audiopath \
         audiofilepath audio audiourl audiofileurl fileurl sourcefile wavfile wavfilename mp3file \
         resource resourcefile resourcefilename asset assetfile assetfilename mediafile \
         soundfile trackpath trackaudio songfile fileuri uri",
    ),
    (
        Field::Title,
        "title tracktitle trackname songtitle songname song recordingtitle displaytitle name \
         worktitle",
    ),
    (
        Field::Version,
        "version trackversion mixversion titleversion subtitle tracksubtitle versiontitle \
         remixversion mix mixname",
    ),
    (
        Field::Artist,
        "artist artists trackartist trackartists artistname artistnames primaryartist \
         primaryartists mainartist mainartists displayartist trackprimaryartist trackmainartist \
         performer performers trackdisplayartist bandname artistbandname",
    ),
    (
        Field::Contributor("featured_artist"),
        "featuredartist featuredartists featuringartist featuring feat trackfeaturedartist ft \
         featuringartists",
    ),
    (Field::Contributor("remixer"), "remixer remixers trackremixer"),
    (Field::Contributor("producer"), "producer producers trackproducer"),
    (
        Field::Contributor("composer"),
        "composer composers songwriter songwriters writer writers trackwriter trackcomposer \
         musicby composername",
    ),
    (Field::Contributor("lyricist"), "lyricist lyricists lyricsby author authors trackauthor"),
    (Field::Contributor("publisher"), "publisher publishers trackpublisher"),
    (
        Field::Album,
        "album albumtitle albumname release releasetitle releasename producttitle productname",
    ),
    (
        Field::AlbumArtist,
        "albumartist albumartists releaseartist releaseartists albumprimaryartist albumartistname \
         productartist releaseprimaryartist albummainartist albumdisplayartist",
    ),
    (
        Field::Label,
        "label labelname albumlabel recordlabel releaselabel imprint productlabel tracklabel",
    ),
    (Field::Catalogue, "catalogue catalog"),
    (Field::Owner, "owner"),
    (Field::Isrc, "isrc trackisrc isrccode recordingisrc songisrc soundrecordingisrc"),
    (Field::Iswc, "iswc iswccode trackiswc workiswc"),
    (
        Field::Upc,
        "upc ean upcean eanupc barcode albumupc albumean albumupcean albumbarcode releaseupc \
         productupc upccode eancode gtin icpn releaseean releasebarcode jan upceanjan productean",
    ),
    (Field::Grid, "grid albumgrid releasegrid trackgrid"),
    (
        Field::ReleaseId,
        "releaseid albumid productid releasereference catalognumber cataloguenumber catalogno \
         catno albumcatalognumber labelcatalognumber releasecatalognumber internalreference sku",
    ),
    (Field::Batch, "batch batchid deliverybatch batchname deliveryid"),
    (
        Field::Account,
        "account accountid accountname user userid username useremail uploader uploaderid \
         uploadedby customer customerid clientid client supplier supplierid submitter submittedby \
         provider onbehalfof sentonbehalfof sublabelaccount",
    ),
    (
        Field::TrackNumber,
        "tracknumber trackno tracknum trackposition trackindex sequence sequencenumber \
         tracksequence position tracksequencenumber",
    ),
    (Field::Track, "track"),
    (
        Field::Genre,
        "genre genres primarygenre maingenre trackgenre albumgenre genre1 trackprimarygenre \
         releasegenre",
    ),
    (
        Field::ReleaseDate,
        "releasedate albumreleasedate digitalreleasedate golivedate streetdate salesdate \
         salesstartdate originalreleasedate trackreleasedate productreleasedate salestartdate",
    ),
    (
        Field::PLine,
        "pline trackpline albumpline plinetext phonographiccopyright pcopyright pholder \
         plineholder pinfo releasepline",
    ),
    (
        Field::CLine,
        "cline albumcline clinetext copyright copyrightline ccopyright clineholder cinfo \
         releasecline trackcline",
    ),
    (
        Field::Duration(TimeUnit::Unknown),
        "duration length tracklength trackduration playtime runtime time tracktime playinglength",
    ),
    (
        Field::Duration(TimeUnit::Milliseconds),
        "durationms lengthms durationmilliseconds trackdurationms durationmillis",
    ),
    (
        Field::Duration(TimeUnit::Seconds),
        "durations durationsec durationseconds lengths lengthseconds durationinseconds lengthsec \
         trackdurationseconds",
    ),
    (Field::Hash(Some("MD5")), "md5 md5hash md5sum filemd5 audiomd5 hashmd5 md5checksum"),
    (Field::Hash(Some("SHA-1")), "sha1 sha1hash sha1sum filesha1 hashsha1 sha1checksum"),
    (
        Field::Hash(Some("SHA-256")),
        "sha256 sha256hash sha256sum filesha256 hashsha256 sha256checksum",
    ),
    (Field::Hash(None), "hash hashsum hashvalue checksum filehash filechecksum audiohash"),
    (
        Field::HashAlgorithm,
        "hashalgorithm hashtype checksumtype checksumalgorithm hashsumalgorithm",
    ),
    (
        Field::ReceivedAt,
        "receivedat received receiveddate uploadedat uploaded uploaddate uploadtime uploadtimestamp \
         created createdat createddate datecreated dateadded submittedat submissiondate timestamp \
         ingestedat deliveredat deliverydate dateuploaded",
    ),
    (
        Field::Rights,
        "rights rightsdeclaration rightsdeclared ownsrights rightsconfirmed rightsowned \
         rightsownership ownership declaresrights ownrights iownrights rightsholderconfirmation \
         rightsstatement ownermaster ownsmaster ownsmasterrights",
    ),
    (
        Field::Ai(false),
        "ai aidisclosure containsai containsaicontent aiused usesai usedai aiuse aiusage ailevel \
         aideclaration aicontent aidisclosurelevel aicontribution aiassisted madewithai aiinvolvement trackai \
         trackcontainsai aistatus aitransparency aicredits",
    ),
    (
        Field::Ai(true),
        "aigenerated isaigenerated fullyai fullyaigenerated isai generatedbyai aicreated is100ai",
    ),
    (
        Field::AiFacet(AiFacet::Vocals),
        "aivocals aivocal vocalsai aigeneratedvocals aivoice aisinging containsaivocals",
    ),
    (
        Field::AiFacet(AiFacet::Instruments),
        "aiinstruments aiinstrumental aiinstrumentation instrumentsai aigeneratedinstruments \
         aimusic aiaudio aiinstrument containsaiinstruments",
    ),
    (
        Field::AiFacet(AiFacet::Composition),
        "aicomposition compositionai aigeneratedcomposition aisongwriting aimelody \
         containsaicomposition",
    ),
    (
        Field::AiFacet(AiFacet::Lyrics),
        "ailyrics lyricsai aigeneratedlyrics aiwords containsailyrics",
    ),
    (
        Field::AiFacet(AiFacet::PostProduction),
        "aipostproduction aimastering aimixing aiproduction aimastered aimixed aimixmaster",
    ),
    (
        Field::AiFacet(AiFacet::Artwork),
        "aiartwork aicover aicoverart artworkai aigeneratedartwork aiimage coverai",
    ),
    (Field::AiFacet(AiFacet::Video), "aivideo videoai aigeneratedvideo aimusicvideo"),
    (Field::AiParts, "aiparts aifacets aidisclosurefacets aielements aicomponents aicategories"),
    (
        Field::AiTool,
        "aitool aitools aidisclosuretool aigenerator generator aimodel aisoftware aiservice aitoolsused generatedwith \
         aitoolused aisource aiplatform",
    ),
    (
        Field::Parental,
        "parental explicit parentalwarning parentaladvisory parentalwarningtype advisory \
         explicitlyrics isexplicit explicitcontent trackexplicit explicitflag",
    ),
    (Field::Backfill, "backfill isbackfill backcatalog backcatalogue isbackcatalog"),
    (
        Field::Transfer,
        "catalogtransfer cataloguetransfer transfer iscatalogtransfer istransfer \
         previouslydistributed migrated",
    ),
    (Field::Update, "update isupdate updateindicator redelivery isredelivery metadataupdate"),
];

/// `name` in lower case without anything but letters and digits; the signs of copyright lines and
/// numbers are spelled out.
pub fn key(name: &str) -> String {
    let spelled = |c: char| match c {
        '℗' => Some('p'),
        '©' => Some('c'),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    };
    let spelled: String =
        name.chars().take(200).filter_map(spelled).flat_map(char::to_lowercase).collect();
    // `Track #` is a number, `Track` may be a title.
    if name.contains('#') && spelled == "track" { "tracknumber".to_owned() } else { spelled }
}

/// What the column called `name` says; `None` for those not known.
pub fn field(name: &str) -> Option<Field> {
    static BY_NAME: LazyLock<HashMap<&str, Field>> = LazyLock::new(|| {
        let split = |(field, names): &(Field, &'static str)| {
            let field = *field;
            names.split_ascii_whitespace().map(move |name| (name, field))
        };
        COLUMNS.iter().flat_map(split).collect()
    });
    let key = key(name);
    BY_NAME.get(key.as_str()).copied().or_else(|| {
        // `Artist 2`, `composer_1`: templates number what may be given several times.
        let bare = key.trim_end_matches(|c: char| c.is_ascii_digit());
        let field = BY_NAME.get(bare).copied();
        field.filter(|field| matches!(field, Field::Artist | Field::Contributor(_)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_of_columns_makes_no_difference() {
        for name in ["track_filename", "Track Filename", "TRACK-FILENAME", "trackFilename "] {
            assert_eq!(field(name), Some(Field::File), "{name}");
        }
        assert_eq!(field("album_upc|album_ean"), None);
        assert_eq!(field("UPC/EAN"), Some(Field::Upc));
        assert_eq!(field("℗ Line"), Some(Field::PLine));
        assert_eq!(field("(C) line"), Some(Field::CLine));
        assert_eq!(field("Track #"), Some(Field::TrackNumber));
        assert_eq!(field("Primary Artist 2"), Some(Field::Artist));
        assert_eq!(field("sha256"), Some(Field::Hash(Some("SHA-256"))));
        assert_eq!(field("shoe size"), None);
    }

    #[test]
    fn no_name_means_two_things() {
        let mut names: Vec<&str> =
            COLUMNS.iter().flat_map(|(_, names)| names.split_ascii_whitespace()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(names.iter().all(|name| key(name) == **name));
    }
}
