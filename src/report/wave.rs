//! WAV: sound as it is, behind a header of 44 bytes (RIFF, format 1: PCM, 16 bits).

/// The header of a file of so many `channels` and `frames`, at `rate`.
pub fn header(channels: u16, rate: u32, frames: u64) -> [u8; 44] {
    let block = u32::from(channels) * 2;
    let data = u32::try_from(frames * u64::from(block)).unwrap_or(u32::MAX - 44);
    let mut header = [0; 44];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        header[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(b"RIFF");
    put(&(36 + data).to_le_bytes());
    put(b"WAVEfmt ");
    put(&16u32.to_le_bytes());
    put(&1u16.to_le_bytes());
    put(&channels.to_le_bytes());
    put(&rate.to_le_bytes());
    put(&(rate * block).to_le_bytes());
    put(&(block as u16).to_le_bytes());
    put(&16u16.to_le_bytes());
    put(b"data");
    put(&data.to_le_bytes());
    header
}

/// A sample as a file holds it.
pub fn sample(value: f32) -> i16 {
    (value.clamp(-1.0, 1.0) * 32_767.0).round() as i16
}
