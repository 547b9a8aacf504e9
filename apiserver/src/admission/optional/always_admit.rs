//! `AlwaysAdmit`: everything may be done, which is so without it.

use crate::admission::plugin::Plugin;
use crate::admission::request::Operation;

/// The plugin's name.
pub const NAME: &str = "AlwaysAdmit";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlwaysAdmit;

impl Plugin for AlwaysAdmit {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, _: Operation) -> bool {
        false
    }
}
