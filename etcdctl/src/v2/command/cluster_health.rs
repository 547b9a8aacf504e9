//! `cluster-health`: asks every member how it is.

use std::io::Write as _;
use std::time::Duration;

use serde_json::Value;

use crate::exit::{Done, Failure};
use crate::go::quote::quote;
use crate::io::Io;
use crate::v2::cli::Command;
use crate::v2::client::members::{self, Member};
use crate::v2::client::{Client, Error};
use crate::v2::fault::{self, SERVER, UNHEALTHY};
use crate::v2::flag::Flag;
use crate::v2::session::Session;

pub(super) const COMMAND: Command = Command::new(
    "cluster-health",
    "",
    "shows how the members are",
    &[Flag::switch(
        &["forever", "f"],
        "ask again every ten seconds, until interrupted",
    )],
    run,
);

/// Between one round and the next.
const PAUSE: Duration = Duration::from_secs(10);

fn run(session: &mut Session<'_>) -> Done {
    let mut client = session.client()?;
    session.show_endpoints(&client)?;
    let answer = session.request(&mut client, &members::list(), None);
    let members = match answer.and_then(|answer| members::listed(&answer)) {
        Ok(members) => members,
        Err(why) => {
            writeln!(
                session.io.stdout,
                "cluster may be unhealthy: failed to list members"
            )?;
            return fault::refused(session.io, SERVER, &why);
        }
    };
    if !session.flags.switch("forever") {
        let round = round(session.io, &mut client, &members);
        return match session.runtime.block_on(round)? {
            true => Ok(()),
            false => Err(Failure::Silent(UNHEALTHY)),
        };
    }
    let rounds = async {
        loop {
            round(session.io, &mut client, &members).await?;
            writeln!(session.io.stdout, "\nnext check after 10 second...\n")?;
            session.io.stdout.flush()?;
            tokio::time::sleep(PAUSE).await;
        }
    };
    session.runtime.block_on(async {
        tokio::select! {
            ended = rounds => ended,
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    })
}

/// Asks all members once; whether all are well.
async fn round(io: &mut Io, client: &mut Client, members: &[Member]) -> Result<bool, Failure> {
    let mut healthy = 0;
    for member in members {
        if is_healthy(io, client, member).await? {
            healthy += 1;
        }
    }
    let all = members.len();
    let verdict = match healthy {
        healthy if healthy == all => "healthy",
        0 => "unavailable",
        _ => "degraded",
    };
    writeln!(io.stdout, "cluster is {verdict}")?;
    Ok(healthy == all)
}

/// The first URL that answers tells.
async fn is_healthy(io: &mut Io, client: &mut Client, member: &Member) -> Result<bool, Failure> {
    let (id, urls) = (&member.id, &member.client_urls);
    if urls.is_empty() {
        writeln!(
            io.stdout,
            "member {id} is unreachable: no available published client urls"
        )?;
        return Ok(false);
    }
    for url in urls {
        match ask(client, url).await {
            Ok(is_healthy) => {
                let word = if is_healthy { "healthy" } else { "unhealthy" };
                writeln!(
                    io.stdout,
                    "member {id} is {word}: got {word} result from {url}"
                )?;
                return Ok(is_healthy);
            }
            Err(why) => writeln!(
                io.stdout,
                "failed to check the health of member {id} on {url}: {why}"
            )?,
        }
    }
    writeln!(
        io.stdout,
        "member {id} is unreachable: [{}] are all unreachable",
        urls.join(" ")
    )?;
    Ok(false)
}

async fn ask(client: &mut Client, url: &str) -> Result<bool, Error> {
    let url = format!("{url}/health");
    let answer = client.get(&url).await.map_err(|why| {
        let url = quote(url.as_bytes());
        Error::Other(format!("Get {url}: {why}"))
    })?;
    let health: Value = answer.json()?;
    let health = &health["health"];
    Ok(health == "true" || health == &Value::Bool(true))
}
