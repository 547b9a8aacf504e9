//! What a kind has of its own: one file per kind that needs more than the rules of all.

pub mod pod;
