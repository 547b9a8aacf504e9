//! Text to moment, by the rules and in the words of Go's `time.Parse`.

use super::{Moment, days};

const SECONDS: &str = "2006-01-02T15:04:05Z07:00";
const MICROS: &str = "2006-01-02T15:04:05.000000Z07:00";

/// A text on the way to a moment.
struct Reader<'a> {
    text: &'a str,
    layout: &'static str,
    rest: &'a [u8],
}

pub(super) fn parse(text: &str, micro: bool) -> Result<Moment, String> {
    let layout = if micro { MICROS } else { SECONDS };
    let mut reader = Reader {
        text,
        layout,
        rest: text.as_bytes(),
    };
    reader.all(micro)
}

impl Reader<'_> {
    fn all(&mut self, micro: bool) -> Result<Moment, String> {
        let year = self.year()?;
        self.literal("-")?;
        let month = self.number("01", true)?;
        self.within("month", (1..=12).contains(&month))?;
        self.literal("-")?;
        let day = self.number("02", true)?;
        self.literal("T")?;
        let hour = self.number("15", false)?;
        self.within("hour", hour < 24)?;
        self.literal(":")?;
        let minute = self.number("04", true)?;
        self.within("minute", minute < 60)?;
        self.literal(":")?;
        let second = self.number("05", true)?;
        self.within("second", second < 60)?;
        let nanos = self.fraction(micro)?;
        let offset = self.zone()?;
        if !self.rest.is_empty() {
            let extra = quote(&self.shown());
            return Err(self.message(&format!("extra text: {extra}")));
        }
        if day < 1 || day > days_in(month, year) {
            return Err(self.message("day out of range"));
        }
        let clock = hour * 3600 + minute * 60 + second;
        let seconds = days(year, month, day) * super::DAY + clock - offset;
        Ok(Moment { seconds, nanos })
    }

    fn year(&mut self) -> Result<i64, String> {
        let hold = self.rest;
        if hold.len() < 4 || !hold[0].is_ascii_digit() {
            return Err(self.element(hold, "2006"));
        }
        let (digits, rest) = hold.split_at(4);
        let year = decimal(digits).ok_or_else(|| self.element(hold, "2006"))?;
        self.rest = rest;
        Ok(year)
    }

    fn number(&mut self, element: &str, two: bool) -> Result<i64, String> {
        let (value, rest) =
            number(self.rest, two).ok_or_else(|| self.element(self.rest, element))?;
        self.rest = rest;
        Ok(value)
    }

    fn literal(&mut self, text: &str) -> Result<(), String> {
        match self.rest.strip_prefix(text.as_bytes()) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => Err(self.element(self.rest, text)),
        }
    }

    fn fraction(&mut self, micro: bool) -> Result<u32, String> {
        let hold = self.rest;
        let point = matches!(hold.first(), Some(b'.' | b','));
        let digits = if micro {
            if hold.len() < 7 || !point {
                return Err(self.element(hold, ".000000"));
            }
            6
        } else {
            let digits = hold.iter().skip(1).take_while(|byte| byte.is_ascii_digit());
            let digits = digits.count();
            if !point || digits == 0 {
                return Ok(0);
            }
            digits
        };
        let taken = digits.min(9);
        let value = decimal(&hold[1..=taken]).ok_or_else(|| self.element(hold, ".000000"))?;
        self.rest = &hold[digits + 1..];
        let mut nanos = u32::try_from(value).map_err(|_| self.element(hold, ".000000"))?;
        for _ in taken..9 {
            nanos *= 10;
        }
        Ok(nanos)
    }

    fn zone(&mut self) -> Result<i64, String> {
        const ELEMENT: &str = "Z07:00";
        let hold = self.rest;
        if let Some(rest) = hold.strip_prefix(b"Z") {
            self.rest = rest;
            return Ok(0);
        }
        if hold.len() < 6 || hold[3] != b':' {
            return Err(self.element(hold, ELEMENT));
        }
        self.rest = &hold[6..];
        let hours = number(&hold[1..3], true).map(|(value, _)| value);
        let minutes = number(&hold[4..6], true).map(|(value, _)| value);
        self.within(
            "time zone offset hour",
            hours.is_none_or(|hours| hours <= 24),
        )?;
        self.within(
            "time zone offset minute",
            hours.is_none() || minutes.is_none_or(|minutes| minutes <= 60),
        )?;
        let (Some(hours), Some(minutes)) = (hours, minutes) else {
            return Err(self.element(hold, ELEMENT));
        };
        let offset = (hours * 60 + minutes) * 60;
        match hold[0] {
            b'+' => Ok(offset),
            b'-' => Ok(-offset),
            _ => Err(self.element(hold, ELEMENT)),
        }
    }

    fn within(&self, what: &str, fine: bool) -> Result<(), String> {
        if fine {
            Ok(())
        } else {
            Err(self.message(&format!("{what} out of range")))
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(self.rest).into_owned()
    }

    fn message(&self, message: &str) -> String {
        format!("parsing time {}: {message}", quote(self.text))
    }

    fn element(&self, value: &[u8], element: &str) -> String {
        format!(
            "parsing time {} as {}: cannot parse {} as {}",
            quote(self.text),
            quote(self.layout),
            quote(&String::from_utf8_lossy(value)),
            quote(element)
        )
    }
}

fn number(text: &[u8], two: bool) -> Option<(i64, &[u8])> {
    let digit = |at: usize| {
        let byte = text.get(at).filter(|byte| byte.is_ascii_digit())?;
        Some(i64::from(byte - b'0'))
    };
    let first = digit(0)?;
    match digit(1) {
        Some(second) => Some((first * 10 + second, &text[2..])),
        None if two => None,
        None => Some((first, &text[1..])),
    }
}

fn decimal(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + i64::from(byte - b'0'))
    })
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Quoted as Go's `time` package quotes in its errors: every byte beyond ASCII by its number.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => {
                out.push('\\');
                out.push(char);
            }
            ' '..='\u{7f}' => out.push(char),
            _ => {
                let mut buffer = [0; 4];
                for byte in char.encode_utf8(&mut buffer).bytes() {
                    out.push_str(&format!("\\x{byte:02x}"));
                }
            }
        }
    }
    out.push('"');
    out
}
