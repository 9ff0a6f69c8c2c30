//! Is there a credential in a file? A look at its structure, before anything is parsed.
//!
//! Places by appendix A of the C2PA specification: RIFF chunk `C2PA`, ID3v2 frame GEOB, ISO base media `uuid` box;
//! beside them XMP that names a manifest elsewhere (`dcterms:provenance`). The look may see one where there is none,
//! which costs a reading; it passes over none in those places.

use std::io::{self, Read, Seek, SeekFrom};

use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::{MAX_STORE, MAX_TAG};

/// Chunks or boxes that are looked at; real files have a dozen.
const MAX_PARTS: usize = 10_000;
/// XMP that is searched for an address.
const MAX_XMP: u64 = 1 << 20;
/// `uuid` of a manifest store in an ISO base media file.
const C2PA_UUID: [u8; 16] = [
    0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81,
];
/// `uuid` of XMP in one.
const XMP_UUID: [u8; 16] = [
    0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac,
];
/// How XMP names a manifest that is kept elsewhere.
const PROVENANCE: &[u8] = b"dcterms:provenance";

/// A place where a credential, or what names one, can stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    Wav,
    WavXmp,
    Mp3,
    Flac,
    Mp4,
    Mp4Xmp,
}

/// Where a credential stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Located {
    place: Place,
    /// Bytes of what holds it.
    size: u64,
}

impl Located {
    /// The place in words.
    pub fn place(&self) -> &'static str {
        match self.place {
            Place::Wav => "a chunk of the WAV file",
            Place::WavXmp => "the XMP of the WAV file",
            Place::Mp3 => "the ID3 tag",
            Place::Flac => "the ID3 tag of the FLAC file",
            Place::Mp4 => "a box of the MP4 file",
            Place::Mp4Xmp => "the XMP of the MP4 file",
        }
    }

    /// Why it is not read, where it is too large.
    pub fn too_large(&self) -> Option<String> {
        let most = match self.place {
            Place::Wav | Place::Mp4 => MAX_STORE,
            Place::Mp3 | Place::Flac => MAX_TAG,
            Place::WavXmp | Place::Mp4Xmp => MAX_XMP,
        };
        let (size, most_mb) = (self.size >> 20, most >> 20);
        (self.size > most).then(|| format!("it has {size} MB; at most {most_mb} MB are read"))
    }

    /// Format by which it is read, as the reader of manifests calls it.
    #[cfg(feature = "credentials")]
    pub(super) fn format(&self) -> &'static str {
        match self.place {
            Place::Wav | Place::WavXmp => "wav",
            Place::Flac => "flac",
            Place::Mp4 | Place::Mp4Xmp => "m4a",
            Place::Mp3 => "mp3",
        }
    }
}

/// Looks for a credential.
///
/// # Errors
/// The file cannot be read.
pub fn locate<R: Read + Seek>(file: &mut R) -> io::Result<Option<Located>> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut head = [0; 12];
    file.rewind()?;
    if file.read_exact(&mut head).is_err() {
        return Ok(None);
    }
    match (&head[..4], &head[4..8], &head[8..]) {
        (b"RIFF", _, b"WAVE") => in_chunks(file, length),
        (_, b"ftyp", _) => in_boxes(file, length),
        ([b'I', b'D', b'3', _], ..) => in_tag(file, length, &head),
        _ => Ok(None),
    }
}

/// The first bytes of the chunk or box at `at`: its name and length; none where the file ends before.
fn head<R: Read + Seek>(file: &mut R, at: u64, length: u64) -> io::Result<Option<[u8; 8]>> {
    if at.saturating_add(8) > length {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at))?;
    let mut head = [0; 8];
    file.read_exact(&mut head)?;
    Ok(Some(head))
}

fn in_chunks<R: Read + Seek>(file: &mut R, length: u64) -> io::Result<Option<Located>> {
    let mut at: u64 = 12;
    let mut elsewhere = None;
    for _ in 0..MAX_PARTS {
        let Some([a, b, c, d, len @ ..]) = head(file, at, length)? else { break };
        let size = u64::from(u32::from_le_bytes(len));
        match &[a, b, c, d] {
            b"C2PA" => return Ok(Some(Located { place: Place::Wav, size })),
            b"XMP " | b"_PMX" if names_manifest(file, size)? => {
                elsewhere = Some(Located { place: Place::WavXmp, size });
            }
            _ => {}
        }
        at = at + 8 + size + (size & 1);
    }
    Ok(elsewhere)
}

fn in_boxes<R: Read + Seek>(file: &mut R, length: u64) -> io::Result<Option<Located>> {
    let mut at: u64 = 0;
    let mut elsewhere = None;
    for _ in 0..MAX_PARTS {
        let Some([a, b, c, d, kind @ ..]) = head(file, at, length)? else { break };
        let (size, header) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (length - at, 8),
            1 => {
                let mut long = [0; 8];
                if file.read_exact(&mut long).is_err() {
                    break;
                }
                (u64::from_be_bytes(long), 16)
            }
            size => (u64::from(size), 8),
        };
        if size < header {
            break;
        }
        let mut uuid = [0; 16];
        if &kind == b"uuid" && file.read_exact(&mut uuid).is_ok() {
            let content = size - header;
            if uuid == C2PA_UUID {
                return Ok(Some(Located { place: Place::Mp4, size: content }));
            }
            if uuid == XMP_UUID && names_manifest(file, content)? {
                elsewhere = Some(Located { place: Place::Mp4Xmp, size: content });
            }
        }
        let Some(next) = at.checked_add(size) else { break };
        at = next;
    }
    Ok(elsewhere)
}

/// Types of a manifest store in a GEOB frame: that of today, and the one before it.
const TYPES: [&[u8]; 2] = [b"application/c2pa", b"application/x-c2pa-manifest-store"];

fn in_tag<R: Read + Seek>(
    file: &mut R,
    length: u64,
    head: &[u8; 12],
) -> io::Result<Option<Located>> {
    let size = head[6..10].iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f));
    let end = 10 + size;
    file.seek(SeekFrom::Start(10))?;
    let [new, old] = TYPES;
    if !holds(&mut file.take(size.min(MAX_TAG)), &[new, old, PROVENANCE])? {
        return Ok(None);
    }
    let mut marker = [0; 4];
    let is_flac = end + 4 <= length
        && file.seek(SeekFrom::Start(end)).is_ok()
        && file.read_exact(&mut marker).is_ok()
        && &marker == b"fLaC";
    let place = if is_flac { Place::Flac } else { Place::Mp3 };
    Ok(Some(Located { place, size }))
}

/// Whether the next `size` bytes are XMP that names a manifest.
fn names_manifest<R: Read>(file: &mut R, size: u64) -> io::Result<bool> {
    holds(&mut file.take(size.min(MAX_XMP)), &[PROVENANCE])
}

/// Bytes searched at once: tags with pictures have megabytes, and there are as many threads as cores.
const BLOCK: usize = 64 << 10;

/// Whether one of `texts` stands in what `from` gives.
fn holds(from: &mut impl Read, texts: &[&[u8]]) -> io::Result<bool> {
    let overlap = texts.iter().map(|text| text.len()).max().unwrap_or(1) - 1;
    let mut block: Vec<u8> = Vec::with_capacity(BLOCK + overlap);
    loop {
        let read = from.take(BLOCK as u64).read_to_end(&mut block)?;
        if texts.iter().any(|text| memmem::find(&block, text).is_some()) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        // The end of a block may be the beginning of a text.
        block.drain(..block.len().saturating_sub(overlap));
    }
}
