//! Reads paths.

use serde_json::{Number, Value};

use super::{Node, Operator, Path, Slice};

/// How deep filters may lie in filters.
const DEPTH: usize = 8;

impl Path {
    /// Reads a path; `None` if it is malformed.
    pub(in crate::columns) fn parse(text: &str) -> Option<Self> {
        Self::read(text, DEPTH)
    }

    fn read(text: &str, depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        let mut nodes = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("[?(") {
                let node;
                (node, rest) = filter(after, depth)?;
                nodes.push(node);
                continue;
            }
            if let Some(after) = rest.strip_prefix("..") {
                if matches!(nodes.last(), Some(Node::Recursive)) {
                    return None;
                }
                nodes.push(Node::Recursive);
                rest = after;
                if after.starts_with(|c: char| c == '_' || c.is_alphanumeric()) {
                    let node;
                    (node, rest) = field(after);
                    nodes.push(node);
                }
                continue;
            }
            let after = &rest[first.len_utf8()..];
            match first {
                '}' => break,
                ' ' | '@' | '$' => rest = after,
                '[' => {
                    let end = after.find([']', '\n'])?;
                    if after.as_bytes()[end] == b'\n' {
                        return None;
                    }
                    array(&after[..end], depth, &mut nodes)?;
                    rest = &after[end + 1..];
                }
                '"' | '\'' => {
                    let node;
                    (node, rest) = quoted(after, first)?;
                    nodes.push(node);
                }
                '.' => {
                    let node;
                    (node, rest) = field(after);
                    nodes.push(node);
                }
                c if c == '+' || c == '-' || c.is_numeric() => {
                    let node;
                    (node, rest) = number(rest)?;
                    nodes.push(node);
                }
                c if c == '_' || c.is_alphanumeric() => {
                    let (word, after) = rest.split_at(rest.find(terminates).unwrap_or(rest.len()));
                    nodes.push(match word {
                        "true" => Node::Constant(true.into()),
                        "false" => Node::Constant(false.into()),
                        _ => Node::Word,
                    });
                    rest = after;
                }
                _ => return None,
            }
        }
        Some(Self(nodes))
    }
}

fn terminates(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}'
    )
}

/// A name up to what ends it; a backslash makes the next character part of it.
fn field(text: &str) -> (Node, &str) {
    let mut chars = text.char_indices();
    let mut end = text.len();
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if terminates(c) {
            end = at;
            break;
        }
    }
    let (name, rest) = text.split_at(end);
    let node = match name {
        "*" => Node::Wildcard,
        name => Node::Field(name.replace('\\', "")),
    };
    (node, rest)
}

fn number(text: &str) -> Option<(Node, &str)> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let ends = |c: char| c != '.' && !c.is_numeric();
    let len = text.len() - digits.len() + digits.find(ends).unwrap_or(digits.len());
    let (number, rest) = text.split_at(len);
    let value = match number.parse::<i64>() {
        Ok(integer) => integer.into(),
        Err(_) => Value::Number(Number::from_f64(number.parse().ok()?)?),
    };
    Some((Node::Constant(value), rest))
}

fn quoted(text: &str, quote: char) -> Option<(Node, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\n' => return None,
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('\\' | '\'' | '"') => c,
                _ => return None,
            }),
            c if c == quote => {
                let rest = &text[at + c.len_utf8()..];
                return Some((Node::Constant(value.into()), rest));
            }
            c => value.push(c),
        }
    }
    None
}

/// What stands in brackets: an index, a slice, a name in quotes, or several of them.
fn array(text: &str, depth: usize, nodes: &mut Vec<Node>) -> Option<()> {
    let text = if text == "*" { ":" } else { text };
    if text.contains(',') {
        let parts = text.split(',').map(|part| {
            let part = part.trim_matches(' ');
            Path::read(&format!("[{part}]"), depth)
        });
        nodes.push(Node::Union(parts.collect::<Option<_>>()?));
        return Some(());
    }
    let name = text.strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
    if let Some(name) = name.filter(|name| !name.contains('\'')) {
        // As upstream has it, dots of the name part it.
        nodes.extend(Path::read(&format!(".{name}"), depth)?.0);
        return Some(());
    }
    let mut parts = text.split(':');
    let mut bound = || -> Option<Option<i64>> {
        match parts.next() {
            None | Some("") => Some(None),
            Some(digits) if digits.starts_with('+') => None,
            Some(digits) => digits.parse().ok().map(Some),
        }
    };
    let (start, end, step) = (bound()?, bound()?, bound()?);
    if parts.next().is_some() {
        return None;
    }
    let single = !text.contains(':');
    nodes.push(Node::Slice(Slice {
        start,
        end: if single {
            start.unwrap_or(0).checked_add(1)
        } else {
            end
        },
        step,
        single,
    }));
    Some(())
}

fn filter(text: &str, depth: usize) -> Option<(Node, &str)> {
    let mut open = None;
    let mut before = '\0';
    let mut closed = false;
    let mut end = None;
    for (at, c) in text.char_indices() {
        match c {
            '\n' => return None,
            '"' | '\'' => match open {
                None => open = Some(c),
                Some(quote) if quote == c && before != '\\' => closed = true,
                Some(_) => {}
            },
            ')' if open.is_some() == closed => {
                end = Some(at);
                break;
            }
            _ => {}
        }
        before = c;
    }
    let (inside, rest) = text.split_at(end?);
    let rest = rest[1..].strip_prefix(']')?;
    let is_operator = |c: char| matches!(c, '!' | '<' | '>' | '=');
    let node = match inside.find(is_operator) {
        Some(at) if at > 0 => {
            let (left, right) = inside.split_at(at);
            let len = right.find(|c| !is_operator(c))?;
            let (operator, right) = right.split_at(len);
            let operator = match operator {
                "<" => Operator::Less,
                ">" => Operator::Greater,
                "==" => Operator::Equal,
                "!=" => Operator::NotEqual,
                "<=" => Operator::LessEqual,
                ">=" => Operator::GreaterEqual,
                _ => Operator::Unknown,
            };
            Node::Filter(
                Path::read(left, depth)?,
                operator,
                Path::read(right, depth)?,
            )
        }
        _ => Node::Filter(
            Path::read(inside, depth)?,
            Operator::Exists,
            Path(Vec::new()),
        ),
    };
    Some((node, rest))
}
