//! Label selectors as queries have them: `a=b,c!=d,e in (x,y),f notin (z),!g,h,i>1`.

use super::SelectorError;

/// A label selector; all of its requirements have to be met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Exists,
    Absent,
    /// The label is there and has one of these values.
    In(Vec<String>),
    /// The label is not there, or has none of these values.
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Sign(&'static str),
    End,
}

impl Labels {
    /// Reads a selector; the empty one means all objects.
    ///
    /// # Errors
    /// It cannot be read, or holds a key or value that labels cannot have.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let tokens = tokens(text);
        let mut at = 0;
        let mut requirements = Vec::new();
        if tokens[0] == Token::End {
            return Ok(Self::default());
        }
        loop {
            requirements.push(requirement(&tokens, &mut at)?);
            match &tokens[at] {
                Token::End => break,
                Token::Sign(",") => {
                    at += 1;
                    if !matches!(tokens[at], Token::Word(_) | Token::Sign("!")) {
                        return Err(unexpected(&tokens[at], "identifier after ','"));
                    }
                }
                other => return Err(unexpected(other, "',' or 'end of string'")),
            }
        }
        // Upstream sorts by key, which shows in what it prints only.
        requirements.sort_by(|a: &Requirement, b| a.key.cmp(&b.key));
        Ok(Self { requirements })
    }

    /// Whether every object is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether an object with these labels, by ascending key, is meant.
    #[must_use]
    pub fn matches(&self, labels: &[(Box<str>, Box<str>)]) -> bool {
        self.requirements.iter().all(|requirement| {
            let found = labels.binary_search_by(|(key, _)| (**key).cmp(requirement.key.as_str()));
            let value = found.ok().map(|at| &*labels[at].1);
            requirement.test.holds(value)
        })
    }
}

impl Test {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::Exists => value.is_some(),
            Self::Absent => value.is_none(),
            Self::In(values) => value.is_some_and(|value| values.iter().any(|known| known == value)),
            Self::NotIn(values) => !value.is_some_and(|value| values.iter().any(|known| known == value)),
            Self::Greater(bound) => number().is_some_and(|value| value > *bound),
            Self::Less(bound) => number().is_some_and(|value| value < *bound),
        }
    }
}

fn unexpected(found: &Token<'_>, expected: &str) -> SelectorError {
    let found = match found {
        Token::Word(word) => word,
        Token::Sign(sign) => sign,
        Token::End => "",
    };
    SelectorError(format!(
        "unable to parse requirement: found '{found}', expected: {expected}"
    ))
}

fn requirement(tokens: &[Token<'_>], at: &mut usize) -> Result<Requirement, SelectorError> {
    let is_negated = tokens[*at] == Token::Sign("!");
    if is_negated {
        *at += 1;
    }
    let Token::Word(key) = tokens[*at] else {
        return Err(unexpected(&tokens[*at], "identifier"));
    };
    *at += 1;
    check_key(key)?;
    let made = |test| {
        Ok(Requirement {
            key: key.to_owned(),
            test,
        })
    };
    if is_negated {
        return made(Test::Absent);
    }
    let operator = tokens[*at].clone();
    match operator {
        Token::End | Token::Sign(",") => made(Test::Exists),
        Token::Sign(sign @ ("=" | "==" | "!=")) => {
            *at += 1;
            let value = word(tokens, at);
            check_value(key, value)?;
            let values = vec![value.to_owned()];
            made(if sign == "!=" {
                Test::NotIn(values)
            } else {
                Test::In(values)
            })
        }
        Token::Sign(sign @ (">" | "<")) => {
            *at += 1;
            let text = word(tokens, at);
            let bound = text.parse().map_err(|_| {
                SelectorError(format!(
                    "values[0][{key}]: Invalid value: {text:?}: for 'Gt', 'Lt' operators, the value must be an integer"
                ))
            })?;
            made(if sign == ">" {
                Test::Greater(bound)
            } else {
                Test::Less(bound)
            })
        }
        Token::Word(operator @ ("in" | "notin")) => {
            *at += 1;
            let values = values(tokens, at)?;
            for value in &values {
                check_value(key, value)?;
            }
            made(if operator == "in" {
                Test::In(values)
            } else {
                Test::NotIn(values)
            })
        }
        other => Err(unexpected(&other, "in, notin, =, ==, !=, gt, lt")),
    }
}

/// A value; none is the empty one.
fn word<'a>(tokens: &[Token<'a>], at: &mut usize) -> &'a str {
    match tokens[*at] {
        Token::Word(word) => {
            *at += 1;
            word
        }
        _ => "",
    }
}

/// `(a,b)`.
fn values(tokens: &[Token<'_>], at: &mut usize) -> Result<Vec<String>, SelectorError> {
    if tokens[*at] != Token::Sign("(") {
        return Err(unexpected(&tokens[*at], "'('"));
    }
    *at += 1;
    let mut values = Vec::new();
    loop {
        values.push(word(tokens, at).to_owned());
        match &tokens[*at] {
            Token::Sign(",") => *at += 1,
            Token::Sign(")") => {
                *at += 1;
                return Ok(values);
            }
            other => return Err(unexpected(other, "',', or ')'")),
        }
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    const SIGNS: [&str; 9] = ["==", "!=", "=", "!", ",", "(", ")", ">", "<"];
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if rest.is_empty() {
            found.push(Token::End);
            return found;
        }
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            found.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
            continue;
        }
        let is_end = |letter: char| letter.is_ascii_whitespace() || "=!,()><".contains(letter);
        let end = rest.find(is_end).unwrap_or(rest.len());
        found.push(Token::Word(&rest[..end]));
        rest = &rest[end..];
    }
}

fn is_name(text: &str) -> bool {
    let edge = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let within = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.chars().all(within)
}

fn check_key(key: &str) -> Result<(), SelectorError> {
    const RULE: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let name = key.rsplit_once('/').map_or(key, |(_, name)| name);
    if is_name(name) {
        return Ok(());
    }
    Err(SelectorError(format!("key: Invalid value: {key:?}: {RULE}")))
}

fn check_value(key: &str, value: &str) -> Result<(), SelectorError> {
    const RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    if value.is_empty() || is_name(value) {
        return Ok(());
    }
    Err(SelectorError(format!(
        "values[0][{key}]: Invalid value: {value:?}: {RULE}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<(Box<str>, Box<str>)> {
        [("app", "web"), ("n", "5"), ("tier", "")]
            .map(|(key, value)| (key.into(), value.into()))
            .to_vec()
    }

    #[test]
    fn requirements_are_met_or_not() {
        for (text, expected) in [
            ("", true),
            ("app", true),
            ("!app", false),
            ("app=web", true),
            ("app==web,tier=", true),
            ("app!=web", false),
            ("missing!=x", true),
            ("app in (api, web)", true),
            ("app notin (api,web)", false),
            ("missing notin (x)", true),
            ("n>4,n<6", true),
            ("n>5", false),
            ("missing", false),
        ] {
            assert_eq!(Labels::parse(text).unwrap().matches(&labels()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["a=b=c", "a in", "a in (b", ",a", "a,", "a=b c", "=x", "-a", "a=-b", "a>x"] {
            assert!(Labels::parse(text).is_err(), "{text}");
        }
        let error = Labels::parse("a,").unwrap_err();
        assert_eq!(error.0, "unable to parse requirement: found '', expected: identifier after ','");
    }
}
