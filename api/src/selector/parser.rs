//! Reads label selectors as queries write them.

use std::collections::BTreeSet;

use super::labels::{Operator, Requirement, key_error};
use super::lexer::{Token, scan};
use crate::status::field::Path;

/// As errors tell them.
const BINARY: &str = "in, notin, =, ==, !=, gt, lt";

/// The requirements of a query; else what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser {
        words: scan(text),
        at: 0,
    };
    parser.all()
}

struct Parser {
    words: Vec<(Token, String)>,
    at: usize,
}

impl Parser {
    /// The next word where a value may stand: there `in` and `notin` are plain words.
    fn peek(&self) -> (Token, &str) {
        match self.words.get(self.at) {
            Some((Token::In | Token::NotIn, word)) => (Token::Identifier, word),
            Some((token, word)) => (*token, word),
            None => (Token::End, ""),
        }
    }

    fn next(&mut self) -> (Token, String) {
        let (token, word) = self.peek();
        let word = word.to_owned();
        self.at += 1;
        (token, word)
    }

    fn all(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            match self.peek() {
                (Token::Identifier | Token::Not, _) => {}
                (Token::End, _) => return Ok(requirements),
                (_, word) => {
                    return Err(format!(
                        "found '{word}', expected: !, identifier, or 'end of string'"
                    ));
                }
            }
            let one = self.requirement();
            requirements.push(one.map_err(|told| format!("unable to parse requirement: {told}"))?);
            match self.next() {
                (Token::End, _) => return Ok(requirements),
                (Token::Comma, _) => {
                    let (token, word) = self.peek();
                    if !matches!(token, Token::Identifier | Token::Not) {
                        return Err(format!("found '{word}', expected: identifier after ','"));
                    }
                }
                (_, word) => {
                    return Err(format!("found '{word}', expected: ',' or 'end of string'"));
                }
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut absent = false;
        let (mut token, mut key) = self.next();
        if token == Token::Not {
            absent = true;
            (token, key) = self.next();
        }
        if token != Token::Identifier {
            return Err(format!("found '{key}', expected: identifier"));
        }
        if let Some(error) = key_error(&key, &Path::EMPTY) {
            return Err(error.to_string());
        }
        let ends = matches!(self.peek().0, Token::End | Token::Comma);
        let (operator, values) = match (absent, ends) {
            (true, _) => (Operator::DoesNotExist, BTreeSet::new()),
            (false, true) => (Operator::Exists, BTreeSet::new()),
            (false, false) => {
                let operator = self.operator()?;
                let values = match operator {
                    Operator::In | Operator::NotIn => self.values()?,
                    _ => self.value()?,
                };
                (operator, values)
            }
        };
        let values = values.into_iter().map(Into::into).collect();
        Requirement::new(&key, operator, values, false).map_err(|error| error.to_string())
    }

    fn operator(&mut self) -> Result<Operator, String> {
        let (token, word) = match self.words.get(self.at) {
            Some((token, word)) => (*token, word.as_str()),
            None => (Token::End, ""),
        };
        let operator = match token {
            Token::In => Operator::In,
            Token::Equals => Operator::Equals,
            Token::DoubleEquals => Operator::DoubleEquals,
            Token::Greater => Operator::GreaterThan,
            Token::Less => Operator::LessThan,
            Token::NotIn => Operator::NotIn,
            Token::NotEquals => Operator::NotEquals,
            _ => return Err(format!("found '{word}', expected: {BINARY}")),
        };
        self.at += 1;
        Ok(operator)
    }

    fn value(&mut self) -> Result<BTreeSet<String>, String> {
        if matches!(self.peek().0, Token::End | Token::Comma) {
            return Ok(BTreeSet::from([String::new()]));
        }
        match self.next() {
            (Token::Identifier, word) => Ok(BTreeSet::from([word])),
            (_, word) => Err(format!("found '{word}', expected: identifier")),
        }
    }

    fn values(&mut self) -> Result<BTreeSet<String>, String> {
        let (token, word) = self.next();
        if token != Token::Open {
            return Err(format!("found '{word}' expected: '('"));
        }
        match self.peek() {
            (Token::Identifier | Token::Comma, _) => {}
            (Token::Close, _) => {
                self.at += 1;
                return Ok(BTreeSet::from([String::new()]));
            }
            (_, word) => {
                return Err(format!("found '{word}', expected: ',', ')' or identifier"));
            }
        }
        let mut values = BTreeSet::new();
        loop {
            match self.next() {
                (Token::Identifier, word) => {
                    values.insert(word);
                    match self.peek() {
                        (Token::Comma, _) => {}
                        (Token::Close, _) => break,
                        (_, word) => return Err(format!("found '{word}', expected: ',' or ')'")),
                    }
                }
                (Token::Comma, _) => {
                    // Nothing before, between or behind commas is the empty value.
                    if values.is_empty() || matches!(self.peek().0, Token::Close | Token::Comma) {
                        values.insert(String::new());
                    }
                    if self.peek().0 == Token::Close {
                        break;
                    }
                }
                (_, word) => return Err(format!("found '{word}', expected: ',', or identifier")),
            }
        }
        self.at += 1;
        Ok(values)
    }
}
