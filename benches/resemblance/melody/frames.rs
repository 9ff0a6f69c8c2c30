//! usage: melody_frames OUT_DIR FILE...
//!
//! What the choice of the tune is made from, for `train.py`: by frame (an eighth of a second) the
//! likelihoods, levels and harmonic levels of 88 notes, as little-endian `f32` in OUT_DIR/NAME.f32.

use std::error::Error;
use std::path::Path;

use soundalike::audio::{DecodeOptions, decode_file};
use soundalike::works::melody::{Frame, Posteriorgram};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = arguments.next().ok_or("usage: melody_frames OUT_DIR FILE...")?;
    for file in arguments {
        let file = Path::new(&file);
        let mut posteriorgram = Posteriorgram::new();
        let mut frames: Vec<Frame> = Vec::new();
        let mut sink = |samples: &[f32]| frames.extend(posteriorgram.push(samples));
        decode_file(file, &DecodeOptions::default(), &mut sink)?;
        frames.extend(posteriorgram.finish());
        let values = frames.iter().flat_map(|f| [f.notes, f.levels, f.harmonics]).flatten();
        let bytes: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
        let name = Path::new(file.file_stem().unwrap_or_default()).with_extension("f32");
        std::fs::write(Path::new(&folder).join(name), bytes)?;
    }
    Ok(())
}
