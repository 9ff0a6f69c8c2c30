use soundalike::batch::{pairs::Matcher, pool::Pool};
use soundalike::params::FingerprintParams;
use soundalike::progress::{Cancel, Silent};
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let reader = soundalike_index::Reader::open(dir.as_ref()).unwrap();
    let pool = Pool::new(&reader, None);
    let params = FingerprintParams::V1;
    let m = Matcher::new(&pool, &params);
    let t = std::time::Instant::now();
    let pairs = m.pairs(&Silent, &Cancel::new());
    eprintln!(
        "{} tracks, {} pairs, {} edges, {:?}",
        pool.len(),
        pairs.len(),
        pairs.iter().filter(|p| p.is_edge()).count(),
        t.elapsed()
    );
    if std::env::args().nth(2).is_some() {
        stats(&pool, &reader, &pairs, &params);
    }
    for p in &pairs {
        let n = |x: usize| pool.meta(x).unwrap().path.rsplit('/').next().unwrap().to_owned();
        let b = p.found.best();
        println!(
            "{} {:.2} {:.2} {:.1} {:.3} {:.0} {}/{} {} | {}",
            if p.is_edge() { "EDGE" } else { "tie" },
            p.a_share,
            p.b_share,
            p.found.log10_evalue,
            b.warp.time_factor,
            b.warp.freq_shift * 4.17,
            b.matched,
            b.peaks,
            n(p.a),
            n(p.b)
        );
    }
}

fn stats(
    pool: &Pool,
    reader: &soundalike_index::Reader,
    pairs: &[soundalike::batch::pairs::Pair],
    params: &FingerprintParams,
) {
    use soundalike::fingerprint::anchor;
    use soundalike::scan::warped;
    use soundalike_index::*;
    let edges: std::collections::HashSet<_> =
        pairs.iter().filter(|p| p.is_edge()).map(|p| p.nodes()).collect();
    let n = std::env::args().nth(2).unwrap().parse::<usize>().unwrap();
    for node in (0..pool.fresh()).take(n) {
        let c = pool.constellation(node).unwrap();
        let anchors = anchor::sample(&c, 16, params);
        let probes = warped::probes_at(&c, &anchors, 0..=6, params);
        let q: Vec<Query> =
            probes.iter().map(|(_, c)| Query { code: c.code, weights: c.weights }).collect();
        let hits = reader.search(
            1,
            &q,
            &SearchOptions { k: 96, walk: false, probes: 48, ef: 48, ..SearchOptions::default() },
        );
        for ((p, code), hits) in probes.iter().zip(hits) {
            let total: u32 = code.weights[0].iter().map(|w| w.count_ones()).sum::<u32>()
                + 2 * code.weights[1].iter().map(|w| w.count_ones()).sum::<u32>();
            for (r, h) in hits.iter().enumerate() {
                let o = pool.node(0, h.track).unwrap();
                if o == node {
                    continue;
                }
                let e = edges.contains(&(o.min(node), o.max(node)));
                println!(
                    "H {} {} {} {} {}",
                    if e { "T" } else { "F" },
                    h.distance,
                    total,
                    r,
                    p.number
                );
            }
        }
    }
}
