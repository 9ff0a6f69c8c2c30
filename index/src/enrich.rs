//! Adding to tracks that are there: another payload, codes of another descriptor space.

use std::collections::HashMap;

use crate::anew::Parted;
use crate::build::{Draft, Kept, check_payloads};
use crate::envelope::Check;
use crate::error::{Error, Result};
use crate::postings::Posting;
use crate::reader::Reader;
use crate::types::{Payload, Window};
use crate::writer::{Writer, no_space};

/// What a track gets besides what it has.
#[derive(Debug, Clone, Default)]
pub struct Addition {
    /// Content hash of the track.
    pub sha256: [u8; 32],
    /// Payloads that it has none of yet.
    pub payloads: Vec<Payload>,
    /// Windows of spaces that it has none in yet.
    pub windows: Vec<Window>,
}

impl Writer {
    /// Adds to tracks of the index what they do not have; they become one segment. Tracks that are not there are
    /// passed over. Tells how many there were.
    ///
    /// # Errors
    /// A track has a payload of that name already, or the index cannot be read or written.
    pub fn enrich(&mut self, additions: &[Addition]) -> Result<usize> {
        let reader = Reader::open_checked(&self.dir, Check::OnUse)?;
        let wanted: HashMap<[u8; 32], &Addition> =
            additions.iter().map(|addition| (addition.sha256, addition)).collect();
        let parted = Parted::new(&reader, |meta| wanted.get(&meta.sha256).copied());
        if !parted.chosen.is_empty() {
            self.publish_anew(&reader, &parted, |draft, chosen| add(draft, chosen))?;
        }
        Ok(parted.chosen.len())
    }
}

/// Puts the additions beside what the tracks of a draft have.
fn add<'a>(draft: &mut Draft<'a>, additions: &[&'a Addition]) -> Result<()> {
    for (track, addition) in (0..).zip(additions) {
        let (_, kept) = &mut draft.tracks[track as usize];
        if let Kept::Stored(segment, stored) = *kept {
            check_payloads(&addition.payloads)?;
            let has = |p: &&Payload| segment.has_payload(stored, &p.name);
            if let Some(there) = addition.payloads.iter().find(has) {
                return Err(Error::BadPayload { name: there.name.clone() });
            }
            *kept = Kept::More(segment, stored, &addition.payloads);
        }
        for w in &addition.windows {
            let rows = draft.windows.get_mut(usize::from(w.space));
            let rows = rows.ok_or_else(|| no_space(w.space))?;
            rows.push((Posting { track, time: w.time }, w.code));
        }
    }
    Ok(())
}
