//! The words of a label selector.

/// A word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Error,
    End,
    Close,
    Comma,
    Not,
    DoubleEquals,
    Equals,
    Greater,
    Identifier,
    In,
    Less,
    NotEquals,
    NotIn,
    Open,
}

/// The words of a text with how each is written; the last one is the end.
pub(super) fn scan(text: &str) -> Vec<(Token, String)> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        // As upstream has it, a NUL byte ends the text.
        let Some(first) = rest.chars().next().filter(|c| *c != '\0') else {
            words.push((Token::End, String::new()));
            return words;
        };
        let word;
        (word, rest) = if special(first) {
            symbol(rest)
        } else {
            identifier(rest)
        };
        words.push(word);
    }
}

fn special(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn identifier(text: &str) -> ((Token, String), &str) {
    let ends = |c: char| c == '\0' || special(c) || matches!(c, ' ' | '\t' | '\r' | '\n');
    let (word, rest) = text.split_at(text.find(ends).unwrap_or(text.len()));
    let token = match word {
        "in" => Token::In,
        "notin" => Token::NotIn,
        _ => Token::Identifier,
    };
    let rest = rest.strip_prefix('\0').unwrap_or(rest);
    ((token, word.to_owned()), rest)
}

/// The longest symbol that is one.
fn symbol(text: &str) -> ((Token, String), &str) {
    let end = text.find(|c| !special(c)).unwrap_or(text.len());
    let mut found = None;
    for len in 1..=end {
        let token = match &text[..len] {
            ")" => Token::Close,
            "," => Token::Comma,
            "!" => Token::Not,
            "==" => Token::DoubleEquals,
            "=" => Token::Equals,
            ">" => Token::Greater,
            "<" => Token::Less,
            "!=" => Token::NotEquals,
            "(" => Token::Open,
            _ if found.is_some() => break,
            _ => continue,
        };
        found = Some((token, len));
    }
    match found {
        Some((token, len)) => ((token, text[..len].to_owned()), &text[len..]),
        None => {
            let (word, rest) = text.split_at(end);
            let told = format!("error expected: keyword found '{word}'");
            ((Token::Error, told), rest)
        }
    }
}
