//! Identifiers of recordings and products, as far as rules need them.
//!
//! ISRC: ISO 3901 (two letters, three letters or digits of the registrant, two digits of the year, five
//! digits). Product codes: GS1 General Specifications (mod-10 check digit of GTIN-12 and GTIN-13).

/// A recording code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Isrc([u8; 12]);

impl Isrc {
    /// Reads a code, with or without hyphens, spaces and the word "ISRC".
    pub fn parse(text: &str) -> Option<Isrc> {
        let text = text.trim();
        let text = match text.get(..4) {
            Some(word) if word.eq_ignore_ascii_case("isrc") => {
                text[4..].trim_start_matches([':', ' '])
            }
            _ => text,
        };
        let mut code = [0; 12];
        let mut length = 0;
        for c in text.chars().filter(|c| !matches!(c, '-' | ' ' | '‐' | '–')) {
            *code.get_mut(length)? = u8::try_from(c.to_ascii_uppercase()).ok()?;
            length += 1;
        }
        let shape = length == 12
            && code[..2].iter().all(u8::is_ascii_uppercase)
            && code[2..5].iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            && code[5..].iter().all(u8::is_ascii_digit);
        shape.then_some(Isrc(code))
    }

    /// Whether `text` asks the distributor to assign a code.
    pub fn to_be_assigned(text: &str) -> bool {
        matches!(text.trim().to_ascii_lowercase().as_str(), "auto" | "assign" | "generate")
    }

    /// Prefix and registrant.
    pub fn registrant(&self) -> &str {
        std::str::from_utf8(&self.0[..5]).unwrap_or_default()
    }
}

impl std::fmt::Display for Isrc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

/// What is wrong with a product code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductCodeFault {
    /// No 12 or 13 digits.
    Shape,
    /// Another check digit belongs there.
    CheckDigit(u8),
}

/// Checks a UPC-A, an EAN-13, or either padded to a GTIN-14.
pub fn check_product_code(text: &str) -> Result<(), ProductCodeFault> {
    let mut digits = Vec::new();
    for c in text.trim().chars().filter(|c| !matches!(c, '-' | ' ')) {
        match c.to_digit(10) {
            Some(d) if digits.len() < 14 => digits.push(d),
            _ => return Err(ProductCodeFault::Shape),
        }
    }
    if digits.len() < 12 || (digits.len() == 14 && digits[0] != 0) {
        return Err(ProductCodeFault::Shape);
    }
    let (last, rest) = digits.split_last().ok_or(ProductCodeFault::Shape)?;
    let weighted = rest.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { 3 * d } else { *d });
    let check = (10 - weighted.sum::<u32>() % 10) % 10;
    if check == *last { Ok(()) } else { Err(ProductCodeFault::CheckDigit(check as u8)) }
}

/// Whether `text` is a work code (ISO 15707): `T`, nine digits, check digit; dots and hyphens may stand
/// between.
pub fn is_iswc(text: &str) -> bool {
    let plain: String = text.trim().chars().filter(|c| !matches!(c, '-' | '.' | ' ')).collect();
    let Some(digits) = plain.strip_prefix(['T', 't']) else { return false };
    let digits: Option<Vec<u32>> = digits.chars().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|d| d.len() == 10) else { return false };
    let sum: u32 = 1 + digits[..9].iter().zip(1..).map(|(d, weight)| d * weight).sum::<u32>();
    (10 - sum % 10) % 10 == digits[9]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_are_read_as_written_in_the_wild() {
        for text in ["USRC17607839", "us-rc1-76-07839", "ISRC: US RC1 76 07839"] {
            assert_eq!(Isrc::parse(text).unwrap().to_string(), "USRC17607839", "{text}");
        }
        assert_eq!(Isrc::parse("USRC17607839").unwrap().registrant(), "USRC1");
        for text in ["", "USRC1760783", "USRC176078390", "U1RC17607839", "USRC1760783X", "ISRC"] {
            assert_eq!(Isrc::parse(text), None, "{text}");
        }
    }

    #[test]
    fn check_digits_are_computed() {
        assert_eq!(check_product_code("036000291452"), Ok(()));
        assert_eq!(check_product_code("4006381333931"), Ok(()));
        assert_eq!(check_product_code("0 4006381333931"), Ok(()));
        assert_eq!(check_product_code("036000291453"), Err(ProductCodeFault::CheckDigit(2)));
        assert_eq!(check_product_code("12345"), Err(ProductCodeFault::Shape));
        assert_eq!(check_product_code("03600029145X"), Err(ProductCodeFault::Shape));
        assert!(is_iswc("T-034.524.680-1") && !is_iswc("T-034.524.680-2"));
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in "\\PC{0,30}") {
            let _ = (Isrc::parse(&text), check_product_code(&text), is_iswc(&text));
        }
    }
}
