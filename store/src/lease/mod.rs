//! Leases: [`Table`] is the replicated part, carried out by apply; [`Deadlines`] is what the
//! leader alone reckons with, on its own clock; [`Keeper`] proposes what falls due.

mod deadlines;
mod keeper;
mod table;

pub use deadlines::{Deadlines, Due, Noted, Renewal, Which};
pub use keeper::{Keeper, RenewError};
pub use table::{Error, Lease, TTL_MAX, Table};

#[cfg(test)]
mod tests;
