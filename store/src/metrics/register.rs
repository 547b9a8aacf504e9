//! Metrics are made and put into the registry in one step.

use super::Error;
use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

/// Adds metrics to a registry.
pub(super) struct Register {
    pub(super) registry: Registry,
}

impl Register {
    pub(super) fn new() -> Self {
        Self {
            registry: Registry::new(),
        }
    }

    pub(super) fn add<C: Collector + Clone + 'static>(
        &mut self,
        made: prometheus::Result<C>,
    ) -> Result<C, Error> {
        let made = made.map_err(Error::Register)?;
        self.registry
            .register(Box::new(made.clone()))
            .map_err(Error::Register)?;
        Ok(made)
    }

    pub(super) fn counter(&mut self, name: &str, help: &str) -> Result<IntCounter, Error> {
        self.add(IntCounter::new(name, help))
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str) -> Result<IntGauge, Error> {
        self.add(IntGauge::new(name, help))
    }

    pub(super) fn counters(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, Error> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels))
    }

    pub(super) fn gauges(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, Error> {
        self.add(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// A histogram with `count` bounds that double from `start`.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        help: &str,
        start: f64,
        count: usize,
    ) -> Result<Histogram, Error> {
        self.add(Histogram::with_opts(doubling(name, help, start, count)))
    }

    pub(super) fn histograms(
        &mut self,
        name: &str,
        help: &str,
        start: f64,
        count: usize,
        labels: &[&str],
    ) -> Result<HistogramVec, Error> {
        self.add(HistogramVec::new(
            doubling(name, help, start, count),
            labels,
        ))
    }
}

fn doubling(name: &str, help: &str, start: f64, count: usize) -> HistogramOpts {
    let bounds = std::iter::successors(Some(start), |bound| Some(bound * 2.0));
    HistogramOpts::new(name, help).buckets(bounds.take(count).collect())
}
