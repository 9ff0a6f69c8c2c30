//! ID3v1 and ID3v1.1: 128 bytes at the end of a file, fields of fixed length.

use super::{Item, Text, genres};
use crate::audio::tags::Field;

/// Length of the tag.
pub(super) const LEN: u64 = 128;
/// Length of the extended tag that may stand in front of it.
pub(super) const EXTENDED: u64 = 227;

/// The fields of a tag, if `tag` is one.
pub(super) fn read(tag: &[u8]) -> Option<Vec<Item>> {
    let body = tag.strip_prefix(b"TAG").filter(|body| body.len() == LEN as usize - 3)?;
    let parts = [
        (Field::Title, 0..30),
        (Field::Artist, 30..60),
        (Field::Album, 60..90),
        (Field::Date, 90..94),
    ];
    let text = |bytes: &[u8]| Text::Plain(trimmed(bytes).to_vec());
    let mut items: Vec<Item> = parts
        .into_iter()
        .map(|(field, at)| Item { field, values: vec![text(&body[at])] })
        .collect();
    items.push(Item { field: Field::Comment, values: vec![text(&body[94..124])] });
    // Version 1.1: a zero ends the comment early, and the number of the track follows.
    if body[122] == 0 && body[123] != 0 {
        let number = Text::Known(body[123].to_string());
        items.push(Item { field: Field::TrackNumber, values: vec![number] });
    }
    if let Some(genre) = genres::name(body[124].into()) {
        items.push(Item { field: Field::Genre, values: vec![Text::Known(genre.to_owned())] });
    }
    Some(items)
}

/// What stands before the first zero, without the blanks that fill the field.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    bytes[..end].trim_ascii_end()
}
