//! Variants: a query as it would sound at another pitch, or at another tempo.
//!
//! A map of two seconds of peaks says more than the surroundings of one anchor, and it bears half a semitone and two
//! per cent of tempo. So a short query, which holds few anchors of its source, is looked up by windows at every semitone
//! and every few per cent, too (before and after: docs/src/measurements/scale.md). Transposing and stretching the query instead of the index is what chroma search does to reach all
//! keys (Serrà, Gómez, Herrera and Serra 2008).

use super::comparison::Scored;
use super::params::VariantParams;
use super::transform::Transform;
use crate::fingerprint::Constellation;
use crate::params::FingerprintParams;

/// The query at another pitch or tempo.
pub(super) struct Variant {
    /// Its peaks.
    pub(super) query: Constellation,
    /// Frequency units by which the query is higher.
    units: i32,
    /// Time of the variant for each unit of the query's.
    ratio: f64,
}

impl Variant {
    /// The variants of `query`.
    pub(super) fn all(
        query: &Constellation,
        params: &VariantParams,
        fingerprint: &FingerprintParams,
    ) -> Vec<Variant> {
        let both = |n: i32| [n, -n];
        let pitches = (1..=params.pitch_steps).flat_map(both).map(|n| n * params.pitch_step);
        let tempos = (1..=params.tempo_steps).flat_map(both).map(f64::from);
        let transposed = pitches.map(|units| Variant {
            query: query.transposed(-units, fingerprint),
            units,
            ratio: 1.0,
        });
        let stretched = tempos.map(|n| (n * params.tempo_step).exp());
        let stretched =
            stretched.map(|ratio| Variant { query: query.stretched(ratio), units: 0, ratio });
        transposed.chain(stretched).collect()
    }

    /// The line of the query along which its variant was found.
    pub(super) fn line_of_query(&self, Scored { transform, raw_score }: Scored) -> Scored {
        let transform = Transform {
            time_factor: transform.time_factor * self.ratio,
            freq_shift: transform.freq_shift + f64::from(self.units),
            ..transform
        };
        Scored { transform, raw_score }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_points::scattered;
    use crate::scan::comparison::Comparison;
    use crate::scan::params::ScanParams;
    use crate::scan::reference::Reference;

    #[test]
    fn a_line_of_a_variant_is_one_of_the_query() {
        let (scan, fingerprint) = (&ScanParams::V1, &FingerprintParams::V2);
        let source = Constellation {
            points: scattered(1, 900, 9_000),
            duration: 9_000,
            ..Constellation::default()
        };
        let stretch = source.slice(4_000, 5_500);
        for (units, ratio) in [(48, 1.0), (-24, 1.0), (0, 1.0 / 1.13), (0, 1.17)] {
            let query = stretch.transposed(units, fingerprint).stretched(ratio);
            let reference = &Reference::new(source.clone(), fingerprint);
            let pair = Comparison { query: &query, reference, scan, fingerprint };
            let variants = Variant::all(&query, &scan.variant, fingerprint);
            let found = variants.iter().flat_map(|variant| {
                let there = Comparison { query: &variant.query, ..pair };
                let whole = crate::scan::span::Span::new(0, variant.query.duration);
                let lines = there.align(whole).into_iter();
                lines.map(|line| variant.line_of_query(line)).collect::<Vec<_>>()
            });
            let best = found.max_by(|a, b| a.raw_score.total_cmp(&b.raw_score)).unwrap();
            let found = pair.chain(vec![best], 9_000.0).unwrap();
            assert!(found.accepted(), "{units} {ratio}: {found:?}");
            let best = found.best().transform;
            assert!((best.freq_shift - f64::from(units)).abs() < 4.0, "{units} {ratio}: {best:?}");
            assert!((best.time_factor * ratio - 1.0).abs() < 0.01, "{units} {ratio}: {best:?}");
        }
    }
}
