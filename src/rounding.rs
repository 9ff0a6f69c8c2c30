//! Numbers as records show them.

/// `value` with `digits` decimals.
pub fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    // Adding zero turns -0.0 into 0.0.
    (value * scale).round() / scale + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sign_is_left_of_nothing() {
        assert_eq!(rounded(-0.04, 1).to_string(), "0");
        assert_eq!(rounded(49.96, 1), 50.0);
    }
}
