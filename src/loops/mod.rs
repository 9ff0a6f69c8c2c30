//! Loops: sounds of a sample library that are mixed into other music.
//!
//! A loop of four seconds under a voice leaves too few peaks for a fingerprint. But it is the same waveform, sample by
//! sample, and whoever has that can look for it as radar looks for its pulse: by cross-correlation, whitened so that
//! every frequency says as much as every other (*generalised cross-correlation with phase transform*, GCC-PHAT; Knapp
//! and Carter 1976). Four seconds of a band of 3 kHz are 12,000 independent values, which lift a loop 12 dB below the
//! music around it far above chance. It has to play at its own speed and pitch; what was stretched is found by its
//! peaks, as any reference, or not at all.
//!
//! | stage | does |
//! | --- | --- |
//! | [`frames`] | 8 s of sound every 4 s, as a whitened spectrum from 0.5 to 3.5 kHz |
//! | [`template`] | a loop, in pieces of 4 s: the phases of their spectra, 4 bits each, kept in the index |
//! | [`correlate`] | a frame and a piece: at which delays they agree, and how much better than beside them |
//! | [`listen`] | a file as it is read, against all loops of a library |
//! | [`occurrence`] | where which loop sounds, and how rarely chance does as well |

pub mod correlate;
pub mod frames;
pub mod listen;
pub mod occurrence;
pub mod params;
pub mod template;
