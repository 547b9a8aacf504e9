//! Scripts by which shells complete command lines; clap writes them.

use clap_complete::Shell;

use crate::flag::{Flag, Kind, lossy};

/// The shell of that name.
pub(crate) fn named(name: &[u8]) -> Option<Shell> {
    match lossy(name).as_str() {
        "bash" => Some(Shell::Bash),
        "zsh" => Some(Shell::Zsh),
        "fish" => Some(Shell::Fish),
        "powershell" => Some(Shell::PowerShell),
        _ => None,
    }
}

/// The script for a tree of commands.
pub(crate) fn script(shell: Shell, mut tree: clap::Command) -> Vec<u8> {
    let name = tree.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut tree, name, &mut script);
    script
}

/// A flag as clap has it.
pub(crate) fn argument(flag: &'static Flag, is_shared: bool) -> clap::Arg {
    let takes_value = flag.kind != Kind::Bool;
    let mut argument = clap::Arg::new(flag.name)
        .long(flag.name)
        .help(flag.help)
        .global(is_shared)
        .num_args(usize::from(takes_value));
    if let Some(letter) = flag.short {
        argument = argument.short(letter);
    }
    argument
}
