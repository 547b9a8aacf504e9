//! `cases.txt`: one command line per line.
//!
//! ```text
//! # a comment
//! get foo --rev 1                      words; 'as is', "with \n \t \" \\ \xff"
//! * get foo                            once per output format
//! = 3.6                                the next line waits for cluster and data of this version
//! ETCDCTL_HEX=1 get foo                variables first
//! put foo < "from stdin\n"             what follows < is standard input
//! ! version                            no --endpoints added
//! put k v --lease {lease}              the id of the last lease granted
//! member remove {member}               the id of the last member added
//! member remove {own}                  the id of this side's server
//! get foo --endpoints {endpoint}       this side's server
//! snapshot save {dir}/file             this side's directory
//! ```

/// The values of `--write-out`.
pub(crate) const FORMATS: [&str; 5] = ["simple", "json", "fields", "protobuf", "table"];

/// One command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Case {
    /// Its line in the script, from 1.
    pub(crate) line: usize,
    /// As it stands there.
    pub(crate) shown: String,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) args: Vec<Vec<u8>>,
    pub(crate) stdin: Vec<u8>,
    /// More input never comes, and neither does its end.
    pub(crate) stdin_stays_open: bool,
    /// `--endpoints` is added.
    pub(crate) endpoint: bool,
    /// The version, as `3.6`, that the cluster and its data have come to before it is run.
    pub(crate) settled: Option<String>,
}

/// Reads a script for etcdctl's third API.
pub(crate) fn read(text: &str) -> Vec<Case> {
    read_with(text, "--write-out", &FORMATS)
}

/// Reads a script; `flag` chooses one of the output formats.
pub(crate) fn read_with(text: &str, flag: &str, formats: &[&str]) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut settled = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(version) = line.strip_prefix("= ") {
            settled = Some(version.to_owned());
            continue;
        }
        let mut case = parse(number + 1, line.trim_start_matches("* "));
        case.settled = settled.take();
        if !line.starts_with("* ") {
            cases.push(case);
            continue;
        }
        for format in formats {
            let mut case = case.clone();
            case.args.insert(0, format!("{flag}={format}").into());
            case.shown = format!("{} [{format}]", case.shown);
            cases.push(case);
        }
    }
    cases
}

fn parse(number: usize, line: &str) -> Case {
    let mut case = Case {
        line: number,
        shown: line.to_owned(),
        endpoint: true,
        ..Case::default()
    };
    let mut words = words(line).into_iter().peekable();
    if words.next_if(|word| word == b"!").is_some() {
        case.endpoint = false;
    }
    while let Some(word) = words.next_if(|word| word.starts_with(b"ETCDCTL_")) {
        let word = String::from_utf8(word).unwrap();
        let (name, value) = word.split_once('=').unwrap();
        case.env.push((name.to_owned(), value.to_owned()));
    }
    while let Some(word) = words.next() {
        if word == b"<" {
            case.stdin = words.next().unwrap();
        } else {
            case.args.push(word);
        }
    }
    case
}

fn words(line: &str) -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut letters = line.chars().peekable();
    while let Some(&first) = letters.peek() {
        if first == ' ' {
            letters.next();
            continue;
        }
        let mut word = Vec::new();
        while let Some(letter) = letters.next_if(|c| *c != ' ') {
            match letter {
                '\'' => word.extend(
                    letters
                        .by_ref()
                        .take_while(|c| *c != '\'')
                        .collect::<String>()
                        .into_bytes(),
                ),
                '"' => quoted(&mut letters, &mut word),
                _ => push(&mut word, letter),
            }
        }
        words.push(word);
    }
    words
}

fn push(word: &mut Vec<u8>, letter: char) {
    word.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

fn quoted(letters: &mut impl Iterator<Item = char>, word: &mut Vec<u8>) {
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return,
            '\\' => match letters.next().unwrap() {
                'n' => word.push(b'\n'),
                't' => word.push(b'\t'),
                'x' => {
                    let digits: String = letters.by_ref().take(2).collect();
                    word.push(u8::from_str_radix(&digits, 16).unwrap());
                }
                other => push(word, other),
            },
            _ => push(word, letter),
        }
    }
    panic!("a quote without its end");
}
