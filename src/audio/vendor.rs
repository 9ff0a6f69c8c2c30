//! The name of the library that encoded a stream, where it leaves it in the stream's head.
//!
//! No tag but a habit: LAME and FFmpeg sign the Info frame of an MP3, the vendor string stands before the comments of
//! Vorbis, Opus and FLAC. Nobody who edits tags touches it, so that what one program made in a row keeps one name.

/// Longest name kept, in bytes.
const LONGEST: usize = 80;
/// Where an Info frame may begin: behind the header and the side information of the longest kind (36 bytes), with a CRC.
const INFO_WITHIN: usize = 64;

/// The library that `head`, the first bytes of the audio, is signed by.
pub(super) fn writing_library(head: &[u8]) -> Option<String> {
    if head.starts_with(b"OggS") {
        return vendor(head, b"\x03vorbis").or_else(|| vendor(head, b"OpusTags"));
    }
    if head.starts_with(b"fLaC") {
        return flac(&head[4..]);
    }
    info_frame(head)
}

/// The encoder in an Info or Xing frame: behind the optional fields, nine bytes.
fn info_frame(head: &[u8]) -> Option<String> {
    let within = &head[..head.len().min(INFO_WITHIN)];
    let at = within.windows(4).position(|w| w == b"Xing" || w == b"Info")?;
    let flags = u32::from_be_bytes(head.get(at + 4..at + 8)?.try_into().ok()?);
    // Frames, bytes, table of contents, quality.
    let fields = [4, 4, 100, 4].iter().enumerate();
    let optional: usize = fields.filter(|(bit, _)| flags >> bit & 1 == 1).map(|(_, n)| n).sum();
    name(head.get(at + 8 + optional..at + 17 + optional)?)
}

/// The vendor string behind a comment header's magic: its length (little-endian), then its bytes.
fn vendor(head: &[u8], magic: &[u8]) -> Option<String> {
    let at = head.windows(magic.len()).position(|w| w == magic)? + magic.len();
    counted(head.get(at..)?)
}

/// The vendor string of a FLAC's comment block, if that lies within the head.
fn flac(mut blocks: &[u8]) -> Option<String> {
    loop {
        let (header, rest) = blocks.split_at_checked(4)?;
        let length = u32::from_be_bytes([0, header[1], header[2], header[3]]) as usize;
        match header[0] {
            kind if kind & 0x7f == 4 => return counted(rest),
            kind if kind & 0x80 != 0 => return None,
            _ => blocks = rest.get(length..)?,
        }
    }
}

fn counted(bytes: &[u8]) -> Option<String> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    name(rest.get(..length).filter(|name| name.len() <= LONGEST)?)
}

/// A name in printable ASCII, which begins with a letter.
fn name(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|b| !matches!(b, b' '..=b'~')).unwrap_or(bytes.len());
    let text = std::str::from_utf8(&bytes[..end]).ok()?.trim();
    let is_name = text.len() >= 4 && text.starts_with(|c: char| c.is_ascii_alphabetic());
    is_name.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(file: &str) -> Vec<u8> {
        let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).expect("test file");
        bytes[..bytes.len().min(1_024)].to_vec()
    }

    #[test]
    fn libraries_sign_what_they_write() {
        let ogg = writing_library(&head("demo/references/zalek.ogg")).expect("vendor");
        assert_eq!(ogg, "ffmpeg");
        let mut mp3 = vec![0xff, 0xfb, 0x90, 0x64];
        mp3.resize(36, 0);
        mp3.extend_from_slice(b"Info\0\0\0\x0f");
        mp3.resize(mp3.len() + 112, 0);
        mp3.extend_from_slice(b"LAME3.100\x04");
        assert_eq!(writing_library(&mp3).as_deref(), Some("LAME3.100"));
        mp3[43] = 0x01;
        assert_eq!(writing_library(&mp3), None);
        let flac =
            [&b"fLaC\x00\x00\x00\x02ab\x84\x00\x00\x20\x09\x00\x00\x00"[..], b"Lavf60.16"].concat();
        assert_eq!(writing_library(&flac).as_deref(), Some("Lavf60.16"));
    }

    #[test]
    fn no_name_is_made_of_anything_else() {
        let long = [&b"OggS\x03vorbis\xff\xff\xff\xff"[..], &[b'a'; 40]].concat();
        let cut = b"fLaC\x00\x00\x00\xff".to_vec();
        for head in [&b"RIFF"[..], b"", b"fLaC", b"OggS\x03vorbis", &long, &cut, &[0xff; 200]] {
            assert_eq!(writing_library(head), None, "{head:?}");
        }
    }
}
