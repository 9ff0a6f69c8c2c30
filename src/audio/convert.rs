//! From the decoder's own sample format to `f32` channel groups, in one pass and without an
//! intermediate copy.

use symphonia::core::audio::sample::{Sample, i24, u24};
use symphonia::core::audio::{Audio, AudioBuffer, GenericAudioBufferRef};

use super::layout::Layout;

/// Float samples beyond this are garbage (a real file clips at 1), and so are NaN and infinity.
/// One of them would spoil every running sum behind it.
const SANE: f32 = 64.0;

/// Conversion of one sample to the range -1..1.
trait ToF32: Sample {
    fn to_f32(self) -> f32;
}

macro_rules! int_to_f32 {
    ($($t:ty, $s:ident, $value:expr, $bits:expr;)*) => {$(
        impl ToF32 for $t {
            #[inline(always)]
            fn to_f32(self) -> f32 {
                let $s = self;
                $value as f32 * (1.0 / (1u64 << ($bits - 1)) as f32)
            }
        }
    )*};
}

int_to_f32! {
    i8, s, s, 8;
    i16, s, s, 16;
    i24, s, s.0, 24;
    i32, s, s, 32;
    u8, s, (i16::from(s) - 128), 8;
    u16, s, (i32::from(s) - 32_768), 16;
    u24, s, (s.0 as i32 - 8_388_608), 24;
    u32, s, (s ^ 0x8000_0000) as i32, 32;
}

impl ToF32 for f32 {
    #[inline(always)]
    fn to_f32(self) -> f32 {
        if self.abs() <= SANE { self } else { 0.0 }
    }
}

impl ToF32 for f64 {
    #[inline(always)]
    fn to_f32(self) -> f32 {
        (self as f32).to_f32()
    }
}

/// Appends the packet's samples to the left and right group; mono fills only `left`.
pub(super) fn append_groups(
    buffer: &GenericAudioBufferRef<'_>,
    layout: &Layout,
    range: std::ops::Range<usize>,
    left: &mut Vec<f32>,
    right: &mut Vec<f32>,
) {
    use GenericAudioBufferRef as B;
    match buffer {
        B::U8(b) => append(b, layout, range, left, right),
        B::U16(b) => append(b, layout, range, left, right),
        B::U24(b) => append(b, layout, range, left, right),
        B::U32(b) => append(b, layout, range, left, right),
        B::S8(b) => append(b, layout, range, left, right),
        B::S16(b) => append(b, layout, range, left, right),
        B::S24(b) => append(b, layout, range, left, right),
        B::S32(b) => append(b, layout, range, left, right),
        B::F32(b) => append(b, layout, range, left, right),
        B::F64(b) => append(b, layout, range, left, right),
    }
}

fn append<S: ToF32>(
    buffer: &AudioBuffer<S>,
    layout: &Layout,
    range: std::ops::Range<usize>,
    left: &mut Vec<f32>,
    right: &mut Vec<f32>,
) {
    let plane = |i| buffer.plane(i).and_then(|p| p.get(range.clone())).unwrap_or_default();
    match layout {
        Layout::Mono => left.extend(plane(0).iter().map(|s| s.to_f32())),
        Layout::Stereo => {
            left.extend(plane(0).iter().map(|s| s.to_f32()));
            right.extend(plane(1).iter().map(|s| s.to_f32()));
        }
        Layout::Groups(weights) => {
            let start = left.len();
            left.resize(start + range.len(), 0.0);
            right.resize(start + range.len(), 0.0);
            for (i, weight) in weights.iter().enumerate() {
                mix_into(plane(i), weight.left, &mut left[start..]);
                mix_into(plane(i), weight.right, &mut right[start..]);
            }
        }
    }
}

fn mix_into<S: ToF32>(plane: &[S], weight: f32, group: &mut [f32]) {
    if weight != 0.0 {
        for (sum, sample) in group.iter_mut().zip(plane) {
            *sum += weight * sample.to_f32();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_spans_minus_one_to_one() {
        assert_eq!(i8::MIN.to_f32(), -1.0);
        assert_eq!(0u8.to_f32(), -1.0);
        assert_eq!(128u8.to_f32(), 0.0);
        assert_eq!(i16::MIN.to_f32(), -1.0);
        assert_eq!(32_768u16.to_f32(), 0.0);
        assert_eq!(i24(-8_388_608).to_f32(), -1.0);
        assert_eq!(u24(8_388_608 + 4_194_304).to_f32(), 0.5);
        assert_eq!(i32::MIN.to_f32(), -1.0);
        assert_eq!(0x8000_0000u32.to_f32(), 0.0);
        assert_eq!(0u32.to_f32(), -1.0);
    }

    #[test]
    fn insane_floats_become_silence() {
        for bad in [f32::NAN, f32::INFINITY, -1e30] {
            assert_eq!(bad.to_f32(), 0.0);
        }
        assert_eq!(f64::MAX.to_f32(), 0.0);
        assert_eq!(1.5f32.to_f32(), 1.5);
    }
}
