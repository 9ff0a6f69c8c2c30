//! Writes the constellations of audio files for the training script: `dump_constellations
//! DENSITY OUT FILE...` writes, per file, `count u32` and `count` points of `time u32, freq u16,
//! rank u16`, little-endian, in the order given.

use std::io::Write;
use std::path::Path;

use rayon::prelude::*;
use soundalike::audio::{DecodeOptions, decode_file};
use soundalike::fingerprint::Fingerprinter;
use soundalike::params::FingerprintParams;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, density, out, files @ ..] = args.as_slice() else {
        return Err("usage: dump_constellations DENSITY OUT FILE...".into());
    };
    let density: f32 = density.parse()?;
    let dumped: Vec<Vec<u8>> = files
        .par_iter()
        .map(|file| {
            let mut fingerprinter = Fingerprinter::new(&FingerprintParams::V2, density);
            let options = DecodeOptions::default();
            let decoded = decode_file(Path::new(file), &options, &mut |s| fingerprinter.push(s));
            if let Err(error) = decoded {
                eprintln!("{error}");
            }
            let points = fingerprinter.finish().points;
            let mut bytes = (points.len() as u32).to_le_bytes().to_vec();
            for p in points {
                bytes.extend_from_slice(&p.time.to_le_bytes());
                bytes.extend_from_slice(&p.freq.to_le_bytes());
                bytes.extend_from_slice(&u16::from(p.rank).to_le_bytes());
            }
            bytes
        })
        .collect();
    let mut out = std::io::BufWriter::new(std::fs::File::create(out)?);
    for bytes in dumped {
        out.write_all(&bytes)?;
    }
    Ok(out.flush()?)
}
