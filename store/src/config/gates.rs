//! Feature gates: named switches given as `--feature-gates=A=true,B=false`.
//!
//! Every gate of etcd 3.7 is known, so that manifests written for it start. Those that concern
//! bbolt or pauses have nothing to switch.

/// How ready a feature is, in Kubernetes' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Off unless asked for.
    Alpha,
    /// On unless refused.
    Beta,
}

impl Stage {
    /// The name as help and metrics show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Stage::Alpha => "ALPHA",
            Stage::Beta => "BETA",
        }
    }
}

/// All gates in the order of their names, with stage and default.
pub const KNOWN: [(&str, Stage, bool); 11] = [
    ("AllAlpha", Stage::Alpha, false),
    ("AllBeta", Stage::Beta, false),
    ("CompactHashCheck", Stage::Alpha, false),
    ("FastLeaseKeepAlive", Stage::Beta, true),
    ("InitialCorruptCheck", Stage::Alpha, false),
    ("LeaseCheckpoint", Stage::Alpha, false),
    ("LeaseCheckpointPersist", Stage::Alpha, false),
    ("PriorityRequest", Stage::Alpha, false),
    ("SetMemberLocalAddr", Stage::Alpha, false),
    ("StopGRPCServiceOnDefrag", Stage::Alpha, false),
    ("TxnModeWriteWithSharedBuffer", Stage::Beta, true),
];

/// What the user asked of each gate; unset ones have their default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gates {
    set: [Option<bool>; KNOWN.len()],
}

impl Gates {
    /// Adds `name=bool` pairs separated by commas.
    ///
    /// # Errors
    /// Gives etcd's text for an unknown gate or a value that is no boolean.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let mut asked = Vec::new();
        for pair in text.split(',').filter(|pair| !pair.is_empty()) {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(format!("missing bool value for {}", pair.trim()));
            };
            let (name, value) = (name.trim(), value.trim());
            let on = super::value::parse_bool(value).ok_or_else(|| {
                let why = format!(
                    "strconv.ParseBool: parsing {}: invalid syntax",
                    super::quote(value)
                );
                format!("invalid value of {name}={value}, err: {why}")
            })?;
            asked.push((name, on));
        }
        for (name, on) in asked {
            let at = KNOWN
                .iter()
                .position(|(known, ..)| *known == name)
                .ok_or_else(|| format!("unrecognized feature gate: {name}"))?;
            self.set[at] = Some(on);
            let stage = match name {
                "AllAlpha" => Stage::Alpha,
                "AllBeta" => Stage::Beta,
                _ => continue,
            };
            for (slot, (_, of, _)) in self.set.iter_mut().zip(KNOWN) {
                if of == stage && slot.is_none() {
                    *slot = Some(on);
                }
            }
        }
        Ok(())
    }

    /// Whether a gate is on. Names that are no gate are off.
    #[must_use]
    pub fn enabled(&self, name: &str) -> bool {
        self.iter().any(|(known, _, on)| known == name && on)
    }

    /// Every gate with its stage and whether it is on.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Stage, bool)> + '_ {
        KNOWN
            .iter()
            .zip(self.set)
            .map(|((name, stage, default), set)| (*name, *stage, set.unwrap_or(*default)))
    }

    /// The gates that were set, as `A=true,B=false`.
    #[must_use]
    pub fn text(&self) -> String {
        let pairs = KNOWN.iter().zip(self.set);
        let pairs = pairs.filter_map(|((name, ..), set)| set.map(|on| format!("{name}={on}")));
        pairs.collect::<Vec<_>>().join(",")
    }
}
