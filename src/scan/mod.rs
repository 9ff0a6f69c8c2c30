//! What a query and references have in common. The stages, in their order; each is a file:
//!
//! | stage | does | as in |
//! | --- | --- | --- |
//! | [`probe`] | query vectors: windows, and anchors at several tempos; short queries have variants | Panako (Six and Leman 2014) |
//! | [`lookup`] | the nearest codes of the index | inverted file (Jégou et al. 2011), HNSW (Malkov and Yashunin 2016) |
//! | [`vote`] | hits to candidates, and peaks to offsets: the histogram of offsets | Wang (2003) |
//! | [`prefilter`] | a cheap estimate before a dear comparison | ungapped extension, BLAST (Altschul et al. 1990) |
//! | [`align`] | lines at the query's own speed and pitch | trimmed least squares |
//! | [`grow`] | seeds to lines at any speed and pitch | seed and extend, BLAST |
//! | [`verify`] | the log-likelihood ratio along a line, over the [`null_model`] | Karlin and Altschul (1990), Ruzzo and Tompa (1999) |
//! | [`segment`] | what a run is worth, less [`repetition`] and what is not [`independence`] | low-complexity masking (Wootton and Federhen 1993) |
//! | [`evidence`] | the runs of all lines, chained to one match | |
//! | [`score`] | the expected number of chance matches | Karlin and Altschul (1990) |
//! | [`resolve`] | edits, spliced ([`splice`]), and repeats | Viterbi (1967), spliced alignment (Gelfand et al. 1996) |
//! | [`likeness`] | whether it is one recording | quadratic discriminants |
//! | [`kind`] | its name | |
//!
//! They are methods of a [`Comparison`](comparison::Comparison), which holds a query, a reference and the parameters
//! ([`ScanParams`](params::ScanParams)). [`search`] is the plan of rounds over an index, [`compare`] over one other
//! track; [`batch`] names candidates for near-duplicates, and
//! [`representatives`] spares clips a look that another was given.

pub mod align;
pub mod batch;
pub mod compare;
pub mod comparison;
pub mod evidence;
mod fit;
pub mod grow;
pub mod independence;
pub mod kind;
pub mod likeness;
pub mod lookup;
pub mod null_model;
pub mod params;
pub mod prefilter;
pub mod probe;
pub mod reference;
pub mod repetition;
pub mod representatives;
pub mod resolve;
pub mod score;
pub mod search;
pub mod segment;
pub mod span;
pub mod splice;
mod sweep;
pub mod transform;
pub mod unexplained;
mod variant;
pub mod verify;
pub mod vote;
