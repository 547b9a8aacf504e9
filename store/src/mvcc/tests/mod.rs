//! Tests of the store as a whole.

mod basics;
mod damage;
mod hash;
mod model;
mod pieces;
mod transfer;
