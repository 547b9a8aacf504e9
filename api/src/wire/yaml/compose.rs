//! YAML text to a tree of nodes; aliases stay what they are.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::fault::{fault, parsing, unknown_anchor};
use crate::wire::{DecodeError, MOST_NESTING};

/// A node of a document.
pub(super) struct Node<'t> {
    /// The line that it begins in, from 1.
    pub(super) line: usize,
    pub(super) kind: Kind<'t>,
}

/// What a node is. Others are known by their positions in the document.
pub(super) enum Kind<'t> {
    Scalar {
        text: Cow<'t, str>,
        tag: Option<String>,
        /// Without quotes and tag.
        plain: bool,
    },
    List(Vec<usize>),
    /// Keys and values in turn.
    Map(Vec<usize>),
    Alias {
        /// Where it stands in the text, in characters.
        at: usize,
        of: usize,
    },
}

/// The nodes of a document.
pub(super) struct Document<'t> {
    pub(super) text: &'t str,
    pub(super) nodes: Vec<Node<'t>>,
    /// The outermost one; nothing in an empty document.
    pub(super) root: Option<usize>,
}

struct Composer<'t> {
    text: &'t str,
    nodes: Vec<Node<'t>>,
    anchors: HashMap<usize, usize>,
    /// Nodes that are open: their positions.
    open: Vec<usize>,
}

/// The first document of a text.
pub(super) fn compose(text: &str) -> Result<Document<'_>, DecodeError> {
    let mut composer = Composer {
        text,
        nodes: Vec::new(),
        anchors: HashMap::new(),
        open: Vec::new(),
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| parsing(&error, text))?;
        match event {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
            Event::StreamEnd | Event::DocumentEnd => break,
            event => composer.node(event, span)?,
        }
    }
    Ok(Document {
        text,
        root: (!composer.nodes.is_empty()).then_some(0),
        nodes: composer.nodes,
    })
}

impl<'t> Composer<'t> {
    fn node(&mut self, event: Event<'t>, span: Span) -> Result<(), DecodeError> {
        let mut line = span.start.line();
        let (kind, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    // The parser tells where the text begins, not the `|`.
                    line = line.saturating_sub(1);
                }
                let tag = tag.map(full);
                let plain = style == ScalarStyle::Plain && tag.is_none();
                (Kind::Scalar { text, tag, plain }, anchor)
            }
            Event::Alias(anchor) => {
                let at = span.start.index();
                // The parser refuses anchors that are not there itself.
                let of = self.anchors.get(&anchor).copied();
                let of = of.ok_or_else(|| unknown_anchor(self.text, at))?;
                (Kind::Alias { at, of }, 0)
            }
            Event::SequenceStart(anchor, _) => (Kind::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => (Kind::Map(Vec::new()), anchor),
            _ => {
                // The end of a list or map.
                self.open.pop();
                return Ok(());
            }
        };
        let at = self.nodes.len();
        let holds = matches!(kind, Kind::List(_) | Kind::Map(_));
        if let Some(open) = self.open.last()
            && let Kind::List(held) | Kind::Map(held) = &mut self.nodes[*open].kind
        {
            held.push(at);
        }
        self.nodes.push(Node { line, kind });
        // Nothing without an anchor is ever asked for.
        if anchor > 0 {
            self.anchors.insert(anchor, at);
        }
        if holds {
            if self.open.len() >= MOST_NESTING {
                return Err(fault("exceeded max depth"));
            }
            self.open.push(at);
        }
        Ok(())
    }
}

fn full(tag: Cow<'_, Tag>) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}
