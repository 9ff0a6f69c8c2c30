//! Synthetic tracks with fixed seeds.
#![allow(dead_code, unreachable_pub)] // every test file uses its own part

use soundalike_index::{Code, ParamsId, Payload, TrackMeta, TrackRecord, Window};

/// SplitMix64. The golden index in `tests/golden` was written from its sequence.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn code(&mut self) -> Code {
        std::array::from_fn(|_| self.next())
    }

    /// `code` with about `percent` of its bits flipped.
    pub fn noisy(&mut self, code: &Code, percent: u64) -> Code {
        let mut out = *code;
        for bit in 0..256 {
            if self.next() % 100 < percent {
                out[bit / 64] ^= 1 << (bit % 64);
            }
        }
        out
    }
}

pub fn params() -> ParamsId {
    ParamsId { digest: [3; 32], description: "test".into() }
}

pub fn meta(id: u64) -> TrackMeta {
    let mut sha256 = [0; 32];
    sha256[..8].copy_from_slice(&id.to_le_bytes());
    TrackMeta {
        ref_id: format!("ref{id}"),
        path: format!("/music/{id}.flac"),
        title: Some(format!("Title {id}")),
        duration_ms: 1000 * id,
        sha256,
        ..TrackMeta::default()
    }
}

/// A track of `n` windows in each of two spaces, determined by `id`.
pub fn track(id: u64, n: u32) -> TrackRecord {
    let mut random = Random(id);
    let centre = random.code();
    let mut windows = Vec::new();
    for time in 0..n {
        for space in 0..2 {
            windows.push(Window { space, time: time * 63, code: random.noisy(&centre, 20) });
        }
    }
    let payloads = vec![Payload::new("peaks", 1, id.to_le_bytes().repeat(5))];
    TrackRecord { meta: meta(id), payloads, windows }
}

pub fn tracks(ids: std::ops::Range<u64>, n: u32) -> Vec<TrackRecord> {
    ids.map(|id| track(id, n)).collect()
}
