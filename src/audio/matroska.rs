//! What Matroska (RFC 9559) says of its tracks and Symphonia's reader passes over: how their blocks are
//! packed, and which track is the default.
//!
//! A track may be packed: its blocks deflated, or the bytes that all of them begin with left out. Decoded
//! as they stand, such blocks are noise at best. [`Unpacked`] undoes it.

use std::collections::HashMap;
use std::io::{self, Read, Seek};
use std::sync::Arc;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use symphonia::core::errors::{Error, Result};
use symphonia::core::formats::{
    FormatInfo, FormatReader, MediaInfo, SeekMode, SeekTo, SeekedTo, Track,
};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::Metadata;
use symphonia::core::packet::Packet;

use super::facts::TrackFacts;
use super::riff;
use super::sniff::read_at;

pub(super) const EBML: u32 = 0x1a45_dfa3;
pub(super) const SEGMENT: u32 = 0x1853_8067;
pub(super) const CLUSTER: u32 = 0x1f43_b675;
pub(super) const TRACKS: u32 = 0x1654_ae6b;
const INFO: u32 = 0x1549_A966;
const TITLE: u32 = 0x7BA9;
const TRACK_ENTRY: u32 = 0xae;
const TRACK_NUMBER: u32 = 0xd7;
const TRACK_TYPE: u32 = 0x83;
const AUDIO: u64 = 2;
const CODEC_ID: u32 = 0x86;
const CODEC_PRIVATE: u32 = 0x63a2;
const FLAG_DEFAULT: u32 = 0x88;
const CONTENT_ENCODINGS: u32 = 0x6d80;
const CONTENT_ENCODING: u32 = 0x6240;
const CONTENT_ENCODING_ORDER: u32 = 0x5031;
const CONTENT_ENCODING_SCOPE: u32 = 0x5032;
const CONTENT_ENCODING_TYPE: u32 = 0x5033;
const CONTENT_COMPRESSION: u32 = 0x5034;
const CONTENT_COMP_ALGO: u32 = 0x4254;
const CONTENT_COMP_SETTINGS: u32 = 0x4255;

/// Most bytes of the description of all tracks that are read.
const MAX_TRACKS: u64 = 4 << 20;
/// Longest description of the file that is read.
const MAX_INFO: u64 = 64 << 10;
/// Most elements in front of it.
const MAX_ELEMENTS: usize = 1_000;
/// Largest block that is unpacked.
const MAX_BLOCK: usize = 8 << 20;

/// How the blocks of each track are packed.
#[derive(Debug, Default, Clone)]
pub(super) struct Packed(Arc<HashMap<u32, Vec<Packing>>>);

impl Packed {
    /// `inner` with its blocks unpacked.
    pub(super) fn unpack<'s>(
        &self,
        inner: Box<dyn FormatReader + 's>,
    ) -> Box<dyn FormatReader + 's> {
        match self.0.is_empty() {
            true => inner,
            false => Box::new(Unpacked { inner, packed: self.clone() }),
        }
    }
}

/// One way in which blocks are packed.
#[derive(Debug, PartialEq)]
enum Packing {
    /// zlib (RFC 1950).
    Deflated,
    /// These bytes were left out at the start of each.
    Stripped(Vec<u8>),
}

/// Reads what the file says of its tracks; nothing, if its structure is damaged.
pub(super) fn facts<R: Read + Seek>(
    source: &mut R,
    start: u64,
    end: u64,
) -> io::Result<(TrackFacts, Packed)> {
    let mut facts = TrackFacts::default();
    let mut packed = HashMap::new();
    facts.tags_of_whole = true;
    if let Some((at, len)) = find(INFO, source, start, end)? {
        let bytes = read_at(source, at, len.min(MAX_INFO))?;
        let title = elements(&bytes).find(|(id, _)| *id == TITLE);
        facts.title = title.map(|(_, text)| String::from_utf8_lossy(text).into_owned());
    }
    if let Some((at, len)) = find(TRACKS, source, start, end)? {
        let bytes = read_at(source, at, len.min(MAX_TRACKS))?;
        for (id, track) in elements(&bytes) {
            if id == TRACK_ENTRY {
                add(track, &mut facts, &mut packed);
            }
        }
    }
    Ok((facts, Packed(Arc::new(packed))))
}

/// Where the content of the element `wanted` of the segment lies, if it comes before the sound.
fn find<R: Read + Seek>(
    wanted: u32,
    source: &mut R,
    mut at: u64,
    end: u64,
) -> io::Result<Option<(u64, u64)>> {
    for _ in 0..MAX_ELEMENTS {
        let head = read_at(source, at, 12)?;
        let Some((id, size, header)) = element(&head) else { break };
        let content = at + header;
        match id {
            id if id == wanted => return Ok(size.map(|size| (content, size))),
            CLUSTER => break,
            SEGMENT => at = content,
            _ => match size.and_then(|size| content.checked_add(size)) {
                Some(next) if next < end => at = next,
                _ => break,
            },
        }
    }
    Ok(None)
}

/// Identifier, size of the content (`None` if unknown), and size of the header of the element at the
/// start of `bytes`.
pub(super) fn element(bytes: &[u8]) -> Option<(u32, Option<u64>, u64)> {
    let id_len = bytes.first()?.leading_zeros() as usize + 1;
    if id_len > 4 {
        return None;
    }
    let id = bytes.get(..id_len)?.iter().fold(0, |id, b| id << 8 | u32::from(*b));
    let first = *bytes.get(id_len)?;
    let size_len = first.leading_zeros() as usize + 1;
    if size_len > 8 {
        return None;
    }
    let rest = bytes.get(id_len + 1..id_len + size_len)?;
    let first = u64::from(first) & ((1 << (8 - size_len)) - 1);
    let size = rest.iter().fold(first, |size, b| size << 8 | u64::from(*b));
    let unknown = (1 << (7 * size_len)) - 1;
    Some((id, (size != unknown).then_some(size), (id_len + size_len) as u64))
}

/// The elements in `bytes`, as far as they are whole.
fn elements(mut bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let (id, size, header) = element(bytes)?;
        let content = bytes.get(header as usize..)?;
        let content = content.get(..usize::try_from(size?).ok()?)?;
        bytes = &bytes[header as usize + content.len()..];
        Some((id, content))
    })
}

/// The number in the element `id` of `bytes`, or `default`.
fn number(bytes: &[u8], id: u32, default: u64) -> u64 {
    let found = elements(bytes).find(|(other, _)| *other == id);
    found.map_or(default, |(_, value)| {
        value.iter().take(8).fold(0, |number, b| number << 8 | u64::from(*b))
    })
}

/// Adds what is said of one track.
fn add(track: &[u8], facts: &mut TrackFacts, packed: &mut HashMap<u32, Vec<Packing>>) {
    let Ok(track_id) = u32::try_from(number(track, TRACK_NUMBER, 0)) else { return };
    if number(track, FLAG_DEFAULT, 1) == 1 {
        facts.preferred.push(track_id);
    }
    if number(track, TRACK_TYPE, 0) == AUDIO {
        facts.audio_tracks += 1;
        let named = |wanted| elements(track).find(|(id, _)| *id == wanted).map(|(_, bytes)| bytes);
        let codec = named(CODEC_ID).and_then(|id| std::str::from_utf8(id).ok());
        let name = codec.and_then(|id| codec_name(id, named(CODEC_PRIVATE)));
        facts.names.extend(name.map(|name| (track_id, name)));
    }
    let all = elements(track).filter(|(id, _)| *id == CONTENT_ENCODINGS);
    let each = all.flat_map(|(_, all)| elements(all)).filter(|(id, _)| *id == CONTENT_ENCODING);
    let mut packings: Vec<&[u8]> = each.map(|(_, content)| content).collect();
    // What was done last is undone first.
    packings.sort_by_key(|p| std::cmp::Reverse(number(p, CONTENT_ENCODING_ORDER, 0)));
    match packings.into_iter().filter_map(packing).collect::<std::result::Result<Vec<_>, _>>() {
        Ok(packings) if packings.is_empty() => {}
        Ok(packings) => drop(packed.insert(track_id, packings)),
        Err(reason) => drop(facts.unreadable.insert(track_id, reason)),
    }
}

/// Name of a codec that is not decoded (Matroska Codec Specifications).
fn codec_name(id: &str, private: Option<&[u8]>) -> Option<String> {
    const DECODED: [&str; 7] =
        ["A_MPEG/L", "A_FLAC", "A_OPUS", "A_VORBIS", "A_AAC", "A_ALAC", "A_PCM"];
    const NAMES: [(&str, &str); 12] = [
        ("A_AC3", "AC-3 (Dolby Digital)"),
        ("A_EAC3", "E-AC-3 (Dolby Digital Plus)"),
        ("A_AC4", "AC-4"),
        ("A_TRUEHD", "TrueHD"),
        ("A_MLP", "MLP"),
        ("A_DTS", "DTS"),
        ("A_TTA1", "TTA"),
        ("A_WAVPACK4", "WavPack"),
        ("A_MPC", "Musepack"),
        ("A_REAL", "RealAudio"),
        ("A_ATRAC", "ATRAC"),
        ("A_QUICKTIME/QDM", "QDesign Music"),
    ];
    let id = id.trim_end_matches('\0');
    if DECODED.iter().any(|start| id.starts_with(start)) {
        return None;
    }
    if let (true, Some([a, b, ..])) = (id.starts_with("A_MS/ACM"), private) {
        return Some(riff::format_name(u16::from_le_bytes([*a, *b])));
    }
    let known = NAMES.iter().find(|(start, _)| id.starts_with(start));
    let shown = id.strip_prefix("A_").unwrap_or(id).chars().filter(char::is_ascii_graphic);
    Some(known.map_or_else(|| shown.take(32).collect(), |(_, name)| (*name).to_owned()))
}

/// How a `ContentEncoding` packs blocks; `None` if it does not touch them.
fn packing(encoding: &[u8]) -> Option<std::result::Result<Packing, String>> {
    let scope = number(encoding, CONTENT_ENCODING_SCOPE, 1);
    if number(encoding, CONTENT_ENCODING_TYPE, 0) != 0 {
        return Some(Err("its Matroska track is encrypted".to_owned()));
    }
    let (_, compression) = elements(encoding).find(|(id, _)| *id == CONTENT_COMPRESSION)?;
    let settings = elements(compression).find(|(id, _)| *id == CONTENT_COMP_SETTINGS);
    Some(match (number(compression, CONTENT_COMP_ALGO, 0), scope) {
        (0, 1) => Ok(Packing::Deflated),
        (3, 1) => {
            Ok(Packing::Stripped(settings.map(|(_, bytes)| bytes.to_vec()).unwrap_or_default()))
        }
        (algorithm, _) => {
            let name = match algorithm {
                0 => "zlib, codec data included",
                1 => "bzip2",
                2 => "LZO",
                3 => "header stripping of codec data",
                _ => "an unknown method",
            };
            Err(format!("its Matroska track is compressed ({name}), which is not supported"))
        }
    })
}

/// Is this the beginning of a Matroska or WebM file?
pub(super) fn is_matroska(head: &[u8]) -> bool {
    head.starts_with(&EBML.to_be_bytes())
}

/// A reader whose packets are unpacked.
struct Unpacked<'s> {
    inner: Box<dyn FormatReader + 's>,
    packed: Packed,
}

impl FormatReader for Unpacked<'_> {
    fn format_info(&self) -> &FormatInfo {
        self.inner.format_info()
    }

    fn media_info(&self) -> &MediaInfo {
        self.inner.media_info()
    }

    fn metadata(&mut self) -> Metadata<'_> {
        self.inner.metadata()
    }

    fn seek(&mut self, mode: SeekMode, to: SeekTo) -> Result<SeekedTo> {
        self.inner.seek(mode, to)
    }

    fn tracks(&self) -> &[Track] {
        self.inner.tracks()
    }

    fn next_packet(&mut self) -> Result<Option<Packet>> {
        let Some(mut packet) = self.inner.next_packet()? else { return Ok(None) };
        for packing in self.packed.0.get(&packet.track_id).into_iter().flatten() {
            packet.data = match packing {
                Packing::Stripped(bytes) => [bytes, &packet.data[..]].concat().into(),
                Packing::Deflated => decompress_to_vec_zlib_with_limit(&packet.data, MAX_BLOCK)
                    .map_err(|_| Error::DecodeError("matroska: block cannot be unpacked"))?
                    .into(),
            };
        }
        Ok(Some(packet))
    }

    fn into_inner<'s>(self: Box<Self>) -> MediaSourceStream<'s>
    where
        Self: 's,
    {
        self.inner.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(id: u32, content: &[u8]) -> Vec<u8> {
        let id: Vec<u8> = id.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
        let size = (content.len() as u32 | 0x1000_0000).to_be_bytes();
        [&id[..], &size, content].concat()
    }

    fn file(encoding: &[u8]) -> Vec<u8> {
        let encodings = made(CONTENT_ENCODINGS, &made(CONTENT_ENCODING, encoding));
        let first = [made(TRACK_NUMBER, &[1]), made(FLAG_DEFAULT, &[0])].concat();
        let second = [made(TRACK_NUMBER, &[2]), encodings].concat();
        let tracks = [made(TRACK_ENTRY, &first), made(TRACK_ENTRY, &second)].concat();
        let segment = [made(0xec, &[0; 9]), made(TRACKS, &tracks)].concat();
        [made(EBML, b"xy"), made(SEGMENT, &segment)].concat()
    }

    fn read(file: &[u8]) -> (TrackFacts, Packed) {
        facts(&mut io::Cursor::new(file), 0, file.len() as u64).unwrap()
    }

    #[test]
    fn defaults_and_packing_are_read() {
        let strip = [made(CONTENT_COMP_ALGO, &[3]), made(CONTENT_COMP_SETTINGS, &[0xff, 0xfb])];
        let (found, packed) = read(&file(&made(CONTENT_COMPRESSION, &strip.concat())));
        assert_eq!(found.preferred, [2]);
        assert_eq!(packed.0[&2], [Packing::Stripped(vec![0xff, 0xfb])]);
        assert!(found.unreadable.is_empty());
        let (_, packed) = read(&file(&made(CONTENT_COMPRESSION, &[])));
        assert_eq!(packed.0[&2], [Packing::Deflated]);
        let (found, _) = read(&file(&made(CONTENT_COMPRESSION, &made(CONTENT_COMP_ALGO, &[2]))));
        assert!(found.unreadable[&2].contains("LZO"));
        let (found, _) = read(&file(&made(CONTENT_ENCODING_TYPE, &[1])));
        assert!(found.unreadable[&2].contains("encrypted"));
    }

    #[test]
    fn a_cut_off_file_gives_what_is_there() {
        let whole = file(&made(CONTENT_COMPRESSION, &[]));
        for end in 0..whole.len() {
            read(&whole[..end]);
        }
        assert_eq!(element(&[0x00, 1, 2]), None);
        assert_eq!(element(&[0xae, 0x00]), None);
        assert_eq!(element(&[0xae, 0xff]), Some((0xae, None, 2)));
    }
}
