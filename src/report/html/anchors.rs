//! Parts of the page that others point to: which there are, and how they are linked.

use std::collections::BTreeMap;
use std::fmt;

use maud::{Markup, html};

use crate::level::Level;
use crate::report::read::{ClusterEntry, FamilyEntry, UploadEntry};

/// Uploads that have a part of their own.
pub const MAX_UPLOADS: usize = 1_000;

/// A part of the page, by its number from 1 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anchor {
    /// An upload.
    Upload(usize),
    /// A match shown in full.
    Match(usize),
    /// A cluster of near-duplicates.
    Cluster(usize),
    /// A family of tracks that play the same.
    Family(usize),
    /// A page of its own about an upload.
    Page(usize),
}

/// The `id` of the part.
impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Anchor::Upload(number) => write!(f, "u{number}"),
            Anchor::Match(number) => write!(f, "m{number}"),
            Anchor::Cluster(number) => write!(f, "c{number}"),
            Anchor::Family(number) => write!(f, "f{number}"),
            Anchor::Page(number) => f.write_str(&page_name(*number)),
        }
    }
}

impl Anchor {
    /// A link with `content` in it.
    pub fn around(self, content: &Markup) -> Markup {
        let here = if matches!(self, Anchor::Page(_)) { "" } else { "#" };
        html! { a href={ (here) (self) } { (content) } }
    }

    /// A link that names the part: `match 3`.
    pub fn link(self) -> Markup {
        self.around(&match self {
            Anchor::Upload(number) => html! { "upload " (number) },
            Anchor::Match(number) => html! { "match " (number) },
            Anchor::Cluster(number) => html! { "cluster " (number) },
            Anchor::Family(number) => html! { "family " (number) },
            Anchor::Page(number) => html! { "page " (number) },
        })
    }
}

/// `content`, linked to a part if there is one.
pub fn linked(anchor: Option<Anchor>, content: Markup) -> Markup {
    match anchor {
        Some(anchor) => anchor.around(&content),
        None => content,
    }
}

/// The parts of a page.
#[derive(Debug, Default)]
pub struct Anchors {
    /// By the identifiers of clusters and families.
    groups: BTreeMap<String, Anchor>,
    /// By the paths of uploads and the identifiers of their matches, which are those of the content: copies of
    /// one file have the same.
    matches: BTreeMap<(String, String), Anchor>,
    /// By the paths of uploads.
    uploads: BTreeMap<String, Anchor>,
}

impl Anchors {
    /// The parts of a page with at most `limit` matches, clusters and families shown in full.
    pub fn new(
        uploads: &[UploadEntry],
        clusters: &[ClusterEntry],
        families: &[FamilyEntry],
        limit: usize,
    ) -> Anchors {
        let mut anchors = Anchors::default();
        for (i, cluster) in clusters.iter().enumerate().take(limit) {
            anchors.groups.insert(cluster.cluster_id.clone(), Anchor::Cluster(i + 1));
        }
        for (i, family) in families.iter().enumerate().take(limit) {
            anchors.groups.insert(family.family_id.clone(), Anchor::Family(i + 1));
        }
        let mut exhibits = 0;
        for (i, upload) in uploads.iter().enumerate().take(MAX_UPLOADS) {
            if !is_told(upload) {
                continue;
            }
            anchors.uploads.insert(upload.path.clone(), Anchor::Upload(i + 1));
            for m in upload.matches.iter().take(limit - exhibits) {
                exhibits += 1;
                let key = (upload.path.clone(), m.match_id.clone());
                anchors.matches.insert(key, Anchor::Match(exhibits));
            }
        }
        anchors
    }

    /// The parts of an index, in which these uploads have pages of their own.
    pub fn of_index(
        uploads: &[UploadEntry],
        clusters: &[ClusterEntry],
        families: &[FamilyEntry],
        limit: usize,
    ) -> Anchors {
        let mut anchors = Anchors::new(&[], clusters, families, limit);
        let told = uploads.iter().enumerate().filter(|(_, upload)| is_told(upload));
        let paged = told.map(|(i, upload)| (upload.path.clone(), Anchor::Page(i + 1)));
        anchors.uploads = paged.collect();
        anchors
    }

    /// The part that shows what is called `id`: a match of the upload at `path`, a cluster, or a family.
    pub fn evidence(&self, path: &str, id: &str) -> Option<Anchor> {
        let matched = self.matches.get(&(path.to_owned(), id.to_owned()));
        matched.or_else(|| self.groups.get(id)).copied()
    }

    /// The part about the upload at `path`.
    pub fn upload(&self, path: &str) -> Option<Anchor> {
        self.uploads.get(path).copied()
    }

    /// Whether no upload has a part of its own.
    pub fn has_no_uploads(&self) -> bool {
        self.uploads.is_empty()
    }

    /// Matches shown in full.
    pub fn exhibits(&self) -> usize {
        self.matches.len()
    }
}

/// The name of the page about the `number`-th upload.
pub fn page_name(number: usize) -> String {
    format!("upload-{number:04}.html")
}

/// Whether there is more to say of an upload than a row of the table holds.
pub fn is_told(upload: &UploadEntry) -> bool {
    !upload.matches.is_empty()
        || !upload.findings.is_empty()
        || !upload.resemblances.is_empty()
        || upload.trace.is_some()
        || upload.credential.is_some()
        || is_grave(upload)
}

fn is_grave(upload: &UploadEntry) -> bool {
    upload.verdict.is_some_and(|(level, _)| level > Level::Clear)
}
