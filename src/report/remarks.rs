//! What was not heard of a file, in words, as text and page say it.

use super::phrases::count;
use super::records::QueryInfo;
use crate::declare::text::visible;

/// One remark for each reason; none where all of the file was heard.
pub fn remarks(query: &QueryInfo) -> Vec<String> {
    let mut remarks = Vec::new();
    if query.capped {
        let looked_at = query.duration_ms.div_ceil(60_000);
        remarks.push(format!("only the first {looked_at} min were looked at (--max-minutes)"));
    }
    if let (Some(all), Some(this)) = (query.audio_tracks, query.audio_track) {
        let others = if all == 2 { "the other was" } else { "the others were" };
        remarks.push(format!(
            "of its {all} audio tracks only number {this} was looked at; {others} not"
        ));
    }
    let short = |or: &'static str| visible(query.incomplete.as_deref().unwrap_or(or));
    match (query.truncated && !query.capped, query.damaged_packets) {
        (false, 0) => {}
        (true, 0) => remarks.push(short("the file ends before its declared end")),
        (_, damage) => {
            let packets = count(damage as usize, "bad packet", "bad packets");
            let short = short("the file is incomplete or damaged");
            remarks.push(format!("{short} ({packets})"));
        }
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_was_not_heard_is_said() {
        let query = QueryInfo {
            truncated: true,
            incomplete: Some("the file ends within its sound (mdat)".into()),
            audio_tracks: Some(3),
            audio_track: Some(2),
            damaged_packets: 1,
            ..QueryInfo::default()
        };
        assert_eq!(
            remarks(&query),
            [
                "of its 3 audio tracks only number 2 was looked at; the others were not",
                "the file ends within its sound (mdat) (1 bad packet)",
            ]
        );
        assert!(remarks(&QueryInfo::default()).is_empty());
    }
}
