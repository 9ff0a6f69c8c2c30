//! Which segments to merge, and merging them.

use std::path::Path;

use rayon::prelude::*;

use crate::build::{Draft, Kept, Made, write_segment};
use crate::codec::SegmentEntry;
use crate::error::{Error, Result};
use crate::postings::Posting;
use crate::reader::Part;
use crate::types::{CompactPolicy, MAX_SPACES};

/// Windows per segment aimed at most: some 40,000 tracks. Merging holds 40 bytes per window in memory.
pub(crate) const MAX_SEGMENT_WINDOWS: u64 = 16 << 20;
/// Segments of one size class before a tiered compaction merges them.
const FAN_IN: usize = 8;
/// Windows of the smallest size class.
const SMALLEST_CLASS: u64 = 4096;
/// A segment is rewritten when more than one in this many of its tracks has been removed.
const DEAD_SHARE: u32 = 5;

/// Bytes of an index from which on a compaction must not need much more disk than there is.
const LARGE: u64 = 512 << 20;
/// Share of such an index that one rewritten segment may be: one in so many.
const LARGE_SHARE: u64 = 4;

/// What the policies need to know about a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) windows: u64,
    pub(crate) tracks: u32,
    pub(crate) dead: u32,
    pub(crate) bytes: u64,
}

impl Size {
    pub(crate) fn of(entry: &SegmentEntry) -> Size {
        let graph = entry.graph.as_ref().map_or(0, |g| g.len);
        Size {
            windows: entry.windows,
            tracks: entry.tracks,
            dead: entry.dead.len() as u32,
            bytes: entry.file.len + graph,
        }
    }

    /// Windows of the tracks that are left, about.
    fn live_windows(&self) -> u64 {
        let live = u64::from(self.tracks - self.dead.min(self.tracks));
        (u128::from(self.windows) * u128::from(live) / u128::from(self.tracks.max(1))) as u64
    }
}

/// Windows of a segment that is made by merging, at most. The old segments go when the new one is there, so its
/// size is what a compaction needs on the disk besides.
fn most_windows(sizes: &[Size]) -> u64 {
    let total: u64 = sizes.iter().map(|s| s.windows).sum();
    let is_large = sizes.iter().map(|s| s.bytes).sum::<u64>() > LARGE;
    let most = if is_large { total / LARGE_SHARE } else { MAX_SEGMENT_WINDOWS };
    most.min(MAX_SEGMENT_WINDOWS)
}

/// Groups of segments, each to become one: done one after the other, and what was merged goes before the next.
/// Positions ascend within a group; groups are disjoint.
pub(crate) fn plan(sizes: &[Size], policy: CompactPolicy) -> Vec<Vec<usize>> {
    let most = most_windows(sizes);
    let groups = match policy {
        CompactPolicy::All => vec![(0..sizes.len()).collect()],
        CompactPolicy::Tiered => plan_tiered(sizes),
    };
    let pieces = groups.into_iter().flat_map(|group| cut(sizes, &group, most));
    // One segment without removed tracks has nothing to gain.
    pieces.filter(|piece| piece.len() > 1 || sizes[piece[0]].dead > 0).collect()
}

/// Cuts a group between segments, so that each piece stays below `most` windows where its first does.
fn cut(sizes: &[Size], group: &[usize], most: u64) -> Vec<Vec<usize>> {
    let mut pieces: Vec<Vec<usize>> = Vec::new();
    let mut windows = 0;
    for &at in group {
        let own = sizes[at].live_windows();
        match pieces.last_mut() {
            Some(piece) if windows + own <= most => piece.push(at),
            _ => {
                pieces.push(vec![at]);
                windows = 0;
            }
        }
        windows += own;
    }
    pieces
}

fn plan_tiered(sizes: &[Size]) -> Vec<Vec<usize>> {
    let mut classes: std::collections::BTreeMap<u32, Vec<usize>> = Default::default();
    let mut groups = Vec::new();
    for (i, size) in sizes.iter().enumerate() {
        let stale = u64::from(size.dead) * u64::from(DEAD_SHARE) > u64::from(size.tracks);
        if size.windows < MAX_SEGMENT_WINDOWS {
            classes.entry(class(size.windows)).or_default().push(i);
        } else if stale {
            groups.push(vec![i]);
        }
    }
    // Merging a class may fill the next one, so what is merged moves up with it.
    let mut carried: Vec<usize> = Vec::new();
    let top = classes.keys().last().copied().unwrap_or(0);
    for c in 0..=top {
        let own = classes.remove(&c).unwrap_or_default();
        let carry_windows: u64 = carried.iter().map(|&i| sizes[i].windows).sum();
        let joins = !carried.is_empty() && class(carry_windows) <= c;
        let count = own.len() + usize::from(joins);
        if count >= FAN_IN {
            if !joins && !carried.is_empty() {
                groups.push(std::mem::take(&mut carried));
            }
            carried.extend(own);
        } else {
            groups.extend(
                own.into_iter()
                    .filter(|&i| {
                        let size = sizes[i];
                        u64::from(size.dead) * u64::from(DEAD_SHARE) > u64::from(size.tracks)
                    })
                    .map(|i| vec![i]),
            );
        }
    }
    if !carried.is_empty() {
        groups.push(carried);
    }
    for group in &mut groups {
        group.sort_unstable();
    }
    groups
}

/// Size class of a segment: powers of [`FAN_IN`].
fn class(windows: u64) -> u32 {
    (windows / SMALLEST_CLASS).checked_ilog(FAN_IN as u64).map_or(0, |log| log + 1)
}

/// Tracks to copy: positions of segments in a snapshot, and local numbers.
pub(crate) type Selection = Vec<(usize, u32)>;

/// Copies the selected tracks into new segments below the size limit, in the order given.
pub(crate) fn rewrite(
    dir: &Path,
    made: &Made,
    parts: &[Part],
    selection: &Selection,
) -> Result<Vec<SegmentEntry>> {
    copyable(parts, selection)?;
    let counts = windows_per_track(parts, selection);
    let mut entries = Vec::new();
    let mut start = 0;
    while start < selection.len() {
        let mut end = start;
        let mut windows = 0;
        while end < selection.len() {
            windows += counts[end];
            if end > start && windows > MAX_SEGMENT_WINDOWS {
                break;
            }
            end += 1;
        }
        let draft = draft_of(parts, &selection[start..end]);
        entries.push(write_segment(dir, made, draft)?);
        start = end;
    }
    Ok(entries)
}

/// Makes sure that all that the selected tracks have can be read.
///
/// # Errors
/// A segment is damaged, or holds codes that this build does not know and would lose.
pub(crate) fn copyable(parts: &[Part], selection: &Selection) -> Result<()> {
    let chosen: std::collections::BTreeSet<usize> = selection.iter().map(|s| s.0).collect();
    for at in chosen {
        let segment = &parts[at].segment;
        if segment.has_other_codes() {
            return Err(Error::OtherCodes { path: segment.path().into() });
        }
        (0..MAX_SPACES as u8).try_for_each(|space| segment.ensure_space(space))?;
    }
    Ok(())
}

/// Windows over all spaces of each selected track.
fn windows_per_track(parts: &[Part], selection: &Selection) -> Vec<u64> {
    let mut per_part: Vec<Vec<u64>> =
        parts.iter().map(|p| vec![0; p.segment.track_count() as usize]).collect();
    let chosen: std::collections::BTreeSet<usize> = selection.iter().map(|s| s.0).collect();
    for part in chosen {
        for space in 0..MAX_SPACES as u8 {
            let Some(data) = parts[part].segment.space(space) else {
                continue;
            };
            for posting in data.postings.iter() {
                per_part[part][posting.track as usize] += 1;
            }
        }
    }
    selection.iter().map(|&(part, track)| per_part[part][track as usize]).collect()
}

/// The selected tracks with all that is theirs.
pub(crate) fn draft_of<'a>(parts: &'a [Part], selection: &[(usize, u32)]) -> Draft<'a> {
    let mut draft = Draft::default();
    // Position in the draft of every track of every segment.
    let mut moved: Vec<Vec<Option<u32>>> = vec![Vec::new(); parts.len()];
    for &(part, track) in selection {
        let segment = &parts[part].segment;
        moved[part].resize(segment.track_count() as usize, None);
        moved[part][track as usize] = Some(draft.tracks.len() as u32);
        draft.tracks.push((&segment.metas()[track as usize], Kept::Stored(segment, track)));
    }
    draft.windows.par_iter_mut().enumerate().for_each(|(space, rows)| {
        for (part, moved) in parts.iter().zip(&moved).filter(|(_, moved)| !moved.is_empty()) {
            let Some(data) = part.segment.space(space as u8) else {
                continue;
            };
            rows.extend(data.postings.iter().zip(data.codes()).filter_map(|(p, code)| {
                let track = moved[p.track as usize]?;
                Some((Posting { track, time: p.time }, code))
            }));
        }
    });
    draft
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(windows: &[u64]) -> Vec<Size> {
        windows.iter().map(|&windows| Size { windows, tracks: 10, dead: 0, bytes: 0 }).collect()
    }

    #[test]
    fn tiers_keep_the_number_of_segments_logarithmic() {
        let mut index: Vec<u64> = Vec::new();
        let mut rewritten = 0;
        for commit in 0..2000 {
            index.push(3000 + commit % 2);
            for group in plan_tiered(&sizes(&index)) {
                let sum: u64 = group.iter().map(|&i| index[i]).sum();
                rewritten += sum;
                for &i in group.iter().rev() {
                    index.remove(i);
                }
                index.push(sum);
            }
        }
        assert!(index.len() <= 7 * 5, "{} segments", index.len());
        assert!(
            rewritten < 5 * 2000 * 3001,
            "each window rewritten {} times",
            rewritten / 6_000_000
        );
    }

    #[test]
    fn a_large_index_is_compacted_a_quarter_at_a_time() {
        let size = |dead| Size { windows: 1000, tracks: 100, dead, bytes: 200 << 20 };
        let all: Vec<Size> = (0..8).map(|i| size(i % 2 * 50)).collect();
        let groups = plan(&all, CompactPolicy::All);
        assert_eq!(groups, [vec![0, 1], vec![2, 3], vec![4, 5], vec![6, 7]]);
        let small = |s: &Size| Size { bytes: 0, ..*s };
        let all: Vec<Size> = all.iter().map(small).collect();
        assert_eq!(plan(&all, CompactPolicy::All).len(), 1);
    }

    #[test]
    fn one_clean_segment_is_left_alone() {
        assert!(plan(&sizes(&[100]), CompactPolicy::All).is_empty());
        assert!(plan(&sizes(&[100, 100]), CompactPolicy::Tiered).is_empty());
        let stale = [Size { windows: 100, tracks: 4, dead: 1, bytes: 0 }];
        assert_eq!(plan(&stale, CompactPolicy::All), [[0]]);
        assert_eq!(plan(&stale, CompactPolicy::Tiered), [[0]]);
    }
}
