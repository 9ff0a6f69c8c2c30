//! The code page of MS-DOS and of the Windows console in Western Europe (IBM code page 850).
//!
//! What `type`, `copy con` and old exports of databases write. Browsers never met it, so neither their guesses nor
//! their tables know it.

/// What the bytes from 0x80 on stand for.
const UPPER: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ\
    áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀\
    ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// Name of the code page.
pub(super) const NAME: &str = "IBM850";

/// `bytes` as text.
pub(super) fn decode(bytes: &[u8]) -> String {
    let upper: Vec<char> = UPPER.chars().collect();
    let letter = |byte: &u8| match byte.checked_sub(0x80) {
        None => char::from(*byte),
        Some(at) => upper.get(usize::from(at)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    bytes.iter().map(letter).collect()
}

#[cfg(test)]
pub(super) fn encode(text: &str) -> Vec<u8> {
    let byte = |c: char| match c.is_ascii() {
        true => c as u8,
        false => 0x80 + UPPER.chars().position(|known| known == c).unwrap() as u8,
    };
    text.chars().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_character_of_its_own() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(UPPER.chars().count(), 128);
        assert_eq!(encode(&decode(&all)), all);
        assert_eq!(decode(b"Gr\x94\xE1e \x9Aber \x84, \x82t\x82"), "Größe Über ä, été");
    }
}
