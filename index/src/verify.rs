//! Checks all files of an index and reports every problem, not the first one only.

use std::path::Path;

use serde::Serialize;

use crate::bytes::{Bytes, Hold};
use crate::envelope::{Check, reseal};
use crate::error::{Error, Result};
use crate::manifest::{MANIFEST_NAME, Manifest};
use crate::segment::Segment;
use crate::writer::{LOCK_NAME, is_own_name, is_temporary};

/// What a file in the folder of an index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum FileKind {
    /// The manifest.
    Manifest,
    /// The lock of the writer.
    Lock,
    /// A segment the manifest names.
    Segment,
    /// A graph the manifest names; losing it costs speed only.
    Graph,
    /// Left by a writer that was killed, or about to be named by one at work. Harmless; the next
    /// commit removes it.
    Orphan,
    /// Not a file of an index. It is never touched.
    Foreign,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyRow {
    /// Name within the folder.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
    /// Its length, zero when it is missing.
    pub bytes: u64,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// Result of [`verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Every file, those that should exist first.
    pub rows: Vec<VerifyRow>,
    /// Tracks the manifest counts, removed ones included; zero without a manifest.
    pub tracks: u64,
}

impl VerifyReport {
    /// Whether the index can be read in full. Damaged graphs, orphans and foreign files do not count.
    pub fn is_ok(&self) -> bool {
        !self.rows.iter().any(|row| {
            row.problem.is_some() && matches!(row.kind, FileKind::Manifest | FileKind::Segment)
        })
    }

    /// Rows with a problem.
    pub fn problems(&self) -> impl Iterator<Item = &VerifyRow> {
        self.rows.iter().filter(|row| row.problem.is_some())
    }
}

/// Checks every file in `dir`. Fails only when the folder cannot be listed; damage is in the report.
pub fn verify(dir: &Path) -> Result<VerifyReport> {
    let mut names = Vec::new();
    for item in std::fs::read_dir(dir).map_err(|e| Error::io(dir, e))? {
        names.push(item.map_err(|e| Error::io(dir, e))?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();

    let row = |name: &str, kind, problem: Option<String>| VerifyRow {
        name: name.to_owned(),
        kind,
        bytes: std::fs::metadata(dir.join(name)).map_or(0, |m| m.len()),
        problem,
    };
    let mut rows = Vec::new();
    let mut tracks = 0;
    let manifest = Manifest::read(dir);
    rows.push(row(
        MANIFEST_NAME,
        FileKind::Manifest,
        manifest.as_ref().err().map(ToString::to_string),
    ));
    if let Ok(manifest) = &manifest {
        for entry in &manifest.body.segments {
            tracks += u64::from(entry.tracks);
            let params = &manifest.body.params_digest;
            let segment =
                Segment::open(dir, &entry.file, entry.tracks, params, Check::Full, Hold::Copied);
            let problem = segment.as_ref().err().map(ToString::to_string);
            rows.push(row(&entry.file.name, FileKind::Segment, problem));
            if let Some(graph) = &entry.graph {
                let problem = match segment {
                    Ok(mut segment) => {
                        segment.open_graph(dir, graph, Hold::Copied).err().map(|e| e.to_string())
                    }
                    Err(_) => Some("not checked: its segment is damaged".to_owned()),
                };
                rows.push(row(&graph.name, FileKind::Graph, problem));
            }
        }
    }
    let known: std::collections::HashSet<String> = rows.iter().map(|r| r.name.clone()).collect();
    for name in names.iter().filter(|name| !known.contains(*name)) {
        let kind = if name == LOCK_NAME {
            FileKind::Lock
        } else if is_temporary(name) || manifest.is_ok() && is_own_name(name) {
            FileKind::Orphan
        } else {
            FileKind::Foreign
        };
        rows.push(row(name, kind, None));
    }
    Ok(VerifyReport { rows, tracks })
}

/// Parses `data` as a manifest, with digests recomputed so that a fuzzer gets past them.
#[doc(hidden)]
pub fn fuzz_manifest(data: &[u8]) -> Result<()> {
    let mut data = data.to_vec();
    reseal(&mut data);
    Manifest::parse(Bytes::copy_of(&data), Path::new("fuzz")).map(|_| ())
}

/// The same for a segment; what parses is also searched and read through.
#[doc(hidden)]
pub fn fuzz_segment(data: &[u8]) -> Result<()> {
    let mut data = data.to_vec();
    reseal(&mut data);
    let segment = Segment::parse(Bytes::copy_of(&data), Path::new("fuzz"), Check::Full)?;
    crate::reader::exercise(&segment);
    Ok(())
}
