//! Medians, spreads and ratios.

use super::*;

#[test]
fn median_and_spread() {
    let samples = Samples(vec![4.0, 1.0, 2.0]);
    assert_eq!(samples.median(), 2.0);
    assert_eq!(samples.spread_percent(), 150.0);
    assert_eq!(Samples(vec![1.0, 2.0]).median(), 1.5);
    assert_eq!(Samples(vec![7.0]).spread_percent(), 0.0);
    assert!(Samples::default().median().is_nan());
}

#[test]
fn a_ratio_needs_both_sides() {
    let samples = |value| BTreeMap::from([(Metric::CpuUsPerOp, Samples(vec![value]))]);
    let mut row = Compared {
        ours: samples(30.0),
        ..Compared::default()
    };
    assert_eq!(row.ratio(Metric::CpuUsPerOp), None);
    row.theirs = samples(60.0);
    assert_eq!(row.ratio(Metric::CpuUsPerOp), Some(0.5));
    row.theirs = samples(0.0);
    assert_eq!(row.ratio(Metric::CpuUsPerOp), None);
}
