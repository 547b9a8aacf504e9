//! What is done with a resource: one file per verb.

pub mod admit;
pub mod apply;
pub mod bind;
pub mod create;
pub mod decode;
pub mod delete;
pub mod deletion;
pub mod frames;
pub mod get;
pub mod list;
pub mod options;
pub mod owners;
pub mod patch;
pub mod review;
pub mod rules;
pub mod scale;
pub mod store;
pub mod update;
pub mod watch;
