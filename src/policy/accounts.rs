//! What only shows across the uploads of a batch: speed and length patterns of accounts, releases, codes.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::{Identity, key};
use super::upload::Upload;
use crate::declare::declared::{AiLevel, Rights};
use crate::declare::identifiers::Isrc;
use crate::declare::times::instant;
use crate::dedup::THRESHOLD_LENGTH;
use crate::dedup::cluster::Cluster;
use crate::dedup::family::Family;

const DAY_S: i64 = 86_400;

/// Uploads of one account.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Name as declared; none for uploads without.
    pub name: Option<String>,
    /// Uploads, by their place in the batch.
    pub uploads: Vec<usize>,
    /// Those of the 24 hours with the most new uploads.
    pub busiest_day: Vec<usize>,
    /// Those with generated parts in the seven days with the most such releases.
    pub busiest_ai_week: Vec<usize>,
    /// Releases in that week.
    pub ai_releases: usize,
    /// Uploads of threshold length.
    pub threshold: Vec<usize>,
    /// Distance between the quartiles of the lengths of those, ms.
    pub threshold_iqr_ms: u64,
    /// Title words, for titles that are the same words in another order: titles and uploads.
    pub reordered: BTreeMap<Vec<String>, (BTreeSet<String>, Vec<usize>)>,
}

impl Account {
    /// The account as messages name it.
    pub(super) fn words(&self) -> String {
        match &self.name {
            Some(name) => format!("account {}", super::words::quoted(name)),
            None => "one delivery without account".to_owned(),
        }
    }
}

/// Everything counted across a batch.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    by_name: BTreeMap<String, Account>,
    /// Groups that a path is a member of, by their place in the batch.
    clusters: BTreeMap<String, Vec<usize>>,
    /// The same of families.
    families: BTreeMap<String, Vec<usize>>,
    /// Uploads by path.
    by_path: BTreeMap<String, usize>,
    /// Uploads by ISRC.
    pub by_isrc: BTreeMap<Isrc, Vec<usize>>,
    /// Uploads by release.
    by_release: BTreeMap<String, Release>,
    /// Identities of the uploads, by their place.
    pub uploads: Vec<Identity>,
    /// Of each group: identities of its members.
    pub members: Vec<Vec<Identity>>,
    /// Of each group: titles that differ, versions aside.
    pub base_titles: Vec<usize>,
    /// Some upload states who holds the rights.
    pub rights_stated: bool,
}

/// The uploads that make up a release.
#[derive(Debug, Default)]
pub(super) struct Release {
    /// Uploads, by their place in the batch.
    pub tracks: Vec<usize>,
    /// Place of the group that all of them are members of.
    pub group: Option<usize>,
}

impl Accounts {
    pub(super) fn count(uploads: &[Upload], clusters: &[Cluster], families: &[Family]) -> Accounts {
        let mut counted = Accounts::default();
        for (i, family) in families.iter().enumerate() {
            for path in &family.members {
                counted.families.entry(path.clone()).or_default().push(i);
            }
        }
        for (i, cluster) in clusters.iter().enumerate() {
            for path in &cluster.members {
                counted.clusters.entry(path.clone()).or_default().push(i);
            }
        }
        for (i, upload) in uploads.iter().enumerate() {
            let declared = &upload.declared;
            counted.rights_stated |= declared.rights != Rights::Undeclared;
            counted.by_path.insert(upload.track.path.clone(), i);
            let account = counted.by_name.entry(account_key(upload)).or_default();
            account.name.clone_from(&declared.account);
            account.uploads.push(i);
            if let Some(isrc) = declared.isrc.as_deref().and_then(|i| Isrc::parse(i).ok()) {
                counted.by_isrc.entry(isrc).or_default().push(i);
            }
            if let Some(release) = release_key(upload) {
                counted.by_release.entry(release).or_default().tracks.push(i);
            }
            counted.uploads.push(Identity::declared(declared));
        }
        counted.find_groups_of_releases(uploads);
        for cluster in clusters {
            counted.members.push(cluster.member_details.iter().map(Identity::member).collect());
            let titles = cluster.member_details.iter().filter_map(|m| m.title.as_deref());
            counted.base_titles.push(titles.map(base_title).collect::<BTreeSet<_>>().len());
        }
        for account in counted.by_name.values_mut() {
            account.count(uploads);
        }
        counted
    }

    fn find_groups_of_releases(&mut self, uploads: &[Upload]) {
        let mut releases = std::mem::take(&mut self.by_release);
        for release in releases.values_mut() {
            let mut groups = release.tracks.iter().map(|i| {
                self.clusters_of(&uploads[*i].track.path).iter().copied().collect::<BTreeSet<_>>()
            });
            let first = groups.next().unwrap_or_default();
            let common = groups.fold(first, |all, of| all.intersection(&of).copied().collect());
            release.group = common.first().copied();
        }
        self.by_release = releases;
    }

    /// The release of an upload of this batch.
    pub(super) fn release_of(&self, upload: &Upload) -> Option<&Release> {
        self.by_release.get(&release_key(upload)?)
    }

    /// The account of an upload of this batch.
    pub(super) fn of(&self, upload: &Upload) -> Option<&Account> {
        self.by_name.get(&account_key(upload))
    }

    /// The place of the upload called `path`.
    pub(super) fn place_of(&self, path: &str) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// Places of the families that `path` is a member of.
    pub(super) fn families_of(&self, path: &str) -> &[usize] {
        self.families.get(path).map_or(&[], Vec::as_slice)
    }

    /// Places of the groups that `path` is a member of.
    pub(super) fn clusters_of(&self, path: &str) -> &[usize] {
        self.clusters.get(path).map_or(&[], Vec::as_slice)
    }
}

/// A title without what stands in brackets or after a dash.
fn base_title(title: &str) -> String {
    let end = title.find(['(', '[']).or_else(|| title.find(" - ")).filter(|at| *at > 0);
    key(&title[..end.unwrap_or(title.len())])
}

fn account_key(upload: &Upload) -> String {
    upload.declared.account.as_deref().map(key).unwrap_or_default()
}

/// What names the release of an upload within its account.
fn release_key(upload: &Upload) -> Option<String> {
    let d = &upload.declared;
    let name = match (&d.release_id, &d.upc, &d.album) {
        (Some(id), _, _) => format!("id {id}"),
        (None, Some(upc), _) => format!("upc {}", key(upc)),
        (None, None, Some(album)) => {
            let artist = d.album_artist.as_ref().or(d.artists.first());
            format!("album {} / {}", key(album), artist.map(|a| key(a)).unwrap_or_default())
        }
        (None, None, None) => return None,
    };
    Some(format!("{} {name}", account_key(upload)))
}

/// Whether a delivery is new work, and not old work delivered anew.
fn is_new(upload: &Upload) -> bool {
    let d = &upload.declared;
    !(d.is_backfill || d.is_catalog_transfer || d.is_update)
}

impl Account {
    fn count(&mut self, uploads: &[Upload]) {
        let mut arrivals: Vec<(i64, usize)> = self
            .uploads
            .iter()
            .filter(|i| is_new(&uploads[**i]))
            .filter_map(|i| {
                let time = instant(uploads[*i].declared.received_at.as_deref()?)?;
                Some((time.as_second(), *i))
            })
            .collect();
        arrivals.sort_unstable();
        self.busiest_day = busiest(&arrivals, DAY_S, |i| i).0;
        let generated =
            |i: usize| matches!(uploads[i].declared.ai.level, AiLevel::Partly | AiLevel::All);
        arrivals.retain(|(_, i)| generated(*i));
        let release = |i: usize| release_key(&uploads[i]).unwrap_or_else(|| format!("track {i}"));
        (self.busiest_ai_week, self.ai_releases) = busiest(&arrivals, 7 * DAY_S, release);
        self.count_lengths(uploads);
        self.count_titles(uploads);
    }

    fn count_lengths(&mut self, uploads: &[Upload]) {
        let short = |i: &usize| THRESHOLD_LENGTH.contains(&uploads[*i].track.duration_ms);
        self.threshold = self.uploads.iter().copied().filter(short).collect();
        let mut lengths: Vec<u64> =
            self.threshold.iter().map(|i| uploads[*i].track.duration_ms).collect();
        lengths.sort_unstable();
        if let Some(last) = lengths.len().checked_sub(1) {
            self.threshold_iqr_ms = lengths[last * 3 / 4] - lengths[last / 4];
        }
    }

    fn count_titles(&mut self, uploads: &[Upload]) {
        for i in &self.uploads {
            let Some(title) = &uploads[*i].declared.title else { continue };
            let mut words: Vec<String> =
                title.split_whitespace().map(key).filter(|w| !w.is_empty()).collect();
            let written = words.join(" ");
            words.sort_unstable();
            if words.len() >= 3 {
                let entry = self.reordered.entry(words).or_default();
                entry.0.insert(written);
                entry.1.push(*i);
            }
        }
        self.reordered.retain(|_, (titles, _)| titles.len() > 1);
    }
}

/// The uploads in the window of `length` seconds that has the most different names, and how many; the
/// first such window. `arrivals` are in order.
fn busiest<K: Ord>(
    arrivals: &[(i64, usize)],
    length: i64,
    name: impl Fn(usize) -> K,
) -> (Vec<usize>, usize) {
    let names: Vec<K> = arrivals.iter().map(|(_, i)| name(*i)).collect();
    let mut inside: BTreeMap<&K, usize> = BTreeMap::new();
    let (mut best, mut most, mut begin) = (0..0, 0, 0);
    for (end, (time, _)) in arrivals.iter().enumerate() {
        *inside.entry(&names[end]).or_default() += 1;
        while time.saturating_sub(arrivals[begin].0) >= length {
            if let Some(count) = inside.get_mut(&names[begin]) {
                *count -= 1;
                if *count == 0 {
                    inside.remove(&names[begin]);
                }
            }
            begin += 1;
        }
        if inside.len() > most {
            (best, most) = (begin..end + 1, inside.len());
        }
    }
    let mut members: Vec<usize> = arrivals[best].iter().map(|(_, i)| *i).collect();
    members.sort_unstable();
    (members, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_window_is_found_whatever_lies_around_it() {
        let hour = 3600;
        let times = [0, 30, 50, 51, 52, 53, 54, 90].map(|h| h * hour);
        let arrivals: Vec<_> = times.into_iter().zip(0..).collect();
        assert_eq!(busiest(&arrivals, DAY_S, |i| i), (vec![1, 2, 3, 4, 5], 5));
        assert_eq!(busiest(&arrivals, DAY_S, |i| i / 4), (vec![1, 2, 3, 4], 2));
        assert_eq!(busiest(&[], DAY_S, |i| i), (vec![], 0));
    }
}
