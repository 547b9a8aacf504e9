//! What a request says: the query and, of some methods, the body, as Go's `ParseForm` reads them.

use axum::http::{Method, Uri};

use crate::http::percent::decode;

/// Names and values; of a name that is there twice the first counts.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the query, and the body where the method has one of this kind.
    ///
    /// # Errors
    /// Gives Go's text.
    pub(super) fn read(
        method: &Method,
        uri: &Uri,
        kind: &str,
        body: &[u8],
    ) -> Result<Self, String> {
        let mut form = Self::default();
        let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(method);
        if has_body && kind == "application/x-www-form-urlencoded" {
            form.add(body)?;
        }
        form.add(uri.query().unwrap_or_default().as_bytes())?;
        Ok(form)
    }

    fn add(&mut self, text: &[u8]) -> Result<(), String> {
        for pair in text.split(|byte| *byte == b'&') {
            if pair.contains(&b';') {
                return Err("invalid semicolon separator in query".to_owned());
            }
            if pair.is_empty() {
                continue;
            }
            let equals = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = match equals {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            let pair = (decode(name, true)?, decode(value, true)?);
            self.0.push(pair);
        }
        Ok(())
    }

    /// The value of a name; nothing if it is not there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A number; zero if it is not there.
    pub(super) fn number(&self, name: &str) -> Result<u64, ()> {
        let Some(text) = self.get(name) else {
            return Ok(0);
        };
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        text.parse().map_err(|_| ())
    }

    /// Yes or no, in Go's words; no if it is not there.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ()> {
        match self.get(name) {
            None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            Some(_) => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: Method, query: &str, body: &str) -> Result<Form, String> {
        let uri = format!("/v2/keys/a?{query}").parse().unwrap();
        let kind = "application/x-www-form-urlencoded";
        Form::read(&method, &uri, kind, body.as_bytes())
    }

    #[test]
    fn the_body_comes_before_the_query() {
        let form = read(Method::PUT, "value=query&dir=T", "value=a+b%26&ttl=").unwrap();
        assert_eq!(form.get("value"), Some("a b&"));
        assert_eq!(form.get("ttl"), Some(""));
        assert_eq!((form.flag("dir"), form.flag("wait")), (Ok(true), Ok(false)));
        assert_eq!(
            read(Method::DELETE, "", "value=a").unwrap().get("value"),
            None
        );
    }

    #[test]
    fn what_is_wrong_is_told_as_go_tells_it() {
        let error = |query| read(Method::GET, query, "").unwrap_err();
        assert_eq!(error("a=%zz"), "invalid URL escape \"%zz\"");
        assert_eq!(error("a=1;b=2"), "invalid semicolon separator in query");
        let form = read(Method::GET, "a=%2B5&b=yes&c=99999999999999999999", "").unwrap();
        assert_eq!((form.number("a"), form.number("c")), (Err(()), Err(())));
        assert_eq!(form.flag("b"), Err(()));
    }
}
