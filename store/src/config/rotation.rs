//! `--log-rotation-config-json`: when a log file is put away, and for how long it is kept.

use serde::Deserialize;

/// The settings, by the names and in the units of the library that etcd uses (lumberjack).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Rotation {
    /// Mebibytes after which a file is put away; 0 for 100.
    #[serde(rename = "maxsize")]
    megabytes: u64,
    /// Days for which a file is kept; 0 for ever.
    #[serde(rename = "maxage")]
    pub days: u64,
    /// How many files are kept; 0 for all.
    #[serde(rename = "maxbackups")]
    pub backups: usize,
    /// Whether their names tell the time of the place instead of UTC.
    #[serde(rename = "localtime")]
    pub local_time: bool,
    /// Whether they are packed.
    pub compress: bool,
}

impl Rotation {
    const MEGABYTES_DEFAULT: u64 = 100;

    /// Bytes after which a file is put away.
    #[must_use]
    pub fn bytes_max(&self) -> u64 {
        let megabytes = match self.megabytes {
            0 => Self::MEGABYTES_DEFAULT,
            given => given,
        };
        megabytes.saturating_mul(1024 * 1024)
    }

    /// Reads the flag.
    ///
    /// # Errors
    /// Gives etcd's text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let why = match serde_json::from_str(text) {
            Ok(rotation) => return Ok(rotation),
            Err(error) if error.is_eof() => "unexpected end of JSON input".to_owned(),
            Err(error) => error.to_string(),
        };
        Err(format!("improperly formatted log rotation config: {why}"))
    }
}
