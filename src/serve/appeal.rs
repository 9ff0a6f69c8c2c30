//! The folder for an appeal: what somebody who contests a result sends along, as a ZIP.
//!
//! ```text
//! README.txt        what this is, in words
//! result.html       the result as a page
//! declaration.json  what was declared and answered
//! match/            records.jsonl, and the matched seconds of both sides
//! receipts/         papers that were sent with the check
//! SHA256SUMS        of all of these, for `sha256sum -c`
//! HASH.txt          the date, and the hashes of the audio and of SHA256SUMS
//! ```

use std::fmt::Write as _;
use std::io::{Cursor, Write};
use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Desk;
use super::check::{RECEIPTS, Side};
use super::problem::Problem;
use super::stamp::now;
use super::state::{Check, Job};
use crate::audio::DecodeOptions;
use crate::id::hex;
use crate::report::decide::Commands;
use crate::report::html::{self, Options};
use crate::report::picture::Pictures;
use crate::report::read::Records;
use crate::report::sound::Sounds;

/// Matches with clips.
const MAX_MATCHES: usize = 6;
/// Papers put in, and the bytes of all of them.
const MAX_RECEIPTS: (usize, u64) = (40, 64 << 20);

impl Desk {
    /// The folder for an appeal against what came of a check.
    pub(super) fn appeal(&self, job: &Job, check: &Check) -> Result<Vec<u8>, Problem> {
        let failed = |e: String| Problem::internal(format!("the folder cannot be made: {e}"));
        let records =
            std::fs::read(self.store.records(&job.id)).map_err(|e| failed(e.to_string()))?;
        let uploads = self.checked(job)?;
        let mut folder = Folder::default();
        folder.put("result.html", page(&records).map_err(|e| failed(e.to_string()))?);
        let mut said = Vec::new();
        for upload in &uploads {
            let declared = self.declared(&upload.job);
            said.push(json!({"file": upload.name, "sha256": upload.sha256, "declared": declared}));
        }
        let answers = json!({"samples": check.samples, "services": check.services});
        let declaration = json!({"sent_by": job.sent_by, "sent_at": job.created_at, "check": job.id,
                                 "files": said, "answers": answers});
        let declaration = serde_json::to_vec_pretty(&declaration);
        folder.put("declaration.json", declaration.map_err(|e| failed(e.to_string()))?);
        folder.put("match/records.jsonl", records);
        let mut clips = 0;
        for upload in &uploads {
            for (at, m) in self.matches_of(upload)?.iter().take(MAX_MATCHES).enumerate() {
                for side in Side::ALL {
                    // What is not at hand is left out; the page of the result says what the match rests on.
                    if let Ok(clip) = self.clip_of(upload, m, side) {
                        clips += 1;
                        folder.put(&format!("match/{:02}-{}", at + 1, side.file()), clip);
                    }
                }
            }
        }
        let receipts = folder.receipts(&self.store.folder(&job.id).join(RECEIPTS));
        let hashes: Vec<_> = uploads.iter().map(|u| (u.name.as_str(), u.sha256.as_str())).collect();
        let readme = readme(job, check, &hashes, clips, receipts);
        folder.put("README.txt", readme.into_bytes());
        folder.hashed(&hashes);
        folder.zipped().map_err(|e| failed(e.to_string()))
    }

    /// What was declared with a job, as it was written down.
    fn declared(&self, job: &str) -> serde_json::Value {
        let text = std::fs::read_to_string(self.store.folder(job).join("declared.jsonl"));
        let line = text.ok().and_then(|text| text.lines().next().map(str::to_owned));
        let mut object: serde_json::Value =
            line.and_then(|line| serde_json::from_str(&line).ok()).unwrap_or(json!({}));
        // Where the file lay here is nobody's business.
        if let Some(map) = object.as_object_mut() {
            map.remove("file");
        }
        object
    }
}

fn page(records: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut records = Records::spool(&mut &records[..])?;
    let options = Options {
        title: None,
        limit: 20,
        // Paths in records lead anywhere: none is opened.
        pictures: Pictures { from_audio: false, decode: DecodeOptions::default() },
        sounds: Sounds::default(),
        commands: Commands::of_some_index(),
    };
    let mut page = Vec::new();
    html::write(&mut records, &options, &mut page)?;
    Ok(page)
}

fn readme(
    job: &Job,
    check: &Check,
    files: &[(&str, &str)],
    clips: usize,
    receipts: usize,
) -> String {
    let mut text = String::from(
        "What this is\n\nA folder for an appeal: the result of a check of audio against a set of references, with \
         what it rests on.\nIt says what resembles what and where. It does not say who holds which rights.\n\n",
    );
    let _ = writeln!(text, "Check {}, sent {}", job.id, job.created_at);
    for (name, sha256) in files {
        let _ = writeln!(text, "File {name}, SHA-256 {sha256}");
    }
    text += "\nresult.html        the result as a page: open it with a browser\n\
             declaration.json   what was declared, and answered\n\
             match/             the records of the check, byte for byte\n";
    let _ = match (clips, &check.deleted_at) {
        (0, Some(at)) => {
            writeln!(text, "                   (no sound: the audio was deleted on {at})")
        }
        (0, None) => writeln!(text, "                   (no sound)"),
        _ => writeln!(
            text,
            "                   and the matched seconds, to listen to (peaks: made of the fingerprints)"
        ),
    };
    let _ = match receipts {
        0 => writeln!(text, "receipts/          empty: put licences, invoices and letters here"),
        n => writeln!(text, "receipts/          {n} papers, as they were sent with the check"),
    };
    text += "SHA256SUMS         hashes of these files: sha256sum -c SHA256SUMS\n\
             HASH.txt           the date, and the hash of SHA256SUMS\n\n\
             How to appeal\n\nName the check and the match id in result.html, say what shows your right to the recording \
             (a licence, an invoice,\nthe session), and send this folder to whoever refused it.\n";
    text
}

/// Files, in the order in which they are put in.
#[derive(Default)]
struct Folder(Vec<(String, Vec<u8>)>);

impl Folder {
    fn put(&mut self, name: &str, content: Vec<u8>) {
        self.0.push((name.to_owned(), content));
    }

    /// Puts papers in; how many.
    fn receipts(&mut self, folder: &Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let (mut taken, mut left) = (0, MAX_RECEIPTS.1);
        for path in paths.iter().filter(|path| path.is_file()).take(MAX_RECEIPTS.0) {
            let (Ok(content), Some(name)) = (std::fs::read(path), path.file_name()) else {
                continue;
            };
            let length = content.len() as u64;
            if length <= left {
                left -= length;
                taken += 1;
                self.put(&format!("{RECEIPTS}/{}", name.to_string_lossy()), content);
            }
        }
        taken
    }

    /// Adds hashes of all that is in it, and the date.
    fn hashed(&mut self, audio: &[(&str, &str)]) {
        let mut sums = String::new();
        for (name, content) in &self.0 {
            let _ = writeln!(sums, "{}  {name}", hex(&Sha256::digest(content)));
        }
        let mut dated = format!("{}\n", now());
        for (name, sha256) in audio {
            let _ = writeln!(dated, "SHA-256 of {name}: {sha256}");
        }
        let _ = writeln!(dated, "SHA-256 of SHA256SUMS: {}", hex(&Sha256::digest(&sums)));
        self.put("SHA256SUMS", sums.into_bytes());
        self.put("HASH.txt", dated.into_bytes());
    }

    fn zipped(self) -> zip::result::ZipResult<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for (name, content) in self.0 {
            zip.start_file(format!("appeal/{name}"), options)?;
            zip.write_all(&content)?;
        }
        Ok(zip.finish()?.into_inner())
    }
}
