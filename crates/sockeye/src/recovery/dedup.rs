//! Events that a client sends again because no answer came, processed once. The client numbers them (`<name>-<number>`,
//! as in the official tutorial) and sends the same number again; the namespace remembers the numbers of each client and
//! its latest answers, for as long after the last one as a session may wait for its client.
//!
//! Apart from that it has nothing to do with sessions: a client that could not recover its session still sends again.

use crate::socket::Socket;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Numbers of a client that are remembered, from the highest down.
const WINDOW: u64 = 10_000;
const WORDS: usize = (WINDOW as usize).div_ceil(64);

/// Answers of a client that are remembered. A client with `retries` waits for one before it sends the next event.
const ANSWERS: usize = 16;

/// A longer answer is not remembered.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// Answers of all clients together; beyond it those that were heard of longest ago give way.
const MAX_ALL_ANSWERS_BYTES: usize = 64 * 1024 * 1024;

const MAX_NAME_BYTES: usize = 255;

impl Socket {
    /// Runs `work` for an event that the client numbered, unless that was done before: then its answer is given again.
    /// A retry that comes while the work still goes on waits for it; work that failed or was dropped is done again.
    ///
    /// `offset` is `<name>-<number>`: the name tells clients apart, the number counts up. The last 10 000 numbers of a
    /// name are known, and its last 16 answers of up to 16 KiB of JSON; all of it for
    /// [`max_disconnection_duration`](crate::ConnectionStateRecovery::max_disconnection_duration) after the last event,
    /// and for as many names as there may be sessions, or less of them when the answers of a namespace come to 64 MiB.
    /// Whoever knows a name can use up its numbers: where clients are not to be trusted, put what they cannot choose in
    /// front, as `format!("{user}-{offset}")`.
    ///
    /// With the official client: `io({ ackTimeout: 10000, retries: 3 })`, and
    /// `socket.emit("chat message", text, `${socket.id}-${counter++}`)`, which sends the same arguments again.
    ///
    /// ```
    /// use sockeye::{Ack, BoxError, Data, Server, Socket};
    ///
    /// async fn store(text: &str) -> Result<u64, BoxError> {
    ///     # drop(text.len());
    ///     Ok(1) // the id of the row
    /// }
    ///
    /// Server::new().on(
    ///     "chat message",
    ///     async |socket: Socket, Data(text): Data<String>, Data(offset): Data<String>, ack: Ack| {
    ///         let row = socket.process_once(&offset, store(&text)).await?;
    ///         ack.send(&row)?;
    ///         Ok::<_, BoxError>(())
    ///     },
    /// );
    /// ```
    ///
    /// # Errors
    /// The work's own, or a [`DuplicateError`].
    ///
    /// # Cancel safety
    /// Dropping the future drops the work, and the event counts as new again.
    pub async fn process_once<T, E>(
        &self,
        offset: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<DuplicateError>,
    {
        let (name, number) = read(offset).ok_or(DuplicateError::NotAnOffset)?;
        let clients = self.inner_namespace().clients();
        loop {
            match clients.begin(name, number) {
                Begin::New(turn) => {
                    let answer = work.await?;
                    turn.done(serde_json::to_string(&answer).ok());
                    return Ok(answer);
                }
                // Closed when the work has ended, one way or the other.
                Begin::Running(ended) => drop(ended.acquire().await),
                Begin::Done(Some(answer)) => {
                    return serde_json::from_str(&answer).map_err(|_| DuplicateError::AnswerUnknown.into());
                }
                Begin::Done(None) => return Err(DuplicateError::AnswerUnknown.into()),
                Begin::TooOld => return Err(DuplicateError::TooOld.into()),
            }
        }
    }
}

/// Why [`Socket::process_once`] neither did the work nor knew its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DuplicateError {
    /// The offset is not `<name>-<number>`, or its name is longer than 255 bytes.
    NotAnOffset,
    /// The number is 10 000 or more below the highest of its name: whether it was processed is not known.
    TooOld,
    /// The event was processed, and its answer is not known any more, or was of another type.
    AnswerUnknown,
}

impl fmt::Display for DuplicateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnOffset => f.write_str("the offset of an event must be <name>-<number>"),
            Self::TooOld => write!(f, "the event is {WINDOW} or more behind the latest of its client"),
            Self::AnswerUnknown => {
                f.write_str("the event was processed before, and its answer is not known any more")
            }
        }
    }
}

impl std::error::Error for DuplicateError {}

fn read(offset: &str) -> Option<(&str, u64)> {
    let (name, number) = offset.rsplit_once('-').filter(|(name, _)| name.len() <= MAX_NAME_BYTES)?;
    // `parse` would take a sign.
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    Some((name, number.parse().ok().filter(|_| digits)?))
}

/// What is known of the clients of a namespace.
pub(crate) struct Clients {
    names: Mutex<Names>,
    max: usize,
    keep_for: Duration,
}

#[derive(Default)]
struct Names {
    by_name: HashMap<Box<str>, Client>,
    answers_bytes: usize,
}

struct Client {
    highest: u64,
    /// A bit for each number of the window, at its remainder.
    seen: Box<[u64; WORDS]>,
    running: Vec<(u64, Arc<Semaphore>)>,
    answers: VecDeque<(u64, Box<str>)>,
    used: Instant,
}

enum Begin<'a> {
    New(Turn<'a>),
    Running(Arc<Semaphore>),
    Done(Option<Box<str>>),
    TooOld,
}

/// The one who does the work. Dropped before it is done, the event is new again.
struct Turn<'a> {
    clients: &'a Clients,
    name: &'a str,
    number: u64,
    /// Closed at the end, for the retries that wait for it.
    ended: Arc<Semaphore>,
    is_done: bool,
}

impl Clients {
    pub(crate) fn new(max: usize, keep_for: Duration) -> Self {
        Self { names: Mutex::default(), max: max.max(1), keep_for }
    }

    fn begin<'a>(&'a self, name: &'a str, number: u64) -> Begin<'a> {
        let now = Instant::now();
        let mut names = self.lock();
        if names.by_name.get(name).is_none_or(|client| client.is_over(now, self.keep_for)) {
            if let Some(over) = names.by_name.remove(name) {
                names.answers_bytes -= over.answers_bytes();
            }
            self.make_place(&mut names, now);
            names.by_name.insert(name.into(), Client::new(number, now));
        }
        let Some(client) = names.by_name.get_mut(name) else { return Begin::TooOld };
        client.used = now;
        if let Some((_, ended)) = client.running.iter().find(|(running, _)| *running == number) {
            return Begin::Running(ended.clone());
        }
        if client.highest.saturating_sub(number) >= WINDOW {
            return Begin::TooOld;
        }
        client.advance(number);
        if client.has_seen(number) {
            let answer = client.answers.iter().find(|(of, _)| *of == number);
            return Begin::Done(answer.map(|(_, answer)| answer.clone()));
        }
        client.set(number, true);
        let ended = Arc::new(Semaphore::new(0));
        client.running.push((number, ended.clone()));
        Begin::New(Turn { clients: self, name, number, ended, is_done: false })
    }

    /// The clients that were heard of longest ago give way, an eighth at a time, so that a flood of names is cheap.
    /// One whose work goes on stays: a retry of it must find it.
    fn make_place(&self, names: &mut Names, now: Instant) {
        let is_full =
            |names: &Names| names.by_name.len() >= self.max || names.answers_bytes > MAX_ALL_ANSWERS_BYTES;
        if !is_full(names) {
            return;
        }
        names.retain(|_, client| !client.is_over(now, self.keep_for));
        if !is_full(names) {
            return;
        }
        let idle = names.by_name.values().filter(|client| client.running.is_empty());
        let mut used: Vec<Instant> = idle.map(|client| client.used).collect();
        used.sort_unstable();
        let over = (names.by_name.len() + 1).saturating_sub(self.max);
        let mut surplus = over + names.by_name.len().min(self.max) / 8;
        let limit = surplus.checked_sub(1).and_then(|last| used.get(last)).copied().unwrap_or(now);
        names.retain(|_, client| {
            let goes = surplus > 0 && client.running.is_empty() && client.used <= limit;
            surplus -= usize::from(goes);
            !goes
        });
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Names {
    /// Forgets who is not wanted any more.
    fn retain(&mut self, mut keep: impl FnMut(&str, &Client) -> bool) {
        let Self { by_name, answers_bytes } = self;
        by_name.retain(|name, client| {
            let kept = keep(name, client);
            if !kept {
                *answers_bytes -= client.answers_bytes();
            }
            kept
        });
    }

    fn remember(&mut self, name: &str, number: u64, answer: String) {
        let Some(client) = self.by_name.get_mut(name) else { return };
        let before = client.answers_bytes();
        if client.answers.len() == ANSWERS {
            client.answers.pop_front();
        }
        client.answers.push_back((number, answer.into()));
        self.answers_bytes = self.answers_bytes + client.answers_bytes() - before;
    }
}

impl Client {
    fn new(highest: u64, used: Instant) -> Self {
        Self { highest, seen: Box::new([0; WORDS]), running: Vec::new(), answers: VecDeque::new(), used }
    }

    fn answers_bytes(&self) -> usize {
        self.answers.iter().map(|(_, answer)| answer.len()).sum()
    }

    fn is_over(&self, now: Instant, keep_for: Duration) -> bool {
        self.running.is_empty() && now.duration_since(self.used) > keep_for
    }

    /// The bits of numbers that fall out of the window are free for those that come in.
    fn advance(&mut self, number: u64) {
        if number <= self.highest {
            return;
        }
        if number - self.highest >= WINDOW {
            *self.seen = [0; WORDS];
        } else {
            (self.highest + 1..=number).for_each(|number| self.set(number, false));
        }
        self.highest = number;
    }

    fn has_seen(&self, number: u64) -> bool {
        let (word, bit) = place(number);
        self.seen[word] & bit != 0
    }

    fn set(&mut self, number: u64, seen: bool) {
        let (word, bit) = place(number);
        if seen { self.seen[word] |= bit } else { self.seen[word] &= !bit }
    }

    fn end(&mut self, number: u64) {
        self.running.retain(|(running, _)| *running != number);
    }
}

fn place(number: u64) -> (usize, u64) {
    let at = number % WINDOW;
    ((at / 64) as usize, 1 << (at % 64))
}

impl Turn<'_> {
    fn done(mut self, answer: Option<String>) {
        let mut names = self.clients.lock();
        if let Some(answer) = answer.filter(|answer| answer.len() <= MAX_ANSWER_BYTES) {
            names.remember(self.name, self.number, answer);
        }
        if let Some(client) = names.by_name.get_mut(self.name) {
            client.end(self.number);
        }
        if names.answers_bytes > MAX_ALL_ANSWERS_BYTES {
            self.clients.make_place(&mut names, Instant::now());
        }
        drop(names);
        self.is_done = true;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_done
            && let Some(client) = self.clients.lock().by_name.get_mut(self.name)
        {
            if client.highest.saturating_sub(self.number) < WINDOW {
                client.set(self.number, false);
            }
            client.end(self.number);
        }
        self.ended.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(max: usize) -> Clients {
        Clients::new(max, Duration::from_secs(120))
    }

    /// `new`, `again` with the answer, `unknown` or `old`.
    fn process(clients: &Clients, name: &str, number: u64) -> String {
        match clients.begin(name, number) {
            Begin::New(turn) => {
                turn.done(Some(format!("{number}")));
                "new".to_owned()
            }
            Begin::Done(Some(answer)) => format!("again {answer}"),
            Begin::Done(None) => "unknown".to_owned(),
            Begin::TooOld => "old".to_owned(),
            Begin::Running(_) => "running".to_owned(),
        }
    }

    #[test]
    fn an_offset_is_a_name_and_a_number() {
        assert_eq!(read("a-1"), Some(("a", 1)));
        assert_eq!(read("a-b--07"), Some(("a-b-", 7)));
        assert_eq!(read("-18446744073709551615"), Some(("", u64::MAX)));
        for text in ["", "a", "1", "a-", "a-x", "a-+1", "a- 1", "a-1.0", "a-18446744073709551616"] {
            assert_eq!(read(text), None, "{text}");
        }
        for (len, read_it) in [(254, true), (255, true), (256, false)] {
            assert_eq!(read(&format!("{}-1", "n".repeat(len))).is_some(), read_it, "{len}");
        }
    }

    #[test]
    fn a_number_is_processed_once_for_each_name() {
        let clients = clients(10);
        assert_eq!(process(&clients, "a", 5), "new");
        assert_eq!(process(&clients, "a", 5), "again 5");
        assert_eq!(process(&clients, "b", 5), "new");
        assert_eq!(process(&clients, "a", 3), "new");
        assert_eq!(process(&clients, "a", 3), "again 3");
        assert_eq!(process(&clients, "a", 4), "new");
    }

    #[test]
    fn the_window_is_ten_thousand_numbers() {
        for (behind, outcome) in [(9_998, "new"), (9_999, "new"), (10_000, "old"), (10_001, "old")] {
            let clients = clients(10);
            process(&clients, "a", 20_000);
            assert_eq!(process(&clients, "a", 20_000 - behind), outcome, "{behind}");
        }
    }

    #[test]
    fn a_number_stays_known_while_the_window_moves_over_it() {
        for (ahead, outcome) in [(9_998, "unknown"), (9_999, "unknown"), (10_000, "old"), (30_000, "old")] {
            let clients = clients(10);
            process(&clients, "a", 7);
            (1..=17).for_each(|more| drop(process(&clients, "a", 7 + more)));
            process(&clients, "a", 7 + ahead);
            assert_eq!(process(&clients, "a", 7), outcome, "{ahead}");
            assert_eq!(process(&clients, "a", 8 + ahead), "new");
        }
    }

    #[test]
    fn sixteen_answers_are_remembered() {
        for (later, outcome) in [(14, "again 1"), (15, "again 1"), (16, "unknown")] {
            let clients = clients(10);
            (1..=1 + later).for_each(|number| drop(process(&clients, "a", number)));
            assert_eq!(process(&clients, "a", 1), outcome, "{later}");
        }
    }

    #[test]
    fn an_answer_of_sixteen_kilobytes_is_remembered_and_a_longer_one_is_not() {
        for (len, known) in [(16_383, true), (16_384, true), (16_385, false)] {
            let clients = clients(10);
            let Begin::New(turn) = clients.begin("a", 1) else { panic!() };
            turn.done(Some("x".repeat(len)));
            assert!(
                matches!(clients.begin("a", 1), Begin::Done(answer) if answer.is_some() == known),
                "{len}"
            );
        }
    }

    #[test]
    fn work_that_was_dropped_is_done_again() {
        let clients = clients(10);
        let Begin::New(turn) = clients.begin("a", 1) else { panic!() };
        let Begin::Running(ended) = clients.begin("a", 1) else { panic!() };
        assert!(!ended.is_closed());
        drop(turn);
        assert!(ended.is_closed());
        assert_eq!(process(&clients, "a", 1), "new");
    }

    #[tokio::test(start_paused = true)]
    async fn the_answers_of_all_names_are_bounded() {
        let clients = clients(1_000_000);
        let answer = "x".repeat(MAX_ANSWER_BYTES);
        for name in 0..MAX_ALL_ANSWERS_BYTES / MAX_ANSWER_BYTES + 100 {
            let name = format!("n{name}");
            let Begin::New(turn) = clients.begin(&name, 1) else { panic!() };
            turn.done(Some(answer.clone()));
            tokio::time::advance(Duration::from_millis(1)).await;
            let names = clients.lock();
            let held: usize = names.by_name.values().map(Client::answers_bytes).sum();
            assert_eq!(held, names.answers_bytes);
            assert!(held <= MAX_ALL_ANSWERS_BYTES, "{held}");
        }
        assert_eq!(process(&clients, "n0", 1), "new");
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_whose_work_goes_on_does_not_give_way() {
        let clients = clients(8);
        let Begin::New(turn) = clients.begin("busy", 1) else { panic!() };
        for name in 0..100 {
            tokio::time::advance(Duration::from_millis(1)).await;
            process(&clients, &format!("n{name}"), 1);
        }
        assert!(matches!(clients.begin("busy", 1), Begin::Running(_)));
        turn.done(Some("7".to_owned()));
        assert_eq!(process(&clients, "busy", 1), "again 7");
    }

    #[tokio::test(start_paused = true)]
    async fn the_names_heard_of_longest_ago_give_way() {
        for (names, first) in [(7, "again 1"), (8, "again 1"), (9, "new")] {
            let clients = clients(8);
            for name in 0..names {
                assert_eq!(process(&clients, &format!("n{name}"), 1), "new");
                tokio::time::advance(Duration::from_millis(1)).await;
            }
            assert!(clients.lock().by_name.len() <= 8);
            assert_eq!(process(&clients, "n0", 1), first, "{names}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_forgotten_when_nothing_was_heard_for_its_time() {
        for (seconds, outcome) in [(119, "again 1"), (120, "again 1"), (121, "new")] {
            let clients = clients(10);
            process(&clients, "a", 1);
            tokio::time::advance(Duration::from_secs(seconds)).await;
            assert_eq!(process(&clients, "a", 1), outcome, "{seconds}");
        }
    }
}
