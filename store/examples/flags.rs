//! Prints the table of settings as Markdown: what `cargo xtask codegen` writes to docs/flags.md.

use std::fmt::Write as _;
use std::io::Write as _;

use store::config::flags::{ALL, Status};

fn main() -> std::io::Result<()> {
    let mut text = String::from(
        "# Settings of the `etcd` command\n\n\
         Made from the code by `cargo xtask codegen`.\n\n\
         | flag | default | variable | here |\n|---|---|---|---|\n",
    );
    for flag in ALL {
        let status = match flag.status {
            Status::Works => "works".to_owned(),
            Status::NoEffect(reason) => format!("taken; {reason}"),
        };
        let default = match flag.default {
            "" => String::new(),
            text => format!("`{text}`"),
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| `--{}` | {default} | `{}` | {status} |",
            flag.name,
            flag.variable()
        );
    }
    std::io::stdout().write_all(text.as_bytes())
}
