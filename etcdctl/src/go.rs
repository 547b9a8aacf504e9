//! Text forms of the Go standard library that etcdctl's output and errors are made of.
//!
//! Facts from the Go documentation of `strconv`, `fmt` and `time`; scripts parse these forms.

pub(crate) use store::config::duration;

pub(crate) mod bytes;
pub(crate) mod number;
pub(crate) mod quote;

#[cfg(test)]
mod tests;
