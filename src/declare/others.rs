//! Files of a folder that are not read: which of them somebody should know of.
//!
//! Covers, texts, tables and messages lie beside audio and are none. Sound in a format that is not read, and
//! archives that may hold some, are told: nobody looked at them. What has no telling name is judged by its
//! first bytes.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::audio::is_audio_extension;

/// Formats of sound and film that are not read, by the ends of their names.
const SOUND: &[(&str, &str)] = &[
    ("wma", "Windows Media Audio"),
    ("asf", "Windows Media"),
    ("wmv", "Windows Media Video"),
    ("ac3", "Dolby Digital (AC-3)"),
    ("eac3", "Dolby Digital Plus"),
    ("ec3", "Dolby Digital Plus"),
    ("ac4", "Dolby AC-4"),
    ("thd", "Dolby TrueHD"),
    ("mlp", "Meridian Lossless Packing"),
    ("dts", "DTS"),
    ("dtshd", "DTS-HD"),
    ("dtsma", "DTS-HD"),
    ("wv", "WavPack"),
    ("wvc", "WavPack"),
    ("tta", "True Audio"),
    ("mpc", "Musepack"),
    ("mp+", "Musepack"),
    ("mpp", "Musepack"),
    ("ape", "Monkey's Audio"),
    ("ofr", "OptimFROG"),
    ("ofs", "OptimFROG"),
    ("tak", "TAK"),
    ("la", "Lossless Audio"),
    ("shn", "Shorten"),
    ("dsf", "Direct Stream Digital"),
    ("dff", "Direct Stream Digital"),
    ("dsd", "Direct Stream Digital"),
    ("ts", "MPEG transport stream"),
    ("m2ts", "MPEG transport stream"),
    ("mts", "MPEG transport stream"),
    ("mpg", "MPEG program stream"),
    ("mpeg", "MPEG program stream"),
    ("vob", "MPEG program stream"),
    ("avi", "AVI"),
    ("flv", "Flash Video"),
    ("mkv", "Matroska video"),
    ("mov", "QuickTime"),
    ("m4v", "MPEG-4 video"),
    ("3gp", "3GPP"),
    ("3g2", "3GPP"),
    ("amr", "AMR"),
    ("awb", "AMR"),
    ("gsm", "GSM"),
    ("spx", "Speex"),
    ("ogv", "Ogg video"),
    ("au", "Sun audio"),
    ("snd", "Sun audio"),
    ("voc", "Creative Voice"),
    ("8svx", "8SVX"),
    ("iff", "IFF"),
    ("sd2", "Sound Designer II"),
    ("w64", "Wave64"),
    ("rf64", "RF64"),
    ("bwf", "Broadcast Wave"),
    ("bw64", "BW64"),
    ("aax", "Audible"),
    ("aa", "Audible"),
    ("aa3", "ATRAC"),
    ("oma", "ATRAC"),
    ("at3", "ATRAC"),
    ("at9", "ATRAC"),
    ("ra", "RealAudio"),
    ("rm", "RealMedia"),
    ("vqf", "TwinVQ"),
    ("mid", "MIDI"),
    ("midi", "MIDI"),
    ("mod", "a tracker module"),
    ("xm", "a tracker module"),
    ("s3m", "a tracker module"),
    ("it", "a tracker module"),
    ("m4p", "protected AAC"),
    ("m4s", "a segment of MPEG-4"),
    ("loas", "LOAS"),
    ("latm", "LATM"),
];

/// Archives.
const ARCHIVES: &[&str] = &[
    "zip", "rar", "7z", "tar", "gz", "tgz", "bz2", "tbz", "tbz2", "xz", "txz", "zst", "lz4", "lzh",
    "cab", "iso", "dmg", "sit", "sitx", "jar",
];

/// Beginnings of files, where in the file they stand, and what they tell.
const BEGINNINGS: &[(usize, &[u8], &str)] = &[
    (8, b"WAVE", "audio"),
    (8, b"AIF", "audio"),
    (0, b"RF64", "audio"),
    (0, b"BW64", "audio"),
    (0, b"riff\x2e\x91\xcf\x11", "audio"),
    (0, b"ID3", "audio"),
    (0, b"fLaC", "audio"),
    (0, b"OggS", "audio"),
    (0, b"caff", "audio"),
    (4, b"ftyp", "audio or video"),
    (0, b"\x1a\x45\xdf\xa3", "audio or video"),
    (0, b"wvpk", "audio"),
    (0, b"MAC ", "audio"),
    (0, b"TTA1", "audio"),
    (0, b"MPCK", "audio"),
    (0, b"MP+", "audio"),
    (0, b"DSD ", "audio"),
    (0, b"FRM8", "audio"),
    (0, b"\x0b\x77", "audio"),
    (0, b"\x7f\xfe\x80\x01", "audio"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "audio or video"),
    (0, b".snd", "audio"),
    (0, b"#!AMR", "audio"),
    (0, b"MThd", "audio"),
    (0, b"PK\x03\x04", "an archive"),
    (0, b"Rar!", "an archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "an archive"),
    (0, b"\x1f\x8b\x08", "an archive"),
    (0, b"\xfd7zXZ", "an archive"),
    (257, b"ustar", "an archive"),
];

/// Names of what is certainly no sound: not even looked into.
const NO_SOUND: &[&str] = &[
    "jpg", "jpeg", "png", "gif", "webp", "bmp", "tif", "tiff", "heic", "svg", "psd", "ai", "eps",
    "txt", "md", "rtf", "pdf", "doc", "docx", "odt", "pages", "xml", "xsd", "csv", "tsv", "json",
    "jsonl", "ndjson", "yaml", "yml", "toml", "xls", "xlsx", "ods", "numbers", "html", "htm",
    "css", "js", "cue", "log", "nfo", "m3u", "m3u8", "pls", "xspf", "md5", "sha1", "sha256", "sfv",
    "asc", "sig", "lrc", "srt", "vtt", "ini", "db", "url", "lnk", "py", "sh", "epub", "pptx",
    "ttf", "otf", "woff", "asd", "pek", "reapeaks", "sfk", "ffp",
];

/// A file of a folder that nobody looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotLookedAt {
    /// The file.
    pub path: PathBuf,
    /// Why, for people.
    pub why: String,
}

/// Why the file at `path`, found in a folder and not called like audio, should be known of; `None` where it is
/// no sound.
pub(super) fn not_looked_at(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if let Some((_, format)) = SOUND.iter().find(|(end, _)| *end == extension) {
        return Some(format!("{format} (.{extension}) is not read"));
    }
    if ARCHIVES.contains(&extension.as_str()) {
        return Some(format!("archives (.{extension}) are not read: unpack it first"));
    }
    // `._song.mp3` and the like of a Mac are passed over before this.
    if NO_SOUND.contains(&extension.as_str()) || is_audio_extension(path) || name.starts_with('.') {
        return None;
    }
    let mut head = Vec::new();
    // Pipes and devices are not opened: they may have no end.
    if !path.is_file() || File::open(path).and_then(|f| f.take(512).read_to_end(&mut head)).is_err()
    {
        return None;
    }
    let begins = |(at, what, _): &&(usize, &[u8], &str)| {
        head.get(*at..).is_some_and(|rest| rest.starts_with(what))
    };
    let (_, _, what) = BEGINNINGS.iter().find(begins)?;
    Some(format!(
        "it begins like {what}, but its name does not end like that of an audio file; name it itself to have it \
         read"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_that_is_not_read_is_told_apart_from_what_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let told = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            not_looked_at(&path)
        };
        for name in
            ["a.wma", "a.AC3", "a.dts", "a.wv", "a.tta", "a.mpc", "a.ape", "a.dsf", "a.ts", "a.zip"]
        {
            assert!(told(name, b"").unwrap().contains("not read"), "{name}");
        }
        for name in [
            "cover.jpg",
            "notes.txt",
            "booklet.PDF",
            "0036.xml",
            "list.csv",
            "a.mp3",
            "unknown.bin",
        ] {
            assert_eq!(told(name, b"x"), None, "{name}");
        }
        assert!(told("track 1", b"ID3\x03").unwrap().contains("begins like audio"));
        assert!(told("a.dat", b"PK\x03\x04").unwrap().contains("archive"));
        assert_eq!(told("README", b"Read this first"), None);
    }
}
