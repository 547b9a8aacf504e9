//! The three output formats of an answer about keys.

use std::io::{self, Write};

use super::client::keys::{Node, Response};
use crate::exit::Done;
use crate::io::Io;
use crate::print::json_text::{Object, array};

/// Prints an answer about one key; a format that is none is only complained about.
pub(super) fn response(io: &mut Io, format: &str, response: &Response) -> Done {
    match format {
        "simple" => simple(&mut io.stdout, response)?,
        "extended" => extended(&mut io.stdout, response)?,
        "json" => {
            json(&mut io.stdout, response)?;
            writeln!(io.stdout)?;
        }
        _ => writeln!(io.stderr, "Unsupported output format: {format}")?,
    }
    Ok(())
}

fn is_gone(response: &Response) -> bool {
    response.action == "delete"
}

fn simple(out: &mut dyn Write, response: &Response) -> io::Result<()> {
    match &response.prev_node {
        Some(before) if is_gone(response) => writeln!(out, "PrevNode.Value: {}", before.value),
        _ => writeln!(out, "{}", response.node.value),
    }
}

fn extended(out: &mut dyn Write, response: &Response) -> io::Result<()> {
    let node = &response.node;
    writeln!(out, "Key: {}", node.key)?;
    writeln!(out, "Created-Index: {}", node.created_index)?;
    writeln!(out, "Modified-Index: {}", node.modified_index)?;
    if let Some(before) = &response.prev_node {
        writeln!(out, "PrevNode.Value: {}", before.value)?;
    }
    writeln!(out, "TTL: {}", node.ttl)?;
    writeln!(out, "Index: {}", response.index)?;
    if !is_gone(response) {
        writeln!(out, "\n{}", node.value)?;
    }
    Ok(())
}

fn json(out: &mut dyn Write, response: &Response) -> io::Result<()> {
    let mut object = Object::begin(out)?;
    object.text("action", &response.action)?;
    json_node(object.key("node")?, &response.node)?;
    let before = object.key("prevNode")?;
    match &response.prev_node {
        Some(node) => json_node(before, node)?,
        None => before.write_all(b"null")?,
    }
    object.end()
}

fn json_node(out: &mut dyn Write, node: &Node) -> io::Result<()> {
    let mut object = Object::begin(out)?;
    object.text("key", &node.key)?;
    object.non_zero("dir", node.dir)?;
    object.text("value", &node.value)?;
    let below = object.key("nodes")?;
    match &node.nodes {
        Some(nodes) => array(below, nodes, |out, node| json_node(out, node))?,
        None => below.write_all(b"null")?,
    }
    object.plain("createdIndex", node.created_index)?;
    object.plain("modifiedIndex", node.modified_index)?;
    if let Some(expiration) = &node.expiration {
        object.text("expiration", expiration)?;
    }
    object.non_zero("ttl", node.ttl)?;
    object.end()
}
