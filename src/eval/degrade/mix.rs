//! Other music on top: a track nobody knows, or another track of the index.

use super::noise::add;
use super::{Change, Degradation, Other, Piece, Scene, Take};

/// The family's rows: how many dB the other music lies below the wanted track.
///
/// Where the other music is of the index, too, both are right answers, and both are asked for.
pub(super) fn rows() -> Vec<Degradation> {
    let row = |who: &str, other, db: f64| {
        let how = match db {
            0.0 => "as loud".to_owned(),
            ..0.0 => format!("{:.0} dB above", -db),
            _ => format!("{db:.0} dB below"),
        };
        let name = format!("{who} mixed in, {how}");
        Degradation::signal("mix", &name, move |scene: &Scene<'_>, _| mixed(scene, db)).with(other)
    };
    vec![
        row("unknown", Other::Unknown, 6.0),
        row("unknown", Other::Unknown, 0.0),
        row("unknown", Other::Unknown, -6.0),
        row("reference", Other::Reference, 6.0),
        row("reference", Other::Reference, 0.0),
    ]
}

fn mixed(scene: &Scene<'_>, db: f64) -> Take {
    let mut take = Take::aligned(scene, add(scene.signal, scene.other, db));
    let len = scene.signal.len().min(scene.other.len());
    take.pieces.push(Piece::whole(len, Change::NONE).of_part(1));
    take
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::tests::check_rows;

    #[test]
    fn rows_keep_length_and_repeat() {
        check_rows(rows());
        let names: Vec<String> = rows().into_iter().map(|r| r.name).collect();
        assert_eq!(names[0], "unknown mixed in, 6 dB below");
        assert_eq!(names[2], "unknown mixed in, 6 dB above");
    }
}
