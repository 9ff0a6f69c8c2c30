//! What an index keeps of a work: codes to find it by, rows of pitch classes to align it with.

use std::path::Path;

use soundalike_index::{Error as IndexError, Payload, ReferenceStore, TrackId, Window, Writer};

use super::channel::{Channel, Listening};
use super::params::WorkParams;
use super::patch::patches;
use super::sequence::{IntRow, STORED_UNIT, Sequence, pack, unpack};
use super::work::Work;

/// Form of the payloads: [`pack`].
const FORM: u32 = 1;

/// A work as it is aligned: the rows of each channel that it has.
pub type Stored = [Option<Vec<IntRow>>; 2];

/// Codes of a work to find it by. Times are in rows of its sequences.
pub fn windows(work: &Work, params: &WorkParams) -> Vec<Window> {
    let of = |&channel: &Channel| {
        let hop = params.patch.reference_hop[channel as usize];
        let patches = patches(work.of(channel), 1000, hop, &params.patch);
        let window = move |p: super::patch::Patch| Window {
            space: channel.space(),
            time: p.time,
            code: p.code(channel.projection(), 0),
        };
        patches.into_iter().map(window)
    };
    Channel::ALL.iter().flat_map(of).collect()
}

/// What it is aligned by; none of what never sounds.
pub fn payloads(work: &Work) -> Vec<Payload> {
    let bytes = |channel: Channel| pack(&work.of(channel).stored());
    let sounding = Channel::ALL.into_iter().filter(|channel| work.of(*channel).sounding() > 0);
    sounding.map(|channel| Payload::new(channel.name(), FORM, bytes(channel))).collect()
}

/// The works of these tracks.
///
/// # Errors
/// The store does not answer, or what it answers is no work.
pub fn works(store: &dyn ReferenceStore, tracks: &[TrackId]) -> Result<Vec<Stored>, IndexError> {
    let mut all: Vec<Stored> = vec![[None, None]; tracks.len()];
    for channel in Channel::ALL {
        let payloads = store.payloads(tracks, channel.name())?;
        for ((payload, id), stored) in payloads.into_iter().zip(tracks).zip(&mut all) {
            let Some(payload) = payload else { continue };
            let rows = read(&payload).map_err(|what| IndexError::Corrupt {
                path: Path::new(&store.state()).to_owned(),
                what: format!("{} of track {id} {what}", channel.name()),
            })?;
            stored[channel as usize] = Some(rows);
        }
    }
    Ok(all)
}

fn read(payload: &Payload) -> Result<Vec<IntRow>, String> {
    if payload.codec != FORM {
        let codec = payload.codec;
        return Err(format!("is stored in form {codec}, which this version does not read"));
    }
    unpack(&payload.bytes).ok_or_else(|| "is not whole rows".to_owned())
}

/// What was stored, as it is heard again: a query without its audio, with what `listening` asks for.
pub fn heard(stored: &Stored, listening: Listening) -> Work {
    let of = |channel: Channel| {
        let rows = stored[channel as usize].as_deref().filter(|_| listening.hears(channel));
        let value = |value: i8| f32::from(value) / STORED_UNIT;
        Sequence { rows: rows.unwrap_or_default().iter().map(|row| row.map(value)).collect() }
    };
    Work { harmony: of(Channel::Harmony), melody: of(Channel::Melody) }
}

/// A writer that stores works as this version hears them.
///
/// # Errors
/// The index holds works of another kind.
pub fn with_works(writer: Writer) -> Result<Writer, IndexError> {
    let params = WorkParams::V1;
    Channel::ALL.into_iter().try_fold(writer, |writer, channel| {
        writer.with_space(channel.space(), params.stored_digest(channel))
    })
}
