//! What form a client sends in and wants an answer in (`Content-Type`, `Accept`).

/// An encoding of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
    /// `application/vnd.kubernetes.protobuf`.
    Protobuf,
}

impl Encoding {
    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Protobuf => "application/vnd.kubernetes.protobuf",
        }
    }

    /// That of a media type without its parameters.
    #[must_use]
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/json" => Some(Self::Json),
            "application/yaml" => Some(Self::Yaml),
            "application/vnd.kubernetes.protobuf" => Some(Self::Protobuf),
            _ => None,
        }
    }
}

/// What an answer is turned into (`as=` in `Accept`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The object itself.
    Plain,
    /// `Table` of `meta.k8s.io` in this version.
    Table(&'static str),
    /// `PartialObjectMetadata`, or its list, in this version.
    Metadata(&'static str),
}

/// What a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// How it is encoded.
    pub encoding: Encoding,
    /// What it is turned into.
    pub form: Form,
    /// Whether a browser asks, or `pretty=1`: JSON is indented.
    pub pretty: bool,
}

/// One clause of `Accept`.
struct Clause<'a> {
    media: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    /// In thousandths.
    quality: u32,
}

fn clauses(header: &str) -> Vec<Clause<'_>> {
    let mut found: Vec<Clause<'_>> = header
        .split(',')
        .filter_map(|clause| {
            let mut parts = clause.split(';').map(str::trim);
            let media = parts.next().filter(|media| !media.is_empty())?;
            let mut quality = 1000;
            let mut parameters = Vec::new();
            for part in parts {
                let (key, value) = part.split_once('=').unwrap_or((part, ""));
                let value = value.trim_matches('"');
                if key == "q" {
                    let parsed: f32 = value.parse().unwrap_or(1.0);
                    quality = (parsed.clamp(0.0, 1.0) * 1000.0) as u32;
                } else {
                    parameters.push((key, value));
                }
            }
            Some(Clause {
                media,
                parameters,
                quality,
            })
        })
        .collect();
    // Stable: among equals the first counts.
    found.sort_by_key(|clause| std::cmp::Reverse(clause.quality));
    found
}

/// What is chosen of an `Accept` header (several are one, joined by commas); nothing if nothing fits.
///
/// `protobuf` tells whether the kind has a protobuf form, `tables` whether the answer can be a table.
#[must_use]
pub fn accept(header: &str, protobuf: bool, transforms: bool) -> Option<Accepted> {
    let header = if header.trim().is_empty() {
        "*/*"
    } else {
        header
    };
    for clause in clauses(header) {
        let encoding = match clause.media {
            "*/*" | "application/*" => Encoding::Json,
            media => match Encoding::of(media) {
                Some(encoding) => encoding,
                None => continue,
            },
        };
        if encoding == Encoding::Protobuf && !protobuf {
            continue;
        }
        let of = |name: &str| {
            let mut found = clause.parameters.iter().filter(|(key, _)| *key == name);
            found.next().map(|(_, value)| *value)
        };
        let form = match of("as") {
            None => Form::Plain,
            Some(kind) => {
                let version = match (of("g"), of("v")) {
                    (Some("meta.k8s.io"), Some("v1")) => "v1",
                    (Some("meta.k8s.io"), Some("v1beta1")) => "v1beta1",
                    _ => continue,
                };
                match kind {
                    _ if !transforms => continue,
                    "Table" if encoding != Encoding::Protobuf => Form::Table(version),
                    "PartialObjectMetadata" | "PartialObjectMetadataList" => {
                        Form::Metadata(version)
                    }
                    _ => continue,
                }
            }
        };
        return Some(Accepted {
            encoding,
            form,
            pretty: false,
        });
    }
    None
}

#[cfg(test)]
mod tests;
