//! How long an MPEG stream says that it is: the Xing, Info or VBRI header in its first frame.
//!
//! Such a frame holds no sound. Encoders write it last, over a frame they had left empty, so that it counts what they
//! really wrote: where less is there, the end of the file was lost later. Xing's header (`Xing`, or `Info` for a
//! constant bit rate) stands behind the side information of the frame, Fraunhofer's (`VBRI`) always 32 bytes behind
//! the frame's header. A count that was never filled in is 0.

use super::frames::{Kind, frame};

/// Side information of layer III: version 1 or lower, stereo or mono; and behind a checksum of two bytes.
const SIDE: [[usize; 2]; 2] = [[32, 17], [17, 9]];
const CHECKSUM: usize = 2;
/// Where VBRI stands in its frame.
const VBRI: usize = 4 + 32;
/// Bytes of one frame at most, at 320 kbit/s and 32 kHz.
const LONGEST_FRAME: u64 = 1_441;
/// Frames that may be missing without a word: some encoders count the header, and the last frame is often cut.
const SLACK: u64 = 2;

/// What a header declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct MpegLength {
    /// Frames of sound.
    frames: Option<u32>,
    /// Bytes from the header's frame on.
    bytes: Option<u32>,
    /// Bytes in front of that frame.
    before: usize,
}

impl MpegLength {
    /// What the first frame in `head`, the start of a stream, declares.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let marks = head.windows(4).enumerate();
        let mut marks = marks.filter(|(_, w)| matches!(*w, b"Xing" | b"Info" | b"VBRI"));
        marks.find_map(|(at, mark)| match mark {
            b"VBRI" => vbri(head, at),
            _ => xing(head, at),
        })
    }

    /// What is not there of a stream of `len` bytes in which `frames` frames were found, in words.
    pub(super) fn missing(&self, frames: u64, len: u64) -> Option<String> {
        let declared = self.frames.filter(|count| *count > 0).map(u64::from);
        if let Some(declared) = declared {
            return (frames + SLACK < declared).then(|| {
                format!("only {frames} of the {declared} frames that its header counts are there")
            });
        }
        let declared = u64::from(self.bytes?);
        let there = len.saturating_sub(self.before as u64);
        (there + SLACK * LONGEST_FRAME < declared).then(|| {
            format!("only {there} of the {declared} bytes that its header counts are there")
        })
    }
}

/// The Xing header whose mark stands at `at`.
fn xing(head: &[u8], at: usize) -> Option<MpegLength> {
    let mut starts = SIDE.iter().flatten().flat_map(|side| [4 + side, 4 + side + CHECKSUM]);
    let before = starts.find_map(|offset| {
        let before = at.checked_sub(offset)?;
        is_layer_3(&head[before..], offset).then_some(before)
    })?;
    let number = |at: usize| {
        let bytes = head.get(at..at + 4)?;
        bytes.try_into().ok().map(u32::from_be_bytes)
    };
    let flags = number(at + 4)?;
    let (has_frames, has_bytes) = (flags & 1 == 1, flags & 2 == 2);
    let frames = if has_frames { number(at + 8) } else { None };
    let bytes = if has_bytes { number(at + 8 + 4 * usize::from(has_frames)) } else { None };
    Some(MpegLength { frames, bytes, before })
}

/// The VBRI header whose mark stands at `at`: version, delay and quality, then bytes and frames.
fn vbri(head: &[u8], at: usize) -> Option<MpegLength> {
    let before = at.checked_sub(VBRI)?;
    let is_frame = frame(&head[before..]).is_some_and(|frame| frame.kind == Kind::Mpeg);
    let number = |at: usize| {
        let bytes = head.get(at..at + 4)?;
        bytes.try_into().ok().map(u32::from_be_bytes)
    };
    is_frame.then_some(())?;
    Some(MpegLength { frames: number(at + 14), bytes: number(at + 10), before })
}

/// Does a frame of layer III begin here whose side information ends at `offset`?
fn is_layer_3(head: &[u8], offset: usize) -> bool {
    let &[_, b, _, mode, ..] = head else { return false };
    if frame(head).is_none_or(|frame| frame.kind != Kind::Mpeg) || b >> 1 & 3 != 1 {
        return false;
    }
    let side = SIDE[usize::from(b >> 3 & 3 != 3)][usize::from(mode >> 6 == 3)];
    // Many encoders leave the room for a checksum out, whatever the header says.
    offset == 4 + side || (b & 1 == 0 && offset == 4 + side + CHECKSUM)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_header(header: [u8; 4], at: usize, mark: &[u8], fields: &[u32]) -> Vec<u8> {
        let mut head = header.to_vec();
        head.resize(at, 0);
        head.extend(mark);
        fields.iter().for_each(|field| head.extend(field.to_be_bytes()));
        head.resize(1_024, 0);
        head
    }

    const STEREO: [u8; 4] = [0xff, 0xfb, 0x90, 0x64];

    #[test]
    fn headers_are_read_where_they_belong() {
        let of = |head: Vec<u8>| {
            MpegLength::of(&head).map(|length| (length.frames, length.bytes, length.before))
        };
        let both = Some((Some(77), Some(16_000), 0));
        assert_eq!(of(with_header(STEREO, 36, b"Xing", &[3, 77, 16_000])), both);
        assert_eq!(of(with_header([0xff, 0xfb, 0x90, 0xc4], 21, b"Info", &[15, 77, 16_000])), both);
        assert_eq!(of(with_header([0xff, 0xf3, 0x84, 0xc4], 13, b"Xing", &[3, 77, 16_000])), both);
        assert_eq!(of(with_header([0xff, 0xfa, 0x90, 0x64], 38, b"Info", &[3, 77, 16_000])), both);
        assert_eq!(
            of(with_header(STEREO, 36, b"Info", &[2, 16_000])),
            Some((None, Some(16_000), 0))
        );
        let vbri = [b"VBRI\0\x01", &[0; 4][..]].concat();
        assert_eq!(of(with_header(STEREO, 36, &vbri, &[16_000, 77])), both);
        let junk = [&[7; 100][..], &with_header(STEREO, 36, b"Xing", &[1, 5])[..900]].concat();
        assert_eq!(of(junk), Some((Some(5), None, 100)));
        assert_eq!(of(with_header(STEREO, 21, b"Xing", &[3, 77, 16_000])), None);
        assert_eq!(of(with_header([0; 4], 36, b"Xing", &[3, 77, 16_000])), None);
        assert_eq!(of(with_header(STEREO, 36, b"TAG ", &[3, 77, 16_000])), None);
        assert_eq!(
            of(with_header(STEREO, 36, b"Xing", &[3])[..44].to_vec()),
            Some((None, None, 0))
        );
    }

    #[test]
    fn what_is_missing_is_counted_with_some_slack() {
        let length = MpegLength { frames: Some(77), bytes: Some(16_000), before: 0 };
        assert_eq!(length.missing(77, 16_000), None);
        assert_eq!(length.missing(75, 10), None);
        assert!(length.missing(74, 16_000).unwrap().contains("only 74 of the 77 frames"));
        for frames in [None, Some(0)] {
            let bytes = MpegLength { frames, ..length };
            assert_eq!(bytes.missing(0, 14_000), None);
            assert!(bytes.missing(0, 13_000).unwrap().contains("of the 16000 bytes"));
        }
        assert_eq!(MpegLength { frames: Some(0), bytes: None, before: 0 }.missing(0, 0), None);
    }
}
