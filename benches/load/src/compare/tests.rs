//! Medians, extremes and ratios.

use super::*;

fn samples(values: &[f64]) -> Samples {
    Samples(values.iter().copied().enumerate().collect())
}

fn row(ours: Samples, theirs: Samples) -> Compared {
    Compared {
        ours: BTreeMap::from([(Metric::CpuUsPerOp, ours)]),
        theirs: BTreeMap::from([(Metric::CpuUsPerOp, theirs)]),
        ..Compared::default()
    }
}

#[test]
fn median_and_extremes() {
    assert_eq!(samples(&[4.0, 1.0, 2.0]).median(), 2.0);
    assert_eq!(samples(&[4.0, 1.0, 2.0]).extremes(), (1.0, 4.0));
    assert_eq!(samples(&[1.0, 2.0]).median(), 1.5);
    assert_eq!(samples(&[7.0]).extremes(), (7.0, 7.0));
    assert!(samples(&[]).median().is_nan());
}

#[test]
fn a_ratio_needs_both_sides() {
    let ratio = |ours: &[f64], theirs: &[f64]| {
        let ratios = row(samples(ours), samples(theirs)).ratios(Metric::CpuUsPerOp);
        ratios.map(|ratios| ratios.median())
    };
    assert_eq!(ratio(&[30.0], &[60.0]), Some(0.5));
    assert_eq!(ratio(&[30.0], &[]), None);
    assert_eq!(ratio(&[30.0], &[0.0]), None);
    assert!(Compared::default().ratios(Metric::CpuUsPerOp).is_none());
}

#[test]
fn runs_are_compared_within_their_round() {
    // The machine was three times as slow in the last round, for both.
    let ratios = row(samples(&[10.0, 12.0, 30.0]), samples(&[20.0, 20.0, 60.0]))
        .ratios(Metric::CpuUsPerOp)
        .unwrap();
    assert_eq!(ratios.values(), [0.5, 0.6, 0.5]);
    assert_eq!(ratios.median(), 0.5);
}

#[test]
fn a_run_that_failed_takes_only_its_round_along() {
    let theirs = Samples(BTreeMap::from([(0, 20.0), (2, 60.0)]));
    let ratios = row(samples(&[10.0, 12.0, 30.0]), theirs)
        .ratios(Metric::CpuUsPerOp)
        .unwrap();
    assert_eq!(ratios.0, BTreeMap::from([(0, 0.5), (2, 0.5)]));
}
