//! Which channel belongs to the left group, which to the right, and with what weight.
//!
//! Two groups instead of one sum, because [`downmix`](super::downmix) must still be able to see
//! that left and right cancel each other.

use symphonia::core::audio::{ChannelLabel, Channels, Position};

/// Weight of one channel in the left and in the right group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weight {
    pub(super) left: f32,
    pub(super) right: f32,
}

const LEFT: Weight = Weight { left: 1.0, right: 0.0 };
const RIGHT: Weight = Weight { left: 0.0, right: 1.0 };
/// Centre channels go to both sides at -3 dB, as every downmix standard has it.
const CENTRE: Weight =
    Weight { left: std::f32::consts::FRAC_1_SQRT_2, right: std::f32::consts::FRAC_1_SQRT_2 };
const DROP: Weight = Weight { left: 0.0, right: 0.0 };

/// How the channels of a stream become one signal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Layout {
    /// One channel: passes through.
    Mono,
    /// The common case: channel 0 is left, channel 1 is right.
    Stereo,
    /// Anything else: weights per channel, normalised so that neither group can exceed full scale.
    Groups(Vec<Weight>),
}

impl Layout {
    /// Layout for the channels a decoder announces. Zero channels give an empty group list.
    pub(super) fn new(channels: &Channels) -> Self {
        let weights = weights_of(channels);
        match weights.len() {
            1 => Self::Mono,
            2 => Self::Stereo,
            _ => Self::Groups(normalised(weights)),
        }
    }
}

fn weights_of(channels: &Channels) -> Vec<Weight> {
    let count = channels.count();
    match channels {
        Channels::Positioned(mask) => mask.iter().map(weight_of_position).collect(),
        Channels::Custom(labels) => {
            labels.iter().enumerate().map(|(i, label)| weight_of_label(i, *label)).collect()
        }
        // Only the omnidirectional component of an Ambisonic set is a sum of everything.
        Channels::Ambisonic(_) => (0..count).map(|i| if i == 0 { CENTRE } else { DROP }).collect(),
        _ => (0..count).map(alternating).collect(),
    }
}

/// Unknown positions: odd and even channels are usually pairs.
fn alternating(index: usize) -> Weight {
    if index.is_multiple_of(2) { LEFT } else { RIGHT }
}

fn weight_of_label(index: usize, label: ChannelLabel) -> Weight {
    match label {
        ChannelLabel::Positioned(position) => weight_of_position(position),
        ChannelLabel::Ambisonic(0) => CENTRE,
        ChannelLabel::Ambisonic(_) => DROP,
        _ => alternating(index),
    }
}

fn weight_of_position(position: Position) -> Weight {
    let left = Position::FRONT_LEFT
        | Position::REAR_LEFT
        | Position::FRONT_LEFT_CENTER
        | Position::SIDE_LEFT
        | Position::TOP_FRONT_LEFT
        | Position::TOP_REAR_LEFT
        | Position::TOP_SIDE_LEFT
        | Position::BOTTOM_FRONT_LEFT
        | Position::FRONT_LEFT_WIDE;
    let right = Position::FRONT_RIGHT
        | Position::REAR_RIGHT
        | Position::FRONT_RIGHT_CENTER
        | Position::SIDE_RIGHT
        | Position::TOP_FRONT_RIGHT
        | Position::TOP_REAR_RIGHT
        | Position::TOP_SIDE_RIGHT
        | Position::BOTTOM_FRONT_RIGHT
        | Position::FRONT_RIGHT_WIDE;
    if position.intersects(Position::LFE1 | Position::LFE2) {
        DROP
    } else if position.intersects(left) {
        LEFT
    } else if position.intersects(right) {
        RIGHT
    } else {
        CENTRE
    }
}

fn normalised(mut weights: Vec<Weight>) -> Vec<Weight> {
    let left: f32 = weights.iter().map(|w| w.left).sum();
    let right: f32 = weights.iter().map(|w| w.right).sum();
    if left == 0.0 && right == 0.0 {
        // Nothing but LFE: better a rumble than nothing.
        weights = (0..weights.len()).map(alternating).collect();
        return if weights.is_empty() { weights } else { normalised(weights) };
    }
    for w in &mut weights {
        w.left /= left.max(f32::MIN_POSITIVE);
        w.right /= right.max(f32::MIN_POSITIVE);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_point_one_drops_lfe_and_shares_the_centre() {
        let mask = Position::FRONT_LEFT
            | Position::FRONT_RIGHT
            | Position::FRONT_CENTER
            | Position::LFE1
            | Position::REAR_LEFT
            | Position::REAR_RIGHT;
        let Layout::Groups(w) = Layout::new(&Channels::Positioned(mask)) else { panic!("groups") };
        assert_eq!(w.len(), 6);
        assert_eq!(w[3], DROP);
        assert_eq!(w[2].left, w[2].right);
        assert!((w.iter().map(|w| w.left).sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((w.iter().map(|w| w.right).sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn odd_layouts_do_not_divide_by_zero() {
        for channels in [
            Channels::None,
            Channels::Discrete(5),
            Channels::Ambisonic(2),
            Channels::Positioned(Position::LFE1 | Position::LFE2 | Position::FRONT_LEFT),
        ] {
            if let Layout::Groups(w) = Layout::new(&channels) {
                assert!(w.iter().all(|w| w.left.is_finite() && w.right.is_finite()));
            }
        }
    }
}
