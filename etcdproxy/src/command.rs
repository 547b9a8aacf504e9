//! The subcommands of `etcd`.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use store::config::{LogConfig, LogLevel};
use store::logging::{self, Json};

use crate::grpc::Flags as ProxyFlags;
use crate::tcp::Flags as GatewayFlags;
use crate::{grpc, tcp};

/// etcd server
#[derive(Parser)]
#[command(name = "etcd", disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// gateway related command
    Gateway {
        #[command(subcommand)]
        start: Start,
        #[command(flatten)]
        flags: GatewayFlags,
    },
    /// grpc-proxy related command
    GrpcProxy {
        #[command(subcommand)]
        start: Start,
        #[command(flatten)]
        flags: Box<ProxyFlags>,
    },
}

/// What there is to do: flags may stand before it and behind it.
#[derive(Subcommand)]
enum Start {
    /// start it
    Start,
}

/// Runs the command line; what it says is wrong ends with exit code 1, as by Go's library.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => return refuse(error.render()),
        Err(help) => {
            // Nobody is there to read it.
            let _ = write!(std::io::stdout(), "{}", help.render());
            return ExitCode::SUCCESS;
        }
    };
    let is_loud = matches!(&cli.command, Command::GrpcProxy { flags, .. } if flags.debug);
    let log = LogConfig {
        level: if is_loud {
            LogLevel::Debug
        } else {
            LogLevel::Info
        },
        ..LogConfig::default()
    };
    if let Err(error) = logging::install(&log) {
        return refuse(error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return refuse(error),
    };
    let outcome = match cli.command {
        Command::Gateway { flags, start } => {
            let Start::Start = start;
            tracing::info!(args = ?Json(arguments), "Running: ");
            runtime.block_on(tcp::start(flags))
        }
        Command::GrpcProxy { flags, start } => {
            let Start::Start = start;
            runtime.block_on(grpc::start(*flags))
        }
    };
    // Whatever still runs has nobody to work for.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => refuse(why),
    }
}

fn refuse(why: impl Display) -> ExitCode {
    // The exit code says it too.
    let _ = writeln!(std::io::stderr(), "{}", why.to_string().trim_end());
    ExitCode::FAILURE
}
