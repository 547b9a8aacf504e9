//! Floating-point numbers as Go prints them.

/// Go's `strconv.FormatFloat` with format `g` and as few digits as needed.
pub(super) fn general(value: f64) -> String {
    layout(&format!("{value:e}"))
}

/// The same for a number of 32 bits.
pub(super) fn general_32(value: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "it is asked for")]
    let value = value as f32;
    layout(&format!("{value:e}"))
}

/// Rust's `1.25e-7` in Go's layout.
fn layout(scientific: &str) -> String {
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        // Neither a number nor finite.
        return scientific.to_owned();
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    if !(-4..6).contains(&exponent) {
        let direction = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{mantissa}e{direction}{:02}", exponent.abs());
    }
    let digits = mantissa.replace('.', "");
    let Ok(whole) = usize::try_from(exponent) else {
        let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
        return format!("{sign}0.{}{digits}", "0".repeat(zeros));
    };
    match digits.split_at_checked(whole + 1) {
        Some((digits, "")) => format!("{sign}{digits}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{digits}{}", "0".repeat(whole + 1 - digits.len())),
    }
}
