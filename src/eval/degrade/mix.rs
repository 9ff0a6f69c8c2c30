//! Other music on top: a track nobody knows, or another track of the index.

use super::noise::add;
use super::{Degradation, Other, Scene, Take};

/// The family's rows: how many dB the other music lies below the wanted track.
pub(super) fn rows() -> Vec<Degradation> {
    let row = |who: &str, other, db: f64| {
        let how = if db == 0.0 { "as loud".to_owned() } else { format!("{db:.0} dB below") };
        let name = format!("{who} mixed in, {how}");
        Degradation::signal("mix", &name, move |scene: &Scene<'_>, _| {
            Take::aligned(scene, add(scene.signal, scene.other, db))
        })
        .with(other)
    };
    vec![
        row("unknown", Other::Unknown, 6.0),
        row("unknown", Other::Unknown, 0.0),
        row("reference", Other::Reference, 6.0),
        row("reference", Other::Reference, 0.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::tests::check_rows;

    #[test]
    fn rows_keep_length_and_repeat() {
        check_rows(rows());
        assert_eq!(rows()[0].name, "unknown mixed in, 6 dB below");
    }
}
