//! Tracks written anew: they leave their segments and become one of their own, in one atomic step.
//!
//! What removes tracks, describes them anew and adds to them begins alike, with a choice of live tracks.

use crate::build::{Draft, write_segment};
use crate::codec::SegmentEntry;
use crate::compact::{Selection, copyable, draft_of};
use crate::error::Result;
use crate::reader::Reader;
use crate::types::TrackMeta;
use crate::writer::Writer;

/// An index without some of its tracks.
pub(crate) struct Parted<T> {
    /// The segments that have live tracks left.
    segments: Vec<SegmentEntry>,
    /// The tracks taken out.
    selection: Selection,
    /// What was said of each.
    pub(crate) chosen: Vec<T>,
}

impl<T> Parted<T> {
    /// Takes out of their segments the live tracks of which `choose` says something.
    pub(crate) fn new(reader: &Reader, choose: impl Fn(&TrackMeta) -> Option<T>) -> Parted<T> {
        let (segments, selection, chosen) = Default::default();
        let mut parted = Parted { segments, selection, chosen };
        for (at, part) in reader.parts().iter().enumerate() {
            let mut entry = part.entry.clone();
            for local in part.live_tracks() {
                if let Some(said) = choose(&part.segment.metas()[local as usize]) {
                    entry.dead.push(local);
                    parted.selection.push((at, local));
                    parted.chosen.push(said);
                }
            }
            entry.dead.sort_unstable();
            if entry.dead.len() < entry.tracks as usize {
                parted.segments.push(entry);
            }
        }
        parted
    }
}

impl Writer {
    /// Lets the tracks go that were taken out.
    pub(crate) fn publish_without<T>(&mut self, parted: Parted<T>) -> Result<Vec<T>> {
        self.publish(parted.segments)?;
        Ok(parted.chosen)
    }

    /// Writes the tracks that were taken out into a segment of their own, as `change` makes them.
    ///
    /// # Errors
    /// A segment holds codes that this build does not know, or the index cannot be read or written.
    pub(crate) fn publish_anew<'a, T>(
        &mut self,
        reader: &'a Reader,
        parted: &'a Parted<T>,
        change: impl FnOnce(&mut Draft<'a>, &'a [T]) -> Result<()>,
    ) -> Result<()> {
        self.check_room(parted.chosen.len())?;
        copyable(reader.parts(), &parted.selection)?;
        let mut draft = draft_of(reader.parts(), &parted.selection);
        change(&mut draft, &parted.chosen)?;
        let entry = write_segment(&self.dir, self.made(), draft)?;
        // What was copied must have been sound.
        reader.check_again()?;
        let mut segments = parted.segments.clone();
        segments.push(entry);
        self.publish(segments)
    }
}
