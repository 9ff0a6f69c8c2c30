//! Traces end to end: a signal whose rows vary independently, and one that knows no rows.

use super::*;
use crate::audio::{DecodeOptions, decode_file};
use crate::test_random::Random;
