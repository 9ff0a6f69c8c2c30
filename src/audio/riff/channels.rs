//! Which loudspeaker each channel of a WAV or AIFF file is for.
//!
//! WAV names them by a mask of 18 positions; files with more channels, or with a mask that does not
//! fit their number, exist all the same, and then the channels have no place, only a number.

use symphonia::core::audio::{AmbisonicBFormat, ChannelLabel, Channels, Position, layouts};

/// Most channels whose places can be guessed from their number.
const MAX_GUESSED: u16 = 8;
/// Most channels that a mask can place.
const MAX_PLACED: u16 = 18;

/// Channels of a WAV file with `count` channels, and a `mask` where its header has one. A mask of 0
/// places none of them.
pub(super) fn of_wave(count: u16, mask: Option<u32>) -> Channels {
    let positions = match mask.filter(|&mask| mask != 0) {
        None => guessed(count),
        Some(mask) if count <= MAX_PLACED => {
            Position::from_wave_channel_mask(completed(mask, count))
        }
        Some(_) => None,
    };
    positions.map_or(Channels::Discrete(count), Channels::Positioned)
}

/// What players assume: 5.1 and its like, and no subwoofer where there are four or five channels.
fn guessed(count: u16) -> Option<Position> {
    const REAR: Position = Position::REAR_LEFT.union(Position::REAR_RIGHT);
    match count {
        4 => Some(Position::FRONT_LEFT | Position::FRONT_RIGHT | REAR),
        5 => Some(Position::FRONT_LEFT | Position::FRONT_RIGHT | Position::FRONT_CENTER | REAR),
        ..=MAX_GUESSED => Position::from_count(count.into()),
        _ => None,
    }
}

/// `mask` with exactly `count` positions: missing ones are added above the highest, superfluous ones
/// removed from the top.
fn completed(mut mask: u32, count: u16) -> u32 {
    while mask.count_ones() > count.into() {
        mask &= !(1 << mask.ilog2());
    }
    while mask.count_ones() < count.into() {
        let above = mask.checked_ilog2().map_or(0, |highest| highest + 1);
        mask |= 1u32.checked_shl(above).unwrap_or(!mask & mask.wrapping_add(1));
    }
    mask
}

/// Channels of an ambisonic WAV file in B-format, by their number (Dobson, 2001).
pub(super) fn of_b_format(count: u16) -> Channels {
    use AmbisonicBFormat::{K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y, Z};
    let components: &[AmbisonicBFormat] = match count {
        1 => &[W],
        2 => &[W, Y],
        3 => &[W, X, Y],
        4 => &[W, X, Y, Z],
        5 => &[W, X, Y, U, V],
        6 => &[W, X, Y, Z, U, V],
        7 => &[W, X, Y, U, V, P, Q],
        8 => &[W, X, Y, Z, U, V, P, Q],
        9 => &[W, X, Y, Z, R, S, T, U, V],
        11 => &[W, X, Y, Z, R, S, T, U, V, P, Q],
        16 => &[W, X, Y, Z, R, S, T, U, V, K, L, M, N, O, P, Q],
        _ => return Channels::Discrete(count),
    };
    Channels::Custom(components.iter().map(|&c| ChannelLabel::AmbisonicBFormat(c)).collect())
}

/// Channels of an AIFF file: beyond three they have no agreed meaning.
pub(super) fn of_aiff(count: u16) -> Channels {
    match count {
        1 => layouts::CHANNEL_LAYOUT_MONO,
        2 => layouts::CHANNEL_LAYOUT_STEREO,
        3 => layouts::CHANNEL_LAYOUT_3P0,
        _ => Channels::Discrete(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_channels_is_always_kept() {
        for count in 1..=64 {
            assert_eq!(of_wave(count, None).count(), usize::from(count));
            for mask in [0, 3, 0x3f, 0x3ffff, u32::MAX, 0x8000_0000] {
                assert_eq!(of_wave(count, Some(mask)).count(), usize::from(count), "{mask:#x}");
            }
            assert_eq!(of_aiff(count).count(), usize::from(count));
            assert_eq!(of_b_format(count).count(), usize::from(count));
        }
    }

    #[test]
    fn masks_are_completed_upwards() {
        assert_eq!(completed(0, 9), 0x1ff);
        assert_eq!(completed(0b10_1000, 5), 0b1_1110_1000);
        assert_eq!(completed(0b1011_1011_1010, 5), 0b1011_1010);
        assert_eq!(completed(u32::MAX, 8), 0xff);
    }
}
