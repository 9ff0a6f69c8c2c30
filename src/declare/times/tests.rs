use proptest::prelude::*;

use super::*;

const TEN: &str = "2026-09-24T10:00:00Z";

fn resolved(text: &str, order: Option<Order>) -> Option<String> {
    Some(read(text)?.resolve(order, None)?.to_string())
}

#[test]
fn one_time_in_all_spellings_is_one_time() {
    for text in [
        "2026-09-24T10:00:00Z",
        "2026-09-24T12:00:00+02:00",
        "2026-09-24 12:00 +0200",
        "2026-09-24 10:00",
        "2026-09-24t10:00",
        "2026-09-24 10:00:00.000",
        "2026-09-24T10:00:00.123456789012Z",
        "2026/9/24 10:00",
        "2026-09-24 10:00:00 UTC",
        "2026-09-24 12:00:00 GMT+2",
        "20260924T100000Z",
        "20260924100000",
        "9/24/2026 10:00 AM",
        "09/24/2026, 10:00:00\u{202f}AM",
        "9/24/26 10:00 am",
        "24.09.2026 10:00",
        "24.09.26 10:00",
        "24. 9. 2026 10:00 Uhr",
        "24.09.2026, 10:00:00",
        "24/09/2026 10h00",
        "24/9/2026 10:00 a.\u{a0}m.",
        "24-09-2026 10:00",
        "24 Sep 2026 10:00",
        "24-Sep-26 10:00",
        "24. September 2026 um 10:00 Uhr",
        "Sep 24, 2026 10:00 AM",
        "September 24th, 2026 at 10:00 AM",
        "Thu, 24 Sep 2026 10:00:00 GMT",
        "24 de septiembre de 2026 10:00",
        "1790244000",
        "1790244000000",
    ] {
        let told = resolved(text, None);
        assert_eq!(told.as_deref().map(|t| &t[..19]), Some(&TEN[..19]), "{text}: {told:?}");
    }
    for text in ["46289.4166666667", "46289,4166666667"] {
        assert_eq!(resolved(text, None).as_deref(), Some(TEN), "{text}");
    }
    for text in ["2026-09-24", "24.09.2026", "9/24/2026", "46289", "20260924"] {
        assert_eq!(resolved(text, None).as_deref(), Some("2026-09-24T00:00:00Z"), "{text}");
    }
    assert_eq!(resolved("9/24/2026 12:05 AM", None).as_deref(), Some("2026-09-24T00:05:00Z"));
    assert_eq!(resolved("9/24/2026 12:05 PM", None).as_deref(), Some("2026-09-24T12:05:00Z"));
}

#[test]
fn what_may_be_two_days_waits_for_its_column() {
    let open = "03/04/2026 10:00";
    assert!(read(open).unwrap().is_open());
    assert_eq!(resolved(open, None), None);
    assert_eq!(resolved(open, Some(Order::DayFirst)).unwrap(), "2026-04-03T10:00:00Z");
    assert_eq!(resolved(open, Some(Order::MonthFirst)).unwrap(), "2026-03-04T10:00:00Z");
    // Dots are written where the day comes first; equal numbers are one day.
    assert_eq!(resolved("03.04.2026", None).unwrap(), "2026-04-03T00:00:00Z");
    assert_eq!(resolved("04/04/2026", None).unwrap(), "2026-04-04T00:00:00Z");
    let decided = |values: &[&str], name: &str| {
        let mut evidence = OrderEvidence::default();
        values.iter().for_each(|value| evidence.add(&read(value).unwrap()));
        evidence.decide(order_in_name(name))
    };
    assert_eq!(decided(&["03/04/2026", "25/04/2026"], ""), Decided::Told(Order::DayFirst));
    assert_eq!(decided(&["03/04/2026", "04/25/2026"], ""), Decided::Told(Order::MonthFirst));
    let mixed = ["25/04/2026", "04/25/2026", "26/04/2026"];
    assert_eq!(decided(&mixed, "Date (MM/DD/YYYY)"), Decided::Told(Order::DayFirst), "most");
    assert_eq!(decided(&mixed[..2], "Date (MM/DD/YYYY)"), Decided::Told(Order::MonthFirst));
    assert_eq!(decided(&mixed[..2], ""), Decided::Usual(Order::DayFirst));
    assert_eq!(resolved("04/25/2026", Some(Order::DayFirst)), None, "read one way");
    assert_eq!(instant("04/25/2026"), None, "nor later, when its column is forgotten");
    assert!(resolved("25.04.2026", Some(Order::MonthFirst)).is_some(), "dots are an order");
    assert_eq!(decided(&["03/04/2026"], "Date (MM/DD/YYYY)"), Decided::Told(Order::MonthFirst));
    assert_eq!(decided(&["03/04/2026"], "Datum (TT/MM/JJJJ)"), Decided::Told(Order::DayFirst));
    assert_eq!(decided(&["03/04/2026"], "Date"), Decided::Usual(Order::DayFirst));
    assert_eq!(decided(&["03/04/2026 1:00 PM"], "Date"), Decided::Usual(Order::MonthFirst));
}

#[test]
fn a_day_and_a_time_of_two_columns_are_one_time() {
    let (day, time) = (read("24.09.2026").unwrap(), read("10:00").unwrap());
    for joined in [day.joined(time), time.joined(day)] {
        assert_eq!(joined.unwrap().resolve(None, None).unwrap().to_string(), TEN);
    }
    assert_eq!(day.joined(day), None);
}

#[test]
fn what_is_no_time_is_none() {
    for text in [
        "",
        "2026",
        "10",
        "yesterday",
        "24.09",
        "31.02.2026",
        "2026-13-01",
        "13/13/2026",
        "2026-09-24 25:00",
        "2026-09-24 10:00 CEST",
        "13:00 PM",
        "24.09.2026 10:00 Uhr morgens",
        "26-09-24",
        "0.5",
        "1e9",
        "-5",
        "1/2/3/4",
        "٢٤.٠٩.٢٠٢٦",
    ] {
        assert_eq!(resolved(text, Some(Order::DayFirst)), None, "{text}");
    }
}

#[test]
fn times_become_comparable_where_they_can() {
    for text in [
        "2026-09-12T10:00:00Z",
        "2026-09-12T12:00:00+02:00",
        "2026-09-12 10:00:00",
        "12.09.2026 10:00",
        "1789207200",
    ] {
        assert_eq!(timestamp(text).as_deref(), Some("2026-09-12T10:00:00Z"), "{text}");
    }
    assert_eq!(timestamp("12/09/2026").as_deref(), Some("12/09/2026"));
    assert_eq!(timestamp("2026").as_deref(), Some("2026"));
    assert_eq!(instant(" 2026-09-12 10:00:00 ").unwrap().as_second(), 1_789_207_200);
}

proptest! {
    /// One moment, written by an independent hand in the ways of several countries.
    #[test]
    fn every_moment_is_read_as_it_was_written(
        day in 0i64..30_000, minute in 0i64..1_440,
    ) {
        let start = Timestamp::from_second(7_000 * 86_400).unwrap();
        let time = start + SignedDuration::from_mins(day * 1_440 + minute);
        let zoned = time.to_zoned(TimeZone::UTC);
        let format = |form: &str| zoned.strftime(form).to_string();
        for form in ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M", "%d. %B %Y, %H:%M Uhr",
            "%b %d, %Y %I:%M %p", "%Y/%m/%d %H:%M:%S", "%Y%m%dT%H%M%SZ", "%a, %d %b %Y %H:%M:%S +0000"] {
            let text = format(form);
            prop_assert_eq!(read(&text).and_then(|w| w.resolve(None, None)), Some(time), "{}", text);
        }
        for (form, order) in [("%m/%d/%Y %I:%M %p", Order::MonthFirst), ("%d/%m/%Y %H:%M", Order::DayFirst)] {
            let text = format(form);
            prop_assert_eq!(read(&text).and_then(|w| w.resolve(Some(order), None)), Some(time), "{}", text);
        }
        let days = (time.as_second() as f64) / 86_400.0 + 25_569.0;
        if SERIALS.contains(&days) {
            for text in [format!("{days:.8}"), format!("{days:.8}").replace('.', ",")] {
                prop_assert_eq!(instant(&text), Some(time), "{}", text);
            }
        }
    }

    #[test]
    fn any_text_is_a_time_or_none(text in "[0-9/.:, apm+TZ-]{0,24}|\\PC{0,30}") {
        if let Some(written) = read(&text) {
            for order in [None, Some(Order::DayFirst), Some(Order::MonthFirst)] {
                written.resolve(order, None);
            }
        }
    }
}

#[test]
fn the_zone_of_a_column_is_that_of_its_times() {
    let in_zone = |text: &str, header: &str| {
        let zones::Named::Zone(zone) = zones::in_name(header).unwrap() else { panic!("{header}") };
        read(text).unwrap().resolve(None, Some(&zone)).unwrap().to_string()
    };
    let noon = "2026-07-01 12:00";
    for (header, told) in [
        ("Uploaded (UTC+2)", "2026-07-01T10:00:00Z"),
        ("Uploaded (UTC+02:00)", "2026-07-01T10:00:00Z"),
        ("Uploaded [GMT-0530]", "2026-07-01T17:30:00Z"),
        ("Uploaded (GMT \u{2212}5)", "2026-07-01T17:00:00Z"),
        ("Uploaded (+09:00)", "2026-07-01T03:00:00Z"),
        ("created_at [CET]", "2026-07-01T11:00:00Z"),
        ("created_at [CEST]", "2026-07-01T10:00:00Z"),
        ("Hochgeladen am (MESZ)", "2026-07-01T10:00:00Z"),
        ("Uploaded (EDT)", "2026-07-01T16:00:00Z"),
        ("time (Europe/Berlin)", "2026-07-01T10:00:00Z"),
        ("time (America/New_York)", "2026-07-01T16:00:00Z"),
        ("time (asia/kolkata time)", "2026-07-01T06:30:00Z"),
        ("Uploaded (MM/DD/YYYY, UTC+1)", "2026-07-01T11:00:00Z"),
        ("created_at_utc", "2026-07-01T12:00:00Z"),
        ("Upload time - UTC+1", "2026-07-01T11:00:00Z"),
        ("Upload time UTC", "2026-07-01T12:00:00Z"),
    ] {
        assert_eq!(in_zone(noon, header), told, "{header}");
        assert_eq!(in_zone("2026-07-01T12:00:00Z", header), "2026-07-01T12:00:00Z", "{header}");
        // Seconds since 1970 are of no zone, days of a spreadsheet are.
        assert_eq!(in_zone("1782907200", header), "2026-07-01T12:00:00Z", "{header}");
        assert_eq!(in_zone("46204.5", header), told, "{header}");
    }
    assert_eq!(in_zone("2026-01-01 12:00", "time (Europe/Berlin)"), "2026-01-01T11:00:00Z");
    for (header, zone) in [
        ("Uploaded (IST)", "IST"),
        ("Uploaded (local time)", "local time"),
        ("Zeit (Ortszeit)", "Ortszeit"),
        ("time (Europe/Atlantis)", "Europe/Atlantis"),
        ("Uploaded (UTC+99)", "UTC+99"),
    ] {
        assert_eq!(zones::in_name(header), Some(zones::Named::Unknown(zone.into())), "{header}");
    }
    for header in [
        "Uploaded",
        "Uploaded (MM/DD/YYYY)",
        "Datum (TT.MM.JJJJ)",
        "Date (required)",
        "Date (ISO 8601)",
        "Upload date (Day/Month/Year)",
        "Date/Time",
        "time (and/or date)",
        "",
        "()",
        "Start date / est.",
    ] {
        assert_eq!(zones::in_name(header), None, "{header}");
    }
}
