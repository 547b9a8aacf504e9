//! Metrics: watchers.

use super::Error;
use super::register::Register;
use prometheus::{Histogram, IntGauge};

/// Watchers.
pub struct Watch {
    /// Open streams.
    pub streams: IntGauge,
    /// Watchers.
    pub watchers: IntGauge,
    /// Watchers that read history to catch up.
    pub slow_watchers: IntGauge,
    /// Events that wait to be sent.
    pub pending_events: IntGauge,
    /// The time to send a reply with events.
    pub send_loop: Histogram,
    /// The same, divided by the number of events.
    pub send_loop_per_event: Histogram,
    /// The time to send a created or cancelled reply.
    pub send_loop_control: Histogram,
    /// The time to send a progress notification.
    pub send_loop_progress: Histogram,
}

impl Watch {
    pub(super) fn new(r: &mut Register) -> Result<Self, Error> {
        let mut send = |what: &str, help: &str| {
            let name = format!("etcd_debugging_server_watch_send_loop_{what}_seconds");
            r.histogram(&name, help, 0.001, 14)
        };
        let send_loop = send(
            "watch_stream_duration",
            "The time to send a reply with events.",
        )?;
        let per_event = "The time to send a reply, divided by its events.";
        let send_loop_per_event = send("watch_stream_duration_per_event", per_event)?;
        let control = "The time to send a created or cancelled reply.";
        let send_loop_control = send("control_stream_duration", control)?;
        let send_loop_progress = send(
            "progress_duration",
            "The time to send a progress notification.",
        )?;
        Ok(Self {
            streams: r.gauge(
                "etcd_debugging_mvcc_watch_stream_total",
                "Open watch streams.",
            )?,
            watchers: r.gauge("etcd_debugging_mvcc_watcher_total", "Watchers.")?,
            slow_watchers: r.gauge(
                "etcd_debugging_mvcc_slow_watcher_total",
                "Watchers that catch up.",
            )?,
            pending_events: r.gauge(
                "etcd_debugging_mvcc_pending_events_total",
                "Events that wait to be sent.",
            )?,
            send_loop,
            send_loop_per_event,
            send_loop_control,
            send_loop_progress,
        })
    }
}
