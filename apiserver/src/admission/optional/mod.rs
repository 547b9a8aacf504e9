//! Plugins that are off unless a flag names them.

pub mod always_admit;
pub mod always_deny;
pub mod always_pull;
pub mod anti_affinity;
pub mod exists;
pub mod extended_resources;
pub mod external_ips;

#[cfg(test)]
mod tests;
