//! `member …`: who belongs to the cluster.

use std::io::Write as _;

use tokio::time::Instant;

use crate::exit::{Done, Failure};
use crate::flag::lossy;
use crate::go::quote::quote;
use crate::v2::cli::Command;
use crate::v2::client::members::{self, Member};
use crate::v2::client::{Client, Error};
use crate::v2::fault::{self, BAD_ARGS};
use crate::v2::session::Session;

pub(super) const COMMAND: Command = Command::group(
    "member",
    "the members of the cluster",
    &[
        Command::new("list", "", "lists the members", &[], list),
        Command::new(
            "add",
            "<name> <peerURL>",
            "adds a member, and shows how it is to be started",
            &[],
            add,
        ),
        Command::new("remove", "<memberID>", "removes a member", &[], remove),
        Command::new(
            "update",
            "<memberID> <peerURLs>",
            "changes where other members reach a member",
            &[],
            update,
        ),
    ],
);

/// As many arguments, or the text.
fn arguments<const N: usize>(
    session: &mut Session<'_>,
    text: &str,
) -> Result<[Vec<u8>; N], Failure> {
    let given = session.flags.args.clone();
    match given.try_into() {
        Ok(given) => Ok(given),
        Err(_) => fault::plain(session.io, text),
    }
}

fn members(
    session: &mut Session<'_>,
    client: &mut Client,
    deadline: Instant,
) -> Result<Vec<Member>, Error> {
    let action = Ok(members::list());
    session.exchange(client, deadline, action, members::listed)
}

fn list(session: &mut Session<'_>) -> Done {
    let [] = arguments(session, "No arguments accepted")?;
    let mut client = session.connect()?;
    let deadline = session.deadline();
    let all = members(session, &mut client, deadline);
    let all = session.accept(all)?;
    let action = Ok(members::leader());
    let leader = session.exchange(&mut client, deadline, action, members::led);
    let leader = match leader {
        Ok(leader) => leader,
        Err(why) => return fault::plain(session.io, &format!("Failed to get leader:  {why}")),
    };
    let out = &mut session.io.stdout;
    for member in all {
        let (id, name) = (&member.id, &member.name);
        let peers = member.peer_urls.join(",");
        if name.is_empty() {
            writeln!(out, "{id}[unstarted]: peerURLs={peers}")?;
            continue;
        }
        let clients = member.client_urls.join(",");
        let leads = *id == leader.id;
        writeln!(
            out,
            "{id}: name={name} peerURLs={peers} clientURLs={clients} isLeader={leads}"
        )?;
    }
    Ok(())
}

fn add(session: &mut Session<'_>) -> Done {
    let text = "Provide a name and a single member peerURL";
    let [name, url] = arguments(session, text)?;
    let mut client = session.connect()?;
    let deadline = session.deadline();
    let action = members::add(&lossy(&url));
    let added = session.exchange(&mut client, deadline, action, members::added);
    let added = session.accept(added)?;
    let out = &mut session.io.stdout;
    out.write_all(&[b"Added member named ", &name[..]].concat())?;
    writeln!(out, " with ID {} to cluster", added.id)?;
    let all = members(session, &mut client, deadline);
    let all = session.accept(all)?;
    let mut cluster = Vec::new();
    for member in &all {
        let member_name = match member.id == added.id {
            true => &name[..],
            false => member.name.as_bytes(),
        };
        let urls = member.peer_urls.iter();
        cluster.extend(urls.map(|url| [member_name, b"=", url.as_bytes()].concat()));
    }
    let (name, cluster) = (quote(&name), quote(cluster.join(&b',')));
    Ok(writeln!(
        session.io.stdout,
        "\nETCD_NAME={name}\nETCD_INITIAL_CLUSTER={cluster}\nETCD_INITIAL_CLUSTER_STATE=\"existing\""
    )?)
}

fn remove(session: &mut Session<'_>) -> Done {
    let [given] = arguments(session, "Provide a single member ID")?;
    let id = lossy(&given);
    let mut client = session.connect()?;
    let deadline = session.deadline();
    let all = match members(session, &mut client, deadline) {
        Ok(all) => all,
        Err(why) => {
            let text = format!("Error while verifying ID against known members: {why}");
            return fault::plain(session.io, &text);
        }
    };
    for member in all.iter().filter(|member| member.name == id) {
        let (name, id) = (&member.name, &member.id);
        writeln!(
            session.io.stderr,
            "Found a member named {name}; if this is correct, please use its ID, eg:\n\
             \tetcdctl member remove {id}\n\
             For more details, read the documentation at https://github.com/etcd-io/etcd/blob/master/Documentation/runtime-configuration.md#remove-a-member\n"
        )?;
    }
    if !all.iter().any(|member| member.id == id) {
        let text = format!("Couldn't find a member in the cluster with an ID of {id}.");
        return fault::plain(session.io, &text);
    }
    let action = Ok(members::remove(&given));
    if let Err(why) = session.exchange(&mut client, deadline, action, members::removed) {
        write!(
            session.io.stderr,
            "Received an error trying to remove member {id}: {why}"
        )?;
        return Err(Failure::Silent(BAD_ARGS));
    }
    Ok(writeln!(
        session.io.stdout,
        "Removed member {id} from cluster"
    )?)
}

fn update(session: &mut Session<'_>) -> Done {
    let text = "Provide an ID and a list of comma separated peerURL (0xabcd http://example.com,http://example1.com)";
    let [id, urls] = arguments(session, text)?;
    let mut client = session.connect()?;
    let deadline = session.deadline();
    let urls = lossy(&urls);
    let urls: Vec<&str> = urls.split(',').collect();
    let action = members::update(&id, &urls);
    let updated = session.exchange(&mut client, deadline, action, members::updated);
    session.accept(updated)?;
    let line = [b"Updated member with ID ", &id[..], b" in cluster\n"].concat();
    Ok(session.io.stdout.write_all(&line)?)
}
