//! Text forms of the Go standard library that etcdctl's output and errors are made of.
//!
//! Facts from the Go documentation of `strconv`, `fmt` and `time`; scripts parse these forms.

pub(crate) mod bytes;
pub(crate) mod duration;
pub(crate) mod number;
pub(crate) mod quote;

#[cfg(test)]
mod tests;
