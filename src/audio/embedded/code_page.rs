//! Texts whose encoding nobody declared: UTF-8 where they are valid UTF-8, else a code page where there is no
//! doubt, else Windows-1252, which is what the standards call Latin-1.
//!
//! For decades taggers of Eastern Europe and Asia wrote the code page of the machine where ID3 and RIFF say
//! Latin-1. Read as that, `Земфира` is `Çåìôèðà`, and no rule knows the artist again. A guess that is wrong would
//! make nonsense of a good name, though. So one is made only where Latin letters are out of the question: words
//! consist of foreign letters altogether, nothing in them is undefined, and there are enough of them. Which code
//! page it is, [`chardetng`] says by the frequency of letters, as it does for browsers.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, WINDOWS_1252};

/// Letters of an alphabet, in all texts of a file, from which frequencies tell something.
const MIN_LETTERS: usize = 5;
/// Letters of one word among them: single letters with marks are French.
const MIN_WORD: usize = 3;
/// Characters of a script in which each stands for a syllable or a word.
const MIN_IDEOGRAPHS: usize = 3;

/// The code page of a file's plain texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CodePage(&'static Encoding);

impl CodePage {
    /// The one that `texts` are written in, all of them.
    pub(super) fn of<'a>(texts: impl Iterator<Item = &'a [u8]>) -> CodePage {
        let foreign: Vec<&[u8]> =
            texts.filter(|text| !text.is_ascii() && utf8(text).is_none()).collect();
        let latin = CodePage(WINDOWS_1252);
        if foreign.is_empty() {
            return latin;
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        for text in &foreign {
            detector.feed(text, false);
            detector.feed(b"\n", false);
        }
        detector.feed(b"", true);
        let guess = detector.guess(None, Utf8Detection::Deny);
        if guess == WINDOWS_1252 || !is_beyond_doubt(guess, &foreign) {
            return latin;
        }
        CodePage(guess)
    }

    /// `text` in readable form.
    pub(super) fn decode(self, text: &[u8]) -> String {
        match utf8(text) {
            Some(text) => text.to_owned(),
            None => decoded(self.0, text).into_owned(),
        }
    }
}

/// What a whole text that is no Unicode is most likely written in, as browsers guess it.
pub(crate) fn guessed_encoding(text: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(text, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// `text` as UTF-8; a character that a field of fixed length cut off at the end is left out.
fn utf8(text: &[u8]) -> Option<&str> {
    match std::str::from_utf8(text) {
        Ok(text) => Some(text),
        Err(error) => {
            let good = std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default();
            (error.error_len().is_none() && !good.is_ascii()).then_some(good)
        }
    }
}

/// As `encoding` has it, without half a character at the end.
fn decoded<'t>(encoding: &'static Encoding, text: &'t [u8]) -> Cow<'t, str> {
    let (decoded, _) = encoding.decode_without_bom_handling(text);
    match decoded.strip_suffix('\u{fffd}') {
        Some(whole) => Cow::Owned(whole.to_owned()),
        None => decoded,
    }
}

/// Do all words that are not plain ASCII consist of letters of one other script, and are there enough of them?
fn is_beyond_doubt(encoding: &'static Encoding, texts: &[&[u8]]) -> bool {
    let (mut letters, mut ideographs, mut longest) = (0, 0, 0);
    for text in texts {
        let text = decoded(encoding, text);
        if text.chars().any(|c| is_undefined(c) || is_half_width(c)) {
            return false;
        }
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            let foreign = word.chars().filter(|c| !c.is_ascii());
            let latin = word.chars().any(|c| c.is_ascii_alphabetic() || is_latin(c));
            let foreign: Vec<char> = foreign.collect();
            if latin && !foreign.is_empty() {
                return false;
            }
            let dense = foreign.iter().filter(|c| is_ideograph(**c)).count();
            ideographs += dense;
            letters += foreign.len() - dense;
            longest = longest.max(foreign.len());
        }
    }
    ideographs >= MIN_IDEOGRAPHS
        || (ideographs == 0 && letters >= MIN_LETTERS && longest >= MIN_WORD)
}

/// Latin letters with marks: another Latin code page is no better than the one assumed.
fn is_latin(c: char) -> bool {
    matches!(c, '\u{aa}' | '\u{ba}' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// Private, replaced or controlling: text holds no such characters.
fn is_undefined(c: char) -> bool {
    c == '\u{fffd}' || matches!(c, '\u{80}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}')
}

/// What single bytes beyond ASCII are in Shift_JIS: any Latin-1 text looks like that.
fn is_half_width(c: char) -> bool {
    matches!(c, '\u{ff61}'..='\u{ff9f}')
}

/// Kana, Han, Hangul.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}')
}

#[cfg(test)]
mod tests {
    use encoding_rs::{BIG5, EUC_KR, GBK, SHIFT_JIS, WINDOWS_1251, WINDOWS_1253};

    use super::*;

    fn read(texts: &[&[u8]]) -> Vec<String> {
        let page = CodePage::of(texts.iter().copied());
        texts.iter().map(|text| page.decode(text)).collect()
    }

    /// Written in `encoding`, are `texts` read as what they were?
    fn is_read(encoding: &'static Encoding, texts: &[&str]) {
        let written: Vec<Vec<u8>> =
            texts.iter().map(|t| encoding.encode(t).0.into_owned()).collect();
        let written: Vec<&[u8]> = written.iter().map(Vec::as_slice).collect();
        assert_eq!(read(&written), texts, "{}", encoding.name());
    }

    #[test]
    fn code_pages_of_other_scripts_are_recognised() {
        is_read(WINDOWS_1251, &["Земфира", "Хочешь?"]);
        is_read(WINDOWS_1251, &["Кино", "Группа крови", "Remastered 2012"]);
        is_read(SHIFT_JIS, &["宇多田ヒカル", "First Love"]);
        is_read(SHIFT_JIS, &["さくら", "春の歌"]);
        is_read(GBK, &["周杰伦", "青花瓷"]);
        is_read(GBK, &["王菲", "红豆", "唱游"]);
        is_read(BIG5, &["張學友", "吻別"]);
        is_read(EUC_KR, &["방탄소년단", "봄날"]);
        is_read(WINDOWS_1253, &["Γιώργος Νταλάρας", "Μια φορά"]);
    }

    #[test]
    fn utf_8_where_latin_1_was_promised_is_utf_8() {
        assert_eq!(read(&["Sigur Rós".as_bytes(), "Земфира".as_bytes()]), ["Sigur Rós", "Земфира"]);
        let cut = &"Хочешь?".as_bytes()[..5];
        assert_eq!(read(&[cut]), ["Хо"], "a field of fixed length cuts characters");
    }

    #[test]
    fn western_names_stay_what_they_are() {
        for name in [
            "Beyoncé",
            "Mötley Crüe",
            "Sigur Rós",
            "Björk",
            "Señor Coconut",
            "Françoise Hardy",
            "Röyksopp",
            "Ágætis byrjun",
            "Café del Mar",
            "Héroes del Silencio",
            "¿Qué?",
            "Ñ",
            "Åäö",
            "È",
            "naïve",
            "Déjà vu",
            "Øystein Sevåg",
            "Für Elise",
            "Garçon à l'été",
            "Über",
            "Mañana",
            "Zoé",
            "“Quoted”",
            "Don’t",
            "Rock ’n’ Roll",
            "Motörhead – Ace",
            "100 % ½",
            "£5",
            "©2012 Müller",
        ] {
            let (latin, _, lossy) = WINDOWS_1252.encode(name);
            assert!(!lossy, "{name}");
            assert_eq!(read(&[&latin]), [name]);
        }
    }

    #[test]
    fn too_little_text_is_left_alone() {
        let (short, ..) = WINDOWS_1251.encode("Мы");
        assert_eq!(read(&[&short]), ["Ìû"]);
    }
}
