//! Tests of the store as a whole.

mod basics;
mod hash;
mod model;
mod transfer;
