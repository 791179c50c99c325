//! Forms that are sent twice, and secrets that are shown once.
//!
//! A double click sends a form twice at the same moment, "back" and "reload" send it again later. Every
//! form carries an id of the page that it stands on, so that the same form with the same content from
//! the same page is known again: [`Submissions`] keeps what it led to, and a client that sends it again is led
//! to the same place. It is kept in memory only, as long as a sign-in lasts: after a restart of the
//! daemon a form that is sent again from "back" acts again.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use taler::base32::HashCode;
use taler::hash;

/// By which a form that was sent is known again.
pub type Key = HashCode;

/// The key of a form that was sent to `path` with these bytes.
pub fn key(path: &str, body: &[u8]) -> Key {
    // No path holds a zero byte.
    hash::sha512(&[path.as_bytes(), &[0], body].concat())
}

/// What forms led to that were sent before. `T` is what a browser is answered that sends one again.
/// Cheap to clone; all clones are one.
pub struct Submissions<T>(Arc<Inner<T>>);

struct Inner<T> {
    most: usize,
    life: Duration,
    kept: Mutex<Kept<T>>,
}

struct Kept<T> {
    states: HashMap<Key, State<T>>,
    /// In the order in which they came, with the time.
    order: VecDeque<(Key, Instant)>,
}

enum State<T> {
    /// Somebody is at it; the receiver hears when they are done.
    Underway(watch::Receiver<()>),
    Done(T),
}

/// Whether a form was sent before.
pub enum Submission<T> {
    /// It was not: the holder of the ticket acts.
    First(Ticket<T>),
    /// It was, and led to this.
    Again(T),
}

/// The right to act for a form. Dropped without an outcome, the next one who sends it acts.
pub struct Ticket<T> {
    submissions: Submissions<T>,
    key: Key,
    _done: watch::Sender<()>,
}

impl<T: Clone> Submissions<T> {
    /// Remembers at most `most` forms, each for `life`.
    pub fn new(most: usize, life: Duration) -> Self {
        let kept = Kept { states: HashMap::new(), order: VecDeque::new() };
        Self(Arc::new(Inner { most, life, kept: Mutex::new(kept) }))
    }

    /// Whether the form with this key was sent before. While another request is acting for it, this
    /// waits for what comes of that, which has its own bounds.
    pub async fn begin(&self, key: Key) -> Submission<T> {
        loop {
            let mut underway = {
                let mut kept = self.kept();
                kept.forget(self.0.most.saturating_sub(1), self.0.life);
                match kept.states.get(&key) {
                    Some(State::Done(outcome)) => return Submission::Again(outcome.clone()),
                    Some(State::Underway(receiver)) => receiver.clone(),
                    None => {
                        let (done, receiver) = watch::channel(());
                        kept.states.insert(key, State::Underway(receiver));
                        kept.order.push_back((key, Instant::now()));
                        return Submission::First(Ticket {
                            submissions: Self(Arc::clone(&self.0)),
                            key,
                            _done: done,
                        });
                    }
                }
            };
            // The sender says nothing, but it goes when the other one is done.
            let _ = underway.changed().await;
        }
    }
}

impl<T> Submissions<T> {
    fn kept(&self) -> MutexGuard<'_, Kept<T>> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Kept<T> {
    /// Forgets the oldest until at most `most` are left, and all that are older than `life`.
    fn forget(&mut self, most: usize, life: Duration) {
        while let Some((key, since)) = self.order.front() {
            if self.order.len() <= most && since.elapsed() < life {
                return;
            }
            self.states.remove(key);
            self.order.pop_front();
        }
    }
}

impl<T> Ticket<T> {
    /// The form has done its work; a client that sends it again is answered `outcome`.
    pub fn led_to(self, outcome: T) {
        let mut kept = self.submissions.kept();
        // It may have been forgotten meanwhile, when very many others were sent.
        if let Some(state) = kept.states.get_mut(&self.key) {
            *state = State::Done(outcome);
        }
    }
}

impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        let mut kept = self.submissions.kept();
        if matches!(kept.states.get(&self.key), Some(State::Underway(_))) {
            kept.states.remove(&self.key);
            kept.order.retain(|(key, _)| *key != self.key);
        }
    }
}

impl<T> fmt::Debug for Submissions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is in it may be a sign-in.
        write!(f, "Submissions({})", self.kept().order.len())
    }
}

/// Secrets that wait for the page that shows them, each once.
pub struct ShownOnce<T> {
    most: usize,
    life: Duration,
    waiting: Mutex<VecDeque<(String, Instant, T)>>,
}

impl<T> ShownOnce<T> {
    /// Keeps at most `most` secrets, each for `life`.
    pub fn new(most: usize, life: Duration) -> Self {
        Self { most, life, waiting: Mutex::new(VecDeque::new()) }
    }

    /// Keeps `secret` for the client that names `mark`.
    pub fn put(&self, mark: String, secret: T) {
        let mut waiting = self.waiting();
        while waiting.len() >= self.most {
            waiting.pop_front();
        }
        waiting.push_back((mark, Instant::now(), secret));
    }

    /// The secret of `mark`, which is forgotten here.
    pub fn take(&self, mark: &str) -> Option<T> {
        let mut waiting = self.waiting();
        waiting.retain(|(_, since, _)| since.elapsed() < self.life);
        let at = waiting.iter().position(|(known, ..)| known == mark)?;
        waiting.remove(at).map(|(_, _, secret)| secret)
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(String, Instant, T)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for ShownOnce<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShownOnce({})", self.waiting().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn first<T: Clone>(submission: Submission<T>) -> Ticket<T> {
        match submission {
            Submission::First(ticket) => ticket,
            Submission::Again(_) => panic!("it was sent before"),
        }
    }

    #[tokio::test]
    async fn a_form_acts_once_and_repeats_get_its_result() {
        let submissions = Submissions::new(8, HOUR);
        let (form, other) = (key("/till", b"amount=1"), key("/till", b"amount=2"));
        let ticket = first(submissions.begin(form).await);
        let (again, ()) = tokio::join!(submissions.begin(form), async {
            first(submissions.begin(other).await).led_to("elsewhere");
            ticket.led_to("here");
        });
        assert!(matches!(again, Submission::Again("here")));
        assert!(matches!(submissions.begin(form).await, Submission::Again("here")));
        assert!(matches!(submissions.begin(other).await, Submission::Again("elsewhere")));
    }

    #[tokio::test]
    async fn a_form_that_did_nothing_may_be_sent_again() {
        let submissions = Submissions::<&str>::new(8, HOUR);
        let form = key("/till", b"amount=");
        let ticket = first(submissions.begin(form).await);
        let (next, ()) = tokio::join!(submissions.begin(form), async { drop(ticket) });
        first(next).led_to("here");
        assert_eq!(submissions.kept().order.len(), 1);
    }

    #[tokio::test]
    async fn the_oldest_and_the_old_are_forgotten() {
        let submissions = Submissions::new(2, HOUR);
        for at in 0..5_u8 {
            first(submissions.begin(key("/", &[at])).await).led_to(at);
        }
        assert_eq!(submissions.kept().order.len(), 2);
        assert_eq!(submissions.kept().states.len(), 2);
        assert!(matches!(submissions.begin(key("/", &[4])).await, Submission::Again(4)));
        let none = Submissions::new(8, Duration::ZERO);
        first(none.begin(key("/", b"")).await).led_to(1);
        first(none.begin(key("/", b"")).await);
    }

    #[test]
    fn a_secret_is_shown_once_and_not_for_long() {
        let secrets = ShownOnce::new(2, HOUR);
        for at in ["1", "2", "3"] {
            secrets.put(at.to_owned(), at);
        }
        assert_eq!(secrets.take("1"), None, "there was room for two");
        assert_eq!((secrets.take("2"), secrets.take("2")), (Some("2"), None));
        let old = ShownOnce::new(2, Duration::ZERO);
        old.put("1".to_owned(), "1");
        assert_eq!(old.take("1"), None);
    }
}
