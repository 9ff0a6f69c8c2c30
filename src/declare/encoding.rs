//! Which encoding a text is in, where nobody says so.
//!
//! Unicode is known by its marks and its form. Else it is one of the code pages of old, and a guess: Latin-1 as
//! spreadsheets write it (Windows-1252) unless the frequency of letters, as browsers weigh it, says another beyond
//! doubt, or Mac Roman where that alone puts letters between letters. A guess is told, so that nobody takes a name
//! that is wrong for one that is right.

use std::collections::BTreeSet;

use encoding_rs::{Encoding, MACINTOSH, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::dos;
use crate::audio::guessed_encoding;

/// Bytes of a text by which its code page is guessed.
const JUDGED: usize = 1 << 20;
/// Letters beyond ASCII from which their frequencies tell one Latin code page from another.
const MIN_LETTERS: usize = 4;

/// Text, and how sure it is that it is what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text.
    pub text: String,
    /// The code page that it was taken for, where that is a guess.
    pub guess: Option<Guess>,
}

/// A code page that a text was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess {
    /// Its name.
    pub name: &'static str,
    /// Letters stand where none belong: it is another one, which is not known here.
    pub is_wrong: bool,
}

impl Guess {
    /// What is to be told of it, with a stable name.
    pub fn words(self) -> (&'static str, String) {
        let Guess { name, is_wrong } = self;
        match is_wrong {
            true => (
                "encoding_unknown",
                format!(
                    "its letters beyond ASCII are in no encoding that is known here ({name} is the nearest): names with \
                     accents are wrong; save it as UTF-8"
                ),
            ),
            false => (
                "encoding_guessed",
                format!(
                    "it is not in UTF-8 and does not say in which encoding it is; read as {name}. If names look wrong, \
                     save it as UTF-8"
                ),
            ),
        }
    }
}

/// Decodes UTF-8 (with or without byte order mark), UTF-16 with byte order mark or without one where zeros
/// beside most letters give it away, and everything else by its code page.
pub fn decode(bytes: &[u8]) -> String {
    decode_and_tell(bytes).text
}

/// As [`decode`], with the code page where that is a guess.
pub fn decode_and_tell(bytes: &[u8]) -> Decoded {
    let marked = Encoding::for_bom(bytes);
    let (encoding, mark) = marked.unwrap_or_else(|| (unmarked(bytes), 0));
    let bytes = &bytes[mark..];
    if encoding == UTF_8 {
        if let Some(text) = UTF_8.decode_without_bom_handling_and_without_replacement(bytes) {
            return Decoded { text: text.into_owned(), guess: None };
        }
        return by_code_page(bytes);
    }
    // An odd last byte is the line end of a program that knew only bytes, and no letter.
    let whole = bytes.len() & !1;
    let text = encoding.decode_without_bom_handling(&bytes[..whole]).0;
    Decoded { text: text.into_owned(), guess: None }
}

/// As [`decode`], for XML, which says in its first line in which encoding it is.
pub fn decode_xml(bytes: &[u8]) -> String {
    let declared = || {
        let head = &bytes[..bytes.len().min(200)];
        let head = WINDOWS_1252.decode_without_bom_handling(head).0;
        let declaration = head.strip_prefix("<?xml")?.split("?>").next()?;
        let value =
            declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
        let label = value.split(['"', '\'']).nth(1)?;
        Encoding::for_label(label.as_bytes())
    };
    match decode_and_tell(bytes) {
        Decoded { guess: Some(_), text } => match declared() {
            Some(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            None => text,
        },
        decoded => decoded.text,
    }
}

/// As `decode_and_tell`, without a copy where the bytes are UTF-8, and with lines that end in `\n` alone, so that
/// they are counted as an editor counts them.
pub fn decode_lines(bytes: Vec<u8>) -> Decoded {
    let Decoded { text, guess } = match Encoding::for_bom(&bytes) {
        None if unmarked(&bytes) == UTF_8 => match String::from_utf8(bytes) {
            Ok(text) => Decoded { text, guess: None },
            Err(error) => decode_and_tell(error.as_bytes()),
        },
        _ => decode_and_tell(&bytes),
    };
    Decoded { text: with_line_ends(text), guess }
}

fn with_line_ends(text: String) -> String {
    if !text.contains('\r') {
        return text;
    }
    let mut bytes = text.into_bytes();
    let mut kept = 0;
    for at in 0..bytes.len() {
        let next = bytes.get(at + 1).copied();
        // Of `\r\n` only the second stays; `\r\r\n` comes from a program that translated twice.
        let (drop, byte) = match bytes[at] {
            b'\r' => (
                matches!(next, Some(b'\n'))
                    || next == Some(b'\r') && bytes.get(at + 2) == Some(&b'\n'),
                b'\n',
            ),
            byte => (false, byte),
        };
        if !drop {
            bytes[kept] = byte;
            kept += 1;
        }
    }
    bytes.truncate(kept);
    // Letters of ASCII were taken out of UTF-8, so UTF-8 it is.
    String::from_utf8(bytes).unwrap_or_default()
}

/// Whether text has a byte order mark, or is UTF-16 without one.
pub fn is_utf16_or_marked(bytes: &[u8]) -> bool {
    Encoding::for_bom(bytes).is_some() || unmarked(bytes) != UTF_8
}

/// Bytes by which the encoding of text without byte order mark is judged.
const SNIFFED: usize = 4 << 10;

/// What text without byte order mark is taken for, before its letters are looked at.
///
/// UTF-16 has a zero beside each letter of ASCII: one side of the pairs holds at least a tenth zeros, the
/// other hardly any. Separators, digits and line ends see to that in tables of any language. Some letters of
/// ASCII are neighbours (`\r\n`, `.wav`), as the zeros between names in a list never are.
fn unmarked(bytes: &[u8]) -> &'static Encoding {
    let head = &bytes[..bytes.len().min(SNIFFED) & !1];
    let zeros = |side: usize| head.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    let neighbours = |side: usize| {
        let of_side: Vec<bool> = head.iter().skip(side).step_by(2).map(|byte| *byte == 0).collect();
        of_side.windows(2).any(|pair| pair[0] && pair[1])
    };
    let many = |zeros: usize, side| zeros >= 2 && 20 * zeros >= head.len() && neighbours(side);
    if many(second, 1) && 8 * first <= second {
        UTF_16LE
    } else if many(first, 0) && 8 * second <= first {
        UTF_16BE
    } else {
        UTF_8
    }
}

/// Text that is no Unicode, by the code page that it is most likely in.
fn by_code_page(bytes: &[u8]) -> Decoded {
    let head = &bytes[..bytes.len().min(JUDGED)];
    let encoding = code_page(head);
    let text = encoding.decode_without_bom_handling(bytes).0.into_owned();
    let judged = encoding.decode_without_bom_handling(head).0;
    let foreign = judged.chars().filter(|c| !c.is_ascii()).count();
    let odd = oddities(&judged);
    let is_wrong = 3 * odd > foreign;
    if encoding.is_single_byte() && odd > 0 {
        // Only where what is commoner does not make words of it: a console's letters are signs under Windows, and
        // those of Windows are frames and small letters' large ones on a console.
        let console = dos::decode(head);
        let frames = console.chars().filter(|c| ('\u{2500}'..='\u{25a0}').contains(c)).count();
        let of_dos = oddities(&console) + frames;
        if of_dos < odd && 3 * of_dos <= foreign && (is_wrong || of_dos == 0) {
            let guess = Some(Guess { name: dos::NAME, is_wrong: false });
            return Decoded { text: dos::decode(bytes), guess };
        }
    }
    Decoded { text, guess: Some(Guess { name: encoding.name(), is_wrong }) }
}

fn code_page(head: &[u8]) -> &'static Encoding {
    let guess = guessed_encoding(head);
    let other = if is_likely(guess, head) { guess } else { WINDOWS_1252 };
    if other.is_single_byte() && is_mac_roman(head, other) { MACINTOSH } else { other }
}

/// Whether there is enough in `head` to trust a guess.
fn is_likely(guess: &'static Encoding, head: &[u8]) -> bool {
    let (text, had_errors) = guess.decode_without_bom_handling(head);
    if guess == WINDOWS_1252 || had_errors {
        return false;
    }
    let beyond = |byte: &u8| !byte.is_ascii();
    let letters = head.iter().filter(|byte| beyond(byte)).count();
    if !guess.is_single_byte() {
        // A letter with an accent and the one behind it may look like one character; two such in a row do not.
        let beside = head.windows(2).filter(|pair| pair.iter().all(beyond)).count();
        return letters >= MIN_LETTERS && 3 * beside >= letters;
    }
    let latin = |c: char| c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}');
    let other_script = text.chars().filter(|c| c.is_alphabetic() && !latin(*c)).count();
    // Words of another script consist of nothing else.
    let mixed = text.split(|c: char| !c.is_alphabetic()).filter(|word| {
        word.chars().any(latin) && word.chars().any(|c| c.is_alphabetic() && !latin(c))
    });
    if other_script == 0 {
        // One Latin code page is told from another by letters that only one language has: one or two say nothing.
        let distinct: BTreeSet<u8> = head.iter().copied().filter(|byte| beyond(byte)).collect();
        return distinct.len() >= MIN_LETTERS;
    }
    letters >= MIN_LETTERS && 8 * mixed.count() < other_script
}

/// Mac Roman has letters where Windows has dashes, quotes and nothing, and the other way round. So whichever
/// makes words of it is the right one.
fn is_mac_roman(head: &[u8], other: &'static Encoding) -> bool {
    let odd = |encoding: &'static Encoding| oddities(&encoding.decode_without_bom_handling(head).0);
    let (mac, windows) = (odd(MACINTOSH), odd(other));
    if mac != windows {
        return mac < windows;
    }
    if other != WINDOWS_1252 {
        return false;
    }
    // Not those that are common in words under Windows: the apostrophe, dashes, `œ`, the ellipsis.
    let common = |byte: u8| matches!(byte, 0x85 | 0x8C | 0x92 | 0x96 | 0x97 | 0x9C);
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    let in_words = |from: u8, to: u8| {
        let inside = |window: &&[u8]| {
            (from..=to).contains(&window[1])
                && !common(window[1])
                && (letter(window.first()) || letter(window.get(2)))
        };
        head.windows(3).filter(inside).count()
    };
    in_words(0x80, 0x9F) > in_words(0xC0, 0xFF)
}

/// What no language writes: signs between two letters, a large letter with an accent behind a small one, and
/// what is no character at all.
fn oddities(text: &str) -> usize {
    let mut odd = 0;
    let mut letters = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = letters.next() {
        let next = letters.peek().copied().unwrap_or(' ');
        let in_word = before.is_alphabetic() && next.is_alphabetic();
        let is_odd = match c {
            c if c.is_ascii() => false,
            '\u{80}'..='\u{9f}'
            | '\u{fffd}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fb00}'..='\u{fb06}' => true,
            '‘' | '’' | '–' | '—' | '\u{ad}' | '·' | '・' => false,
            '‚' | '„' | '†' | '‡' | 'ˆ' | '‰' | '¢' | '¤' | '◊' | '\u{2200}'..='\u{22ff}' => {
                before.is_alphabetic()
            }
            c if c.is_alphabetic() => c.is_uppercase() && before.is_lowercase(),
            _ => in_word,
        };
        odd += usize::from(is_odd);
        before = c;
    }
    odd
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn encodings_of_spreadsheets_are_understood() {
        let utf16 = |le: bool| -> Vec<u8> {
            let mut bytes = if le { vec![0xFF, 0xFE] } else { vec![0xFE, 0xFF] };
            for unit in "Ä,b".encode_utf16() {
                bytes.extend(if le { unit.to_le_bytes() } else { unit.to_be_bytes() });
            }
            bytes
        };
        assert_eq!(decode("\u{feff}Ä,b".as_bytes()), "Ä,b");
        assert_eq!(decode(&utf16(true)), "Ä,b");
        assert_eq!(decode(&utf16(false)), "Ä,b");
        assert_eq!(decode(b"Bj\xF6rk \x96 x"), "Björk – x");
    }

    #[test]
    fn marks_are_taken_away_once_and_odd_ends_are_no_letters() {
        assert_eq!(decode(b""), "");
        for mark in [&b"\xEF\xBB\xBF"[..], b"\xFF\xFE", b"\xFE\xFF"] {
            assert_eq!(decode(mark), "");
        }
        assert_eq!(decode("\u{feff}\u{feff}a".as_bytes()), "\u{feff}a");
        // Half a mark is no mark.
        assert_eq!(decode(b"\xFF"), "ÿ");
        assert_eq!(decode(b"\xEF\xBB"), "ï»");
        assert_eq!(decode(b"\xFF\xFEa\0b\0\n"), "ab");
        assert_eq!(decode(b"\xFE\xFF\0a\0b\n"), "ab");
        assert_eq!(decode(b"\xFF\xFEa"), "");
    }

    #[test]
    fn utf16_without_mark_is_known_by_its_first_letters() {
        assert_eq!(decode(b"a\0b\0\xE4\0"), "abä");
        assert_eq!(decode(b"\0a\0b\0\xE4"), "abä");
        // One letter is too little to tell by.
        assert_eq!(decode(b"a\0"), "a\0");
        assert_eq!(decode(b"\0\0a\0"), "\0\0a\0");
    }

    #[test]
    fn utf16_of_any_language_is_known_by_what_stands_between_its_words() {
        let table = "path\ttitle\n01.wav\t夜に駆ける\u{3000}東京\n02.wav\tПеснь Ā\n";
        let le: Vec<u8> = table.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = table.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((decode(&le), decode(&be)), (table.to_owned(), table.to_owned()));
    }

    #[test]
    fn lines_end_in_one_sign_and_nothing_is_lost() {
        let lines = |text: &[u8]| decode_lines(text.to_vec()).text;
        assert_eq!(lines(b"a\r\nb\rc\nd"), "a\nb\nc\nd");
        assert_eq!(lines(b"a\r\r\nb\r\rc\r"), "a\nb\n\nc\n");
        assert_eq!(lines("\u{feff}Ä\r夜\r".as_bytes()), "Ä\n夜\n");
        assert_eq!(lines(b"Bj\xF6rk\rb"), "Björk\nb");
        assert_eq!(lines(b"Bj\x9Ark\rM\x9Fsli"), "Björk\nMüsli", "a spreadsheet of a Mac");
    }

    #[test]
    fn lone_surrogates_are_marked_and_the_rest_is_kept() {
        let le = |units: &[u16]| -> Vec<u8> {
            [0xFEFF].iter().chain(units).flat_map(|unit| unit.to_le_bytes()).collect()
        };
        let a = u16::from(b'a');
        assert_eq!(decode(&le(&[0xD83D, 0xDE00, a])), "😀a");
        assert_eq!(decode(&le(&[0xD83D, a])), "\u{fffd}a");
        assert_eq!(decode(&le(&[0xDE00, a])), "\u{fffd}a");
        assert_eq!(decode(&le(&[a, 0xD83D])), "a\u{fffd}");
    }

    #[test]
    fn what_is_not_utf8_throughout_is_windows_1252() {
        let text = b"Caf\xE9 \x93so\x94 \x96 \x80 5, don\x92t \x85 \xBFNo? \xA9 S\xF8ren \xD8";
        assert_eq!(decode(text), "Café “so” – € 5, don’t … ¿No? © Søren Ø");
        // A last letter cut in half cannot be told from a word that ends in an accent.
        assert_eq!(decode(b"Caf\xC3"), "CafÃ");
        assert_eq!(decode(b"\xEF\xBB\xBFCaf\xE9"), "Café");
        // Neither overlong nor surrogate forms are UTF-8.
        assert_eq!(decode(b"\xC0\x80"), "À€");
        assert_eq!(decode(b"\xED\xA0\x80"), "í\u{a0}€");
    }

    /// Encodes a table of these titles.
    fn table(encoding: &'static Encoding, titles: &[&str]) -> Vec<u8> {
        let mut text = "file,title,artist\n".to_owned();
        for (at, title) in titles.iter().enumerate() {
            text += &format!("{at:02}.wav,{title},{title}\n");
        }
        let (bytes, _, had_errors) = encoding.encode(&text);
        assert!(!had_errors, "{titles:?}");
        bytes.into_owned()
    }

    const GERMAN: &[&str] =
        &["Über den Wolken", "Grüße aus Köln", "Die Straße", "Schöne Nächte", "Don’t"];
    const FRENCH: &[&str] =
        &["Été à la mer", "Déjà vu", "Où es-tu", "Ça va", "Le cœur", "Rêve d’été"];
    const SPANISH: &[&str] = &["Corazón", "Mañana", "¿Dónde estás?", "El niño", "Canción de cuna"];
    const NORDIC: &[&str] = &["Blåbærtur", "På fjellet", "Sånger från söder", "Kærlighed", "Öster"];

    #[test]
    fn western_tables_are_read_under_windows_and_mac() {
        for titles in
            [GERMAN, FRENCH, SPANISH, NORDIC, &["Björk"], &["Beyoncé"], &["Motörhead", "Café"]]
        {
            let utf8 = table(UTF_8, titles);
            let expected = String::from_utf8(utf8.clone()).unwrap();
            assert_eq!(decode_lines(utf8), Decoded { text: expected.clone(), guess: None });
            let windows = decode_lines(table(WINDOWS_1252, titles));
            assert_eq!(windows.text, expected);
            let guess = windows.guess.unwrap();
            assert_eq!((guess.name, guess.is_wrong), ("windows-1252", false), "{titles:?}");
        }
        // What Mac Roman has under the letters of these.
        let mac = |text: &str| -> Vec<u8> {
            let all: Vec<u8> = (0x80..=0xFF).collect();
            let letters: Vec<char> =
                MACINTOSH.decode_without_bom_handling(&all).0.chars().collect();
            let byte = |c: char| match c.is_ascii() {
                true => c as u8,
                false => 0x80 + letters.iter().position(|l| *l == c).unwrap() as u8,
            };
            text.chars().map(byte).collect()
        };
        for titles in
            [GERMAN, FRENCH, SPANISH, NORDIC, &["Björk"], &["Beyoncé"], &["Motörhead", "Café"]]
        {
            let expected = String::from_utf8(table(UTF_8, titles)).unwrap();
            let read = decode_lines(mac(&expected));
            assert_eq!(read.text, expected);
            assert_eq!(read.guess.unwrap().name, "macintosh");
        }
    }

    #[test]
    fn tables_of_other_countries_are_read_by_their_letters() {
        use encoding_rs::*;
        let polish = ["Zażółć gęślą jaźń", "Miłość w mieście", "Śpiący rycerz", "Ósmy dzień"];
        let czech = ["Příběh o lásce", "Žluťoučký kůň", "Až přijde čas", "Šedá města"];
        let russian = ["Песня о любви", "Город золотой", "Земфира", "Белые розы"];
        let ukrainian = ["Пісня про рушник", "Їжак у тумані", "Червона рута"];
        let greek = ["Τραγούδι της αγάπης", "Νύχτα μαγικιά", "Θάλασσα"];
        let japanese = ["夜に駆ける", "世界に一つだけの花", "東京の空", "ドラえもん"];
        let chinese = ["月亮代表我的心", "北京欢迎你", "我的中国心", "晴天"];
        let taiwanese = ["月亮代表我的心", "愛情來了", "晴天與雨天", "臺北的夜晚"];
        let korean = ["봄날의 노래", "사랑의 기억", "서울의 밤", "강남 스타일"];
        for (encoding, titles) in [
            (WINDOWS_1250, &polish[..]),
            (ISO_8859_2, &polish),
            (WINDOWS_1250, &czech),
            (WINDOWS_1251, &russian),
            (KOI8_U, &russian),
            (WINDOWS_1251, &ukrainian),
            (WINDOWS_1253, &greek),
            (SHIFT_JIS, &japanese),
            (EUC_JP, &japanese),
            (GBK, &chinese),
            (BIG5, &taiwanese),
            (EUC_KR, &korean),
        ] {
            let expected = String::from_utf8(table(UTF_8, titles)).unwrap();
            let read = decode_lines(table(encoding, titles));
            assert_eq!(read.text, expected, "{}", encoding.name());
            assert!(read.guess.is_some_and(|guess| !guess.is_wrong), "{}", encoding.name());
        }
    }

    #[test]
    fn a_code_page_that_is_not_known_is_told_of() {
        // Large letters, quotes or frames behind small letters in each of those that are known.
        let table = b"file,title\n1.wav,Na\xDCe lo\xDBt\n2.wav,gi\xDCe\n";
        let guess = decode_lines(table.to_vec()).guess.unwrap();
        assert!(guess.is_wrong, "{guess:?}");
        assert_eq!(guess.words().0, "encoding_unknown");
    }

    #[test]
    fn tables_of_a_console_are_read_where_nothing_else_makes_words_of_them() {
        let nordic = ["På fjellet", "Sånger från söder", "Kærlighed", "Smørrebrød"];
        for titles in [
            &["Größe für Mädchen", "Schöne Nächte", "Über den Wolken"][..],
            FRENCH_OF_DOS,
            &["Corazón y canción", "Perché no", "Café"],
            SPANISH,
            &nordic,
        ] {
            let expected = String::from_utf8(table(UTF_8, titles)).unwrap();
            let read = decode_lines(dos::encode(&expected));
            assert_eq!(read.text, expected);
            assert_eq!(read.guess, Some(Guess { name: "IBM850", is_wrong: false }));
        }
    }

    /// Its code page has no `œ` and no curved apostrophe.
    const FRENCH_OF_DOS: &[&str] = &["Été à la mer", "Déjà vu", "Où es-tu", "Ça va", "Rêve d'été"];

    #[test]
    fn xml_is_read_as_it_says() {
        let bytes = b"<?xml version='1.0' encoding='ISO-8859-2'?><a>\xB3\xF3d\xBC</a>";
        assert!(decode_xml(bytes).ends_with("<a>łódź</a>"));
        assert!(
            decode_xml("<?xml version='1.0' encoding='latin1'?><a>ł</a>".as_bytes())
                .ends_with("<a>ł</a>")
        );
    }

    proptest! {
        #[test]
        fn utf16_is_read_as_the_standard_library_reads_it(
            units in proptest::collection::vec(any::<u16>(), 0..40),
            odd in any::<bool>(),
        ) {
            for bytes_of in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
                let marked = [0xFEFF].iter().chain(&units);
                let mut bytes: Vec<u8> = marked.flat_map(|unit| bytes_of(*unit)).collect();
                bytes.extend(odd.then_some(b'\n'));
                prop_assert_eq!(decode(&bytes), String::from_utf16_lossy(&units));
            }
        }
    }
}
