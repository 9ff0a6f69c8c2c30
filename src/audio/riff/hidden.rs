//! Streams in WAV and AIFF files that claim to hold samples.
//!
//! Programs that open a file as "raw data", and players of surround discs, make such files. Taken for samples they
//! are noise, and noise matches nothing. So the start of the sound is looked at for what no samples hold: frames of
//! one kind in a row, or how a container begins.

use std::io::{self, Read, Seek};

use super::super::error::Cause;
use super::super::extent::is_container;
use super::super::frames::{self, frame};
use super::super::sniff::{id3v2_size, read_at};
use super::Sound;

/// Silence in front of a stream that is passed over.
const SILENCE: u64 = 4 << 20;
/// Bytes that are looked at: streams begin with silence, too, whose frames are all the same.
const LOOK: u64 = 256 << 10;
/// How far into them a stream may begin; the longest frame fits.
const START: usize = 8_192;

/// How far behind the start of `sound` a stream begins that can be decoded; an error that names one that cannot.
pub(super) fn stream<R: Read + Seek>(
    source: &mut R,
    container: &str,
    sound: &Sound,
) -> Result<Option<u64>, Cause> {
    let (silence, start) = begin(source, sound).map_err(Cause::Io)?;
    let place = match container {
        "aiff" => "an AIFF file",
        "w64" => "a Wave64 file",
        _ => "a WAV file",
    };
    let refused = |name: &str| {
        Err(Cause::Unsupported(format!("it is {name} in {place}, which is not supported")))
    };
    if let Some(name) = for_receivers(&start[..start.len().min(4_096)]) {
        return refused(name);
    }
    if let Some(at) = behind_tag(source, sound, silence, &start).map_err(Cause::Io)? {
        return Ok(Some(at));
    }
    for at in 0..start.len().min(START) {
        let rest = &start[at..];
        if frame(rest).is_some()
            && let Some(kind) = frames::run_among_samples(&start, at)
        {
            return match kind.unsupported() {
                Some(name) => refused(name),
                None => Ok(Some(silence + at as u64)),
            };
        }
        if is_container(rest) && !super::is_riff(rest) {
            return Ok(Some(silence + at as u64));
        }
    }
    let swapped: Vec<u8> = start.as_chunks::<2>().0.iter().flat_map(|&[a, b]| [b, a]).collect();
    let found = (0..swapped.len().min(START)).find_map(|at| {
        frame(&swapped[at..])?;
        frames::run_among_samples(&swapped, at)?.unsupported()
    });
    found.map_or(Ok(None), refused)
}

/// Where an ID3v2 tag begins that has a stream behind it; it may hold a cover of any size.
fn behind_tag<R: Read + Seek>(
    source: &mut R,
    sound: &Sound,
    silence: u64,
    start: &[u8],
) -> io::Result<Option<u64>> {
    let first = usize::from(start.first() == Some(&0));
    let size = start.get(first..).and_then(id3v2_size);
    let at = silence + first as u64;
    let Some(left) = size.and_then(|size| sound.len.checked_sub(at + size)) else {
        return Ok(None);
    };
    let head = read_at(source, sound.start + sound.len - left, left.min(LOOK))?;
    let is_stream = frames::run(&head, 0).is_some() || is_container(&head);
    Ok(is_stream.then_some(at))
}

/// The start of the sound behind silence, and how long that is.
fn begin<R: Read + Seek>(source: &mut R, sound: &Sound) -> io::Result<(u64, Vec<u8>)> {
    let mut silence = 0;
    loop {
        let left = sound.len - silence;
        let start = read_at(source, sound.start + silence, left.min(LOOK))?;
        match start.iter().position(|byte| *byte != 0) {
            Some(0 | 1) => return Ok((silence, start)),
            // To an even place, so that bytes in pairs stay pairs.
            Some(at) => silence += (at & !1) as u64,
            None if start.is_empty() || silence >= SILENCE => return Ok((silence, start)),
            None => silence += start.len() as u64,
        }
    }
}

/// Packets of DTS or, by IEC 61937, of AC-3: noise, unless a receiver decodes them.
fn for_receivers(start: &[u8]) -> Option<&'static str> {
    const DTS: [&[u8]; 4] = [
        b"\x7f\xfe\x80\x01",
        b"\xfe\x7f\x01\x80",
        b"\x1f\xff\xe8\0\x07",
        b"\xff\x1f\0\xe8\xf1\x07",
    ];
    const IEC_61937: [&[u8]; 2] = [b"\x72\xf8\x1f\x4e", b"\xf8\x72\x4e\x1f"];
    let holds = |signs: &[&[u8]]| {
        signs.iter().any(|sign| start.windows(sign.len()).any(|bytes| bytes == *sign))
    };
    match () {
        () if holds(&DTS) => Some("DTS"),
        () if holds(&IEC_61937) => Some("a bitstream for a receiver (IEC 61937: AC-3 or DTS)"),
        () => None,
    }
}
