//! How often what was done to the key space (`/v2/stats/store`).

use std::sync::atomic::{AtomicU64, Ordering};

use prost::Message;
use serde::Serialize;

use super::Action;

/// The counts, in etcd's order. Reads are this member's own, everything else is what all members do.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Reads.
    #[prost(uint64, tag = "1")]
    pub gets_success: u64,
    /// Reads of what is not there.
    #[prost(uint64, tag = "2")]
    pub gets_fail: u64,
    /// Keys set.
    #[prost(uint64, tag = "3")]
    pub sets_success: u64,
    /// Keys that could not be set.
    #[prost(uint64, tag = "4")]
    pub sets_fail: u64,
    /// Removals.
    #[prost(uint64, tag = "5")]
    pub delete_success: u64,
    /// Removals that failed.
    #[prost(uint64, tag = "6")]
    pub delete_fail: u64,
    /// Changes.
    #[prost(uint64, tag = "7")]
    pub update_success: u64,
    /// Changes that failed.
    #[prost(uint64, tag = "8")]
    pub update_fail: u64,
    /// Keys made.
    #[prost(uint64, tag = "9")]
    pub create_success: u64,
    /// Keys that could not be made.
    #[prost(uint64, tag = "10")]
    pub create_fail: u64,
    /// Swaps.
    #[prost(uint64, tag = "11")]
    pub compare_and_swap_success: u64,
    /// Swaps that failed.
    #[prost(uint64, tag = "12")]
    pub compare_and_swap_fail: u64,
    /// Removals of what was as expected.
    #[prost(uint64, tag = "13")]
    pub compare_and_delete_success: u64,
    /// Such that failed.
    #[prost(uint64, tag = "14")]
    pub compare_and_delete_fail: u64,
    /// Keys whose time was over.
    #[prost(uint64, tag = "15")]
    pub expire_count: u64,
    /// Who watches now.
    #[prost(uint64, tag = "16")]
    pub watchers: u64,
}

impl Stats {
    /// Counts what was tried.
    pub(super) fn count(&mut self, action: Action, success: bool) {
        let count = match (action, success) {
            (Action::Get, true) => &mut self.gets_success,
            (Action::Get, false) => &mut self.gets_fail,
            (Action::Set, true) => &mut self.sets_success,
            (Action::Set, false) => &mut self.sets_fail,
            (Action::Create, true) => &mut self.create_success,
            (Action::Create, false) => &mut self.create_fail,
            (Action::Update, true) => &mut self.update_success,
            (Action::Update, false) => &mut self.update_fail,
            (Action::Delete, true) => &mut self.delete_success,
            (Action::Delete, false) => &mut self.delete_fail,
            (Action::CompareAndSwap, true) => &mut self.compare_and_swap_success,
            (Action::CompareAndSwap, false) => &mut self.compare_and_swap_fail,
            (Action::CompareAndDelete, true) => &mut self.compare_and_delete_success,
            (Action::CompareAndDelete, false) => &mut self.compare_and_delete_fail,
            (Action::Expire, _) => &mut self.expire_count,
        };
        *count += 1;
    }
}

/// Reads, which are counted while others read.
#[derive(Default)]
pub(super) struct Reads {
    success: AtomicU64,
    fail: AtomicU64,
}

impl Reads {
    pub(super) fn count(&self, success: bool) {
        let count = if success { &self.success } else { &self.fail };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_to(&self, stats: &mut Stats) {
        stats.gets_success += self.success.load(Ordering::Relaxed);
        stats.gets_fail += self.fail.load(Ordering::Relaxed);
    }
}
