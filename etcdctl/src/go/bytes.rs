//! Sizes for people, in powers of 1000: `20 kB`, `2.1 GB`.

/// One digit after the point below ten, none from there on; plain bytes below ten stay exact.
pub(crate) fn human(size: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if size < 10 {
        return format!("{size} B");
    }
    let mut exponent = 0;
    let mut power = 1_u64;
    while exponent + 1 < UNITS.len() && size / power >= 1000 {
        power = power.saturating_mul(1000);
        exponent += 1;
    }
    let rounded = (size as f64 / power as f64 * 10.0 + 0.5).floor() / 10.0;
    let unit = UNITS[exponent];
    if rounded < 10.0 {
        format!("{rounded:.1} {unit}")
    } else {
        format!("{rounded:.0} {unit}")
    }
}
