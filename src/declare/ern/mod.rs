//! DDEX ERN: the NewReleaseMessage in which labels and distributors deliver releases.
//!
//! Versions 3.8 to 3.8.3 and 4.1 to 4.3.2 are read by one reader that looks for elements by name
//! wherever a version has them (ERN 4.3 moves identifiers into `SoundRecordingEdition`, ERN 4 moves
//! names into a `PartyList`, ERN 3 repeats details by territory). Real messages vary in prefixes,
//! territories and what is left out, so reading is lenient; it is strict on size, depth and entities
//! (`guard.rs`). Nothing is validated against the schema: a message that says less declares less.

mod ai;
mod guard;
mod node;
mod party;
mod recording;
mod release;
mod version;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use roxmltree::{Document, Node, ParsingOptions};

use self::party::Parties;
use self::release::Releases;
pub use self::version::Version;
use super::declared::{Declared, DeclaredHash};
use super::text::{self, ReadError};
use super::times;

/// Largest message read, in bytes.
const MAX_BYTES: u64 = 64 << 20;
/// Most nodes of the tree: elements, texts, comments.
const MAX_NODES: u32 = 4_000_000;
/// Most recordings read from one message.
const MAX_RECORDINGS: usize = 50_000;

/// A message that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErnError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not XML.
    #[error("not well-formed at line {line}, column {column}: {message}")]
    Malformed {
        /// Line, counted from 1.
        line: u32,
        /// Column, counted from 1.
        column: u32,
        /// What the parser said.
        message: String,
    },
    /// It has a document type, which could define entities.
    #[error("has a document type declaration, which is not accepted")]
    Dtd,
    /// Elements nest deeper than in any message.
    #[error("too deep: elements nest more than {limit} levels")]
    TooDeep {
        /// The cap.
        limit: usize,
    },
    /// There is more of something than in any message.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The cap.
        limit: usize,
    },
    /// Another kind of document.
    #[error("not a NewReleaseMessage: the root element is `{found}`")]
    OtherMessage {
        /// Name of its root element.
        found: String,
    },
}

impl ErnError {
    /// Short, stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            ErnError::Read(_) => "unreadable",
            ErnError::OtherMessage { .. } => "not_a_new_release_message",
            _ => "bad_message",
        }
    }
}

/// Who sent a message, or on whose behalf.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sender {
    /// DDEX party identifier.
    pub id: Option<String>,
    /// Full name.
    pub name: Option<String>,
}

/// An audio file of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceFile {
    /// Address or path as written, folder and name joined.
    pub uri: String,
    /// Hash as the sender computed it.
    pub hash: Option<DeclaredHash>,
}

/// A sound recording of a message, or a video.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    /// Its name inside the message (`A1`).
    pub reference: String,
    /// Files that hold it; none where the message only describes it.
    pub files: Vec<ResourceFile>,
    /// Whether it is a video.
    pub is_video: bool,
    /// What it says itself.
    own: Box<Declared>,
    /// What its product and the message say.
    product: Arc<Declared>,
    /// What its track release says.
    track: Option<Arc<Declared>>,
    /// Its position on the product.
    position: Option<u32>,
}

impl Recording {
    /// What is declared about it, with what its releases say.
    pub fn declared(&self) -> Declared {
        let mut declared = (*self.product).clone();
        declared.track_number = self.position;
        for own in self.track.as_deref().into_iter().chain([&*self.own]) {
            ai::overlay(&mut declared, own.clone());
        }
        declared
    }
}

/// What a message is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// It delivers a release, or again what has changed in it.
    #[default]
    Delivery,
    /// It says of itself that it updates an earlier message; files may not be sent again.
    Update,
    /// It offers the release no more: it has no deals, or all that it has end it. Files are mostly not sent.
    Takedown,
    /// A PurgeReleaseMessage: everything about a release is to be deleted.
    Purge,
}

/// A NewReleaseMessage, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// Version of the standard.
    pub version: Version,
    /// The sender's name of the message.
    pub message_id: Option<String>,
    /// Who sent it.
    pub sender: Sender,
    /// On whose behalf, where that is said.
    pub on_behalf_of: Option<Sender>,
    /// When it was written: RFC 3339 where it can be understood.
    pub created_at: Option<String>,
    /// It is marked as a test.
    pub is_test: bool,
    /// What it is for.
    pub purpose: Purpose,
    /// The releases it is about, by code and title; the first ones.
    pub releases: Vec<String>,
    /// Recordings in their order.
    pub recordings: Vec<Recording>,
    /// What is unusual but does not keep the message from being read.
    pub warnings: Vec<String>,
}

impl Message {
    /// Reads a message from a file.
    pub fn read(path: &Path) -> Result<Message, ErnError> {
        Message::parse(&text::read_capped(path, MAX_BYTES)?)
    }

    /// Reads a message from bytes in UTF-8, UTF-16 or the encoding that they declare.
    pub fn parse(bytes: &[u8]) -> Result<Message, ErnError> {
        let text = text::decode_xml(bytes);
        let document = document(&text)?;
        let root = document.root_element();
        let found = root.tag_name().name();
        if found == "PurgeReleaseMessage" {
            return Ok(purge(root));
        }
        if found != "NewReleaseMessage" {
            let found = found.chars().take(60).collect();
            return Err(ErnError::OtherMessage { found });
        }
        Ok(message(root))
    }
}

/// The tree of an XML text that is no danger to build.
fn document(text: &str) -> Result<Document<'_>, ErnError> {
    guard::check(text)?;
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(malformed)
}

/// The messages that the ManifestMessage of a batch lists, as paths or addresses; none where the
/// file is empty, as a mere marker of completeness is.
pub fn batch_messages(path: &Path) -> Result<Vec<String>, ErnError> {
    let text = text::decode_xml(&text::read_capped(path, MAX_BYTES)?);
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let document = document(&text)?;
    let root = document.root_element();
    let messages = node::children(root, "MessageInBatch");
    Ok(messages.filter_map(|message| node::first(message, &["URL", "URI", "FilePath"])).collect())
}

fn malformed(error: roxmltree::Error) -> ErnError {
    if let roxmltree::Error::NodesLimitReached = error {
        return ErnError::TooMany { what: "nodes", limit: MAX_NODES as usize };
    }
    let at = error.pos();
    // What the parser says ends in the position, which has its own place.
    let message = error.to_string();
    let message = message.split(" at ").next().unwrap_or(&message);
    let message = crate::audio::cleaned(message).unwrap_or_default();
    ErnError::Malformed { line: at.row, column: at.col, message }
}

fn message(root: Node<'_, '_>) -> Message {
    let mut message = Message {
        version: Version::of(root.tag_name().namespace(), root.attribute("MessageSchemaVersionId")),
        ..Message::default()
    };
    if !message.version.is_known() {
        let version = &message.version;
        message
            .warnings
            .push(format!("ERN version {version} is not known; read as far as it goes"));
    }
    let common = header(root, &mut message);
    message.purpose = purpose(root, &message.version, common.is_update);
    let parties = Parties::read(root);
    let releases = Releases::read(root, &parties, common);
    message.releases = releases.names();
    let works = works(root);
    let resources = node::child(root, "ResourceList");
    for resource in resources.iter().flat_map(Node::children).filter(is_recording) {
        if message.recordings.len() >= MAX_RECORDINGS {
            message
                .warnings
                .push(format!("more than {MAX_RECORDINGS} recordings; the rest is left out"));
            break;
        }
        let mut recording = recording::read(resource, &parties, &works);
        (recording.product, recording.track, recording.position) =
            releases.of_recording(&recording.reference);
        message.recordings.push(recording);
    }
    if message.recordings.is_empty() && message.purpose == Purpose::Delivery {
        message.warnings.push("the message lists no sound recording and no video".to_owned());
    }
    message
}

/// `SoundRecording`, `Video`, and what some call a video by its type.
fn is_recording(resource: &Node<'_, '_>) -> bool {
    let name = resource.tag_name().name();
    resource.is_element() && (name == "SoundRecording" || name.ends_with("Video"))
}

/// What the message is for.
///
/// ERN 3 has an `UpdateIndicator`; ERN 4 has none, and there every message replaces the one before. In both a
/// release is taken down by a message without deals for it, or with deals that are marked so.
fn purpose(root: Node<'_, '_>, version: &Version, is_update: bool) -> Purpose {
    let deals =
        [node::all(root, "DealList/ReleaseDeal/Deal"), node::all(root, "ReleaseList/Release/Deal")]
            .concat();
    let ends = |deal: &Node<'_, '_>| {
        let terms =
            node::children(*deal, "DealTerms").any(|terms| node::is_true(terms, "TakeDown"));
        terms || node::is_true(*deal, "TakeDown")
    };
    let original = node::first(root, &["UpdateIndicator", "MessageHeader/UpdateIndicator"])
        .is_some_and(|update| update.eq_ignore_ascii_case("OriginalMessage"));
    let no_deals = deals.is_empty() && !original && (is_update || version.is_known());
    if no_deals || !deals.is_empty() && deals.iter().all(ends) {
        Purpose::Takedown
    } else if is_update {
        Purpose::Update
    } else {
        Purpose::Delivery
    }
}

/// A PurgeReleaseMessage.
fn purge(root: Node<'_, '_>) -> Message {
    let mut message = Message {
        version: Version::of(root.tag_name().namespace(), root.attribute("MessageSchemaVersionId")),
        purpose: Purpose::Purge,
        releases: release::purged(root),
        ..Message::default()
    };
    header(root, &mut message);
    message
}

/// Reads the header into `message`; returns what it declares about every recording.
fn header(root: Node<'_, '_>, message: &mut Message) -> Declared {
    let Some(header) = node::child(root, "MessageHeader") else {
        message.warnings.push("the message has no header".to_owned());
        return Declared::default();
    };
    let party = |name| {
        let party = node::child(header, name)?;
        let id = node::first(party, &["PartyId/DPID", "PartyId", "PartyId/ProprietaryId"]);
        let name = node::first(party, &["PartyName/FullName", "PartyName", "TradingName"]);
        (id.is_some() || name.is_some()).then_some(Sender { id, name })
    };
    message.sender = party("MessageSender").unwrap_or_default();
    message.on_behalf_of = party("SentOnBehalfOf");
    message.message_id = node::first(header, &["MessageId"]);
    message.created_at =
        node::first(header, &["MessageCreatedDateTime"]).and_then(|t| times::timestamp(&t));
    let control = node::first(header, &["MessageControlType"]);
    message.is_test = control.is_some_and(|c| c.eq_ignore_ascii_case("TestMessage"));
    let account = message.on_behalf_of.as_ref().unwrap_or(&message.sender);
    let marked = |name| node::is_marked(root, name) || node::is_marked(header, name);
    let update = node::first(root, &["UpdateIndicator", "MessageHeader/UpdateIndicator"]);
    Declared {
        account: account.id.clone().or_else(|| account.name.clone()),
        received_at: message.created_at.clone(),
        is_backfill: marked("IsBackfill"),
        is_catalog_transfer: marked("CatalogTransfer"),
        is_update: update.is_some_and(|update| update.eq_ignore_ascii_case("UpdateMessage")),
        ..Declared::default()
    }
}

/// Work codes by the reference of the work.
fn works(root: Node<'_, '_>) -> HashMap<String, String> {
    let mut works = HashMap::new();
    for work in node::all(root, "WorkList/MusicalWork") {
        let reference = node::first(work, &["MusicalWorkReference"]);
        let iswc = node::first(work, &["MusicalWorkId/ISWC", "WorkId/ISWC", "ISWC"]);
        if let (Some(reference), Some(iswc)) = (reference, iswc) {
            works.entry(reference).or_insert(iswc);
        }
    }
    works
}

/// `resources/a.wav` as a list of names under which the file may lie: as written, with percent signs
/// decoded, and with accents composed and taken apart, as file systems differ in that.
pub fn file_names(uri: &str) -> Vec<PathBuf> {
    use unicode_normalization::UnicodeNormalization;
    let written = uri.trim().replace('\\', "/");
    if written.is_ascii() && !written.contains('%') {
        return vec![PathBuf::from(written)];
    }
    let decoded = percent_decoded(&written);
    let mut names = Vec::new();
    for name in [written, decoded] {
        for form in [name.clone(), name.nfc().collect(), name.nfd().collect()] {
            let path = PathBuf::from(form);
            if !names.contains(&path) {
                names.push(path);
            }
        }
    }
    names
}

fn percent_decoded(text: &str) -> String {
    let hex = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair =
            (bytes.get(at + 1).copied().and_then(hex), bytes.get(at + 2).copied().and_then(hex));
        if let (b'%', (Some(high), Some(low))) = (bytes[at], pair) {
            decoded.push(high << 4 | low);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    // What does not decode to text is left as written.
    String::from_utf8(decoded)
        .ok()
        .filter(|text| !text.contains(char::is_control))
        .unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests;
