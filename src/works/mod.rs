//! The second tier: the same composition, played anew. It hears what is played, not the recording of it: other
//! instruments, another key, another tempo.
//!
//! | stage | does | as in |
//! | --- | --- | --- |
//! | [`chroma`] | harmony: a whitened chromagram | Fujishima (1999), Müller and Ewert (2011) |
//! | [`melody`] | the tune: basic-pitch's notes, and which of them leads | Bittner et al. (2022) |
//! | [`sequence`] | four rows of twelve pitch classes a second, at any tempo and key | |
//! | [`patch`] | eight seconds to 256 bits, by a learned projection | linear discriminant analysis, Charikar (2002) |
//! | [`candidates`] | works with codes near to those of the query, in twelve keys and five tempos | inverted file (Jégou et al. 2011) |
//! | [`align`] | the best local alignment of two sequences | Smith and Waterman (1981), Serrà et al. (2009) |
//! | [`line`] | near the best paths, straight lines of one key and tempo for both channels | segments of greatest sum (Bentley 1984) |
//! | [`significance`], [`evidence`] | the score among those of unrelated works: z, and the expected number of chance ones | Karlin and Altschul (1990) |
//! | [`surrogate`] | bars in another order, where there are no other works | Theiler et al. (1992) |
//! | [`stretch`] | the stretches that a query is judged by | |
//! | [`search`], [`pair`] | a query against a store of works, two works against each other | |
//!
//! What is found is a resemblance and no match: it says that two tracks have the same chords in the same rhythm, and
//! how rarely unrelated works do, never that one is a copy.

pub mod align;
pub mod candidates;
pub mod channel;
pub mod chroma;
pub mod evidence;
pub mod line;
pub mod melody;
pub mod pair;
pub mod params;
pub mod patch;
pub mod search;
pub mod sequence;
pub mod significance;
pub mod stored;
pub mod stretch;
pub mod surrogate;
#[cfg(test)]
mod test_music;
pub mod work;
