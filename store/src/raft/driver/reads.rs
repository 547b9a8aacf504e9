//! Linearizable reads (raft §6.4): one question to the quorum answers all reads that came before
//! it was asked. Only one question is under way at a time, so under load many share one; and when
//! many do, the next one waits a moment for more of them: questions cost more than reads.

use crate::read::Waiter;

/// From this many reads to a question on, the next one waits for more.
const MANY: usize = 16;

/// See the module.
pub(super) struct Reads {
    /// What no question of another member, or of this one before a restart, begins with.
    origin: [u8; 16],
    /// Reads that came since the last question.
    waiting: Vec<Waiter>,
    asked: Option<Asked>,
    questions: u64,
    /// The last question was many reads'.
    is_busy: bool,
    /// Ticks after which a question without an answer is asked again.
    retry_ticks: usize,
}

struct Asked {
    number: u64,
    ticks: usize,
    waiters: Vec<Waiter>,
}

impl Reads {
    /// `nonce` is drawn anew at each start: an answer that was under way during a restart must not
    /// be taken for one to a later question.
    pub(super) fn new(id: u64, nonce: u64, retry_ticks: usize) -> Self {
        let mut origin = [0; 16];
        origin[..8].copy_from_slice(&id.to_le_bytes());
        origin[8..].copy_from_slice(&nonce.to_le_bytes());
        Self {
            origin,
            waiting: Vec::new(),
            asked: None,
            questions: 0,
            is_busy: false,
            retry_ticks,
        }
    }

    pub(super) fn add(&mut self, waiter: Waiter) {
        self.waiting.push(waiter);
    }

    /// The next question, if there is one to ask now.
    pub(super) fn question(&mut self) -> Option<Vec<u8>> {
        if self.waiting.is_empty() || self.asked.is_some() || self.is_busy {
            return None;
        }
        self.questions += 1;
        self.asked = Some(Asked {
            number: self.questions,
            ticks: 0,
            waiters: std::mem::take(&mut self.waiting),
        });
        Some(self.text(self.questions))
    }

    /// Who waited for the answer to this question; nobody if it has been asked again since.
    pub(super) fn answered(&mut self, question: &[u8]) -> Option<Vec<Waiter>> {
        let asked = self.asked.as_ref()?;
        if question != self.text(asked.number) {
            return None;
        }
        let waiters = self.asked.take().map(|asked| asked.waiters)?;
        self.is_busy = waiters.len() >= MANY;
        Some(waiters)
    }

    /// Reads that have not been answered.
    pub(super) fn under_way(&self) -> usize {
        let asked = self.asked.as_ref().map_or(0, |asked| asked.waiters.len());
        self.waiting.len() + asked
    }

    /// Whether reads are waiting for more of them.
    pub(super) fn is_gathering(&self) -> bool {
        self.is_busy && self.asked.is_none() && !self.waiting.is_empty()
    }

    /// The moment is over.
    pub(super) fn gathered(&mut self) {
        self.is_busy = false;
    }

    /// Time passes; those who stopped waiting are let go.
    pub(super) fn tick(&mut self) {
        self.gathered();
        self.waiting.retain(|waiter| !waiter.is_closed());
        let Some(asked) = &mut self.asked else { return };
        asked.waiters.retain(|waiter| !waiter.is_closed());
        asked.ticks += 1;
        if asked.waiters.is_empty() || asked.ticks >= self.retry_ticks {
            self.ask_again();
        }
    }

    /// The question may be lost, or the one who was asked leads no more.
    pub(super) fn ask_again(&mut self) {
        if let Some(mut asked) = self.asked.take() {
            asked.waiters.append(&mut self.waiting);
            self.waiting = asked.waiters;
        }
    }

    fn text(&self, number: u64) -> Vec<u8> {
        let mut text = self.origin.to_vec();
        text.extend(number.to_le_bytes());
        text
    }
}
